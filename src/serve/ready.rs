//! A document's answers, made once when it is put in place: a request clones them.

use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::auth::harden_headers;
use crate::model::Timestamp;
use crate::publish::{Coding, Document};

/// A document's answers in each coding.
#[derive(Debug)]
pub(super) struct Ready {
    modified: Timestamp,
    identity: Coded,
    gzip: Coded,
    brotli: Coded,
    /// The `Cache-Control` of one second.
    max_age: Mutex<(i64, HeaderValue)>,
}

/// The answers in one coding.
#[derive(Debug)]
struct Coded {
    etag: String,
    /// Of a 304.
    standing: HeaderMap,
    /// Of a 200.
    whole: HeaderMap,
    body: Bytes,
}

impl Ready {
    /// Makes the answers of a document.
    pub(super) fn of(document: &Document) -> Self {
        let coded = |coding| Coded::of(document, coding);
        Self {
            modified: document.modified,
            identity: coded(Coding::Identity),
            gzip: coded(Coding::Gzip),
            brotli: coded(Coding::Brotli),
            max_age: Mutex::new((0, HeaderValue::from_static("no-cache"))),
        }
    }

    /// Returns the `Cache-Control` of this second, worked out once.
    pub(super) fn max_age(&self, second: i64, age: impl FnOnce() -> u64) -> HeaderValue {
        let known = || self.max_age.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let known = known();
            if known.0 == second {
                return known.1.clone();
            }
        }
        let value = cached_for(age());
        *known() = (second, value.clone());
        value
    }

    /// Answers a GET or HEAD; the body of a HEAD's answer is the caller's to leave out.
    pub(super) fn answer(&self, headers: &HeaderMap, cache_control: HeaderValue) -> Prompt {
        let coded = match coding(headers) {
            Coding::Identity => &self.identity,
            Coding::Gzip => &self.gzip,
            Coding::Brotli => &self.brotli,
        };
        coded.answer(headers, self.modified, cache_control)
    }
}

/// Answers with a document that may be used for so many seconds without asking again.
pub(super) fn answer(document: &Document, headers: &HeaderMap, max_age: u64) -> Response {
    let coded = Coded::of(document, coding(headers));
    coded.answer(headers, document.modified, cached_for(max_age)).into_response()
}

fn cached_for(seconds: u64) -> HeaderValue {
    let text = format!("public, max-age={seconds}");
    HeaderValue::from_str(&text).expect("a number is plain ASCII")
}

impl Coded {
    fn of(document: &Document, coding: Coding) -> Self {
        let (etag, body) = (document.etag(coding), document.bytes(coding).clone());
        let value = |text: &str| {
            HeaderValue::from_str(text).expect("tags, dates and numbers are plain ASCII")
        };
        let mut standing = HeaderMap::with_capacity(16);
        standing.insert(ETAG, value(&etag));
        standing.insert(LAST_MODIFIED, value(&http_date(document.modified)));
        standing.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        harden_headers(&mut standing);
        let mut whole = standing.clone();
        whole.insert(CONTENT_TYPE, HeaderValue::from_static(document.content_type));
        whole.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if coding != Coding::Identity {
            whole.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.as_str()));
        }
        Self { etag, standing, whole, body }
    }

    fn answer(
        &self,
        headers: &HeaderMap,
        modified: Timestamp,
        cache_control: HeaderValue,
    ) -> Prompt {
        let (status, headers, body) = if is_current(headers, &self.etag, modified) {
            (StatusCode::NOT_MODIFIED, &self.standing, Bytes::new())
        } else {
            (StatusCode::OK, &self.whole, self.body.clone())
        };
        let mut headers = headers.clone();
        headers.insert(CACHE_CONTROL, cache_control);
        Prompt { status, headers, body }
    }
}

/// An answer that is there as a whole.
#[derive(Debug)]
pub struct Prompt {
    /// 200 or 304.
    pub status: StatusCode,
    /// All but `Date`.
    pub headers: HeaderMap,
    /// Empty in a 304.
    pub body: Bytes,
}

impl IntoResponse for Prompt {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Returns the best coding that a request accepts (RFC 9110 12.5.3).
pub(super) fn coding(headers: &HeaderMap) -> Coding {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut weights = Weights::default();
    for part in accepted.flat_map(|value| value.split(',')) {
        let mut words = part.split(';').map(str::trim);
        let name = words.next().unwrap_or_default();
        let weight = words.find_map(|word| word.strip_prefix("q=").or(word.strip_prefix("Q=")));
        let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        weights.note(name, weight);
    }
    weights.best()
}

/// How much a reader wants each coding; `None` is what it does not speak of.
#[derive(Default)]
struct Weights {
    identity: Option<f32>,
    gzip: Option<f32>,
    brotli: Option<f32>,
    others: Option<f32>,
}

impl Weights {
    fn note(&mut self, name: &str, weight: f32) {
        let named = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
        if named(&["br"]) {
            self.brotli = Some(weight);
        } else if named(&["gzip", "x-gzip"]) {
            self.gzip = Some(weight);
        } else if named(&["identity"]) {
            self.identity = Some(weight);
        } else if name == "*" {
            self.others = Some(weight);
        }
    }

    /// Of codings that are wanted alike the smallest; the plain one where none other is wanted.
    fn best(&self) -> Coding {
        let of = |weight: Option<f32>| weight.or(self.others).unwrap_or(0.0);
        let (brotli, gzip) = (of(self.brotli), of(self.gzip));
        let identity = self.identity.unwrap_or(0.0);
        if brotli > 0.0 && brotli >= gzip && brotli >= identity {
            Coding::Brotli
        } else if gzip > 0.0 && gzip >= identity {
            Coding::Gzip
        } else {
            Coding::Identity
        }
    }
}

/// Returns whether the reader has the document already (RFC 9110 13.2.2).
///
/// `If-None-Match` decides where it is given, `If-Modified-Since`, to the second, without one.
pub fn is_current(headers: &HeaderMap, etag: &str, modified: Timestamp) -> bool {
    let mut tags = headers.get_all(IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        return tags.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(',')).any(
            |tag| {
                let tag = tag.trim();
                tag == "*" || tag.trim_start_matches("W/") == etag
            },
        );
    }
    let since = headers.get(IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let since = since.and_then(|text| httpdate::parse_http_date(text).ok());
    since.is_some_and(|since| Timestamp::from(since).timestamp() >= modified.timestamp())
}

pub(super) fn http_date(at: Timestamp) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_coding_that_a_reader_wants_most_is_served() {
        for (accepted, expected) in [
            ("gzip, br", Coding::Brotli),
            ("gzip, deflate", Coding::Gzip),
            ("br;q=1.0, gzip;q=0.8", Coding::Brotli),
            ("br;q=0.5, gzip;q=0.8", Coding::Gzip),
            ("GZIP;q=0.5, identity", Coding::Identity),
            ("*", Coding::Brotli),
            ("*;q=0.5, br;q=0", Coding::Gzip),
            ("gzip;q=0", Coding::Identity),
            ("gzip;q=0.000, br;q=0.0", Coding::Identity),
            ("zstd, identity", Coding::Identity),
            ("gzip;q=a", Coding::Identity),
        ] {
            assert_eq!(coding(&headers(&[(ACCEPT_ENCODING, accepted)])), expected, "{accepted}");
        }
        assert_eq!(coding(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn a_tag_decides_and_a_date_only_without_one() {
        let modified: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let current =
            |lines: &[(HeaderName, &str)]| is_current(&headers(lines), "\"abc\"", modified);
        assert!(current(&[(IF_NONE_MATCH, "\"abc\"")]));
        assert!(current(&[(IF_NONE_MATCH, "\"x\", W/\"abc\"")]));
        assert!(current(&[(IF_NONE_MATCH, "*")]));
        assert!(!current(&[(IF_NONE_MATCH, "\"abc-gzip\"")]));
        let date = "Mon, 23 Nov 2026 10:00:00 GMT";
        assert!(current(&[(IF_MODIFIED_SINCE, date)]));
        assert!(!current(&[(IF_MODIFIED_SINCE, "Mon, 23 Nov 2026 09:59:59 GMT")]));
        assert!(!current(&[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, date)]));
        assert!(!current(&[]));
    }
}
