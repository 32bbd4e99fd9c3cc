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
    /// What its document is written in, at least one; the first is the one that pages name.
    pub formats: Vec<DocumentFormat>,
    /// Whether the original is the article, where its source has fetched it.
    pub full_text: bool,
    /// Whether the items of one story are one item, the first that the channel takes of them.
    pub merge_stories: bool,
    /// If set, part of its URL, and the channel is listed nowhere.
    pub token: Option<Secret>,
}

impl Channel {
    /// Returns a channel of that id that takes everything, with the defaults, for tests.
    #[cfg(test)]
    pub(crate) fn plain(id: &str) -> Self {
        Self {
            id: ChannelId::new(id).expect("an id"),
            was: Vec::new(),
            title: id.to_owned(),
            description: None,
            language: None,
            from: vec![Selector::All],
            only: Only::Any,
            filters: Filters::default(),
            items: 50,
            body: Body::Brief,
            formats: DocumentFormat::ALL.to_vec(),
            full_text: false,
            merge_stories: false,
            token: None,
        }
    }

    /// Returns the format that pages and lists name.
    pub fn main_format(&self) -> DocumentFormat {
        self.formats.first().copied().unwrap_or(DocumentFormat::Rss)
    }

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

/// What a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentFormat {
    /// RSS 2.0
    Rss,
    /// Atom 1.0 (RFC 4287)
    Atom,
    /// JSON Feed 1.1
    Json,
}

impl DocumentFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rss, Self::Atom, Self::Json];

    /// Returns the word that configurations use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rss => "rss",
            Self::Atom => "atom",
            Self::Json => "json",
        }
    }

    /// Returns its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rss => "RSS",
            Self::Atom => "Atom",
            Self::Json => "JSON Feed",
        }
    }

    /// Returns how the names of its documents end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Rss => "xml",
            Self::Atom => "atom",
            Self::Json => "json",
        }
    }

    /// Returns the media type that its documents are served as.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            // RFC 8259 knows no charset.
            Self::Json => "application/feed+json",
        }
    }

    /// Returns its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml",
            Self::Atom => "application/atom+xml",
            Self::Json => "application/feed+json",
        }
    }

    /// Parts the name of a document, and returns what stands before its extension.
    pub fn part(name: &str) -> Option<(&str, Self)> {
        Self::ALL.into_iter().find_map(|format| {
            let stem = name.strip_suffix(format.extension())?.strip_suffix('.')?;
            Some((stem, format))
        })
    }
}
