//! What is wrong right now, and what the watched directory of briefs asks of a person.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What a trouble concerns; there is at most one trouble of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// The store does not open, or does not take changes.
    Store,
    /// The disk is nearly full, so that sources are not polled.
    Disk,
}

/// What is wrong right now; nothing is well.
#[derive(Debug, Default)]
pub struct Condition {
    troubles: Mutex<BTreeMap<Concern, String>>,
    /// What an operator has to know, though all is well again.
    notice: Mutex<Option<String>>,
}

impl Condition {
    /// Sets what is wrong, or with `None` that nothing is any more; returns whether that is new.
    pub fn set(&self, concern: Concern, trouble: Option<String>) -> bool {
        let mut troubles = self.lock();
        let known = match trouble {
            Some(trouble) => troubles.insert(concern, trouble).is_some(),
            None => return troubles.remove(&concern).is_some(),
        };
        !known
    }

    /// Returns whether something of that kind is wrong.
    pub fn has(&self, concern: Concern) -> bool {
        self.lock().contains_key(&concern)
    }

    /// Returns all that is wrong, in words; empty where nothing is.
    pub fn words(&self) -> String {
        self.lock().values().cloned().collect::<Vec<_>>().join("; ")
    }

    /// Has something told for as long as the process lives, though it is over.
    pub fn tell(&self, notice: String) {
        *self.notice.lock().unwrap_or_else(PoisonError::into_inner) = Some(notice);
    }

    /// Returns what is over and has to be known.
    pub fn notice(&self) -> Option<String> {
        self.notice.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Concern, String>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The watched directory, as `status` tells it.
#[derive(Debug, Default)]
pub struct Watched {
    refused: Mutex<BTreeMap<PathBuf, Vec<String>>>,
    vanished: Mutex<Vanished>,
    /// Told when a person confirms that the vanished files are meant to be gone.
    pub confirmed: Notify,
}

/// Files that went away together, more than chance explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vanished {
    /// How many are gone; 0 is the ordinary state.
    pub gone: usize,
    /// Of how many.
    pub of: usize,
}

impl Watched {
    /// Returns the refused files, each with lines and reasons, to read or to change.
    pub fn refused(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Vec<String>>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what vanished at once and is not withdrawn, to read or to change.
    pub fn vanished(&self) -> MutexGuard<'_, Vanished> {
        self.vanished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
