//! The changes that are one call: `pin`, `unpin`, `block`, `unblock`, `remove`.

use clap::Args;
use serde_json::Value;

use crate::cli::ask;
use crate::cli::connection::{encoded, item};
use crate::cli::output::{self, text};
use crate::config::Config;
use crate::fetch::Call;

#[derive(Debug, Args)]
pub(in crate::cli) struct Ruling {
    /// The item's id or guid
    item: String,
    /// The brief's id
    brief: String,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Removed {
    /// Its id
    brief: String,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Sets a pin or a block, or takes it off.
pub(super) fn rule(
    method: &'static str,
    kind: &str,
    ruling: &Ruling,
    config: &Config,
) -> anyhow::Result<()> {
    let path = format!("/{kind}/{}/{}", item(&ruling.item), encoded(&ruling.brief));
    change(&Call { method, path, body: None }, ruling.json, config)
}

/// Withdraws a brief.
pub(super) fn remove(removed: &Removed, config: &Config) -> anyhow::Result<()> {
    let path = format!("/briefs/{}", encoded(&removed.brief));
    change(&Call { method: "DELETE", path, body: None }, removed.json, config)
}

fn change(call: &Call, json: bool, config: &Config) -> anyhow::Result<()> {
    let answer = ask(config, call)?;
    if json { output::json(&answer) } else { tell(&answer) }
}

/// Prints what a change did.
pub(super) fn tell(answer: &Value) -> anyhow::Result<()> {
    let items = output::list(answer, "items").len();
    let what =
        if answer.get("changed") == Some(&Value::Bool(true)) { "stored" } else { "unchanged" };
    output::line(&format!("{}: {what}, {items} items differ", text(answer, "brief")))
}
