//! `briefwire brief add`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::{change, read};
use crate::briefs::{self, Report};
use crate::cli::connection::{Connection, encoded};
use crate::cli::output;
use crate::cli::progress::Progress;
use crate::config::Config;
use crate::fetch::Call;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// One JSON object a brief
    #[arg(long)]
    json: bool,
    /// .md, .markdown, .txt, .json, .jsonl with a brief a line, or `-`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// A refused document does not keep the others out; the exit status tells of it.
pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let mut reports: Vec<(String, Report)> = Vec::new();
    for file in &arguments.files {
        let name = file.display().to_string();
        reports.extend(read::all(file)?.into_iter().map(|report| (name.clone(), report)));
    }
    let connection = Connection::open(config)?;
    let hidden = arguments.json || reports.len() < 2;
    let progress = Progress::start("storing", Some(reports.len()), hidden);
    let mut refused = false;
    for (name, report) in &reports {
        let answer = store(name, report, &connection)?;
        refused |= answer.get("brief").is_none_or(Value::is_null);
        progress.step();
        progress.beside(|| tell(&answer, arguments.json))?;
    }
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns what became of a document: the id as `brief` where it was stored, else the `errors`.
fn store(name: &str, report: &Report, connection: &Connection) -> anyhow::Result<Value> {
    let Some(brief) = &report.brief else { return Ok(report.to_json(name)) };
    let body = briefs::to_json(brief).to_string().into_bytes();
    let path = format!("/briefs/{}", encoded(brief.id.as_str()));
    let call = Call { method: "PUT", path, body: Some((body, "application/json")) };
    let (status, mut answer) = connection.answer(&call)?;
    if status >= 300 {
        let message = output::reason(&answer);
        return Ok(json!({ "file": name, "brief": null, "errors": [{ "message": message }] }));
    }
    if let Some(fields) = answer.as_object_mut() {
        fields.shift_insert(0, "file".to_owned(), json!(name));
    }
    Ok(answer)
}

fn tell(answer: &Value, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return output::json(answer);
    }
    let problems = output::list(answer, "errors");
    if problems.is_empty() {
        return change::tell(answer);
    }
    let name = output::text(answer, "file");
    problems.iter().try_for_each(|problem| {
        let places = ["line", "column"].map(|field| output::text(problem, field));
        let place: Vec<&str> = std::iter::once(name.as_str())
            .chain(places.iter().map(String::as_str).filter(|place| !place.is_empty()))
            .collect();
        output::line(&format!("{}: {}", place.join(":"), output::text(problem, "message")))
    })
}
