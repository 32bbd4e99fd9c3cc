//! `/status`: whether all is well, or what is not and why; `/status.xml`: the same as a feed.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use super::listing::Turn;
use super::times::{bytes, relative};
use super::{Frame, Links, page};
use crate::contract;
use crate::model::{Outcome, Source, SourceId, SourceState, Subscription, Timestamp, Trouble};
use crate::publish;
use crate::serve::{Failure, Served, View, status};
use crate::store::StoreError;
use crate::telemetry;

/// Sources on a page.
const EACH: usize = 40;
/// Channels in the table.
const CHANNELS: usize = 100;
/// The chart's.
const DAYS: usize = 30;
/// The chart's height; a day's bar takes 4 of its width.
const HEIGHT: u32 = 28;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/status", get(overview)).route("/status.xml", get(feed))
}

#[derive(Deserialize)]
struct Asked {
    show: Option<String>,
    page: Option<usize>,
}

/// Which sources are shown: as it stands in the address, and on the page.
const FILTERS: [(&str, &str); 5] = [
    ("all", "All"),
    ("trouble", "In trouble"),
    ("warnings", "With warnings"),
    ("paused", "Paused"),
    ("gone", "Gone"),
];

#[derive(Template)]
#[template(path = "status.html", config = "src/serve/askama.toml")]
struct Overview {
    frame: Frame,
    troubles: Vec<Trouble>,
    feed: String,
    may_act: bool,
    facts: Vec<(&'static str, String)>,
    sources_of: usize,
    filters: Vec<(&'static str, &'static str, usize)>,
    show: &'static str,
    sources: Vec<SourceRow>,
    turn: Option<Turn>,
    channels: Vec<ChannelRow>,
    events: Vec<EventRow>,
}

/// A time: for programs, and for people.
type When = (String, String);

struct SourceRow {
    id: String,
    title: Option<String>,
    url: String,
    mood: &'static str,
    standing: &'static str,
    outcome: Option<String>,
    notes: Vec<String>,
    warnings: Vec<String>,
    succeeded: Option<When>,
    due: Option<When>,
    because: String,
    /// `x`, `y` and height of each day that has items.
    bars: Vec<(usize, u32, u32)>,
    chart_words: String,
    in_all: String,
}

struct ChannelRow {
    title: String,
    changed: String,
    items: usize,
    stored: String,
    model: String,
    extracted: String,
    methods: String,
}

struct EventRow {
    at: String,
    is_error: bool,
    text: String,
}

/// What the store tells.
#[derive(Default)]
struct Stored {
    items: usize,
    briefs: usize,
    bytes: u64,
    counts: Vec<usize>,
    sources: Vec<SourceRow>,
    turn: Option<Turn>,
}

async fn overview(
    State(served): State<Arc<Served>>,
    links: Links,
    Query(asked): Query<Asked>,
) -> Response {
    let wanted = asked.show.as_deref().unwrap_or_default();
    let show = FILTERS.iter().map(|(name, _)| *name).find(|name| *name == wanted);
    let show = show.unwrap_or("all");
    let (reader, root) = (Arc::clone(&served), links.root.clone());
    let read = move |view: &View| sources(view, &reader, (show, asked.page), &root);
    let stored = match served.read(read).await {
        Ok(stored) => stored,
        // What is wrong then is told above all.
        Err(Failure::Closed(_)) => Stored::default(),
        Err(failure) => return super::failed(failure, &links),
    };
    let counts = stored.counts.iter().copied().chain(std::iter::repeat(0));
    let filters = FILTERS.iter().zip(counts).map(|((name, words), count)| (*name, *words, count));
    let plan = served.plan();
    let frame = Frame { here: "status", is_wide: true, ..Frame::new(&links, "Status") };
    page(&Overview {
        feed: format!("{}/status.xml", links.root),
        frame,
        troubles: served.troubles().await,
        may_act: plan.token.is_some(),
        facts: facts(&served, &stored),
        sources_of: plan.sources.len(),
        filters: filters.collect(),
        show,
        sources: stored.sources,
        turn: stored.turn,
        channels: channels(&served),
        events: telemetry::recent().into_iter().map(event).collect(),
    })
}

fn event(told: telemetry::Told) -> EventRow {
    EventRow { at: contract::time(told.at), is_error: told.is_error, text: told.text }
}

/// Returns the figures above the tables.
fn facts(served: &Served, stored: &Stored) -> Vec<(&'static str, String)> {
    let (due, lag, under_way) = served.metrics.queue();
    let commands = served.waiting_changes();
    let mut facts = vec![
        ("Items", stored.items.to_string()),
        ("Briefs", stored.briefs.to_string()),
        ("Database", bytes(stored.bytes)),
        ("Polls under way", under_way.to_string()),
        ("Sources that wait", if due > 0 { format!("{due}, {lag:.0} s") } else { due.to_string() }),
        ("Changes that wait", commands.to_string()),
    ];
    if let Some(asked) = served.asking.told() {
        facts.push(("Items for the model", asked.waiting.to_string()));
        let (requests, tokens) = served.plan().model_budget.unwrap_or_default();
        facts.push(("Model requests today", format!("{} of {requests}", asked.spent.requests)));
        facts.push(("Model tokens today", format!("{} of {tokens}", asked.spent.tokens)));
    }
    if let Some(announced) = served.announcing.told() {
        facts.push(("Documents for the hub", announced.waiting.to_string()));
    }
    facts
}

fn channels(served: &Served) -> Vec<ChannelRow> {
    let plan = served.plan();
    // SECURITY: a channel with a token is told of by its title alone; whoever sees this page is the
    // operator, or anybody where it is open.
    let rows = plan.channels.iter().filter(|channel| channel.token.is_none()).map(|channel| {
        let share = served.shares.of(&channel.id).unwrap_or_default();
        let percent = |count: usize| match share.items {
            0 => count.to_string(),
            items => format!("{count} ({} %)", (count * 100 + items / 2) / items),
        };
        let mut methods = String::new();
        for (method, count) in &share.methods {
            let comma = if methods.is_empty() { "" } else { ", " };
            write!(methods, "{comma}{method} {count}").ok();
        }
        let edition = served.documents.get(&channel.id);
        let changed = edition.and_then(|edition| edition.modified());
        ChannelRow {
            title: channel.title.clone(),
            changed: changed.map_or("no document yet".to_owned(), |at| {
                format!("changed {}", relative((served.clock)(), at))
            }),
            items: share.items,
            stored: percent(share.stored),
            model: percent(share.model),
            extracted: percent(share.items - share.stored - share.model),
            methods: if methods.is_empty() { "–".to_owned() } else { methods },
        }
    });
    rows.take(CHANNELS).collect()
}

fn sources(
    view: &View,
    served: &Served,
    (show, asked): (&'static str, Option<usize>),
    root: &str,
) -> Result<Stored, StoreError> {
    let now = (served.clock)();
    let (items, briefs) = view.store.counts();
    let mut counts = vec![0; FILTERS.len()];
    let mut shown: Vec<(&Source, Option<SourceState>)> = Vec::new();
    for source in &view.plan.sources {
        let state = served.upcoming.correct(source, view.store.state(&source.id)?);
        for (count, (name, _)) in counts.iter_mut().zip(FILTERS) {
            *count += usize::from(is_among(name, state.as_ref()));
        }
        if is_among(show, state.as_ref()) {
            shown.push((source, state));
        }
    }
    // Those that fail longest come first, where trouble is asked for.
    if show == "trouble" {
        let failures = |state: &Option<SourceState>| state.as_ref().map_or(0, |s| s.failures);
        shown.sort_by_key(|(_, state)| std::cmp::Reverse(failures(state)));
    }
    let href = |page| format!("{root}/status?show={show}&page={page}#sources");
    let (turn, from) = Turn::of(asked, (shown.len(), EACH), href);
    let subscriptions: HashMap<SourceId, Subscription> = status::subscriptions(&view.store)?;
    let mut rows = Vec::new();
    for (source, state) in shown.into_iter().skip(from).take(EACH) {
        let days = view.store.items_a_day(&source.id, now, DAYS)?;
        rows.push(row(source, state.as_ref(), subscriptions.get(&source.id), (&days, now)));
    }
    Ok(Stored { items, briefs, bytes: view.store.size_on_disk()?, counts, sources: rows, turn })
}

fn is_among(show: &str, state: Option<&SourceState>) -> bool {
    let Some(state) = state else { return show == "all" };
    let is_gone = matches!(state.outcome, Some(Outcome::Gone));
    match show {
        "trouble" => state.failures > 0 || is_gone,
        "warnings" => !state.warnings.is_empty(),
        "gone" => is_gone,
        "paused" => is_paused(state),
        _ => true,
    }
}

fn is_paused(state: &SourceState) -> bool {
    state.paused.is_some()
}

fn row(
    source: &Source,
    state: Option<&SourceState>,
    subscription: Option<&Subscription>,
    (days, now): (&[u32], Timestamp),
) -> SourceRow {
    let told = contract::source::source(source, state, subscription);
    let text = |name: &str| told.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let (standing, mood) = standing(state);
    let when = |at: Timestamp| (contract::time(at), relative(now, at));
    let mut notes = Vec::new();
    if let Some(failures) = state.map(|state| state.failures).filter(|failures| *failures > 1) {
        notes.push(format!("{failures} failures in a row"));
    }
    if let Some(to) = text("moved_to") {
        let to = to.split('?').next().unwrap_or_default();
        let is_for_good = state.and_then(|s| s.moved.as_ref()).is_some_and(|moved| moved.adopted);
        let seems = if is_for_good { "Moved to" } else { "Seems to move to" };
        notes.push(format!("{seems} {to}"));
    }
    notes.extend(text("hub").map(|hub| format!("Hub {hub}")));
    let most = days.iter().copied().max().unwrap_or(0).max(1);
    let all: u32 = days.iter().sum();
    let bars = days.iter().enumerate().filter(|(_, count)| **count > 0).map(|(day, count)| {
        let height = (count * HEIGHT / most).max(1);
        (day * 4, HEIGHT + 1 - height, height)
    });
    SourceRow {
        id: source.id.to_string(),
        title: text("title"),
        url: text("url").map_or("a private address".to_owned(), |url| {
            url.split('?').next().unwrap_or_default().to_owned()
        }),
        mood,
        standing,
        outcome: text("outcome"),
        notes,
        warnings: state.map(|state| state.warnings.clone()).unwrap_or_default(),
        succeeded: state.and_then(|state| state.succeeded).map(when),
        due: state.filter(|_| mood != "gone").map(|state| when(state.due.at)),
        because: text("due_because").unwrap_or_default(),
        bars: bars.collect(),
        chart_words: format!("Items a day in the last {DAYS} days: at most {most}, {all} in all"),
        in_all: format!("{all} in {DAYS} days"),
    }
}

/// Returns how a source does, and the class of its colour.
fn standing(state: Option<&SourceState>) -> (&'static str, &'static str) {
    match state {
        None => ("not asked yet", "quiet"),
        Some(state) if is_paused(state) => ("paused", "quiet"),
        Some(state) => match &state.outcome {
            None => ("not asked yet", "quiet"),
            Some(Outcome::Gone) => ("gone", "bad"),
            Some(Outcome::RateLimited { .. }) => ("asked to wait", "warn"),
            Some(Outcome::Failed { .. }) => ("failing", "bad"),
            Some(_) if !state.warnings.is_empty() => ("well, with warnings", "warn"),
            Some(_) => ("well", "good"),
        },
    }
}

/// Returns what is wrong as a feed.
async fn feed(State(served): State<Arc<Served>>) -> Response {
    let site = served.plan().site.clone();
    let text = publish::troubles(&site, &site.at("status"), &served.troubles().await);
    let headers =
        [(CONTENT_TYPE, "application/rss+xml; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, text).into_response()
}
