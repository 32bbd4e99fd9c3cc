//! When sources are asked, where that is not what the store says.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use chrono::TimeDelta;

use crate::model::{Channel, ChannelId, Due, Source, SourceId, SourceState, Timestamp};

/// Looking through a channel's sources is not worth it more often than this, in seconds.
const LOOKS_AGAIN: i64 = 5;

/// When sources are asked.
#[derive(Debug, Default)]
pub struct Upcoming {
    /// What holds for this process only: spread after a start, or put off with their host.
    corrected: RwLock<HashMap<SourceId, Due>>,
    /// All times.
    planned: RwLock<HashMap<SourceId, Timestamp>>,
    /// The next time of each channel's sources, and when that was looked at.
    of_channels: RwLock<HashMap<ChannelId, (Option<Timestamp>, Timestamp)>>,
}

impl Upcoming {
    /// Says when a source is asked in truth; `None` is when the store says.
    pub fn set(&self, source: &SourceId, due: Option<Due>) {
        let mut known = self.corrected.write().unwrap_or_else(PoisonError::into_inner);
        match due {
            Some(due) => known.insert(source.clone(), due),
            None => known.remove(source),
        };
    }

    /// Forgets all that was said.
    pub fn clear(&self) {
        self.corrected.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Says when a source is asked, whatever the store says; `None` is never.
    pub fn plan(&self, source: &SourceId, at: Option<Timestamp>) {
        let mut planned = self.planned.write().unwrap_or_else(PoisonError::into_inner);
        match at {
            Some(at) => planned.insert(source.clone(), at),
            None => planned.remove(source),
        };
    }

    /// Returns when one of a channel's sources is asked next, as far as was known a few seconds ago.
    pub(super) fn next(
        &self,
        channel: &Channel,
        sources: &[Source],
        now: Timestamp,
    ) -> Option<Timestamp> {
        let known = self.of_channels.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = known
            .get(&channel.id)
            .filter(|(_, looked)| (now - *looked).abs() < TimeDelta::seconds(LOOKS_AGAIN));
        if let Some((next, _)) = fresh {
            return *next;
        }
        drop(known);
        let planned = self.planned.read().unwrap_or_else(PoisonError::into_inner);
        let taken = sources.iter().filter(|source| channel.takes(source));
        let next = taken.filter_map(|source| planned.get(&source.id)).min().copied();
        drop(planned);
        let mut known = self.of_channels.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(channel.id.clone(), (next, now));
        next
    }

    /// Returns a stored state with the due time that holds; one that was never asked has a state
    /// where it waits.
    pub fn correct(&self, source: &Source, state: Option<SourceState>) -> Option<SourceState> {
        let known = self.corrected.read().unwrap_or_else(PoisonError::into_inner);
        let Some(due) = known.get(&source.id) else { return state };
        let state = state.unwrap_or_else(|| SourceState::new(&source.address, due.at));
        Some(SourceState { due: due.clone(), ..state })
    }
}
