//! `briefwire brief check`, by `brief-documents.md`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::read;
use crate::briefs;
use crate::cli::output::{self, line};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// One JSON object a file
    #[arg(long)]
    json: bool,
    /// .md, .markdown, .txt or .json
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut refused = false;
    for file in &arguments.files {
        let name = file.display().to_string();
        let report = read::one(file)?;
        refused |= report.brief.is_none();
        if arguments.json {
            output::json(&report.to_json(&name))?;
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
            output::document(&briefs::to_markdown(brief))?;
        }
    }
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
