//! When sources are asked, where that is not what the store says.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::model::{Due, Source, SourceId, SourceState};

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

    /// Returns a stored state with the due time that holds; one that was never asked has a state
    /// where it waits.
    pub fn correct(&self, source: &Source, state: Option<SourceState>) -> Option<SourceState> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(due) = known.get(&source.id) else { return state };
        let state = state.unwrap_or_else(|| SourceState::new(&source.address, due.at));
        Some(SourceState { due: due.clone(), ..state })
    }
}
