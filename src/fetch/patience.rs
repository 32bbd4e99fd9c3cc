//! How long one poll may take, and what it may hold in memory meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::FetchError;

/// Bytes of a body that every poll may hold.
pub(super) const SMALL_BYTES: u64 = 256 << 10;
/// Bytes of larger bodies on the wire that all polls together may hold.
const LARGE_BYTES: u64 = 24 << 20;

/// The time that is left of a poll; waiting for memory does not count.
#[derive(Debug)]
pub(super) struct Patience {
    deadline: Instant,
}

impl Patience {
    pub(super) fn new(total: Duration) -> Self {
        Self { deadline: Instant::now() + total }
    }

    /// Waits for something no longer than `limit`, nor than the whole poll may take.
    pub(super) async fn wait<T>(
        &self,
        limit: Duration,
        what: &'static str,
        work: impl Future<Output = T>,
    ) -> Result<T, FetchError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let (time, what) = if left < limit { (left, "for the whole poll") } else { (limit, what) };
        tokio::time::timeout(time, work).await.map_err(|_elapsed| FetchError::Timeout(what))
    }

    /// Waits for room in memory; the origin is not to blame for that time.
    pub(super) async fn wait_for_room(&mut self, room: &Room, bytes: u64) -> Held {
        let began = Instant::now();
        let held = room.take(bytes).await;
        self.deadline += began.elapsed();
        held
    }
}

/// What all polls together may hold of large bodies.
///
/// Room for a whole body is taken at once: polls that each held a part and waited for more
/// would wait for each other.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Semaphore>);

/// Some room, given back when it is dropped.
#[derive(Debug, Default)]
pub struct Held(#[expect(dead_code, reason = "it is held, not read")] Option<OwnedSemaphorePermit>);

impl Room {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(kib(LARGE_BYTES) as usize)))
    }

    async fn take(&self, bytes: u64) -> Held {
        // A body that is larger than all the room has it alone.
        let wanted = kib(bytes.min(LARGE_BYTES));
        Held(Arc::clone(&self.0).acquire_many_owned(wanted).await.ok())
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}
