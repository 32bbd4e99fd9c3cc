//! The log as the daemon speaks of it: the levels that are configured, and an error as a text.

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

/// Says what a configuration probably does not mean.
pub(super) fn doubts(config: &config::Config) {
    for doubt in config::doubts(config) {
        tracing::warn!("{doubt}");
    }
}

/// Returns an error with all its causes, on one line, where it is told as a text.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
