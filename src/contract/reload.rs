//! The account of a reload, as `reload --json` and the API print it.

use serde_json::{Value, json};

use crate::model::Reloaded;

/// Returns the account: whether it is applied, what changed, what waits for a restart.
pub fn reloaded(account: &Reloaded) -> Value {
    json!({
        "applied": account.is_applied(),
        "mistakes": account.mistakes,
        "changes": account.changes,
        "needs_restart": account.needs_restart,
    })
}
