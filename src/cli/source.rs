//! `briefwire source`: what is configured, and what is known of it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::output::{self, list, text};
use super::table::{self, Column, Row};
use super::{ask, status};
use crate::config::Config;
use crate::fetch::Call;

const COLUMNS: [Column; 5] = [
    Column::whole("SOURCE"),
    Column::cut("TAGS", 8).spare(1),
    Column::cut("LAST OUTCOME", 20),
    Column::whole("NEXT DUE").spare(0),
    Column::whole("FAILURES").spare(2),
];

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the sources: tags, last outcome, next due time, failures in a row
    #[command(
        after_help = "Example: briefwire source list --json | jq -r 'select(.failures > 0).id'"
    )]
    List(Arguments),
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Command, config: &Config) -> anyhow::Result<ExitCode> {
    let Command::List(arguments) = command;
    let answer = ask(config, &Call::get("/sources"))?;
    let sources = output::rows(&answer);
    if arguments.json {
        sources.iter().try_for_each(output::json)?;
        return Ok(ExitCode::SUCCESS);
    }
    table::print(&COLUMNS, &sources.iter().map(row).collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
}

fn row(source: &Value) -> Row {
    let tags: Vec<&str> = list(source, "tags").iter().filter_map(Value::as_str).collect();
    let [id, outcome, due, failures] =
        ["id", "outcome", "due", "failures"].map(|field| text(source, field));
    Row { cells: vec![id, tags.join(", "), outcome, due, failures], tone: status::tone(source) }
}
