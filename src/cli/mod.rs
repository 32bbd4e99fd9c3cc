//! Arguments, and one file per command.
//!
//! The only place that prints for people: tables on standard output, errors on standard error.

mod backup;
mod brief;
mod check;
mod completions;
mod connection;
mod enrich;
mod healthcheck;
mod items;
mod manual;
mod matching;
mod opml;
mod output;
mod parse;
mod poll;
mod progress;
mod reload;
mod restore;
mod run;
mod source;
mod status;
mod store;
mod table;
mod why;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use connection::Connection;

use crate::config::{self, Config, ConfigError, Environment};
use crate::daemon::{ControlError, RefillError, RunError};
use crate::fetch::Call;

const FAILED: u8 = 1;
const SOME_UNREADABLE: u8 = 3;
const STORE_IN_USE: u8 = 75;
const BAD_CONFIGURATION: u8 = 78;

#[derive(Debug, Parser)]
#[command(
    name = "briefwire",
    version,
    about,
    max_term_width = 100,
    after_help = "Example: briefwire run --config config/demo.toml"
)]
struct Cli {
    /// The configuration file; else that of the environment, the user, or /etc/briefwire
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon: poll, match, publish, serve
    #[command(after_help = "Example: briefwire run --config config/demo.toml")]
    Run,
    /// Check the configuration, and name every mistake at once
    #[command(after_help = "Example: briefwire check --config config/briefwire.toml")]
    Check(check::Arguments),
    /// Poll sources once, write the documents, and exit
    #[command(after_help = "Example: briefwire poll bbc-world")]
    Poll(poll::Arguments),
    /// List every stored item
    #[command(after_help = "Example: briefwire items --json | jq -r .title")]
    Items(items::Arguments),
    /// Read a feed document and print what it says
    #[command(
        after_help = "Example: curl -s https://lwn.net/headlines/rss | briefwire parse --json -"
    )]
    Parse(parse::Arguments),
    /// Match items to briefs from files; the store is not opened
    #[command(after_help = "Example: briefwire match --briefs briefs --items items.jsonl --json")]
    Match(matching::Arguments),
    /// Extract a summary and key terms from a text
    #[command(after_help = "Example: briefwire enrich --json --title 'Harbour wall' article.txt")]
    Enrich(enrich::Arguments),
    /// Check, add, find, export, pin, block and remove briefs
    #[command(
        subcommand,
        after_help = "Example: briefwire brief add notes/strait.md\n\n\
                      `briefwire brief COMMAND --help` has an example of each."
    )]
    Brief(brief::Command),
    /// The configured sources and what is known of them
    #[command(subcommand, after_help = "Example: briefwire source list")]
    Source(source::Command),
    /// Tell why an item has its brief, or when a source is next due
    #[command(after_help = "Example: briefwire why 0123456789abcdef0123456789abcdef")]
    Why(why::Arguments),
    /// Make the running daemon read its configuration again; a wrong one changes nothing
    #[command(after_help = "Example: briefwire check && briefwire reload")]
    Reload(reload::Arguments),
    /// Tell by the exit status whether the daemon runs and is well
    #[command(after_help = "Example: briefwire healthcheck || systemctl restart briefwire")]
    Healthcheck(healthcheck::Arguments),
    /// Tell how sources and channels are
    #[command(after_help = "Example: briefwire status --json")]
    Status(status::Arguments),
    /// Write the whole store into one file, while the daemon goes on
    #[command(after_help = "Example: briefwire backup /srv/backups/briefwire.jsonl\n\
                            Example: briefwire backup - | gzip > briefwire.jsonl.gz")]
    Backup(backup::Arguments),
    /// Put what a backup holds in the place of the store; the daemon must not run
    #[command(after_help = "Example: systemctl stop briefwire && \
                            briefwire restore /srv/backups/briefwire.jsonl\n\
                            Example: briefwire restore --check /srv/backups/briefwire.jsonl")]
    Restore(restore::Arguments),
    /// Check the database for damage, or make its file smaller
    #[command(subcommand, after_help = "Example: briefwire store check")]
    Store(store::Command),
    /// Print a shell's completions; no configuration is read
    #[command(after_help = "Example: briefwire completions bash \
                            > ~/.local/share/bash-completion/completions/briefwire")]
    Completions(completions::Arguments),
    /// Print the manual page, or write one for each command; no configuration is read
    #[command(after_help = "Example: briefwire man --dir ~/.local/share/man/man1")]
    Man(manual::Arguments),
}

/// Runs the command of this process's arguments.
///
/// Exit codes: 0 done, 1 failed, 2 usage, 3 some input lines unreadable, 75 store in use,
/// 78 bad configuration.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(message) => {
            // Help and version are not errors, and print to standard output.
            let code = u8::try_from(message.exit_code()).unwrap_or(2);
            return message.print().map_or(ExitCode::from(FAILED), |()| ExitCode::from(code));
        }
    };
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&error);
            code_of(&error)
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let file = cli.config;
    match cli.command {
        Command::Run => run::run(&load_in(file, &Environment::of_daemon())?),
        Command::Check(arguments) => check::run(&arguments, file),
        Command::Parse(arguments) => parse::run(&arguments),
        Command::Match(arguments) => matching::run(&arguments),
        Command::Enrich(arguments) => enrich::run(&arguments),
        Command::Poll(arguments) => poll::run(&arguments, &load(file)?),
        Command::Items(arguments) => items::run(&arguments, &load(file)?),
        Command::Brief(command) => brief::run(&command, file),
        Command::Why(arguments) => why::run(&arguments, &load(file)?),
        Command::Reload(arguments) => reload::run(&arguments, &load(file)?),
        Command::Healthcheck(arguments) => healthcheck::run(&arguments, &load(file)?),
        Command::Source(command) => source::run(&command, file),
        Command::Status(arguments) => status::run(&arguments, &load(file)?),
        Command::Backup(arguments) => backup::run(&arguments, &load(file)?),
        Command::Restore(arguments) => restore::run(&arguments, file),
        Command::Store(command) => store::run(&command, &load(file)?),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => manual::run(&arguments),
    }
}

/// Reads the configuration that was given, or the one that is in its usual place.
fn load(file: Option<PathBuf>) -> anyhow::Result<Config> {
    load_in(file, &Environment::of_process())
}

fn load_in(file: Option<PathBuf>, environment: &Environment) -> anyhow::Result<Config> {
    Ok(config::load(&config::find(file, environment), environment)?)
}

fn code_of(error: &anyhow::Error) -> ExitCode {
    let in_use = error.downcast_ref::<RunError>().is_some_and(RunError::is_in_use)
        || matches!(error.downcast_ref(), Some(ControlError::Run(error)) if error.is_in_use())
        || matches!(error.downcast_ref(), Some(RefillError::Run(error)) if error.is_in_use());
    if in_use {
        return ExitCode::from(STORE_IN_USE);
    }
    let bad = error.downcast_ref::<ConfigError>().is_some();
    ExitCode::from(if bad { BAD_CONFIGURATION } else { FAILED })
}

/// Starts what runs asynchronous work.
fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Asks the store, through the daemon if one runs, and returns the JSON of the answer.
fn ask(config: &Config, call: &Call) -> anyhow::Result<serde_json::Value> {
    Connection::open(config)?.ask(call)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    /// Calls `look` on a command and on all below it, with the words that lead there.
    fn walk(command: &clap::Command, words: &str, look: &mut impl FnMut(&clap::Command, &str)) {
        look(command, words);
        for below in command.get_subcommands() {
            walk(below, &format!("{words} {}", below.get_name()), look);
        }
    }

    #[test]
    fn every_command_says_what_it_does_and_has_an_example() {
        Cli::command().debug_assert();
        let mut count = 0;
        walk(&Cli::command(), "briefwire", &mut |command, words| {
            count += 1;
            assert!(command.get_about().is_some(), "{words} says what it does");
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example: "), "{words}: {help}");
            assert!(help.contains(words), "{words}: its example is of itself");
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{words}: {}", argument.get_id());
            }
        });
        assert!(count > 20, "{count} commands");
    }
}
