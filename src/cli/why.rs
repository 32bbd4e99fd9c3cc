//! `briefwire why`: the reason for an item's brief, or for a source's next poll.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::ask;
use super::connection::{encoded, item};
use super::output::{self, line, list, text};
use crate::config::Config;
use crate::fetch::Call;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// An item's id or guid, or a source's id
    name: String,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let name = &arguments.name;
    let is_source = config.sources.iter().any(|source| source.id.as_str() == name);
    let path = if is_source {
        format!("/sources/{}", encoded(name))
    } else {
        format!("/items/{}/why", item(name))
    };
    let answer = ask(config, &Call::get(path))?;
    if arguments.json {
        output::json(&answer)?;
    } else if is_source {
        of_source(&answer)?;
    } else {
        of_item(&answer)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn of_source(answer: &Value) -> anyhow::Result<()> {
    line(&format!("{}  {}", text(answer, "id"), text(answer, "url")))?;
    let (outcome, due) = (text(answer, "outcome"), text(answer, "due"));
    line(&format!(
        "last outcome: {}",
        if outcome.is_empty() { "not asked yet" } else { &outcome }
    ))?;
    let paused = text(answer, "paused");
    if !paused.is_empty() {
        let resume = format!("briefwire source resume {}", text(answer, "id"));
        line(&format!("paused since {paused}; `{resume}` lets it go on"))?;
    }
    if !due.is_empty() {
        line(&format!("next due {due} because of {}", text(answer, "due_because")))?;
    }
    for (name, words) in [("hub", "hub"), ("moved_to", "moved to")] {
        let told = text(answer, name);
        if !told.is_empty() {
            line(&format!("{words} {told}"))?;
        }
    }
    for warning in list(answer, "warnings") {
        line(&format!("warning: {}", warning.as_str().unwrap_or_default()))?;
    }
    Ok(())
}

fn of_item(answer: &Value) -> anyhow::Result<()> {
    line(&format!("{}  {}", text(answer, "item_id"), text(answer, "title")))?;
    let brief = match text(answer, "brief_id") {
        none if none.is_empty() => "no stored brief".to_owned(),
        id => format!("brief {id}: {}", text(answer, "brief_title")),
    };
    line(&brief)?;
    let (method, score) = (text(answer, "method"), text(answer, "score"));
    line(&format!("{method} {score}: {}", text(answer, "because")))?;
    let evidence: Vec<&str> = list(answer, "evidence").iter().filter_map(Value::as_str).collect();
    if evidence.is_empty() { Ok(()) } else { line(&format!("evidence: {}", evidence.join(" · "))) }
}
