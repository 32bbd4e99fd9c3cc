//! What is wrong right now, and what the watched directory of briefs asks of a person.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::model::{ChannelId, Spent};

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

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Concern, String>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How it goes with the language model, as `status` tells of it.
#[derive(Debug, Default)]
pub struct Asking(Mutex<Option<Asked>>);

/// See [`Asking`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Items that wait.
    pub waiting: usize,
    /// What the day has cost.
    pub spent: Spent,
    /// Why nothing is asked right now.
    pub trouble: Option<String>,
}

impl Asking {
    /// Says what waits, and what the day has cost.
    pub fn tell(&self, waiting: usize, spent: Spent) {
        let mut asked = self.lock();
        let asked = asked.get_or_insert_default();
        (asked.waiting, asked.spent) = (waiting, spent);
    }

    /// Says why nothing is asked for a while; returns whether there was no trouble before.
    pub fn rest(&self, why: String) -> bool {
        self.lock().get_or_insert_default().trouble.replace(why).is_none()
    }

    /// Says that the model answers; returns whether there was trouble before.
    pub fn well(&self) -> bool {
        self.lock().get_or_insert_default().trouble.take().is_some()
    }

    /// Says that no model is configured.
    pub fn stop(&self) {
        *self.lock() = None;
    }

    /// Returns how it goes; `None` where no model is configured.
    pub fn told(&self) -> Option<Asked> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How it goes with the hub that is told of changed documents, as `status` tells of it.
#[derive(Debug, Default)]
pub struct Announcing(Mutex<Option<Announced>>);

/// See [`Announcing`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Announced {
    /// Its address, without a query.
    pub hub: String,
    /// Documents that it has to be told of.
    pub waiting: usize,
    /// Why it could not be told.
    pub trouble: Option<String>,
}

impl Announcing {
    /// Says which hub is told, and how many documents wait.
    pub fn tell(&self, hub: String, waiting: usize) {
        let mut announced = self.lock();
        let announced = announced.get_or_insert_default();
        (announced.hub, announced.waiting) = (hub, waiting);
    }

    /// Says why the hub could not be told; returns whether there was no trouble before.
    pub fn rest(&self, why: String) -> bool {
        self.lock().get_or_insert_default().trouble.replace(why).is_none()
    }

    /// Says that the hub was told; returns whether there was trouble before.
    pub fn well(&self) -> bool {
        self.lock().get_or_insert_default().trouble.take().is_some()
    }

    /// Says that no hub is configured.
    pub fn stop(&self) {
        *self.lock() = None;
    }

    /// Returns how it goes; `None` where no hub is configured.
    pub fn told(&self) -> Option<Announced> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Announced>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The backups that the daemon makes, as `status` tells of them.
#[derive(Debug, Default)]
pub struct Backups(Mutex<Option<String>>);

impl Backups {
    /// Says why none could be made; returns whether that is new.
    pub fn failed(&self, why: String) -> bool {
        self.lock().replace(why).is_none()
    }

    /// Says that nothing is wrong with them.
    pub fn well(&self) {
        *self.lock() = None;
    }

    /// Returns why none could be made, if that is so.
    pub fn trouble(&self) -> Option<String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the channels' current documents hold.
#[derive(Debug, Default)]
pub struct Shares(Mutex<BTreeMap<ChannelId, Share>>);

/// What a channel's document holds, by the origin of its briefs and how they were found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Share {
    /// All items.
    pub items: usize,
    /// Those with an editor's brief.
    pub stored: usize,
    /// Those with a language model's.
    pub model: usize,
    /// Those with an editor's brief, by how it was found.
    pub methods: BTreeMap<&'static str, usize>,
}

impl Shares {
    /// Says what a channel's document holds now.
    pub fn set(&self, channel: &ChannelId, share: Share) {
        self.lock().insert(channel.clone(), share);
    }

    /// Returns what a channel's document holds; `None` before it was rendered.
    pub fn of(&self, channel: &ChannelId) -> Option<Share> {
        self.lock().get(channel).cloned()
    }

    /// Forgets a channel that has left the configuration.
    pub fn forget(&self, channel: &ChannelId) {
        self.lock().remove(channel);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ChannelId, Share>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Returns what vanished, and what to do where that is meant.
    pub(super) fn vanished_words(&self) -> Option<String> {
        let vanished = *self.vanished();
        (vanished.gone > 0).then(|| {
            format!(
                "{} of {} brief files are gone at once; their briefs stay in force. If that is meant: \
                 briefwire brief remove --vanished",
                vanished.gone, vanished.of
            )
        })
    }
}
