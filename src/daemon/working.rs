//! What polls and the deliveries of hubs share: which hubs work, and whose turn it is.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, Notify, OwnedMutexGuard, mpsc};

use super::pauses::Pauses;
use crate::model::{SourceId, Timestamp};

/// What outlives a change of the configuration.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) working: Arc<Working>,
    pub(super) turns: Arc<Turns>,
    pub(super) pauses: Arc<Pauses>,
    pub(super) news: mpsc::Sender<News>,
}

/// What a poll found that concerns hubs.
#[derive(Debug)]
pub(super) struct News {
    pub(super) source: SourceId,
    /// The date of an item that a hub should have told of by then, and did not.
    pub(super) unannounced: Option<Timestamp>,
}

/// Sources whose hubs tell what is new right now.
#[derive(Debug, Default)]
pub(super) struct Working {
    sources: Mutex<Sources>,
    stopped: Notify,
}

#[derive(Debug, Default)]
struct Sources {
    now: HashSet<SourceId>,
    /// Those whose hubs have stopped since somebody asked.
    stopped: HashSet<SourceId>,
}

impl Working {
    /// Returns whether a source's hub tells what is new.
    pub(super) fn has(&self, source: &SourceId) -> bool {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).now.contains(source)
    }

    /// Waits until some hub has stopped telling what is new.
    pub(super) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    /// Returns the sources whose hubs have stopped since this was asked last.
    pub(super) fn take_stopped(&self) -> HashSet<SourceId> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut sources.stopped)
    }

    /// Says whether a source's hub tells what is new.
    pub(super) fn set(&self, source: &SourceId, works: bool) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if works {
            sources.now.insert(source.clone());
            sources.stopped.remove(source);
        } else if sources.now.remove(source) {
            sources.stopped.insert(source.clone());
            self.stopped.notify_one();
        }
    }
}

/// One at a time of what reads a source's state and writes it back: a poll, or a delivery.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<SourceId, Arc<Turn<()>>>>);

impl Turns {
    /// Waits until nothing else of the source is under way.
    pub(super) async fn take(&self, source: &SourceId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(source.clone()).or_default())
        };
        turn.lock_owned().await
    }
}
