//! What a person, or a program on a person's behalf, asks of the writer: briefs, pins, blocks,
//! pauses.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::desk::Edited;
use super::group::Group;
use super::writer::Writer;
use crate::briefs;
use crate::model::{
    Brief, BriefId, BriefOrigin, Command, CommandError, Expected, ItemId, Reply, Section, SourceId,
    Timestamp,
};
use crate::store::{Store, StoreError, Undecided};

/// Items that are decided on again in one group.
const REVIEWED: usize = 200;

impl Writer {
    /// Decides on items for what has come into the store without them: a kill came in between, or
    /// the database was rebuilt.
    pub(super) fn catch_up(&mut self) {
        let store = Arc::clone(&self.setup.store);
        if let Err(error) = self.try_catch_up(&store) {
            self.finish(Group::new(&store), Some(error));
        }
    }

    fn try_catch_up(&mut self, store: &Arc<Store>) -> Result<(), StoreError> {
        let (undecided, now) = (store.undecided()?, (self.setup.clock)());
        if undecided == Undecided::default() {
            return Ok(());
        }
        let all = if undecided.all { self.desk.known_items(store)? } else { Vec::new() };
        for items in all.chunks(REVIEWED) {
            let mut group = Group::new(store);
            self.decide(&mut group, items.iter().copied(), None, now)?;
            self.finish(group, None);
        }
        let mut group = Group::new(store);
        for id in &undecided.briefs {
            let items = self.items_of(store, id, &group)?;
            self.decide(&mut group, items, Some(Edited { brief: id, sections: &[] }), now)?;
        }
        group.changes.decided()?;
        self.finish(group, None);
        Ok(())
    }

    fn decide(
        &mut self,
        group: &mut Group<'_>,
        items: impl IntoIterator<Item = ItemId>,
        edited: Option<Edited<'_>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for story in self.desk.review(&mut group.changes, items, edited, now)? {
            group.note(&story);
        }
        Ok(())
    }

    fn items_of(
        &mut self,
        store: &Store,
        id: &BriefId,
        group: &Group<'_>,
    ) -> Result<BTreeSet<ItemId>, StoreError> {
        let mut items = group.items_with(store, id)?;
        if let Some(stored) = store.brief(id)? {
            items.extend(self.desk.put(&stored.brief, None));
        }
        let ruled = store.rulings()?.into_iter().filter(|ruling| ruling.brief == *id);
        items.extend(ruled.map(|ruling| ruling.item));
        Ok(items)
    }

    pub(super) fn command(
        &mut self,
        store: &Store,
        command: Command,
        group: &mut Group<'_>,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        match command {
            Command::PutBrief { brief, origin, expected } => {
                self.put_brief(store, &brief, (&origin, &expected), (group, now))
            }
            Command::RemoveBrief { brief, origin, expected } => {
                self.remove_brief(store, &brief, (&origin, &expected), (group, now))
            }
            Command::Pin { item, brief } => {
                if self.stored(store, &brief)?.is_none() {
                    return Err(not_found("brief", brief.as_str()));
                }
                self.rule(store, (item, &brief, Some(true)), (group, now))
            }
            Command::Block { item, brief } => {
                self.rule(store, (item, &brief, Some(false)), (group, now))
            }
            Command::Unrule { item, brief, pinned } => {
                if self.desk.ruling(item, &brief) != Some(pinned) {
                    return Ok(Reply::default());
                }
                self.rule(store, (item, &brief, None), (group, now))
            }
            Command::Poll(source) => {
                let asked = self.setup.polls.try_send(source);
                asked.map_err(|_full| Refusal::Command(CommandError::Stopping))?;
                Ok(Reply::default())
            }
            Command::Pause(source) => self.pause(store, &source, true, (group, now)),
            Command::Resume(source) => self.pause(store, &source, false, (group, now)),
        }
    }

    fn pause(
        &self,
        store: &Store,
        source: &SourceId,
        paused: bool,
        (group, now): (&mut Group<'_>, Timestamp),
    ) -> Result<Reply, Refusal> {
        if !self.setup.settings.sources.contains(source) {
            return Err(not_found("source", source.as_str()));
        }
        if store.paused(source).is_some() == paused {
            return Ok(Reply::default());
        }
        group.changes.pause_source(source, paused, now)?;
        group.paused.push(source.clone());
        Ok(Reply { changed: true, ..Reply::default() })
    }

    fn put_brief(
        &mut self,
        store: &Store,
        brief: &Brief,
        (origin, expected): (&BriefOrigin, &Expected),
        (group, now): (&mut Group<'_>, Timestamp),
    ) -> Result<Reply, Refusal> {
        let earlier = self.stored(store, &brief.id)?;
        if let Some((_, owner)) = &earlier {
            refuse_if_owned(&brief.id, owner, origin)?;
        }
        let is_there = |(known, owner): &(Brief, BriefOrigin)| known == brief && owner == origin;
        let is_there = earlier.as_ref().is_some_and(is_there);
        // Who asks again for want of an answer has what was asked for (RFC 9110 13.1.1).
        if !is_there || expected.none_of.is_some() {
            refuse_unless(expected, &brief.id, earlier.as_ref().map(|(known, _)| known))?;
        }
        if is_there {
            return Ok(Reply::default());
        }
        let created = earlier.is_none();
        group.changes.put_brief(brief, origin, now)?;
        let earlier = earlier.map(|(known, _)| known);
        let mut items: BTreeSet<ItemId> =
            self.desk.put(brief, earlier.as_ref()).into_iter().collect();
        items.extend(group.items_with(store, &brief.id)?);
        self.briefs.insert(brief.id.clone(), Some((brief.clone(), origin.clone())));
        let differs = |earlier: &Brief| Section::differing(earlier, brief);
        let sections = earlier.as_ref().map(differs).unwrap_or_default();
        let edited = Edited { brief: &brief.id, sections: &sections };
        Ok(Reply { created, ..self.review(items, Some(edited), (group, now))? })
    }

    fn remove_brief(
        &mut self,
        store: &Store,
        id: &BriefId,
        (origin, expected): (&BriefOrigin, &Expected),
        (group, now): (&mut Group<'_>, Timestamp),
    ) -> Result<Reply, Refusal> {
        let Some((brief, owner)) = self.stored(store, id)? else {
            return Err(not_found("brief", id.as_str()));
        };
        refuse_if_owned(id, &owner, origin)?;
        refuse_unless(expected, id, Some(&brief))?;
        group.changes.remove_brief(id, now)?;
        let mut items: BTreeSet<ItemId> = self.desk.remove(&brief).into_iter().collect();
        items.extend(group.items_with(store, id)?);
        self.briefs.insert(id.clone(), None);
        self.review(items, None, (group, now))
    }

    fn rule(
        &mut self,
        store: &Store,
        (item, brief, pinned): (ItemId, &BriefId, Option<bool>),
        (group, now): (&mut Group<'_>, Timestamp),
    ) -> Result<Reply, Refusal> {
        if store.story(item)?.is_none() {
            return Err(not_found("item", &item.to_string()));
        }
        group.changes.rule(item, brief, pinned, now);
        self.desk.rule(item, brief, pinned);
        self.review([item], None, (group, now))
    }

    fn review(
        &mut self,
        items: impl IntoIterator<Item = ItemId>,
        edited: Option<Edited<'_>>,
        (group, now): (&mut Group<'_>, Timestamp),
    ) -> Result<Reply, Refusal> {
        let mut stories = self.desk.review(&mut group.changes, items, edited, now)?;
        for story in &mut stories {
            group.note(story);
            // One that has lost its brief.
            if self.line_up(story, group, now) {
                group.changes.put_story(story, now)?;
            }
        }
        let items = stories.into_iter().map(|story| story.id).collect();
        Ok(Reply { changed: true, items, ..Reply::default() })
    }

    /// Returns a brief as the group leaves it.
    fn stored(
        &self,
        store: &Store,
        id: &BriefId,
    ) -> Result<Option<(Brief, BriefOrigin)>, StoreError> {
        match self.briefs.get(id) {
            Some(gathered) => Ok(gathered.clone()),
            None => Ok(store.brief(id)?.map(|stored| (stored.brief, stored.origin))),
        }
    }
}

/// Why a command was not carried out.
pub(super) enum Refusal {
    Command(CommandError),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn not_found(what: &'static str, name: &str) -> Refusal {
    Refusal::Command(CommandError::NotFound { what, name: name.to_owned() })
}

/// A file wins over the API for its id, as long as it is there.
fn refuse_if_owned(id: &BriefId, owner: &BriefOrigin, by: &BriefOrigin) -> Result<(), Refusal> {
    match (owner, by) {
        (BriefOrigin::File(file), BriefOrigin::Api) if file.exists() => {
            Err(Refusal::Command(CommandError::OwnedByFile { id: id.clone(), file: file.clone() }))
        }
        _ => Ok(()),
    }
}

/// Decided where the change is made: of two editors who have read one version, one is told so.
fn refuse_unless(expected: &Expected, id: &BriefId, there: Option<&Brief>) -> Result<(), Refusal> {
    if *expected == Expected::default() {
        return Ok(());
    }
    let etag = there.map(briefs::tag);
    if expected.holds(etag.as_deref()) {
        return Ok(());
    }
    Err(Refusal::Command(CommandError::Differs { id: id.clone(), etag }))
}
