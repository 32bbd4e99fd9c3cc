//! `briefwire brief export`: every stored brief, so that it can be put back.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{ArgGroup, Args};

use crate::cli::connection::{Connection, encoded};
use crate::cli::output::{self, text};
use crate::cli::progress::Progress;
use crate::config::Config;
use crate::fetch::Call;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("place").required(true).args(["dir", "json"])))]
pub(in crate::cli) struct Arguments {
    /// Write a Markdown file DIR/ID.md for each
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Replace files that differ from the stored briefs
    #[arg(long, conflicts_with = "json")]
    force: bool,
}

/// A brief's file, and what is to stand in it.
struct Page {
    file: PathBuf,
    text: String,
    /// What stands there now.
    before: Option<Vec<u8>>,
}

impl Page {
    fn is_same(&self) -> bool {
        self.before.as_deref() == Some(self.text.as_bytes())
    }
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(config)?;
    let listed = connection.ask(&Call::get("/briefs"))?;
    let ids: Vec<String> = output::rows(&listed).iter().map(|brief| text(brief, "id")).collect();
    match &arguments.dir {
        Some(dir) => write(dir, &ids, arguments.force, &connection),
        None => print(&ids, &connection),
    }
}

fn print(ids: &[String], connection: &Connection) -> anyhow::Result<ExitCode> {
    for id in ids {
        let call = Call::get(format!("/briefs/{}", encoded(id)));
        match connection.answer(&call)? {
            // Removed since the list was made.
            (404, _) => {}
            (status, answer) => {
                anyhow::ensure!(status < 300, "{}", output::reason(&answer));
                output::json(&answer)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes all files, or none where one would be lost.
fn write(
    dir: &Path,
    ids: &[String],
    force: bool,
    connection: &Connection,
) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let progress = Progress::start("exporting", Some(ids.len()), false);
    let mut pages = Vec::new();
    for id in ids {
        pages.extend(page(dir, id, connection)?);
        progress.step();
    }
    drop(progress);
    let lost = pages.iter().filter(|page| page.before.is_some() && !page.is_same());
    let lost: Vec<&Page> = lost.filter(|_| !force).collect();
    for page in &lost {
        output::warn(&format!("{} differs from the stored brief", page.file.display()));
    }
    anyhow::ensure!(lost.is_empty(), "nothing was written; --force replaces these files");
    let (same, other): (Vec<Page>, Vec<Page>) = pages.into_iter().partition(Page::is_same);
    for page in &other {
        put(&page.file, &page.text)?;
    }
    let (written, same) = (other.len(), same.len());
    output::line(&format!("{}: {written} written, {same} unchanged", dir.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns a brief's page; `None` if it was removed since the list was made.
fn page(dir: &Path, id: &str, connection: &Connection) -> anyhow::Result<Option<Page>> {
    let call = Call::get(format!("/briefs/{}?format=markdown", encoded(id)));
    let Some(text) = connection.document(&call)? else { return Ok(None) };
    let file = dir.join(format!("{id}.md"));
    let before = match std::fs::read(&file) {
        Ok(before) => Some(before),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", file.display()));
        }
    };
    Ok(Some(Page { file, text, before }))
}

/// Writes a file in one step: the directory may be one that a daemon watches.
fn put(file: &Path, text: &str) -> anyhow::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let part = file.with_file_name(format!(".{name}.part"));
    let written = std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, file));
    if written.is_err() {
        // What is left of it is of no use; the error that matters is the first.
        std::fs::remove_file(&part).ok();
    }
    written.with_context(|| format!("cannot write {}", file.display()))
}
