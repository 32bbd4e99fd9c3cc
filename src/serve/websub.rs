//! `/websub/TOKEN`: where hubs ask whether we meant it, and deliver (W3C WebSub 5 and 7).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::{Semaphore, oneshot};

use super::Served;

/// Deliveries that are read at once; others wait.
const DELIVERIES: usize = 4;
/// A delivery that takes longer to arrive is dropped.
const PATIENCE: Duration = Duration::from_secs(30);

/// A hub's call, and where its answer goes.
#[derive(Debug)]
pub enum HubCall {
    /// Did you mean it?
    Intent {
        /// The part of the path behind `/websub/`.
        token: String,
        /// The query.
        query: String,
        /// What is echoed; `None` is a 404.
        answer: oneshot::Sender<Option<String>>,
    },
    /// Something is new.
    Delivery {
        /// The part of the path behind `/websub/`.
        token: String,
        /// `X-Hub-Signature`
        signature: Option<String>,
        /// `Content-Type`
        content_type: Option<String>,
        /// The document.
        body: Vec<u8>,
        /// Told once it is dealt with, so that few are in memory at once.
        done: oneshot::Sender<()>,
    },
}

/// The callbacks that there are.
#[derive(Debug)]
pub struct Callbacks {
    /// Each with its turn: one delivery at a time, so that a hub which sends slowly keeps nobody
    /// but itself waiting.
    tokens: RwLock<HashMap<String, Arc<Semaphore>>>,
    permits: Semaphore,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self { tokens: RwLock::default(), permits: Semaphore::new(DELIVERIES) }
    }
}

impl Callbacks {
    /// Says which there are from now on.
    pub fn set(&self, tokens: HashSet<String>) {
        let mut known = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|token, _| tokens.contains(token));
        for token in tokens {
            known.entry(token).or_insert_with(|| Arc::new(Semaphore::new(1)));
        }
    }

    /// SECURITY: a token has 192 random bits, so finding one by timing a map is hopeless; what is
    /// behind it is checked by signature.
    fn turn(&self, token: &str) -> Option<Arc<Semaphore>> {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }
}

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/websub/{token}", get(intent).post(deliver))
}

/// A hub tries again; what it is told now would be wrong.
fn not_yet(why: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")], format!("{why}\n")).into_response()
}

fn unknown() -> Response {
    (StatusCode::NOT_FOUND, "there is no such subscription\n").into_response()
}

async fn intent(
    State(served): State<Arc<Served>>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(why) = served.unready() {
        return not_yet(&why);
    }
    if served.callbacks.turn(&token).is_none() {
        return unknown();
    }
    let (answer, answered) = oneshot::channel();
    let call = HubCall::Intent { token, query: query.unwrap_or_default(), answer };
    if served.hub_calls.send(call).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match answered.await {
        // The challenge is the hub's own text; nobody's browser is to make a page of it.
        Ok(Some(challenge)) => {
            ([(CONTENT_TYPE, "text/plain; charset=utf-8")], challenge).into_response()
        }
        Ok(None) => unknown(),
        Err(_closed) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Takes a delivery in.
///
/// SECURITY: a right and a wrong signature are answered alike, so that nobody can try keys
/// (WebSub 7.1). The body is read only for a callback that there is, within the limit of polls.
async fn deliver(
    State(served): State<Arc<Served>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Some(why) = served.unready() {
        return not_yet(&why);
    }
    let Some(turn) = served.callbacks.turn(&token) else { return unknown() };
    let (Ok(_turn), Ok(_permit)) = (turn.acquire().await, served.callbacks.permits.acquire().await)
    else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let limit = usize::try_from(served.plan().max_delivery).unwrap_or(usize::MAX);
    let body = match tokio::time::timeout(PATIENCE, to_bytes(body, limit)).await {
        Ok(Ok(body)) => Vec::from(body),
        Ok(Err(_too_large)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_elapsed) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
    let (signature, content_type) = (text("x-hub-signature"), text("content-type"));
    let (done, is_done) = oneshot::channel();
    let call = HubCall::Delivery { token, signature, content_type, body, done };
    if served.hub_calls.send(call).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    is_done.await.ok();
    StatusCode::ACCEPTED.into_response()
}
