//! Only what is new: `A-IM: feed` with a tag that we gave (RFC 3229, as feed readers send it).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LAST_MODIFIED, VARY};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;

use super::ready::{coding, http_date};
use crate::model::{ChannelId, DocumentFormat};
use crate::publish::{Contents, Document, Edition, Pieces};

/// `A-IM`: how a reader may be sent an instance.
const A_IM: HeaderName = HeaderName::from_static("a-im");
const IM: HeaderName = HeaderName::from_static("im");
/// Earlier documents of one channel in one format that are remembered, and their items together:
/// a reader who comes less often is sent the whole.
const MAX_REMEMBERED: usize = 64;
const MAX_ITEMS: usize = 10_000;

/// What stood in the last documents of each channel.
#[derive(Debug, Default)]
pub(super) struct Past(Mutex<HashMap<(ChannelId, DocumentFormat), Remembered>>);

/// The hashes of documents and what stood in them, the latest first.
type Remembered = VecDeque<(u128, Contents)>;

impl Past {
    /// Remembers what stands in documents, before they are given to anybody.
    pub(super) fn remember(&self, channel: &ChannelId, edition: &Edition) {
        for (format, document) in edition.documents() {
            if self.is_last(channel, format, document) {
                continue;
            }
            let Some(pieces) = Pieces::of(format, &document.plain) else { continue };
            let contents = pieces.contents();
            let mut past = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let known = past.entry((channel.clone(), format)).or_default();
            known.retain(|(hash, _)| *hash != document.hash());
            known.push_front((document.hash(), contents));
            let mut items: usize = known.iter().map(|(_, contents)| contents.len()).sum();
            while known.len() > MAX_REMEMBERED || (items > MAX_ITEMS && known.len() > 1) {
                let Some((_, contents)) = known.pop_back() else { break };
                items -= contents.len();
            }
        }
    }

    fn is_last(&self, channel: &ChannelId, format: DocumentFormat, document: &Document) -> bool {
        let past = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = past.get(&(channel.clone(), format)).and_then(|known| known.front());
        known.is_some_and(|(hash, _)| *hash == document.hash())
    }

    pub(super) fn forget(&self, channel: &ChannelId) {
        let mut past = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        past.retain(|(known, _), _| known != channel);
    }

    /// Returns the 226 for a reader who asks for what is new since a document that we remember.
    pub(super) fn answer(
        &self,
        channel: &ChannelId,
        format: DocumentFormat,
        document: &Document,
        headers: &HeaderMap,
    ) -> Option<Response> {
        if !wants_delta(headers) {
            return None;
        }
        let seen = {
            let past = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let known = past.get(&(channel.clone(), format))?;
            let tags = tags(headers);
            let (_, contents) = known.iter().find(|(hash, _)| tags.contains(hash))?;
            contents.clone()
        };
        let delta = Pieces::of(format, &document.plain)?.since(&seen)?;
        // Where much is new, the whole, which is compressed, is less to send.
        let coding = coding(headers);
        if delta.len() >= document.bytes(coding).len() {
            return None;
        }
        // The tag is that of the whole: of what the reader has once it has put this to it.
        Response::builder()
            .status(StatusCode::IM_USED)
            .header(IM, "feed")
            .header(ETAG, document.etag(coding))
            .header(LAST_MODIFIED, http_date(document.modified))
            .header(CACHE_CONTROL, "no-store")
            .header(VARY, "A-IM, If-None-Match, Accept-Encoding")
            .header(CONTENT_TYPE, document.content_type)
            .body(Body::from(delta))
            .ok()
    }
}

/// Returns whether a request asks for a delta of a feed.
pub(super) fn wants_delta(headers: &HeaderMap) -> bool {
    let values = headers.get_all(A_IM).iter().filter_map(|value| value.to_str().ok());
    let mut manipulations = values.flat_map(|value| value.split(','));
    manipulations.any(|part| {
        let name = part.split(';').next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case("feed")
    })
}

/// Returns the hashes of the documents whose tags a request gives.
fn tags(headers: &HeaderMap) -> Vec<u128> {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let tag = |text: &str| {
        let tag = text.trim().trim_start_matches("W/").trim_matches('"');
        u128::from_str_radix(tag.split('-').next()?, 16).ok()
    };
    values.flat_map(|value| value.split(',')).filter_map(tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn deltas_are_for_those_who_ask_for_them() {
        let asks = |value: &str| wants_delta(&headers(&[(A_IM, value)]));
        assert!(asks("feed") && asks("vcdiff, Feed;q=0.5") && asks("feed, gzip"));
        assert!(!asks("vcdiff") && !asks("feeds") && !wants_delta(&HeaderMap::new()));
        let hash = format!("{:032x}", 7);
        let given = format!("W/\"{hash}-gzip\", \"x\", \"{hash}\"");
        assert_eq!(tags(&headers(&[(IF_NONE_MATCH, &given)])), [7, 7]);
    }
}
