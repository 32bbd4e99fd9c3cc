//! `briefwire run`

use std::process::ExitCode;

use super::output;
use crate::config::{Config, LogFormat};
use crate::daemon::Inherited;
use crate::{daemon, telemetry};

/// Runs the daemon until it is told to stop.
pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    use anyhow::Context;
    // Before any thread is there: it reads and clears the environment.
    let inherited =
        Inherited::of_process().context("cannot take the socket of the service manager")?;
    start_log(config);
    let announce = |place: &str, base: &str| announce(place, base, config);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(daemon::step_back)
        .build()?;
    runtime.block_on(daemon::run(config.clone(), inherited, announce))?;
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
    let form = match config.log.format {
        LogFormat::Auto => telemetry::Form::Auto,
        LogFormat::Text => telemetry::Form::Text,
        LogFormat::Json => telemetry::Form::Json,
        LogFormat::Journal => telemetry::Form::Journal,
    };
    telemetry::start(&daemon::levels(&config.log), form, daemon::now);
}
