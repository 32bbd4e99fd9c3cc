//! What `/metrics` tells, in the text format of Prometheus (`OpenMetrics` 1.0).
//!
//! Names and units follow <https://prometheus.io/docs/practices/naming/>: base units, `_total`
//! for what only grows. Labels come from small closed sets and from the configuration, never
//! from strangers.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds of the poll durations, in seconds; the default total timeout is 30 s.
const POLL_BUCKETS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

type One = [(&'static str, String); 1];
type Two = [(&'static str, String); 2];
type Three = [(&'static str, String); 3];
type Seconds = Gauge<f64, AtomicU64>;

/// Everything that is counted and measured, in one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    polls: Family<One, Counter>,
    poll_seconds: Histogram,
    due: Gauge,
    lag: Seconds,
    under_way: Gauge,
    sources: Family<One, Gauge>,
    items: Gauge,
    briefs: Gauge,
    store_bytes: Gauge,
    logical_bytes: Gauge,
    decisions: Family<One, Counter>,
    published: Family<Two, Gauge>,
    document_bytes: Family<Three, Gauge>,
    requests: Family<Two, Counter>,
    /// Two of `requests`, which are counted most often.
    feeds_sent: Counter,
    feeds_standing: Counter,
    commits: Family<One, Counter>,
    reloads: Family<One, Counter>,
    asked: Family<One, Counter>,
    asked_waiting: Gauge,
    asked_tokens: Gauge,
    hub_pings: Family<One, Counter>,
    depths: Family<One, Gauge>,
    index_briefs: Gauge,
    index_items: Gauge,
}

/// What came of a poll, as a label.
#[derive(Debug, Clone, Copy)]
pub struct Poll {
    /// `not_modified`, `read`, `rate_limited`, `gone` or `failed`.
    pub outcome: &'static str,
    /// From the first byte sent to the answer digested.
    pub took: Duration,
}

impl Default for Metrics {
    fn default() -> Self {
        let requests: Family<Two, Counter> = Family::default();
        let of = |status: &str| [("kind", "feed".to_owned()), ("status", status.to_owned())];
        let sent = requests.get_or_create_owned(&of("200"));
        let standing = requests.get_or_create_owned(&of("304"));
        let mut metrics = Self {
            registry: Registry::with_prefix("briefwire"),
            polls: Family::default(),
            poll_seconds: Histogram::new(POLL_BUCKETS),
            due: Gauge::default(),
            lag: Seconds::default(),
            under_way: Gauge::default(),
            sources: Family::default(),
            items: Gauge::default(),
            briefs: Gauge::default(),
            store_bytes: Gauge::default(),
            logical_bytes: Gauge::default(),
            decisions: Family::default(),
            published: Family::default(),
            document_bytes: Family::default(),
            feeds_sent: sent,
            feeds_standing: standing,
            requests,
            commits: Family::default(),
            reloads: Family::default(),
            asked: Family::default(),
            asked_waiting: Gauge::default(),
            asked_tokens: Gauge::default(),
            hub_pings: Family::default(),
            depths: Family::default(),
            index_briefs: Gauge::default(),
            index_items: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let Self { registry, .. } = self;
        registry.register("polls", "Polls by outcome", self.polls.clone());
        let (name, help) = ("poll_duration", "How long polls took");
        registry.register_with_unit(name, help, Unit::Seconds, self.poll_seconds.clone());
        registry.register("due_sources", "Sources that are due and wait", self.due.clone());
        let (name, help) = ("due_lag", "How long the source that waits longest has been due");
        registry.register_with_unit(name, help, Unit::Seconds, self.lag.clone());
        registry.register("polls_in_flight", "Polls under way", self.under_way.clone());
        registry.register("sources", "Configured sources by state", self.sources.clone());
        registry.register("items", "Stored items", self.items.clone());
        registry.register("briefs", "Stored briefs", self.briefs.clone());
        let (name, help) = ("store", "The database on disk");
        registry.register_with_unit(name, help, Unit::Bytes, self.store_bytes.clone());
        let (name, help) = ("store_logical", "Keys and values in the database");
        registry.register_with_unit(name, help, Unit::Bytes, self.logical_bytes.clone());
        let help = "Decisions on new or changed items, by how their brief was found";
        registry.register("matches", help, self.decisions.clone());
        let help = "Items in a channel's document, by the origin of their brief";
        registry.register("published_items", help, self.published.clone());
        let (name, help) = ("document", "A channel's documents, by format and coding");
        registry.register_with_unit(name, help, Unit::Bytes, self.document_bytes.clone());
        registry.register("requests", "Answers by kind and status", self.requests.clone());
        registry.register("commits", "Groups of changes by result", self.commits.clone());
        registry.register("reloads", "Reloads by result", self.reloads.clone());
        let help = "Questions to the language model by what came of them";
        registry.register("model_requests", help, self.asked.clone());
        let help = "Items that wait for the language model";
        registry.register("model_waiting_items", help, self.asked_waiting.clone());
        let help = "Tokens that the language model has cost on this day (UTC)";
        registry.register("model_tokens_today", help, self.asked_tokens.clone());
        let help = "Changed documents that the hub was told of, by what it said";
        registry.register("hub_pings", help, self.hub_pings.clone());
        let help = "What waits in a queue: changes, items for the model, documents for the hub";
        registry.register("queue_depth", help, self.depths.clone());
        let help = "Briefs that new items are matched with";
        registry.register("index_briefs", help, self.index_briefs.clone());
        let help = "Recent items that new briefs and items are compared with";
        registry.register("index_items", help, self.index_items.clone());
    }

    /// Counts a poll.
    pub fn poll(&self, poll: Poll) {
        self.polls.get_or_create(&[("outcome", poll.outcome.to_owned())]).inc();
        self.poll_seconds.observe(poll.took.as_secs_f64());
    }

    /// Measures what waits for its turn: how many, for how long at most, how many under way.
    pub fn measure_queue(&self, due: usize, lag: Duration, under_way: usize) {
        self.due.set(signed(due));
        self.lag.set(lag.as_secs_f64());
        self.under_way.set(signed(under_way));
    }

    /// Returns what was measured last of what waits: how many, for how many seconds at most, how many
    /// polls are under way.
    pub fn queue(&self) -> (i64, f64, i64) {
        (self.due.get(), self.lag.get(), self.under_way.get())
    }

    /// Measures how many sources are `well`, `failing` and `gone`.
    pub fn measure_sources(&self, states: &[(&str, usize)]) {
        for (state, count) in states {
            self.sources.get_or_create(&[("state", (*state).to_owned())]).set(signed(*count));
        }
    }

    /// Returns how many sources fail.
    pub fn failing(&self) -> i64 {
        self.sources.get_or_create(&[("state", "failing".to_owned())]).get()
    }

    /// Measures the store: how much stands in it, its bytes on disk and those of keys and values.
    pub fn measure_store(&self, (items, briefs): (usize, usize), on_disk: u64, logical: u64) {
        self.items.set(signed(items));
        self.briefs.set(signed(briefs));
        self.store_bytes.set(i64::try_from(on_disk).unwrap_or(i64::MAX));
        self.logical_bytes.set(i64::try_from(logical).unwrap_or(i64::MAX));
    }

    /// Counts a decision by its tier.
    pub fn decision(&self, method: &str) {
        self.decisions.get_or_create(&[("method", method.to_owned())]).inc();
    }

    /// Measures a channel's documents: items by origin, bytes by format and coding.
    pub fn measure_document(
        &self,
        channel: &str,
        origins: &[(&str, usize)],
        sizes: &[(&str, &str, usize)],
    ) {
        for (origin, count) in origins {
            let labels = [("channel", channel.to_owned()), ("origin", (*origin).to_owned())];
            self.published.get_or_create(&labels).set(signed(*count));
        }
        for (format, coding, bytes) in sizes {
            self.document_bytes.get_or_create(&form(channel, format, coding)).set(signed(*bytes));
        }
    }

    /// Forgets a channel that has left the configuration.
    pub fn forget_channel(&self, channel: &str, origins: &[&str], forms: &[(&str, &str)]) {
        for origin in origins {
            let labels = [("channel", channel.to_owned()), ("origin", (*origin).to_owned())];
            self.published.remove(&labels);
        }
        for (format, coding) in forms {
            self.document_bytes.remove(&form(channel, format, coding));
        }
    }

    /// Counts an answer over HTTP.
    pub fn request(&self, kind: &'static str, status: u16) {
        let labels = [("kind", kind.to_owned()), ("status", status.to_string())];
        self.requests.get_or_create(&labels).inc();
    }

    /// Counts an answer to a reader: a document, or that it stands still.
    pub fn feed(&self, is_standing: bool) {
        let counter = if is_standing { &self.feeds_standing } else { &self.feeds_sent };
        counter.inc();
    }

    /// Counts a group of changes that was committed, or was not.
    pub fn commit(&self, is_durable: bool) {
        let result = if is_durable { "durable" } else { "failed" };
        self.commits.get_or_create(&[("result", result.to_owned())]).inc();
    }

    /// Counts a reload that was applied, or was refused.
    pub fn reload(&self, is_applied: bool) {
        let result = if is_applied { "applied" } else { "refused" };
        self.reloads.get_or_create(&[("result", result.to_owned())]).inc();
    }

    /// Counts a question to the language model: `sound`, `unsound`, `refused` or `failed`.
    pub fn asked(&self, outcome: &'static str) {
        self.asked.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// Measures what waits for the language model, and the tokens of the day.
    pub fn measure_asking(&self, waiting: usize, tokens: u64) {
        self.asked_waiting.set(signed(waiting));
        self.asked_tokens.set(i64::try_from(tokens).unwrap_or(i64::MAX));
    }

    /// Counts a word to the hub: `accepted`, `refused` or, where no answer came, `failed`.
    pub fn hub_ping(&self, outcome: &'static str) {
        self.hub_pings.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// Measures how much waits in a queue.
    pub fn measure_depth(&self, queue: &'static str, depth: usize) {
        self.depths.get_or_create(&[("queue", queue.to_owned())]).set(signed(depth));
    }

    /// Measures what matching holds in memory: briefs, and recent items.
    pub fn measure_index(&self, (briefs, items): (usize, usize)) {
        self.index_briefs.set(signed(briefs));
        self.index_items.set(signed(items));
    }

    /// Returns everything as text.
    pub fn print(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing into a text does not fail");
        text
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn form(channel: &str, format: &str, coding: &str) -> Three {
    let (channel, format, coding) = (channel.to_owned(), format.to_owned(), coding.to_owned());
    [("channel", channel), ("format", format), ("coding", coding)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_printed_with_its_unit() {
        let metrics = Metrics::default();
        metrics.poll(Poll { outcome: "read", took: Duration::from_millis(300) });
        metrics.request("feed", 304);
        metrics.measure_document("world", &[("stored", 2)], &[("rss", "gzip", 900)]);
        let text = metrics.print();
        for line in [
            "briefwire_polls_total{outcome=\"read\"} 1",
            "briefwire_poll_duration_seconds_bucket{le=\"0.5\"} 1",
            "briefwire_requests_total{kind=\"feed\",status=\"304\"} 1",
            "briefwire_published_items{channel=\"world\",origin=\"stored\"} 2",
            "briefwire_document_bytes{channel=\"world\",format=\"rss\",coding=\"gzip\"} 900",
            "# EOF",
        ] {
            assert!(text.lines().any(|printed| printed == line), "{line}\n{text}");
        }
        metrics.forget_channel("world", &["stored"], &[("rss", "gzip")]);
        assert!(!metrics.print().contains("world"));
    }
}
