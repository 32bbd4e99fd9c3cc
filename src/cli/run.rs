//! `briefwire run`

use std::process::ExitCode;

use super::{output, runtime};
use crate::config::{Config, Level, LogFormat};
use crate::{daemon, telemetry};

/// Runs the daemon until it is told to stop.
pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    start_log(config);
    runtime()?.block_on(daemon::run(config, |place, base| announce(place, base, config)))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints where everything is, once it is there.
fn announce(place: &str, base: &str, config: &Config) {
    let mut lines = vec![
        format!("Listens: {place}"),
        format!("Pages:   {base}"),
        format!("Status:  {base}status"),
    ];
    for channel in config.channels.iter().filter(|channel| channel.token.is_none()) {
        lines.push(format!("Feed:    {base}feeds/{}.xml  ({})", channel.id, channel.title));
    }
    for text in lines {
        if let Err(error) = output::line(&text) {
            tracing::warn!(%error, "cannot print to standard output");
        }
    }
}

/// Starts logging as the configuration says.
pub(super) fn start_log(config: &Config) {
    let level = match config.log.level {
        Level::Error => tracing::Level::ERROR,
        Level::Warn => tracing::Level::WARN,
        Level::Info => tracing::Level::INFO,
        Level::Debug => tracing::Level::DEBUG,
        Level::Trace => tracing::Level::TRACE,
    };
    // Under systemd the journal adds the time.
    let in_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let form = match config.log.format {
        LogFormat::Json => telemetry::Form::Json,
        LogFormat::Text if in_journal => telemetry::Form::Journal,
        LogFormat::Text => telemetry::Form::Text,
    };
    telemetry::start(level, form);
}
