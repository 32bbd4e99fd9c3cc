//! `briefwire reload`: the running daemon reads its configuration again.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::output::{self, line};
use super::{BAD_CONFIGURATION, block_on};
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
    let call = Call { method: "POST", path: "/reload".to_owned(), body: None };
    let (status, body) = block_on(async {
        let daemon = Control::daemon(config).await?;
        let Some(daemon) = daemon else {
            anyhow::bail!("no daemon runs on the store in {}", config.store.path.display())
        };
        Ok(daemon.ask(&call).await?)
    })?;
    let account: Value = serde_json::from_slice(&body)?;
    if account.get("applied").is_none() {
        anyhow::bail!("the daemon does not reload ({status}): {}", output::reason(&account));
    }
    if arguments.json {
        line(&account.to_string())?;
    } else {
        print(&account)?;
    }
    let is_applied = account.get("applied") == Some(&Value::Bool(true));
    Ok(if is_applied { ExitCode::SUCCESS } else { ExitCode::from(BAD_CONFIGURATION) })
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
