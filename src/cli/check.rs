//! `briefwire check`: is this configuration right?

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{BAD_CONFIGURATION, output};
use crate::config::{self, Config, ConfigError, Environment, Mistake};
use crate::model::{Address, counted};

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
        for doubt in doubts(&config) {
            output::warn(&format!("warning: {doubt}"));
        }
        let (sources, channels) = (counted(sources, "source"), counted(channels, "channel"));
        output::line(&format!("{}: {sources}, {channels}: ok", file.display()))?;
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
    let doubts = loaded.as_ref().map(doubts).unwrap_or_default();
    output::json(&json!({ "ok": loaded.is_ok(), "mistakes": mistakes, "warnings": doubts }))?;
    Ok(if loaded.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(BAD_CONFIGURATION) })
}

/// Returns what works and is probably not meant, files that are not there included.
fn doubts(config: &Config) -> Vec<String> {
    let mut doubts = config::doubts(config);
    let is_missing = |path: &Path| path.try_exists().is_ok_and(|exists| !exists);
    if let Some(dir) = config.briefs_dir.as_deref().filter(|dir| is_missing(dir)) {
        doubts.push(format!("`briefs.dir` is not there yet: {}", dir.display()));
    }
    for source in &config.sources {
        if let Address::File(path) = &source.address
            && is_missing(path)
        {
            let id = source.id.as_str();
            doubts.push(format!("the file of the source `{id}` is not there: {}", path.display()));
        }
    }
    doubts
}
