//! `briefwire status`

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::ask;
use super::output::{self, Tone, line, list, text};
use super::table::{self, Column, Row};
use crate::config::Config;
use crate::fetch::Call;
use crate::model::counted;

const COLUMNS: [Column; 4] = [
    Column::whole("SOURCE"),
    Column::cut("LAST OUTCOME", 20),
    Column::whole("NEXT DUE").spare(0),
    Column::whole("FAILURES").spare(1),
];

/// Things that are wrong which are told one by one.
const MOST_TROUBLES: usize = 20;

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
    summary(&answer)?;
    troubles(list(&answer, "troubles"))?;
    if let Some(model) = answer.get("model").filter(|model| !model.is_null()) {
        line(&format!(
            "language model: {} waiting; {} and {} today",
            counted(text(model, "waiting"), "item"),
            counted(text(model, "requests_today"), "request"),
            counted(text(model, "tokens_today"), "token"),
        ))?;
    }
    if let Some(hub) = answer.get("hub").filter(|hub| !hub.is_null()) {
        let (url, waiting) = (text(hub, "url"), text(hub, "waiting"));
        line(&format!("hub {url}: {} to tell of", counted(waiting, "document")))?;
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
    Ok(ExitCode::SUCCESS)
}

/// Prints in a few lines what the status page tells.
fn summary(answer: &Value) -> anyhow::Result<()> {
    match list(answer, "troubles").len() {
        0 => line("well")?,
        1 => output::toned("1 thing needs you", Tone::Bad)?,
        count => output::toned(&format!("{count} things need you"), Tone::Bad)?,
    }
    let sources = list(answer, "sources");
    let count = |is: fn(&Value) -> bool| sources.iter().filter(|source| is(source)).count();
    let failing = count(|source| fails(source) && !is_paused(source) && !is_gone(source));
    line(&format!("sources: {} ({failing} fail, {} gone)", sources.len(), count(is_gone)))?;
    let warned = count(|source| !list(source, "warnings").is_empty());
    line(&format!("paused: {}, with warnings: {warned}", count(is_paused)))?;
    // While the store is closed nobody knows.
    let items = text(answer, "items");
    if !items.is_empty() {
        let bytes = answer.get("bytes").and_then(Value::as_u64).unwrap_or(0);
        let briefs = text(answer, "briefs");
        let (items, briefs) = (counted(items, "item"), counted(briefs, "brief"));
        line(&format!("{items}, {briefs}, {} KiB", bytes.div_ceil(1024)))?;
    }
    let (under_way, due) = (text(answer, "polls_under_way"), text(answer, "due_sources"));
    line(&format!("polls: {under_way} under way, {due} wait"))?;
    line(&format!("changes that wait: {}", text(answer, "waiting_changes")))?;
    shares(list(answer, "channels"))
}

/// Prints what is wrong, as the status page and its feed tell it.
fn troubles(troubles: &[Value]) -> anyhow::Result<()> {
    for trouble in troubles.iter().take(MOST_TROUBLES) {
        let (title, text) = (text(trouble, "title"), text(trouble, "text"));
        output::toned(&format!("{title}: {text}"), Tone::Bad)?;
    }
    match troubles.len().saturating_sub(MOST_TROUBLES) {
        0 => Ok(()),
        more => line(&format!("and {more} more: see /status.xml, or --json")),
    }
}

/// Prints what the channels hold, by the origin of their briefs.
fn shares(channels: &[Value]) -> anyhow::Result<()> {
    let number =
        |channel: &Value, name: &str| channel.get(name).and_then(Value::as_u64).unwrap_or(0);
    let sum = |name: &str| channels.iter().map(|channel| number(channel, name)).sum::<u64>();
    let items = sum("items");
    let share = |count: u64| (count * 100 + items / 2).checked_div(items).unwrap_or(0);
    line(&format!("{} with {}", counted(channels.len(), "channel"), counted(items, "item")))?;
    let (stored, model) = (share(sum("stored")), share(sum("model")));
    line(&format!("briefs: {stored} % editors', {model} % model's"))?;
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for methods in channels.iter().filter_map(|channel| channel.get("found_by")?.as_object()) {
        for (method, count) in methods {
            *found.entry(method).or_default() += count.as_u64().unwrap_or(0);
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    let found: Vec<String> =
        found.iter().map(|(method, count)| format!("{method} {count}")).collect();
    line(&format!("found by: {}", found.join(", ")))
}

fn fails(source: &Value) -> bool {
    source.get("ok") == Some(&Value::Bool(false))
}

fn is_gone(source: &Value) -> bool {
    text(source, "outcome") == "gone (410)"
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
    if fails(source) && !is_paused(source) { Tone::Bad } else { Tone::Plain }
}

/// Returns whether a source is asked by name only.
pub(super) fn is_paused(source: &Value) -> bool {
    source.get("paused").is_some()
}
