//! `briefwire source`: what is configured, and what is known of it.

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use url::Url;

use super::output::{self, list, text};
use super::table::{self, Column, Row};
use super::{ask, parse, runtime, status};
use crate::config::Config;
use crate::contract::feed::Printed;
use crate::daemon::{self, Asked, Trial};
use crate::fetch::{Call, Hop};
use crate::model::{Address, Source};

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
    /// Ask a source once and show what is read in its feed; nothing is stored
    ///
    /// Every repair and every loss is a warning. The guard and the limits are those of the
    /// configuration.
    #[command(after_help = "Example: briefwire source test https://example.org/feed.xml")]
    Test(TestArguments),
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
pub(super) struct Arguments {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Command, config: &Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(arguments) => sources(arguments, config),
        Command::Test(arguments) => test(arguments, config),
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

fn test(arguments: &TestArguments, config: &Config) -> anyhow::Result<ExitCode> {
    let asked = meant(&arguments.source, config)?;
    let tried = runtime()?.block_on(daemon::try_source(config, &asked));
    let trial = match tried {
        Ok(trial) => trial,
        Err(error) if arguments.json => {
            output::json(&parse::failure(&error.into()))?;
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => {
            let context = format!("failed to read {}", arguments.source);
            return Err(anyhow::Error::from(error).context(context));
        }
    };
    if arguments.json {
        output::json(&Tried(&trial))?;
    } else {
        show(&trial)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the source of that id, else one at that address.
fn meant(named: &str, config: &Config) -> anyhow::Result<Asked> {
    let of = |source: &Source| Asked {
        address: source.address.clone(),
        allow_private: source.allow_private,
        assume_timezone: source.assume_timezone,
    };
    if let Some(source) = config.sources.iter().find(|source| source.id.as_str() == named) {
        return Ok(of(source));
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
    Ok(known.map_or(Asked { address, allow_private: false, assume_timezone: None }, of))
}

fn show(trial: &Trial) -> anyhow::Result<()> {
    if let Some(answer) = &trial.answer {
        for hop in &answer.hops {
            output::line(&format!("{} to {}", hop.status, hop.to))?;
        }
        let mime = answer.content_type.as_deref().unwrap_or("no type");
        output::line(&format!("200 from {}: {mime}, {} bytes", answer.url, trial.bytes))?;
    }
    parse::summarise(&trial.feed)
}

/// A trial as JSON.
struct Tried<'a>(&'a Trial);

impl Serialize for Tried<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        if let Some(answer) = &self.0.answer {
            let hop = |hop: &Hop| json!({ "status": hop.status, "to": hop.to.as_str() });
            out.serialize_entry("url", answer.url.as_str())?;
            out.serialize_entry("redirects", &answer.hops.iter().map(hop).collect::<Value>())?;
            out.serialize_entry("content_type", &answer.content_type)?;
        }
        out.serialize_entry("bytes", &self.0.bytes)?;
        out.serialize_entry("feed", &Printed(&self.0.feed))?;
        out.end()
    }
}

fn row(source: &Value) -> Row {
    let tags: Vec<&str> = list(source, "tags").iter().filter_map(Value::as_str).collect();
    let [id, outcome, due, failures] =
        ["id", "outcome", "due", "failures"].map(|field| text(source, field));
    Row { cells: vec![id, tags.join(", "), outcome, due, failures], tone: status::tone(source) }
}
