//! Runs it: poll → commit → publish; start and stop. The only place that joins the stages.
//!
//! Bounded fetchers hand what they read to blocking threads, these hand it through one bounded
//! queue to one writer, which owns every commit; then the changed channels are rendered once
//! and swapped. Reloading a changed configuration and talking to systemd are not here yet.

mod channels;
mod clock;
mod control;
mod desk;
mod directory;
mod log;
mod pipeline;
mod poller;
mod run;
mod writer;

pub use clock::now;
pub use control::{Control, ControlError};
pub use log::levels;
pub use poller::Which;
pub use run::{RunError, poll_once, run};
