//! `/status`: every source with its last outcome, and what is wrong, in a plain table.

use std::fmt::Write;
use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::html::Page;
use super::{Failure, Served};
use crate::contract;
use crate::store::StoreError;
use crate::text::html::escape;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/status", get(status))
}

async fn status(State(served): State<Arc<Served>>) -> Result<Response, Failure> {
    let told = served.read(tell).await?;
    let field = |row: &Value, name: &str| {
        let text = row.get(name).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
        escape(&text.unwrap_or_default())
    };
    let mut body = "<main><h1>Status</h1>\n".to_owned();
    if let Some(trouble) = served.trouble() {
        write!(body, "<p><strong>Degraded: {}</strong></p>", escape(&trouble)).ok();
    }
    writeln!(
        body,
        "<p>{} items, {} briefs, {} bytes on disk.</p>\n<h2>Sources</h2>\n<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr><th>Source</th><th>Last outcome</th><th>Last success</th><th>Next due</th><th>Because of</th><th>Failures</th><th>Warnings</th></tr></thead>\n<tbody>",
        field(&told, "items"), field(&told, "briefs"), field(&told, "bytes"),
    )
    .ok();
    for row in told.get("sources").and_then(Value::as_array).into_iter().flatten() {
        let warnings = row.get("warnings").and_then(Value::as_array).map_or(0, Vec::len);
        writeln!(
            body,
            "<tr><th scope=\"row\">{}<br><small>{}</small></th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{warnings}</td></tr>",
            field(row, "id"), field(row, "url"), field(row, "outcome"), field(row, "succeeded"),
            field(row, "due"), field(row, "due_because"), field(row, "failures"),
        )
        .ok();
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
    body.push_str("<p><a href=\"/\">All channels</a></p></main>");
    Ok(Page { title: "Status", lang: "en", head: String::new(), body }.into_response())
}

/// Returns what `status --json` prints.
pub(super) fn tell(served: &Served) -> Result<Value, StoreError> {
    let (items, briefs) = served.store.counts();
    let mut sources = Vec::new();
    for source in &served.sources {
        let state = served.store.state(&source.id)?;
        sources.push(contract::source::source(source, state.as_ref()));
    }
    let channels: Vec<Value> = served
        .channels
        .iter()
        .filter(|channel| channel.token.is_none())
        .map(|channel| {
            let document = served.documents.get(&channel.id);
            json!({
                "id": channel.id.as_str(),
                "url": served.site.feed(channel),
                "changed": document.map(|document| contract::time(document.modified)),
            })
        })
        .collect();
    let refused = served.refusals.lock().unwrap_or_else(PoisonError::into_inner);
    let refused: Vec<Value> = refused
        .iter()
        .map(|(file, errors)| json!({ "file": file.display().to_string(), "errors": errors }))
        .collect();
    Ok(json!({
        "now": contract::time((served.clock)()),
        "trouble": served.trouble(),
        "items": items,
        "briefs": briefs,
        "bytes": served.store.size_on_disk()?,
        "channels": channels,
        "sources": sources,
        "refused_briefs": refused,
    }))
}
