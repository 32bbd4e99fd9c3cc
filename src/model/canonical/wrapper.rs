//! Addresses that hold another one: redirects of large sites, and AMP's copies.
//!
//! What cannot be read out of the address is left: `news.google.com` and `feedproxy.google.com`
//! have to be asked.

use url::Url;

use super::{names, plain_domain, plain_path};

/// No honest address is wrapped more often.
const MAX_DEPTH: usize = 4;

/// Redirects: the host, less the names of presentations; the path, `None` for any; the parameter.
const REDIRECTS: &[(&str, Option<&str>, &str)] = &[
    ("l.facebook.com", Some("/l.php"), "u"),
    ("lm.facebook.com", Some("/l.php"), "u"),
    ("out.reddit.com", None, "url"),
    ("t.umblr.com", Some("/redirect"), "z"),
    ("youtube.com", Some("/redirect"), "q"),
    ("vk.com", Some("/away.php"), "to"),
    ("duckduckgo.com", Some("/l"), "uddg"),
    ("linkedin.com", Some("/redir/redirect"), "url"),
];

/// Redirects whose query is the address.
const BARE: &[(&str, Option<&str>)] =
    &[("href.li", None), ("podtrac.com", Some("/pts/redirect.mp3"))];

/// Returns the address that is wrapped, however often; `None` where none is, or too deep.
pub(super) fn unwrapped(url: &Url) -> Option<Url> {
    let mut inner = once(url)?;
    for _ in 1..MAX_DEPTH {
        match once(&inner) {
            Some(next) => inner = next,
            None => return Some(inner),
        }
    }
    once(&inner).is_none().then_some(inner)
}

fn once(url: &Url) -> Option<Url> {
    let domain = plain_domain(url.domain().filter(|_| super::is_web(url))?);
    if let Some((_, path, name)) = REDIRECTS.iter().find(|(host, ..)| *host == domain) {
        return is_at(url, *path).then(|| parameter(url, name)).flatten();
    }
    if let Some((_, path)) = BARE.iter().find(|(host, _)| *host == domain) {
        return is_at(url, *path).then(|| bare(url)).flatten();
    }
    if domain.ends_with(".cdn.ampproject.org") || domain == "cdn.ampproject.org" {
        return amp_copy(url, &["/c/", "/v/", "/i/"]);
    }
    if !is_google(domain) {
        return None;
    }
    if is_at(url, Some("/url")) {
        return parameter(url, "q").or_else(|| parameter(url, "url"));
    }
    amp_copy(url, &["/amp/"])
}

/// Returns whether a name is `google.com` or Google's of a country.
fn is_google(domain: &str) -> bool {
    let is_country = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_lowercase());
    domain.strip_prefix("google.").is_some_and(|rest| match rest.split_once('.') {
        Some((second, country)) => matches!(second, "co" | "com") && is_country(country),
        None => rest == "com" || is_country(rest),
    })
}

fn is_at(url: &Url, path: Option<&str>) -> bool {
    path.is_none_or(|path| plain_path(url.path()) == path)
}

fn parameter(url: &Url, name: &str) -> Option<Url> {
    let mut pairs = url.query_pairs();
    pairs.find_map(|(key, value)| address(&value).filter(|_| names::plain(&key) == name))
}

/// Returns the address that the query is, from where it begins.
fn bare(url: &Url) -> Option<Url> {
    let query = url.query()?;
    let mut at = 0;
    for pair in query.split('&') {
        let found = address(query.get(at..)?);
        if found.is_some() {
            return found;
        }
        // As a form it would be a name without a value.
        let whole = url::form_urlencoded::parse(pair.as_bytes()).next();
        let found = whole.and_then(|(name, _)| address(&name));
        if found.is_some() {
            return found;
        }
        at += pair.len() + 1;
    }
    None
}

/// Returns the address behind `/c/s/HOST/PATH`; the `s` says that it is https.
fn amp_copy(url: &Url, kinds: &[&str]) -> Option<Url> {
    let path = plain_path(url.path());
    let rest = kinds.iter().find_map(|kind| path.strip_prefix(kind))?;
    let rest = rest.strip_prefix("s/").unwrap_or(rest);
    let host = rest.split('/').next().filter(|host| host.contains('.'))?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let inner = Url::parse(&format!("https://{rest}{query}")).ok()?;
    // A host that reads otherwise was none.
    inner.domain().is_some_and(|domain| domain.eq_ignore_ascii_case(host)).then_some(inner)
}

/// Reads an address that is written out.
fn address(text: &str) -> Option<Url> {
    Url::parse(text.trim()).ok().filter(|url| super::is_web(url) && url.has_host())
}
