//! `briefwire status`

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::ask;
use super::output::{line, table, text};
use crate::config::Config;
use crate::fetch::Call;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let answer = ask(config, &Call::get("/status"))?;
    if arguments.json {
        line(&answer.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let trouble = text(&answer, "trouble");
    line(&if trouble.is_empty() { "well".to_owned() } else { format!("degraded: {trouble}") })?;
    let vanished = text(&answer, "vanished_briefs");
    if !vanished.is_empty() {
        line(&vanished)?;
    }
    let (items, briefs) = (text(&answer, "items"), text(&answer, "briefs"));
    // While the store is closed nobody knows.
    if !items.is_empty() {
        line(&format!("{items} items, {briefs} briefs, {} bytes", text(&answer, "bytes")))?;
    }
    let rows = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let sources: Vec<Vec<String>> = rows("sources")
        .iter()
        .map(|s| ["id", "outcome", "due", "failures"].iter().map(|f| text(s, f)).collect())
        .collect();
    table(&["SOURCE", "LAST OUTCOME", "NEXT DUE", "FAILURES"], &sources)?;
    for source in rows("sources") {
        let moved = text(&source, "moved_to");
        if !moved.is_empty() {
            line(&format!(
                "{} has moved; its line is now: url = \"{moved}\"",
                text(&source, "id")
            ))?;
        }
    }
    for file in rows("refused_briefs") {
        let errors = file.get("errors").and_then(Value::as_array).into_iter().flatten();
        let errors: Vec<&str> = errors.filter_map(Value::as_str).collect();
        line(&format!("refused brief {}: {}", text(&file, "file"), errors.join("; ")))?;
    }
    Ok(ExitCode::SUCCESS)
}
