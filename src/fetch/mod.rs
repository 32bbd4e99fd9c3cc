//! Every outbound request, under one guard and one set of limits.
//!
//! One conditional GET a poll, our own redirect loop, each hop guarded, every read bounded in
//! time and bytes. What an answer means for a source (outcome, due time, state) is decided in
//! `daemon`; when to ask is `schedule`'s.

mod account;
mod answer;
mod asking;
mod body;
mod challenge;
mod clients;
mod control;
mod error;
mod guard;
mod headers;
mod hosts;
mod patience;
mod spool;
mod way;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION,
};
use reqwest::{RequestBuilder, Response};
use url::Url;

use crate::model::{Timestamp, Validators};

pub use account::{Account, Exchange};
pub use answer::{Answer, Hop, Links};
pub use asking::Told;
pub use body::Body;
pub use challenge::challenge_in;
pub use control::{Call, ControlClient, Stream};
pub use error::FetchError;
pub use headers::{freshness, retry_after};
pub use hosts::{Hosts, Turn};
pub use way::Way;

use clients::Clients;
use patience::Patience;
use spool::Spool;

const MAX_HOPS: usize = 5;
const PAGES: &str = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1";

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
    /// Certificates (PEM) of authorities that are trusted beside the system's.
    pub ca: Option<String>,
    /// Where the beginnings of large bodies are kept until they are whole, in files without a name.
    pub folder: PathBuf,
}

/// One poll of one feed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// Where it starts.
    pub url: &'r Url,
    /// Sent if it was this URL that gave them; each redirect target has its own.
    pub validators: Option<&'r Validators>,
    /// What the operator allows and gives.
    pub way: Way<'r>,
    /// For `Expires` and `Retry-After` dates.
    pub now: Timestamp,
    /// Where the exchanges are written down, if anybody wants to know.
    pub account: Option<&'r Account>,
    /// What is hoped for.
    pub kind: Kind,
}

/// What a request hopes for; the origin is told in `Accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A feed.
    Feed,
    /// The page of an article.
    Page,
}

/// How a form was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// Whatever it is.
    pub status: u16,
    /// Of any status.
    pub retry_after: Option<Duration>,
}

/// Sends requests. Cheap to share; connections are kept and reused.
pub struct Fetcher {
    limits: Limits,
    clients: Clients,
}

impl Fetcher {
    /// Builds the clients.
    pub fn new(limits: Limits) -> Result<Self, FetchError> {
        Ok(Self { clients: Clients::new(&limits)?, limits })
    }

    /// Sends one conditional GET and follows its redirects.
    ///
    /// Returns within `limits.total`. Any status is an answer; an error is what kept one from
    /// coming.
    pub async fn get(&self, request: &Request<'_>) -> Result<Answer, FetchError> {
        let patience = Patience::new(self.limits.total);
        let mut url = request.url.clone();
        let mut hops = Vec::new();
        loop {
            let response = self.send(&url, request, &patience).await?;
            let Some(to) = redirect(&url, &response)? else {
                return self.answer((url, hops), response, request, &patience).await;
            };
            if hops.len() >= MAX_HOPS {
                return Err(FetchError::TooManyRedirects(MAX_HOPS));
            }
            hops.push(Hop { status: response.status().as_u16(), to: to.clone() });
            url = to;
        }
    }

    /// Posts a form, as to a WebSub hub; redirects that keep the method (307, 308) are followed.
    ///
    /// The body of the answer is not read.
    pub async fn post(
        &self,
        url: &Url,
        form: &[(&str, String)],
        way: Way<'_>,
        now: Timestamp,
    ) -> Result<Posted, FetchError> {
        let patience = Patience::new(self.limits.total);
        let body = form_urlencoded(form);
        let mut url = url.clone();
        for _hop in 0..=MAX_HOPS {
            self.check(&url, way, &patience).await?;
            let outgoing = self.client(&url, way)?.post(url.clone()).body(body.clone());
            let outgoing = outgoing.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let response = self.exchange(outgoing, None, &patience).await?;
            let status = response.status().as_u16();
            match redirect(&url, &response)?.filter(|_| matches!(status, 307 | 308)) {
                Some(to) => url = to,
                None => {
                    return Ok(Posted {
                        status,
                        retry_after: retry_after(response.headers(), now),
                    });
                }
            }
        }
        Err(FetchError::TooManyRedirects(MAX_HOPS))
    }

    fn client(&self, url: &Url, way: Way<'_>) -> Result<reqwest::Client, FetchError> {
        let pair = self.clients.through(way.access.proxy.as_ref())?;
        Ok(if way.vouches_for(url) { pair.trusting } else { pair.guarded })
    }

    /// Refuses what may not be connected to; where a name has to be looked up for that, not for
    /// longer than a connection may take.
    async fn check(&self, url: &Url, way: Way<'_>, patience: &Patience) -> Result<(), FetchError> {
        patience.wait(self.limits.connect, "for the name of the host", way.check(url)).await?
    }

    async fn send(
        &self,
        url: &Url,
        request: &Request<'_>,
        patience: &Patience,
    ) -> Result<Response, FetchError> {
        self.check(url, request.way, patience).await?;
        let outgoing = self.client(url, request.way)?.get(url.clone());
        let mut outgoing = request.way.open(url, outgoing);
        if request.kind == Kind::Page {
            outgoing = outgoing.header(ACCEPT, PAGES);
        }
        if let Some(known) = sent_to(url, request.validators) {
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
        self.exchange(outgoing, request.account, patience).await
    }

    async fn exchange(
        &self,
        outgoing: RequestBuilder,
        account: Option<&Account>,
        patience: &Patience,
    ) -> Result<Response, FetchError> {
        let written = account.map(|account| (account, outgoing.try_clone()));
        let began = Instant::now();
        let what = "for the header of the answer";
        let sent = patience.wait(self.limits.header, what, outgoing.send()).await;
        let response = sent?.map_err(FetchError::of_request)?;
        if let Some((account, request)) = written {
            let request = request.and_then(|request| request.build().ok());
            self.write_down(account, request.as_ref(), &response, began);
        }
        Ok(response)
    }

    fn write_down(
        &self,
        account: &Account,
        request: Option<&reqwest::Request>,
        response: &Response,
        began: Instant,
    ) {
        let mut sent = account::fields(&clients::fixed_fields(&self.limits));
        sent.extend(request.map(|request| account::fields(request.headers())).unwrap_or_default());
        account.add(Exchange {
            method: request.map(|request| request.method().to_string()).unwrap_or_default(),
            url: response.url().clone(),
            sent,
            version: format!("{:?}", response.version()),
            status: response.status().as_u16(),
            received: account::received(response.headers()),
            head: began.elapsed(),
            body: None,
            wire_bytes: None,
        });
    }

    async fn answer(
        &self,
        (url, hops): (Url, Vec<Hop>),
        response: Response,
        request: &Request<'_>,
        patience: &Patience,
    ) -> Result<Answer, FetchError> {
        let status = response.status().as_u16();
        let headers = response.headers();
        let text =
            |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        // Several fields are one list (RFC 9110 5.3).
        let codings = headers.get_all(CONTENT_ENCODING).iter().filter_map(|v| v.to_str().ok());
        let encoding = Some(codings.collect::<Vec<_>>().join(",")).filter(|all| !all.is_empty());
        let mut answer = Answer {
            status,
            validators: answer::validators(headers, &url),
            freshness: freshness(headers, request.now),
            retry_after: retry_after(headers, request.now),
            content_type: text(CONTENT_TYPE),
            content_language: text(CONTENT_LANGUAGE),
            links: answer::links(headers, &url),
            challenge: challenge::of_header(headers),
            body: None,
            url,
            hops,
        };
        let began = Instant::now();
        // 203 is a 200 that a proxy on the way has changed (RFC 9110 15.3.4).
        if matches!(status, 200 | 203) {
            let wire = self.body(response, patience).await?;
            if let Some(account) = request.account {
                account.end(began.elapsed(), wire.length());
            }
            let max_decoded = self.limits.max_decoded;
            answer.body = Some(Body::new(wire, encoding, max_decoded));
        } else if matches!(status, 401 | 403 | 405 | 429 | 503) && answer.challenge.is_none() {
            let page = body::beginning(response, challenge::LOOKED_AT_BYTES);
            let page = patience.wait(self.limits.idle, "for the page of an error", page).await;
            answer.challenge = page.ok().and_then(|page| challenge_in(&page));
        }
        Ok(answer)
    }

    async fn body(&self, response: Response, patience: &Patience) -> Result<Spool, FetchError> {
        let Limits { max_wire, idle, ref folder, .. } = self.limits;
        body::Reading { max_wire, idle, folder }.read(response, patience).await
    }
}

fn sent_to<'r>(url: &Url, validators: Option<&'r Validators>) -> Option<&'r Validators> {
    validators.filter(|known| known.url == url.as_str())
}

fn form_urlencoded(form: &[(&str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
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
        .ok_or_else(|| FetchError::BadRedirect(shown(&location)))?;
    to.set_fragment(None);
    // A login that a stranger wrote is nobody's.
    to.set_username("").and_then(|()| to.set_password(None)).ok();
    Ok(Some(to))
}

/// Returns as much of a redirect's target as may stand in a log: no login, path or query.
fn shown(location: &str) -> String {
    let scheme = location.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |text: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        (1..=20).contains(&text.len()) && text.chars().all(plain)
    };
    scheme.filter(is_scheme).map_or_else(|| "?".to_owned(), |scheme| format!("{scheme}:"))
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
