//! Who may ask for what, and the headers that keep a page from doing more than it should.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::Served;
use super::client::Client;
use crate::text::base64;

/// SECURITY: bodies hold markup of strangers; it is sanitised, and this is the second wall.
const POLICY: &str = "default-src 'none'; img-src 'self' https: http:; style-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// How a token may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ways {
    /// `Bearer` alone.
    ///
    /// SECURITY: a browser sends a password it knows with every request, those that another
    /// site's page makes included; a call that changes something must not take it.
    Bearer,
    /// As the password of `Basic` too, with any user name, so that a browser asks for it.
    Password,
}

/// Lets a request through that carries the bearer token; without a configured token nobody.
pub(super) async fn require_token(
    State(served): State<Arc<Served>>,
    request: Request,
    next: Next,
) -> Response {
    if served.plan().token.is_none() {
        let text = "the API is off: set `server.admin_token_file`, or use the control socket\n";
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    pass(&served, request, next, Ways::Bearer).await
}

/// The same for `/status` and `/metrics`, where the configuration says so.
pub(super) async fn require_token_where_guarded(
    State(served): State<Arc<Served>>,
    request: Request,
    next: Next,
) -> Response {
    if !served.plan().guarded.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    pass(&served, request, next, Ways::Password).await
}

/// The same for pages that act, and nobody passes without a configured token.
pub(super) async fn require_password(
    State(served): State<Arc<Served>>,
    request: Request,
    next: Next,
) -> Response {
    if served.plan().token.is_none() {
        let text = "there is no token to ask for: set `server.admin_token_file`\n";
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    pass(&served, request, next, Ways::Password).await
}

/// Whether a request may see what `/status` shows; a wrong token counts as a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SeesAll(pub(super) bool);

impl FromRequestParts<Arc<Served>> for SeesAll {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        served: &Arc<Served>,
    ) -> Result<Self, Infallible> {
        if !served.plan().guarded.contains(&"/status") {
            return Ok(Self(true));
        }
        let client = parts.extensions.get::<Client>();
        let given = parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let is_let_in = |given| refusal(served, client, given, Ways::Password).is_none();
        Ok(Self(given.is_some_and(is_let_in)))
    }
}

/// Lets a request through that carries the token.
async fn pass(served: &Served, request: Request, next: Next, ways: Ways) -> Response {
    let client = request.extensions().get::<Client>();
    // Who has not tried is asked for it, whatever others of the same address have done.
    let Some(given) = request.headers().get(AUTHORIZATION) else { return unauthorised(ways) };
    match refusal(served, client, given.as_bytes(), ways) {
        None => next.run(request).await,
        Some(refusal) => refusal,
    }
}

/// Refuses what is not the token, which counts as a guess, and whatever comes from who has guessed too
/// often.
fn refusal(served: &Served, client: Option<&Client>, given: &[u8], ways: Ways) -> Option<Response> {
    if let Some(refusal) = served.pace.refuse_guesses(client) {
        return Some(refusal);
    }
    let plan = served.plan();
    if plan.token.as_ref().is_some_and(|token| carries(given, token.reveal(), ways)) {
        return None;
    }
    served.pace.guessed(client);
    Some(unauthorised(ways))
}

fn unauthorised(ways: Ways) -> Response {
    let text = "a bearer token is needed\n";
    let mut response = (StatusCode::UNAUTHORIZED, text).into_response();
    let challenges = response.headers_mut();
    challenges.append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"briefwire\""));
    if ways == Ways::Password {
        challenges.append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"briefwire\""));
    }
    response
}

fn carries(given: &[u8], token: &str, ways: Ways) -> bool {
    let Some(space) = given.iter().position(|byte| *byte == b' ') else { return false };
    let (scheme, rest) = given.split_at(space);
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return is_same(rest, token);
    }
    if ways != Ways::Password || !scheme.eq_ignore_ascii_case(b"basic") {
        return false;
    }
    let end = rest.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let decoded = base64(rest.iter().take(end).copied()).unwrap_or_default();
    let colon = decoded.iter().position(|byte| *byte == b':');
    colon.is_some_and(|colon| is_same(decoded.get(colon + 1..).unwrap_or_default(), token))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_as_bearer_and_to_pages_as_a_password() {
        // `anybody:a token:with more`, `:t` and `t`.
        let password = "Basic YW55Ym9keTphIHRva2VuOndpdGggbW9yZQ==";
        for (given, token, on_pages, in_calls) in [
            ("Bearer t", "t", true, true),
            ("bearer  t", "t", true, true),
            ("Bearer u", "t", false, false),
            ("Bearer", "t", false, false),
            ("Bearert", "t", false, false),
            ("", "", false, false),
            (password, "a token:with more", true, false),
            (password, "with more", false, false),
            (password, "a token", false, false),
            ("basic OnQ=", "t", true, false),
            ("Basic OnQ", "t", true, false),
            ("Basic dA==", "t", false, false),
            ("Basic %%%", "t", false, false),
            ("Digest t", "t", false, false),
        ] {
            let found = [Ways::Password, Ways::Bearer].map(|w| carries(given.as_bytes(), token, w));
            assert_eq!(found, [on_pages, in_calls], "{given}");
        }
    }
}
