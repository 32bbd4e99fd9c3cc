//! The brief: a structured note on a story, stored by an editor or generated.

use super::{BriefId, Timestamp};

/// A structured note on a story (`brief-documents.md` defines its written forms).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// The editor's name for it.
    pub id: BriefId,
    /// One line.
    pub title: String,
    /// BCP 47; `None` is unknown.
    pub lang: Option<String>,
    /// Plain text; paragraphs are parted by one empty line. Never empty.
    pub summary: String,
    /// *What This Means for You*.
    pub points: Vec<Point>,
    /// *Original Post*: an excerpt of the item, paragraphs parted by one empty line.
    pub original_post: Option<String>,
    /// *Extra Information*.
    pub further: Vec<Further>,
    /// *People Also Ask*.
    pub questions: Vec<Question>,
    /// *Expert Opinion*: attributed, or absent.
    pub opinion: Option<Opinion>,
    /// *Key Terms*, unique ignoring case.
    pub key_terms: Vec<String>,
    /// *Original Source*: http or https.
    pub source_url: Option<String>,
    /// When the story was current.
    pub date: Option<Timestamp>,
    /// When the brief was written.
    pub created: Option<Timestamp>,
    /// When the brief was last edited.
    pub updated: Option<Timestamp>,
    /// From then on it matches nothing new.
    pub expires: Option<Timestamp>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Whether it may match.
    pub status: Status,
    /// Where its words come from.
    pub origin: Origin,
    /// Further addresses of the story.
    pub urls: Vec<String>,
    /// Publishers' identifiers of the story's items.
    pub guids: Vec<String>,
    /// Item ids or URLs that always get this brief.
    pub pin: Vec<String>,
    /// Item ids, URLs or source ids that never get it.
    pub block: Vec<String>,
}

impl Brief {
    /// Returns a brief that has an id, a title and a summary, and nothing else.
    pub fn new(id: BriefId, title: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            id,
            title: title.into(),
            lang: None,
            summary: summary.into(),
            points: Vec::new(),
            original_post: None,
            further: Vec::new(),
            questions: Vec::new(),
            opinion: None,
            key_terms: Vec::new(),
            source_url: None,
            date: None,
            created: None,
            updated: None,
            expires: None,
            author: None,
            status: Status::Active,
            origin: Origin::Stored,
            urls: Vec::new(),
            guids: Vec::new(),
            pin: Vec::new(),
            block: Vec::new(),
        }
    }

    /// Returns whether the brief may be put on an item it is not on yet.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.status == Status::Active && self.expires.is_none_or(|at| now < at)
    }
}

/// One labelled consequence for the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The words before the colon.
    pub label: Option<String>,
    /// The point itself.
    pub text: String,
}

/// A place to read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Further {
    /// What is there.
    pub title: String,
    /// http or https.
    pub url: Option<String>,
    /// Why it is worth reading.
    pub why: Option<String>,
}

/// A question people ask, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The question.
    pub question: String,
    /// The answer, if the editor gave one.
    pub answer: Option<String>,
}

/// A quotation with the name of who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// The speaker's name.
    pub who: String,
    /// Their office or standing.
    pub role: Option<String>,
    /// Their words, without the outer quotation marks.
    pub quote: String,
}

/// A key term with its weight, as a generated brief has it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyTerm {
    /// As the source writes it.
    pub term: String,
    /// 0..=1, two decimals when printed.
    pub score: f64,
}

/// Whether a stored brief may match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// It matches.
    #[default]
    Active,
    /// It is being written, and never matches.
    Draft,
    /// It was withdrawn by its editor.
    Retracted,
    /// Its time is over.
    Expired,
}

impl Status {
    /// Returns the word that documents use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Draft => "draft",
            Self::Retracted => "retracted",
            Self::Expired => "expired",
        }
    }

    /// Reads the word that [`Status::as_str`] gives, ignoring case.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Draft, Self::Retracted, Self::Expired]
            .into_iter()
            .find(|status| status.as_str().eq_ignore_ascii_case(word))
    }
}

/// Where a brief's words come from; printed on every item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// An editor, a person or a program, wrote it.
    Stored,
    /// Sentences of the source, verbatim.
    Extracted,
    /// A language model of that name wrote it.
    Model(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stored => f.write_str("stored"),
            Self::Extracted => f.write_str("extracted"),
            Self::Model(name) => write!(f, "model {name}"),
        }
    }
}
