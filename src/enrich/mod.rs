//! A brief for an item without one: sentences of the source, verbatim, and its key terms.
//!
//! Deterministic and offline. This first version takes the leading sentences and ranks phrases
//! by how often, how early and how rarely elsewhere they stand; a language model is not asked.

mod key_terms;
mod summary;

use crate::model::KeyTerm;
use crate::text::{detect, is_stop_word, primary};

/// What is extracted from.
#[derive(Debug, Clone, Copy)]
pub struct Article<'a> {
    /// Plain text; may be empty.
    pub title: &'a str,
    /// Plain text, paragraphs parted by line breaks.
    pub text: &'a str,
    /// BCP 47, if known.
    pub lang: Option<&'a str>,
}

/// How much is extracted.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Sentences of the summary.
    pub sentences: usize,
    /// Key terms.
    pub key_terms: usize,
}

/// An extracted brief.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extract {
    /// Given or detected.
    pub lang: Option<String>,
    /// Sentences of the source in document order, verbatim but for white space.
    pub summary: Vec<String>,
    /// Best first; each occurs in title or text.
    pub key_terms: Vec<KeyTerm>,
}

/// Extracts summary and key terms; the same article gives the same extract on every machine.
pub fn extract(article: &Article<'_>, measure: Measure) -> Extract {
    let lang = article
        .lang
        .map(str::to_owned)
        .or_else(|| detect(&format!("{}\n{}", article.title, article.text)).map(str::to_owned));
    Extract {
        summary: summary::summary(article, measure.sentences),
        key_terms: key_terms::key_terms(article, lang.as_deref(), measure.key_terms),
        lang,
    }
}

/// Returns whether a word carries no subject: a stop word of the language, or a short one of
/// English, which headlines of every language borrow.
fn is_grammar(word: &str, lang: Option<&str>) -> bool {
    let lower = word.to_lowercase();
    let borrowed = lang.map(primary).is_some_and(|lang| lang != "en") && lower.len() < 4;
    is_stop_word(&lower, lang) || (borrowed && is_stop_word(&lower, None))
}
