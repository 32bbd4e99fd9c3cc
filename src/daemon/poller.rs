//! Asks each source when it is due: one heap of due times, fair turns between hosts, and as many
//! polls at once as are allowed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use xxhash_rust::xxh3::xxh3_64;

use super::pipeline::Line;
use super::writer::Work;
use crate::fetch::{Hosts, Turn};
use crate::model::{Address, Outcome, Rule, Source, SourceId, Timestamp};
use crate::schedule;
use crate::store::StoreError;

/// The wall clock may be set while we sleep, so nobody sleeps longer than this.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// When the store did not take what was found, the source is asked again after this.
const AFTER_STORE_ERROR: TimeDelta = TimeDelta::minutes(1);

/// Which sources one pass asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Every source, due or not, but those that are gone or asked for a pause.
    All,
    /// Those that are due.
    Due,
    /// This one, whatever is known of it.
    One(SourceId),
}

/// Polls sources.
pub(super) struct Poller {
    line: Arc<Line>,
    writer: mpsc::Sender<Work>,
    sources: HashMap<SourceId, Arc<Source>>,
    due: BinaryHeap<Reverse<(Timestamp, SourceId)>>,
    hosts: Hosts<SourceId>,
    waiting: HashSet<SourceId>,
    under_way: JoinSet<Done>,
    in_flight: usize,
}

/// What remains of a poll once it is durable.
struct Done {
    source: SourceId,
    host: String,
    due: Timestamp,
    outcome: Option<Outcome>,
}

impl Poller {
    pub(super) fn new(
        line: Arc<Line>,
        writer: mpsc::Sender<Work>,
        sources: &[Source],
        (in_flight, hosts): (usize, Hosts<SourceId>),
    ) -> Self {
        let known = sources.iter().map(|source| (source.id.clone(), Arc::new(source.clone())));
        Self {
            line,
            writer,
            sources: known.collect(),
            due: BinaryHeap::new(),
            hosts,
            waiting: HashSet::new(),
            under_way: JoinSet::new(),
            in_flight,
        }
    }

    /// Polls for ever: what is due, and what is asked for through `asked`; ends with `asked`.
    pub(super) async fn run(
        mut self,
        mut asked: mpsc::Receiver<SourceId>,
    ) -> Result<(), StoreError> {
        let now = (self.line.clock)();
        for source in self.sources.values() {
            let due = match self.line.store.state(&source.id)? {
                Some(state) if state.due.rule == Rule::Gone => continue,
                Some(state) => {
                    schedule::spread(state.due, now, xxh3_64(source.id.as_str().as_bytes())).at
                }
                None => now,
            };
            self.due.push(Reverse((due, source.id.clone())));
        }
        loop {
            self.collect_due();
            let sleep = self.start_what_may();
            tokio::select! {
                done = self.under_way.join_next(), if !self.under_way.is_empty() => {
                    self.ended(done);
                }
                source = asked.recv() => match source {
                    Some(source) => self.enqueue(&source),
                    None => break,
                },
                () = tokio::time::sleep(sleep) => {}
            }
        }
        // What is being fetched is dropped; what was handed to the writer is committed by it.
        self.under_way.shutdown().await;
        Ok(())
    }

    /// Polls some sources once and returns what came of each, in the order they ended.
    pub(super) async fn pass(
        mut self,
        which: &Which,
        on_done: &mut (dyn FnMut(&SourceId, &Outcome) + Send),
    ) -> Result<Vec<(SourceId, Outcome)>, StoreError> {
        let now = (self.line.clock)();
        let mut chosen: Vec<SourceId> = Vec::new();
        for source in self.sources.values() {
            let state = self.line.store.state(&source.id)?;
            let pauses = |rule: &Rule| matches!(rule, Rule::Gone | Rule::RetryAfter(_));
            let wanted = match (which, &state) {
                (Which::One(id), _) => *id == source.id,
                (_, None) => true,
                (Which::All, Some(state)) => !pauses(&state.due.rule) || state.due.at <= now,
                (Which::Due, Some(state)) => state.due.at <= now,
            };
            if wanted {
                chosen.push(source.id.clone());
            }
        }
        chosen.sort();
        for source in &chosen {
            self.enqueue(source);
        }
        let mut outcomes = Vec::new();
        while self.hosts.waiting() > 0 || !self.under_way.is_empty() {
            let sleep = self.start_what_may();
            tokio::select! {
                done = self.under_way.join_next(), if !self.under_way.is_empty() => {
                    if let Some(done) = self.ended(done) {
                        if let Some(outcome) = &done.outcome {
                            on_done(&done.source, outcome);
                        }
                        outcomes.extend(done.outcome.map(|outcome| (done.source, outcome)));
                    }
                }
                () = tokio::time::sleep(sleep) => {}
            }
        }
        Ok(outcomes)
    }

    fn collect_due(&mut self) {
        let now = (self.line.clock)();
        while let Some(Reverse((at, _))) = self.due.peek() {
            if *at > now {
                break;
            }
            if let Some(Reverse((_, source))) = self.due.pop() {
                self.enqueue(&source);
            }
        }
    }

    /// Lets a source wait for its host; one that waits or is being polled is not asked twice.
    fn enqueue(&mut self, source: &SourceId) {
        let Some(known) = self.sources.get(source) else { return };
        if self.waiting.insert(source.clone()) {
            self.hosts.push(&host(known), source.clone());
        }
    }

    /// Starts what may start, and returns how long to sleep at most.
    fn start_what_may(&mut self) -> Duration {
        while self.under_way.len() < self.in_flight {
            match self.hosts.next(Instant::now()) {
                Turn::Start(host, source) => self.start(host, &source),
                Turn::Wait(until) => {
                    let until = until.map(|at| at.saturating_duration_since(Instant::now()));
                    return until.unwrap_or(LONGEST_SLEEP).min(self.until_due());
                }
            }
        }
        LONGEST_SLEEP
    }

    fn until_due(&self) -> Duration {
        let next = self.due.peek().map(|Reverse((at, _))| *at - (self.line.clock)());
        let next = next.and_then(|wait| wait.to_std().ok()).unwrap_or(LONGEST_SLEEP);
        next.clamp(Duration::from_millis(1), LONGEST_SLEEP)
    }

    fn start(&mut self, host: String, id: &SourceId) {
        let Some(source) = self.sources.get(id) else { return };
        let (line, writer, source) =
            (Arc::clone(&self.line), self.writer.clone(), Arc::clone(source));
        self.under_way.spawn(async move {
            let clock = line.clock;
            let polled = poll(line, &writer, Arc::clone(&source)).await;
            let (due, outcome) = match polled {
                Ok((due, outcome)) => (due, Some(outcome)),
                Err(error) => {
                    tracing::error!(source = %source.id, error = &error as &dyn std::error::Error, "cannot store what was polled");
                    (clock() + AFTER_STORE_ERROR, None)
                }
            };
            Done { source: source.id.clone(), host, due, outcome }
        });
    }

    fn ended(&mut self, done: Option<Result<Done, tokio::task::JoinError>>) -> Option<Done> {
        let done = done?.ok()?;
        self.hosts.ended(&done.host, Instant::now());
        self.waiting.remove(&done.source);
        if done.outcome != Some(Outcome::Gone) {
            self.due.push(Reverse((done.due, done.source.clone())));
        }
        Some(done)
    }
}

/// Returns the name under which a source takes its turns; files have one each.
fn host(source: &Source) -> String {
    match &source.address {
        Address::Http(url) => url.host_str().unwrap_or_default().to_owned(),
        Address::File(_) => format!("file:{}", source.id),
    }
}

async fn poll(
    line: Arc<Line>,
    writer: &mpsc::Sender<Work>,
    source: Arc<Source>,
) -> Result<(Timestamp, Outcome), StoreError> {
    let began = Instant::now();
    let was_failing = line.store.state(&source.id)?.is_some_and(|state| state.failures > 0);
    let digest = line.poll(Arc::clone(&source)).await?;
    let due = digest.state.due.at;
    let outcome = digest.state.outcome.clone().unwrap_or(Outcome::NotModified);
    log(&source, &outcome, was_failing, began);
    let (answer, durable) = oneshot::channel();
    let stopped = || StoreError::Io {
        what: "store what was polled".to_owned(),
        source: std::io::Error::other("the writer has stopped"),
    };
    writer.send(Work::Poll(Box::new(digest), answer)).await.map_err(|_closed| stopped())?;
    durable.await.map_err(|_closed| stopped())??;
    Ok((due, outcome))
}

/// A failing source is logged when it begins to fail and when it recovers, not at each poll.
fn log(source: &Source, outcome: &Outcome, was_failing: bool, began: Instant) {
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let id = &source.id;
    match (outcome.is_success(), was_failing) {
        (false, false) => tracing::warn!(source = %id, %outcome, duration_ms, "source fails"),
        (true, true) => tracing::info!(source = %id, %outcome, duration_ms, "source is well again"),
        _ => tracing::debug!(source = %id, %outcome, duration_ms, "polled"),
    }
}
