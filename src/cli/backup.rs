//! `briefwire backup`: the whole store in one file, while the daemon goes on.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::output::{self, line};
use super::progress::Progress;
use super::runtime;
use crate::config::Config;
use crate::daemon;
use crate::model::counted;
use crate::store::{Counts, Summary, Unfinished};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file to write; `-` is standard output
    file: PathBuf,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let progress = Progress::start("backing up", None, arguments.json);
    if arguments.file == Path::new("-") {
        let mut out = Counted { out: io::stdout(), progress: &progress };
        runtime()?.block_on(daemon::back_up(config, &mut out))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut file = Unfinished::create(&arguments.file)?;
    runtime()?
        .block_on(daemon::back_up(config, &mut Counted { out: &mut file, progress: &progress }))?;
    let summary = file.finish()?;
    drop(progress);
    if arguments.json {
        output::json(&told(&arguments.file, &summary))?;
    } else {
        line(&format!("{}: {}", arguments.file.display(), words(&summary)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns what a backup holds, for programs.
pub(super) fn told(file: &Path, summary: &Summary) -> Value {
    let Counts { items, briefs, rulings, sources } = summary.counts;
    json!({
        "file": file.display().to_string(),
        "created": summary.created,
        "version": summary.version,
        "items": items,
        "briefs": briefs,
        "rulings": rulings,
        "sources": sources,
        "bytes": summary.bytes,
    })
}

/// Returns what a backup holds, for people.
pub(super) fn words(summary: &Summary) -> String {
    let Counts { items, briefs, rulings, sources } = summary.counts;
    format!(
        "{}, {}, {rulings} pins and blocks, {}, {} bytes, made {} by briefwire {}",
        counted(items, "item"),
        counted(briefs, "brief"),
        counted(sources, "source"),
        summary.bytes,
        summary.created,
        summary.version
    )
}

/// Counts lines as they are written.
struct Counted<'p, W> {
    out: W,
    progress: &'p Progress,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.progress.steps(bytes.split(|byte| *byte == b'\n').skip(1).count());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
