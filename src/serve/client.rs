//! Who asks, and under which address this site is known to them: what trusted proxies say.
//!
//! SECURITY: `X-Forwarded-…` of anybody else is ignored; every client can send it.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use url::Url;

use super::{Plan, Served};
use crate::model::TrustedProxies;

/// Who asks.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// The address, where it is known: not of who comes through a Unix socket.
    pub address: Option<IpAddr>,
    /// Scheme and host that a proxy was asked by.
    origin: Option<Url>,
    /// The path that a proxy has taken off, without a slash at its end.
    prefix: Option<String>,
}

impl Client {
    /// Returns who asks, by the connection and by what a trusted proxy says.
    pub(super) fn of(proxies: &TrustedProxies, peer: Option<IpAddr>, headers: &HeaderMap) -> Self {
        if !proxies.trust(peer) {
            return Self { address: peer, ..Self::default() };
        }
        let nearest = |name| values(headers, name).next_back();
        let scheme = nearest("x-forwarded-proto").filter(|s| matches!(*s, "http" | "https"));
        let origin = nearest("x-forwarded-host").and_then(|host| {
            let url = Url::parse(&format!("{}://{host}/", scheme.unwrap_or("http"))).ok()?;
            // Nothing but a host and port may stand there.
            let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
            (is_bare && url.username().is_empty() && url.password().is_none()).then_some(url)
        });
        let prefix = nearest("x-forwarded-prefix").filter(|prefix| is_path(prefix));
        Self {
            address: forwarded_for(proxies, peer, headers),
            origin,
            prefix: prefix.map(|prefix| prefix.trim_end_matches('/').to_owned()),
        }
    }
}

/// Returns the rightmost address that is no trusted proxy's: what stands left of it anybody could
/// have written.
fn forwarded_for(
    proxies: &TrustedProxies,
    peer: Option<IpAddr>,
    headers: &HeaderMap,
) -> Option<IpAddr> {
    let mut nearest = peer;
    for value in values(headers, "x-forwarded-for").rev() {
        let Some(address) = address(value) else { break };
        nearest = Some(address);
        if !proxies.trust(nearest) {
            break;
        }
    }
    nearest
}

/// Reads an address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    bare.parse().ok().or_else(with_port)
}

/// Returns the members of a list header, whose lines count as one.
fn values<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> impl DoubleEndedIterator<Item = &'h str> {
    let lines: Vec<&str> =
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    let members: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).collect();
    members.into_iter().map(str::trim).filter(|member| !member.is_empty())
}

/// SECURITY: it is printed into links, so that nothing but a plain path may stand there: no `//`,
/// which would be another host.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    text.starts_with('/') && !text.contains("//") && text.chars().all(plain)
}

/// Where the links of a page lead.
#[derive(Debug, Clone)]
pub(super) struct Links {
    /// The path before ours, without a slash at its end: `""` or `"/news"`.
    pub(super) root: String,
    /// The address before the path of a document, with a slash at its end.
    pub(super) base: Url,
}

impl Links {
    fn of(plan: &Plan, client: Option<&Client>) -> Self {
        let given = client.and_then(|client| client.prefix.clone());
        let root = given.unwrap_or_else(|| plan.prefix().to_owned());
        let origin = client.and_then(|client| client.origin.as_ref());
        // An address that the operator has written down needs no one's word.
        let named = origin.filter(|_| !plan.has_public_url);
        let named = named.and_then(|origin| origin.join(&format!("{root}/")).ok());
        Self { root, base: named.unwrap_or_else(|| plan.site.base.clone()) }
    }
}

impl FromRequestParts<Arc<Served>> for Links {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        served: &Arc<Served>,
    ) -> Result<Self, Infallible> {
        Ok(Self::of(&served.plan(), parts.extensions.get::<Client>()))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;
    use crate::model::Network;

    fn client(peer: &str, lines: &[(&str, &str)]) -> Client {
        let networks = ["127.0.0.1", "10.0.0.0/8"].map(|text| Network::parse(text).unwrap());
        let proxies = TrustedProxies { networks: networks.to_vec(), unix: false };
        let headers = lines.iter().map(|(name, value)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
        });
        Client::of(&proxies, Some(peer.parse().unwrap()), &headers.collect())
    }

    #[test]
    fn the_rightmost_address_that_is_no_proxy_asks() {
        let address = |peer, lines: &[(&str, &str)]| client(peer, lines).address.unwrap();
        let name = "x-forwarded-for";
        for (peer, lines, expected) in [
            ("203.0.113.9", vec![(name, "198.51.100.1")], "203.0.113.9"),
            ("127.0.0.1", vec![], "127.0.0.1"),
            ("127.0.0.1", vec![(name, "198.51.100.1")], "198.51.100.1"),
            ("127.0.0.1", vec![(name, "1.2.3.4, 198.51.100.1, 10.1.1.1")], "198.51.100.1"),
            ("127.0.0.1", vec![(name, "1.2.3.4"), (name, "198.51.100.1")], "198.51.100.1"),
            ("127.0.0.1", vec![(name, "1.2.3.4, unknown, 10.1.1.1")], "10.1.1.1"),
            ("127.0.0.1", vec![(name, "10.0.0.7, 10.1.1.1")], "10.0.0.7"),
            ("127.0.0.1", vec![(name, "[2001:db8::1]:4711")], "2001:db8::1"),
            ("127.0.0.1", vec![(name, "198.51.100.1:80")], "198.51.100.1"),
        ] {
            assert_eq!(address(peer, &lines).to_string(), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn prefix_and_host_are_plain_or_nothing() {
        let prefix = |text| client("10.0.0.1", &[("x-forwarded-prefix", text)]).prefix;
        assert_eq!(prefix("/news/"), Some("/news".to_owned()));
        for wrong in ["news", "//evil.example", "/a//b", "/\"><script>", "/a b", "/%2f"] {
            assert_eq!(prefix(wrong), None, "{wrong}");
        }
        let origin = |text| client("10.0.0.1", &[("x-forwarded-host", text)]).origin;
        assert_eq!(
            origin("news.example.org:8443").unwrap().as_str(),
            "http://news.example.org:8443/"
        );
        for wrong in ["a@b.example", "b.example/x", "b.example?x", "b.example#x", "a b"] {
            assert_eq!(origin(wrong), None, "{wrong}");
        }
        assert!(client("192.0.2.1", &[("x-forwarded-host", "a.example")]).origin.is_none());
    }
}
