//! Every error is `{"error": "what and why"}`, whoever finds it: a call, the router or the guard.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// What the router and the guard say is shorter.
const MAX_WORDS_BYTES: usize = 16 << 10;

/// Says in JSON what is said in plain text, or not at all.
pub(super) async fn in_json(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !(status.is_client_error() || status.is_server_error())
        || kind.starts_with(b"application/json")
    {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // One that breaks off has said nothing.
    let words = to_bytes(body, MAX_WORDS_BYTES).await.unwrap_or_default();
    let words = String::from_utf8_lossy(&words).trim().to_owned();
    let words = if words.is_empty() { words_for(status, &method) } else { words };
    parts.headers.remove(CONTENT_TYPE);
    parts.headers.remove(CONTENT_LENGTH);
    (parts.status, parts.headers, Json(json!({ "error": words }))).into_response()
}

fn words_for(status: StatusCode, method: &Method) -> String {
    if status == StatusCode::METHOD_NOT_ALLOWED {
        // The router adds that field behind us.
        return format!("{method} means nothing here; the field `Allow` names what does");
    }
    status.canonical_reason().unwrap_or("it did not work").to_lowercase()
}
