//! `briefwire parse`: what a feed document says, by `parse-json.md`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use url::Url;

use super::output;
use crate::contract;
use crate::contract::feed::Printed;
use crate::model::{Feed, counted};
use crate::parse::{Document, parse};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One JSON object a document
    #[arg(long)]
    json: bool,
    /// A list with a document a line: PATH TAB CONTENT-TYPE TAB BASE-URL TAB LANGUAGE
    #[arg(long, value_name = "LIST", conflicts_with = "file")]
    batch: Option<PathBuf>,
    /// The document; `-` is standard input
    #[arg(required_unless_present = "batch")]
    file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(list) = &arguments.batch {
        return batch(list);
    }
    let file = arguments.file.as_deref().unwrap_or(Path::new("-"));
    let read = read(file).and_then(|bytes| read_feed(&bytes, &[]));
    match read {
        Ok(feed) if arguments.json => output::json(&Printed(&feed))?,
        Ok(feed) => summarise(&feed)?,
        Err(error) if arguments.json => {
            output::json(&failure(&error))?;
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error.context(format!("failed to parse {}", file.display()))),
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a line for every line of the list, whatever becomes of its document.
fn batch(list: &Path) -> anyhow::Result<ExitCode> {
    let unreadable = || format!("cannot read the list {}", list.display());
    let rows = BufReader::new(File::open(list).with_context(unreadable)?);
    // Row by row, so that a list may be a pipe that is written while we read.
    for row in rows.lines() {
        let row = row.with_context(unreadable)?;
        let fields: Vec<&str> = row.split('\t').collect();
        let path = fields.first().copied().unwrap_or_default();
        let read = read(Path::new(path));
        match read.and_then(|bytes| read_feed(&bytes, fields.get(1..).unwrap_or_default())) {
            Ok(feed) => output::json(&Printed(&feed))?,
            Err(error) => output::json(&failure(&error))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file).with_context(|| format!("cannot read {}", file.display()));
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
    Ok(bytes)
}

/// Reads a feed; `around` is its content type, URL and language, each possibly empty.
fn read_feed(bytes: &[u8], around: &[&str]) -> anyhow::Result<Feed> {
    let field = |at: usize| around.get(at).copied().filter(|text| !text.is_empty());
    let url = field(1).and_then(|text| Url::parse(text).ok());
    let document = Document {
        bytes,
        content_type: field(0),
        url: url.as_ref(),
        language: field(2),
        assume_timezone: None,
    };
    Ok(parse(&document)?)
}

pub(super) fn failure(error: &anyhow::Error) -> Value {
    json!({ "error": format!("{error:#}") })
}

pub(super) fn summarise(feed: &Feed) -> anyhow::Result<()> {
    let title = feed.title.as_ref().map_or("(without a title)", |title| title.plain.as_str());
    output::line(&format!(
        "{title}: {} in {}, {}",
        feed.version,
        feed.encoding,
        counted(feed.items.len(), "item")
    ))?;
    for item in &feed.items {
        let title = item.title.as_ref().map_or("(without a title)", |title| title.plain.as_str());
        let date = item.published.map(contract::time).unwrap_or_default();
        output::line(&format!("{date:20}  {title}"))?;
    }
    for warning in &feed.warnings {
        output::line(&format!("warning: {warning}"))?;
    }
    Ok(())
}
