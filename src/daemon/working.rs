//! What polls and the deliveries of hubs share: which hubs work, and whose turn it is.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, Notify, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::threads::Threads;
use crate::model::{SourceId, Timestamp};

/// Small documents that are read at once; a decoder may hold 16 MiB.
const SMALL_READERS: usize = 4;
/// Small documents that were read and are not stored yet; their items take several times as much.
const KEPT_KIB: u32 = 8 << 10;

/// What outlives a change of the configuration.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) working: Arc<Working>,
    pub(super) turns: Arc<Turns>,
    pub(super) news: mpsc::Sender<News>,
}

/// What a poll found that concerns hubs.
#[derive(Debug)]
pub(super) struct News {
    pub(super) source: SourceId,
    /// The date of an item that a hub should have told of by then, and did not.
    pub(super) unannounced: Option<Timestamp>,
}

/// Sources whose hubs tell what is new right now.
#[derive(Debug, Default)]
pub(super) struct Working {
    sources: Mutex<Sources>,
    stopped: Notify,
}

#[derive(Debug, Default)]
struct Sources {
    now: HashSet<SourceId>,
    /// Those whose hubs have stopped since somebody asked.
    stopped: HashSet<SourceId>,
}

impl Working {
    /// Returns whether a source's hub tells what is new.
    pub(super) fn has(&self, source: &SourceId) -> bool {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).now.contains(source)
    }

    /// Waits until some hub has stopped telling what is new.
    pub(super) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    /// Returns the sources whose hubs have stopped since this was asked last.
    pub(super) fn take_stopped(&self) -> HashSet<SourceId> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut sources.stopped)
    }

    /// Says whether a source's hub tells what is new.
    pub(super) fn set(&self, source: &SourceId, works: bool) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if works {
            sources.now.insert(source.clone());
            sources.stopped.remove(source);
        } else if sources.now.remove(source) {
            sources.stopped.insert(source.clone());
            self.stopped.notify_one();
        }
    }
}

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
        let of = |permits| Arc::new(Semaphore::new(permits));
        Ok(Self {
            small: of(SMALL_READERS),
            large: of(1),
            kept: of(KEPT_KIB as usize),
            small_threads: Threads::new(SMALL_READERS)?,
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

/// One at a time of what reads a source's state and writes it back: a poll, or a delivery.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<SourceId, Arc<Turn<()>>>>);

impl Turns {
    /// Waits until nothing else of the source is under way.
    pub(super) async fn take(&self, source: &SourceId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(source.clone()).or_default())
        };
        turn.lock_owned().await
    }
}
