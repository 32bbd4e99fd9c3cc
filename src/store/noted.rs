//! States of sources that were polled to no news: kept in memory and written together, within a
//! second.
//!
//! A poll that finds nothing has nothing to lose but its own state; a kill repeats it. Waiting
//! for the disk at each would cost more than the poll.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{SourceId, SourceState};

/// States that are not written yet.
#[derive(Default)]
pub(super) struct Noted(Mutex<HashMap<SourceId, Arc<SourceState>>>);

impl Noted {
    pub(super) fn set(&self, id: &SourceId, state: SourceState) {
        self.lock().insert(id.clone(), Arc::new(state));
    }

    pub(super) fn get(&self, id: &SourceId) -> Option<Arc<SourceState>> {
        self.lock().get(id).cloned()
    }

    pub(super) fn take(&self, id: &SourceId) -> Option<Arc<SourceState>> {
        self.lock().remove(id)
    }

    pub(super) fn some(&self, limit: usize) -> Vec<(SourceId, Arc<SourceState>)> {
        let noted = self.lock();
        noted.iter().take(limit).map(|(id, state)| (id.clone(), Arc::clone(state))).collect()
    }

    /// Forgets states that are written, unless a later one was noted meanwhile.
    pub(super) fn forget(&self, written: &[(SourceId, Arc<SourceState>)]) {
        let mut noted = self.lock();
        for (id, state) in written {
            if noted.get(id).is_some_and(|known| Arc::ptr_eq(known, state)) {
                noted.remove(id);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SourceId, Arc<SourceState>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
