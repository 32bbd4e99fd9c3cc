//! Items and briefs put together: the indexes in memory, and what a change of either means.
//!
//! The writer's own; a pure function of the store but for the changes that are being gathered.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use url::Url;

use super::articles::Fetched;
use super::queue::Queue;
use crate::config::Matching;
use crate::enrich::{Article, Measure, extract};
use crate::matching::{Basis, Case, Index, Recent, Rulings, Traits};
use crate::model::{
    Asked, Brief, BriefId, Decision, ItemId, ItemText, Placement, Section, Source, Story, Timestamp,
};
use crate::store::{Changes, Store, StoreError};
use crate::text::html;

/// Words of an article that items are matched by; reports say first what they are about.
const MAX_ARTICLE_WORDS: usize = 300;
/// Items a brief can be on and still be updated at once.
const MAX_WITH_BRIEF: usize = 10_000;

/// What matching knows.
pub(super) struct Desk {
    basis: Basis,
    index: Index,
    rulings: Rulings,
    recent: Recent,
    settings: Matching,
    waiting: BTreeSet<(Timestamp, ItemId)>,
}

impl Desk {
    /// Reads briefs, rulings and recent items from the store.
    pub(super) fn load(
        store: &Store,
        settings: Matching,
        queue: &Queue,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        queue.clear();
        let (basis, most) = (Basis::ignoring(&settings.ignore_parameters), settings.recent_items);
        let mut desk = Self {
            index: Index::with(settings.threshold, basis.clone()),
            rulings: Rulings::default(),
            basis: basis.clone(),
            recent: Recent::with(basis.clone()).holding(most),
            settings,
            waiting: BTreeSet::new(),
        };
        for stored in store.briefs() {
            desk.index.insert(&stored?.brief);
        }
        for ruling in store.rulings()? {
            desk.rulings.set(&ruling.item.to_string(), &ruling.brief, Some(ruling.pinned));
        }
        let age = TimeDelta::from_std(desk.settings.recent).unwrap_or(TimeDelta::days(7));
        for (placed, traits) in recent_items(store, &store.since(now - age, most)?, &basis)? {
            queue.refill(placed.id, placed.asked, placed.made);
            desk.place(placed, traits);
        }
        Ok(desk)
    }

    fn case<'c>(&'c self, on: Option<&'c BriefId>, now: Timestamp) -> Case<'c> {
        Case { on, ..Case::new(&self.rulings, now) }
    }

    /// Decides on a new or changed item, and sets when subscribers see it.
    pub(super) fn settle(&mut self, story: &mut Story, now: Timestamp) {
        let decision = self.index.decide(&item_text(story), &self.case(story.brief.as_ref(), now));
        apply(story, decision);
        if let Placement::Shown(since) = story.placement
            && since >= whole_seconds(now)
            && story.brief.is_none()
            && !self.settings.wait.is_zero()
            && story.first_seen == whole_seconds(now)
        {
            let wait = TimeDelta::from_std(self.settings.wait).unwrap_or(TimeDelta::zero());
            story.placement = Placement::Waiting(now + wait);
        }
        if matches!(story.placement, Placement::Waiting(_)) && story.brief.is_some() {
            story.placement = Placement::Shown(whole_seconds(now));
        }
        self.remember(story);
    }

    /// Lets a new item join the story that a recent one told first, and returns that one as it is
    /// from then on.
    pub(super) fn join(
        &mut self,
        changes: &mut Changes<'_>,
        story: &mut Story,
        now: Timestamp,
    ) -> Result<Option<Story>, StoreError> {
        if story.placement == Placement::Held {
            return Ok(None);
        }
        let Some(kin) = self.recent.kin(&item_text(story)) else { return Ok(None) };
        let Some(mut leader) = changes.story(kin.leader)? else { return Ok(None) };
        // One that nobody sees yet would take the place of one that somebody has seen.
        let is_seen = matches!(leader.placement, Placement::Shown(_));
        if !is_seen || !leader.admit(story) {
            return Ok(None);
        }
        leader.changed = whole_seconds(now);
        changes.put_story(&leader, now)?;
        self.recent.join(story.id, leader.id);
        Ok(Some(leader))
    }

    /// Decides by other settings from now on; what is decided stays. Returns whether what is
    /// stored has to be read anew for them.
    #[must_use]
    pub(super) fn follow(&mut self, settings: Matching) -> bool {
        let is_stale = settings.ignore_parameters != self.settings.ignore_parameters
            || settings.recent_items != self.settings.recent_items;
        self.index.require(settings.threshold);
        self.settings = settings;
        is_stale
    }

    /// Takes a brief in and returns the items it may concern.
    pub(super) fn put(&mut self, brief: &Brief, earlier: Option<&Brief>) -> Vec<ItemId> {
        self.index.insert(brief);
        let mut items: BTreeSet<ItemId> = self.recent.concerned(brief).into_iter().collect();
        items.extend(earlier.map(|earlier| self.recent.concerned(earlier)).unwrap_or_default());
        items.into_iter().collect()
    }

    /// Takes a brief out and returns the items it may have stood in the way of.
    pub(super) fn remove(&mut self, brief: &Brief) -> Vec<ItemId> {
        self.index.remove(&brief.id);
        self.recent.concerned(brief)
    }

    pub(super) fn rule(&mut self, item: ItemId, brief: &BriefId, pinned: Option<bool>) {
        self.rulings.set(&item.to_string(), brief, pinned);
    }

    /// Returns whether an item is pinned to a brief (`Some(true)`) or blocked from it.
    pub(super) fn ruling(&self, item: ItemId, brief: &BriefId) -> Option<bool> {
        self.rulings.get(&item.to_string(), brief)
    }

    /// Decides again on stored items, and writes those that differ.
    ///
    /// `edited` is a brief that was put: items that keep it are published anew.
    pub(super) fn review(
        &mut self,
        changes: &mut Changes<'_>,
        items: impl IntoIterator<Item = ItemId>,
        edited: Option<Edited<'_>>,
        now: Timestamp,
    ) -> Result<Vec<Story>, StoreError> {
        let mut differing = Vec::new();
        let (edited, sections) = edited.map(|edited| (edited.brief, edited.sections)).unzip();
        let sections = sections.unwrap_or_default();
        for id in items {
            let Some(before) = changes.story(id)? else { continue };
            let mut story = before.clone();
            let edited_here = edited.is_some() && before.brief.as_ref() == edited;
            let case = Case { edited: edited_here, ..self.case(before.brief.as_ref(), now) };
            let decision = self.index.decide(&item_text(&story), &case);
            let expired = |id| self.index.is_expired(id, now);
            if decision.brief.is_none() && story.brief.as_ref().is_some_and(expired) {
                continue;
            }
            apply(&mut story, decision);
            if matches!(story.placement, Placement::Waiting(_)) && story.brief.is_some() {
                story.placement = Placement::Shown(whole_seconds(now));
            }
            let keeps_edited = edited.is_some() && story.brief.as_ref() == edited;
            if story == before && !keeps_edited {
                continue;
            }
            if story.brief != before.brief || keeps_edited {
                story.changed = whole_seconds(now);
            }
            let edited_on_it = if keeps_edited && edited_here { sections } else { &[] };
            story.corrected(&before, edited_on_it, whole_seconds(now));
            changes.put_story(&story, now)?;
            self.remember(&story);
            differing.push(story);
        }
        Ok(differing)
    }

    /// Takes in an article, or that there is none, and shows an item that waited for it.
    pub(super) fn take_article(
        &mut self,
        changes: &mut Changes<'_>,
        fetched: Fetched,
        now: Timestamp,
    ) -> Result<Option<Story>, StoreError> {
        let Some(before) = changes.story(fetched.item)? else { return Ok(None) };
        let mut story = before.clone();
        // What was read for an earlier version says nothing of this one.
        if fetched.article.is_some() && story.content == fetched.content {
            story.article = fetched.article;
            if !story.has_text_of(&before) {
                (story.generated, story.asked) = (None, None);
            }
            story.summary = fetched.summary;
            story.key_terms = fetched.key_terms;
            let decision =
                self.index.decide(&item_text(&story), &self.case(before.brief.as_ref(), now));
            apply(&mut story, decision);
        }
        if matches!(story.placement, Placement::Waiting(_)) {
            story.placement = Placement::Shown(whole_seconds(now));
        }
        if story == before {
            return Ok(None);
        }
        story.changed = whole_seconds(now);
        changes.put_story(&story, now)?;
        self.remember(&story);
        Ok(Some(story))
    }

    /// Shows the items whose wait for a brief is over.
    pub(super) fn release(
        &mut self,
        changes: &mut Changes<'_>,
        now: Timestamp,
    ) -> Result<Vec<Story>, StoreError> {
        let mut shown = Vec::new();
        while let Some((_, id)) = self.waiting.first().copied().filter(|(until, _)| *until <= now) {
            self.waiting.pop_first();
            let Some(mut story) = changes.story(id)? else { continue };
            if matches!(story.placement, Placement::Waiting(_)) {
                story.placement = Placement::Shown(whole_seconds(now));
                story.changed = whole_seconds(now);
                changes.put_story(&story, now)?;
                shown.push(story);
            }
        }
        Ok(shown)
    }

    /// Returns the recent items, and those that somebody has ruled on.
    pub(super) fn known_items(&self, store: &Store) -> Result<Vec<ItemId>, StoreError> {
        let mut items: BTreeSet<ItemId> = self.recent.items().into_iter().collect();
        items.extend(store.rulings()?.into_iter().map(|ruling| ruling.item));
        Ok(items.into_iter().collect())
    }

    /// Returns whether an item waits for a brief.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Returns the items that a brief is on.
    pub(super) fn items_with(store: &Store, brief: &BriefId) -> Result<Vec<ItemId>, StoreError> {
        let stories = store.stories_with(brief, MAX_WITH_BRIEF)?;
        Ok(stories.into_iter().map(|story| story.id).collect())
    }

    pub(super) fn forget_old(&mut self, now: Timestamp) {
        let age = TimeDelta::from_std(self.settings.recent).unwrap_or(TimeDelta::days(7));
        self.recent.forget_before(now - age);
    }

    /// Returns how many briefs and recent items it holds.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.index.len(), self.recent.len())
    }

    fn remember(&mut self, story: &Story) {
        self.place(Placed::of(story), Traits::of(&item_text(story), &self.basis));
    }

    fn place(&mut self, placed: Placed, traits: Traits) {
        self.recent.insert(placed.id, traits, placed.at);
        if let Some(leader) = placed.leader {
            self.recent.join(placed.id, leader);
        }
        self.waiting.extend(placed.until.map(|until| (until, placed.id)));
    }
}

/// A brief that was put, and how it differs from its last version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edited<'e> {
    pub(super) brief: &'e BriefId,
    /// None where it is new.
    pub(super) sections: &'e [Section],
}

/// When an item was shown, or until when it waits.
#[derive(Clone, Copy)]
struct Placed {
    id: ItemId,
    at: Timestamp,
    until: Option<Timestamp>,
    leader: Option<ItemId>,
    asked: Option<Asked>,
    /// The key of what a language model said of it.
    made: Option<u128>,
}

impl Placed {
    fn of(story: &Story) -> Self {
        let (at, until) = match story.placement {
            Placement::Shown(since) => (since.max(story.published), None),
            Placement::Held => (story.published, None),
            Placement::Waiting(until) => (story.published, Some(until)),
        };
        let made = story.generated.as_ref().map(|generated| generated.key);
        Self { id: story.id, at, until, leader: story.leader, asked: story.asked, made }
    }
}

/// Reads items and what they can be found by, in their order, on all cores: a start waits for it.
fn recent_items(
    store: &Store,
    ids: &[ItemId],
    basis: &Basis,
) -> Result<Vec<(Placed, Traits)>, StoreError> {
    let read = |ids: &[ItemId]| -> Result<Vec<(Placed, Traits)>, StoreError> {
        let mut found = Vec::new();
        for id in ids {
            let Some(item) = store.story(*id)? else { continue };
            found.push((Placed::of(&item), Traits::of(&item_text(&item), basis)));
        }
        Ok(found)
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = ids.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let readers: Vec<_> =
            ids.chunks(share).map(|part| scope.spawn(move || read(part))).collect();
        let mut found = Vec::with_capacity(ids.len());
        for reader in readers {
            let part = reader.join().unwrap_or_else(|_panic| {
                let source = std::io::Error::other("reading an item panicked");
                Err(StoreError::Io { what: "read the recent items".to_owned(), source })
            });
            found.extend(part?);
        }
        Ok(found)
    })
}

fn apply(story: &mut Story, decision: Decision) {
    story.brief = decision.brief;
    story.method = decision.method;
    // Two decimals is what is printed; the rest would make changes that nobody can see.
    story.score = libm::round(decision.score * 100.0) / 100.0;
    story.evidence = decision.evidence;
}

/// Returns what matching reads of a stored item.
pub(super) fn item_text(story: &Story) -> ItemText {
    ItemText {
        item: story.id.to_string(),
        source: Some(story.source.clone()),
        guid: Some(story.guid.clone()),
        title: story.title.clone(),
        lead: said(story),
        link: story.url.clone(),
        published: Some(story.published),
        lang: story.lang.clone(),
    }
}

/// Returns what the feed says of an item, and the beginning of its article.
fn said(story: &Story) -> String {
    let lead = html::plain(story.lead.as_deref().unwrap_or(&story.html));
    match &story.article {
        Some(article) => {
            let article = html::plain(article);
            let words = article.split_whitespace().take(MAX_ARTICLE_WORDS);
            format!("{lead}\n{}", words.collect::<Vec<_>>().join(" "))
        }
        None => lead,
    }
}

/// Extracts a brief for an item whose text is new; the names of its publisher are no key terms.
pub(super) fn enrich(story: &mut Story, measure: Measure, publisher: &[String]) {
    let text = text_of(story);
    let publisher: Vec<&str> = publisher.iter().map(String::as_str).collect();
    let categories: Vec<&str> = story.categories.iter().map(String::as_str).collect();
    let article = Article {
        lang: story.lang.as_deref(),
        publisher: &publisher,
        categories: &categories,
        ..Article::new(&story.title, &text)
    };
    let extracted = extract(&article, measure);
    story.summary = extracted.summary;
    story.key_terms = extracted.key_terms;
}

/// Returns the longest plain text that there is of an item.
pub(super) fn text_of(story: &Story) -> String {
    let text = html::plain(story.article.as_deref().unwrap_or(&story.html));
    let lead = || story.lead.as_deref().map(html::plain).unwrap_or_default();
    if text.trim().is_empty() { lead() } else { text }
}

/// Returns the names that a source's publisher goes by: its feed's title, ours for it, and the
/// telling part of its host.
pub(super) fn publisher(source: &Source, title: Option<&str>, link: Option<&str>) -> Vec<String> {
    let url = link.and_then(|link| Url::parse(link).ok());
    let labels = url.as_ref().and_then(Url::host_str).unwrap_or_default().split('.');
    let host = labels.max_by_key(|label| label.len()).map(str::to_owned);
    let titles = title.map(str::to_owned).into_iter().chain(source.title.clone());
    titles.chain(host).filter(|name| !name.is_empty()).collect()
}

/// Published times have no fractions.
pub(super) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}
