//! Log set-up and metrics: what an operator's tools read.

mod log;
mod metrics;

pub use log::{Form, start};
pub use metrics::{Metrics, Poll};
