//! An account of each request of a poll and its answer, for people who look into a source.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName};
use url::Url;

/// Fields of an answer that bear on what becomes of it.
const TOLD: [&str; 17] = [
    "content-type",
    "content-encoding",
    "content-length",
    "content-language",
    "etag",
    "last-modified",
    "cache-control",
    "expires",
    "age",
    "retry-after",
    "location",
    "link",
    "date",
    "server",
    "www-authenticate",
    "cf-mitigated",
    "via",
];

/// One request and the head of its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// `GET` or `POST`.
    pub method: String,
    /// Where it went.
    pub url: Url,
    /// What it carried; secret values are left out.
    pub sent: Vec<(String, String)>,
    /// `HTTP/1.1`, `HTTP/2.0`.
    pub version: String,
    /// The status of the answer.
    pub status: u16,
    /// The fields of the answer that matter.
    pub received: Vec<(String, String)>,
    /// Until the head of the answer was there; connecting included.
    pub head: Duration,
    /// Until the end of the body.
    pub body: Option<Duration>,
    /// Of the body on the wire.
    pub wire_bytes: Option<u64>,
}

/// Where the exchanges of one poll are written down, also of one that fails.
#[derive(Debug, Default)]
pub struct Account(Mutex<Vec<Exchange>>);

impl Account {
    /// Returns what was written down so far, in order.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn add(&self, exchange: Exchange) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }

    /// Notes the end of the last answer's body.
    pub(super) fn end(&self, took: Duration, bytes: u64) {
        let mut exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = exchanges.last_mut() {
            (last.body, last.wire_bytes) = (Some(took), Some(bytes));
        }
    }
}

/// Returns header fields as text; SECURITY: sensitive values are not repeated.
pub(super) fn fields(headers: &HeaderMap) -> Vec<(String, String)> {
    let field = |(name, value): (&HeaderName, &reqwest::header::HeaderValue)| {
        let shown = if value.is_sensitive() || *name == reqwest::header::AUTHORIZATION {
            "(not shown)".to_owned()
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        (name.to_string(), shown)
    };
    headers.iter().map(field).collect()
}

pub(super) fn received(headers: &HeaderMap) -> Vec<(String, String)> {
    fields(headers).into_iter().filter(|(name, _)| TOLD.contains(&name.as_str())).collect()
}
