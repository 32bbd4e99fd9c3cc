//! An item as the store holds it: what was published, what we decided, and what we made of it.

use super::{BriefId, Enclosure, ItemId, KeyTerm, Method, Person, SourceId, Thumbnail, Timestamp};

/// A stored item.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Minted at first sight.
    pub id: ItemId,
    /// Where it comes from.
    pub source: SourceId,
    /// The publisher's identifier, or the one that `parse` generated.
    pub guid: String,
    /// Plain text; may be empty.
    pub title: String,
    /// The article.
    pub url: Option<String>,
    /// Sanitised HTML: the longer of content and summary.
    pub html: String,
    /// Sanitised HTML of the publisher's lead, where it differs from `html`.
    pub lead: Option<String>,
    /// Sanitised HTML of the article itself, where `full_text` has brought it.
    pub article: Option<String>,
    /// BCP 47, as published or detected.
    pub lang: Option<String>,
    /// Who wrote it.
    pub authors: Vec<Person>,
    /// The publisher's categories.
    pub categories: Vec<String>,
    /// Attached media.
    pub enclosures: Vec<Enclosure>,
    /// A small picture.
    pub thumbnail: Option<Thumbnail>,
    /// The item's own picture.
    pub image: Option<String>,
    /// The address of its comments.
    pub comments: Option<String>,
    /// Plain text.
    pub rights: Option<String>,
    /// `itunes:duration`, in seconds.
    pub duration: Option<u32>,
    /// When the publisher says it was edited.
    pub updated: Option<Timestamp>,
    /// The publisher's date, clamped to first seen; never moved.
    pub published: Timestamp,
    /// When we first saw it.
    pub first_seen: Timestamp,
    /// When what we publish of it last changed.
    pub changed: Timestamp,
    /// xxh3-128 of everything the publisher said of it.
    pub content: u128,
    /// Whether, and since when, subscribers see it.
    pub placement: Placement,
    /// The brief that matching chose.
    pub brief: Option<BriefId>,
    /// How the choice was made.
    pub method: Method,
    /// 0..=1.
    pub score: f64,
    /// What stands in both texts.
    pub evidence: Vec<String>,
    /// Sentences of the source, verbatim: the extracted summary.
    pub summary: Vec<String>,
    /// The extracted key terms, best first.
    pub key_terms: Vec<KeyTerm>,
}

/// Whether subscribers see an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Stored, and not published: beyond `first` on a source's first poll, or a duplicate.
    Held,
    /// Waits for a brief until then.
    Waiting(Timestamp),
    /// In its channels since then.
    Shown(Timestamp),
}
