//! `briefwire poll`: one pass, here or in the daemon that runs.

use std::process::ExitCode;

use clap::Args;

use super::{ask, block_on, output};
use crate::config::Config;
use crate::daemon::{self, Control, Which};
use crate::fetch::Call;
use crate::model::SourceId;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this source, whatever is known of it
    source: Option<String>,
    /// Only what is due now
    #[arg(long, conflicts_with = "source")]
    due: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    super::run::start_log(config);
    let which = which(arguments, config)?;
    let running = block_on(async {
        Ok(crate::store::control_socket(&config.store.path).is_some()
            && matches!(Control::open(config).await, Ok(Control::Daemon(_))))
    })?;
    if running {
        return ask_daemon(&which, config);
    }
    let outcomes =
        block_on(async { Ok(daemon::poll_once(config, &which, &mut |_, _| ()).await?) })?;
    let failed = outcomes.iter().filter(|(_, outcome)| !outcome.is_success()).count();
    for (source, outcome) in &outcomes {
        output::line(&format!("{source}: {outcome}"))?;
    }
    output::line(&format!("{} polled, {failed} failed", outcomes.len()))?;
    // One source that was asked for by name is the whole point.
    let wanted_failed = failed > 0 && matches!(which, Which::One(_));
    Ok(if wanted_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn which(arguments: &Arguments, config: &Config) -> anyhow::Result<Which> {
    let Some(name) = &arguments.source else {
        return Ok(if arguments.due { Which::Due } else { Which::All });
    };
    let source = config.sources.iter().find(|source| source.id.as_str() == name);
    let Some(source) = source else { anyhow::bail!("there is no source `{name}`") };
    Ok(Which::One(source.id.clone()))
}

fn ask_daemon(which: &Which, config: &Config) -> anyhow::Result<ExitCode> {
    let all = || config.sources.iter().map(|source| source.id.clone()).collect::<Vec<SourceId>>();
    let sources = match which {
        Which::One(id) => vec![id.clone()],
        Which::All => all(),
        // The daemon asks what is due by itself.
        Which::Due => Vec::new(),
    };
    for source in &sources {
        let path = format!("/sources/{source}/poll");
        ask(config, &Call { method: "POST", path, body: None })?;
    }
    output::line(&format!("the daemon polls {} sources now", sources.len()))?;
    Ok(ExitCode::SUCCESS)
}
