//! A store is made anew from a backup, and takes the place of the one in force.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::archive::{self, Archive, BackupError, Summary};
use super::backup::Counts;
use super::codec::Kind;
use super::fence::Lock;
use super::intake::Wins;
use super::journal::{self, Act};
use super::keys::{self, Tree};
use super::portable::Portable;
use super::record::{GuidRecord, ItemRecord, MintRecord, VersionRecord, millis};
use super::switch::{self, Aside, Staging};
use super::{MINT, Options, Store, StoreError};
use crate::model::{ItemId, Placement, Timestamp};

/// Values that are committed at a time.
pub(super) const GROUP_VALUES: usize = 2_000;
/// Lines of the journal that are written at a time.
const GROUP_ACTS: usize = 1_000;

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup held, and the store holds now.
    pub summary: Summary,
    /// Where the store lies that was in force before, if there was one.
    pub replaced: Option<PathBuf>,
}

/// Why nothing was restored; the store in force is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup is not whole.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The store or the disk failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The restored store does not hold what the backup did.
    #[error("{} gave {found:?} instead of {expected:?}; nothing was replaced", file.display())]
    Differs {
        /// The backup.
        file: PathBuf,
        /// What came out of it.
        found: Counts,
        /// What its last line tells.
        expected: Counts,
    },
}

/// Replaces the store of a directory by what a backup holds.
///
/// The backup is read whole before anything is touched. On an error the store is as it was; a
/// kill at any moment leaves the old one or the new one. `lock` is that of the same directory.
pub fn restore(
    options: &Options<'_>,
    lock: Arc<Lock>,
    file: &Path,
    now: Timestamp,
) -> Result<Restored, RestoreError> {
    let summary = archive::verify(file)?;
    switch::finish(options.folder)?;
    let staged = stage(options, lock, file, now);
    if staged.is_err() {
        // What was begun takes room; the next open would remove it too.
        switch::finish(options.folder).ok();
    }
    let replaced = staged?.finish(Aside::Restore, true, now)?;
    if let Err(error) = switch::tidy(options.folder) {
        tracing::warn!(%error, "what earlier restores replaced is not removed");
    }
    Ok(Restored { summary, replaced })
}

/// Makes a store of a backup beside the one in force.
pub(super) fn stage(
    options: &Options<'_>,
    lock: Arc<Lock>,
    file: &Path,
    now: Timestamp,
) -> Result<Staging, RestoreError> {
    let staging = Staging::begin(options.folder, options.cache, lock, now)?;
    let expected = staging.store.fill(file, Wins::Later, &mut |_| {})?.counts;
    let found = staging.store.count();
    if found != expected {
        return Err(RestoreError::Differs { file: file.to_owned(), found, expected });
    }
    staging.store.write_journal(now)?;
    Ok(staging)
}

impl Store {
    /// Takes in all of a backup.
    pub(super) fn fill(
        &self,
        file: &Path,
        wins: Wins,
        tell: &mut dyn FnMut(&Portable),
    ) -> Result<Summary, RestoreError> {
        let mut archive = Archive::open(file)?;
        let mut changes = self.begin();
        while let Some(portable) = archive.next_record()? {
            tell(&portable);
            changes.take_in(portable, wins)?;
            if changes.len() >= GROUP_VALUES {
                std::mem::replace(&mut changes, self.begin()).commit()?;
            }
        }
        changes.commit()?;
        Ok(archive.summary()?)
    }

    /// Writes into an empty journal what this store would be rebuilt from.
    fn write_journal(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = 0;
        self.acts(now, &mut |acts| {
            last = journal.append(acts).map_err(unwritten)?;
            Ok(())
        })?;
        drop(journal);
        let mut changes = self.begin();
        changes.put_group(last);
        // What was filled by this version needs no other's entries made anew.
        changes.put_address_rules();
        changes.commit()
    }

    /// Writes the journal of an open store anew, as its database knows it, up to a group.
    pub(super) fn write_journal_anew(&self, group: u64) -> Result<(), StoreError> {
        let path = self.folder.join("journal.jsonl");
        let renewed = self.folder.join("journal.jsonl.new");
        let mut file = BufWriter::new(File::create(&renewed).map_err(unwritten)?);
        let now = Timestamp::default();
        self.acts(now, &mut |acts| {
            acts.iter().try_for_each(|act| journal::write_line(&mut file, act)).map_err(unwritten)
        })?;
        journal::write_line(&mut file, &Act::Group { number: group }).map_err(unwritten)?;
        let file = file.into_inner().map_err(|error| unwritten(error.into_error()))?;
        file.sync_all().map_err(unwritten)?;
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let (.., length) = journal.extent();
        journal.replace(&path, &renewed, length).map_err(unwritten)
    }

    /// Gives the acts that this store would be rebuilt from, some at a time.
    fn acts(
        &self,
        now: Timestamp,
        each: &mut dyn FnMut(&[Act]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut acts = Vec::new();
        let mint = self.record::<MintRecord>(Tree::Meta, Kind::Meta, MINT)?;
        acts.extend(mint.map(Act::Minted));
        for entry in self.walk(self.tree(Tree::Briefs).iter()) {
            let (key, value) = entry?;
            let version: VersionRecord = self.decode(Tree::Briefs, Kind::Brief, &key, &value)?;
            let VersionRecord { brief, origin, stored, .. } = version;
            acts.push(Act::Put { brief: Box::new(brief), origin, at: stored });
            hand_on(&mut acts, GROUP_ACTS, each)?;
        }
        for ruling in self.rulings()? {
            let (item, brief) = (ruling.item.to_string(), ruling.brief.to_string());
            acts.push(Act::Ruled { item, brief, pinned: Some(ruling.pinned), at: millis(now) });
        }
        acts.extend(self.pauses());
        let names = self.source_names();
        for entry in self.walk(self.tree(Tree::Items).iter()) {
            let (key, value) = entry?;
            let record: ItemRecord = self.decode(Tree::Items, Kind::Item, &key, &value)?;
            let source = names.get(&record.source).cloned();
            if let (Some(source), Placement::Shown(_)) = (source, record.placement()) {
                let guid = keys::hash_of(&record.guid);
                let times = (record.first_seen, record.published);
                acts.push(shown(record.id, (source, guid), times, false));
            }
            hand_on(&mut acts, GROUP_ACTS, each)?;
        }
        for entry in self.walk(self.tree(Tree::Guids).iter()) {
            let (key, value) = entry?;
            let record: GuidRecord = self.decode(Tree::Guids, Kind::Guid, &key, &value)?;
            let Some((source, guid)) = keys::guid_of(&key) else { continue };
            if let (Some(source), None) = (names.get(&source).cloned(), record.item) {
                let times = (record.first_seen, record.published);
                acts.push(shown(record.id, (source, guid), times, record.retired));
            }
            hand_on(&mut acts, GROUP_ACTS, each)?;
        }
        hand_on(&mut acts, 0, each)
    }
}

/// Hands acts on once they are more than `most`.
fn hand_on(
    acts: &mut Vec<Act>,
    most: usize,
    each: &mut dyn FnMut(&[Act]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if acts.len() > most {
        each(acts)?;
        acts.clear();
    }
    Ok(())
}

fn unwritten(source: io::Error) -> StoreError {
    StoreError::Io { what: "write the journal".to_owned(), source }
}

fn shown(
    id: u128,
    (source, guid): (String, u128),
    (first_seen, published): (i64, i64),
    retired: bool,
) -> Act {
    let (item, guid) = (ItemId(id).to_string(), format!("{guid:032x}"));
    Act::Shown { item, source, guid, first_seen, published, retired }
}
