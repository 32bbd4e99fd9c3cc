//! A brief for an item without one: sentences of the source, verbatim, and its key terms.
//!
//! Deterministic and offline. Sentences are weighed by place, centrality and make, phrases by what
//! people chose on other articles; both by linear models that `benches/enrich` fits. A language
//! model is asked, if at all, elsewhere.

pub mod asked;

#[expect(clippy::cast_precision_loss, reason = "a text has few words")]
mod candidates;
mod facts;
mod furniture;
mod key_terms;
mod lexicon;
#[expect(clippy::cast_precision_loss, reason = "a text has few words")]
mod prose;
#[expect(clippy::cast_precision_loss, reason = "a text has few words")]
mod salience;
mod summary;
mod usage;
mod weights;

use crate::model::KeyTerm;
use crate::text::settle_language;
use key_terms::Hints;

pub use candidates::{Candidate, Candidates, FEATURES, Features};
pub use facts::Facts;
pub use lexicon::Roles;
pub use prose::{Prose, Sentence, Token, Word};
pub use salience::{Sentences, TRAITS, Traits};
pub use summary::choose;
pub use usage::{KINDS, Steps, Usage, table};
pub use weights::Weights;

/// Characters of a text that are read: some six thousand words.
const MAX_CHARS: usize = 40_000;

/// What is extracted from.
#[derive(Debug, Clone, Copy)]
pub struct Article<'a> {
    /// Plain text; may be empty.
    pub title: &'a str,
    /// Plain text, paragraphs parted by line breaks.
    pub text: &'a str,
    /// BCP 47, as the feed states it.
    pub lang: Option<&'a str>,
    /// Names of the publisher: they are no key terms.
    pub publisher: &'a [&'a str],
    /// The publisher's categories: they vote.
    pub categories: &'a [&'a str],
}

impl<'a> Article<'a> {
    /// Returns an article of which nothing else is known.
    pub fn new(title: &'a str, text: &'a str) -> Self {
        Self { title, text, lang: None, publisher: &[], categories: &[] }
    }
}

/// Which kind of key terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Phrases that say what the story is about.
    #[default]
    Phrases,
    /// Tags, most of them of one word.
    Tags,
}

/// How much is extracted.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Sentences of the summary.
    pub sentences: usize,
    /// Key terms.
    pub key_terms: usize,
    /// Their kind.
    pub style: Style,
}

impl Default for Measure {
    fn default() -> Self {
        Self { sentences: 3, key_terms: 10, style: Style::Phrases }
    }
}

/// An extracted brief.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extract {
    /// Stated or detected.
    pub lang: Option<String>,
    /// Sentences of the source in document order, verbatim but for white space.
    pub summary: Vec<String>,
    /// Best first; each occurs in title or text.
    pub key_terms: Vec<KeyTerm>,
}

/// Extracts summary and key terms; the same article gives the same extract on every machine.
pub fn extract(article: &Article<'_>, measure: Measure) -> Extract {
    let (lang, prose) = read(article);
    let weights = match (prose.is_english, measure.style) {
        (true, Style::Phrases) => weights::phrases(),
        (true, Style::Tags) => weights::tags(),
        (false, _) => weights::other(),
    };
    let hints = Hints::of(article);
    let odds = |features: &Features| weights.score(features);
    Extract {
        summary: summary::summary(&Sentences::of(&prose), measure.sentences),
        key_terms: key_terms::key_terms(&prose, odds, &hints, measure.key_terms),
        lang,
    }
}

/// Ranks the key terms of an article by log-odds other than the shipped ones: for `benches/enrich`.
pub fn terms_by(
    article: &Article<'_>,
    limit: usize,
    odds: impl Fn(&Features) -> f64,
) -> Vec<KeyTerm> {
    let (_, prose) = read(article);
    key_terms::key_terms(&prose, odds, &Hints::of(article), limit)
}

/// Reads an article as [`extract`] does.
pub fn read(article: &Article<'_>) -> (Option<String>, Prose) {
    let end = article.text.char_indices().nth(MAX_CHARS).map_or(article.text.len(), |(at, _)| at);
    let text = article.text.get(..end).unwrap_or_default();
    let lang = settle_language(article.lang, article.title, text);
    let sentences = summary::telling(article.title, text, lang.as_deref());
    let prose = Prose::of(article.title, sentences, lang.as_deref());
    (lang, prose)
}
