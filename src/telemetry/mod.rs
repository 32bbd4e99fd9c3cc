//! What the running program tells about itself: its log and its metrics.
//!
//! Messages go to standard error or to the journal; what a command prints for its user goes to
//! standard output, and is `cli`'s.

mod log;
mod metrics;
mod panics;
mod recent;

pub use log::{Form, Levels, adjust, start};
pub use metrics::{Metrics, Poll};
pub use panics::{expecting, tell_panics};
pub use recent::{Told, recent};
