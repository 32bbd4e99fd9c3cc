//! One call to the API of a language model.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};
use url::Url;

use super::body::Body;
use super::patience::Patience;
use super::{FetchError, Fetcher, Way, retry_after};
use crate::model::Timestamp;

const JSON: &str = "application/json";

/// What an API said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Whatever it is; a redirect is not followed.
    pub status: u16,
    /// Of any status.
    pub retry_after: Option<Duration>,
    /// Decoded, whatever the status.
    pub body: Vec<u8>,
}

impl Fetcher {
    /// Posts JSON and returns what comes back, within the fetcher's limits.
    ///
    /// SECURITY: a redirect is no answer: it would carry an item's text, and the key, to a place
    /// that the operator did not name.
    pub async fn ask(
        &self,
        url: &Url,
        json: Vec<u8>,
        way: Way<'_>,
        now: Timestamp,
    ) -> Result<Told, FetchError> {
        let patience = Patience::new(self.limits.total);
        self.check(url, way, &patience).await?;
        let outgoing = self.client(url, way)?.post(url.clone()).body(json);
        let outgoing = outgoing.header(CONTENT_TYPE, JSON).header(ACCEPT, JSON);
        let response = self.exchange(way.open(url, outgoing), None, &patience).await?;
        let (status, headers) = (response.status().as_u16(), response.headers());
        let retry_after = retry_after(headers, now);
        let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        let encoding = encoding.map(str::to_owned);
        let wire = self.body(response, &patience).await?;
        let body = Body::new(wire, encoding, self.limits.max_decoded).decode()?;
        Ok(Told { status, retry_after, body })
    }
}
