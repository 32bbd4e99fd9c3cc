//! A whole brief from a language model: what it is asked, and what of its answer is believed.
//!
//! Nothing an answer says is taken on trust. Each section, and in lists each entry, is held
//! against the very text that was asked about: its numbers, dates, names, quotations and links
//! must stand there. What does not is left out and told. Absent on purpose: requests, queue,
//! budgets of a day and cache, which are the daemon's.

mod answer;
mod calendar;
mod commands;
mod counting;
mod ground;
mod names;
mod number_words;
mod numbers;
mod question;
mod quotations;
mod reading;
mod reply;
mod speaker;

#[cfg(test)]
mod lies;
#[cfg(test)]
mod panics;

use crate::model::Brief;

pub use answer::answer;
pub use question::{is_worth_asking, question};
pub use reply::tokens_used;

/// The version of the question; part of the key an answer is cached under.
pub const VERSION: u32 = 1;

/// What a model is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Plain text; may be empty.
    pub title: &'a str,
    /// Plain text of the source, paragraphs parted by line breaks.
    pub text: &'a str,
    /// BCP 47, as the feed states it.
    pub lang: Option<&'a str>,
    /// The item's own link.
    pub url: Option<&'a str>,
    /// Absolute http and https links that stand in the source.
    pub links: &'a [String],
}

/// How a model is asked.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// The model's name, as the endpoint knows it.
    pub model: &'a str,
    /// BCP 47; `None` is the language of the source.
    pub lang: Option<&'a str>,
    /// The most that one item may cost, question and answer together.
    pub tokens: u32,
}

impl<'a> Manner<'a> {
    /// Tokens of an item, unless the operator says otherwise.
    pub const TOKENS: u32 = 8000;

    /// Returns the manner in which a model is asked if nothing else is said.
    pub fn of(model: &'a str) -> Self {
        Self { model, lang: None, tokens: Self::TOKENS }
    }
}

/// A question, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// JSON for `POST …/chat/completions`.
    pub body: Vec<u8>,
    /// The most that it can cost: the estimate of the question and the bound of the answer.
    pub tokens: u32,
}

/// What of an answer is sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The brief; its origin names the model.
    pub brief: Brief,
    /// What was left out and why: `questions: "47" does not stand in the source`.
    pub dropped: Vec<String>,
}

/// Why nothing of an answer is used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// The body, or the text of the answer in it, is no JSON.
    #[error("the answer is no JSON: {0}")]
    NoJson(String),
    /// There is no text at `choices[0].message.content`.
    #[error("the answer has no text at `choices[0].message.content`")]
    NoChoice,
    /// The model ran out of tokens.
    #[error("the answer was cut off at its token limit")]
    CutOff,
    /// The model or its host would not answer.
    #[error("the model refused to answer")]
    Refused,
    /// The JSON is no object with a summary.
    #[error("the answer has the wrong shape: {0}")]
    WrongShape(String),
    /// It is not in the language that was asked for.
    #[error("the summary is in `{found}`, asked for was `{wanted}`")]
    WrongLanguage {
        /// As asked.
        wanted: String,
        /// As detected.
        found: String,
    },
    /// The summary does not hold.
    #[error("no sound summary: {0}")]
    NoSummary(String),
}
