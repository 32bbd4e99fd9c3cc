//! Asks each source when it is due: fair turns between hosts, and as many polls at once as are
//! allowed. When a source is due is the agenda's to say.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::agenda::{Agenda, host};
use super::articles::{self, Wanted};
use super::digest::Digest;
use super::group::make_durable;
use super::house;
use super::pipeline::Line;
use super::writer::Work;
use crate::config::Config;
use crate::fetch::{Hosts, Turn};
use crate::model::{Due, Outcome, Rule, Source, SourceId, SourceState, Timestamp, Wishes};
use crate::schedule;
use crate::serve::{Concern, Served};
use crate::store::StoreError;
use crate::telemetry::{Metrics, Poll};

/// The wall clock may be set while we sleep, so nobody sleeps longer than this.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// Polls and articles that wait for their hosts; with more, articles are given up.
const MAX_WAITING: usize = 5_000;
/// When the store did not take what was found, the source is asked again after this.
const AFTER_STORE_ERROR: TimeDelta = TimeDelta::minutes(1);

/// Which sources one pass asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Every source, due or not, but those that are gone, are paused or asked for a pause.
    All,
    /// Those that are due and not paused.
    Due,
    /// This one, whatever is known of it.
    One(SourceId),
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
    agenda: Agenda,
    hosts: Hosts<Job>,
    under_way: JoinSet<Ended>,
    measured: Option<Instant>,
}

/// What waits for its host.
enum Job {
    Poll(SourceId),
    Article(Box<Wanted>),
}

/// What has ended.
enum Ended {
    Poll(Box<Done>),
    /// On that host, which is left alone until then.
    Article(String, Option<Timestamp>),
}

/// What remains of a poll once it is durable.
struct Done {
    source: Arc<Source>,
    host: String,
    due: (Due, Wishes),
    outcome: Option<Outcome>,
    /// Until when the others of its host are left alone.
    parks: Option<Timestamp>,
    articles: Vec<Wanted>,
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
        let basis = (line.policy, (line.clock)());
        let agenda = Agenda::new(Arc::clone(&line.store), Arc::clone(&served), basis);
        let (under_way, measured) = (JoinSet::new(), None);
        Self { line, served, config, applied, writer, asked, agenda, hosts, under_way, measured }
    }

    /// Polls for ever: what is due, and what is asked for; ends with the writer.
    pub(super) async fn run(mut self) -> Result<(), StoreError> {
        self.agenda.know(&self.applied, self.now())?;
        loop {
            let now = self.now();
            self.agenda.look_at_clock(now)?;
            for source in self.agenda.come_due(now) {
                self.enqueue(&source, false);
            }
            let sleep = self.start_what_may();
            self.measure();
            tokio::select! {
                done = self.under_way.join_next(), if !self.under_way.is_empty() => {
                    self.ended(done);
                    // What has ended meanwhile need not wait for another round.
                    while let Some(done) = self.under_way.try_join_next() {
                        self.ended(Some(done));
                    }
                }
                source = self.asked.recv() => match source {
                    Some(source) => self.enqueue(&source, true),
                    None => break,
                },
                Ok(()) = self.config.changed() => self.follow()?,
                () = self.line.shared.working.stopped() => self.back_to_polling()?,
                () = self.line.shared.pauses.changed() => {
                    for source in self.line.shared.pauses.take() {
                        self.agenda.heed_pause(&source, self.now())?;
                    }
                }
                () = tokio::time::sleep(sleep) => {}
            }
        }
        // What is being fetched is dropped; what was handed to the writer is committed by it.
        self.under_way.shutdown().await;
        Ok(())
    }

    fn now(&self) -> Timestamp {
        (self.line.clock)()
    }

    /// Polls some sources once and returns what came of each, in the order they ended.
    ///
    /// Sources of a host that is left alone are not asked, but by name.
    pub(super) async fn pass(
        mut self,
        which: &Which,
        on_done: &mut (dyn FnMut(&SourceId, &Outcome) + Send),
    ) -> Result<Vec<(SourceId, Outcome)>, StoreError> {
        let now = self.now();
        self.agenda.know(&self.applied, now)?;
        for (id, state) in self.agenda.states(now)? {
            if self.is_wanted(which, &id, &state, now) {
                self.enqueue(&id, true);
            }
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

    fn is_wanted(
        &mut self,
        which: &Which,
        id: &SourceId,
        state: &SourceState,
        now: Timestamp,
    ) -> bool {
        let pauses = matches!(state.due.rule, Rule::Gone | Rule::RetryAfter(_));
        let wanted = match which {
            Which::One(one) => return one == id,
            Which::All => !pauses || state.due.at <= now,
            Which::Due => {
                state.due.at <= now && schedule::stays_away(&state.wishes, now, 0).is_none()
            }
        };
        let configured = self.applied.sources.iter().find(|source| source.id == *id);
        let is_parked = |source| self.agenda.parked_until(&host(source), now).is_some();
        wanted && state.paused.is_none() && !configured.is_some_and(is_parked)
    }

    /// Goes on under the configuration that is in force now.
    fn follow(&mut self) -> Result<(), StoreError> {
        let config = Arc::clone(&self.config.borrow_and_update());
        let before = std::mem::replace(&mut self.applied, Arc::clone(&config));
        match house::next_line(&self.line, &before, &config) {
            Ok(line) => self.line = line,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "polls go on under the earlier [fetch] settings");
            }
        }
        self.hosts.limit(config.fetch.per_host, config.fetch.host_spacing);
        self.agenda.policy = self.line.policy;
        self.agenda.know(&config, self.now())
    }

    /// Polls as ever the sources whose hubs have stopped telling what is new.
    fn back_to_polling(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        for id in self.line.shared.working.take_stopped() {
            let Some(state) = self.line.store.state(&id)? else { continue };
            let source = self.applied.sources.iter().find(|source| source.id == id);
            let every = source.and_then(|source| source.every);
            if let Some(due) = schedule::unpushed(&self.line.policy, every, &state, now) {
                self.agenda.bring_near(&id, due);
            }
        }
        Ok(())
    }

    fn enqueue(&mut self, id: &SourceId, named: bool) {
        if let Some(host) = self.agenda.wait(id, named, (self.line.clock)()) {
            self.hosts.push(&host, Job::Poll(id.clone()));
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
                Turn::Start(host, Job::Poll(source)) => self.start(host, &source),
                Turn::Start(host, Job::Article(wanted)) => self.fetch(host, *wanted),
                Turn::Wait(until) => {
                    let until = until.map(|at| at.saturating_duration_since(Instant::now()));
                    let due = self.agenda.until_due(self.now()).unwrap_or(LONGEST_SLEEP);
                    let due = due.clamp(Duration::from_millis(1), LONGEST_SLEEP);
                    return until.unwrap_or(LONGEST_SLEEP).min(due);
                }
            }
        }
        LONGEST_SLEEP
    }

    fn start(&mut self, host: String, id: &SourceId) {
        let Some(source) = self.agenda.start(id) else {
            // It has left the configuration, or was paused, while it waited.
            self.hosts.ended(&host, Instant::now());
            return;
        };
        let (line, writer) = (Arc::clone(&self.line), self.writer.clone());
        let metrics = Arc::clone(&self.served.metrics);
        self.under_way.spawn(async move {
            let turn = line.shared.turns.take(&source.id).await;
            let began = Instant::now();
            let work = poll(Arc::clone(&line), writer.clone(), Arc::clone(&source), metrics);
            let polled = match guarded(work).await {
                Some(polled) => polled,
                None => panicked(&line, &writer, &source, began).await,
            };
            drop(turn);
            match polled {
                Ok((state, articles)) => {
                    let parks = schedule::parked(&state, (line.clock)());
                    let SourceState { due, outcome, wishes, .. } = state;
                    let due = (due, wishes);
                    Ended::Poll(Box::new(Done { source, host, due, outcome, parks, articles }))
                }
                Err(error) => {
                    tracing::debug!(source = %source.id, error = &error as &dyn std::error::Error, "cannot store what was polled");
                    let rule = Rule::Other("what was polled could not be stored".to_owned());
                    let due = Due { at: (line.clock)() + AFTER_STORE_ERROR, rule };
                    let due = (due, Wishes::default());
                    let (outcome, parks, articles) = (None, None, Vec::new());
                    Ended::Poll(Box::new(Done { source, host, due, outcome, parks, articles }))
                }
            }
        });
    }

    fn fetch(&mut self, host: String, wanted: Wanted) {
        let (line, writer) = (Arc::clone(&self.line), self.writer.clone());
        self.under_way.spawn(async move {
            let (source, item) = (wanted.source.id.clone(), wanted.item);
            // One that panics holds its host's turn no longer; its item is shown without it.
            let fetched = guarded(articles::fetch(line, &writer, wanted)).await;
            let parks = fetched.unwrap_or(Ok(None)).unwrap_or_else(|error| {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(%source, %item, error, "cannot store an article");
                None
            });
            Ended::Article(host, parks)
        });
    }

    /// Takes note of what has ended, and returns it if it was a poll.
    fn ended(&mut self, ended: Option<Result<Ended, tokio::task::JoinError>>) -> Option<Done> {
        let done = match ended?.ok()? {
            Ended::Poll(done) => *done,
            Ended::Article(host, parks) => {
                self.hosts.ended(&host, Instant::now());
                self.park(&host, parks);
                return None;
            }
        };
        self.hosts.ended(&done.host, Instant::now());
        let (due, wishes) = &done.due;
        self.agenda.ended(&done.source, (due.clone(), wishes), done.outcome.as_ref());
        self.park(&done.host, done.parks);
        for wanted in &done.articles {
            // Those that find no place are shown without their articles.
            if self.hosts.waiting() < MAX_WAITING {
                self.hosts.push(&wanted.host(), Job::Article(Box::new(wanted.clone())));
            }
        }
        Some(done)
    }

    /// Leaves a host alone; its articles are given up.
    fn park(&mut self, host: &str, until: Option<Timestamp>) {
        let Some(until) = until else { return };
        self.agenda.park(host, until);
        for waiting in self.hosts.take_waiting(host) {
            if let Job::Poll(source) = waiting {
                self.agenda.step_back(&source, until);
            }
        }
    }

    /// Tells the metrics how things stand, at most once a second.
    fn measure(&mut self) {
        if self.measured.is_some_and(|at| at.elapsed() < LONGEST_SLEEP) {
            return;
        }
        self.measured = Some(Instant::now());
        let (waiting, longest) = self.agenda.waiting(self.now());
        let under_way = self.under_way.len();
        let due = waiting.saturating_sub(under_way);
        let lag = if due > 0 { longest } else { Duration::ZERO };
        self.served.metrics.measure_queue(due, lag, under_way);
        self.served.metrics.measure_sources(&self.agenda.standings());
    }
}

/// Runs something that must not end us if it panics; `None` is a panic.
async fn guarded<T>(work: impl Future<Output = T>) -> Option<T> {
    // What a panicked poll leaves half done is dropped with it.
    AssertUnwindSafe(work).catch_unwind().await.ok()
}

type Polled = Result<(SourceState, Vec<Wanted>), StoreError>;

async fn poll(
    line: Arc<Line>,
    writer: mpsc::Sender<Work>,
    source: Arc<Source>,
    metrics: Arc<Metrics>,
) -> Polled {
    let began = Instant::now();
    let mut digest = Arc::clone(&line).poll(Arc::clone(&source)).await?;
    let articles = articles::wanted(&source, &digest);
    digest.awaited = articles.iter().map(|wanted| wanted.item).collect();
    let outcome = digest.state.outcome.as_ref().map_or("not_modified", Outcome::as_str);
    metrics.poll(Poll { outcome, took: began.elapsed() });
    let news = line.news_in(&digest);
    let polled = hand_over(&line, &writer, digest, (&source, began)).await?;
    if let Some(news) = news {
        // Where the queue is full the next poll tells.
        line.shared.news.try_send(news).ok();
    }
    Ok((polled, articles))
}

/// Stores that a poll panicked, which is an outcome of its source like any other.
async fn panicked(
    line: &Line,
    writer: &mpsc::Sender<Work>,
    source: &Source,
    began: Instant,
) -> Polled {
    let digest = line.panicked(source)?;
    let state = hand_over(line, writer, digest, (source, began)).await?;
    Ok((state, Vec::new()))
}

/// Waits until what was found is durable; where that is nothing, it is written within a second.
async fn hand_over(
    line: &Line,
    writer: &mpsc::Sender<Work>,
    digest: Digest,
    (source, began): (&Source, Instant),
) -> Result<SourceState, StoreError> {
    let state = digest.state.clone();
    let outcome = state.outcome.as_ref().unwrap_or(&Outcome::NotModified);
    log(source, outcome, digest.was_failing, began);
    if digest.is_news() {
        commit(writer, digest).await?;
    } else {
        line.store.note_state(&source.id, digest.state);
    }
    Ok(state)
}

/// Hands what was found to the writer, and waits until it is durable.
pub(super) async fn commit(writer: &mpsc::Sender<Work>, digest: Digest) -> Result<(), StoreError> {
    let work = |answer| Work::Poll(Box::new(digest), answer);
    make_durable(writer, "store what was polled", work).await
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
