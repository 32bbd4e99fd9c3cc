//! A database's file never shrinks; what it holds is copied into a new one that takes its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::switch::{Aside, Staging};
use super::{Lock, Options, Store, StoreError, free_space};
use crate::model::Timestamp;

/// Pairs that are written at a time.
const BATCH: usize = 1_000;

/// A database is compacted at a start when it is so many times as large as what it holds, …
const TIMES: u64 = 3;
/// … and a running daemon closes it for that when it is so many times as large, …
const TIMES_RUNNING: u64 = 6;
/// … unless that is little.
const MIN_BYTES: u64 = 64 << 20;

/// What compacting did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes on the disk before, …
    pub before: u64,
    /// … and after.
    pub after: u64,
    /// Pairs of keys and values.
    pub pairs: u64,
    /// Where the old database lies until the next clean start.
    pub replaced: Option<PathBuf>,
}

impl Store {
    /// Returns whether compacting would give much room back, and there is room to do it.
    pub fn is_worth_compacting(&self) -> Result<bool, StoreError> {
        self.is_larger_than(TIMES)
    }

    /// Returns whether it would, so much that a store in use is worth closing for it.
    pub fn has_outgrown(&self) -> Result<bool, StoreError> {
        self.is_larger_than(TIMES_RUNNING)
    }

    fn is_larger_than(&self, times: u64) -> Result<bool, StoreError> {
        let (on_disk, logical) = (self.size_on_disk()?, self.logical_bytes());
        // Where the file system does not tell, the copy will.
        let free = free_space(&self.folder).unwrap_or(u64::MAX);
        Ok(is_bloated(on_disk, logical, times) && free > TIMES.saturating_mul(logical))
    }
}

fn is_bloated(on_disk: u64, logical: u64, times: u64) -> bool {
    on_disk > MIN_BYTES && on_disk > times.saturating_mul(logical)
}

/// Copies a store's database into a new one, which takes its place once it is seen to be the same.
///
/// `lock` is that of the same directory; the store is open nowhere.
pub fn compact(
    options: &Options<'_>,
    lock: Arc<Lock>,
    now: Timestamp,
) -> Result<Compacted, StoreError> {
    let (store, _) = Store::open(options, Arc::clone(&lock), now)?;
    let database = options.folder.join("db");
    let sized = |path: &Path| {
        let what = format!("measure {}", path.display());
        size(path).map_err(|source| StoreError::Io { what, source })
    };
    let before = sized(&database)?;
    let staging = Staging::begin(options.folder, options.cache, lock, now)?;
    let mut pairs = 0;
    for name in store.db.tree_names() {
        let copied = copy(&store.db.open_tree(&name)?, &staging.store.db.open_tree(&name)?)?;
        let read_back = content(&staging.store.db.open_tree(&name)?)?;
        if copied != read_back {
            let name = String::from_utf8_lossy(&name);
            let source = io::Error::other("what was written is not what is read");
            return Err(StoreError::Io { what: format!("copy the tree {name}"), source });
        }
        pairs += copied.0;
    }
    drop(store);
    let replaced = staging.finish(Aside::Compact, false, now)?;
    Ok(Compacted { before, after: sized(&database)?, pairs, replaced })
}

/// Copies a tree, and returns how many pairs it holds and their hash.
fn copy(from: &sled::Tree, to: &sled::Tree) -> Result<(u64, u128), StoreError> {
    let (mut count, mut hash, mut batch) = (0, Xxh3::new(), Vec::new());
    for entry in from {
        let (key, value) = entry?;
        add(&mut hash, &key, &value);
        count += 1;
        batch.push((key, value));
        if batch.len() >= BATCH {
            write(to, &mut batch)?;
        }
    }
    write(to, &mut batch)?;
    Ok((count, hash.digest128()))
}

fn write(to: &sled::Tree, pairs: &mut Vec<(sled::IVec, sled::IVec)>) -> Result<(), StoreError> {
    let mut batch = sled::Batch::default();
    for (key, value) in pairs.drain(..) {
        batch.insert(key, value);
    }
    Ok(to.apply_batch(batch)?)
}

/// Returns how many pairs a tree holds, and their hash.
fn content(tree: &sled::Tree) -> Result<(u64, u128), StoreError> {
    let (mut count, mut hash) = (0, Xxh3::new());
    for entry in tree {
        let (key, value) = entry?;
        add(&mut hash, &key, &value);
        count += 1;
    }
    Ok((count, hash.digest128()))
}

/// Lengths stand before the bytes, so that no two contents make one text.
fn add(hash: &mut Xxh3, key: &[u8], value: &[u8]) {
    for bytes in [key, value] {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
}

/// Returns the bytes of the files below a directory.
fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::copies::{lines, noise, options};
    use crate::store::testing::{at, open, put, story};

    #[test]
    fn only_much_waste_is_worth_a_copy() {
        let mib = 1 << 20;
        assert!(is_bloated(100 * mib, 30 * mib, TIMES));
        assert!(!is_bloated(100 * mib, 34 * mib, TIMES));
        assert!(!is_bloated(60 * mib, mib, TIMES));
        assert!(!is_bloated(100 * mib, 30 * mib, TIMES_RUNNING));
    }

    #[test]
    fn a_compacted_store_is_smaller_and_holds_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        for round in 0..40 {
            // Every round is written to the end of the file.
            let mut big = story("a", "1", 1);
            big.html = noise(round, 200_000);
            put(&store, &[big]);
        }
        let before = lines(&store);
        drop(store);
        let lock = Arc::new(Lock::take(folder.path()).unwrap());
        let compacted = compact(&options(folder.path()), lock, at(0)).unwrap();
        assert!(compacted.after * 2 < compacted.before, "{compacted:?}");
        let replaced = compacted.replaced.unwrap();
        assert!(replaced.is_dir(), "it stays until it is seen that the new one opens");
        let (store, recovery) = open(folder.path());
        assert_eq!((recovery, lines(&store)), (None, before));
        assert!(!replaced.exists());
        put(&store, &[story("a", "2", 2)]);
    }
}
