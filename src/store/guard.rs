//! One guard around sled: its panics become errors, and what shows damage is remembered.
//!
//! sled panics on some damage that it meets while it reads or writes. Neither the writer nor a
//! reader may die of it.

use std::iter::FusedIterator;
use std::path::Path;
use std::sync::PoisonError;

use super::keys::Tree;
use super::{Store, StoreError, fence};
use crate::telemetry;

/// Runs work on sled; a panic in it is [`StoreError::Damaged`].
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    telemetry::expecting(work)
        .unwrap_or_else(|| Err(StoreError::Damaged { what: "the database panicked".to_owned() }))
}

/// A walk through a tree, which ends with the first error.
pub(super) struct Steps<'s, I> {
    store: &'s Store,
    entries: Option<I>,
}

impl<I, R> Iterator for Steps<'_, I>
where
    I: Iterator<Item = sled::Result<R>>,
{
    type Item = Result<R, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entries = self.entries.as_mut()?;
        match guarded(|| entries.next().transpose().map_err(StoreError::from)) {
            Ok(next) => next.map(Ok),
            Err(error) => {
                // Not asked again: sled can give the same error for ever.
                self.entries = None;
                Some(Err(self.store.noticed(error)))
            }
        }
    }
}

impl<I, R> FusedIterator for Steps<'_, I> where I: Iterator<Item = sled::Result<R>> {}

impl Store {
    /// Returns a value.
    pub(super) fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        guarded(|| Ok(self.tree(tree).get(key)?)).map_err(|error| self.noticed(error))
    }

    /// Walks through entries or keys of a tree.
    pub(super) fn walk<I>(&self, entries: I) -> Steps<'_, I> {
        Steps { store: self, entries: Some(entries) }
    }

    /// Remembers an error that shows damage: this process opens the database anew, and if it is
    /// killed before, the next one does not trust it either.
    pub(super) fn noticed(&self, error: StoreError) -> StoreError {
        let error = unless_full(&self.folder, error);
        if error.is_damage() {
            let mut damage = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
            if damage.is_none() {
                *damage = Some(with_cause(&error));
                mark(&self.folder, &error);
            }
        }
        error
    }

    /// Returns how the database was found to be damaged since it was opened.
    pub fn damage(&self) -> Option<String> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns what shows damage as the disk's fault where the disk takes nothing: sled panics there,
/// too, and a whole database must not be put aside for it.
pub(super) fn unless_full(folder: &Path, error: StoreError) -> StoreError {
    if !error.is_damage() {
        return error;
    }
    match fence::probe(folder) {
        Err(StoreError::Io { source, .. }) => StoreError::Database(sled::Error::Io(source)),
        _ => error,
    }
}

/// Marks the database of a store's directory as damaged; it is put aside at the next opening.
pub(super) fn mark(folder: &Path, error: &StoreError) {
    let why = with_cause(error);
    tracing::error!("the database is damaged and will be rebuilt: {why}");
    if let Err(error) = fence::suspect(folder, &why) {
        tracing::error!(error = &error as &dyn std::error::Error, "cannot mark it as damaged");
    }
}

fn with_cause(error: &StoreError) -> String {
    match error {
        StoreError::Database(cause) => format!("{error}: {cause}"),
        _ => error.to_string(),
    }
}
