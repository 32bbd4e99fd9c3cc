//! What is stored: `list`, `search`, `show`.

use clap::Args;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::briefs::{self, FallbackId, Form};
use crate::cli::ask;
use crate::cli::connection::encoded;
use crate::cli::output::{self, Tone, text};
use crate::cli::table::{self, Column, Row};
use crate::config::Config;
use crate::daemon::now;
use crate::fetch::Call;

const COLUMNS: [Column; 5] = [
    Column::whole("BRIEF"),
    Column::whole("STATUS").spare(2),
    Column::whole("LANG").spare(1),
    Column::whole("STORED").spare(0),
    Column::cut("TITLE", 20),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Sought {
    /// Each stands somewhere in the brief: id, title, summary, key terms or other text
    #[arg(required = true)]
    words: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// At most this many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Shown {
    /// Its id
    brief: String,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<()> {
    print(&ask(config, &Call::get("/briefs"))?, arguments.json)
}

pub(super) fn search(sought: &Sought, config: &Config) -> anyhow::Result<()> {
    let mut query = Serializer::new(String::new());
    query.append_pair("q", &sought.words.join(" "));
    if let Some(limit) = sought.limit {
        query.append_pair("limit", &limit.to_string());
    }
    print(&ask(config, &Call::get(format!("/briefs?{}", query.finish())))?, sought.json)
}

fn print(answer: &Value, json: bool) -> anyhow::Result<()> {
    let briefs = output::rows(answer);
    if json {
        return briefs.iter().try_for_each(output::json);
    }
    let row = |brief: &Value| Row {
        cells: ["id", "status", "lang", "stored", "title"].map(|f| text(brief, f)).to_vec(),
        tone: if text(brief, "status") == "active" { Tone::Plain } else { Tone::Faint },
    };
    table::print(&COLUMNS, &briefs.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn show(shown: &Shown, config: &Config) -> anyhow::Result<()> {
    let brief = shown.brief.as_str();
    let answer = ask(config, &Call::get(format!("/briefs/{}", encoded(brief))))?;
    if shown.json {
        return output::json(&answer);
    }
    let bytes = answer.to_string().into_bytes();
    let report = briefs::read(&bytes, Form::Json, FallbackId::Stem(brief), now());
    match report.brief {
        Some(brief) => output::document(&briefs::to_markdown(&brief)),
        None => {
            anyhow::bail!("the stored brief `{brief}` cannot be printed as Markdown; use --json")
        }
    }
}
