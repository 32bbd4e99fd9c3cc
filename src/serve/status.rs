//! `/status`: every source with its last outcome, and what is wrong, in a plain table.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::client::Links;
use super::html::Page;
use super::{Failure, Plan, Served, Upcoming, View};
use crate::contract;
use crate::model::{SourceId, Standing, Subscription, Timestamp};
use crate::store::{Store, StoreError};
use crate::text::html::escape;

/// What is told before all else, and the words before it.
const TROUBLES: [(&str, &str); 4] = [
    ("trouble", "Degraded: "),
    ("vanished_briefs", ""),
    ("no_backup", "No backup is made: "),
    ("rebuilt", "The database was damaged: "),
];

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/status", get(status))
}

async fn status(State(served): State<Arc<Served>>, links: Links) -> Result<Response, Failure> {
    let told = tell(&served).await?;
    let mut body = "<main><h1>Status</h1>\n".to_owned();
    for (name, mark) in TROUBLES {
        let text = field(&told, name);
        if !matches!(text.as_str(), "" | "null") {
            write!(body, "<p><strong>{mark}{text}</strong></p>").ok();
        }
    }
    writeln!(
        body,
        "<p>{} items, {} briefs, {} bytes on disk.</p>\n{}<h2>Sources</h2>\n<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr><th>Source</th><th>Last outcome</th><th>Last success</th><th>Next due</th><th>Because of</th><th>Failures</th></tr></thead>\n<tbody>",
        field(&told, "items"), field(&told, "briefs"), field(&told, "bytes"), others(&told),
    )
    .ok();
    for row in told.get("sources").and_then(Value::as_array).into_iter().flatten() {
        writeln!(
            body,
            "<tr><th scope=\"row\">{}<br><small>{}</small></th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            field(row, "id"), field(row, "url"), field(row, "outcome"), field(row, "succeeded"),
            field(row, "due"), field(row, "due_because"), field(row, "failures"),
        )
        .ok();
        let moves =
            if field(row, "moved_for_good") == "true" { "Moved to" } else { "Seems to move to" };
        let to = field(row, "moved_to");
        let to = to.split('?').next().unwrap_or_default();
        for (words, text) in [("Hub", field(row, "hub").as_str()), (moves, to)] {
            if !text.is_empty() {
                writeln!(body, "<tr><td colspan=\"6\"><small>{words}: {text}</small></td></tr>")
                    .ok();
            }
        }
        let warnings = warnings(row);
        if !warnings.is_empty() {
            writeln!(body, "<tr><td colspan=\"6\"><small>{warnings}</small></td></tr>").ok();
        }
    }
    body.push_str("</tbody></table></div>\n");
    let refused = told.get("refused_briefs").and_then(Value::as_array);
    if let Some(refused) = refused.filter(|refused| !refused.is_empty()) {
        body.push_str("<h2>Refused brief files</h2>\n<ul>\n");
        for row in refused {
            let reasons = row.get("errors").and_then(Value::as_array).into_iter().flatten();
            let reasons: Vec<String> = reasons.filter_map(Value::as_str).map(escape).collect();
            writeln!(body, "<li>{}: {}</li>", field(row, "file"), reasons.join("; ")).ok();
        }
        body.push_str("</ul>\n");
    }
    write!(body, "<p><a href=\"{}/\">All channels</a></p></main>", links.root).ok();
    Ok(Page { title: "Status", lang: "en", head: String::new(), body }.into_response())
}

fn field(row: &Value, name: &str) -> String {
    let text = row.get(name).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
    escape(&text.unwrap_or_default())
}

/// Returns how it goes with whom we send something: the language model, the hub.
fn others(told: &Value) -> String {
    let mut lines = String::new();
    let there = |name: &str| told.get(name).filter(|value| !value.is_null());
    let trouble = |value: &Value| {
        value.get("trouble").and_then(Value::as_str).map(escape).unwrap_or_default()
    };
    if let Some(model) = there("model") {
        writeln!(
            lines,
            "<p>Language model: {} items wait; {} requests and {} tokens today. {}</p>",
            field(model, "waiting"),
            field(model, "requests_today"),
            field(model, "tokens_today"),
            trouble(model),
        )
        .ok();
    }
    if let Some(hub) = there("hub") {
        let (url, waiting, trouble) = (field(hub, "url"), field(hub, "waiting"), trouble(hub));
        writeln!(lines, "<p>Hub {url}: {waiting} documents to tell of. {trouble}</p>").ok();
    }
    lines
}

/// Returns the repairs and losses of a source's last document, one line each.
fn warnings(row: &Value) -> String {
    let list = row.get("warnings").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(escape).collect::<Vec<_>>().join("<br>")
}

/// Returns what `status --json` prints; what the store knows is left out while it is closed.
pub(super) async fn tell(served: &Arc<Served>) -> Result<Value, Failure> {
    let upcoming = Arc::clone(served);
    let now = (served.clock)();
    let read = move |view: &View| stored(view, &upcoming.upcoming, now);
    let stored = match served.read(read).await {
        Err(Failure::Closed(_)) => json!({ "sources": bare(&served.plan()) }),
        stored => stored?,
    };
    let plan = served.plan();
    let channels: Vec<Value> = plan
        .channels
        .iter()
        .filter(|channel| channel.token.is_none())
        .map(|channel| {
            let edition = served.documents.get(&channel.id);
            json!({
                "id": channel.id.as_str(),
                "url": plan.site.feed(channel),
                "changed": edition.and_then(|edition| edition.modified()).map(contract::time),
            })
        })
        .collect();
    let refused: Vec<Value> = served
        .watched
        .refused()
        .iter()
        .map(|(file, errors)| json!({ "file": file.display().to_string(), "errors": errors }))
        .collect();
    let vanished = *served.watched.vanished();
    let vanished = (vanished.gone > 0).then(|| {
        format!(
            "{} of {} brief files are gone at once; their briefs stay in force. If that is meant: \
             briefwire brief remove --vanished",
            vanished.gone, vanished.of
        )
    });
    let trouble = Some(served.condition.words()).filter(|words| !words.is_empty());
    let mut told = json!({
        "now": contract::time((served.clock)()),
        "ready": served.unready().is_none(),
        "trouble": trouble,
        "vanished_briefs": vanished,
        "no_backup": served.backups.trouble(),
        "model": served.asking.told().map(|asked| json!({
            "waiting": asked.waiting,
            "requests_today": asked.spent.requests,
            "tokens_today": asked.spent.tokens,
            "trouble": asked.trouble,
        })),
        "hub": served.announcing.told().map(|announced| json!({
            "url": announced.hub,
            "waiting": announced.waiting,
            "trouble": announced.trouble,
        })),
        "channels": channels,
        "refused_briefs": refused,
    });
    if let (Some(told), Value::Object(stored)) = (told.as_object_mut(), stored) {
        told.extend(stored);
    }
    Ok(told)
}

fn stored(view: &View, upcoming: &Upcoming, now: Timestamp) -> Result<Value, StoreError> {
    let View { store, plan } = view;
    let (items, briefs) = store.counts();
    let subscriptions = subscriptions(store)?;
    let mut sources = Vec::new();
    for source in &plan.sources {
        let state = upcoming.correct(source, store.state(&source.id)?);
        let subscription = subscriptions.get(&source.id);
        sources.push(contract::source::source(source, state.as_ref(), subscription));
    }
    let bytes = store.size_on_disk()?;
    Ok(json!({
        "items": items,
        "briefs": briefs,
        "bytes": bytes,
        "rebuilt": store.rebuilt(now)?,
        "sources": sources,
    }))
}

/// Returns how each source stands with its hub; what is being left is told of where nothing else
/// is.
pub(super) fn subscriptions(store: &Store) -> Result<HashMap<SourceId, Subscription>, StoreError> {
    let is_left = |known: &Subscription| matches!(known.standing, Standing::Leaving { .. });
    let mut all = store.subscriptions()?;
    all.sort_by_key(|(_, known)| !is_left(known));
    Ok(all.into_iter().collect())
}

fn bare(plan: &Plan) -> Vec<Value> {
    plan.sources.iter().map(|source| contract::source::source(source, None, None)).collect()
}
