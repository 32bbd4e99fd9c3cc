//! What an answer turns out to be: unchanged, a feed, a page, or nothing of use.

use std::sync::Arc;

use url::Url;
use xxhash_rust::xxh3::xxh3_128;

use super::pipeline::Line;
use super::readers::{Room, Size};
use crate::fetch::{Answer, Body, FetchError, challenge_in};
use crate::model::{Feed, Outcome, Source};
use crate::parse::{self, ParseError};

/// Documents longer than this are decoded and parsed one at a time, so that the memory that
/// reading takes does not grow with the number of polls under way.
const LARGE_BYTES: u64 = 1024 * 1024;

/// What a request brought to light, before it is compared with what is stored.
pub(super) enum Found {
    /// 304.
    NotModified(Box<Answer>),
    /// A body whose hash is that of the last one; of a file there is no answer.
    SameBody(Option<Box<Answer>>),
    /// A feed.
    Feed(Box<Reading>),
    /// An HTML page that offers feeds.
    Page {
        /// The first feed it offers.
        offer: Url,
        /// What it is, in words.
        why: String,
    },
    /// Anything else.
    Failed(Outcome, Option<Box<Answer>>),
}

/// A feed and how it came.
pub(super) struct Reading {
    pub(super) feed: Feed,
    /// xxh3-128 of the decoded body.
    pub(super) hash: u128,
    pub(super) answer: Option<Answer>,
    /// Of the decoded body.
    bytes: usize,
    pub(super) size: Size,
    /// Room for it in memory.
    pub(super) room: Room,
}

impl Reading {
    /// Returns whether the document reached its end; half of one is asked for again whole.
    pub(super) fn is_whole(&self) -> bool {
        self.feed.warnings.iter().all(|warning| warning.code != "unclosed-end")
    }
}

/// What was got: an answer over HTTP, or the bytes of a file.
pub(super) enum Got {
    Answer(Box<Answer>),
    File(Vec<u8>),
}

impl Line {
    /// Reads what was got; `known` is the hash of the body that was read last.
    pub(super) async fn find(
        self: &Arc<Self>,
        source: &Arc<Source>,
        got: Result<Got, FetchError>,
        known: Option<u128>,
    ) -> Found {
        let (bytes, answer) = match got {
            Err(error) => return Found::Failed(failure(&error), None),
            Ok(Got::File(bytes)) => (Content::Plain(bytes), None),
            Ok(Got::Answer(answer)) if answer.status == 304 => return Found::NotModified(answer),
            Ok(Got::Answer(mut answer)) => match answer.body.take() {
                Some(body) => (Content::Coded(body), Some(answer)),
                None => return Found::Failed(refusal(source, &answer), Some(answer)),
            },
        };
        let work = Work { source: Arc::clone(source), content: bytes, answer, known };
        let reader = self.reading.take().await;
        let small = self.reading.run(Size::Small, move || work.read_small()).await;
        // One document must not be able to end the daemon: a panic is this poll's outcome.
        let work = match small {
            Ok(Ok(Found::Feed(mut reading))) => {
                reading.room = self.reading.keep(reading.bytes).await;
                return Found::Feed(reading);
            }
            Ok(Ok(found)) => return found,
            Ok(Err(work)) => work,
            Err(error) => return Found::Failed(cut_off(&error), None),
        };
        drop(reader);
        let room = self.reading.take_alone().await;
        match self.reading.run(Size::Large, move || work.read_whole()).await {
            Ok(Found::Feed(mut reading)) => {
                (reading.size, reading.room) = (Size::Large, room);
                Found::Feed(reading)
            }
            Ok(found) => found,
            Err(error) => Found::Failed(cut_off(&error), None),
        }
    }

    /// Reads a document that nobody asked for: what a hub delivers.
    pub(super) async fn read_delivered(
        self: &Arc<Self>,
        source: &Arc<Source>,
        (bytes, content_type): (Vec<u8>, Option<String>),
    ) -> Result<(Feed, Size), String> {
        let source = Arc::clone(source);
        let is_large = bytes.len() as u64 > LARGE_BYTES;
        let (size, _room) = if is_large {
            (Size::Large, self.reading.take_alone().await)
        } else {
            (Size::Small, self.reading.take().await)
        };
        let read = self.reading.run(size, move || {
            let url = match &source.address {
                crate::model::Address::Http(url) => Some(url),
                crate::model::Address::File(_) => None,
            };
            let document = parse::Document {
                bytes: &bytes,
                content_type: content_type.as_deref(),
                url,
                language: None,
                assume_timezone: source.assume_timezone,
            };
            parse::parse(&document).map_err(|error| error.to_string())
        });
        let feed = read.await.unwrap_or_else(|error| Err(cut_off(&error).to_string()));
        feed.map(|feed| (feed, size))
    }
}

/// Something to be read.
struct Work {
    source: Arc<Source>,
    content: Content,
    answer: Option<Box<Answer>>,
    /// The hash of the body that was read last.
    known: Option<u128>,
}

impl Work {
    /// Reads a small document; a large one comes back.
    fn read_small(self) -> Result<Found, Box<Self>> {
        match self.content.small() {
            Some(bytes) => Ok(self.read(bytes)),
            None => Err(Box::new(self)),
        }
    }

    fn read_whole(mut self) -> Found {
        let content = std::mem::replace(&mut self.content, Content::Plain(Vec::new()));
        self.read(content.whole())
    }

    fn read(self, bytes: Result<Vec<u8>, FetchError>) -> Found {
        let answer = self.answer;
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => return Found::Failed(failure(&error), answer),
        };
        let hash = xxh3_128(&bytes);
        if self.known == Some(hash) {
            return Found::SameBody(answer);
        }
        match parse::parse(&document(&bytes, &self.source, answer.as_deref())) {
            Ok(feed) => {
                let (answer, bytes) = (answer.map(|answer| *answer), bytes.len());
                Found::Feed(Box::new(Reading {
                    feed,
                    hash,
                    answer,
                    bytes,
                    size: Size::Small,
                    room: None,
                }))
            }
            Err(error) => no_feed(&error, &bytes, answer),
        }
    }
}

/// A body, or the bytes of a file.
enum Content {
    Coded(Body),
    Plain(Vec<u8>),
}

impl Content {
    /// Returns the bytes if they are few.
    fn small(&self) -> Option<Result<Vec<u8>, FetchError>> {
        match self {
            Self::Coded(body) => body.decode_small(LARGE_BYTES),
            Self::Plain(bytes) if bytes.len() as u64 <= LARGE_BYTES => Some(Ok(bytes.clone())),
            Self::Plain(_) => None,
        }
    }

    fn whole(self) -> Result<Vec<u8>, FetchError> {
        match self {
            Self::Coded(body) => body.decode(),
            Self::Plain(bytes) => Ok(bytes),
        }
    }
}

pub(super) fn document<'d>(
    bytes: &'d [u8],
    source: &Source,
    answer: Option<&'d Answer>,
) -> parse::Document<'d> {
    parse::Document {
        bytes,
        content_type: answer.and_then(|answer| answer.content_type.as_deref()),
        url: answer.map(|answer| &answer.url),
        language: answer.and_then(|answer| answer.content_language.as_deref()),
        assume_timezone: source.assume_timezone,
    }
}

fn no_feed(error: &ParseError, bytes: &[u8], answer: Option<Box<Answer>>) -> Found {
    if let Some(whose) = challenge_in(bytes) {
        let why = challenged(whose);
        return Found::Failed(Outcome::Failed { why, refused: true }, answer);
    }
    let offers = match error {
        ParseError::NotAFeed { feeds, .. } => feeds.as_slice(),
        _ => &[],
    };
    let mut offers = offers.iter().filter_map(|offer| Url::parse(offer).ok());
    let own = answer.as_ref().map(|answer| answer.url.clone());
    match offers.find(|offer| Some(offer) != own.as_ref()) {
        Some(offer) => Found::Page { offer, why: error.to_string() },
        None => Found::Failed(Outcome::Failed { why: error.to_string(), refused: false }, answer),
    }
}

pub(super) fn challenged(whose: &str) -> String {
    let whose = if whose == "unknown" { String::new() } else { format!(" of {whose}") };
    format!("a challenge page{whose} asks for a browser; ask the publisher to let feed readers in")
}

pub(super) fn failure(error: &FetchError) -> Outcome {
    Outcome::Failed { why: error.with_causes(), refused: false }
}

/// Returns the outcome of a piece of work that was not finished.
pub(super) fn cut_off(error: &tokio::task::JoinError) -> Outcome {
    let why = if error.is_panic() {
        "reading its document panicked; please report it"
    } else {
        "the poll was cut off"
    };
    Outcome::Failed { why: why.to_owned(), refused: false }
}

/// Returns what a status without a body to read means.
pub(super) fn refusal(source: &Source, answer: &Answer) -> Outcome {
    let status = answer.status;
    if let Some(whose) = answer.challenge {
        let why = format!("HTTP {status}: {}", challenged(whose));
        return Outcome::Failed { why, refused: true };
    }
    let what = match status {
        410 => return Outcome::Gone,
        429 => return Outcome::RateLimited { status },
        503 if answer.retry_after.is_some() => return Outcome::RateLimited { status },
        401 if source.access.auth.is_some() => ": it does not take the login of `auth`",
        401 => ": it wants a login; `auth` gives one",
        402 => ": it wants to be paid",
        403 => ": it forbids access",
        404 => ": there is nothing at this address",
        407 => ": the proxy wants a login",
        451 => ": it is withheld for legal reasons",
        _ => "",
    };
    // What asks for another time or another connection is no refusal.
    let refused = (400..500).contains(&status) && !matches!(status, 408 | 421 | 425);
    Outcome::Failed { why: format!("HTTP {status}{what}"), refused }
}
