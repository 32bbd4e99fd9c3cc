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

use super::Served;
use super::client::Client;

/// SECURITY: bodies hold markup of strangers; it is sanitised, and this is the second wall.
const POLICY: &str = "default-src 'none'; img-src https: http:; style-src 'unsafe-inline'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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
    match refusal(&served, &request, Ways::Bearer) {
        None => next.run(request).await,
        Some(refusal) => refusal,
    }
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
    match refusal(&served, &request, Ways::Password) {
        None => next.run(request).await,
        Some(refusal) => refusal,
    }
}

/// Refuses a request that does not carry the token, and one of a client that guesses.
pub(super) fn refusal(served: &Served, request: &Request, ways: Ways) -> Option<Response> {
    let client = request.extensions().get::<Client>();
    let given = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    // Who has not tried is asked for it, whatever others of the same address have done.
    let Some(given) = given else { return Some(unauthorised(ways)) };
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
    let decoded = base64(rest).unwrap_or_default();
    let colon = decoded.iter().position(|byte| *byte == b':');
    colon.is_some_and(|colon| is_same(decoded.get(colon + 1..).unwrap_or_default(), token))
}

/// Decodes base64 (RFC 4648 4); `None` is none.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for byte in text.get(..end)? {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        (held, bits) = ((held << 6 | u32::from(six)) & 0xfff, bits + 6);
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
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
