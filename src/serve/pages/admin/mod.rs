//! `/admin/`: pages that act. They need the token, as HTTP Basic password in a browser; nothing is
//! remembered of who came, and only forms of this site are taken.

mod item;
mod source;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use url::Url;

use super::{Frame, Links, failed, missing, page};
use crate::serve::Served;

/// Returns the routes; whoever adds them asks for the token.
pub(in crate::serve) fn routes() -> Router<Arc<Served>> {
    Router::new().merge(upload::routes()).merge(source::routes()).merge(item::routes())
}

/// SECURITY: a browser sends the password with whatever form another site has it send; so a change
/// comes from a page of ours, by what the browser itself says of it.
pub(in crate::serve) async fn require_same_origin(
    State(served): State<Arc<Served>>,
    links: Links,
    request: Request,
    next: Next,
) -> Response {
    let is_change = request.method() != Method::GET && request.method() != Method::HEAD;
    if is_change && !is_same_origin(request.headers(), &[&served.plan().site.base, &links.base]) {
        return (StatusCode::FORBIDDEN, "this form was sent by another site\n").into_response();
    }
    next.run(request).await
}

fn is_same_origin(headers: &HeaderMap, own: &[&Url]) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text(ORIGIN.as_str()) else {
        // No browser that sends forms of others leaves both out; a program needs neither.
        return true;
    };
    let Ok(origin) = Url::parse(origin) else { return false };
    let of_host = text(HOST.as_str())
        .and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
    let own = own.iter().map(|url| url.origin()).chain(of_host.map(|url| url.origin()));
    own.into_iter().any(|own| own == origin.origin())
}

/// What a form has done, as the page after it says.
#[derive(Deserialize, Default)]
struct After {
    done: Option<String>,
}

impl After {
    /// Returns what has been done, in words: of a closed set, since addresses can be written by anybody.
    fn words(&self) -> Option<&'static str> {
        Some(match self.done.as_deref()? {
            "poll" => "It is being polled.",
            "pause" => "It is paused.",
            "resume" => "It is asked again.",
            "pin" => "The brief is pinned.",
            "block" => "The brief is blocked.",
            "unpin" | "unblock" => "That is taken back.",
            "stored" => "The brief is stored.",
            "same" => "Nothing has changed.",
            _ => return None,
        })
    }
}

/// Returns the way to the page after a form (RFC 9110 15.4.4).
fn see(links: &Links, path: &str, done: &str) -> Response {
    Redirect::to(&format!("{}{path}?done={done}", links.root)).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn only_forms_of_this_site_are_taken() {
        let own: Url = "https://news.example.org/x/".parse().unwrap();
        let check = |lines: &[(&str, &str)], expected: bool| {
            let headers: HeaderMap = lines
                .iter()
                .map(|(name, value)| {
                    (HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
                })
                .collect();
            assert_eq!(is_same_origin(&headers, &[&own]), expected, "{lines:?}");
        };
        let own_host = ("host", "127.0.0.1:8420");
        check(&[], true);
        check(&[("sec-fetch-site", "same-origin"), ("origin", "null")], true);
        for site in ["cross-site", "same-site", "none", ""] {
            check(&[("sec-fetch-site", site), ("origin", "https://news.example.org")], false);
        }
        check(&[("origin", "https://news.example.org"), own_host], true);
        check(&[("origin", "http://127.0.0.1:8420"), own_host], true);
        for origin in
            ["null", "https://evil.example", "http://news.example.org", "http://127.0.0.1"]
        {
            check(&[("origin", origin), own_host], false);
        }
    }
}
