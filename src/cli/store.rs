//! `briefwire store check` and `briefwire store compact`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::{self, Tone, line, list, text};
use super::{Connection, FAILED};
use crate::config::Config;
use crate::daemon;
use crate::fetch::Call;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read every record, compare indexes with items, and tell what is damaged
    #[command(after_help = "Example: briefwire store check --json | jq .damaged")]
    Check(Arguments),
    /// Copy the database into a new, smaller file; the daemon must not run
    #[command(after_help = "Example: systemctl stop briefwire && briefwire store compact && \
                            systemctl start briefwire")]
    Compact(Arguments),
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Command, config: &Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(arguments) => check(arguments, config),
        Command::Compact(arguments) => compact(arguments, config),
    }
}

fn check(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let checked = Connection::open(config)?.ask_long(&Call::get("/store/check"))?;
    let damaged = checked.get("damaged").and_then(Value::as_u64).unwrap_or(0);
    if arguments.json {
        output::json(&checked)?;
    } else {
        for (tree, keys) in checked.get("trees").and_then(Value::as_object).into_iter().flatten() {
            line(&format!("{tree}: {keys}"))?;
        }
        for damage in list(&checked, "damages") {
            let [tree, key, what] = ["tree", "key", "what"].map(|field| text(damage, field));
            output::toned(&format!("damaged: {tree} {key}: {what}"), Tone::Bad)?;
        }
        line(&match damaged {
            0 => "nothing is damaged".to_owned(),
            1 => "1 entry is damaged; `briefwire restore` puts a backup in the store's place"
                .to_owned(),
            more => format!(
                "{more} entries are damaged; `briefwire restore` puts a backup in the store's place"
            ),
        })?;
    }
    Ok(if damaged == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn compact(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let compacted = daemon::compact(config)?;
    let (before, after) = (compacted.before, compacted.after);
    let replaced = compacted.replaced.map(|path| path.display().to_string());
    if arguments.json {
        let pairs = compacted.pairs;
        output::json(&json!({
            "before": before, "after": after, "pairs": pairs, "replaced": replaced,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    line(&format!("{before} bytes before, {after} bytes now"))?;
    if let Some(old) = replaced {
        line(&format!("the old database stays in {old} until the next start"))?;
    }
    Ok(ExitCode::SUCCESS)
}
