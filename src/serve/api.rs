//! `/api`: briefs, items, rulings, sources; on the public listener with a token, on the control
//! socket without one.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::items::item_json;
use super::{Failure, Served, View, pages, status};
use crate::briefs::{self, FallbackId, Form, Report, Sought};
use crate::contract;
use crate::model::{BriefId, BriefOrigin, Command, ItemId, Method, Reply, SourceId};
use crate::store::StoredBrief;

/// The largest brief document, and some room for its escaping.
const MAX_BODY_BYTES: usize = 2 << 20;
const MAX_ITEMS: usize = 100_000;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new()
        .route("/briefs", get(list_briefs).post(add_brief))
        .route("/briefs/{id}", get(get_brief).put(put_brief).delete(delete_brief))
        .route("/pins/{item}/{brief}", put(pin).delete(unpin))
        .route("/blocks/{item}/{brief}", put(block).delete(unblock))
        .route("/items", get(list_items))
        .route("/items/{id}", get(get_item))
        .route("/items/{id}/why", get(why))
        .route("/sources", get(list_sources))
        .route("/sources/{id}", get(get_source))
        .route("/sources/{id}/poll", post(poll))
        .route("/sources/{id}/pause", put(pause).delete(resume))
        .route("/status", get(tell))
        .route("/health", get(health))
        .route("/reload", post(reload))
        .route("/vanished-briefs", delete(withdraw_vanished))
        .fallback(|| async { Failure::NotFound("call") })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

#[derive(Deserialize)]
struct Asked {
    q: Option<String>,
    limit: Option<usize>,
}

/// Lists briefs in the order of their ids: all, or those that contain the words of `q`.
async fn list_briefs(
    State(served): State<Arc<Served>>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Failure> {
    let sought = Sought::new(asked.q.as_deref().unwrap_or_default());
    let limit = asked.limit.unwrap_or(usize::MAX);
    let listed = served
        .read(move |view| {
            let row = |stored: StoredBrief| {
                json!({
                    "id": stored.brief.id.as_str(),
                    "title": stored.brief.title,
                    "status": stored.brief.status.as_str(),
                    "lang": stored.brief.lang,
                    "file": file(&stored),
                    "stored": contract::time(stored.stored),
                })
            };
            let found = view.store.briefs().filter(|stored| {
                // What cannot be read is told, not passed over.
                stored.as_ref().map_or(true, |stored| sought.is_in(&stored.brief))
            });
            found.take(limit).map(|stored| stored.map(row)).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    Ok(Json(Value::Array(listed)))
}

fn file(stored: &StoredBrief) -> Option<String> {
    match &stored.origin {
        BriefOrigin::File(path) => Some(path.display().to_string()),
        BriefOrigin::Api => None,
    }
}

#[derive(Deserialize)]
struct AsMarkdown {
    format: Option<String>,
}

async fn get_brief(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
    Query(wanted): Query<AsMarkdown>,
) -> Result<Response, Failure> {
    let id = brief_id(id)?;
    let found = served.read(move |view| view.store.brief(&id)).await?;
    let stored = found.ok_or(Failure::NotFound("brief"))?;
    if wanted.format.as_deref() == Some("markdown") {
        let kind = [(CONTENT_TYPE, "text/markdown; charset=utf-8")];
        return Ok((kind, briefs::to_markdown(&stored.brief)).into_response());
    }
    Ok(Json(briefs::to_json(&stored.brief)).into_response())
}

/// Stores a brief whose id stands in it, or is made from it.
async fn add_brief(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    store(&served, &headers, &body, None).await
}

async fn put_brief(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let id = brief_id(id)?;
    store(&served, &headers, &body, Some(id)).await
}

async fn store(
    served: &Arc<Served>,
    headers: &HeaderMap,
    body: &Bytes,
    named: Option<BriefId>,
) -> Result<Response, Failure> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or("application/json");
    let form = if kind.contains("json") { Form::Json } else { Form::Text };
    let now = (served.clock)();
    let (bytes, stem) = (body.clone(), named.clone());
    let report = tokio::task::spawn_blocking(move || {
        let fallback = stem.as_ref().map_or(FallbackId::Hash, |id| FallbackId::Stem(id.as_str()));
        briefs::read(&bytes, form, fallback, now)
    })
    .await
    .map_err(|_panic| Failure::Wrong("the document cannot be read".to_owned()))?;
    let brief = match report {
        Report { brief: Some(brief), .. } => brief,
        refused => {
            let told = refused.to_json("-");
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(told)).into_response());
        }
    };
    if let Some(named) = named.filter(|named| *named != brief.id) {
        let text = format!("the document's id is `{}`, the address says `{named}`", brief.id);
        return Err(Failure::Wrong(text));
    }
    let id = brief.id.clone();
    let before = served.read({
        let id = id.clone();
        move |view| view.store.brief(&id)
    });
    let status = if before.await?.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let command = Command::PutBrief { brief: Box::new(brief), origin: BriefOrigin::Api };
    let reply = served.order(command).await?;
    Ok((status, Json(told(&id, &reply))).into_response())
}

async fn delete_brief(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let brief = brief_id(id)?;
    let id = brief.clone();
    let reply = served.order(Command::RemoveBrief { brief, origin: BriefOrigin::Api }).await?;
    Ok(Json(told(&id, &reply)))
}

fn told(brief: &BriefId, reply: &Reply) -> Value {
    let items: Vec<String> = reply.items.iter().map(ToString::to_string).collect();
    json!({ "brief": brief.as_str(), "changed": reply.changed, "items": items })
}

async fn pin(
    State(served): State<Arc<Served>>,
    Path((item, brief)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    let (item, brief) = (item_id(&item)?, brief_id(brief)?);
    let reply = served.order(Command::Pin { item, brief: brief.clone() }).await?;
    Ok(Json(told(&brief, &reply)))
}

async fn block(
    State(served): State<Arc<Served>>,
    Path((item, brief)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    let (item, brief) = (item_id(&item)?, brief_id(brief)?);
    let reply = served.order(Command::Block { item, brief: brief.clone() }).await?;
    Ok(Json(told(&brief, &reply)))
}

async fn unpin(
    State(served): State<Arc<Served>>,
    Path((item, brief)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    unrule(&served, &item, brief, true).await
}

async fn unblock(
    State(served): State<Arc<Served>>,
    Path((item, brief)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    unrule(&served, &item, brief, false).await
}

async fn unrule(
    served: &Arc<Served>,
    item: &str,
    brief: String,
    pinned: bool,
) -> Result<Json<Value>, Failure> {
    let (item, brief) = (item_id(item)?, brief_id(brief)?);
    let command = Command::Unrule { item, brief: brief.clone(), pinned };
    let reply = served.order(command).await?;
    Ok(Json(told(&brief, &reply)))
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

#[derive(Deserialize)]
struct Wanted {
    limit: Option<usize>,
}

async fn list_items(
    State(served): State<Arc<Served>>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Failure> {
    let limit = wanted.limit.unwrap_or(MAX_ITEMS).min(MAX_ITEMS);
    let items = served
        .read(move |view| {
            let stories = pages::newest(view, limit)?;
            Ok(stories.iter().map(|story| item_json(&view.plan, story)).collect())
        })
        .await?;
    Ok(Json(Value::Array(items)))
}

async fn get_item(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let id = item_id(&id)?;
    let found = served.read(move |view| view.store.story(id)).await?;
    let story = found.ok_or(Failure::NotFound("item"))?;
    let plan = served.plan();
    let mut told = item_json(&plan, &story);
    if let (Some(fields), Some(brief)) = (told.as_object_mut(), plan.generated(&story)) {
        fields.insert("generated_brief".to_owned(), briefs::to_json(brief));
    }
    Ok(Json(told))
}

/// Tells why an item has the brief it has, or none.
async fn why(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let id = item_id(&id)?;
    let shown = served.read(move |view| view.shown(id)).await?;
    let shown = shown.ok_or(Failure::NotFound("item"))?;
    let mut told = item_json(&served.plan(), &shown.story);
    let because = match shown.story.method {
        Method::Pin => "a pin names the item",
        Method::Url => "the brief and the item have one canonical URL",
        Method::Guid => "the brief names the publisher's guid",
        Method::Excerpt => "the brief's original post stands in the item",
        Method::Text => "the words of both agree; the evidence stands in both",
        Method::Ambiguous => "two briefs lie too close together to choose",
        Method::Blocked => "the only brief that is near is blocked for this item",
        Method::Lang => "the only brief that is near is in another language",
        Method::None => "no stored brief is near enough",
    };
    if let Some(fields) = told.as_object_mut() {
        fields.insert("because".to_owned(), json!(because));
        let title = shown.brief.as_ref().map(|stored| stored.brief.title.clone());
        fields.insert("brief_title".to_owned(), json!(title));
    }
    Ok(Json(told))
}

async fn list_sources(State(served): State<Arc<Served>>) -> Result<Json<Value>, Failure> {
    let told = status::tell(&served).await?;
    Ok(Json(told.get("sources").cloned().unwrap_or_default()))
}

async fn get_source(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let source = served.plan().source(&id).cloned().ok_or(Failure::NotFound("source"))?;
    let id = source.id.clone();
    let read = move |view: &View| {
        let subscription = status::subscriptions(&view.store)?.remove(&id);
        Ok((view.store.state(&id)?, subscription))
    };
    let (state, subscription) = served.read(read).await?;
    let state = served.upcoming.correct(&source, state);
    Ok(Json(contract::source::source(&source, state.as_ref(), subscription.as_ref())))
}

async fn poll(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let source = served.plan().source(&id).ok_or(Failure::NotFound("source"))?.id.clone();
    served.order(Command::Poll(source)).await?;
    Ok(Json(json!({ "source": id, "polling": true })))
}

/// Has a source asked no more but by name.
async fn pause(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let source = served.plan().source(&id).ok_or(Failure::NotFound("source"))?.id.clone();
    turn(&served, &source, Command::Pause(source.clone())).await
}

async fn resume(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let source = served.plan().source(&id).ok_or(Failure::NotFound("source"))?.id.clone();
    turn(&served, &source, Command::Resume(source.clone())).await
}

async fn turn(
    served: &Arc<Served>,
    source: &SourceId,
    command: Command,
) -> Result<Json<Value>, Failure> {
    let reply = served.order(command).await?;
    let since = served.view()?.store.paused(source).map(contract::time);
    Ok(Json(json!({ "source": source.as_str(), "paused": since, "changed": reply.changed })))
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
    let status =
        if account.is_applied() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, Json(contract::reload::reloaded(&account))).into_response())
}

/// Withdraws the briefs whose files vanished together, once a person has said that it is meant.
async fn withdraw_vanished(State(served): State<Arc<Served>>) -> Json<Value> {
    let gone = served.watched.vanished().gone;
    if gone > 0 {
        served.watched.confirmed.notify_one();
    }
    Json(json!({ "withdrawing": gone }))
}
