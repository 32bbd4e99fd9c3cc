//! The nouns: source, feed, item, brief, channel, match, command; their identities and the
//! canonical URL.
//!
//! Pure data. Nothing here reads a clock, does I/O or knows how it is stored, printed or
//! published: `store` copies these types into records, `contract` turns them into JSON.

mod access;
mod brief;
pub(crate) mod canonical;
mod channel;
mod command;
mod correction;
mod counted;
mod expected;
mod feed;
mod filter;
mod generated;
mod id;
mod matching;
mod outline;
mod proxies;
mod reload;
mod secret;
mod source;
mod story;
mod subscription;
mod trouble;

pub use access::{Access, Auth};
pub use brief::{Brief, Further, KeyTerm, Opinion, Origin, Point, Question, Status};
pub use canonical::{CanonicalUrl, UrlRules, is_identity_parameter, without_tracking};
pub use channel::{Body, Channel, DocumentFormat, Only, Selector};
pub use command::{BriefOrigin, Command, CommandError, Reply};
pub use correction::{Correction, Section};
pub use counted::counted;
pub use expected::{Expected, Tags};
pub use feed::{
    Category, Enclosure, Feed, Format, Generator, Image, Item, ItemSource, Link, Person, Prose,
    Text, Thumbnail, Warning,
};
pub use filter::{Filter, FilterField, Filters, Pattern, PatternError, Sought};
pub use generated::{Asked, Generated, Spent};
pub use id::{BriefId, ChannelId, IdError, ItemId, SourceId};
pub use matching::{Candidate, Decision, ItemText, Method};
pub use outline::{Outline, tag_line, tags_of_line};
pub use proxies::{Network, TrustedProxies};
pub use reload::Reloaded;
pub use secret::Secret;
pub use source::{
    Address, Due, FeedFacts, First, FoundBy, Moved, Outcome, Rule, Source, SourceState, Validators,
    Wishes,
};
pub use story::{Placement, Story};
pub use subscription::{Standing, Subscription};
pub use trouble::Trouble;

/// A moment on the wall clock, in UTC.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
