//! Sources that a person has paused or lets go on: told by the writer once that is durable, and
//! heeded by the poller.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::model::SourceId;

/// Sources whose pauses began or ended since somebody asked.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    changed: Mutex<BTreeSet<SourceId>>,
    told: Notify,
}

impl Pauses {
    /// Says that the pauses of some sources began or ended; the store knows which.
    pub(super) fn tell(&self, sources: Vec<SourceId>) {
        if sources.is_empty() {
            return;
        }
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).extend(sources);
        self.told.notify_one();
    }

    /// Waits until some have.
    pub(super) async fn changed(&self) {
        self.told.notified().await;
    }

    /// Returns those that have since this was asked last.
    pub(super) fn take(&self) -> BTreeSet<SourceId> {
        std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
