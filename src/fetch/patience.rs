//! How long one poll may take.

use std::time::{Duration, Instant};

use super::FetchError;

/// The time that is left of a poll.
#[derive(Debug, Clone, Copy)]
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
}
