//! Items and briefs → documents that feed readers show: RSS, Atom, JSON Feed, HTML fragments.
//!
//! Pure and byte-stable: the same channel, entries and `changed` give the same bytes. Each rule
//! here protects a named reader (DESIGN.md section 6). Serving, caching and writing documents
//! to disk is `serve`'s and `daemon`'s duty.

mod atom;
mod attached;
mod body;
mod document;
mod edition;
mod item;
mod json;
mod labels;
mod namespace;
mod opml;
mod pieces;
mod place;
mod prepared;
mod rss;
mod troubles;

use url::Url;

use crate::model::{Brief, Channel, ItemId, KeyTerm, Story};

pub use body::{brief_article, item_article, item_body, term_path};
pub use document::{Coding, Document};
pub use edition::Edition;
pub use item::{PublishedItem, also_reported, has_term, publish_item, shorten};
pub use labels::{Labels, labels};
pub use namespace::NAMESPACE;
pub use opml::opml;
pub use pieces::{Contents, Pieces};
pub use place::Place;
pub use prepared::Prepared;
pub use troubles::troubles;

/// What of this server stands in documents.
#[derive(Debug, Clone)]
pub struct Site {
    /// The address that subscribers use, with a trailing slash.
    pub base: Url,
    /// Authority and date of every guid, minted once.
    pub authority: String,
    /// See `authority`.
    pub date: String,
    /// In minutes.
    pub ttl: u64,
    /// A picture for every channel.
    pub image: Option<Url>,
    /// The hub that tells subscribers of changes (WebSub).
    pub hub: Option<Url>,
}

impl Site {
    /// Returns the permanent guid of an item (RFC 4151).
    pub fn guid(&self, item: ItemId) -> String {
        self.tag(&format!("item:{item}"))
    }

    /// Returns a permanent id of our own (RFC 4151).
    fn tag(&self, specific: &str) -> String {
        format!("tag:{},{}:{specific}", self.authority, self.date)
    }

    /// Returns an address below the site's own.
    pub fn at(&self, path: &str) -> String {
        self.base.join(path).map_or_else(|_| self.base.to_string(), |url| url.to_string())
    }

    /// Returns the address of a channel's main document; a secret channel's holds its token.
    pub fn feed(&self, channel: &Channel) -> String {
        Place::Current { earlier: None }.address(self, channel, channel.main_format())
    }
}

impl Site {
    /// Returns the addresses of a channel's documents in all its formats.
    pub fn topics(&self, channel: &Channel) -> impl Iterator<Item = String> {
        let place = Place::Current { earlier: None };
        channel.formats.iter().map(move |format| place.address(self, channel, *format))
    }
}

/// What documents say of an item's publisher.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publisher {
    /// Its name.
    pub name: String,
    /// Its site.
    pub link: Option<String>,
    /// The feed's own public address, or its site; never a private one.
    pub feed: Option<String>,
    /// Its rights line.
    pub rights: Option<String>,
}

/// Another item that tells the same story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Also {
    /// The name of its publisher.
    pub publisher: String,
    /// As its own item would say it.
    pub title: String,
    /// As its own item would say it: without tracking.
    pub link: String,
}

/// One item of a channel.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'e> {
    /// The item.
    pub story: &'e Story,
    /// The stored brief that matching chose, else the one that a language model made.
    pub brief: Option<&'e Brief>,
    /// Its publisher.
    pub publisher: &'e Publisher,
    /// What it stands for beside itself, in the order it is printed; the first ten are.
    pub also: &'e [Also],
}

/// A document that is to be rendered.
#[derive(Debug, Clone, Copy)]
pub struct Rendering<'r> {
    /// Its channel's configuration.
    pub channel: &'r Channel,
    /// Which of the channel's documents it is.
    pub place: Place<'r>,
    /// In the order they are shown in.
    pub entries: &'r [Entry<'r>],
    /// Where it is published.
    pub site: &'r Site,
}

/// Returns the brief's key terms, or else the extracted ones, with their weights.
fn key_terms(entry: &Entry<'_>) -> Vec<KeyTerm> {
    let stored = entry.brief.map(|brief| brief.key_terms.as_slice()).unwrap_or_default();
    if stored.is_empty() {
        return entry.story.key_terms.clone();
    }
    stored.iter().map(|term| KeyTerm { term: term.clone(), score: 1.0 }).collect()
}
