//! What has changed and is not published yet.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::model::SourceId;

/// Sources whose channels have to be rendered anew.
#[derive(Default)]
pub(super) struct Dirty {
    marked: Mutex<Marked>,
    changed: Notify,
}

#[derive(Default)]
struct Marked {
    sources: HashSet<SourceId>,
    all: bool,
}

impl Dirty {
    pub(super) fn mark(&self, sources: impl IntoIterator<Item = SourceId>) {
        let mut marked = self.marked.lock().unwrap_or_else(PoisonError::into_inner);
        marked.sources.extend(sources);
        if !marked.sources.is_empty() {
            self.changed.notify_one();
        }
    }

    /// Marks every channel, whatever it takes.
    pub(super) fn mark_all(&self) {
        self.marked.lock().unwrap_or_else(PoisonError::into_inner).all = true;
        self.changed.notify_one();
    }

    /// Waits until something has changed.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Returns the sources that changed, and forgets them; `None` is all of them.
    pub(super) fn take(&self) -> Option<HashSet<SourceId>> {
        let marked =
            std::mem::take(&mut *self.marked.lock().unwrap_or_else(PoisonError::into_inner));
        (!marked.all).then_some(marked.sources)
    }
}
