//! Arguments, and one file per command.
//!
//! The only place that prints for people: tables on standard output, errors on standard error.

mod brief;
mod check;
mod enrich;
mod healthcheck;
mod items;
mod matching;
mod output;
mod parse;
mod poll;
mod reload;
mod run;
mod status;
mod why;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Config, ConfigError, Environment};
use crate::daemon::{Control, ControlError, RunError};
use crate::fetch::Call;

const FAILED: u8 = 1;
const SOME_UNREADABLE: u8 = 3;
const STORE_IN_USE: u8 = 75;
const BAD_CONFIGURATION: u8 = 78;

#[derive(Debug, Parser)]
#[command(name = "briefwire", version, about, max_term_width = 100)]
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
    /// Check, add, list, show, pin, block and remove briefs
    #[command(subcommand)]
    Brief(brief::Command),
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
        Command::Status(arguments) => status::run(&arguments, &load(file)?),
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
        || matches!(error.downcast_ref(), Some(ControlError::Run(error)) if error.is_in_use());
    if in_use {
        return ExitCode::from(STORE_IN_USE);
    }
    let bad = error.downcast_ref::<ConfigError>().is_some();
    ExitCode::from(if bad { BAD_CONFIGURATION } else { FAILED })
}

/// Runs an asynchronous command.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Asks the store, through the daemon if one runs, and returns the JSON of the answer.
fn ask(config: &Config, call: &Call) -> anyhow::Result<serde_json::Value> {
    block_on(async {
        let control = Control::open(config).await?;
        let answered = control.ask(call).await;
        control.close().await;
        let (status, body) = answered?;
        let answer: serde_json::Value = serde_json::from_slice(&body)?;
        anyhow::ensure!(status < 300, "{}", output::reason(&answer));
        Ok(answer)
    })
}
