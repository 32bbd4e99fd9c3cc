//! `briefwire reload`: the running daemon reads its configuration again.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::output::{self, line};
use super::{BAD_CONFIGURATION, runtime};
use crate::config::Config;
use crate::daemon::Control;
use crate::fetch::Call;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let (status, body) = runtime()?.block_on(ask(config))?;
    let account: Value = serde_json::from_slice(&body)?;
    if account.get("applied").is_none() {
        anyhow::bail!("the daemon does not reload ({status}): {}", output::reason(&account));
    }
    if arguments.json {
        output::json(&account)?;
    } else {
        print(&account)?;
    }
    let is_applied = account.get("applied") == Some(&Value::Bool(true));
    Ok(if is_applied { ExitCode::SUCCESS } else { ExitCode::from(BAD_CONFIGURATION) })
}

async fn ask(config: &Config) -> anyhow::Result<(u16, Vec<u8>)> {
    let Some(daemon) = Control::daemon(config).await? else {
        anyhow::bail!("no daemon runs on the store in {}", config.store.path.display())
    };
    let call = Call { method: "POST", path: "/reload".to_owned(), body: None };
    Ok(daemon.ask(&call).await?)
}

fn print(account: &Value) -> anyhow::Result<()> {
    let list = |name: &str| {
        let entries = account.get(name).and_then(Value::as_array).into_iter().flatten();
        entries.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let mistakes = list("mistakes");
    if !mistakes.is_empty() {
        for mistake in mistakes {
            output::warn(&mistake);
        }
        output::warn("the old configuration stays in force");
        return Ok(());
    }
    let (changes, restart) = (list("changes"), list("needs_restart"));
    if changes.is_empty() && restart.is_empty() {
        return line("nothing has changed");
    }
    for change in &changes {
        line(change)?;
    }
    for key in &restart {
        line(&format!("setting {key} differs and needs a restart"))?;
    }
    Ok(())
}
