//! `briefwire source`: what is configured, and what is known of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use url::Url;

use super::connection::encoded;
use super::output::{self, list, text};
use super::table::{self, Column, Row};
use super::{ask, load, opml, parse, runtime, status};
use crate::config::Config;
use crate::contract::feed::Printed;
use crate::contract::time;
use crate::daemon::{self, Trial};
use crate::fetch::{Call, Exchange};
use crate::model::{Address, Source, counted};
use crate::reconcile::Dropped;

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
    /// Ask a source once and show the whole exchange and its feed; nothing is stored
    ///
    /// Requests, the header fields that matter, redirects, times and sizes; every repair and every
    /// loss in the document as a warning; what a first poll would store, and when the source would
    /// be asked again. The guard and the limits are those of the configuration.
    #[command(after_help = "Example: briefwire source test https://example.org/feed.xml")]
    Test(TestArguments),
    /// Ask a source no more until it is resumed; its items stay
    ///
    /// Neither its times nor its hub have it read; `briefwire poll SOURCE` still asks it once. It
    /// holds across restarts and reloads.
    #[command(after_help = "Example: briefwire source pause bbc-world")]
    Pause(Named),
    /// Ask a paused source again, as before: at once if it is overdue
    #[command(after_help = "Example: briefwire source resume bbc-world")]
    Resume(Named),
    /// Print the sources as OPML, for other programs or another briefwire
    ///
    /// A source stands in the folder of its first tag. One that is private, needs a login or a
    /// query in its address, or is a file, is left out; standard error says which.
    #[command(after_help = "Example: briefwire source export > subscriptions.opml")]
    Export,
    /// Print the feeds of an OPML file as `[[source]]` tables, to be pasted into the configuration
    ///
    /// Folders become tags. What is configured already is left out, as a comment says. Nothing is
    /// asked of the feeds, and no file is changed.
    #[command(
        after_help = "Example: briefwire source import subscriptions.opml >> briefwire.toml && briefwire check"
    )]
    Import(opml::Arguments),
}

#[derive(Debug, Args)]
pub(super) struct TestArguments {
    /// The id of a configured source, an address, or a file
    source: String,
    /// One JSON object: the answer, and the feed as `parse --json` prints it
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The id of a configured source
    source: String,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Command, file: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(arguments) => sources(arguments, &load(file)?),
        Command::Test(arguments) => test(arguments, &load(file)?),
        Command::Pause(named) => pause("PUT", named, &load(file)?),
        Command::Resume(named) => pause("DELETE", named, &load(file)?),
        Command::Export => opml::export(&load(file)?),
        Command::Import(arguments) => opml::import(arguments, file),
    }
}

fn sources(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let answer = ask(config, &Call::get("/sources"))?;
    let sources = output::rows(&answer);
    if arguments.json {
        sources.iter().try_for_each(output::json)?;
        return Ok(ExitCode::SUCCESS);
    }
    table::print(&COLUMNS, &sources.iter().map(row).collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
}

fn pause(method: &'static str, named: &Named, config: &Config) -> anyhow::Result<ExitCode> {
    let path = format!("/sources/{}/pause", encoded(&named.source));
    let answer = ask(config, &Call { method, path, body: None })?;
    if named.json {
        output::json(&answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    let since = text(&answer, "paused");
    output::line(&match since.as_str() {
        "" => format!("{}: not paused", named.source),
        since => format!("{}: paused since {since}", named.source),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn test(arguments: &TestArguments, config: &Config) -> anyhow::Result<ExitCode> {
    let source = meant(&arguments.source, config)?;
    let trial = runtime()?.block_on(daemon::try_source(config, &source))?;
    if arguments.json {
        output::json(&Tried(&trial))?;
        return Ok(if trial.read.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    show(&trial)?;
    match trial.read {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            let context = format!("failed to read {}", arguments.source);
            Err(anyhow::Error::from(error).context(context))
        }
    }
}

/// Returns the source of that id, else one at that address.
fn meant(named: &str, config: &Config) -> anyhow::Result<Source> {
    if let Some(source) = config.sources.iter().find(|source| source.id.as_str() == named) {
        return Ok(source.clone());
    }
    let path = named.strip_prefix("file:").unwrap_or(named);
    let address = match Url::parse(named) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Address::Http(url),
        _ if Path::new(path).exists() => Address::File(path.into()),
        _ => {
            anyhow::bail!("`{named}` is no configured source, no http or https address and no file")
        }
    };
    let known = config.sources.iter().find(|source| source.address == address);
    Ok(known.cloned().unwrap_or_else(|| Source::at(address)))
}

/// Prints the exchange as `curl -v` does, then the feed, then what would come of it.
fn show(trial: &Trial) -> anyhow::Result<()> {
    for exchange in &trial.exchanges {
        output::line(&format!("> {} {}", exchange.method, exchange.url))?;
        for (name, value) in &exchange.sent {
            output::line(&format!(">   {name}: {value}"))?;
        }
        let head = exchange.head.as_millis();
        output::line(&format!("< {} {} after {head} ms", exchange.version, exchange.status))?;
        for (name, value) in &exchange.received {
            output::line(&format!("<   {name}: {value}"))?;
        }
        if let Some((took, bytes)) = exchange.body.zip(exchange.wire_bytes) {
            output::line(&format!("<   {bytes} bytes in {} ms", took.as_millis()))?;
        }
    }
    if let Some(page) = &trial.page {
        output::line(page)?;
    }
    if let Ok(read) = &trial.read {
        if let Some(url) = &read.url {
            let mime = read.content_type.as_deref().unwrap_or("no type");
            output::line(&format!("200 from {url}: {mime}, {} bytes", read.bytes))?;
        }
        parse::summarise(&read.feed)?;
        for item in &read.dropped {
            output::line(&format!("dropped by {}: {}", item.by, item.title))?;
        }
        output::line(&format!(
            "a first poll would store {} and show {} of them",
            counted(read.stored, "item"),
            read.shown
        ))?;
    }
    let due = &trial.due;
    output::line(&format!("it would be asked again {} because of {}", time(due.at), due.rule))
}

/// A trial as JSON.
struct Tried<'a>(&'a Trial);

impl Serialize for Tried<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Trial { exchanges, page, read, due } = self.0;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("exchanges", &exchanges.iter().map(told).collect::<Value>())?;
        out.serialize_entry("page", page)?;
        match read {
            Ok(read) => {
                out.serialize_entry("url", &read.url.as_ref().map(Url::as_str))?;
                out.serialize_entry("content_type", &read.content_type)?;
                out.serialize_entry("bytes", &read.bytes)?;
                out.serialize_entry("stored", &read.stored)?;
                out.serialize_entry("shown", &read.shown)?;
                out.serialize_entry("feed", &Printed(&read.feed))?;
                out.serialize_entry(
                    "dropped",
                    &read.dropped.iter().map(kept_out).collect::<Value>(),
                )?;
            }
            Err(error) => out.serialize_entry("error", &chain(error))?,
        }
        out.serialize_entry("due", &time(due.at))?;
        out.serialize_entry("due_because", &due.rule.to_string())?;
        out.end()
    }
}

fn kept_out(item: &Dropped) -> Value {
    json!({ "title": item.title, "by": item.by })
}

fn chain(error: &daemon::TrialError) -> String {
    match error {
        daemon::TrialError::Fetch(error) => error.with_causes(),
        other => other.to_string(),
    }
}

fn told(exchange: &Exchange) -> Value {
    let fields = |fields: &[(String, String)]| -> Value {
        fields.iter().map(|(name, value)| json!([name, value])).collect()
    };
    json!({
        "method": exchange.method,
        "url": exchange.url.as_str(),
        "sent": fields(&exchange.sent),
        "version": exchange.version,
        "status": exchange.status,
        "received": fields(&exchange.received),
        "head_ms": u64::try_from(exchange.head.as_millis()).unwrap_or(u64::MAX),
        "body_ms": exchange.body.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        "wire_bytes": exchange.wire_bytes,
    })
}

fn row(source: &Value) -> Row {
    let tags: Vec<&str> = list(source, "tags").iter().filter_map(Value::as_str).collect();
    let [id, outcome, failures] = ["id", "outcome", "failures"].map(|field| text(source, field));
    let due = status::due(source);
    Row { cells: vec![id, tags.join(", "), outcome, due, failures], tone: status::tone(source) }
}
