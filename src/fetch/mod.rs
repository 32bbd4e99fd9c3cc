//! Every outbound request, under one guard and one set of limits.
//!
//! One conditional GET a poll, our own redirect loop, each hop guarded, every read bounded in
//! time and bytes. What an answer means for a source (outcome, due time, state) is decided in
//! `daemon`; when to ask is `schedule`'s.

mod body;
mod control;
mod error;
mod guard;
mod headers;
mod hosts;

use std::path::Path;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use url::Url;

use crate::model::{Timestamp, Validators};

pub use body::Body;
pub use control::{Call, ControlClient};
pub use error::FetchError;
pub use guard::Vouched;
pub use headers::{freshness, retry_after};
pub use hosts::{Hosts, Turn};

const ACCEPTED: &str = "application/rss+xml, application/atom+xml, application/feed+json, \
    application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, \
    text/html;q=0.5, */*;q=0.1";
const ENCODINGS: &str = "gzip, br, zstd, deflate";
const MAX_HOPS: usize = 5;

/// The bounds of every request (`[fetch]`).
#[derive(Debug, Clone)]
pub struct Limits {
    /// Stands in the User-Agent.
    pub contact: String,
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the header of an answer is there.
    pub header: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
    /// For a whole poll, redirects included.
    pub total: Duration,
    /// Bytes on the wire.
    pub max_wire: u64,
    /// Bytes once decoded.
    pub max_decoded: u64,
}

/// One poll of one feed.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// Where it starts.
    pub url: &'r Url,
    /// Sent if it was this URL that gave them; each redirect target has its own.
    pub validators: Option<&'r Validators>,
    /// The one private host and port that may be connected to.
    pub vouched: Option<&'r Vouched>,
    /// For `Expires` and `Retry-After` dates.
    pub now: Timestamp,
}

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
    /// The body of a 200; other bodies are not read.
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

/// Sends requests. Cheap to share; connections are kept and reused.
pub struct Fetcher {
    limits: Limits,
    /// Connects to public addresses only.
    guarded: Client,
    /// Connects anywhere; used for vouched hosts alone, so that no connection of theirs is
    /// ever reused for another source.
    trusting: Client,
}

impl Fetcher {
    /// Builds the clients.
    pub fn new(limits: Limits) -> Result<Self, FetchError> {
        let guarded = client(&limits, true)?;
        let trusting = client(&limits, false)?;
        Ok(Self { limits, guarded, trusting })
    }

    /// Sends one conditional GET and follows its redirects.
    ///
    /// Returns within `limits.total`. Any status is an answer; an error is what kept one from
    /// coming.
    pub async fn get(&self, request: &Request<'_>) -> Result<Answer, FetchError> {
        let answer = tokio::time::timeout(self.limits.total, self.follow(request)).await;
        answer.unwrap_or(Err(FetchError::Timeout("for the whole poll")))
    }

    async fn follow(&self, request: &Request<'_>) -> Result<Answer, FetchError> {
        let mut url = request.url.clone();
        let mut hops = Vec::new();
        loop {
            let response = self.send(&url, request).await?;
            let Some(to) = redirect(&url, &response)? else {
                return self.answer(url, hops, response, request.now).await;
            };
            if hops.len() >= MAX_HOPS {
                return Err(FetchError::TooManyRedirects(MAX_HOPS));
            }
            hops.push(Hop { status: response.status().as_u16(), to: to.clone() });
            url = to;
        }
    }

    async fn send(&self, url: &Url, request: &Request<'_>) -> Result<Response, FetchError> {
        let vouched = request.vouched.is_some_and(|vouched| vouched.covers(url));
        if !vouched && !guard::literal_is_global(url) {
            return Err(FetchError::Refused(url.host_str().unwrap_or_default().to_owned()));
        }
        let client = if vouched { &self.trusting } else { &self.guarded };
        let mut outgoing = client.get(url.clone());
        let validators = request.validators.filter(|known| known.url == url.as_str());
        if let Some(known) = validators {
            for (name, value) in
                [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)]
            {
                // Opaque: sent back byte for byte (RFC 9110 8.8.3).
                let value = value.as_deref().and_then(|v| HeaderValue::from_bytes(v).ok());
                if let Some(value) = value {
                    outgoing = outgoing.header(name, value);
                }
            }
        }
        let sent = tokio::time::timeout(self.limits.header, outgoing.send()).await;
        sent.map_err(|_elapsed| FetchError::Timeout("for the header of the answer"))?
            .map_err(FetchError::of_request)
    }

    async fn answer(
        &self,
        url: Url,
        hops: Vec<Hop>,
        response: Response,
        now: Timestamp,
    ) -> Result<Answer, FetchError> {
        let status = response.status().as_u16();
        let headers = response.headers();
        let text =
            |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let encoding = text(CONTENT_ENCODING);
        let mut answer = Answer {
            status,
            validators: validators(headers, &url),
            freshness: freshness(headers, now),
            retry_after: retry_after(headers, now),
            content_type: text(CONTENT_TYPE),
            content_language: text(CONTENT_LANGUAGE),
            body: None,
            url,
            hops,
        };
        if status == 200 {
            let wire = body::read(response, self.limits.max_wire, self.limits.idle).await?;
            let max_decoded = self.limits.max_decoded;
            answer.body = Some(Body { wire, encoding, max_decoded });
        }
        Ok(answer)
    }
}

fn client(limits: &Limits, guarded: bool) -> Result<Client, FetchError> {
    // Another part of the process may have installed a provider before; either serves.
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut fixed = HeaderMap::new();
    fixed.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
    fixed.insert(ACCEPT_ENCODING, HeaderValue::from_static(ENCODINGS));
    let agent = format!("briefwire/{} (+{})", env!("CARGO_PKG_VERSION"), limits.contact);
    let builder = || {
        Client::builder()
            .user_agent(agent.as_str())
            .default_headers(fixed.clone())
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(limits.connect)
            .pool_idle_timeout(Duration::from_mins(1))
            .pool_max_idle_per_host(2)
            .dns_resolver(guard::Resolver::shared(guarded))
    };
    // A machine without CA certificates can still poll http and files; https then fails by name.
    let built = builder().build().or_else(|_no_roots| builder().tls_certs_only([]).build());
    built.map_err(FetchError::Client)
}

/// Returns where a response redirects to, if it does.
///
/// Fails if it leads to anything but http or https (`file:`, `data:`, nonsense).
fn redirect(from: &Url, response: &Response) -> Result<Option<Url>, FetchError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
    let mut to = from
        .join(location.trim())
        .ok()
        .filter(|to| matches!(to.scheme(), "http" | "https") && to.host().is_some())
        .ok_or(FetchError::BadRedirect(location))?;
    to.set_fragment(None);
    Ok(Some(to))
}

fn validators(headers: &HeaderMap, url: &Url) -> Option<Validators> {
    let bytes = |name| headers.get(name).map(|value: &HeaderValue| value.as_bytes().to_vec());
    let (etag, last_modified) = (bytes(ETAG), bytes(LAST_MODIFIED));
    (etag.is_some() || last_modified.is_some()).then(|| Validators {
        url: url.to_string(),
        etag,
        last_modified,
    })
}

/// Reads a feed from a file of this machine, within the limit on decoded bytes.
pub async fn read_file(path: &Path, max_decoded: u64) -> Result<Vec<u8>, FetchError> {
    let unreadable = |source| FetchError::File { path: path.to_owned(), source };
    let length = tokio::fs::metadata(path).await.map_err(unreadable)?.len();
    if length > max_decoded {
        return Err(FetchError::TooLarge { limit: max_decoded, wire: false });
    }
    tokio::fs::read(path).await.map_err(unreadable)
}
