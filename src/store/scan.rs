//! Whether everything that was written is there as it was written.
//!
//! sled drops parts of its log that it cannot read, and opens what is left: an older state of some
//! pages beside a newer one of others. Every group adds to one sum the hashes of what it writes and
//! takes away those of what it replaces; a scan sums up what is there. Groups may be committed
//! meanwhile: what they change behind the scan they change in its sum, too.

use std::ops::Bound;
use std::sync::{MutexGuard, PoisonError};

use super::counts::{COUNTS, Counts, Weight};
use super::keys::Tree;
use super::{Store, StoreError};

/// Entries that are read at a time, with commits kept out.
const ENTRIES: usize = 500;

/// How far a scan is.
pub(super) struct Scan {
    /// The number of the tree that is being read, and its last key that was.
    tree: usize,
    key: Option<Vec<u8>>,
    pub(super) seen: Counts,
}

impl Scan {
    /// Returns whether an entry stands where the scan has been.
    pub(super) fn has_passed(&self, tree: usize, key: &[u8]) -> bool {
        let is_before = self.key.as_deref().is_some_and(|last| key <= last);
        tree < self.tree || (tree == self.tree && is_before)
    }
}

/// What a group makes of the counts, and of what a scan has behind it.
pub(super) struct Tally<'s> {
    pub(super) counts: Counts,
    pub(super) seen: Option<Counts>,
    scan: Option<&'s Scan>,
}

impl<'s> Tally<'s> {
    pub(super) fn new(counts: Counts, scan: Option<&'s Scan>) -> Self {
        Self { counts, seen: scan.map(|scan| scan.seen), scan }
    }

    /// Takes in that a value has changed.
    pub(super) fn change(
        &mut self,
        tree: usize,
        key: &[u8],
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) {
        let weight = |value: &[u8]| Weight::of(tree, key, value);
        let (before, after) = (before.map(weight), after.map(weight));
        self.counts.change(tree, before, after);
        if let Some((seen, scan)) = self.seen.as_mut().zip(self.scan)
            && scan.has_passed(tree, key)
        {
            seen.change(tree, before, after);
        }
    }
}

impl Store {
    pub(super) fn scan(&self) -> MutexGuard<'_, Option<Scan>> {
        self.scan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads everything, and fails with [`StoreError::Damaged`] where it is not what was written.
    ///
    /// `pace` is called now and then, without a lock, and ends the scan with `false`.
    pub fn verify(&self, pace: &mut dyn FnMut() -> bool) -> Result<bool, StoreError> {
        *self.scan() = Some(Scan { tree: 0, key: None, seen: Counts::default() });
        let verified = self.go_through(pace);
        *self.scan() = None;
        verified.map_err(|error| self.noticed(error))
    }

    fn go_through(&self, pace: &mut dyn FnMut() -> bool) -> Result<bool, StoreError> {
        while self.go_on()? {
            if !pace() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads some more; returns whether there is more to read.
    fn go_on(&self) -> Result<bool, StoreError> {
        let _alone = self.hold_commits();
        let mut held = self.scan();
        let Some(scan) = held.as_mut() else { return Ok(false) };
        let Some((tree, _)) = Tree::ALL.get(scan.tree) else {
            return if scan.seen == self.counts.get() {
                Ok(false)
            } else {
                Err(self.differs(scan))
            };
        };
        let from = scan.key.take().map_or(Bound::Unbounded, Bound::Excluded);
        let entries = self.tree(*tree).range::<Vec<u8>, _>((from, Bound::Unbounded));
        let mut last = None;
        let mut count = 0;
        for entry in self.walk(entries).take(ENTRIES) {
            let (key, value) = entry?;
            if *tree != Tree::Meta || key != COUNTS {
                let weight = Weight::of(scan.tree, &key, &value);
                scan.seen.change(scan.tree, None, Some(weight));
            }
            count += 1;
            last = Some(key);
        }
        match last.filter(|_| count == ENTRIES) {
            Some(key) => scan.key = Some(key.to_vec()),
            None => scan.tree += 1,
        }
        Ok(true)
    }

    fn differs(&self, scan: &Scan) -> StoreError {
        let counts = self.counts.get();
        let differing = Tree::ALL.iter().find(|(tree, _)| counts.of(*tree) != scan.seen.of(*tree));
        let what = match differing {
            Some((tree, name)) => {
                let (found, expected) = (scan.seen.of(*tree), counts.of(*tree));
                format!("the database has {found} entries in {name} and should have {expected}")
            }
            None => "the database holds something older than what was written last".to_owned(),
        };
        StoreError::Damaged { what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{open, put, story};

    fn filled() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        for n in 0..40 {
            put(&store, &[story("a", &n.to_string(), n), story("b", &n.to_string(), n)]);
        }
        (folder, store)
    }

    #[test]
    fn whatever_was_not_written_by_us_shows() {
        let (_folder, store) = filled();
        assert!(store.verify(&mut || true).unwrap());
        for (tree, _) in Tree::ALL {
            let tree = store.tree(tree);
            let Some((key, value)) = tree.iter().map(Result::unwrap).find(|(k, _)| k != COUNTS)
            else {
                continue;
            };
            tree.remove(&key).unwrap();
            assert!(store.verify(&mut || true).unwrap_err().is_damage(), "missing");
            tree.insert(&key, &value[..value.len().saturating_sub(1)]).unwrap();
            assert_eq!(store.verify(&mut || true).is_err(), !value.is_empty(), "altered");
            tree.insert(&key, value).unwrap();
            tree.insert(b"another", b"").unwrap();
            assert!(store.verify(&mut || true).unwrap_err().is_damage(), "too much");
            tree.remove(b"another").unwrap();
            assert!(store.verify(&mut || true).unwrap());
        }
    }

    #[test]
    fn groups_that_are_committed_meanwhile_are_no_damage() {
        let (_folder, store) = filled();
        let mut n = 0;
        let mut disturb = || {
            n += 1;
            let guid = (n % 60).to_string();
            let mut changed = story("a", &guid, 30 - n % 50);
            changed.title = format!("Round {n}");
            put(&store, &[changed, story("c", &n.to_string(), n)]);
            true
        };
        assert!(store.verify(&mut disturb).unwrap());
        assert!(n >= 13, "{n}: it was disturbed in every tree");
        assert!(store.verify(&mut || true).unwrap());
    }
}
