//! Log set-up: where lines go, how they look, and how much of each module is told.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use tracing::field::{Field, Value, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{DefaultFields, FormatFields, Writer};
use tracing_subscriber::fmt::time::SystemTime;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use super::recent::{KEPT, Recent};

/// What `journalctl -t` finds us by.
const IDENTIFIER: &str = "briefwire";
/// The most fields that `tracing` lets an event have.
const MAX_FIELDS: usize = 32;

/// How log lines are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// To the journal with fields where standard error is the journal, else as text.
    Auto,
    /// As text on standard error, for people and files.
    Text,
    /// As one JSON object a line on standard error.
    Json,
    /// To the journal with fields.
    Journal,
}

/// The least level that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// Of all modules that `modules` does not name.
    pub all: Level,
    /// Of single modules, by their names in `lib.rs`.
    pub modules: Vec<(String, Level)>,
}

impl Levels {
    fn targets(&self) -> Targets {
        // Other crates speak of their own insides; only a person who asked for everything wants it.
        let outside = if self.all == Level::TRACE { self.all } else { self.all.min(Level::WARN) };
        let ours = env!("CARGO_CRATE_NAME");
        let modules = self.modules.iter().map(|(name, level)| (format!("{ours}::{name}"), *level));
        Targets::new().with_default(outside).with_target(ours, self.all).with_targets(modules)
    }
}

/// The levels of this process, once it logs.
static LEVELS: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// Starts logging, once a process; a second call changes nothing.
///
/// A journal that was asked for and does not answer gives way to text, and a warning says so. The last
/// warnings are kept with their time by `clock`.
pub fn start(levels: &Levels, form: Form, clock: fn() -> DateTime<Utc>) {
    let (targets, handle) = reload::Layer::new(levels.targets());
    let under_journal = stderr_is_journal();
    let journal = match form {
        Form::Auto if under_journal => Some(tracing_journald::layer()),
        Form::Journal => Some(tracing_journald::layer()),
        _ => None,
    };
    let (output, failure) = match journal {
        Some(Ok(journal)) => (to_journal(journal), None),
        Some(Err(error)) => (to_stderr(form, under_journal), Some(error)),
        None => (to_stderr(form, under_journal), None),
    };
    if tracing_subscriber::registry()
        .with(targets)
        .with(output)
        .with(Recent { clock, kept: &KEPT })
        .try_init()
        .is_err()
    {
        // Already started: the first one's settings hold.
        return;
    }
    // Only the call that started logging comes here.
    LEVELS.set(handle).ok();
    if let Some(error) = failure {
        tracing::warn!(%error, "the journal does not answer; the log goes to standard error");
    }
}

/// Applies new levels to the process that logs already.
pub fn adjust(levels: &Levels) {
    if let Some(handle) = LEVELS.get() {
        // Fails only once the subscriber is gone, which lives as long as the process.
        handle.reload(levels.targets()).ok();
    }
}

/// Returns whether standard error is a stream to the journal, as systemd.exec(5) tells it.
fn stderr_is_journal() -> bool {
    let Some(stream) = std::env::var_os("JOURNAL_STREAM") else { return false };
    // The variable is inherited by children whose standard error goes elsewhere.
    rustix::fs::fstat(io::stderr())
        .is_ok_and(|stat| *stream == *format!("{}:{}", stat.st_dev, stat.st_ino))
}

type Output<S> = Box<dyn Layer<S> + Send + Sync>;

fn to_stderr<S>(form: Form, under_journal: bool) -> Output<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let colour = io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(colour);
    if form == Form::Json {
        return lines.json().flatten_event(true).with_timer(SystemTime).boxed();
    }
    let lines = lines.with_target(false);
    // The journal adds the time itself.
    if under_journal { lines.without_time().boxed() } else { lines.with_timer(SystemTime).boxed() }
}

fn to_journal<S>(journal: tracing_journald::Layer) -> Output<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let priorities = PriorityMappings {
        error: Priority::Error,
        warn: Priority::Warning,
        // The crate's own choice is a notice, which `journalctl` prints in bold.
        info: Priority::Informational,
        debug: Priority::Debug,
        trace: Priority::Debug,
    };
    let journal = journal
        .with_syslog_identifier(IDENTIFIER.to_owned())
        .with_field_prefix(None)
        .with_priority_mappings(priorities);
    ReadsAlone { journal }.boxed()
}

/// Sends events to the journal with their fields repeated in the message.
///
/// `journalctl` and `systemctl status` print the message alone, and "source fails" without the
/// source helps nobody.
struct ReadsAlone {
    journal: tracing_journald::Layer,
}

impl<S> Layer<S> for ReadsAlone
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = String::new();
        let written = DefaultFields::new().format_fields(Writer::new(&mut line), event);
        let fields = event.metadata().fields();
        let Some(message) = fields.field("message").filter(|_| written.is_ok()) else {
            return self.journal.on_event(event, context);
        };
        let mut told = Told::default();
        event.record(&mut told);
        told.0.insert(message.index(), (message.clone(), line));
        let mut values: [(&Field, Option<&dyn Value>); MAX_FIELDS] = [(&message, None); MAX_FIELDS];
        for (place, (field, value)) in values.iter_mut().zip(told.0.values()) {
            *place = (field, Some(value));
        }
        let values = fields.value_set(&values);
        self.journal.on_event(&Event::new_child_of(None, event.metadata(), &values), context);
    }
}

/// An event's fields as text, by their place.
#[derive(Default)]
struct Told(BTreeMap<usize, (Field, String)>);

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.index(), (field.clone(), value.to_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        self.record_str(field, &text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(levels: &Levels, target: &str, expected: Level) {
        let targets = levels.targets();
        for level in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE] {
            let told = targets.would_enable(target, &level);
            assert_eq!(told, level <= expected, "{target} at {level} under {levels:?}");
        }
    }

    #[test]
    fn a_module_has_its_level_and_other_crates_warn_at_most() {
        let modules = vec![("fetch".to_owned(), Level::DEBUG), ("store".to_owned(), Level::ERROR)];
        let levels = Levels { all: Level::INFO, modules };
        check(&levels, "briefwire::daemon::writer", Level::INFO);
        check(&levels, "briefwire::fetch", Level::DEBUG);
        check(&levels, "briefwire::fetch::guard", Level::DEBUG);
        check(&levels, "briefwire::store", Level::ERROR);
        check(&levels, "hyper::proto", Level::WARN);
        check(&Levels { all: Level::ERROR, modules: Vec::new() }, "hyper", Level::ERROR);
        check(&Levels { all: Level::DEBUG, modules: Vec::new() }, "hyper", Level::WARN);
        check(&Levels { all: Level::TRACE, modules: Vec::new() }, "hyper", Level::TRACE);
    }

    #[test]
    fn levels_change_while_the_process_runs() {
        let errors = Levels { all: Level::ERROR, modules: Vec::new() };
        let told = || tracing::enabled!(target: "briefwire::fetch", Level::DEBUG);
        start(&errors, Form::Text, || DateTime::UNIX_EPOCH);
        assert!(!told());
        adjust(&Levels { all: Level::ERROR, modules: vec![("fetch".to_owned(), Level::DEBUG)] });
        assert!(told());
        adjust(&errors);
        assert!(!told());
    }
}
