//! What is changed while a backup is being made.
//!
//! sled has no read snapshots: a walk sees some groups of changes and misses others. So every
//! commit notes which records it writes, and they are walked again until few are left; the last
//! are read while no commit can come between.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use super::changes::Changes;
use super::keys::{self, Tree};
use super::portable::RECORDS;
use super::{Store, StoreError};

/// No group takes longer to appear.
const PATIENCE_MS: u32 = 2_000;

/// Keys of records that were written or removed.
#[derive(Debug, Default)]
pub(super) struct Touched(BTreeSet<(u8, Vec<u8>)>);

impl Touched {
    /// Notes what a group writes.
    pub(super) fn note(&mut self, changes: &Changes<'_>) {
        for tree in RECORDS.iter().map(|(tree, _)| *tree).chain([Tree::ById]) {
            self.0.extend(changes.keys(tree).map(|key| (tree as u8, key.clone())));
        }
        // When an item was delisted stands beside it.
        let items = changes.keys(Tree::BySource).filter_map(|key| keys::item_of(key));
        self.0.extend(items.map(|item| (Tree::Items as u8, keys::sequence(item))));
    }

    /// Returns the noted keys of a tree, in their order.
    pub(super) fn keys(&self, tree: Tree) -> impl Iterator<Item = &[u8]> {
        let from = (tree as u8, Vec::new());
        let keys = self.0.range(from..).take_while(move |(of, _)| *of == tree as u8);
        keys.map(|(_, key)| key.as_slice())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Whether changes are noted, and which were. Commits hold it while what they write appears.
pub(super) type Noting = Mutex<Option<Touched>>;

impl Store {
    /// Keeps commits from appearing for as long as it is held.
    pub(super) fn hold_commits(&self) -> MutexGuard<'_, Option<Touched>> {
        self.noting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no group is half there, and keeps it so; `None` is for whoever keeps it so already.
    pub(super) fn wait_for_commits(&self) -> Option<MutexGuard<'_, Option<Touched>>> {
        for _ in 0..PATIENCE_MS {
            match self.noting.try_lock() {
                Ok(held) => return Some(held),
                Err(TryLockError::Poisoned(held)) => return Some(held.into_inner()),
                Err(TryLockError::WouldBlock) => {
                    std::thread::park_timeout(Duration::from_millis(1));
                }
            }
        }
        None
    }

    /// Returns whether a record was written since notes were last taken.
    pub(super) fn is_noted(&self, tree: Tree, key: &[u8]) -> bool {
        let noting = self.hold_commits();
        noting.as_ref().is_some_and(|touched| touched.0.contains(&(tree as u8, key.to_owned())))
    }
}

/// Has changes noted for as long as it lives.
pub(super) struct Notes<'s> {
    store: &'s Store,
}

impl<'s> Notes<'s> {
    /// Begins; fails with [`StoreError::Busy`] where somebody does it already.
    pub(super) fn begin(store: &'s Store) -> Result<Self, StoreError> {
        let mut noting = store.hold_commits();
        if noting.is_some() {
            return Err(StoreError::Busy);
        }
        *noting = Some(Touched::default());
        drop(noting);
        Ok(Self { store })
    }

    /// Returns what was noted so far, and begins anew.
    pub(super) fn take(&self) -> Touched {
        self.store.hold_commits().replace(Touched::default()).unwrap_or_default()
    }
}

impl Drop for Notes<'_> {
    fn drop(&mut self) {
        *self.store.hold_commits() = None;
    }
}
