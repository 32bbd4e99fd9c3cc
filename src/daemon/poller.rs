//! Asks each source when it is due: one heap of due times, fair turns between hosts, and as many
//! polls at once as are allowed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use xxhash_rust::xxh3::xxh3_64;

use super::house;
use super::pipeline::{Digest, Line};
use super::writer::Work;
use crate::config::Config;
use crate::fetch::{Hosts, Turn};
use crate::model::{Address, Due, Outcome, Rule, Source, SourceId, SourceState, Timestamp};
use crate::schedule::{self, Policy};
use crate::serve::{Concern, Served};
use crate::store::StoreError;
use crate::telemetry::{Metrics, Poll};

/// The wall clock may be set while we sleep, so nobody sleeps longer than this.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// The wall clock and the monotonic one drift apart by less than this between two looks.
const JUMP: TimeDelta = TimeDelta::seconds(5);
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

/// How a source stands, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Well,
    Failing,
    Gone,
}

/// What is known of a source between its polls.
struct Known {
    source: Arc<Source>,
    /// When it is next asked; `None` is never.
    due: Option<Timestamp>,
    standing: Standing,
    /// When this process asked it last.
    asked: Option<Instant>,
    /// Since when it waits for its turn or is being polled.
    waiting: Option<Timestamp>,
}

/// Polls sources.
pub(super) struct Poller {
    line: Arc<Line>,
    served: Arc<Served>,
    config: watch::Receiver<Arc<Config>>,
    /// The configuration that `line` and `hosts` were made by.
    applied: Arc<Config>,
    writer: mpsc::Sender<Work>,
    asked: mpsc::Receiver<SourceId>,
    known: HashMap<SourceId, Known>,
    /// Entries whose time is not that of `known` any more are passed over.
    due: BinaryHeap<Reverse<(Timestamp, SourceId)>>,
    hosts: Hosts<SourceId>,
    under_way: JoinSet<Done>,
    looked: (Timestamp, Instant),
    measured: Option<Instant>,
}

/// What remains of a poll once it is durable.
struct Done {
    source: Arc<Source>,
    host: String,
    due: Timestamp,
    outcome: Option<Outcome>,
}

impl Poller {
    pub(super) fn new(
        line: Arc<Line>,
        served: Arc<Served>,
        (config, writer, asked): (
            watch::Receiver<Arc<Config>>,
            mpsc::Sender<Work>,
            mpsc::Receiver<SourceId>,
        ),
    ) -> Self {
        let applied = Arc::clone(&config.borrow());
        let hosts = Hosts::new(applied.fetch.per_host, applied.fetch.host_spacing);
        let looked = ((line.clock)(), Instant::now());
        let (known, due) = (HashMap::new(), BinaryHeap::new());
        let under_way = JoinSet::new();
        Self {
            line,
            served,
            config,
            applied,
            writer,
            asked,
            known,
            due,
            hosts,
            under_way,
            looked,
            measured: None,
        }
    }

    /// Polls for ever: what is due, and what is asked for; ends with the writer.
    pub(super) async fn run(mut self) -> Result<(), StoreError> {
        self.know_sources()?;
        loop {
            self.look_at_clock()?;
            self.collect_due();
            let sleep = self.start_what_may();
            self.measure();
            tokio::select! {
                done = self.under_way.join_next(), if !self.under_way.is_empty() => {
                    self.ended(done);
                }
                source = self.asked.recv() => match source {
                    Some(source) => self.enqueue(&source),
                    None => break,
                },
                Ok(()) = self.config.changed() => self.follow()?,
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
        self.know_sources()?;
        let mut chosen: Vec<SourceId> = Vec::new();
        for id in self.known.keys() {
            let state = self.line.store.state(id)?;
            let pauses = |rule: &Rule| matches!(rule, Rule::Gone | Rule::RetryAfter(_));
            let wanted = match (which, &state) {
                (Which::One(one), _) => one == id,
                (_, None) => true,
                (Which::All, Some(state)) => !pauses(&state.due.rule) || state.due.at <= now,
                (Which::Due, Some(state)) => state.due.at <= now,
            };
            if wanted {
                chosen.push(id.clone());
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
                    let done = self.ended(done);
                    if let Some(Done { source, outcome: Some(outcome), .. }) = done {
                        on_done(&source.id, &outcome);
                        outcomes.push((source.id.clone(), outcome));
                    }
                }
                () = tokio::time::sleep(sleep) => {}
            }
        }
        Ok(outcomes)
    }

    /// Takes in what the configuration has, and lets go of what it has no more.
    ///
    /// A source that is being polled is polled to its end, whatever becomes of it.
    fn know_sources(&mut self) -> Result<(), StoreError> {
        let config = Arc::clone(&self.applied);
        let mut before = std::mem::take(&mut self.known);
        self.due.clear();
        for source in &config.sources {
            let earlier = before.remove(&source.id);
            let known = match earlier {
                Some(known) if *known.source == *source => known,
                // Its poll may be under way; it is not asked twice at once.
                Some(known) => {
                    Known { waiting: known.waiting, asked: known.asked, ..self.meet(source)? }
                }
                None => self.meet(source)?,
            };
            if let (Some(at), None) = (known.due, known.waiting) {
                self.due.push(Reverse((at, source.id.clone())));
            }
            self.known.insert(source.id.clone(), known);
        }
        Ok(())
    }

    /// Reads when a source that is new here is due.
    fn meet(&self, source: &Source) -> Result<Known, StoreError> {
        let now = (self.line.clock)();
        let state = self.line.store.state(&source.id)?;
        // An edited `url` starts afresh.
        let fresh = SourceState::new(&source.address, now);
        let state = state.filter(|state| state.address == fresh.address).unwrap_or(fresh);
        let standing = match &state.outcome {
            Some(Outcome::Gone) => Standing::Gone,
            Some(outcome) if !outcome.is_success() => Standing::Failing,
            _ => Standing::Well,
        };
        let due = match state.due.rule {
            Rule::Gone => None,
            _ => Some(first_due(source, &state, (self.line.policy, now))),
        };
        Ok(Known { source: Arc::new(source.clone()), due, standing, asked: None, waiting: None })
    }

    /// Goes on under the configuration that is in force now.
    fn follow(&mut self) -> Result<(), StoreError> {
        let config = Arc::clone(&self.config.borrow_and_update());
        let before = std::mem::replace(&mut self.applied, Arc::clone(&config));
        if before.fetch != config.fetch || before.enrich != config.enrich {
            match house::line(&config, Arc::clone(&self.line.store)) {
                Ok(line) => self.line = Arc::new(line),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "polls go on under the earlier [fetch] settings");
                }
            }
            self.hosts.limit(config.fetch.per_host, config.fetch.host_spacing);
        }
        self.know_sources()
    }

    /// Keeps due times where they are when the wall clock is set.
    ///
    /// Due times are on the wall clock, so that they outlive a restart. What this process has
    /// asked moves with the clock; of the rest, what seems overdue is spread, and what seems
    /// far is brought near.
    fn look_at_clock(&mut self) -> Result<(), StoreError> {
        let (wall, monotonic) = ((self.line.clock)(), Instant::now());
        let passed = TimeDelta::from_std(monotonic - self.looked.1).unwrap_or(TimeDelta::MAX);
        let jump = (wall - self.looked.0) - passed;
        self.looked = (wall, monotonic);
        if jump.abs() < JUMP {
            return Ok(());
        }
        tracing::warn!(seconds = jump.num_seconds(), "the wall clock was set");
        self.due.clear();
        let policy = self.line.policy;
        for (id, known) in &mut self.known {
            known.waiting = known.waiting.map(|since| since + jump);
            let Some(due) = known.due else { continue };
            let at = if known.asked.is_some() {
                due + jump
            } else {
                let state = self.line.store.state(id)?;
                state.map_or(wall, |state| first_due(&known.source, &state, (policy, wall)))
            };
            known.due = Some(at);
            if known.waiting.is_none() {
                self.due.push(Reverse((at, id.clone())));
            }
        }
        Ok(())
    }

    fn collect_due(&mut self) {
        let now = (self.line.clock)();
        while let Some(Reverse((at, _))) = self.due.peek() {
            if *at > now {
                break;
            }
            let Some(Reverse((at, source))) = self.due.pop() else { break };
            if self.known.get(&source).is_some_and(|known| known.due == Some(at)) {
                self.enqueue(&source);
            }
        }
    }

    /// Lets a source wait for its host; one that waits or is being polled is not asked twice.
    fn enqueue(&mut self, id: &SourceId) {
        let now = (self.line.clock)();
        let Some(known) = self.known.get_mut(id) else { return };
        if known.waiting.is_none() {
            known.waiting = Some(known.due.unwrap_or(now).min(now));
            self.hosts.push(&host(&known.source), id.clone());
        }
    }

    /// Starts what may start, and returns how long to sleep at most.
    fn start_what_may(&mut self) -> Duration {
        let condition = &self.served.condition;
        if condition.has(Concern::Disk) || condition.has(Concern::Store) {
            return LONGEST_SLEEP;
        }
        while self.under_way.len() < self.applied.fetch.in_flight {
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
        let Some(known) = self.known.get_mut(id) else {
            // It has left the configuration while it waited.
            self.hosts.ended(&host, Instant::now());
            return;
        };
        known.asked = Some(Instant::now());
        let (line, writer, source) =
            (Arc::clone(&self.line), self.writer.clone(), Arc::clone(&known.source));
        let metrics = Arc::clone(&self.served.metrics);
        self.under_way.spawn(async move {
            let (clock, began) = (line.clock, Instant::now());
            let work = poll(Arc::clone(&line), writer.clone(), Arc::clone(&source), metrics);
            let polled = match guarded(work).await {
                Some(polled) => polled,
                None => panicked(&line, &writer, &source, began).await,
            };
            let (due, outcome) = match polled {
                Ok((due, outcome)) => (due, Some(outcome)),
                Err(error) => {
                    tracing::debug!(source = %source.id, error = &error as &dyn std::error::Error, "cannot store what was polled");
                    (clock() + AFTER_STORE_ERROR, None)
                }
            };
            Done { source, host, due, outcome }
        });
    }

    fn ended(&mut self, done: Option<Result<Done, tokio::task::JoinError>>) -> Option<Done> {
        let done = done?.ok()?;
        self.hosts.ended(&done.host, Instant::now());
        let Some(known) = self.known.get_mut(&done.source.id) else { return Some(done) };
        known.waiting = None;
        // What was found under an earlier configuration says nothing of the next time.
        if *known.source == *done.source {
            known.due = (done.outcome != Some(Outcome::Gone)).then_some(done.due);
        }
        known.standing = match &done.outcome {
            Some(Outcome::Gone) => Standing::Gone,
            Some(outcome) if outcome.is_success() => Standing::Well,
            Some(_) => Standing::Failing,
            None => known.standing,
        };
        if let Some(at) = known.due {
            self.due.push(Reverse((at, done.source.id.clone())));
        }
        Some(done)
    }

    /// Tells the metrics how things stand, at most once a second.
    fn measure(&mut self) {
        if self.measured.is_some_and(|at| at.elapsed() < LONGEST_SLEEP) {
            return;
        }
        self.measured = Some(Instant::now());
        let now = (self.line.clock)();
        let waits = self.known.values().filter_map(|known| known.waiting);
        let longest = waits.clone().min().and_then(|since| (now - since).to_std().ok());
        let under_way = self.under_way.len();
        let due = waits.count().saturating_sub(under_way);
        let metrics = &self.served.metrics;
        metrics.measure_queue(due, longest.filter(|_| due > 0).unwrap_or_default(), under_way);
        let count = |standing| self.known.values().filter(|k| k.standing == standing).count();
        metrics.measure_sources(&[
            ("well", count(Standing::Well)),
            ("failing", count(Standing::Failing)),
            ("gone", count(Standing::Gone)),
        ]);
    }
}

/// Returns when a source is asked that this process has not asked yet.
fn first_due(
    source: &Source,
    state: &SourceState,
    (policy, now): (Policy, Timestamp),
) -> Timestamp {
    let due = schedule::believable(&state.due, state.polled, now);
    let every = source.every.map(|every| every.max(policy.min_every));
    let due = Due { at: schedule::no_later(due, every, state), ..state.due.clone() };
    schedule::spread(due, now, xxh3_64(source.id.as_str().as_bytes())).at
}

/// Returns the name under which a source takes its turns; files have one each.
fn host(source: &Source) -> String {
    match &source.address {
        Address::Http(url) => url.host_str().unwrap_or_default().to_owned(),
        Address::File(_) => format!("file:{}", source.id),
    }
}

/// Runs something that must not end us if it panics; `None` is a panic.
async fn guarded<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    // A set, so that whoever stops waiting stops the work too.
    let mut alone = JoinSet::new();
    alone.spawn(work);
    alone.join_next().await?.ok()
}

type Polled = Result<(Timestamp, Outcome), StoreError>;

async fn poll(
    line: Arc<Line>,
    writer: mpsc::Sender<Work>,
    source: Arc<Source>,
    metrics: Arc<Metrics>,
) -> Polled {
    let began = Instant::now();
    let was_failing = line.store.state(&source.id)?.is_some_and(|state| state.failures > 0);
    let digest = line.poll(Arc::clone(&source)).await?;
    let outcome = digest.state.outcome.as_ref().map_or("not_modified", Outcome::as_str);
    metrics.poll(Poll { outcome, took: began.elapsed() });
    hand_over(&writer, digest, (&source, was_failing, began)).await
}

/// Stores that a poll panicked, which is an outcome of its source like any other.
async fn panicked(
    line: &Line,
    writer: &mpsc::Sender<Work>,
    source: &Source,
    began: Instant,
) -> Polled {
    let was_failing = line.store.state(&source.id)?.is_some_and(|state| state.failures > 0);
    hand_over(writer, line.panicked(source)?, (source, was_failing, began)).await
}

/// Waits until what was found is durable.
async fn hand_over(
    writer: &mpsc::Sender<Work>,
    digest: Digest,
    (source, was_failing, began): (&Source, bool, Instant),
) -> Polled {
    let due = digest.state.due.at;
    let outcome = digest.state.outcome.clone().unwrap_or(Outcome::NotModified);
    log(source, &outcome, was_failing, began);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_told_and_nothing_else_is() {
        assert_eq!(guarded(async { 7 }).await, Some(7));
        let work = async {
            assert!(std::hint::black_box(false), "a poll panics");
        };
        assert_eq!(guarded(work).await, None);
    }
}
