//! A match: an item paired with a brief, with a score and the reason.

use super::{BriefId, SourceId, Timestamp};

/// What matching reads of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemText {
    /// The item's id as a person or a brief names it.
    pub item: String,
    /// The source or feed it comes from, if known.
    pub source: Option<SourceId>,
    /// The publisher's identifier.
    pub guid: Option<String>,
    /// Plain text.
    pub title: String,
    /// The lead as plain text, at most its first 200 words count.
    pub lead: String,
    /// The article's address.
    pub link: Option<String>,
    /// When it came out.
    pub published: Option<Timestamp>,
    /// BCP 47; `None` is unknown.
    pub lang: Option<String>,
}

/// How a decision was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A person or the brief itself named the item.
    Pin,
    /// The canonical URLs are equal.
    Url,
    /// The publisher's identifiers are equal.
    Guid,
    /// The brief's original post stands in the item.
    Excerpt,
    /// The words agree.
    Text,
    /// Two candidates lie too close together.
    Ambiguous,
    /// The only candidate is blocked.
    Blocked,
    /// The only candidate is in another language.
    Lang,
    /// No candidate is good enough.
    None,
}

impl Method {
    /// Returns the word of `match-jsonl.md`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Url => "url",
            Self::Guid => "guid",
            Self::Excerpt => "excerpt",
            Self::Text => "text",
            Self::Ambiguous => "ambiguous",
            Self::Blocked => "blocked",
            Self::Lang => "lang",
            Self::None => "none",
        }
    }

    /// Reads the word that [`Method::as_str`] gives.
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::Pin,
            Self::Url,
            Self::Guid,
            Self::Excerpt,
            Self::Text,
            Self::Ambiguous,
            Self::Blocked,
            Self::Lang,
            Self::None,
        ]
        .into_iter()
        .find(|method| method.as_str() == word)
    }
}

/// A brief that was considered for an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The brief.
    pub brief: BriefId,
    /// Calibrated probability, 0..=1.
    pub score: f64,
}

/// What matching decided for one item.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The brief; `None` when matching abstains.
    pub brief: Option<BriefId>,
    /// The score of the best candidate, also when matching abstains.
    pub score: f64,
    /// How the decision was reached.
    pub method: Method,
    /// Words or phrases that stand in both texts, rarest first, at most 8; the canonical URL
    /// for [`Method::Url`].
    pub evidence: Vec<String>,
    /// Best first, at most 10.
    pub candidates: Vec<Candidate>,
}

impl Decision {
    /// Returns the decision where there is nothing to choose from.
    pub fn none() -> Self {
        Self {
            brief: None,
            score: 0.0,
            method: Method::None,
            evidence: Vec::new(),
            candidates: Vec::new(),
        }
    }
}
