//! `briefwire items`

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::{ask, output};
use crate::config::Config;
use crate::fetch::Call;

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
    let items = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    if arguments.json {
        for item in items {
            output::line(&item.to_string())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let row = |item: &Value| {
        let brief = match output::text(item, "brief_id") {
            none if none.is_empty() => output::text(item, "origin"),
            brief => brief,
        };
        let title: String = output::text(item, "title").chars().take(60).collect();
        vec![
            output::text(item, "item_id"),
            output::text(item, "feed"),
            output::text(item, "published"),
            output::text(item, "placement"),
            brief,
            title,
        ]
    };
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    output::table(&["ITEM", "SOURCE", "PUBLISHED", "PLACEMENT", "BRIEF", "TITLE"], &rows)?;
    Ok(ExitCode::SUCCESS)
}
