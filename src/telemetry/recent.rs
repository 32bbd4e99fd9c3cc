//! The last warnings and errors, for the page that an operator looks at.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// As many are kept.
const MAX_KEPT: usize = 50;
/// Of a text, so that a long one takes no more memory than its place.
const MAX_TEXT_BYTES: usize = 1_000;

/// What is kept of this process.
pub(super) static KEPT: Kept = Kept(Mutex::new(VecDeque::new()));

/// A warning or an error as the log told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub at: DateTime<Utc>,
    /// Whether a person must act.
    pub is_error: bool,
    /// The message, and its fields behind it.
    pub text: String,
}

/// Returns the last warnings and errors of this process, newest first.
pub fn recent() -> Vec<Told> {
    KEPT.newest()
}

pub(super) struct Kept(Mutex<VecDeque<Told>>);

impl Kept {
    fn newest(&self) -> Vec<Told> {
        self.lock().iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Told>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps what the log tells.
pub(super) struct Recent {
    pub(super) clock: fn() -> DateTime<Utc>,
    pub(super) kept: &'static Kept,
}

impl<S: Subscriber> Layer<S> for Recent {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = *event.metadata().level();
        if level > Level::WARN {
            return;
        }
        let mut words = Words::default();
        event.record(&mut words);
        let text = shortened(words.message + &words.fields);
        let told = Told { at: (self.clock)(), is_error: level == Level::ERROR, text };
        let mut kept = self.kept.lock();
        kept.push_back(told);
        while kept.len() > MAX_KEPT {
            kept.pop_front();
        }
    }
}

#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Words {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if field.name() == "message" {
            write!(self.message, "{value}").ok();
        } else if !field.name().starts_with("log.") {
            write!(self.fields, "; {}: {value}", field.name()).ok();
        }
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            write!(text, ": {error}").ok();
            cause = error.source();
        }
        self.add(field, format_args!("{text}"));
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(43_200, 0).expect("a time")
    }

    #[test]
    fn the_last_warnings_and_errors_are_kept() {
        // Other tests of this process log, too.
        static OURS: Kept = Kept(Mutex::new(VecDeque::new()));
        let recent = Recent { clock: noon, kept: &OURS };
        let subscriber = tracing_subscriber::registry().with(recent);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("nobody needs this");
            for number in 0..MAX_KEPT {
                tracing::warn!(number, "too many");
            }
            let error = std::io::Error::other("disk full");
            let cause = &error as &dyn std::error::Error;
            tracing::error!(source = "a", error = cause, "cannot write");
            tracing::warn!("{}", "é".repeat(MAX_TEXT_BYTES));
        });
        let told = OURS.newest();
        assert_eq!(told.len(), MAX_KEPT);
        assert!(told[0].text.len() < MAX_TEXT_BYTES + 4 && told[0].text.ends_with("é…"));
        let text = "cannot write; source: a; error: disk full".to_owned();
        assert_eq!(told[1], Told { at: noon(), is_error: true, text });
        assert_eq!(told[2].text, format!("too many; number: {}", MAX_KEPT - 1));
    }
}
