//! `briefwire check`: is this configuration right?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{BAD_CONFIGURATION, output};
use crate::config::{self, ConfigError, Environment, Mistake};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, file: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process();
    let file = config::find(file, &environment);
    let loaded = config::load(&file, &environment);
    if !arguments.json {
        let config = loaded?;
        let (sources, channels) = (config.sources.len(), config.channels.len());
        let text = format!("{}: {sources} sources, {channels} channels: ok", file.display());
        output::line(&text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mistake = |m: &Mistake| {
        json!({
            "line": m.line, "column": m.column, "key": m.key, "found": m.found, "accepted": m.accepted,
        })
    };
    let mistakes = match &loaded {
        Ok(_) => Vec::new(),
        Err(ConfigError::Wrong { mistakes, .. }) => mistakes.iter().map(mistake).collect(),
        Err(error) => vec![json!({ "found": error.to_string() })],
    };
    output::json(&json!({ "ok": loaded.is_ok(), "mistakes": mistakes }))?;
    Ok(if loaded.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(BAD_CONFIGURATION) })
}
