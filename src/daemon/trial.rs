//! A source that is asked once, with nothing stored: what `briefwire source test` shows.

use chrono::FixedOffset;
use url::Url;

use super::clock;
use super::house::fetcher;
use super::pipeline::refusal;
use crate::config::Config;
use crate::fetch::{self, FetchError, Hop, Request, Vouched};
use crate::model::{Address, Feed, Outcome};
use crate::parse::{self, Document, ParseError};

/// What is to be asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where the feed is.
    pub address: Address,
    /// Whether its own host and port may lie in a private network.
    pub allow_private: bool,
    /// The zone of dates that name none.
    pub assume_timezone: Option<FixedOffset>,
}

/// What a source answered, and the feed in it.
#[derive(Debug)]
pub struct Trial {
    /// How it answered; `None` of a file.
    pub answer: Option<Heard>,
    /// Of the decoded body.
    pub bytes: usize,
    /// What the document holds.
    pub feed: Feed,
}

/// The head of an answer.
#[derive(Debug)]
pub struct Heard {
    /// Where it came from in the end.
    pub url: Url,
    /// The redirects that led there.
    pub hops: Vec<Hop>,
    /// `Content-Type`
    pub content_type: Option<String>,
}

/// Why there is no feed to show.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// It could not be asked, or did not answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It answered with something else than a document.
    #[error("{0}")]
    Refused(Outcome),
    /// Its document is no feed.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// Asks a source as the daemon would, under the same guard and limits, but unconditionally.
pub async fn try_source(config: &Config, asked: &Asked) -> Result<Trial, TrialError> {
    let url = match &asked.address {
        Address::File(path) => {
            let bytes = fetch::read_file(path, config.fetch.max_body).await?;
            return Ok(read(&bytes, None, None, asked)?);
        }
        Address::Http(url) => url,
    };
    let vouched = asked.allow_private.then(|| Vouched::of(url)).flatten();
    let request = Request { url, validators: None, vouched: vouched.as_ref(), now: clock::now() };
    let mut answer = fetcher(config)?.get(&request).await?;
    let Some(body) = answer.body.take() else {
        return Err(TrialError::Refused(refusal(&answer)));
    };
    let bytes = body.decode()?;
    let language = answer.content_language;
    let heard = Heard { url: answer.url, hops: answer.hops, content_type: answer.content_type };
    Ok(read(&bytes, Some(heard), language.as_deref(), asked)?)
}

fn read(
    bytes: &[u8],
    answer: Option<Heard>,
    language: Option<&str>,
    asked: &Asked,
) -> Result<Trial, ParseError> {
    let feed = parse::parse(&Document {
        bytes,
        content_type: answer.as_ref().and_then(|heard| heard.content_type.as_deref()),
        url: answer.as_ref().map(|heard| &heard.url),
        language,
        assume_timezone: asked.assume_timezone,
    })?;
    Ok(Trial { answer, bytes: bytes.len(), feed })
}
