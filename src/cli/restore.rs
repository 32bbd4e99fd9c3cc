//! `briefwire restore`: the store as a backup holds it, in the place of the one in force.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::output::{self, line};
use super::{backup, load};
use crate::daemon;
use crate::store;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The backup
    file: PathBuf,
    /// Only tell whether the backup is whole, and what it holds; no configuration is read
    #[arg(long)]
    check: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, config: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let file = &arguments.file;
    if arguments.check {
        let summary = store::verify(file)?;
        if arguments.json {
            output::json(&backup::told(file, &summary))?;
        } else {
            line(&format!("{} is whole: {}", file.display(), backup::words(&summary)))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let config = load(config)?;
    let restored = daemon::restore(&config, file)?;
    let replaced = restored.replaced.map(|path| path.display().to_string());
    if arguments.json {
        let mut told = backup::told(file, &restored.summary);
        if let Some(fields) = told.as_object_mut() {
            fields.insert("replaced".to_owned(), replaced.into());
        }
        output::json(&told)?;
        return Ok(ExitCode::SUCCESS);
    }
    let place = config.store.path.display();
    line(&format!("{place} holds {}", backup::words(&restored.summary)))?;
    line(&match replaced {
        Some(old) => format!("the store that was replaced lies in {old}"),
        None => "there was no store to replace".to_owned(),
    })?;
    Ok(ExitCode::SUCCESS)
}
