//! `briefwire man`: the manual pages, made of what `--help` says.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_mangen::Man;

use super::{Cli, output};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Write briefwire.1 and a page for each command into this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    // `help` has no page, so none lists it.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    if let Some(dir) = &arguments.dir {
        std::fs::create_dir_all(dir)
            .and_then(|()| write(dir, &command))
            .with_context(|| format!("cannot write into {}", dir.display()))?;
    } else {
        output::raw(page(&command)?.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the pages of a command and of all below it.
fn write(dir: &Path, command: &clap::Command) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    std::fs::write(dir.join(format!("{name}.1")), page(command)?)?;
    command.get_subcommands().try_for_each(|below| write(dir, below))
}

fn page(command: &clap::Command) -> io::Result<String> {
    let mut page = Vec::new();
    let man = Man::new(command.clone()).manual("briefwire manual");
    man.source(concat!("briefwire ", env!("CARGO_PKG_VERSION"))).render(&mut page)?;
    let page = String::from_utf8(page).map_err(io::Error::other)?;
    // What stands below the help of ours are examples.
    Ok(page.replace(".SH EXTRA\n", ".SH EXAMPLES\n"))
}
