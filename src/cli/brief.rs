//! `briefwire brief`: check, add, list, show, pin, block, remove.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::Value;

use super::output::{self, line, text};
use super::{ask, load};
use crate::briefs::{self, FallbackId, Form, Report};
use crate::config::Config;
use crate::fetch::Call;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read documents without storing them, and print what was understood
    #[command(after_help = "Example: briefwire brief check --json briefs/*.md")]
    Check {
        /// One JSON object a file
        #[arg(long)]
        json: bool,
        /// .md, .markdown, .txt or .json
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Store documents; `-` is standard input
    #[command(after_help = "Example: briefwire brief add notes/strait.md")]
    Add {
        /// .md, .markdown, .txt or .json, or `-`
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// List stored briefs
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Print a stored brief as Markdown
    Show {
        /// Its id
        brief: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// From now on the item has this brief
    Pin {
        /// The item's id
        item: String,
        /// The brief's id
        brief: String,
    },
    /// From now on the item never has this brief
    Block {
        /// The item's id
        item: String,
        /// The brief's id
        brief: String,
    },
    /// Withdraw a brief, or those whose files vanished together
    Remove {
        /// Its id
        #[arg(required_unless_present = "vanished")]
        brief: Option<String>,
        /// All briefs whose files are gone, after `status` has asked whether that is meant
        #[arg(long, conflicts_with = "brief")]
        vanished: bool,
    },
}

pub(super) fn run(command: &Command, file: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    if let Command::Check { json, files } = command {
        return check(*json, files);
    }
    let config = load(file)?;
    match command {
        Command::Check { .. } => {}
        Command::Add { files } => return add(files, &config),
        Command::List { json } => list(*json, &config)?,
        Command::Show { brief, json } => show(brief, *json, &config)?,
        Command::Pin { item, brief } => {
            change("PUT", format!("/pins/{}/{brief}", id_of(item)), &config)?;
        }
        Command::Block { item, brief } => {
            change("PUT", format!("/blocks/{}/{brief}", id_of(item)), &config)?;
        }
        Command::Remove { brief: Some(brief), .. } => {
            change("DELETE", format!("/briefs/{brief}"), &config)?;
        }
        Command::Remove { brief: None, .. } => remove_vanished(&config)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns an item's id, given bare or as the end of its guid.
fn id_of(item: &str) -> &str {
    item.rsplit(':').next().unwrap_or(item)
}

fn check(json: bool, files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let mut refused = false;
    for file in files {
        let name = file.display().to_string();
        let report = read(file)?;
        refused |= report.brief.is_none();
        if json {
            line(&report.to_json(&name).to_string())?;
            continue;
        }
        for problem in &report.errors {
            line(&format!("{name}:{}:{}: {}", problem.line, problem.column, problem.message))?;
        }
        for note in &report.warnings {
            line(&format!("{name}:{}: warning: {}: {}", note.line, note.code, note.message))?;
        }
        if let Some(brief) = &report.brief {
            line(&format!("{name}: ok"))?;
            line(&briefs::to_markdown(brief))?;
        }
    }
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn read(file: &std::path::Path) -> anyhow::Result<Report> {
    use anyhow::Context;
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let form = Form::of_name(&name);
    let form =
        form.with_context(|| format!("{}: not .md, .markdown, .txt or .json", file.display()))?;
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    Ok(briefs::read(&bytes, form, FallbackId::Stem(stem), crate::daemon::now()))
}

fn add(files: &[PathBuf], config: &Config) -> anyhow::Result<ExitCode> {
    use anyhow::Context;
    let mut refused = false;
    for file in files {
        let name = file.display().to_string();
        let reports = if name == "-" {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .context("cannot read standard input")?;
            let json = bytes.trim_ascii_start().starts_with(b"{")
                || bytes.trim_ascii_start().starts_with(b"[");
            let form = if json { Form::Json } else { Form::Text };
            briefs::read_all(&bytes, form, FallbackId::Hash, crate::daemon::now())
        } else {
            vec![read(file)?]
        };
        for report in reports {
            let Some(brief) = &report.brief else {
                refused = true;
                for problem in &report.errors {
                    line(&format!(
                        "{name}:{}:{}: {}",
                        problem.line, problem.column, problem.message
                    ))?;
                }
                continue;
            };
            let body = briefs::to_json(brief).to_string().into_bytes();
            let path = format!("/briefs/{}", brief.id);
            let answer =
                ask(config, &Call { method: "PUT", path, body: Some((body, "application/json")) })?;
            report_change(&answer)?;
        }
    }
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn change(method: &'static str, path: String, config: &Config) -> anyhow::Result<()> {
    report_change(&ask(config, &Call { method, path, body: None })?)
}

fn remove_vanished(config: &Config) -> anyhow::Result<()> {
    let path = "/vanished-briefs".to_owned();
    let answer = ask(config, &Call { method: "DELETE", path, body: None })?;
    if answer.get("withdrawing").and_then(Value::as_u64).unwrap_or_default() > 0 {
        return line(&format!("{} briefs are being withdrawn", text(&answer, "withdrawing")));
    }
    // No daemon watches the directory; the files themselves tell.
    let listed = ask(config, &Call::get("/briefs"))?;
    let is_gone = |brief: &&Value| {
        let file = text(brief, "file");
        !file.is_empty() && !std::path::Path::new(&file).exists()
    };
    let briefs = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    for brief in briefs.iter().filter(is_gone) {
        change("DELETE", format!("/briefs/{}", text(brief, "id")), config)?;
    }
    Ok(())
}

fn report_change(answer: &Value) -> anyhow::Result<()> {
    let items = answer.get("items").and_then(Value::as_array).map_or(0, Vec::len);
    let what =
        if answer.get("changed") == Some(&Value::Bool(true)) { "stored" } else { "unchanged" };
    line(&format!("{}: {what}, {items} items differ", text(answer, "brief")))
}

fn list(json: bool, config: &Config) -> anyhow::Result<()> {
    let answer = ask(config, &Call::get("/briefs"))?;
    let briefs = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    if json {
        return briefs.iter().try_for_each(|brief| line(&brief.to_string()));
    }
    let row = |brief: &Value| {
        ["id", "status", "lang", "stored", "title"].iter().map(|f| text(brief, f)).collect()
    };
    let rows: Vec<Vec<String>> = briefs.iter().map(row).collect();
    output::table(&["BRIEF", "STATUS", "LANG", "STORED", "TITLE"], &rows)
}

fn show(brief: &str, json: bool, config: &Config) -> anyhow::Result<()> {
    let answer = ask(config, &Call::get(format!("/briefs/{brief}")))?;
    if json {
        return line(&answer.to_string());
    }
    let bytes = answer.to_string().into_bytes();
    let report = briefs::read(&bytes, Form::Json, FallbackId::Stem(brief), crate::daemon::now());
    match report.brief {
        Some(brief) => line(&briefs::to_markdown(&brief)),
        None => {
            anyhow::bail!("the stored brief `{brief}` cannot be printed as Markdown; use --json")
        }
    }
}
