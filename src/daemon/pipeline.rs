//! One poll of one source: fetch → parse → reconcile → enrich. What it finds goes to the writer.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use url::Url;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::desk;
use crate::enrich::Measure;
use crate::fetch::{self, Answer, FetchError, Fetcher, Hop, Request, Vouched};
use crate::model::{
    Address, CanonicalUrl, Feed, FeedFacts, Moved, Outcome, Source, SourceId, SourceState, Story,
    Timestamp,
};
use crate::parse;
use crate::reconcile::{self, Arrival, Draft, Seen, Verdict};
use crate::schedule::{self, Policy, Wishes};
use crate::store::{Store, StoreError};
use crate::text::html;

/// An unconditional answer is asked for after this.
const READ_WHOLE_EVERY: TimeDelta = TimeDelta::days(7);
/// A permanent redirect is followed for good once it has led to a feed for this long.
const MOVED_AFTER: TimeDelta = TimeDelta::hours(1);
const MAX_RHYTHM: usize = 20;
const MAX_WARNINGS: usize = 20;
/// Items of one address that are compared under another guid.
const MAX_AT_ADDRESS: usize = 8;

/// Documents longer than this are parsed one at a time, so that the memory that reading takes
/// does not grow with the number of polls under way.
const LARGE_BYTES: usize = 1024 * 1024;

/// What polls share.
pub(super) struct Line {
    pub(super) fetcher: Fetcher,
    /// Held while a large document is parsed.
    pub(super) large: Mutex<()>,
    pub(super) store: Arc<Store>,
    pub(super) policy: Policy,
    pub(super) measure: Measure,
    pub(super) max_file: u64,
    pub(super) clock: fn() -> Timestamp,
}

/// What one poll found, ready to be committed.
pub(super) struct Digest {
    pub(super) source: SourceId,
    pub(super) state: SourceState,
    pub(super) arrival: Arrival,
    pub(super) new: Vec<Story>,
    pub(super) changed: Vec<Story>,
    /// Known items that are listed under another guid now.
    pub(super) renamed: Vec<(Story, String)>,
    /// Whether what documents say of the publisher differs.
    pub(super) facts_changed: bool,
}

impl Digest {
    /// Gives what was found to the id that the source has by now.
    pub(super) fn belong_to(&mut self, id: &SourceId) {
        self.source = id.clone();
        let renamed = self.renamed.iter_mut().map(|(story, _)| story);
        for story in self.new.iter_mut().chain(&mut self.changed).chain(renamed) {
            story.source = id.clone();
        }
    }
}

/// What came back: an answer over HTTP, or the bytes of a file.
enum Got {
    Answer(Box<Answer>),
    File(Vec<u8>),
}

impl Line {
    /// Polls a source. Any failure of the source is an outcome in its state; an error is the
    /// store's.
    pub(super) async fn poll(self: Arc<Self>, source: Arc<Source>) -> Result<Digest, StoreError> {
        let now = (self.clock)();
        let state = self.state(&source, now)?;
        let got = self.get(&source, &state, now).await;
        let line = Arc::clone(&self);
        let (asked, before) = (Arc::clone(&source), state.clone());
        let read = tokio::task::spawn_blocking(move || {
            // One document must not be able to end the daemon: a panic is this poll's outcome.
            let read = AssertUnwindSafe(|| line.digest(&asked, before.clone(), got, now));
            catch_unwind(read).unwrap_or_else(|_panic| {
                let why = "reading its document panicked; please report it".to_owned();
                Ok(line.failed(
                    &asked,
                    before.clone(),
                    Outcome::Failed { why, refused: false },
                    now,
                ))
            })
        });
        match read.await {
            Ok(read) => read,
            Err(_cancelled) => {
                let why = "the poll was cut off".to_owned();
                Ok(self.failed(&source, state, Outcome::Failed { why, refused: false }, now))
            }
        }
    }

    /// Returns what is remembered of a source; an edited `url` starts afresh.
    fn state(&self, source: &Source, now: Timestamp) -> Result<SourceState, StoreError> {
        let fresh = SourceState::new(&source.address, now);
        let known = self.store.state(&source.id)?;
        Ok(known.filter(|state| state.address == fresh.address).unwrap_or(fresh))
    }

    async fn get(
        &self,
        source: &Source,
        state: &SourceState,
        now: Timestamp,
    ) -> Result<Got, FetchError> {
        let configured = match &source.address {
            Address::File(path) => {
                return fetch::read_file(path, self.max_file).await.map(Got::File);
            }
            Address::Http(url) => url,
        };
        let moved = state.moved.as_ref().filter(|moved| moved.adopted);
        let moved = moved.and_then(|moved| Url::parse(&moved.url).ok());
        let whole = state.read_whole.is_none_or(|at| now - at >= READ_WHOLE_EVERY);
        let vouched = source.allow_private.then(|| Vouched::of(configured)).flatten();
        let request = Request {
            url: moved.as_ref().unwrap_or(configured),
            validators: state.validators.as_ref().filter(|_| !whole),
            vouched: vouched.as_ref(),
            now,
        };
        self.fetcher.get(&request).await.map(|answer| Got::Answer(Box::new(answer)))
    }

    fn digest(
        &self,
        source: &Source,
        state: SourceState,
        got: Result<Got, FetchError>,
        now: Timestamp,
    ) -> Result<Digest, StoreError> {
        match got {
            Err(error) => Ok(self.failed(source, state, failure(&error), now)),
            Ok(Got::File(bytes)) => self.read(source, state, &Reading { bytes, answer: None }, now),
            Ok(Got::Answer(answer)) => self.answered(source, state, *answer, now),
        }
    }

    fn answered(
        &self,
        source: &Source,
        mut state: SourceState,
        mut answer: Answer,
        now: Timestamp,
    ) -> Result<Digest, StoreError> {
        if answer.status == 304 {
            // A 304 may carry newer validators (RFC 9111 4.3.4); a bare one changes nothing.
            if let (Some(known), Some(given)) = (&mut state.validators, answer.validators.take()) {
                known.etag = given.etag.or(known.etag.take());
                known.last_modified = given.last_modified.or(known.last_modified.take());
            }
            return Ok(self.unchanged(source, state, Some(&answer), now));
        }
        let Some(body) = answer.body.take() else {
            let mut digest = self.failed(source, state, refusal(&answer), now);
            self.schedule(source, &mut digest.state, &wishes(Some(&answer), None), now);
            return Ok(digest);
        };
        match body.decode() {
            Ok(bytes) => self.read(source, state, &Reading { bytes, answer: Some(answer) }, now),
            Err(error) => Ok(self.failed(source, state, failure(&error), now)),
        }
    }

    /// Reads a body: its hash first, then the feed in it.
    fn read(
        &self,
        source: &Source,
        mut state: SourceState,
        reading: &Reading,
        now: Timestamp,
    ) -> Result<Digest, StoreError> {
        let hash = xxh3_128(&reading.bytes);
        let answer = reading.answer.as_ref();
        if state.body == Some(hash) {
            // The same body: what it says of validators holds, as after any 200 that parsed.
            state.validators = answer.and_then(|answer| answer.validators.clone());
            state.read_whole = Some(now);
            return Ok(self.unchanged(source, state, answer, now));
        }
        let large = (reading.bytes.len() > LARGE_BYTES).then(|| self.large.lock());
        let parsed = parse::parse(&reading.document(source));
        drop(large);
        let feed = match parsed {
            Ok(feed) => feed,
            Err(error) => {
                let outcome = Outcome::Failed { why: error.to_string(), refused: false };
                return Ok(self.failed(source, state, outcome, now));
            }
        };
        let is_first_poll = !state.settled;
        let facts = facts(&feed);
        let facts_changed = state.facts != facts;
        state.facts = facts;
        // A document that breaks off may be half of one: it is asked for again whole.
        let is_whole = feed.warnings.iter().all(|warning| warning.code != "unclosed-end");
        state.body = is_whole.then_some(hash);
        state.validators = answer.and_then(|answer| answer.validators.clone()).filter(|_| is_whole);
        state.read_whole = Some(now);
        state.settled = true;
        state.rhythm = rhythm(&feed, now);
        state.warnings = feed.warnings.iter().take(MAX_WARNINGS).map(ToString::to_string).collect();
        follow(&mut state, answer, now);
        let mut digest = self.compare(source, state, &feed, now)?;
        digest.facts_changed = facts_changed;
        digest.arrival.is_first_poll = is_first_poll;
        digest.state.outcome = Some(Outcome::Read {
            items: count(feed.items.len()),
            new: count(digest.new.len()),
            changed: count(digest.changed.len()),
        });
        succeeded(&mut digest.state, now);
        self.schedule(source, &mut digest.state, &wishes(answer, Some(&feed)), now);
        Ok(digest)
    }

    /// Compares the items of a feed with what is stored, and enriches those that are new or
    /// changed.
    fn compare(
        &self,
        source: &Source,
        state: SourceState,
        feed: &Feed,
        now: Timestamp,
    ) -> Result<Digest, StoreError> {
        let mut digest = empty(source, state, now);
        let drafts = reconcile::drafts(feed, &source.id, now);
        let listed: Vec<String> = drafts.iter().map(|draft| draft.story.guid.clone()).collect();
        for draft in drafts {
            let guid = draft.story.guid.clone();
            let mut known = self.store.known(&source.id, &guid)?;
            let mut another_guid = false;
            if known.is_none() {
                known = self.under_another_guid(&draft, &listed)?;
                another_guid = known.is_some();
            }
            let seen = known.as_ref().map(|known| Seen {
                id: known.id,
                published: known.published,
                first_seen: known.first_seen,
                story: known.story.as_deref(),
            });
            let kept = known.as_ref().and_then(|known| known.story.as_deref()).cloned();
            match reconcile::compare(draft, seen.as_ref()) {
                Verdict::Unchanged => {}
                Verdict::New(mut story) => {
                    desk::enrich(&mut story, self.measure);
                    digest.new.push(*story);
                    continue;
                }
                Verdict::Changed(mut story) => {
                    desk::enrich(&mut story, self.measure);
                    digest.changed.push(*story);
                    continue;
                }
            }
            if let Some(story) = kept.filter(|_| another_guid) {
                digest.renamed.push((story, guid));
            }
        }
        Ok(digest)
    }

    /// Returns the item of the same source and address that the publisher lists under a new guid.
    fn under_another_guid(
        &self,
        draft: &Draft,
        listed: &[String],
    ) -> Result<Option<crate::store::Known>, StoreError> {
        let Some(url) = draft.story.url.as_deref().and_then(CanonicalUrl::parse) else {
            return Ok(None);
        };
        let there = self.store.stories_at(&url, MAX_AT_ADDRESS)?;
        let same = there.into_iter().find(|known| {
            known.source == draft.story.source
                && reconcile::is_same_under_another_guid(draft, known, listed)
        });
        Ok(same.map(|story| crate::store::Known {
            id: story.id,
            published: story.published,
            first_seen: story.first_seen,
            story: Some(Box::new(story)),
        }))
    }

    fn unchanged(
        &self,
        source: &Source,
        mut state: SourceState,
        answer: Option<&Answer>,
        now: Timestamp,
    ) -> Digest {
        state.outcome = Some(Outcome::NotModified);
        follow(&mut state, answer, now);
        succeeded(&mut state, now);
        self.schedule(source, &mut state, &wishes(answer, None), now);
        empty(source, state, now)
    }

    /// Returns the outcome of a poll that panicked.
    pub(super) fn panicked(&self, source: &Source) -> Result<Digest, StoreError> {
        let now = (self.clock)();
        let why = "its poll panicked; please report it".to_owned();
        Ok(self.failed(
            source,
            self.state(source, now)?,
            Outcome::Failed { why, refused: false },
            now,
        ))
    }

    /// Notes a failure; validators and items stay as they are.
    fn failed(
        &self,
        source: &Source,
        mut state: SourceState,
        outcome: Outcome,
        now: Timestamp,
    ) -> Digest {
        state.polled = Some(now);
        state.failures = state.failures.saturating_add(1);
        state.outcome = Some(outcome);
        self.schedule(source, &mut state, &Wishes::default(), now);
        empty(source, state, now)
    }

    fn schedule(&self, source: &Source, state: &mut SourceState, wishes: &Wishes, now: Timestamp) {
        let chance = xxh3_64(format!("{} {}", source.id, now.timestamp()).as_bytes());
        state.due = schedule::next(&self.policy, source.every, state, wishes, (now, chance));
    }
}

fn succeeded(state: &mut SourceState, now: Timestamp) {
    state.polled = Some(now);
    state.succeeded = Some(now);
    state.failures = 0;
}

/// Returns what a poll found that brought no items.
fn empty(source: &Source, state: SourceState, now: Timestamp) -> Digest {
    let arrival = Arrival {
        first: source.first,
        is_first_poll: false,
        is_file: matches!(source.address, Address::File(_)),
        now,
    };
    Digest {
        source: source.id.clone(),
        state,
        arrival,
        new: Vec::new(),
        changed: Vec::new(),
        renamed: Vec::new(),
        facts_changed: false,
    }
}

/// A body and how it came.
struct Reading {
    bytes: Vec<u8>,
    answer: Option<Answer>,
}

impl Reading {
    fn document<'r>(&'r self, source: &Source) -> parse::Document<'r> {
        let answer = self.answer.as_ref();
        parse::Document {
            bytes: &self.bytes,
            content_type: answer.and_then(|answer| answer.content_type.as_deref()),
            url: answer.map(|answer| &answer.url),
            language: answer.and_then(|answer| answer.content_language.as_deref()),
            assume_timezone: source.assume_timezone,
        }
    }
}

fn failure(error: &FetchError) -> Outcome {
    Outcome::Failed { why: error.with_causes(), refused: false }
}

/// Returns what a status without a body to read means.
pub(super) fn refusal(answer: &Answer) -> Outcome {
    match answer.status {
        410 => Outcome::Gone,
        429 => Outcome::RateLimited { status: 429 },
        503 if answer.retry_after.is_some() => Outcome::RateLimited { status: 503 },
        status @ (401 | 403 | 404) => {
            let what = match status {
                401 => "it wants a login",
                403 => "it forbids access",
                _ => "there is nothing at this address",
            };
            Outcome::Failed { why: format!("HTTP {status}: {what}"), refused: true }
        }
        status => Outcome::Failed { why: format!("HTTP {status}"), refused: false },
    }
}

fn wishes(answer: Option<&Answer>, feed: Option<&Feed>) -> Wishes {
    let minutes = |minutes: u32| Duration::from_secs(u64::from(minutes) * 60);
    let ttl = feed.and_then(|feed| feed.ttl.into_iter().chain(feed.update_every).max());
    Wishes {
        freshness: answer.and_then(|answer| answer.freshness),
        retry_after: answer.and_then(|answer| answer.retry_after),
        ttl: ttl.map(minutes),
        skip_hours: feed.map(|feed| feed.skip_hours.clone()).unwrap_or_default(),
        skip_days: feed.map(|feed| feed.skip_days.clone()).unwrap_or_default(),
    }
}

/// Notes a permanent redirect, and adopts it once it has led to a good feed twice, an hour apart.
fn follow(state: &mut SourceState, answer: Option<&Answer>, now: Timestamp) {
    let Some(answer) = answer else { return };
    let permanent = |hop: &&Hop| matches!(hop.status, 301 | 308);
    // Only the permanent redirects before the first temporary one say where the feed lives.
    let Some(hop) = answer.hops.iter().take_while(permanent).last() else {
        if state.moved.as_ref().is_some_and(|moved| !moved.adopted) {
            state.moved = None;
        }
        return;
    };
    let url = hop.to.to_string();
    match &mut state.moved {
        Some(moved) if moved.url == url => {
            moved.adopted = moved.adopted || now - moved.since >= MOVED_AFTER;
        }
        _ => state.moved = Some(Moved { url, since: now, adopted: false }),
    }
}

fn facts(feed: &Feed) -> FeedFacts {
    let plain = |prose: &crate::model::Prose| prose.plain.clone();
    FeedFacts {
        title: feed.title.as_ref().map(plain).filter(|title| !title.is_empty()),
        link: feed.link.clone(),
        self_link: feed.self_link.clone(),
        language: feed.language.clone(),
        rights: feed.rights.as_ref().map(|r| html::plain_line(&r.plain, false)),
        icon: feed.icon.clone(),
        hub: feed.hub.clone(),
    }
}

/// Returns the dates of the newest items, newest first, each once.
fn rhythm(feed: &Feed, now: Timestamp) -> Vec<Timestamp> {
    let dates: HashSet<Timestamp> =
        feed.items.iter().filter_map(|item| item.published).filter(|at| *at <= now).collect();
    let mut dates: Vec<Timestamp> = dates.into_iter().collect();
    dates.sort_unstable_by(|a, b| b.cmp(a));
    dates.truncate(MAX_RHYTHM);
    dates
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
