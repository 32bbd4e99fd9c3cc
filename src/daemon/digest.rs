//! What one poll found, against what the store knows: new, changed and renamed items, and the
//! source's state.

use std::collections::HashSet;
use std::time::Duration;

use chrono::TimeDelta;

use super::desk;
use super::moving;
use super::pipeline::Line;
use super::readers::Room;
use super::reading::Reading;
use super::threads;
use super::working::News;
use crate::enrich::asked::is_worth_asking;
use crate::fetch::{Answer, Links};
use crate::model::{
    Address, CanonicalUrl, Feed, FeedFacts, ItemId, Outcome, Source, SourceId, SourceState, Story,
    Timestamp, Wishes,
};
use crate::reconcile::{self, Arrival, Draft, Seen, Verdict};
use crate::store::{Known, StoreError};
use crate::text::html;

const MAX_RHYTHM: usize = 20;
const MAX_WARNINGS: usize = 20;
/// Items of one address that are compared under another guid.
const MAX_AT_ADDRESS: usize = 8;

/// A hub tells of an item within this.
const HUB_TAKES: TimeDelta = TimeDelta::minutes(10);

/// What one poll found, ready to be committed.
pub(super) struct Digest {
    pub(super) source: SourceId,
    pub(super) state: SourceState,
    /// Whether the poll before this one failed.
    pub(super) was_failing: bool,
    pub(super) arrival: Arrival,
    pub(super) new: Vec<Story>,
    pub(super) changed: Vec<Story>,
    /// Known items that are listed under another guid now.
    pub(super) renamed: Vec<(Story, String)>,
    /// Whether what documents say of the publisher differs.
    pub(super) facts_changed: bool,
    /// New items that are shown once their articles are there.
    pub(super) awaited: HashSet<ItemId>,
    /// New and changed items that a language model may be asked about.
    pub(super) worth_asking: HashSet<ItemId>,
    /// The guids of a whole document, where it lists others than the one before it.
    pub(super) listed: Option<Vec<String>>,
    /// Room for it in memory, until the writer has taken it in.
    #[expect(dead_code, reason = "it is held, not read")]
    pub(super) room: Room,
}

impl Digest {
    /// Returns what a poll found that brought no items.
    pub(super) fn empty(source: &Source, state: SourceState, now: Timestamp) -> Self {
        let arrival = Arrival {
            first: source.first,
            is_first_poll: false,
            is_file: matches!(source.address, Address::File(_)),
            now,
        };
        Self {
            source: source.id.clone(),
            state,
            was_failing: false,
            arrival,
            new: Vec::new(),
            changed: Vec::new(),
            renamed: Vec::new(),
            facts_changed: false,
            awaited: HashSet::new(),
            worth_asking: HashSet::new(),
            listed: None,
            room: None,
        }
    }

    /// Returns whether there is more to store than that the source was asked.
    pub(super) fn is_news(&self) -> bool {
        let items = self.new.len() + self.changed.len() + self.renamed.len();
        items > 0 || self.facts_changed || self.listed.is_some()
    }

    /// Gives what was found to the id that the source has by now.
    pub(super) fn belong_to(&mut self, id: &SourceId) {
        self.source = id.clone();
        let renamed = self.renamed.iter_mut().map(|(story, _)| story);
        for story in self.new.iter_mut().chain(&mut self.changed).chain(renamed) {
            story.source = id.clone();
        }
    }
}

impl Line {
    /// Compares a feed that was read, and notes what it says of itself.
    pub(super) fn digest(
        &self,
        source: &Source,
        mut state: SourceState,
        reading: &Reading,
        now: Timestamp,
    ) -> Result<Digest, StoreError> {
        let (feed, answer) = (&reading.feed, reading.answer.as_ref());
        let is_first_poll = !state.settled;
        let facts = facts(feed, answer.map(|answer| &answer.links));
        let facts_changed = state.facts != facts;
        state.facts = facts;
        let is_whole = reading.is_whole();
        state.body = is_whole.then_some(reading.hash);
        state.validators = answer.and_then(|answer| answer.validators.clone()).filter(|_| is_whole);
        state.read_whole = Some(now);
        state.settled = true;
        state.rhythm = rhythm(feed, now);
        state.warnings = feed.warnings.iter().take(MAX_WARNINGS).map(ToString::to_string).collect();
        state.wishes = wishes(answer, feed);
        if let Some(answer) = answer {
            moving::follow_redirects(&mut state, answer, now);
        }
        let mut digest = self.compare(source, state, feed, now)?;
        let listed = digest.listed.take().filter(|_| is_whole);
        if let Some(listed) = listed
            && (!digest.new.is_empty() || !self.store.lists(&source.id, &listed)?)
        {
            digest.listed = Some(listed);
        }
        digest.facts_changed = facts_changed;
        digest.arrival.is_first_poll = is_first_poll;
        digest.state.outcome = Some(Outcome::Read {
            items: count(feed.items.len()),
            new: count(digest.new.len()),
            changed: count(digest.changed.len()),
        });
        succeeded(&mut digest.state, now);
        self.schedule(source, &mut digest.state, None, now);
        Ok(digest)
    }

    /// Returns what of a poll concerns hubs.
    pub(super) fn news_in(&self, digest: &Digest) -> Option<News> {
        let works = self.shared.working.has(&digest.source);
        let told_by = (self.clock)() - HUB_TAKES;
        let dates = digest.new.iter().map(|story| story.published).filter(|at| *at < told_by);
        let unannounced = dates.max().filter(|_| works);
        (digest.facts_changed || unannounced.is_some())
            .then(|| News { source: digest.source.clone(), unannounced })
    }

    /// Compares the items of a feed with what is stored, and enriches those that are new or
    /// changed; of a poll's own state it says nothing.
    pub(super) fn compare(
        &self,
        source: &Source,
        state: SourceState,
        feed: &Feed,
        now: Timestamp,
    ) -> Result<Digest, StoreError> {
        let mut digest = Digest::empty(source, state, now);
        let mut dropped = 0_usize;
        let drafts = reconcile::drafts(feed, &source.id, now);
        let listed: Vec<String> = drafts.iter().map(|draft| draft.story.guid.clone()).collect();
        let title = feed.title.as_ref().map(|title| title.plain.as_str());
        let publisher = desk::publisher(source, title, feed.link.as_deref());
        for draft in drafts {
            threads::make_way();
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
            // What retention took does not come back.
            if known.as_ref().is_some_and(|known| known.is_retired) {
                continue;
            }
            let kept = known.as_ref().and_then(|known| known.story.as_deref()).cloned();
            match reconcile::compare(draft, seen.as_ref()) {
                Verdict::Unchanged => {}
                // What was stored once is wanted, whatever the filters have come to say.
                Verdict::New(story)
                    if known.is_none() && !reconcile::passes(&source.filters, &story) =>
                {
                    dropped += 1;
                    continue;
                }
                Verdict::New(mut story) => {
                    if known.is_none() {
                        story.id = self.store.unused_id(&source.id, &guid)?;
                    }
                    desk::enrich(&mut story, self.measure, &publisher);
                    digest.worth_asking.extend(self.worth_asking(&story));
                    digest.new.push(*story);
                    continue;
                }
                Verdict::Changed(mut story) => {
                    desk::enrich(&mut story, self.measure, &publisher);
                    digest.worth_asking.extend(self.worth_asking(&story));
                    digest.changed.push(*story);
                    continue;
                }
            }
            if let Some(story) = kept.filter(|_| another_guid) {
                digest.renamed.push((story, guid));
            }
        }
        if dropped > 0 {
            tracing::debug!(source = %source.id, dropped, "filters dropped items");
        }
        digest.listed = Some(listed);
        Ok(digest)
    }

    /// Returns an item's id if a language model may be asked about it.
    pub(super) fn worth_asking(&self, story: &Story) -> Option<ItemId> {
        let is_worth = || is_worth_asking(&desk::text_of(story), story.lang.as_deref());
        (self.asks && is_worth()).then_some(story.id)
    }

    /// Returns the item of the same source and address that the publisher lists under a new guid.
    fn under_another_guid(
        &self,
        draft: &Draft,
        listed: &[String],
    ) -> Result<Option<Known>, StoreError> {
        let Some(url) = draft.story.url.as_deref().and_then(CanonicalUrl::parse) else {
            return Ok(None);
        };
        let there = self.store.stories_at(&url, MAX_AT_ADDRESS)?;
        let same = there.into_iter().find(|known| {
            known.source == draft.story.source
                && reconcile::is_same_under_another_guid(draft, known, listed)
        });
        Ok(same.map(|story| Known {
            id: story.id,
            published: story.published,
            first_seen: story.first_seen,
            is_retired: false,
            story: Some(Box::new(story)),
        }))
    }
}

pub(super) fn succeeded(state: &mut SourceState, now: Timestamp) {
    state.polled = Some(now);
    state.succeeded = Some(now);
    state.failures = 0;
}

pub(super) fn wishes(answer: Option<&Answer>, feed: &Feed) -> Wishes {
    let ttl = feed.ttl.into_iter().chain(feed.update_every).max();
    Wishes {
        freshness: answer.and_then(|answer| answer.freshness),
        ttl: ttl.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
        skip_hours: feed.skip_hours.clone(),
        skip_days: feed.skip_days.clone(),
    }
}

/// Returns what a document says of itself; what `Link` fields say goes first (WebSub 4).
fn facts(feed: &Feed, links: Option<&Links>) -> FeedFacts {
    let plain = |prose: &crate::model::Prose| prose.plain.clone();
    let linked = |of: fn(&Links) -> &Option<String>| links.and_then(|links| of(links).clone());
    FeedFacts {
        title: feed.title.as_ref().map(plain).filter(|title| !title.is_empty()),
        link: feed.link.clone(),
        self_link: linked(|links| &links.itself).or_else(|| feed.self_link.clone()),
        language: feed.language.clone(),
        rights: feed.rights.as_ref().map(|r| html::plain_line(&r.plain, false)),
        icon: feed.icon.clone(),
        hub: linked(|links| &links.hub).or_else(|| feed.hub.clone()),
    }
}

/// Returns the dates of the newest items, newest first, each once.
pub(super) fn rhythm(feed: &Feed, now: Timestamp) -> Vec<Timestamp> {
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
