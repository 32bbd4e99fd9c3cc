//! Which addresses may be connected to.
//!
//! SECURITY: a feed URL, a redirect or a hub is written by a stranger. Without this guard it
//! could make the daemon talk to the operator's own network. Names are resolved by us and the
//! connection is made to an address that was checked; an IP literal never reaches a resolver,
//! so hosts are checked too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The one place that a source's operator vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vouched {
    host: String,
    port: u16,
}

impl Vouched {
    /// Returns the host and port of an address.
    pub(super) fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host_str()?.to_owned(), port: url.port_or_known_default()? })
    }

    /// Returns whether an address lies at this very host and port.
    pub(super) fn covers(&self, url: &Url) -> bool {
        Self::of(url).is_some_and(|other| other == *self)
    }
}

/// Returns whether an address that names an IP address outright may be connected to.
pub(super) fn literal_is_global(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_global(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_global(IpAddr::V6(address)),
        Some(Host::Domain(_)) => true,
        None => false,
    }
}

/// Returns whether an address is globally routable (IANA special-purpose registries).
pub(super) fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240;
    !special
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    // Forms that carry an IPv4 address are judged by it: mapped, compatible, NAT64, 6to4.
    let [s0, s1, s2, s3, s4, s5, s6, s7] = address.segments();
    let low = Ipv4Addr::from((u32::from(s6) << 16) | u32::from(s7));
    match [s0, s1, s2, s3, s4, s5] {
        [0, 0, 0, 0, 0, 0 | 0xFFFF] | [0x64, 0xFF9B, 0, 0, 0, 0] => return is_global_v4(low),
        [0x2002, high, middle, ..] => {
            return is_global_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(middle)));
        }
        _ => {}
    }
    let special = address.is_multicast()
        || (s0 & 0xFE00) == 0xFC00
        || (s0 & 0xFFC0) == 0xFE80
        || (s0 & 0xFFC0) == 0xFEC0
        || (s0 == 0x64 && s1 == 0xFF9B)
        || (s0 == 0x100 && s1 == 0 && s2 == 0)
        || (s0 == 0x2001 && s1 < 0x200)
        || (s0 == 0x2001 && s1 == 0xDB8)
        || (s0 & 0xFFF0) == 0x3FF0
        || s0 == 0x5F00
        || s0 == 0;
    !special
}

/// Returns whether a name is known here, and stands for nothing but private addresses.
pub(super) async fn resolves_to_private_only(host: &str) -> bool {
    let Ok(addresses) = tokio::net::lookup_host((host, 0)).await else { return false };
    let mut addresses = addresses.peekable();
    addresses.peek().is_some() && addresses.all(|address| !is_global(address.ip()))
}

/// Resolves names, and leaves out what is not globally routable.
pub(super) struct Resolver {
    pub(super) guarded: bool,
}

/// Every address of a name is in a private network.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` resolves to no public address")]
pub(super) struct NotGlobal(String);

impl NotGlobal {
    pub(super) fn host(&self) -> &str {
        &self.0
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guarded = self.guarded;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let all: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let some = !all.is_empty();
            let allowed: Vec<SocketAddr> =
                all.into_iter().filter(|address| !guarded || is_global(address.ip())).collect();
            if some && allowed.is_empty() {
                return Err(NotGlobal(host).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

impl Resolver {
    pub(super) fn shared(guarded: bool) -> Arc<Self> {
        Arc::new(Self { guarded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, global: bool) {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(is_global(address), global, "{address}");
    }

    #[test]
    fn only_globally_routable_addresses_pass() {
        for global in ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "2001:4860:4860::8888"] {
            check(global, true);
        }
        for special in [
            "127.0.0.1",
            "127.255.0.9",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:1::1",
            "100::1",
            "fec0::1",
        ] {
            check(special, false);
        }
    }

    #[test]
    fn a_literal_is_known_in_every_spelling() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
        ] {
            assert!(!literal_is_global(&Url::parse(url).unwrap()), "{url}");
        }
        assert!(literal_is_global(&Url::parse("http://1.1.1.1/").unwrap()));
    }

    #[test]
    fn an_operator_vouches_for_one_host_and_port() {
        let url = |text| Url::parse(text).unwrap();
        let own = Vouched::of(&url("http://localhost:8080/feed")).unwrap();
        assert!(own.covers(&url("http://LOCALHOST:8080/other")));
        assert!(!own.covers(&url("http://localhost:8081/feed")));
        assert!(!own.covers(&url("http://127.0.0.1:8080/feed")));
    }
}
