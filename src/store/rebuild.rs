//! A store whose database was damaged is filled anew from all that is left.
//!
//! First from the newest backup that is whole, then from what the damaged database still gives (a
//! newer version of an item wins), last from the journal, which has the last word on briefs,
//! rulings and the mint. Items that it names and nothing else has come back with their guid and
//! date once their source lists them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::codec::Kind;
use super::intake::Wins;
use super::journal::{self, Act};
use super::keys::Tree;
use super::record::{GuidRecord, Millis, SourceRecord, millis, moment};
use super::renames::Renames;
use super::restore::GROUP_VALUES;
use super::salvage::salvage;
use super::{Options, Store, StoreError, Undecided, archive};
use crate::model::{SourceId, Timestamp};

/// Stands in `meta` while a rebuild is not done: which database was put aside for it.
pub(super) const REBUILDING: &[u8] = b"rebuilding";
/// Stands in `meta` afterwards: what came back.
const REBUILT: &[u8] = b"rebuilt";
/// So long it is told.
const TOLD_FOR: TimeDelta = TimeDelta::days(7);
/// Acts of the journal that are committed at a time.
const GROUP_ACTS: usize = 1_000;

/// What opening found, for the log and the status page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Where a damaged database was moved; `None` where it had opened as an empty one.
    pub put_aside: Option<PathBuf>,
    /// The backup that was read, if one was whole.
    pub backup: Option<PathBuf>,
    /// Items that came back whole.
    pub whole: usize,
    /// Items of which guid and date came back, and the rest when their source lists them.
    pub items: usize,
    /// Briefs that came back.
    pub briefs: usize,
    /// Pins and blocks that came back.
    pub rulings: usize,
    /// Records of the damaged database and lines of the journal that could not be read.
    pub lost: u64,
}

impl Recovery {
    /// Says what came back, in words.
    pub fn words(&self) -> String {
        let Self { whole, items, briefs, rulings, lost, .. } = self;
        let backup = match &self.backup {
            Some(path) => format!("with the backup {}", path.display()),
            None => "without a backup".to_owned(),
        };
        format!(
            "{whole} items whole, {items} by guid and date, {briefs} briefs, {rulings} pins and \
             blocks, {lost} records lost, {backup}"
        )
    }
}

/// What is remembered of a rebuild while it goes on.
#[derive(Serialize, Deserialize)]
pub(super) struct RebuildingRecord {
    /// Where the damaged database lies.
    pub(super) aside: Option<PathBuf>,
}

/// What is remembered of a rebuild.
#[derive(Serialize, Deserialize)]
struct RebuiltRecord {
    at: Millis,
    words: String,
}

impl Store {
    /// Returns the rebuild that was not done, if there is one.
    pub(super) fn unfinished_rebuild(&self) -> Result<Option<RebuildingRecord>, StoreError> {
        self.record(Tree::Meta, Kind::Meta, REBUILDING)
    }

    /// Says when the store was rebuilt and what came back, for some days.
    pub fn rebuilt(&self, now: Timestamp) -> Result<Option<String>, StoreError> {
        let Some(record) = self.record::<RebuiltRecord>(Tree::Meta, Kind::Meta, REBUILT)? else {
            return Ok(None);
        };
        let at = moment(record.at);
        let text = format!("rebuilt {}: {}", at.format("%Y-%m-%dT%H:%M:%SZ"), record.words);
        Ok((now - at < TOLD_FOR).then_some(text))
    }

    /// Fills an empty database, or goes on where a kill ended that.
    pub(super) fn rebuild(
        &self,
        options: &Options<'_>,
        put_aside: Option<PathBuf>,
        now: Timestamp,
    ) -> Result<Recovery, StoreError> {
        let mut recovery = Recovery { put_aside, ..Recovery::default() };
        // DURABILITY: whatever a kill leaves is known to be unfinished.
        let mut changes = self.begin();
        let rebuilding = RebuildingRecord { aside: recovery.put_aside.clone() };
        changes.seal(Tree::Meta, Kind::Meta, REBUILDING, &rebuilding)?;
        changes.commit()?;
        self.reread_names()?;
        recovery.backup = self.fill_from_backups(options.backups);
        self.rename_by_journal()?;
        if let Some(aside) = &recovery.put_aside {
            recovery.lost += self.fill_from_damaged(aside, options.cache)?;
        }
        recovery.lost += self.replay_journal()?;
        self.read_anew()?;
        self.tell(&mut recovery, now)?;
        Ok(recovery)
    }

    /// Takes in the newest backup that is whole, and returns which.
    fn fill_from_backups(&self, folder: Option<&Path>) -> Option<PathBuf> {
        let found = folder.map(backups_in);
        for path in found.into_iter().flatten() {
            let whole = archive::verify(&path).map_err(Into::into);
            match whole.and_then(|_| self.fill(&path, Wins::Newer, &mut |_| {})) {
                Ok(_) => return Some(path),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "a backup is of no use to rebuild the store from");
                }
            }
        }
        None
    }

    /// Renames sources that a backup knows by an earlier name.
    fn rename_by_journal(&self) -> Result<(), StoreError> {
        let path = self.folder.join("journal.jsonl");
        let unread = |source| StoreError::Io { what: format!("read {}", path.display()), source };
        for (was, id) in Renames::read(&path).map_err(unread)?.into_iter() {
            let (Ok(was), Ok(id)) = (SourceId::new(was), SourceId::new(id)) else { continue };
            if self.source_names().values().any(|name| *name == id.as_str()) {
                continue;
            }
            let mut changes = self.begin();
            changes.move_source(&was, &id)?;
            changes.commit()?;
        }
        Ok(())
    }

    /// Takes in what a damaged database gives, and returns how much it does not.
    fn fill_from_damaged(&self, database: &Path, cache: u64) -> Result<u64, StoreError> {
        let mut changes = self.begin();
        let salvaged = salvage(database, cache, Arc::clone(&self.lock), &mut |portable| {
            changes.take_in(portable, Wins::Newer)?;
            if changes.len() >= GROUP_VALUES {
                std::mem::replace(&mut changes, self.begin()).commit()?;
            }
            Ok(())
        })?;
        changes.commit()?;
        tracing::info!(read = salvaged.read, lost = salvaged.lost, "read in the damaged database");
        Ok(salvaged.lost)
    }

    /// Applies the journal, and returns how many of its lines cannot be read.
    fn replay_journal(&self) -> Result<u64, StoreError> {
        let path = self.folder.join("journal.jsonl");
        let unread = |source| StoreError::Io { what: format!("read {}", path.display()), source };
        let mut renames = Renames::read(&path).map_err(unread)?;
        let mut acts: Vec<Act> = Vec::new();
        let mut failure = None;
        let lost = journal::replay(&path, |act| {
            acts.push(renames.follow(act));
            if acts.len() >= GROUP_ACTS && failure.is_none() {
                failure = self.replay_some(std::mem::take(&mut acts)).err();
            }
        });
        let lost = lost.map_err(unread)?;
        if let Some(error) = failure {
            return Err(error);
        }
        self.replay_some(acts)?;
        Ok(lost)
    }

    fn replay_some(&self, acts: Vec<Act>) -> Result<(), StoreError> {
        let mut changes = self.begin();
        acts.into_iter().try_for_each(|act| changes.replay(act))?;
        changes.commit()
    }

    /// Has every source read whole at its next poll: what came back of an item may be older than
    /// the document that was read last.
    fn read_anew(&self) -> Result<(), StoreError> {
        let mut changes = self.begin();
        for entry in self.walk(self.tree(Tree::Sources).iter()) {
            let (key, value) = entry?;
            let mut record: SourceRecord =
                self.decode(Tree::Sources, Kind::Source, &key, &value)?;
            record.read_anew();
            changes.seal(Tree::Sources, Kind::Source, &key, &record)?;
            if changes.len() >= GROUP_VALUES {
                std::mem::replace(&mut changes, self.begin()).commit()?;
            }
        }
        changes.commit()
    }

    /// Counts what came back, and remembers it.
    fn tell(&self, recovery: &mut Recovery, now: Timestamp) -> Result<(), StoreError> {
        recovery.whole = self.tree(Tree::Items).len();
        recovery.briefs = self.tree(Tree::Briefs).len();
        recovery.rulings = self.tree(Tree::Rulings).len();
        for entry in self.tree(Tree::Guids) {
            let (key, value) = entry?;
            let record: GuidRecord = self.decode(Tree::Guids, Kind::Guid, &key, &value)?;
            recovery.items += usize::from(record.item.is_none() && !record.retired);
        }
        let record = RebuiltRecord { at: millis(now), words: recovery.words() };
        let mut changes = self.begin();
        changes.seal(Tree::Meta, Kind::Meta, REBUILT, &record)?;
        changes.put_undecided(&Undecided { all: true, ..Undecided::default() })?;
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        changes.put_group(journal.extent().1);
        drop(journal);
        changes.remove(Tree::Meta, Kind::Meta, REBUILDING)?;
        changes.commit()
    }
}

/// Returns the backups of a directory that have a name of ours, newest first.
fn backups_in(folder: &Path) -> Vec<PathBuf> {
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let is_lines = path.extension().is_some_and(|extension| extension == "jsonl");
        is_lines && name.is_some_and(|name| name.starts_with("briefwire-"))
    };
    let found: io::Result<Vec<PathBuf>> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect());
    // A directory that is not there holds none.
    let mut found: Vec<PathBuf> = found.unwrap_or_default();
    found.retain(is_ours);
    found.sort();
    found.reverse();
    found
}
