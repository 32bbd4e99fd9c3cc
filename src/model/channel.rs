//! The RSS channel we emit, as the operator configured it.

use super::{ChannelId, Filters, Secret, Source, SourceId};

/// A configured channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Part of its URL.
    pub id: ChannelId,
    /// Earlier ids, which redirect to it.
    pub was: Vec<ChannelId>,
    /// The feed's title.
    pub title: String,
    /// The feed's description; a sentence of ours where the operator gave none.
    pub description: Option<String>,
    /// BCP 47; the language of most items where the operator gave none.
    pub language: Option<String>,
    /// What it takes; an item that any of these takes is in.
    pub from: Vec<Selector>,
    /// Which items by the origin of their brief.
    pub only: Only,
    /// Which items by what they say.
    pub filters: Filters,
    /// How many items its document holds.
    pub items: usize,
    /// What an item's body holds.
    pub body: Body,
    /// Whether the original is the article, where its source has fetched it.
    pub full_text: bool,
    /// Whether the items of one story are one item, the first that the channel takes of them.
    pub merge_stories: bool,
    /// If set, part of its URL, and the channel is listed nowhere.
    pub token: Option<Secret>,
}

impl Channel {
    /// Returns whether the channel takes the items of `source`.
    pub fn takes(&self, source: &Source) -> bool {
        self.from.iter().any(|selector| match selector {
            Selector::All => true,
            Selector::Source(id) => *id == source.id,
            Selector::Tag(tag) => source.tags.contains(tag),
        })
    }
}

/// What a channel takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `"*"`
    All,
    /// A source id.
    Source(SourceId),
    /// `"tag:NAME"`
    Tag(String),
}

/// Which items a channel takes by the origin of their brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Only {
    /// All.
    #[default]
    Any,
    /// Those with a stored brief.
    Stored,
}

/// What an item's body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Body {
    /// The brief; where none is stored, the generated one and an excerpt of the original.
    #[default]
    Brief,
    /// The brief, then the original whole.
    BriefAndOriginal,
    /// The original alone.
    Original,
}
