//! The thread that serves: a runtime of its own for everything that comes in at the public
//! listener.
//!
//! One thread hands out documents faster than any desk needs; it never waits for a poll's work,
//! and what one connection brings is done without waking another thread for it.

use std::io;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The nice value of all other threads: of a busy processor they take a third of what this one may.
const NICE: i32 = 5;

/// Lets whoever serves go before this thread, and before those that it starts from now on.
///
/// On Linux this is a thread's own affair. Where it may not be done, both have equal shares.
pub fn step_back() {
    // Not by so much more: threads inherit what the one that starts them has.
    rustix::process::setpriority_process(None, NICE).ok();
}

/// The thread; it ends when this is dropped, and with it whatever still runs there.
#[derive(Debug)]
pub(super) struct Counter {
    runtime: Handle,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Counter {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let serve = move || {
            // A sender that is gone has ended it, too.
            runtime.block_on(ended).ok();
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("serve".to_owned()).spawn(serve)?;
        Ok(Self { runtime: handle, end: Some(end), thread: Some(thread) })
    }

    /// Returns the way to have something done there.
    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            // It waits for nothing; a panic in there has been told.
            thread.join().ok();
        }
    }
}
