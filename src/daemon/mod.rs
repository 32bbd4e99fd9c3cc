//! Runs it: poll → commit → publish; start, reload and stop. The only place that joins the
//! stages.
//!
//! Bounded fetchers hand what they read to blocking threads, these hand it through one bounded
//! queue to one writer, which owns every commit; then the changed channels are rendered once
//! and swapped. What outlives the store (listeners, documents, the configuration in force) stands
//! in `house::Ground`; what needs it open in `house::House`.

mod agenda;
mod announcing;
mod archive;
mod articles;
mod asking;
mod backups;
mod channels;
mod clock;
mod commands;
mod connections;
mod control;
mod counter;
mod desk;
mod digest;
mod directory;
mod dirty;
mod endpoint;
mod group;
mod house;
mod hubs;
mod keeping;
mod listen;
mod log;
mod moving;
#[cfg(test)]
mod orders;
mod paced;
mod pauses;
mod pipeline;
mod poller;
mod prompt;
mod queue;
mod readers;
mod reading;
mod reload;
mod retention;
mod run;
mod scrub;
mod service;
mod threads;
mod trial;
mod uploads;
mod watch;
mod working;
mod writer;

pub use clock::now;
pub use control::{Control, ControlError};
pub use counter::step_back;
pub use house::poll_once;
pub use keeping::{RefillError, back_up, compact, restore};
pub use listen::Inherited;
pub use log::levels;
pub use poller::Which;
pub use run::{RunError, run};
pub use trial::{Read, Trial, TrialError, try_source};
