//! Log set-up.
//!
//! Messages go to standard error; what a command prints for its user goes to standard output.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::fmt::time::SystemTime;

/// How log lines are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// With the time of day, for people and files.
    Text,
    /// Without a time, where a journal adds its own.
    Journal,
    /// One JSON object a line.
    Json,
}

/// Starts logging, once a process; a second call changes nothing.
pub fn start(level: Level, form: Form) {
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level)
        .with_target(false)
        .with_ansi(colour);
    let started = match form {
        Form::Text => lines.with_timer(SystemTime).try_init(),
        Form::Journal => lines.without_time().try_init(),
        Form::Json => lines.json().with_timer(SystemTime).try_init(),
    };
    // Already started: the first one's settings hold.
    started.ok();
}
