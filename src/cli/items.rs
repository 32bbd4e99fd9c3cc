//! `briefwire items`

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::ask;
use super::output::{self, Tone, text};
use super::table::{self, Column, Row};
use crate::config::Config;
use crate::fetch::Call;

const COLUMNS: [Column; 6] = [
    Column::whole("ITEM"),
    Column::whole("SOURCE").spare(2),
    Column::whole("PUBLISHED").spare(1),
    Column::whole("PLACEMENT").spare(0),
    Column::whole("BRIEF"),
    Column::cut("TITLE", 12),
];

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// At most this many, newest first
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let path = match arguments.limit {
        Some(limit) => format!("/items?limit={limit}"),
        None => "/items".to_owned(),
    };
    let answer = ask(config, &Call::get(path))?;
    let items = output::rows(&answer);
    if arguments.json {
        items.iter().try_for_each(output::json)?;
        return Ok(ExitCode::SUCCESS);
    }
    table::print(&COLUMNS, &items.iter().map(row).collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
}

fn row(item: &Value) -> Row {
    let brief = match text(item, "brief_id") {
        none if none.is_empty() => text(item, "origin"),
        brief => brief,
    };
    let [id, feed, published, placement, title] =
        ["item_id", "feed", "published", "placement", "title"].map(|field| text(item, field));
    Row { cells: vec![id, feed, published, placement, brief, title], tone: Tone::Plain }
}
