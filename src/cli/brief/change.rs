//! The changes that are one call: `pin`, `unpin`, `block`, `unblock`, `remove`.

use clap::Args;
use serde_json::Value;

use crate::cli::ask;
use crate::cli::connection::{Connection, encoded, item};
use crate::cli::output::{self, text};
use crate::config::Config;
use crate::fetch::Call;
use crate::model::counted;

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
    #[arg(required_unless_present = "vanished")]
    brief: Option<String>,
    /// All briefs whose files are gone, after `status` has asked whether that is meant
    #[arg(long, conflicts_with = "brief")]
    vanished: bool,
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

/// Withdraws a brief, or all whose files are gone.
pub(super) fn remove(removed: &Removed, config: &Config) -> anyhow::Result<()> {
    match &removed.brief {
        Some(brief) => change(&removal(brief), removed.json, config),
        None => remove_vanished(removed.json, config),
    }
}

fn removal(brief: &str) -> Call {
    Call { method: "DELETE", path: format!("/briefs/{}", encoded(brief)), body: None }
}

fn remove_vanished(json: bool, config: &Config) -> anyhow::Result<()> {
    let store = Connection::open(config)?;
    let path = "/vanished-briefs".to_owned();
    let answer = store.ask(&Call { method: "DELETE", path, body: None })?;
    if answer.get("withdrawing").and_then(Value::as_u64).unwrap_or_default() > 0 {
        let count = text(&answer, "withdrawing");
        return if json {
            output::json(&answer)
        } else {
            output::line(&format!("withdrawing {}", counted(count, "brief")))
        };
    }
    // No daemon watches the directory; the files themselves tell.
    let listed = store.ask(&Call::get("/briefs"))?;
    let is_gone = |brief: &&Value| {
        let file = text(brief, "file");
        !file.is_empty() && !std::path::Path::new(&file).exists()
    };
    for brief in listed.as_array().into_iter().flatten().filter(is_gone) {
        let answer = store.ask(&removal(&text(brief, "id")))?;
        if json { output::json(&answer)? } else { tell(&answer)? }
    }
    Ok(())
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
    let differ = if items == 1 { "differs" } else { "differ" };
    output::line(&format!("{}: {what}, {} {differ}", text(answer, "brief"), counted(items, "item")))
}
