//! The canonical URL: a key under which the addresses of one article meet.
//!
//! It is compared, stored and shown as evidence, and never published as a link. The published
//! link is the publisher's own, less its tracking parameters ([`without_tracking`]).

use url::{Host, Url};

/// Parameters that only tell where a reader came from.
const TRACKING: &[&str] = &[
    "fbclid",
    "gclid",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "twclid",
    "ttclid",
    "igshid",
    "igsh",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "oly_anon_id",
    "oly_enc_id",
    "vero_id",
    "_hsenc",
    "_hsmi",
    "__hssc",
    "__hstc",
    "hsctatracking",
    "wickedid",
    "rb_clickid",
    "s_cid",
    "ncid",
    "cmpid",
    "icid",
    "ftag",
    "xtor",
    "at_medium",
    "at_campaign",
    "at_custom1",
    "at_custom2",
    "at_custom3",
    "at_custom4",
    "ns_source",
    "ns_mchannel",
    "ns_campaign",
    "ns_linkname",
    "ns_fee",
    "wt.mc_id",
    "sr_share",
    "ref_src",
    "ref_url",
    "guccounter",
    "guce_referrer",
    "guce_referrer_sig",
    "traffic_source",
    "feature_src",
    "spm",
    "_ga",
    "_gl",
];

/// Parameters that only tell which section of the site a reader came through.
const NAVIGATION: &[&str] = &[
    "hp",
    "hpt",
    "_r",
    "mod",
    "smid",
    "smtyp",
    "cid",
    "wt.nav",
    "clicksource",
    "intcmp",
    "srnd",
    "partner",
    "emc",
    "ref",
    "rss",
    "cmp",
    "src",
    "source",
    "via",
    "output",
    "outputtype",
    "ftcamp",
    "ocid",
    "rpc",
    "feedtype",
    "feedname",
    "reflink",
    "sh",
    "xid",
    "csp",
    "dlvrit",
    "mbid",
    "intlink",
    "sref",
    "taid",
];

fn is_tracking(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("utm_")
        || name.starts_with("utm-")
        || name.starts_with("mtm_")
        || name.starts_with("pk_")
        || TRACKING.contains(&name.as_str())
}

fn is_navigation(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAVIGATION.contains(&name.as_str())
}

/// Returns the address without its tracking parameters; everything else stays as published.
pub fn without_tracking(url: &Url) -> Url {
    let Some(query) = url.query() else { return url.clone() };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_tracking(name_of(pair))).collect();
    let mut cleaned = url.clone();
    // A query nothing was taken from is left as it is, byte for byte.
    if kept.len() < query.split('&').count() {
        cleaned.set_query((!kept.is_empty()).then(|| kept.join("&")).as_deref());
    }
    cleaned
}

fn name_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

/// The key of an article's address: `host/path?query`, no scheme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalUrl(String);

impl CanonicalUrl {
    /// Returns the key of an http or https address, and `None` of anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(&Url::parse(text.trim()).ok()?)
    }

    /// Returns the key of an http or https address, and `None` of anything else.
    pub fn of(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let host = plain_host(url)?;
        let path = plain_path(url.path());
        let query = plain_query(url.query().unwrap_or_default());
        let mark = if query.is_empty() { "" } else { "?" };
        Some(Self(format!("{host}{path}{mark}{query}")))
    }

    /// Returns the key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CanonicalUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn plain_host(url: &Url) -> Option<String> {
    let host = url.host()?;
    let name = match host {
        Host::Domain(domain) => plain_domain(domain).to_owned(),
        address => address.to_string(),
    };
    match url.port() {
        Some(port) => Some(format!("{name}:{port}")),
        None => Some(name),
    }
}

/// Takes the names of presentations off: `www.`, `m.`, `mobile.`, `amp.`.
fn plain_domain(domain: &str) -> &str {
    let mut rest = domain.trim_end_matches('.');
    // Only a prefix before a whole registrable name: `m.com` keeps its `m`.
    while let Some((first, tail)) = rest.split_once('.') {
        if !matches!(first, "www" | "m" | "mobile" | "amp") || !tail.contains('.') {
            break;
        }
        rest = tail;
    }
    rest
}

fn plain_path(path: &str) -> String {
    let mut segments: Vec<String> =
        path.split('/').filter(|s| !s.is_empty()).map(plain_escapes).collect();
    if segments.last().is_some_and(|s| s == "amp") && segments.len() > 1 {
        segments.pop();
    }
    if segments.last().is_some_and(|s| matches!(s.as_str(), "index.html" | "index.htm")) {
        segments.pop();
    }
    segments.iter().fold(String::new(), |path, segment| path + "/" + segment)
}

/// Decodes escapes of unreserved characters and writes the others in capitals (RFC 3986 6.2.2).
fn plain_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let Some((value, tail)) = escaped_byte(escape) else {
            out.push('%');
            rest = escape.strip_prefix('%').unwrap_or_default();
            continue;
        };
        if value.is_ascii_alphanumeric() || b"-._~".contains(&value) {
            out.push(char::from(value));
        } else {
            // Its digits in capitals, as RFC 3986 6.2.2.1 has them.
            out.push_str(&escape.get(..3).unwrap_or_default().to_ascii_uppercase());
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Returns the byte that a leading `%XX` stands for, and what follows it.
fn escaped_byte(text: &str) -> Option<(u8, &str)> {
    let digits = text.get(1..3).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some((u8::from_str_radix(digits, 16).ok()?, text.get(3..)?))
}

fn plain_query(query: &str) -> String {
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .filter(|pair| !is_tracking(name_of(pair)) && !is_navigation(name_of(pair)))
        .map(plain_escapes)
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let key = CanonicalUrl::parse(url).expect("a web address");
        assert_eq!(key.as_str(), expected, "{url}");
    }

    #[test]
    fn spellings_of_one_address_meet() {
        for spelling in [
            "https://www.example.com/news/2024/story",
            "http://example.com/news/2024/story/",
            "https://m.example.com//news/2024/story?utm_source=rss&utm_medium=feed",
            "https://amp.example.com/news/2024/story/amp",
            "https://EXAMPLE.com:443/news/2024/story#comments",
            "https://user:secret@example.com/news/2024/story/index.html?fbclid=x",
            "https://example.com/%6Eews/2024/story?smid=tw&hp",
        ] {
            check(spelling, "example.com/news/2024/story");
        }
    }

    #[test]
    fn what_names_an_article_is_kept() {
        check("https://example.com/story?id=7&p=2", "example.com/story?id=7&p=2");
        check("https://example.com/story?p=2&id=7", "example.com/story?id=7&p=2");
        check("https://example.com/watch?v=Ab", "example.com/watch?v=Ab");
        check("https://example.com:8080/", "example.com:8080");
        check("https://m.com/a", "m.com/a");
        check("https://example.com/amp", "example.com/amp");
        check("https://example.com/a%2fb%c3%a9", "example.com/a%2Fb%C3%A9");
        check("https://example.com/100%/x", "example.com/100%/x");
        check("https://bücher.example/ü", "xn--bcher-kva.example/%C3%BC");
    }

    #[test]
    fn only_web_addresses_have_a_key() {
        for other in ["mailto:a@b.co", "tag:example.com,2024:1", "urn:isbn:1", "story"] {
            assert_eq!(CanonicalUrl::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_published_link_loses_tracking_and_nothing_else() {
        let clean = |url: &str| without_tracking(&Url::parse(url).expect("a URL")).to_string();
        assert_eq!(
            clean("https://www.example.com/a/?utm_source=x&id=7&fbclid=y#part"),
            "https://www.example.com/a/?id=7#part"
        );
        assert_eq!(clean("https://example.com/a?utm_source=x"), "https://example.com/a");
        assert_eq!(clean("https://example.com/a?mod=hp&b"), "https://example.com/a?mod=hp&b");
    }
}
