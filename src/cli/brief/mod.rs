//! `briefwire brief`: one file per command, or per kind of command.

mod add;
mod change;
mod check;
mod export;
mod list;
mod promote;
mod read;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::load;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read documents without storing them, and print what was understood
    #[command(after_help = "Example: briefwire brief check --json briefs/*.md")]
    Check(check::Arguments),
    /// Store documents; `-` is standard input
    #[command(after_help = "Example: briefwire brief add notes/strait.md\n\n\
                            Example: briefwire brief export --json | ssh other briefwire brief add -")]
    Add(add::Arguments),
    /// List stored briefs
    #[command(after_help = "Example: briefwire brief list --json | jq -r .id")]
    List(list::Arguments),
    /// Find stored briefs that contain all the words, ignoring case and accents
    #[command(after_help = "Example: briefwire brief search harbour wall")]
    Search(list::Sought),
    /// Print a stored brief as Markdown
    #[command(after_help = "Example: briefwire brief show skerrow-strait-patrols > strait.md")]
    Show(list::Shown),
    /// From now on the item has this brief
    #[command(
        after_help = "Example: briefwire brief pin 0123456789abcdef0123456789abcdef carrow-light"
    )]
    Pin(change::Ruling),
    /// Take a pin off; words and addresses decide again
    #[command(
        after_help = "Example: briefwire brief unpin 0123456789abcdef0123456789abcdef carrow-light"
    )]
    Unpin(change::Ruling),
    /// From now on the item never has this brief
    #[command(
        after_help = "Example: briefwire brief block 0123456789abcdef0123456789abcdef carrow-light"
    )]
    Block(change::Ruling),
    /// Take a block off
    #[command(
        after_help = "Example: briefwire brief unblock 0123456789abcdef0123456789abcdef carrow-light"
    )]
    Unblock(change::Ruling),
    /// Print an item's generated brief as a draft, for a person to go on with
    #[command(
        after_help = "Example: briefwire brief promote 0123456789abcdef0123456789abcdef > briefs/harbour-wall.md"
    )]
    Promote(promote::Arguments),
    /// Withdraw a brief, or all whose files are gone
    #[command(after_help = "Example: briefwire brief remove carrow-light")]
    Remove(change::Removed),
    /// Write every stored brief into files, or as JSON lines to standard output
    #[command(after_help = "Example: briefwire brief export --dir saved-briefs")]
    Export(export::Arguments),
}

pub(super) fn run(command: &Command, file: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    if let Command::Check(arguments) = command {
        return check::run(arguments);
    }
    let config = load(file)?;
    match command {
        Command::Check(_) => {}
        Command::Add(arguments) => return add::run(arguments, &config),
        Command::Export(arguments) => return export::run(arguments, &config),
        Command::List(arguments) => list::run(arguments, &config)?,
        Command::Search(arguments) => list::search(arguments, &config)?,
        Command::Show(arguments) => list::show(arguments, &config)?,
        Command::Promote(arguments) => promote::run(arguments, &config)?,
        Command::Pin(ruling) => change::rule("PUT", "pins", ruling, &config)?,
        Command::Unpin(ruling) => change::rule("DELETE", "pins", ruling, &config)?,
        Command::Block(ruling) => change::rule("PUT", "blocks", ruling, &config)?,
        Command::Unblock(ruling) => change::rule("DELETE", "blocks", ruling, &config)?,
        Command::Remove(removed) => change::remove(removed, &config)?,
    }
    Ok(ExitCode::SUCCESS)
}
