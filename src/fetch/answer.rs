//! What an origin answered, in the fields that bear on what becomes of a source.

use std::time::Duration;

use reqwest::header::{ETAG, HeaderMap, HeaderValue, LAST_MODIFIED, LINK};
use url::Url;

use super::Body;
use crate::model::Validators;

/// What an origin answered.
#[derive(Debug)]
pub struct Answer {
    /// The status of the last hop.
    pub status: u16,
    /// Its address.
    pub url: Url,
    /// The redirects that led there, in order.
    pub hops: Vec<Hop>,
    /// Validators of this answer, if it gave any.
    pub validators: Option<Validators>,
    /// How long it stays fresh.
    pub freshness: Option<Duration>,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `Content-Language`
    pub content_language: Option<String>,
    /// `rel=hub` and `rel=self` of its `Link` fields (RFC 8288).
    pub links: Links,
    /// Whose page it is that asks for a browser instead, if it is one.
    pub challenge: Option<&'static str>,
    /// The body of a 200 or 203; other bodies are not kept.
    pub body: Option<Body>,
}

/// A redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Its status.
    pub status: u16,
    /// Where it led.
    pub to: Url,
}

/// What `Link` fields say of a feed (WebSub 4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    /// `rel=hub`.
    pub hub: Option<String>,
    /// `rel=self`.
    pub itself: Option<String>,
}

/// Returns the validators of an answer, byte for byte.
pub(super) fn validators(headers: &HeaderMap, url: &Url) -> Option<Validators> {
    let bytes = |name| headers.get(name).map(|value: &HeaderValue| value.as_bytes().to_vec());
    let (etag, last_modified) = (bytes(ETAG), bytes(LAST_MODIFIED));
    (etag.is_some() || last_modified.is_some()).then(|| Validators {
        url: url.to_string(),
        etag,
        last_modified,
    })
}

/// Returns the hub and the canonical address that `Link` fields name; the first of each counts.
pub(super) fn links(headers: &HeaderMap, base: &Url) -> Links {
    let mut links = Links::default();
    for value in headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()) {
        for (target, rels) in link_values(value) {
            let address = || base.join(target).ok().map(|url| url.to_string());
            for rel in rels.to_ascii_lowercase().split_ascii_whitespace() {
                let place = match rel {
                    "hub" => &mut links.hub,
                    "self" => &mut links.itself,
                    _ => continue,
                };
                *place = place.take().or_else(address);
            }
        }
    }
    links
}

/// Returns the targets of a `Link` field and their `rel` (RFC 8288 3).
fn link_values(field: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = field;
    while let Some((target, tail)) = rest.split_once('<').and_then(|(_, tail)| tail.split_once('>'))
    {
        // Parameters reach to the next target; a comma may stand within quotes.
        let end = tail.find('<').unwrap_or(tail.len());
        let (parameters, next) = tail.split_at(end);
        let rel = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let value = value.trim().trim_end_matches(',').trim_end().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel").then_some(value)
        });
        found.extend(rel.map(|rel| (target.trim(), rel)));
        rest = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_fields_name_the_hub_and_the_feed_itself() {
        let base = Url::parse("https://example.org/a/feed").unwrap();
        let mut headers = HeaderMap::new();
        let field = "<https://hub.example.org/>; rel=\"hub\", </feed>; title=\"a, b\"; rel=self";
        headers.append(LINK, HeaderValue::from_static(field));
        headers.append(LINK, HeaderValue::from_static("<https://other.example.org/>; rel=hub"));
        let links = links(&headers, &base);
        assert_eq!(links.hub.as_deref(), Some("https://hub.example.org/"));
        assert_eq!(links.itself.as_deref(), Some("https://example.org/feed"));
        assert_eq!(link_values("<a>; x=y, <b"), []);
    }
}
