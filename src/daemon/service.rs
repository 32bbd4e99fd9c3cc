//! What systemd is told: `sd_notify(3)` over the datagram socket that it names.
//!
//! Without `NOTIFY_SOCKET` every call does nothing. A message that cannot be sent is not an
//! error of ours: the daemon runs as well under another supervisor.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sd_notify::NotifyState;

/// What a start that goes on may take longer, told every second of it.
const EXTENSION: Duration = Duration::from_secs(30);

/// The service manager, as seen from here.
#[derive(Debug)]
pub(super) struct Service {
    is_ready: AtomicBool,
    is_watched: bool,
    status: Mutex<String>,
}

impl Service {
    /// Reads from the environment whether a watchdog waits for us.
    pub(super) fn of_process() -> Self {
        Self {
            is_ready: AtomicBool::new(false),
            is_watched: sd_notify::watchdog_enabled().is_some(),
            status: Mutex::default(),
        }
    }

    /// Says once that feeds are served.
    pub(super) fn ready(&self) {
        if !self.is_ready.swap(true, Ordering::Relaxed) {
            tell(&[NotifyState::Ready]);
        }
    }

    /// Says that a start takes longer, and that we are alive meanwhile.
    pub(super) fn starting(&self) {
        if self.is_ready.load(Ordering::Relaxed) {
            self.beat();
        } else {
            let more = u32::try_from(EXTENSION.as_micros()).unwrap_or(u32::MAX);
            tell(&[NotifyState::ExtendTimeoutUsec(more)]);
        }
    }

    /// Says that the writer's loop goes round.
    pub(super) fn beat(&self) {
        if self.is_watched {
            tell(&[NotifyState::Watchdog]);
        }
    }

    /// Says that the configuration is being read again; [`Service::reloaded`] ends it.
    pub(super) fn reloading(&self) {
        if !self.is_ready.load(Ordering::Relaxed) {
            return;
        }
        let mut states = vec![NotifyState::Reloading];
        // `Type=notify-reload` tells by this that the message is younger than its SIGHUP.
        states.extend(NotifyState::monotonic_usec_now());
        tell(&states);
    }

    /// Says that the reload has ended, well or not.
    pub(super) fn reloaded(&self) {
        if self.is_ready.load(Ordering::Relaxed) {
            tell(&[NotifyState::Ready]);
        }
    }

    /// Says that we are stopping.
    pub(super) fn stopping(&self) {
        self.is_ready.store(false, Ordering::Relaxed);
        tell(&[NotifyState::Stopping]);
    }

    /// Sets the line that `systemctl status` shows.
    pub(super) fn status(&self, line: &str) {
        let mut known = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != line {
            line.clone_into(&mut known);
            tell(&[NotifyState::Status(line)]);
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "cannot tell the service manager");
    }
}
