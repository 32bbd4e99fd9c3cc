//! A command's way to the store, kept open for all that it asks.

use anyhow::Context;
use serde_json::Value;
use tokio::runtime::Runtime;
use url::form_urlencoded::byte_serialize;

use super::{output, runtime};
use crate::config::Config;
use crate::daemon::Control;
use crate::fetch::Call;

/// The way to the store; closing waits until everything that was asked is durable.
pub(super) struct Connection {
    runtime: Runtime,
    /// `None` only while it is dropped.
    control: Option<Control>,
}

impl Connection {
    /// Finds the daemon that has the store, or opens the store here.
    pub(super) fn open(config: &Config) -> anyhow::Result<Self> {
        let store = &config.store.path;
        let is_new = store.try_exists().is_ok_and(|exists| !exists);
        let runtime = runtime()?;
        let control = runtime.block_on(Control::open(config))?;
        if is_new {
            // Else a command that looks in the wrong place finds nothing, and all seems lost.
            output::warn(&format!("no store was in {}: made an empty one", store.display()));
        }
        Ok(Self { runtime, control: Some(control) })
    }

    /// Returns whether a daemon answers.
    pub(super) fn is_daemon(&self) -> bool {
        matches!(self.control, Some(Control::Daemon(_)))
    }

    /// Asks, and returns the answer; one that is no success is an error.
    pub(super) fn ask(&self, call: &Call) -> anyhow::Result<Value> {
        let (status, answer) = self.answer(call)?;
        anyhow::ensure!(status < 300, "{}", output::reason(&answer));
        Ok(answer)
    }

    /// Asks for something that takes as long as the store is large.
    pub(super) fn ask_long(&self, call: &Call) -> anyhow::Result<Value> {
        let control = self.control.as_ref().context("the way to the store is closed")?;
        let (status, body) = self.runtime.block_on(control.ask_long(call))?;
        let answer = serde_json::from_slice(&body)?;
        anyhow::ensure!(status < 300, "{}", output::reason(&answer));
        Ok(answer)
    }

    /// Asks, and returns the status and the answer, whatever they are.
    pub(super) fn answer(&self, call: &Call) -> anyhow::Result<(u16, Value)> {
        let (status, body) = self.send(call)?;
        Ok((status, serde_json::from_slice(&body)?))
    }

    /// Asks for a document, which is text; `None` if there is none.
    pub(super) fn document(&self, call: &Call) -> anyhow::Result<Option<String>> {
        let (status, body) = self.send(call)?;
        if status == 404 {
            return Ok(None);
        }
        let text = String::from_utf8(body).context("the answer is not UTF-8")?;
        anyhow::ensure!(status < 300, "{text}");
        Ok(Some(text))
    }

    fn send(&self, call: &Call) -> anyhow::Result<(u16, Vec<u8>)> {
        let control = self.control.as_ref().context("the way to the store is closed")?;
        Ok(self.runtime.block_on(control.ask(call))?)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(control) = self.control.take() {
            self.runtime.block_on(control.close());
        }
    }
}

/// Returns a name as part of a call's path or query.
pub(super) fn encoded(name: &str) -> String {
    byte_serialize(name.as_bytes()).collect()
}

/// Returns an item's id, given bare or as the end of its guid, as part of a call's path.
pub(super) fn item(name: &str) -> String {
    encoded(name.rsplit(':').next().unwrap_or(name))
}
