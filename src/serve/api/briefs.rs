//! `/api/briefs`: stored briefs, listed, read, put and withdrawn.
//!
//! A version has one strong tag for its JSON form and for its Markdown form: these have two
//! addresses, so they are two resources, and a tag tells the versions of one resource apart (RFC
//! 9110 8.8.3). A change that names the version it was made from is decided on by the writer.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::{MAX_BODY_BYTES, brief_id};
use crate::briefs::{self, FallbackId, Form, Problem, Report, Sought};
use crate::contract;
use crate::model::{Brief, BriefId, BriefOrigin, Command, Expected, Reply, Tags};
use crate::serve::{Failure, Served};
use crate::store::StoredBrief;

#[derive(Deserialize)]
pub(super) struct Asked {
    q: Option<String>,
    limit: Option<u32>,
}

/// Lists briefs in the order of their ids: all, or those that contain the words of `q`.
pub(super) async fn list(
    State(served): State<Arc<Served>>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Failure> {
    let sought = Sought::new(asked.q.as_deref().unwrap_or_default());
    let limit = super::at_most(asked.limit);
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
                    "etag": briefs::tag(&stored.brief),
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

/// A form that a brief is told in.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Told {
    #[default]
    Json,
    Markdown,
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    format: Told,
}

pub(super) async fn get(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let id = brief_id(id)?;
    let conditions = conditions(&headers)?;
    let found = served.read(move |view| view.store.brief(&id)).await?;
    let brief = found.ok_or(Failure::NotFound("brief"))?.brief;
    let etag = briefs::tag(&brief);
    let tagged = [(ETAG, etag.clone())];
    let unread = Expected { none_of: conditions.none_of, any_of: None };
    if !unread.holds(Some(&etag)) {
        return Ok((StatusCode::NOT_MODIFIED, tagged).into_response());
    }
    Ok(match wanted.format {
        Told::Json => (tagged, Json(briefs::to_json(&brief))).into_response(),
        Told::Markdown => {
            let kind = [(CONTENT_TYPE, "text/markdown; charset=utf-8")];
            (tagged, kind, briefs::to_markdown(&brief)).into_response()
        }
    })
}

/// Stores a brief whose id stands in it, or is made from it.
pub(super) async fn add(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    // Conditions would be about the list, which is always there.
    let (status, told) = store(&served, (&headers, body), None, Expected::default()).await?;
    let id = told.get("brief").and_then(Value::as_str).unwrap_or_default();
    let place: String = byte_serialize(id.as_bytes()).collect();
    Ok((status, [(LOCATION, format!("briefs/{place}"))], Json(told)).into_response())
}

pub(super) async fn put(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let (id, expected) = (brief_id(id)?, conditions(&headers)?);
    let (status, told) = store(&served, (&headers, body), Some(id), expected).await?;
    Ok((status, Json(told)).into_response())
}

async fn store(
    served: &Arc<Served>,
    (headers, body): (&HeaderMap, Result<Bytes, BytesRejection>),
    named: Option<BriefId>,
    expected: Expected,
) -> Result<(StatusCode, Value), Failure> {
    let form = form(headers)?;
    let body = body.map_err(|rejection| unread(&rejection))?;
    let stem = named.as_ref().map(ToString::to_string);
    let brief = read_document(served, body, form, stem).await?;
    let brief = brief.map_err(|refused| Failure::Unsound(reasons(&refused)))?;
    if let Some(named) = named.filter(|named| *named != brief.id) {
        let text = format!("the document's id is `{}`, the address says `{named}`", brief.id);
        let problem = Problem { line: 1, column: 1, field: Some("id".to_owned()), message: text };
        let refused = Report { brief: None, warnings: Vec::new(), errors: vec![problem] };
        return Err(Failure::Unsound(reasons(&refused)));
    }
    let (id, etag) = (brief.id.clone(), briefs::tag(&brief));
    let (brief, origin) = (Box::new(brief), BriefOrigin::Api);
    let reply = served.order(Command::PutBrief { brief, origin, expected }).await?;
    let status = if reply.created { StatusCode::CREATED } else { StatusCode::OK };
    let mut told = told(&id, &reply);
    if let Some(fields) = told.as_object_mut() {
        // Not in a field of the header, which would say that the bytes were stored as they came
        // (RFC 9110 9.3.4).
        fields.insert("etag".to_owned(), json!(etag));
    }
    Ok((status, told))
}

/// Reads a brief document; `stem` is the id that it has unless it says another.
pub(in crate::serve) async fn read_document(
    served: &Served,
    body: Bytes,
    form: Form,
    stem: Option<String>,
) -> Result<Result<Brief, Report>, Failure> {
    let now = (served.clock)();
    let read = tokio::task::spawn_blocking(move || {
        let fallback = stem.as_deref().map_or(FallbackId::Hash, FallbackId::Stem);
        briefs::read(&body, form, fallback, now)
    });
    Ok(match read.await {
        Ok(Report { brief: Some(brief), .. }) => Ok(brief),
        Ok(refused) => Err(refused),
        Err(_panic) => return Err(Failure::Wrong("the document cannot be read".to_owned())),
    })
}

/// Tells why a document is refused, in one line and in places.
fn reasons(refused: &Report) -> Value {
    let words = |problem: &Problem| format!("line {}: {}", problem.line, problem.message);
    let words: Vec<String> = refused.errors.iter().map(words).collect();
    let mut told = refused.to_json("-");
    if let Some(fields) = told.as_object_mut() {
        let why = format!("the document is refused: {}", words.join("; "));
        fields.shift_insert(0, "error".to_owned(), json!(why));
    }
    told
}

/// Returns in which form a document comes; without a type it is JSON.
fn form(headers: &HeaderMap) -> Result<Form, Failure> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(Form::Json) };
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let charset = parts.find_map(|part| part.strip_prefix("charset="));
    let is_utf8 = charset.is_none_or(|name| matches!(name.trim_matches('"'), "utf-8" | "us-ascii"));
    match kind {
        "application/json" | "text/json" if is_utf8 => Ok(Form::Json),
        "text/markdown" | "text/x-markdown" | "text/plain" if is_utf8 => Ok(Form::Text),
        _ => Err(Failure::Unsupported(format!(
            "`{text}` is no type of a brief: application/json, text/markdown and text/plain are, in UTF-8"
        ))),
    }
}

fn unread(rejection: &BytesRejection) -> Failure {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge(MAX_BODY_BYTES),
        _ => Failure::Wrong(rejection.body_text()),
    }
}

/// Reads the conditions of a request; one that cannot be read is not passed over, because it is
/// there to keep another's work.
fn conditions(headers: &HeaderMap) -> Result<Expected, Failure> {
    let tags = |name: HeaderName| -> Result<Option<Tags>, Failure> {
        let lines: Vec<&str> =
            headers.get_all(&name).iter().map(|value| value.to_str().unwrap_or("?")).collect();
        if lines.is_empty() {
            return Ok(None);
        }
        let wrong = || {
            Failure::Wrong(format!(
                "`{name}` is `*`, or tags in quotation marks with commas between"
            ))
        };
        Tags::parse(&lines.join(",")).map(Some).ok_or_else(wrong)
    };
    Ok(Expected { any_of: tags(IF_MATCH)?, none_of: tags(IF_NONE_MATCH)? })
}

pub(super) async fn remove(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Failure> {
    let (brief, expected) = (brief_id(id)?, conditions(&headers)?);
    let (id, origin) = (brief.clone(), BriefOrigin::Api);
    let reply = served.order(Command::RemoveBrief { brief, origin, expected }).await?;
    Ok(Json(told(&id, &reply)))
}

/// Tells what a change did.
pub(super) fn told(brief: &BriefId, reply: &Reply) -> Value {
    let items: Vec<String> = reply.items.iter().map(ToString::to_string).collect();
    json!({ "brief": brief.as_str(), "changed": reply.changed, "items": items })
}
