//! A configured subscription, and what the store remembers of it.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{FixedOffset, Weekday};
use url::Url;

use super::{Access, Filters, SourceId, Timestamp, counted};

/// A configured subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The operator's name for it.
    pub id: SourceId,
    /// Where the feed is.
    pub address: Address,
    /// Earlier ids, whose items and state it takes over.
    pub was: Vec<SourceId>,
    /// A fixed interval instead of the adaptive one.
    pub every: Option<Duration>,
    /// Shown instead of the feed's own title.
    pub title: Option<String>,
    /// Channels can take sources by tag.
    pub tags: Vec<String>,
    /// Whether the feed's address appears nowhere.
    pub private: bool,
    /// The zone of dates that name none.
    pub assume_timezone: Option<FixedOffset>,
    /// Whether its own host and port may lie in a private network.
    pub allow_private: bool,
    /// How many items of its first poll enter a channel.
    pub first: First,
    /// How many pages of its archive its first poll reads (RFC 5005).
    pub backfill: u32,
    /// Whether the articles of its items are fetched.
    pub full_text: bool,
    /// How its origin lets us in.
    pub access: Access,
    /// Which of its items are stored; asked of those that are new.
    pub filters: Filters,
}

impl Source {
    /// Returns a source that nobody configured, with the defaults.
    pub fn at(address: Address) -> Self {
        Self {
            id: SourceId::new("source").expect("a plain word is an id"),
            address,
            was: Vec::new(),
            every: None,
            title: None,
            tags: Vec::new(),
            private: false,
            assume_timezone: None,
            allow_private: false,
            first: First::default(),
            backfill: 0,
            full_text: false,
            access: Access::default(),
            filters: Filters::default(),
        }
    }

    /// Returns whether its address is not for everybody.
    ///
    /// SECURITY: an address that needs a query, or that the operator calls private, is a secret.
    pub fn is_secret(&self) -> bool {
        let is_plain = match &self.address {
            Address::Http(url) => {
                url.query().is_none() && url.username().is_empty() && url.password().is_none()
            }
            Address::File(_) => true,
        };
        self.private || self.access.is_restricted() || !is_plain
    }
}

/// Where a source's feed is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// http or https.
    Http(Url),
    /// A file on this machine.
    File(PathBuf),
}

impl std::fmt::Display for Address {
    /// Prints the address without query, user and password, as logs and pages show it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Http(url) => {
                let host = url.host_str().unwrap_or_default();
                write!(f, "{}://{host}", url.scheme())?;
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                f.write_str(url.path())
            }
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// How many items of a source's first poll enter a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum First {
    /// The 10 newest that are not older than 7 days; from a file all.
    #[default]
    Recent,
    /// That many of the newest, whatever their age.
    Count(u32),
    /// All of them.
    All,
}

/// What an origin gave to recognise an unchanged answer by; opaque bytes (RFC 9110 8.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validators {
    /// The URL that gave them, after redirects.
    pub url: String,
    /// The `ETag` field value, byte for byte.
    pub etag: Option<Vec<u8>>,
    /// The `Last-Modified` field value, byte for byte.
    pub last_modified: Option<Vec<u8>>,
}

/// What came of one poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 304, or a body whose hash was known.
    NotModified,
    /// A feed was read.
    Read {
        /// Items in the document.
        items: u32,
        /// Items seen for the first time.
        new: u32,
        /// Known items whose content differs.
        changed: u32,
    },
    /// 429, or 503 with `Retry-After`.
    RateLimited {
        /// The HTTP status.
        status: u16,
    },
    /// 410: not asked again.
    Gone,
    /// Anything else.
    Failed {
        /// Readable after "failed to poll NAME: ".
        why: String,
        /// Whether the origin refuses (401, 403, 404) rather than stumbles.
        refused: bool,
    },
}

impl Outcome {
    /// Returns whether the source answered as it should.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::NotModified | Self::Read { .. })
    }

    /// Returns its kind as one word, for counting.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotModified => "not_modified",
            Self::Read { .. } => "read",
            Self::RateLimited { .. } => "rate_limited",
            Self::Gone => "gone",
            Self::Failed { .. } => "failed",
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotModified => f.write_str("not modified"),
            Self::Read { items, new, changed } => {
                write!(f, "{}, {new} new, {changed} changed", counted(items, "item"))
            }
            Self::RateLimited { status } => write!(f, "rate limited ({status})"),
            Self::Gone => f.write_str("gone (410)"),
            Self::Failed { why, .. } => f.write_str(why),
        }
    }
}

/// When a source is next asked, and the rule that decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// On the wall clock.
    pub at: Timestamp,
    /// Readable after "next due at … because of ".
    pub rule: Rule,
}

/// The rule that decided a due time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Never polled so far.
    New,
    /// `every` of the source.
    Fixed(Duration),
    /// Half the median gap between its items.
    Rhythm(Duration),
    /// The default interval while its rhythm is unknown.
    Default(Duration),
    /// Its newest item is old.
    Dormant(Duration),
    /// `fetch.min_every`.
    Minimum(Duration),
    /// Freshness on the last answer (RFC 9111 4.2).
    Freshness(Duration),
    /// Its hub tells what is new (WebSub), so it is polled to be sure only.
    Pushed(Duration),
    /// The feed's own `ttl` or `sy:` period.
    Ttl(Duration),
    /// `skipHours` or `skipDays` of the feed.
    Skip,
    /// That many failures in a row.
    BackOff {
        /// In a row.
        failures: u32,
        /// From the last attempt.
        wait: Duration,
    },
    /// 429 or 503 and its `Retry-After`, if any.
    RetryAfter(Duration),
    /// The host asked for a pause.
    Parked,
    /// 410: never again.
    Gone,
    /// A start of the daemon spreads what is overdue.
    Spread,
    /// The store holds a rule that only a later version knows, in its words.
    Other(String),
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let minutes = |d: &Duration| Minutes(*d);
        match self {
            Self::New => f.write_str("a first poll is due at once"),
            Self::Fixed(d) => write!(f, "`every` of {}", minutes(d)),
            Self::Rhythm(d) => write!(f, "its rhythm of posting, {}", minutes(d)),
            Self::Default(d) => write!(f, "the default interval of {}", minutes(d)),
            Self::Dormant(d) => write!(f, "its newest item is old: {}", minutes(d)),
            Self::Minimum(d) => write!(f, "`fetch.min_every` of {}", minutes(d)),
            Self::Freshness(d) => write!(f, "max-age of {} on the last answer", minutes(d)),
            Self::Pushed(d) => write!(f, "its hub tells what is new, so only every {}", minutes(d)),
            Self::Ttl(d) => write!(f, "the feed's own ttl of {}", minutes(d)),
            Self::Skip => f.write_str("the feed's skipHours or skipDays"),
            Self::BackOff { failures, wait } => {
                let many = if *failures == 1 { "failure" } else { "failures in a row" };
                write!(f, "{failures} {many}: {}", minutes(wait))
            }
            Self::RetryAfter(d) => write!(f, "the origin asked for a pause of {}", minutes(d)),
            Self::Parked => f.write_str("another source of this host was rate limited"),
            Self::Gone => f.write_str("410 Gone: it is not asked again"),
            Self::Spread => f.write_str("a start spreads what is overdue"),
            Self::Other(words) => f.write_str(words),
        }
    }
}

/// A duration for people: `90 s`, `15 min`, `2 h 30 min`.
struct Minutes(Duration);

impl std::fmt::Display for Minutes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        match (seconds / 3600, seconds % 3600 / 60, seconds) {
            (0, _, s) if s < 120 => write!(f, "{s} s"),
            (0, m, _) => write!(f, "{m} min"),
            (h, 0, _) => write!(f, "{h} h"),
            (h, m, _) => write!(f, "{h} h {m} min"),
        }
    }
}

/// Where a feed seems to have gone, which has not been acted on yet, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where 301 or 308 led, or what the page that stands there now offers.
    pub url: String,
    /// How it was found.
    pub by: FoundBy,
    /// When it was first seen with a good parse behind it.
    pub since: Timestamp,
    /// Whether polls start there now.
    pub adopted: bool,
}

/// How a feed's new address was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// 301 or 308.
    Redirect,
    /// `rel=alternate` in an HTML page where the feed was.
    Page,
}

/// What a publisher asks of pollers, in headers and in the feed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    /// How long the last answer stays fresh (RFC 9111 4.2).
    pub freshness: Option<Duration>,
    /// `ttl` or `sy:` period.
    pub ttl: Option<Duration>,
    /// Hours (UTC) to stay away in.
    pub skip_hours: Vec<u8>,
    /// Days (UTC) to stay away on.
    pub skip_days: Vec<Weekday>,
}

/// What a source's last good document said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedFacts {
    /// Plain text.
    pub title: Option<String>,
    /// The site.
    pub link: Option<String>,
    /// `rel=self`.
    pub self_link: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Plain text.
    pub rights: Option<String>,
    /// A small picture.
    pub icon: Option<String>,
    /// `rel=hub`.
    pub hub: Option<String>,
}

/// What the store remembers of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The address that the rest belongs to; an edited `url` starts afresh.
    pub address: String,
    /// When it is next asked.
    pub due: Due,
    /// The last attempt.
    pub polled: Option<Timestamp>,
    /// The last attempt that succeeded.
    pub succeeded: Option<Timestamp>,
    /// The last unconditional answer; one is asked for every week.
    pub read_whole: Option<Timestamp>,
    /// What came of the last attempt.
    pub outcome: Option<Outcome>,
    /// In a row.
    pub failures: u32,
    /// For the next conditional request.
    pub validators: Option<Validators>,
    /// xxh3-128 of the last body that parsed.
    pub body: Option<u128>,
    /// Where it seems to have gone.
    pub moved: Option<Moved>,
    /// What the publisher asked for last; a 304 or a failure takes none of it back.
    pub wishes: Wishes,
    /// What the last good document said of itself.
    pub facts: FeedFacts,
    /// The publication times of its newest items, newest first, at most 20.
    pub rhythm: Vec<Timestamp>,
    /// `code: detail` of the last document, at most 20.
    pub warnings: Vec<String>,
    /// Whether its first poll is done.
    pub settled: bool,
    /// Since when a person has paused it.
    pub paused: Option<Timestamp>,
}

impl SourceState {
    /// Returns the state of a source that was never polled: due at once.
    pub fn new(address: &Address, now: Timestamp) -> Self {
        let address = match address {
            Address::Http(url) => url.to_string(),
            Address::File(path) => format!("file:{}", path.display()),
        };
        Self {
            address,
            due: Due { at: now, rule: Rule::New },
            polled: None,
            succeeded: None,
            read_whole: None,
            outcome: None,
            failures: 0,
            validators: None,
            body: None,
            moved: None,
            wishes: Wishes::default(),
            facts: FeedFacts::default(),
            rhythm: Vec::new(),
            warnings: Vec::new(),
            settled: false,
            paused: None,
        }
    }
}
