//! What a damaged database still gives.
//!
//! Each step of reading may be an error or a panic inside sled, and the next one may work. What
//! cannot be read is counted and passed over. The reading has a thread of its own: one that
//! hangs is left behind.

use std::ops::Bound;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::codec::Kind;
use super::fence;
use super::keys::{self, Sequence, Tree};
use super::portable::{Portable, RECORDS, Read, Walk};
use super::record::SourceRecord;
use super::{Lock, Store, StoreError};
use crate::telemetry;

/// One step takes no longer on the slowest disk; a database that is being opened may.
const PATIENCE: Duration = Duration::from_mins(5);
/// Records that are read ahead.
const AHEAD: usize = 64;
/// Items are asked for one by one in a stretch that cannot be walked, at most so many.
const MAX_SINGLE: Sequence = 100_000;

/// How much a damaged database gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Salvaged {
    /// Records that were read.
    pub(super) read: u64,
    /// Records, and stretches of them, that were not.
    pub(super) lost: u64,
}

/// Gives every record that can be read in a database to `each`.
///
/// An error is one of `each`; a database that cannot be opened gives nothing.
pub(super) fn salvage(
    database: &Path,
    cache: u64,
    lock: Arc<Lock>,
    each: &mut dyn FnMut(Portable) -> Result<(), StoreError>,
) -> Result<Salvaged, StoreError> {
    if !database.is_dir() {
        return Ok(Salvaged::default());
    }
    let (sender, records) = sync_channel(AHEAD);
    let database = database.to_owned();
    let thread = std::thread::spawn(move || read_all(&database, cache, lock, &sender));
    let mut salvaged = Salvaged::default();
    loop {
        match records.recv_timeout(PATIENCE) {
            Ok(Some(portable)) => {
                salvaged.read += 1;
                each(portable)?;
            }
            Ok(None) => salvaged.lost += 1,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                tracing::warn!("the damaged database does not answer any more");
                salvaged.lost += 1;
                return Ok(salvaged);
            }
        }
    }
    // It has let go of its end; what it panicked by was counted or concerns nothing that was read.
    thread.join().ok();
    Ok(salvaged)
}

/// Records as they are read; `None` stands for one that cannot be.
type Records = SyncSender<Option<Portable>>;

fn read_all(database: &Path, cache: u64, lock: Arc<Lock>, records: &Records) {
    let opened = quietly(|| fence::attempt(database, cache).ok()).flatten();
    let folder = database.parent().unwrap_or(database);
    let store =
        opened.and_then(|db| quietly(|| Store::around(db, database, folder, lock).ok()).flatten());
    let Some(store) = store else { return };
    // What is found to be damaged now is known.
    *store.damage.lock().unwrap_or_else(PoisonError::into_inner) = Some(String::new());
    let mut walk = Walk::new(&store);
    read_names(&mut walk);
    for (tree, read) in RECORDS {
        if (Stretch { walk: &walk, tree, read, records }).read_tree().is_none() {
            // Nobody listens any more.
            return;
        }
    }
}

/// Finds the sources' names, which items carry as numbers.
fn read_names(walk: &mut Walk<'_>) {
    let store = walk.store;
    let mut entries = store.tree(Tree::Sources).iter();
    while let Some(Some(Ok((name, value)))) = quietly(|| entries.next()) {
        let record = quietly(|| {
            store.decode::<SourceRecord>(Tree::Sources, Kind::Source, &name, &value).ok()
        });
        if let Some(record) = record.flatten() {
            walk.names.insert(record.key, String::from_utf8_lossy(&name).into_owned());
        }
    }
}

/// A tree that is being read.
struct Stretch<'s> {
    walk: &'s Walk<'s>,
    tree: Tree,
    read: Read,
    records: &'s Records,
}

impl Stretch<'_> {
    /// Reads from the front until it fails, then from the back; `None` where nobody listens.
    fn read_tree(&self) -> Option<()> {
        let tree = self.walk.store.tree(self.tree);
        let (mut first, mut last) = (Bound::Unbounded, Bound::Unbounded);
        let mut entries = tree.iter();
        loop {
            match quietly(|| entries.next()) {
                Some(None) => return Some(()),
                Some(Some(Ok((key, value)))) => {
                    self.give(&key, &value)?;
                    first = Bound::Excluded(key.to_vec());
                }
                Some(Some(Err(_))) | None => break,
            }
        }
        self.records.send(None).ok()?;
        let mut entries = tree.range::<Vec<u8>, _>((first.clone(), Bound::Unbounded));
        loop {
            match quietly(|| entries.next_back()) {
                Some(Some(Ok((key, value)))) => {
                    self.give(&key, &value)?;
                    last = Bound::Excluded(key.to_vec());
                }
                Some(None) => return Some(()),
                Some(Some(Err(_))) | None => break,
            }
        }
        self.read_between(&first, &last)
    }

    /// Asks for the items of a stretch that cannot be walked, each by its number.
    fn read_between(&self, first: &Bound<Vec<u8>>, last: &Bound<Vec<u8>>) -> Option<()> {
        if self.tree != Tree::Items {
            return Some(());
        }
        let number = |bound: &Bound<Vec<u8>>| match bound {
            Bound::Excluded(key) | Bound::Included(key) => keys::item_of(key),
            Bound::Unbounded => None,
        };
        let from = number(first).unwrap_or(0) + 1;
        let to = number(last).unwrap_or(from).min(from.saturating_add(MAX_SINGLE));
        for item in from..to {
            let key = keys::sequence(item);
            match quietly(|| self.walk.store.tree(Tree::Items).get(&key)) {
                Some(Ok(Some(value))) => self.give(&key, &value)?,
                Some(Ok(None)) => {}
                Some(Err(_)) | None => self.records.send(None).ok()?,
            }
        }
        Some(())
    }

    fn give(&self, key: &[u8], value: &[u8]) -> Option<()> {
        match quietly(|| (self.read)(self.walk, key, value)) {
            Some(Ok(None)) => Some(()),
            Some(Ok(portable)) => self.records.send(portable).ok(),
            Some(Err(_)) | None => self.records.send(None).ok(),
        }
    }
}

/// Does one step; `None` is a panic.
fn quietly<T>(step: impl FnOnce() -> T) -> Option<T> {
    // The store that it may leave half changed is damaged already, and only read.
    telemetry::expecting(step)
}
