//! `briefwire poll`: one pass, here or in the daemon that runs.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::connection::{Connection, encoded};
use super::output::{self, Tone};
use super::progress::Progress;
use super::{runtime, status};
use crate::config::Config;
use crate::daemon::{self, Which};
use crate::fetch::Call;
use crate::model::{Outcome, SourceId, counted};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this source, whatever is known of it
    source: Option<String>,
    /// Only what is due now
    #[arg(long, conflicts_with = "source")]
    due: bool,
    /// One JSON object a source
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    super::run::start_log(config);
    let which = which(arguments, config)?;
    // Only a daemon makes a socket; without one the pass opens the store itself.
    if crate::store::control_socket(&config.store.path).is_some() {
        let connection = Connection::open(config)?;
        if connection.is_daemon() {
            return ask_daemon(&which, arguments.json, config, &connection);
        }
    }
    let total = match which {
        Which::One(_) => Some(1),
        Which::All => Some(config.sources.len()),
        // The store knows, and the pass has it.
        Which::Due => None,
    };
    let progress = Progress::start("polling", total, arguments.json);
    let outcomes =
        runtime()?
            .block_on(daemon::poll_once(config, &which, &mut |_source, _outcome| progress.step()));
    drop(progress);
    let outcomes = outcomes?;
    let failed = outcomes.iter().filter(|(_, outcome)| !outcome.is_success()).count();
    for (source, outcome) in &outcomes {
        tell(source, outcome, arguments.json)?;
    }
    if !arguments.json {
        output::line(&format!("{} polled, {failed} failed", outcomes.len()))?;
    }
    // One source that was asked for by name is the whole point.
    let wanted_failed = failed > 0 && matches!(which, Which::One(_));
    Ok(if wanted_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn tell(source: &SourceId, outcome: &Outcome, as_json: bool) -> anyhow::Result<()> {
    let (name, ok) = (source.as_str(), outcome.is_success());
    if as_json {
        return output::json(&json!({ "source": name, "outcome": outcome.to_string(), "ok": ok }));
    }
    output::toned(&format!("{name}: {outcome}"), if ok { Tone::Plain } else { Tone::Bad })
}

fn which(arguments: &Arguments, config: &Config) -> anyhow::Result<Which> {
    let Some(name) = &arguments.source else {
        return Ok(if arguments.due { Which::Due } else { Which::All });
    };
    let source = config.sources.iter().find(|source| source.id.as_str() == name);
    let Some(source) = source else { anyhow::bail!("there is no source `{name}`") };
    Ok(Which::One(source.id.clone()))
}

fn ask_daemon(
    which: &Which,
    as_json: bool,
    config: &Config,
    connection: &Connection,
) -> anyhow::Result<ExitCode> {
    let sources = match which {
        Which::One(id) => vec![id.clone()],
        Which::All => {
            let listed = connection.ask(&Call::get("/sources"))?;
            let is_paused = |id: &SourceId| {
                output::rows(&listed).iter().any(|source| {
                    status::is_paused(source) && output::text(source, "id") == id.as_str()
                })
            };
            let all = config.sources.iter().map(|source| source.id.clone());
            all.filter(|id| !is_paused(id)).collect()
        }
        // The daemon asks what is due by itself.
        Which::Due => Vec::new(),
    };
    for source in &sources {
        let path = format!("/sources/{}/poll", encoded(source.as_str()));
        let answer = connection.ask(&Call { method: "POST", path, body: None })?;
        if as_json {
            output::json(&answer)?;
        }
    }
    if !as_json {
        output::line(&format!("the daemon polls {} now", counted(sources.len(), "source")))?;
    }
    Ok(ExitCode::SUCCESS)
}
