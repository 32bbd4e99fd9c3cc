//! `briefwire healthcheck`: is the daemon well? For supervisors that ask by a command.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::output::{self, line, text, warn};
use super::{FAILED, runtime};
use crate::config::Config;
use crate::daemon::Control;
use crate::fetch::Call;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let answer = runtime()?.block_on(ask(config))?;
    let why = match &answer {
        Some(health) => text(health, "error"),
        None => format!("no daemon runs on the store in {}", config.store.path.display()),
    };
    if arguments.json {
        let down = json!({ "ready": false, "error": why });
        output::json(&answer.unwrap_or(down))?;
    } else if why.is_empty() {
        line("ready")?;
    } else {
        warn(&why);
    }
    Ok(if why.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Asks the daemon, and nobody else: a store at rest is not well, it is at rest.
async fn ask(config: &Config) -> anyhow::Result<Option<Value>> {
    let Some(daemon) = Control::daemon(config).await? else { return Ok(None) };
    let (_, body) = daemon.ask(&Call::get("/health")).await?;
    Ok(Some(serde_json::from_slice(&body)?))
}
