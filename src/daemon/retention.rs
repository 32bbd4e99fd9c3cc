//! Goes through the store, a little at a time, and forgets what is too old or too much.
//!
//! The writer's own: each step is a part of the group that is being gathered.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;

use chrono::TimeDelta;

use super::group::Group;
use super::writer::Setup;
use crate::model::{SourceId, Timestamp};
use crate::store::{Store, StoreError};

/// The first pass comes this long after the start, …
const FIRST: TimeDelta = TimeDelta::minutes(1);
/// … and the next ones this long after the one before.
const EVERY: TimeDelta = TimeDelta::hours(1);
/// Items that one step takes.
const ITEMS: usize = 200;
/// Sources that one step looks at.
const SOURCES: usize = 50;

/// Where retention is.
pub(super) struct Retention {
    next: Timestamp,
    stage: Stage,
    retired: usize,
    renewing: Option<JoinHandle<()>>,
}

enum Stage {
    Idle,
    /// The items of one source after the other.
    Sources(VecDeque<SourceId>),
    /// The oldest of all.
    All,
    /// What is left of items that are gone, from a place on.
    Guids(Vec<u8>),
    /// Sources that are not configured any more, and that nothing is left of.
    Gone,
}

impl Retention {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { next: now + FIRST, stage: Stage::Idle, retired: 0, renewing: None }
    }

    /// Begins a pass now, from its beginning.
    pub(super) fn begin(&mut self, store: &Store) {
        self.stage = Stage::Sources(store.sources().into());
        self.retired = 0;
    }

    /// Goes a step, if one is due; returns whether there is more to do.
    pub(super) fn step(
        &mut self,
        setup: &Setup,
        group: &mut Group<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let kept = &setup.settings.kept;
        let is_configured = |id: &SourceId| setup.settings.sources.contains(id);
        match &mut self.stage {
            // A clock that was set back does not put it off.
            Stage::Idle if now < self.next && self.next - now <= EVERY => return Ok(false),
            Stage::Idle => self.begin(&setup.store),
            Stage::Sources(left) => {
                let mut room = ITEMS;
                for _ in 0..SOURCES {
                    let Some(source) = left.pop_front() else { break };
                    let some =
                        group.changes.retire(&source, is_configured(&source), (kept, room), now)?;
                    room = room.saturating_sub(some.items);
                    self.retired += some.items;
                    // It may have more than there was room for.
                    if room == 0 {
                        left.push_front(source);
                    }
                    group.touched.extend(some.in_reach);
                    if room == 0 {
                        break;
                    }
                }
                if left.is_empty() {
                    self.stage = Stage::All;
                }
            }
            Stage::All => {
                let most = setup.store.excess(kept.items).min(ITEMS);
                let some = group.changes.retire_oldest(most, now)?;
                self.retired += some.items;
                group.touched.extend(some.in_reach);
                if most < ITEMS {
                    self.stage = Stage::Guids(Vec::new());
                }
            }
            Stage::Guids(from) => match group.changes.forget_guids(from, &is_configured, now)? {
                Some(next) => *from = next,
                None => self.stage = Stage::Gone,
            },
            Stage::Gone => {
                for source in setup.store.sources().iter().filter(|id| !is_configured(id)) {
                    if group.changes.forget_source(source)? {
                        tracing::info!(%source, "nothing is left of a source that was removed");
                    }
                }
                self.renew_journal(&setup.store);
                if setup.store.has_outgrown()? {
                    tracing::info!("the database's file has outgrown what it holds: compacting it");
                    setup.broken.notify_one();
                }
                self.rest(now);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Has the journal written anew beside the writer, if it is worth it.
    fn renew_journal(&mut self, store: &Arc<Store>) {
        let is_busy = self.renewing.as_ref().is_some_and(|thread| !thread.is_finished());
        if is_busy || !store.journal_is_worn() {
            return;
        }
        let store = Arc::clone(store);
        self.renewing = Some(std::thread::spawn(move || match store.rewrite_journal() {
            Ok((before, after)) => {
                tracing::info!(
                    before,
                    after,
                    "the journal was written anew, without its dead lines"
                );
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the journal was not written anew, and stays as it is");
            }
        }));
    }

    /// Waits for what is still on its way.
    pub(super) fn end(&mut self) {
        if let Some(thread) = self.renewing.take() {
            // A panic of it was logged.
            thread.join().ok();
        }
    }

    fn rest(&mut self, now: Timestamp) {
        self.stage = Stage::Idle;
        self.next = now + EVERY;
        if self.retired > 0 {
            tracing::info!(items = self.retired, "items were forgotten, by their age or number");
        }
    }
}
