//! What the configuration says of the log, in the words of `telemetry`.

use tracing::Level;

use crate::config;
use crate::telemetry::Levels;

/// Returns the levels that a configuration asks for.
pub fn levels(log: &config::Log) -> Levels {
    let modules = log.modules.iter().map(|(name, written)| (name.clone(), level(*written)));
    Levels { all: level(log.level), modules: modules.collect() }
}

fn level(written: config::Level) -> Level {
    match written {
        config::Level::Error => Level::ERROR,
        config::Level::Warn => Level::WARN,
        config::Level::Info => Level::INFO,
        config::Level::Debug => Level::DEBUG,
        config::Level::Trace => Level::TRACE,
    }
}
