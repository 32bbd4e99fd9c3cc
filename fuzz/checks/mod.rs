//! What each fuzz target holds the program to.
//!
//! The targets and `tests/it/fuzzing.rs` both include this folder, so that what is replayed is
//! what was fuzzed. A check panics where a promise of the documentation is broken; that nothing
//! panics by itself is only the least of them.

mod briefs;
mod caching;
mod config;
mod markup;
mod parse;
mod text;

pub(crate) use briefs::briefs;
pub(crate) use caching::caching;
pub(crate) use config::config;
pub(crate) use markup::assert_safe;
pub(crate) use parse::{parse_json, parse_xml};
pub(crate) use text::text;
