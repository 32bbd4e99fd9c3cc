//! Changes that concern a source: its state, its name and number, and whether it is paused.

use std::path::PathBuf;
use std::sync::PoisonError;

use super::changes::Changes;
use super::codec::Kind;
use super::journal::Act;
use super::keys::{SourceKey, Tree};
use super::names::Lasting;
use super::record::{Millis, SourceRecord, millis, moment};
use super::{Store, StoreError};
use crate::model::{Address, SourceId, SourceState, Timestamp};

impl Changes<'_> {
    /// Stores a source's state.
    pub fn put_state(&mut self, id: &SourceId, state: &SourceState) -> Result<(), StoreError> {
        // What was noted is older: one poll of a source follows another.
        self.store.noted.take(id);
        self.seal_state(id, state)
    }

    /// Stores states that were noted, at most `limit`; returns whether there were any.
    pub fn put_noted(&mut self, limit: usize) -> Result<bool, StoreError> {
        let noted = self.store.noted.some(limit);
        for (id, state) in &noted {
            self.seal_state(id, state)?;
        }
        let some = !noted.is_empty();
        self.noted.extend(noted);
        Ok(some)
    }

    fn seal_state(&mut self, id: &SourceId, state: &SourceState) -> Result<(), StoreError> {
        let key = self.source_key(id)?;
        // A poll that was under way meanwhile does not know whether the source is paused.
        let lasting = self.store.names().lasting(key);
        let record = SourceRecord::new(key, lasting, state);
        self.seal(Tree::Sources, Kind::Source, id.as_str().as_bytes(), &record)
    }

    /// Gives the items and the state of an earlier source id to `id`.
    pub fn rename_source(
        &mut self,
        was: &SourceId,
        id: &SourceId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let is_renamed = self.move_source(was, id)?;
        if is_renamed {
            let (was, id) = (was.to_string(), id.to_string());
            self.acts.push(Act::Renamed { was, id, at: millis(now) });
        }
        Ok(is_renamed)
    }

    /// The same without a line in the journal.
    pub(super) fn move_source(
        &mut self,
        was: &SourceId,
        id: &SourceId,
    ) -> Result<bool, StoreError> {
        if let Some(noted) = self.store.noted.take(was) {
            self.seal_state(was, &noted)?;
        }
        let earlier = was.as_str().as_bytes();
        let Some(mut record) = self.record::<SourceRecord>(Tree::Sources, Kind::Source, earlier)?
        else {
            return Ok(false);
        };
        if !record.earlier.iter().any(|known| known == was.as_str()) {
            record.earlier.push(was.to_string());
        }
        self.remove(Tree::Sources, Kind::Source, earlier)?;
        self.seal(Tree::Sources, Kind::Source, id.as_str().as_bytes(), &record)?;
        let mut names = self.store.names.write().unwrap_or_else(PoisonError::into_inner);
        names.forget(was);
        names.insert(id, record.key, record.lasting());
        Ok(true)
    }

    /// Pauses a source, or lets it go on.
    pub fn pause_source(
        &mut self,
        id: &SourceId,
        paused: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let since = paused.then(|| millis(now));
        self.put_pause(id, since)?;
        self.acts.push(Act::Paused { source: id.to_string(), since, at: millis(now) });
        Ok(())
    }

    /// The same without a line in the journal.
    pub(super) fn put_pause(
        &mut self,
        id: &SourceId,
        since: Option<Millis>,
    ) -> Result<(), StoreError> {
        let key = self.source_key(id)?;
        let place = id.as_str().as_bytes();
        let known = self.record::<SourceRecord>(Tree::Sources, Kind::Source, place)?;
        if let Some(mut record) = known {
            record.paused = since;
            self.seal(Tree::Sources, Kind::Source, place, &record)?;
        }
        let mut names = self.store.names.write().unwrap_or_else(PoisonError::into_inner);
        names.pause(key, since);
        Ok(())
    }

    /// Applies a line of the journal that renames a source, where it is still to be renamed.
    pub(super) fn replay_rename(&mut self, was: &str, id: &str) -> Result<(), StoreError> {
        if let (Ok(was), Ok(id)) = (SourceId::new(was), SourceId::new(id)) {
            self.move_source(&was, &id)?;
        }
        Ok(())
    }

    /// Returns a source's number, and gives it one if it has none.
    pub(super) fn source_key(&mut self, id: &SourceId) -> Result<SourceKey, StoreError> {
        let known = self.store.names();
        if let Some(key) = known.key(id) {
            return Ok(key);
        }
        drop(known);
        let key = SourceKey::try_from(self.count(b"next_source")?).unwrap_or(SourceKey::MAX);
        self.store.names.write().unwrap_or_else(PoisonError::into_inner).insert(
            id,
            key,
            Lasting::default(),
        );
        // Items need the name beside the number even if no state is ever put: the state of a
        // source that was never polled, and whose address no configuration has.
        let nowhere = SourceState::new(&Address::File(PathBuf::new()), Timestamp::default());
        let record = SourceRecord::new(key, Lasting::default(), &nowhere);
        self.seal(Tree::Sources, Kind::Source, id.as_str().as_bytes(), &record)?;
        Ok(key)
    }
}

impl Store {
    /// Returns since when a source is paused, if it is.
    pub fn paused(&self, id: &SourceId) -> Option<Timestamp> {
        let names = self.names();
        names.key(id).and_then(|key| names.paused(key)).map(moment)
    }

    /// Returns the sources that are paused, with the acts that paused them.
    pub(super) fn pauses(&self) -> Vec<Act> {
        let names = self.names();
        let act = |id: SourceId| {
            let since = names.key(&id).and_then(|key| names.paused(key))?;
            Some(Act::Paused { source: id.to_string(), since: Some(since), at: since })
        };
        names.all().into_iter().filter_map(act).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::testing::{at, open, put, source, story};

    fn pause(store: &Store, name: &str, paused: bool, seconds: i64) {
        let mut changes = store.begin();
        changes.pause_source(&source(name), paused, at(seconds)).unwrap();
        changes.commit().unwrap();
    }

    fn state() -> SourceState {
        SourceState::new(&Address::File(Path::new("feed.xml").into()), at(0))
    }

    #[test]
    fn a_poll_that_was_under_way_does_not_end_a_pause() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        let id = source("a");
        let mut changes = store.begin();
        changes.put_state(&id, &state()).unwrap();
        changes.commit().unwrap();
        pause(&store, "a", true, 7);
        store.note_state(&id, state());
        assert_eq!(store.state(&id).unwrap().unwrap().paused, Some(at(7)));
        let mut changes = store.begin();
        changes.put_noted(9).unwrap();
        changes.put_state(&id, &state()).unwrap();
        changes.commit().unwrap();
        drop(store);
        let (store, _) = open(folder.path());
        assert_eq!(store.paused(&id), Some(at(7)));
        assert_eq!(store.state(&id).unwrap().unwrap().paused, Some(at(7)));
        pause(&store, "a", false, 9);
        assert_eq!(store.paused(&id), None);
    }

    #[test]
    fn a_pause_outlives_a_rename_and_a_lost_database() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = open(folder.path());
        put(&store, &[story("old", "1", 1)]);
        for (name, paused) in [("old", true), ("goes-on", true), ("goes-on", false)] {
            pause(&store, name, paused, 5);
        }
        let mut changes = store.begin();
        assert!(changes.rename_source(&source("old"), &source("new"), at(6)).unwrap());
        changes.commit().unwrap();
        pause(&store, "later", true, 8);
        for is_rewritten in [false, true, true] {
            if is_rewritten {
                store.rewrite_journal().unwrap();
            }
            drop(store);
            std::fs::remove_dir_all(folder.path().join("db")).unwrap();
            store = open(folder.path()).0;
            let paused = ["old", "new", "goes-on", "later"].map(|name| store.paused(&source(name)));
            assert_eq!(paused, [None, Some(at(5)), None, Some(at(8))]);
        }
    }
}
