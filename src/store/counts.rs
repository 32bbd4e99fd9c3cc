//! How much there is: kept with every group, because sled counts a tree by walking through it.

use std::sync::{Mutex, PoisonError};

use xxhash_rust::xxh3::Xxh3;

use super::codec::{self, Kind};
use super::keys::Tree;
use super::record::CountsRecord;
use super::{Store, StoreError};

/// Where they stand in `meta`.
pub(super) const COUNTS: &[u8] = b"counts";

/// Entries of each tree, in the order of [`Tree::ALL`], the bytes of all keys and values, and
/// the sum of their hashes: whatever is missing, older than it should be or altered shows in it.
///
/// The entry of the counts themselves is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    entries: [u64; Tree::ALL.len()],
    bytes: u64,
    sum: u128,
}

/// What an entry counts for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight {
    length: u64,
    hash: u128,
}

impl Weight {
    pub(super) fn of(tree: usize, key: &[u8], value: &[u8]) -> Self {
        let length = u64::try_from(key.len() + value.len()).unwrap_or(0);
        let mut hasher = Xxh3::new();
        // No two entries make one text: the tree and the key's length stand before it.
        hasher.update(&(tree as u64).to_le_bytes());
        hasher.update(&(key.len() as u64).to_le_bytes());
        hasher.update(key);
        hasher.update(value);
        Self { length, hash: hasher.digest128() }
    }
}

impl Counts {
    /// One entry of a tree has changed.
    pub(super) fn change(&mut self, tree: usize, before: Option<Weight>, after: Option<Weight>) {
        let Some(entries) = self.entries.get_mut(tree) else { return };
        if let Some(before) = before {
            *entries = entries.saturating_sub(1);
            self.bytes = self.bytes.saturating_sub(before.length);
            self.sum = self.sum.wrapping_sub(before.hash);
        }
        if let Some(after) = after {
            *entries += 1;
            self.bytes += after.length;
            self.sum = self.sum.wrapping_add(after.hash);
        }
    }

    pub(super) fn of(&self, tree: Tree) -> u64 {
        self.entries.get(tree as usize).copied().unwrap_or(0)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn seal(&self) -> Vec<u8> {
        let entries = Tree::ALL.iter().map(|(tree, name)| ((*name).to_owned(), self.of(*tree)));
        let record = CountsRecord { entries: entries.collect(), bytes: self.bytes, sum: self.sum };
        codec::seal(Kind::Meta, &record).first
    }

    fn of_record(record: &CountsRecord) -> Self {
        let of = |name| record.entries.get(name).copied().unwrap_or(0);
        Self { entries: Tree::ALL.map(|(_, name)| of(name)), bytes: record.bytes, sum: record.sum }
    }
}

/// The counts of the last group that is durable.
#[derive(Default)]
pub(super) struct Current(Mutex<Counts>);

impl Current {
    pub(super) fn get(&self) -> Counts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, counts: Counts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = counts;
    }
}

impl Store {
    /// Returns how many items and briefs there are.
    pub fn counts(&self) -> (usize, usize) {
        let counts = self.counts.get();
        let of = |tree| usize::try_from(counts.of(tree)).unwrap_or(usize::MAX);
        (of(Tree::Items), of(Tree::Briefs))
    }

    /// Returns the bytes of everything stored, as it is stored: keys, and compressed values.
    pub fn logical_bytes(&self) -> u64 {
        self.counts.get().bytes()
    }

    pub(super) fn reread_counts(&self) -> Result<(), StoreError> {
        let record = self.record::<CountsRecord>(Tree::Meta, Kind::Meta, COUNTS)?;
        self.counts.set(Counts::of_record(&record.unwrap_or_default()));
        Ok(())
    }
}
