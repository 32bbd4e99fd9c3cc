//! Threads for work that takes much memory: few, and always the same.

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Threads that do one kind of work and nothing else.
///
/// The C library keeps memory apart for each of many threads, and what a large document took
/// stays with the thread that read it. The runtime's own threads for such work are hundreds that
/// take turns: with them 64 large feeds took 600 MB.
#[derive(Debug)]
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    pub(super) fn new(most: usize) -> std::io::Result<Self> {
        let threads = Builder::new_current_thread().max_blocking_threads(most).build()?;
        Ok(Self(Some(threads)))
    }

    /// Does something as soon as a thread is free.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        match &self.0 {
            Some(threads) => threads.spawn_blocking(work),
            None => tokio::task::spawn_blocking(work),
        }
    }
}

/// Lets another thread go first, if one waits: said between two items, since the system lets a thread
/// finish its slice of some milliseconds, which is longer than a subscriber's request takes.
pub(super) fn make_way() {
    std::thread::yield_now();
}

/// Returns how many threads may work at once for as long as they like, `most` at most: one processor
/// is left to whoever serves.
pub(super) fn spare_processors(most: usize) -> usize {
    let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    all.saturating_sub(1).clamp(1, most)
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Whoever drops us may not wait.
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}
