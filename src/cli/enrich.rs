//! `briefwire enrich`: the extracted brief of a text, by `enrich-json.md`.

use std::io::{BufRead, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{SOME_UNREADABLE, output};
use crate::contract::matching::extract as told;
use crate::enrich::{self, Article, Extract, Measure, extract};
use crate::text::html;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// As JSON
    #[arg(long)]
    json: bool,
    /// JSON objects from standard input, one a line: id, lang, title, text
    #[arg(long, conflicts_with_all = ["json", "file", "title", "lang"])]
    jsonl: bool,
    /// The article's title
    #[arg(long)]
    title: Option<String>,
    /// Its language, such as `en`
    #[arg(long)]
    lang: Option<String>,
    /// The kind of key terms: phrases that say what it is about, or tags of mostly one word
    #[arg(long, value_enum, default_value_t = Style::Phrases)]
    style: Style,
    /// Plain text or HTML; `-` is standard input
    #[arg(required_unless_present = "jsonl")]
    file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    Phrases,
    Tags,
}

impl Style {
    fn measure(self) -> Measure {
        let style = match self {
            Self::Phrases => enrich::Style::Phrases,
            Self::Tags => enrich::Style::Tags,
        };
        Measure { style, ..Measure::default() }
    }
}

/// A line of `--jsonl`.
#[derive(Debug, Deserialize)]
struct Line {
    id: String,
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    text: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.jsonl {
        return lines(arguments.style.measure());
    }
    let bytes = match arguments.file.as_deref() {
        Some(file) if file.as_os_str() != "-" => {
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?
        }
        _ => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .context("cannot read standard input")?;
            bytes
        }
    };
    let text = String::from_utf8(bytes).context("the text is not UTF-8")?;
    let title = arguments.title.clone().unwrap_or_default();
    let made = made((&title, &text), arguments.lang.as_deref(), arguments.style.measure());
    if arguments.json {
        let told = told(None, made.lang.as_deref(), &made.summary, &made.key_terms);
        output::json(&told)?;
        return Ok(ExitCode::SUCCESS);
    }
    for sentence in &made.summary {
        output::line(sentence)?;
    }
    for term in &made.key_terms {
        output::line(&format!("- {}  {:.2}", term.term, term.score))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn made((title, text): (&str, &str), lang: Option<&str>, measure: Measure) -> Extract {
    let plain =
        if text.trim_start().starts_with('<') { html::plain(text) } else { text.to_owned() };
    extract(&Article { lang, ..Article::new(title, &plain) }, measure)
}

/// One line out for each line in, in the same order.
fn lines(measure: Measure) -> anyhow::Result<ExitCode> {
    let mut unreadable = false;
    for (number, line) in (1..).zip(std::io::stdin().lock().split(b'\n')) {
        let line = line.context("cannot read standard input")?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = match serde_json::from_slice::<Line>(&line) {
            Ok(line) => {
                let (title, text) = (line.title.unwrap_or_default(), line.text.unwrap_or_default());
                let made = made((&title, &text), line.lang.as_deref(), measure);
                told(Some(&line.id), made.lang.as_deref(), &made.summary, &made.key_terms)
            }
            Err(error) => {
                unreadable = true;
                let id =
                    serde_json::from_slice::<Value>(&line).ok().and_then(|v| v.get("id").cloned());
                json!({ "id": id, "error": format!("line {number}: {error}") })
            }
        };
        output::json(&answer)?;
    }
    Ok(if unreadable { ExitCode::from(SOME_UNREADABLE) } else { ExitCode::SUCCESS })
}
