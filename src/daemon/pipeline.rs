//! One poll of one source: fetch → parse → reconcile → enrich. What it finds goes to the writer.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::digest::{Digest, succeeded};
use super::moving;
use super::readers::{Readers, Size};
use super::reading::{Found, Got, Reading, cut_off};
use super::working::Shared;
use crate::enrich::Measure;
use crate::fetch::{self, Answer, FetchError, Fetcher, Kind, Request, Way};
use crate::model::{Address, Feed, Outcome, Source, SourceState, Timestamp, Validators, Warning};
use crate::schedule::{self, Circumstances, Policy};
use crate::store::{Store, StoreError};

/// An unconditional answer is asked for after this.
const READ_WHOLE_EVERY: TimeDelta = TimeDelta::days(7);
/// Items of a feed and of its archive together; the archive is read no further.
const MAX_ARCHIVED: usize = 10_000;

/// What polls share.
pub(super) struct Line {
    pub(super) fetcher: Fetcher,
    pub(super) reading: Readers,
    pub(super) store: Arc<Store>,
    pub(super) policy: Policy,
    pub(super) measure: Measure,
    /// Whether a language model is asked about new items.
    pub(super) asks: bool,
    pub(super) max_file: u64,
    /// Between two pages of an archive.
    pub(super) spacing: Duration,
    /// What deliveries share with polls.
    pub(super) shared: Shared,
    pub(super) clock: fn() -> Timestamp,
}

impl Line {
    /// Polls a source. Any failure of the source is an outcome in its state; an error is the
    /// store's.
    pub(super) async fn poll(self: Arc<Self>, source: Arc<Source>) -> Result<Digest, StoreError> {
        let now = (self.clock)();
        let state = self.state(&source, now)?;
        let was_failing = state.failures > 0;
        let start = moving::start(&state);
        let got = self.get(&source, start.as_ref(), &state, now).await;
        let mut digest = match self.find(&source, got, state.body).await {
            Found::Page { offer, why } => self.page(source, state, (offer, why), now).await?,
            found => self.settle(source, state, found, now).await?,
        };
        digest.was_failing = was_failing;
        Ok(digest)
    }

    /// Returns what is remembered of a source.
    pub(super) fn state(&self, source: &Source, now: Timestamp) -> Result<SourceState, StoreError> {
        remembered(&self.store, source, now)
    }

    /// Asks the source at its configured address, or at another of its own.
    async fn get(
        &self,
        source: &Source,
        at: Option<&Url>,
        state: &SourceState,
        now: Timestamp,
    ) -> Result<Got, FetchError> {
        let configured = match &source.address {
            Address::File(path) => {
                return fetch::read_file(path, self.max_file).await.map(Got::File);
            }
            Address::Http(url) => url,
        };
        let whole = state.read_whole.is_none_or(|at| now - at >= READ_WHOLE_EVERY);
        let validators = state.validators.as_ref().filter(|_| !whole);
        let answer = self.ask(source, at.unwrap_or(configured), validators, now).await;
        answer.map(|answer| Got::Answer(Box::new(answer)))
    }

    async fn ask(
        &self,
        source: &Source,
        url: &Url,
        validators: Option<&Validators>,
        now: Timestamp,
    ) -> Result<Answer, FetchError> {
        let home = match &source.address {
            Address::Http(home) => home,
            Address::File(_) => url,
        };
        let way = Way { home, allow_private: source.allow_private, access: &source.access };
        let (account, kind) = (None, Kind::Feed);
        self.fetcher.get(&Request { url, validators, way, now, account, kind }).await
    }

    /// Looks at the feed that a page offers which stands where the feed should be.
    ///
    /// A new source is discovered so. One that was a feed keeps its items apart from those of the
    /// offer until that has been a feed twice, an hour apart: whoever gets hold of an abandoned
    /// address must not speak to its subscribers at once.
    async fn page(
        self: Arc<Self>,
        source: Arc<Source>,
        mut state: SourceState,
        (offer, why): (Url, String),
        now: Timestamp,
    ) -> Result<Digest, StoreError> {
        if moving::go_back(&mut state) {
            let why = format!("{why}; the configured address is asked next");
            return Ok(self.stumbled(&source, state, why, now));
        }
        let got = self.get(&source, Some(&offer), &state, now).await;
        let found = self.find(&source, got, state.body).await;
        let is_feed = matches!(found, Found::Feed(_) | Found::NotModified(_) | Found::SameBody(_));
        if !is_feed {
            let why = format!("{why}, which is no feed either");
            return Ok(self.stumbled(&source, state, why, now));
        }
        // One that was discovered goes on being read while its address is on trial.
        let was_discovered = moving::is_read_at(&state, &offer);
        moving::follow_page(&mut state, &offer, now);
        let noted = state.moved.clone();
        let is_taken = !state.settled || noted.as_ref().is_some_and(|moved| moved.adopted);
        if !is_taken && !was_discovered {
            let why = format!(
                "{why}; that is a feed, and is followed once it has been read twice, an hour apart"
            );
            return Ok(self.stumbled(&source, state, why, now));
        }
        let mut digest = self.settle(source, state, found, now).await?;
        digest.state.moved = noted;
        Ok(digest)
    }

    /// Turns what was found into what is committed.
    async fn settle(
        self: &Arc<Self>,
        source: Arc<Source>,
        state: SourceState,
        found: Found,
        now: Timestamp,
    ) -> Result<Digest, StoreError> {
        match found {
            Found::NotModified(answer) => Ok(self.not_modified(&source, state, &answer, now)),
            Found::SameBody(answer) => Ok(self.same_body(&source, state, answer.as_deref(), now)),
            Found::Failed(outcome, answer) => {
                let asked = answer.and_then(|answer| answer.retry_after);
                Ok(self.failed(&source, state, (outcome, asked), now))
            }
            Found::Page { why, .. } => Ok(self.stumbled(&source, state, why, now)),
            Found::Feed(mut reading) => {
                if !state.settled && source.backfill > 0 {
                    self.backfill(&source, &mut reading, now).await;
                    reading.size = Size::Large;
                    reading.room = self.reading.take_alone().await;
                }
                let (line, before, room) = (Arc::clone(self), state.clone(), reading.room.take());
                let (asked, size) = (Arc::clone(&source), reading.size);
                let digested =
                    self.reading.run(size, move || line.digest(&asked, before, &reading, now));
                match digested.await {
                    Ok(digested) => digested.map(|digest| Digest { room, ..digest }),
                    Err(error) => Ok(self.failed(&source, state, (cut_off(&error), None), now)),
                }
            }
        }
    }

    /// Reads the archive of a new source, page by page (RFC 5005 4); each is read once.
    async fn backfill(
        self: &Arc<Self>,
        source: &Arc<Source>,
        reading: &mut Reading,
        now: Timestamp,
    ) {
        let mut next = archive(&reading.feed);
        // Its pages are read one by one, each with room of its own.
        reading.room = None;
        let mut read: Vec<String> = Vec::new();
        while let Some(url) = next.take() {
            let enough = read.len() >= source.backfill as usize;
            if enough || reading.feed.items.len() >= MAX_ARCHIVED || read.contains(&url) {
                return;
            }
            read.push(url.clone());
            let Ok(url) = Url::parse(&url) else { return };
            tokio::time::sleep(self.spacing).await;
            let got = self.ask(source, &url, None, now).await;
            let got = got.map(|answer| Got::Answer(Box::new(answer)));
            match self.find(source, got, None).await {
                Found::Feed(page) => {
                    next = archive(&page.feed);
                    reading.feed.items.extend(page.feed.items);
                }
                Found::Failed(outcome, _) => {
                    reading.feed.warnings.push(unread(&url, &outcome.to_string()));
                }
                _ => reading.feed.warnings.push(unread(&url, "no feed")),
            }
        }
    }

    fn not_modified(
        &self,
        source: &Source,
        mut state: SourceState,
        answer: &Answer,
        now: Timestamp,
    ) -> Digest {
        if !state.settled {
            let why = "HTTP 304 to a request without a condition".to_owned();
            return self.stumbled(source, state, why, now);
        }
        // A 304 may carry newer validators (RFC 9111 4.3.4); a bare one changes nothing.
        let given = answer.validators.as_ref();
        if let Some((known, given)) = state.validators.as_mut().zip(given) {
            known.etag = given.etag.clone().or(known.etag.take());
            known.last_modified = given.last_modified.clone().or(known.last_modified.take());
        }
        state.wishes.freshness = answer.freshness.or(state.wishes.freshness);
        self.unchanged(source, state, Some(answer), now)
    }

    fn same_body(
        &self,
        source: &Source,
        mut state: SourceState,
        answer: Option<&Answer>,
        now: Timestamp,
    ) -> Digest {
        // The same body: what it says of validators holds, as after any 200 that parsed.
        state.validators = answer.and_then(|answer| answer.validators.clone());
        state.wishes.freshness = answer.and_then(|answer| answer.freshness);
        state.read_whole = Some(now);
        self.unchanged(source, state, answer, now)
    }

    fn unchanged(
        &self,
        source: &Source,
        mut state: SourceState,
        answer: Option<&Answer>,
        now: Timestamp,
    ) -> Digest {
        state.outcome = Some(Outcome::NotModified);
        if let Some(answer) = answer {
            moving::follow_redirects(&mut state, answer, now);
        }
        succeeded(&mut state, now);
        self.schedule(source, &mut state, None, now);
        Digest::empty(source, state, now)
    }

    /// Returns the outcome of a poll that panicked.
    pub(super) fn panicked(&self, source: &Source) -> Result<Digest, StoreError> {
        let now = (self.clock)();
        let why = "its poll panicked; please report it".to_owned();
        let state = self.state(source, now)?;
        let was_failing = state.failures > 0;
        Ok(Digest { was_failing, ..self.stumbled(source, state, why, now) })
    }

    /// Notes a failure that is no refusal.
    fn stumbled(&self, source: &Source, state: SourceState, why: String, now: Timestamp) -> Digest {
        self.failed(source, state, (Outcome::Failed { why, refused: false }, None), now)
    }

    /// Notes a failure; validators and items stay as they are.
    fn failed(
        &self,
        source: &Source,
        mut state: SourceState,
        (outcome, retry_after): (Outcome, Option<Duration>),
        now: Timestamp,
    ) -> Digest {
        let outcome = back_home(&mut state, outcome);
        state.polled = Some(now);
        state.failures = state.failures.saturating_add(1);
        state.outcome = Some(outcome);
        self.schedule(source, &mut state, retry_after, now);
        Digest::empty(source, state, now)
    }

    pub(super) fn schedule(
        &self,
        source: &Source,
        state: &mut SourceState,
        retry_after: Option<Duration>,
        now: Timestamp,
    ) {
        let chance = xxh3_64(format!("{} {}", source.id, now.timestamp()).as_bytes());
        let is_pushed = self.shared.working.has(&source.id);
        let circumstances = Circumstances { every: source.every, retry_after, is_pushed };
        state.due = schedule::next(&self.policy, &circumstances, state, (now, chance));
    }
}

/// Returns what the store remembers of a source; an edited `url` starts afresh.
pub(super) fn remembered(
    store: &Store,
    source: &Source,
    now: Timestamp,
) -> Result<SourceState, StoreError> {
    let fresh = SourceState::new(&source.address, now);
    let known = store.state(&source.id)?;
    let fresh = SourceState { paused: store.paused(&source.id), ..fresh };
    Ok(known.filter(|state| state.address == fresh.address).unwrap_or(fresh))
}

/// An adopted address that refuses is no better than the configured one, which is asked next.
fn back_home(state: &mut SourceState, outcome: Outcome) -> Outcome {
    let refuses = match &outcome {
        Outcome::Gone => true,
        Outcome::Failed { refused, .. } => *refused,
        _ => false,
    };
    if !refuses || !moving::go_back(state) {
        return outcome;
    }
    let why = format!("{outcome} at the address it moved to; the configured one is asked next");
    Outcome::Failed { why, refused: false }
}

/// Returns the next page of a feed's archive: `prev-archive`, else `next` of a paged feed.
fn archive(feed: &Feed) -> Option<String> {
    let by = |wanted: &str| {
        let link = feed.links.iter().find(|link| link.rel.as_deref() == Some(wanted));
        link.map(|link| link.href.clone())
    };
    by("prev-archive").or_else(|| by("next"))
}

fn unread(url: &Url, why: &str) -> Warning {
    Warning { code: "archive-unread", detail: format!("{}: {why}", url.path()), repair: false }
}
