//! Who may ask for what, and the headers that keep a page from doing more than it should.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::{Plan, Served};

/// SECURITY: bodies hold markup of strangers; it is sanitised, and this is the second wall.
const POLICY: &str = "default-src 'none'; img-src 'self' https: http:; style-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Lets a request through that carries the bearer token; without a configured token nobody.
pub(super) async fn require_token(
    State(served): State<Arc<Served>>,
    request: Request,
    next: Next,
) -> Response {
    let plan = served.plan();
    let Some(token) = &plan.token else {
        let text = "the API is off: set `server.admin_token_file`, or use the control socket\n";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    if carries(request.headers(), token.reveal()) {
        next.run(request).await
    } else {
        unauthorised()
    }
}

/// The same for `/status` and `/metrics`, where the configuration says so.
pub(super) async fn require_token_where_guarded(
    State(served): State<Arc<Served>>,
    request: Request,
    next: Next,
) -> Response {
    let plan = served.plan();
    if !plan.guarded.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    match &plan.token {
        Some(token) if carries(request.headers(), token.reveal()) => next.run(request).await,
        _ => unauthorised(),
    }
}

/// Returns whether a request may see what this path shows.
pub(super) fn may_see(plan: &Plan, headers: &HeaderMap, path: &str) -> bool {
    !plan.guarded.contains(&path)
        || plan.token.as_ref().is_some_and(|token| carries(headers, token.reveal()))
}

fn unauthorised() -> Response {
    let challenge = [(WWW_AUTHENTICATE, "Bearer realm=\"briefwire\"")];
    (StatusCode::UNAUTHORIZED, challenge, "a bearer token is needed\n").into_response()
}

fn carries(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    given.strip_prefix(b"Bearer ").is_some_and(|given| is_same(given, token))
}

/// Compares two secrets in a time that does not depend on where they differ.
pub(super) fn is_same(given: &[u8], token: &str) -> bool {
    given.ct_eq(token.as_bytes()).into()
}

/// Adds what stands in every answer.
pub(super) fn harden_headers(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// Adds to every answer what a browser needs to know to stay safe.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_page = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    let headers = response.headers_mut();
    harden_headers(headers);
    if is_page {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    }
    response
}
