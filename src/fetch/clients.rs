//! The HTTP clients: one that connects to public addresses only, one for vouched places, and a
//! pair for each proxy.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Proxy};
use url::Url;

use super::{FetchError, Limits, guard};

const ACCEPTED: &str = "application/rss+xml, application/atom+xml, application/feed+json, \
    application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, \
    text/html;q=0.5, */*;q=0.1";
const ENCODINGS: &str = "gzip, br, zstd, deflate";
/// Header fields of an answer, in bytes; hyper's own bound for HTTP/1 is near it.
const MAX_HEADER_BYTES: u32 = 256 << 10;

/// The clients of a configuration.
pub(super) struct Clients {
    limits: Limits,
    direct: Pair,
    by_proxy: Mutex<HashMap<String, Pair>>,
}

/// Two clients that share no connection.
#[derive(Clone)]
pub(super) struct Pair {
    /// Connects to public addresses only.
    pub(super) guarded: Client,
    /// Connects anywhere; used for vouched hosts alone, so that no connection of theirs is
    /// ever reused for another source.
    pub(super) trusting: Client,
}

impl Clients {
    pub(super) fn new(limits: &Limits) -> Result<Self, FetchError> {
        let direct =
            Pair { guarded: client(limits, true, None)?, trusting: client(limits, false, None)? };
        Ok(Self { limits: limits.clone(), direct, by_proxy: Mutex::default() })
    }

    /// Returns the clients that go a way.
    pub(super) fn through(&self, proxy: Option<&Url>) -> Result<Pair, FetchError> {
        let Some(proxy) = proxy else { return Ok(self.direct.clone()) };
        let mut known = self.by_proxy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pair) = known.get(proxy.as_str()) {
            return Ok(pair.clone());
        }
        // The operator vouches for the proxy; where the target lies is checked before.
        let pair = Pair {
            guarded: client(&self.limits, false, Some(proxy))?,
            trusting: client(&self.limits, false, Some(proxy))?,
        };
        known.insert(proxy.to_string(), pair.clone());
        Ok(pair)
    }
}

/// Returns the fields that every request carries.
pub(super) fn fixed_fields(limits: &Limits) -> HeaderMap {
    let mut fixed = HeaderMap::new();
    fixed.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
    fixed.insert(ACCEPT_ENCODING, HeaderValue::from_static(ENCODINGS));
    let agent = format!("briefwire/{} (+{})", env!("CARGO_PKG_VERSION"), limits.contact);
    fixed.extend(HeaderValue::from_str(&agent).ok().map(|agent| (USER_AGENT, agent)));
    fixed
}

fn client(limits: &Limits, guarded: bool, proxy: Option<&Url>) -> Result<Client, FetchError> {
    // Another part of the process may have installed a provider before; either serves.
    rustls::crypto::ring::default_provider().install_default().ok();
    let authorities = match &limits.ca {
        Some(pem) => Certificate::from_pem_bundle(pem.as_bytes()).map_err(FetchError::Client)?,
        None => Vec::new(),
    };
    let proxy = proxy.map(|url| Proxy::all(url.as_str())).transpose();
    let proxy = proxy.map_err(FetchError::Client)?;
    let builder = || {
        let builder = Client::builder()
            .default_headers(fixed_fields(limits))
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(limits.connect)
            .pool_idle_timeout(Duration::from_mins(1))
            .pool_max_idle_per_host(2)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .dns_resolver(guard::Resolver::shared(guarded));
        match &proxy {
            Some(proxy) => builder.proxy(proxy.clone()),
            None => builder,
        }
    };
    // A machine without CA certificates can still poll http and files; https then fails by name.
    let built = builder()
        .tls_certs_merge(authorities.clone())
        .build()
        .or_else(|_no_roots| builder().tls_certs_only(authorities).build());
    built.map_err(FetchError::Client)
}
