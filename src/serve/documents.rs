//! The channels' current documents: swapped whole, served with conditional requests.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER, VARY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::auth::is_same;
use super::deltas::Past;
use super::{Failure, Served};
use crate::model::{Channel, ChannelId, DocumentFormat, Timestamp};
use crate::publish::{Coding, Document, Edition, Place};

/// A reader asks again no sooner, in seconds; a hub or an editor may bring something at any time.
const MIN_MAX_AGE: u64 = 60;

/// The current documents of each channel.
#[derive(Debug, Default)]
pub struct Documents {
    current: RwLock<HashMap<ChannelId, Arc<Edition>>>,
    past: Past,
    /// How often something that a channel takes has changed.
    generations: RwLock<HashMap<ChannelId, u64>>,
}

impl Documents {
    /// Returns a channel's documents.
    pub fn get(&self, channel: &ChannelId) -> Option<Arc<Edition>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).get(channel).cloned()
    }

    /// Puts new documents in place of a channel's last ones.
    pub fn swap(&self, channel: &ChannelId, edition: Arc<Edition>) {
        self.past.remember(channel, &edition);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.insert(channel.clone(), edition);
    }

    /// Says that something that a channel takes has changed, though its documents may not have.
    pub fn touch(&self, channel: &ChannelId) {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        *generations.entry(channel.clone()).or_default() += 1;
    }

    /// Returns a number that differs whenever something that a channel takes has changed.
    pub(super) fn generation(&self, channel: &ChannelId) -> u64 {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        generations.get(channel).copied().unwrap_or_default()
    }

    /// Returns the channels that have a document.
    pub fn ids(&self) -> Vec<ChannelId> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.keys().cloned().collect()
    }

    /// Takes out the document of a channel that is no more.
    pub fn remove(&self, channel: &ChannelId) {
        self.current.write().unwrap_or_else(PoisonError::into_inner).remove(channel);
        self.past.forget(channel);
    }
}

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/feeds/{file}", get(feed))
}

async fn feed(
    State(served): State<Arc<Served>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some((id, format)) = DocumentFormat::part(&file) else {
        return Failure::NotFound("feed").into_response();
    };
    let (query, plan) = (query.unwrap_or_default(), served.plan());
    if let Some(channel) = plan.channels.iter().find(|channel| channel.id.as_str() == id) {
        if !may_read(channel, &query) {
            return Failure::NotFound("feed").into_response();
        }
        if !channel.formats.contains(&format) {
            return Failure::NotFound("feed").into_response();
        }
        let edition = served.documents.get(&channel.id);
        return match edition.as_ref().and_then(|edition| edition.get(format)) {
            Some(document) => {
                let delta = served.documents.past.answer(&channel.id, format, document, &headers);
                delta.unwrap_or_else(|| answer(document, &headers, served.freshness(channel)))
            }
            None => not_yet("not rendered yet\n"),
        };
    }
    let renamed = plan.channels.iter().find(|c| c.was.iter().any(|was| was.as_str() == id));
    match renamed {
        Some(channel) if may_read(channel, &query) => {
            let place = Place::Current { earlier: None };
            let to = place.address(&plan.site, channel, format);
            (StatusCode::MOVED_PERMANENTLY, [(LOCATION, to)]).into_response()
        }
        Some(_) => Failure::NotFound("feed").into_response(),
        None => absent(&served, id).await,
    }
}

/// A channel that was published once and is configured no more is gone (410): readers stop
/// asking. Any other name was never there.
///
/// SECURITY: a secret channel that is no more answers as it always did without its token.
async fn absent(served: &Arc<Served>, id: &str) -> Response {
    let Ok(id) = ChannelId::new(id) else { return Failure::NotFound("feed").into_response() };
    match served.read(move |view| view.store.channel(&id)).await {
        Ok(Some(look)) if !look.is_secret => {
            (StatusCode::GONE, "this feed has ended\n").into_response()
        }
        Ok(_) => Failure::NotFound("feed").into_response(),
        Err(Failure::Closed(_)) => not_yet("the store is being opened\n"),
        Err(failure) => failure.into_response(),
    }
}

impl Served {
    /// Returns how long nothing new can come to a channel by a poll, in seconds: a minute at
    /// least, and `publish.ttl` at most.
    pub(super) fn freshness(&self, channel: &Channel) -> u64 {
        let now = (self.clock)();
        let plan = self.plan();
        let next = self.upcoming.next(channel, &plan.sources, now);
        let wait = next.map_or(0, |next| u64::try_from((next - now).num_seconds()).unwrap_or(0));
        wait.clamp(MIN_MAX_AGE, (plan.site.ttl * 60).max(MIN_MAX_AGE))
    }
}

fn not_yet(why: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")], why).into_response()
}

/// SECURITY: without its token a secret channel answers as if it were not there.
pub(super) fn may_read(channel: &Channel, query: &str) -> bool {
    let Some(token) = &channel.token else { return true };
    let given = query.split('&').find_map(|pair| pair.strip_prefix("token="));
    given.is_some_and(|given| is_same(given.as_bytes(), token.reveal()))
}

/// Answers with a document that may be used for so many seconds without asking again.
pub(super) fn answer(document: &Document, headers: &HeaderMap, max_age: u64) -> Response {
    let coding = coding(headers);
    let etag = document.etag(coding);
    let response = Response::builder()
        .header(ETAG, &etag)
        .header(LAST_MODIFIED, http_date(document.modified))
        .header(CACHE_CONTROL, format!("public, max-age={max_age}"))
        .header(VARY, "Accept-Encoding");
    let built = if is_current(headers, &etag, document.modified) {
        response.status(StatusCode::NOT_MODIFIED).body(Body::empty())
    } else {
        let response = response.header(CONTENT_TYPE, document.content_type);
        let response = match coding {
            Coding::Identity => response,
            coding => response.header(CONTENT_ENCODING, coding.as_str()),
        };
        response.body(Body::from(document.bytes(coding).clone()))
    };
    built.unwrap_or_else(|_never| StatusCode::INTERNAL_SERVER_ERROR.into_response())
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
