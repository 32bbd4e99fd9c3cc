//! Where documents are decoded, parsed and compared: so many at once, on threads of their own.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use super::threads::{Threads, spare_processors};

/// Small documents that are read at once; a decoder may hold 16 MiB.
const SMALL_READERS: usize = 4;
/// Small documents that were read and are not stored yet; their items take several times as much.
const KEPT_KIB: u32 = 8 << 10;

/// Documents that are read at once, and what is held of them until it is stored, so that the
/// memory this takes does not grow with the number of polls under way.
#[derive(Debug)]
pub(super) struct Readers {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    kept: Arc<Semaphore>,
    small_threads: Threads,
    large_thread: Threads,
}

/// How much a document takes to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Few bytes; some are read at once.
    Small,
    /// Many; one is read at a time.
    Large,
}

/// Room to read a document in, or to keep it; none once nobody reads any more.
pub(super) type Room = Option<OwnedSemaphorePermit>;

impl Readers {
    pub(super) fn new() -> std::io::Result<Self> {
        let small = spare_processors(SMALL_READERS);
        let of = |permits| Arc::new(Semaphore::new(permits));
        Ok(Self {
            small: of(small),
            large: of(1),
            kept: of(KEPT_KIB as usize),
            small_threads: Threads::new(small)?,
            large_thread: Threads::new(1)?,
        })
    }

    /// Does something that takes processor time and memory with a document.
    pub(super) fn run<T: Send + 'static>(
        &self,
        size: Size,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        match size {
            Size::Small => self.small_threads.run(work),
            Size::Large => self.large_thread.run(work),
        }
    }

    /// Waits until a small document may be read; no large one stands in its way.
    pub(super) async fn take(&self) -> Room {
        Arc::clone(&self.small).acquire_owned().await.ok()
    }

    /// Waits until a large document may be read and kept: one at a time.
    pub(super) async fn take_alone(&self) -> Room {
        Arc::clone(&self.large).acquire_owned().await.ok()
    }

    /// Waits until a small document that was read may be kept.
    pub(super) async fn keep(&self, bytes: usize) -> Room {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).min(KEPT_KIB);
        Arc::clone(&self.kept).acquire_many_owned(kib).await.ok()
    }
}
