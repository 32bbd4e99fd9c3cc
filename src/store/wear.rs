//! The journal, written anew once most of it is dead: earlier versions of briefs, rulings and pauses that
//! were taken back, items that nobody will list again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::PoisonError;

use super::codec::Kind;
use super::journal::{self, Act};
use super::keys::{self, Tree};
use super::record::{GuidRecord, VersionRecord};
use super::renames::Renames;
use super::{Store, StoreError};
use crate::model::{ItemId, SourceId};

/// A short journal is left alone.
const MIN_ACTS: u64 = 10_000;

/// What the last act on a brief, a brief and an item, or a source's pause is known by.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Subject {
    Mint,
    Brief(String),
    Ruling(String, String),
    Pause(String),
}

impl Subject {
    fn of(act: &Act) -> Option<Self> {
        match act {
            Act::Minted(_) => Some(Self::Mint),
            Act::Put { brief, .. } => Some(Self::Brief(brief.id().to_owned())),
            Act::Removed { brief, .. } => Some(Self::Brief(brief.clone())),
            Act::Ruled { item, brief, .. } => Some(Self::Ruling(item.clone(), brief.clone())),
            Act::Paused { source, .. } => Some(Self::Pause(source.clone())),
            Act::Shown { .. } | Act::Retired { .. } | Act::Renamed { .. } | Act::Group { .. } => {
                None
            }
        }
    }
}

impl Store {
    /// Returns whether more than half of the journal is dead.
    pub fn journal_is_worn(&self) -> bool {
        let (acts, ..) = self.extent();
        let counts = self.counts.get();
        let trees = [Tree::Items, Tree::Guids, Tree::Briefs, Tree::Rulings];
        let alive: u64 = trees.iter().map(|tree| counts.of(*tree)).sum();
        acts > MIN_ACTS.max(2 * alive)
    }

    /// Writes the journal anew without what is dead, beside the writer; returns how many lines
    /// there were and are.
    ///
    /// Of a brief or a ruling the last act stays, a removal too: it says that what an older backup
    /// holds is gone. What the journal has lost and the database knows is added.
    pub fn rewrite_journal(&self) -> Result<(u64, u64), StoreError> {
        let path = self.folder.join("journal.jsonl");
        let renewed = self.folder.join("journal.jsonl.new");
        let at = |source| StoreError::Io { what: format!("write {}", renewed.display()), source };
        // What was appended by now is in the database too: no group is on its way.
        let (before, group, length) = {
            let _alone = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
            self.extent()
        };
        let mut last: HashMap<Subject, u64> = HashMap::new();
        read(&path, length, |number, act| {
            last.extend(Subject::of(&act).map(|subject| (subject, number)));
            Ok(())
        })?;
        let mut file = BufWriter::new(File::create(&renewed).map_err(at)?);
        let mut renames = Renames::read(&path).map_err(at)?;
        read(&path, length, |number, act| match Subject::of(&act) {
            Some(subject) if last.get(&subject) == Some(&number) => {
                journal::write_line(&mut file, &act).map_err(at)
            }
            Some(_) => Ok(()),
            None => match self.still_alive(renames.follow(act))? {
                Some(act) => journal::write_line(&mut file, &act).map_err(at),
                None => Ok(()),
            },
        })?;
        self.add_missing(&last, &mut file)?;
        journal::write_line(&mut file, &Act::Group { number: group }).map_err(at)?;
        file.into_inner().map_err(|error| at(error.into_error()))?.sync_all().map_err(at)?;
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.replace(&path, &renewed, length).map_err(at)?;
        Ok((before, journal.extent().0))
    }

    fn extent(&self) -> (u64, u64, u64) {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).extent()
    }

    /// Returns the line of an item as it would be written now, if anything is left of the item.
    fn still_alive(&self, act: Act) -> Result<Option<Act>, StoreError> {
        let (item, source, guid, first_seen, published, retired) = match act {
            Act::Shown { item, source, guid, first_seen, published, retired } => {
                (item, source, guid, first_seen, published, retired)
            }
            Act::Renamed { .. } => return Ok(Some(act)),
            // That retention took an item stands in the item's own line.
            _ => return Ok(None),
        };
        let Some(id) = ItemId::parse(&item) else { return Ok(None) };
        let is_there = self.tree(Tree::ById).contains_key(keys::by_id(id))?;
        let key = SourceId::new(source.as_str()).ok().and_then(|id| self.source_key(&id));
        let place = key.zip(ItemId::parse(&guid)).map(|(key, hash)| keys::guid(key, hash.0));
        let record = match place {
            Some(place) => self.record::<GuidRecord>(Tree::Guids, Kind::Guid, &place)?,
            None => None,
        };
        let retired = record.as_ref().map_or(retired && !is_there, |record| record.retired);
        let act = Act::Shown { item, source, guid, first_seen, published, retired };
        Ok((is_there || record.is_some()).then_some(act))
    }

    /// Adds the acts that stand in the database alone.
    fn add_missing(
        &self,
        known: &HashMap<Subject, u64>,
        file: &mut impl Write,
    ) -> Result<(), StoreError> {
        let at = |source| StoreError::Io { what: "write the journal anew".to_owned(), source };
        let mut add = |act: Act| -> Result<(), StoreError> {
            if Subject::of(&act).is_some_and(|subject| known.contains_key(&subject)) {
                return Ok(());
            }
            journal::write_line(file, &act).map_err(at)
        };
        add(Act::Minted(self.mint.clone().into()))?;
        for entry in self.walk(self.tree(Tree::Briefs).iter()) {
            let (key, value) = entry?;
            let version: VersionRecord = self.decode(Tree::Briefs, Kind::Brief, &key, &value)?;
            let VersionRecord { brief, origin, stored, .. } = version;
            add(Act::Put { brief: Box::new(brief), origin, at: stored })?;
        }
        for ruling in self.rulings()? {
            let (item, brief) = (ruling.item.to_string(), ruling.brief.to_string());
            add(Act::Ruled { item, brief, pinned: Some(ruling.pinned), at: 0 })?;
        }
        self.pauses().into_iter().try_for_each(add)?;
        Ok(())
    }
}

/// Reads the first `length` bytes of a journal, each line with its number.
fn read(
    path: &Path,
    length: u64,
    mut each: impl FnMut(u64, Act) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let at =
        |source: io::Error| StoreError::Io { what: format!("read {}", path.display()), source };
    let mut number = 0;
    let mut failure = None;
    journal::replay_part(path, (0, length), |act| {
        number += 1;
        if failure.is_none() {
            failure = each(number, act).err();
        }
    })
    .map_err(at)?;
    failure.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::model::{Brief, BriefId, BriefOrigin};
    use crate::store::testing::{at, open, put, source, story};
    use crate::store::{Kept, journal};

    #[test]
    fn a_journal_that_is_written_anew_says_the_same_in_fewer_lines() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        let id = |name: &str| BriefId::new(name).unwrap();
        let items = [story("a", "1", 1), story("a", "2", 2)];
        put(&store, &items);
        for round in 0..50 {
            let mut changes = store.begin();
            let brief = Brief::new(id("kept"), "Title", format!("Version {round}."));
            changes.put_brief(&brief, &BriefOrigin::Api, at(round)).unwrap();
            changes
                .put_brief(&Brief::new(id("gone"), "T", "S."), &BriefOrigin::Api, at(0))
                .unwrap();
            changes.remove_brief(&id("gone"), at(round)).unwrap();
            changes.rule(items[0].id, &id("kept"), Some(round % 2 == 0), at(round));
            changes.commit().unwrap();
        }
        let (before, after) = store.rewrite_journal().unwrap();
        assert_eq!((before, after), (203, 6));
        // Appending goes on in the new file.
        put(&store, &[story("a", "3", 3)]);
        let mint = store.mint().clone();
        drop(store);
        let path = folder.path().join("journal.jsonl");
        let mut lines = 0;
        assert_eq!(journal::replay(&path, |_| lines += 1).unwrap(), 0);
        assert_eq!(lines, 9, "two of them end groups");

        std::fs::remove_dir_all(folder.path().join("db")).unwrap();
        let (store, recovery) = open(folder.path());
        assert_eq!(recovery.unwrap().items, 3);
        assert_eq!(*store.mint(), mint);
        assert_eq!(store.brief(&id("kept")).unwrap().unwrap().brief.summary, "Version 49.");
        assert_eq!(store.brief(&id("gone")).unwrap(), None);
        assert_eq!(store.rulings().unwrap().iter().map(|r| r.pinned).collect::<Vec<_>>(), [false]);
    }

    #[test]
    fn what_the_journal_has_lost_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        let brief = Brief::new(BriefId::new("b").unwrap(), "Title", "Summary.");
        let mut changes = store.begin();
        changes.put_brief(&brief, &BriefOrigin::Api, at(5)).unwrap();
        changes.commit().unwrap();
        drop(store);
        std::fs::write(folder.path().join("journal.jsonl"), b"").unwrap();
        let (store, _) = open(folder.path());
        store.rewrite_journal().unwrap();
        drop(store);
        std::fs::remove_dir_all(folder.path().join("db")).unwrap();
        let (store, _) = open(folder.path());
        assert_eq!(store.brief(&brief.id).unwrap().unwrap().brief, brief);
    }

    #[test]
    fn items_of_a_renamed_source_are_known_in_a_rebuilt_store() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        put(&store, &[story("old", "1", 1), story("old", "2", 2)]);
        let mut changes = store.begin();
        assert!(changes.rename_source(&source("old"), &source("new"), at(3)).unwrap());
        let kept = Kept { max_age: TimeDelta::days(9), per_source: 1, items: 9 };
        changes.commit().unwrap();
        let mut changes = store.begin();
        assert_eq!(changes.retire(&source("new"), true, (&kept, 9), at(4)).unwrap().items, 1);
        changes.commit().unwrap();
        let mut store = store;
        for _ in 0..2 {
            store.rewrite_journal().unwrap();
            drop(store);
            std::fs::remove_dir_all(folder.path().join("db")).unwrap();
            store = open(folder.path()).0;
            let known = |guid| store.known(&source("new"), guid).unwrap().unwrap();
            assert_eq!(known("2").id, story("old", "2", 2).id);
            assert!(known("1").is_retired && !known("2").is_retired);
        }
    }
}
