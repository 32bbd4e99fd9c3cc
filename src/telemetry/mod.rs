//! What the running program tells about itself: its log.
//!
//! Messages go to standard error or to the journal; what a command prints for its user goes to
//! standard output, and is `cli`'s.

mod log;

pub use log::{Form, Levels, adjust, start};
