//! Reads the whole store again in the background, slowly: damage is found before it is needed.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::store::Store;

/// After a start, other things come first.
const FIRST_AFTER: Duration = Duration::from_mins(1);
/// Everything is read again after this.
const EVERY: Duration = Duration::from_hours(24);
/// After some hundred records the disk is left to others for this long: a million items take an
/// hour or two.
const PAUSE: Duration = Duration::from_millis(200);

/// The thread that reads; it has to be stopped before the store is closed.
pub(super) struct Scrub {
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Scrub {
    /// Starts it. What it finds the store remembers, and the writer looks.
    pub(super) fn start(store: Arc<Store>) -> Self {
        let (stop, stopped) = sync_channel(1);
        let thread = std::thread::spawn(move || scrub(&store, &stopped));
        Self { stop, thread }
    }

    /// Stops it, and waits until it does not read any more.
    pub(super) async fn end(self) {
        drop(self.stop);
        if !matches!(tokio::task::spawn_blocking(|| self.thread.join()).await, Ok(Ok(()))) {
            tracing::error!("reading the store again panicked");
        }
    }
}

fn scrub(store: &Store, stopped: &Receiver<()>) {
    let goes_on = |wait| stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout);
    let mut wait = FIRST_AFTER;
    while goes_on(wait) {
        wait = EVERY;
        match store.verify(&mut || goes_on(PAUSE)) {
            Ok(true) => tracing::debug!("the store was read again: it is whole"),
            Ok(false) => return,
            // The store has said it, and is opened anew.
            Err(error) if error.is_damage() => return,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the store cannot be read again");
            }
        }
    }
}
