//! When sources are asked, where that is not what the store says.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::model::{Due, SourceId, SourceState};

/// Due times that hold for this process only: spread after a start, or put off with their host.
#[derive(Debug, Default)]
pub struct Upcoming(RwLock<HashMap<SourceId, Due>>);

impl Upcoming {
    /// Says when a source is asked in truth; `None` is when the store says.
    pub fn set(&self, source: &SourceId, due: Option<Due>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match due {
            Some(due) => known.insert(source.clone(), due),
            None => known.remove(source),
        };
    }

    /// Forgets all that was said.
    pub fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns a stored state with the due time that holds.
    pub fn correct(&self, source: &SourceId, mut state: SourceState) -> SourceState {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(due) = known.get(source) {
            state.due = due.clone();
        }
        state
    }
}
