//! `briefwire status`

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::ask;
use super::output::{self, Tone, line, list, text};
use super::table::{self, Column, Row};
use crate::config::Config;
use crate::fetch::Call;

const COLUMNS: [Column; 4] = [
    Column::whole("SOURCE"),
    Column::cut("LAST OUTCOME", 20),
    Column::whole("NEXT DUE").spare(0),
    Column::whole("FAILURES").spare(1),
];

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let answer = ask(config, &Call::get("/status"))?;
    if arguments.json {
        output::json(&answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    match text(&answer, "trouble") {
        none if none.is_empty() => line("well")?,
        trouble => output::toned(&format!("degraded: {trouble}"), Tone::Bad)?,
    }
    let vanished = text(&answer, "vanished_briefs");
    if !vanished.is_empty() {
        output::toned(&vanished, Tone::Bad)?;
    }
    for (field, words) in
        [("no_backup", "no backup is made: "), ("rebuilt", "the database was damaged: ")]
    {
        let told = text(&answer, field);
        if !told.is_empty() {
            output::toned(&format!("{words}{told}"), Tone::Bad)?;
        }
    }
    let (items, briefs) = (text(&answer, "items"), text(&answer, "briefs"));
    // While the store is closed nobody knows.
    if !items.is_empty() {
        line(&format!("{items} items, {briefs} briefs, {} bytes", text(&answer, "bytes")))?;
    }
    if let Some(model) = answer.get("model").filter(|model| !model.is_null()) {
        line(&format!(
            "language model: {} items wait; {} requests and {} tokens today",
            text(model, "waiting"),
            text(model, "requests_today"),
            text(model, "tokens_today"),
        ))?;
        let trouble = text(model, "trouble");
        if !trouble.is_empty() {
            output::toned(&format!("the language model is not asked: {trouble}"), Tone::Bad)?;
        }
    }
    if let Some(hub) = answer.get("hub").filter(|hub| !hub.is_null()) {
        let (url, trouble) = (text(hub, "url"), text(hub, "trouble"));
        line(&format!("hub {url}: {} documents to tell of", text(hub, "waiting")))?;
        if !trouble.is_empty() {
            output::toned(&format!("the hub could not be told: {trouble}"), Tone::Bad)?;
        }
    }
    let sources = list(&answer, "sources");
    table::print(&COLUMNS, &sources.iter().map(row).collect::<Vec<_>>())?;
    for source in sources {
        let moved = text(source, "moved_to");
        if !moved.is_empty() {
            let id = text(source, "id");
            let is_sure =
                source.get("moved_for_good").is_some_and(|sure| *sure == Value::Bool(true));
            line(&if is_sure {
                format!("{id} has moved; its line is now: url = \"{moved}\"")
            } else {
                format!("{id} seems to move to {moved}, which is not relied upon yet")
            })?;
        }
    }
    for file in list(&answer, "refused_briefs") {
        let errors = list(file, "errors").iter().filter_map(Value::as_str);
        let errors = errors.collect::<Vec<_>>().join("; ");
        output::toned(&format!("refused brief {}: {errors}", text(file, "file")), Tone::Bad)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row(source: &Value) -> Row {
    let [id, outcome, failures] = ["id", "outcome", "failures"].map(|field| text(source, field));
    Row { cells: vec![id, outcome, due(source), failures], tone: tone(source) }
}

/// Returns when a source is due, or that it is paused.
pub(super) fn due(source: &Value) -> String {
    if is_paused(source) { "paused".to_owned() } else { text(source, "due") }
}

/// Returns the tone of a source: one that fails is to be seen, unless nobody asks it.
pub(super) fn tone(source: &Value) -> Tone {
    let fails = source.get("ok") == Some(&Value::Bool(false));
    if fails && !is_paused(source) { Tone::Bad } else { Tone::Plain }
}

/// Returns whether a source is asked by name only.
pub(super) fn is_paused(source: &Value) -> bool {
    source.get("paused").is_some()
}
