//! Sources that had other ids when lines of the journal were written.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use super::journal::{self, Act};

/// Renames of sources that a journal tells, oldest first, as far as they lie ahead.
pub(super) struct Renames(VecDeque<(String, String)>);

impl Renames {
    pub(super) fn read(journal: &Path) -> io::Result<Self> {
        let mut renames = VecDeque::new();
        journal::replay(journal, |act| {
            if let Act::Renamed { was, id, .. } = act {
                renames.push_back((was, id));
            }
        })?;
        Ok(Self(renames))
    }

    /// Returns what each source was called before and after, oldest first.
    pub(super) fn into_iter(self) -> impl Iterator<Item = (String, String)> {
        self.0.into_iter()
    }

    /// Returns the next act of the journal, its source under the name that it has in the end.
    pub(super) fn follow(&mut self, act: Act) -> Act {
        match act {
            Act::Renamed { .. } => {
                self.0.pop_front();
                act
            }
            Act::Shown { item, source, guid, first_seen, published, retired } => {
                let source = self.last_name(source);
                Act::Shown { item, source, guid, first_seen, published, retired }
            }
            Act::Retired { source, guids, at } => {
                Act::Retired { source: self.last_name(source), guids, at }
            }
            Act::Paused { source, since, at } => {
                Act::Paused { source: self.last_name(source), since, at }
            }
            act => act,
        }
    }

    fn last_name(&self, source: String) -> String {
        let name = |source: String, (was, id): &(String, String)| {
            if source == *was { id.clone() } else { source }
        };
        self.0.iter().fold(source, name)
    }
}
