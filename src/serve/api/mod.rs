//! `/api`: briefs, items, rulings, sources; on the public listener with a token, on the control
//! socket without one.
//!
//! What can be called stands in one table, and `openapi.json` says what comes of it; a test holds
//! the two together.

pub(super) mod briefs;
mod errors;
mod items;
mod rulings;
mod sources;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Json, Router, middleware};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Failure, Served, auth, pace, status, upkeep};
use crate::contract;
use crate::model::{BriefId, ItemId};

/// The largest brief document.
const MAX_BODY_BYTES: usize = 1 << 20;
/// What is promised of each call, but the form of a brief document.
const DOCUMENT: &str = include_str!("openapi.json");

/// A call: its method, its path below `/api`, and what answers it.
type Call = (&'static str, &'static str, fn(MethodFilter) -> MethodRouter<Arc<Served>>);

const CALLS: &[Call] = &[
    ("GET", "/openapi.json", |method| on(method, document)),
    ("GET", "/briefs", |method| on(method, briefs::list)),
    ("POST", "/briefs", |method| on(method, briefs::add)),
    ("GET", "/briefs/{id}", |method| on(method, briefs::get)),
    ("PUT", "/briefs/{id}", |method| on(method, briefs::put)),
    ("DELETE", "/briefs/{id}", |method| on(method, briefs::remove)),
    ("PUT", "/pins/{item}/{brief}", |method| on(method, rulings::pin)),
    ("DELETE", "/pins/{item}/{brief}", |method| on(method, rulings::unpin)),
    ("PUT", "/blocks/{item}/{brief}", |method| on(method, rulings::block)),
    ("DELETE", "/blocks/{item}/{brief}", |method| on(method, rulings::unblock)),
    ("GET", "/items", |method| on(method, items::list)),
    ("GET", "/items/{id}", |method| on(method, items::get)),
    ("GET", "/items/{id}/why", |method| on(method, items::why)),
    ("GET", "/sources", |method| on(method, sources::list)),
    ("GET", "/sources/{id}", |method| on(method, sources::get)),
    ("POST", "/sources/{id}/poll", |method| on(method, sources::poll)),
    ("PUT", "/sources/{id}/pause", |method| on(method, sources::pause)),
    ("DELETE", "/sources/{id}/pause", |method| on(method, sources::resume)),
    ("GET", "/status", |method| on(method, tell)),
    ("GET", "/health", |method| on(method, health)),
    ("POST", "/reload", |method| on(method, reload)),
    ("DELETE", "/vanished-briefs", |method| on(method, withdraw_vanished)),
];

/// Returns the API of the public listener: with a token, and for whoever keeps a decent pace.
pub(super) fn public(served: &Arc<Served>) -> Router<Arc<Served>> {
    let guard = middleware::from_fn_with_state(Arc::clone(served), auth::require_token);
    let pace = middleware::from_fn_with_state(Arc::clone(served), pace::keep);
    calls().layer(guard).layer(pace).layer(middleware::from_fn(errors::in_json))
}

/// Returns the API of the control socket, with the store's upkeep.
pub(super) fn control() -> Router<Arc<Served>> {
    calls().merge(upkeep::routes()).layer(middleware::from_fn(errors::in_json))
}

fn calls() -> Router<Arc<Served>> {
    let router = CALLS.iter().fold(Router::new(), |router, (method, path, answer)| {
        let method = match *method {
            "PUT" => MethodFilter::PUT,
            "POST" => MethodFilter::POST,
            "DELETE" => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        router.route(path, answer(method))
    });
    router
        .fallback(|| async { Failure::NotFound("call") })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// Tells what can be called and what comes of it, as `OpenAPI`.
async fn document() -> Json<Value> {
    Json(openapi())
}

fn openapi() -> Value {
    let mut document: Value =
        serde_json::from_str(DOCUMENT).expect("a file of ours, which a test reads, is JSON");
    if let Some(schemas) =
        document.pointer_mut("/components/schemas").and_then(Value::as_object_mut)
    {
        schemas.insert("BriefDocument".to_owned(), crate::briefs::json_schema());
    }
    document
}

/// Returns how many are wanted at most.
fn at_most(limit: Option<u32>) -> usize {
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

fn brief_id(text: String) -> Result<BriefId, Failure> {
    BriefId::new(text).map_err(|error| Failure::Wrong(format!("not a brief id: {error}")))
}

/// Reads an item's id, bare or as the end of its guid.
fn item_id(text: &str) -> Result<ItemId, Failure> {
    let bare = text.rsplit(':').next().unwrap_or(text);
    let wrong = || Failure::Wrong(format!("`{text}` is no item id: 32 hexadecimal digits are"));
    ItemId::parse(bare).ok_or_else(wrong)
}

async fn tell(State(served): State<Arc<Served>>) -> Result<Json<Value>, Failure> {
    Ok(Json(status::tell(&served).await?))
}

/// Tells whether all is well, in as few words as a supervisor needs.
async fn health(State(served): State<Arc<Served>>) -> Response {
    let trouble = served.unready();
    let status = if trouble.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": trouble.is_none(), "error": trouble }))).into_response()
}

/// Reads the configuration again.
async fn reload(State(served): State<Arc<Served>>) -> Result<Response, Failure> {
    let (answer, answered) = oneshot::channel();
    served.reloads.send(answer).await.map_err(|_closed| Failure::Stopping)?;
    let account = answered.await.map_err(|_closed| Failure::Stopping)?;
    let mut told = contract::reload::reloaded(&account);
    if account.is_applied() {
        return Ok(Json(told).into_response());
    }
    if let Some(fields) = told.as_object_mut() {
        let why = format!("the configuration is wrong: {}", account.mistakes.join("; "));
        fields.insert("error".to_owned(), json!(why));
    }
    Err(Failure::Unsound(told))
}

/// Withdraws the briefs whose files vanished together, once a person has said that it is meant.
async fn withdraw_vanished(State(served): State<Arc<Served>>) -> Json<Value> {
    let gone = served.watched.vanished().gone;
    if gone > 0 {
        served.watched.confirmed.notify_one();
    }
    Json(json!({ "withdrawing": gone }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Returns a call as `METHOD PATH`.
    fn line(method: &str, path: &str) -> String {
        format!("{} /api{path}", method.to_uppercase())
    }

    fn called() -> BTreeSet<String> {
        CALLS.iter().map(|(method, path, _)| line(method, path)).collect()
    }

    #[test]
    fn the_document_has_the_calls_that_there_are() {
        let document = openapi();
        let mut promised = BTreeSet::new();
        for (path, ways) in document["paths"].as_object().unwrap() {
            let path = path.strip_prefix("/api").unwrap();
            let methods = ways.as_object().unwrap().keys();
            promised.extend(methods.map(|method| line(method, path)));
        }
        assert_eq!(promised, called());
        assert_eq!(called().len(), CALLS.len());
    }

    /// Returns a part of a path, which is a name where it stands in capitals.
    fn template(part: &str) -> String {
        let is_name = !part.is_empty() && part.chars().all(|c| c.is_ascii_uppercase());
        if is_name { format!("{{{}}}", part.to_lowercase()) } else { part.to_owned() }
    }

    #[test]
    fn readme_has_the_calls_that_there_are() {
        let readme = include_str!("../../../README.md");
        let mut written = BTreeSet::new();
        let is_call = |words: &&str| words.contains("/api/") && !words.contains("…");
        for row in readme.lines().filter(|line| line.starts_with("| `")) {
            let cell = row.split('|').nth(1).unwrap();
            let mut method = "";
            for words in cell.split('`').skip(1).step_by(2).filter(is_call) {
                let path = words.rsplit(' ').next().unwrap();
                method = words.split_once(' ').map_or(method, |(method, _)| method);
                let parts = path.split('/').map(template);
                written.insert(format!("{method} {}", parts.collect::<Vec<_>>().join("/")));
            }
        }
        assert_eq!(written, called());
    }
}
