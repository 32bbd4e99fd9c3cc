//! The wall clock, read in one place.

use std::time::SystemTime;

use crate::model::Timestamp;

/// Returns the time of day.
///
/// In debug builds a file named in `BRIEFWIRE_TEST_CLOCK` shifts it by the seconds it holds.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    let now = Timestamp::from(SystemTime::now());
    now + shift()
}

#[cfg(debug_assertions)]
fn shift() -> chrono::TimeDelta {
    let seconds = std::env::var_os("BRIEFWIRE_TEST_CLOCK")
        .and_then(|file| std::fs::read_to_string(file).ok())
        .and_then(|text| text.trim().parse().ok());
    seconds.map_or(chrono::TimeDelta::zero(), chrono::TimeDelta::seconds)
}

#[cfg(not(debug_assertions))]
fn shift() -> chrono::TimeDelta {
    chrono::TimeDelta::zero()
}
