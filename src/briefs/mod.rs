//! The brief document: read (Markdown, plain text, JSON), check, write, find words in. Pure.
//!
//! `brief-documents.md` defines the forms. A document is refused only for what that contract
//! says, with every reason at once; what is written reads back equal. Files, folders and the
//! store are the business of others.

mod check;
#[cfg(test)]
mod contract;
mod document;
mod draft;
mod escape;
mod front;
mod further;
mod headings;
mod inline;
mod items;
mod json;
mod json_sections;
mod lines;
mod links;
mod markers;
mod metadata;
mod opinion;
mod places;
mod points;
#[cfg(test)]
mod properties;
mod prose;
mod questions;
mod raw;
mod report;
mod schema;
mod search;
mod sections;
mod tag;
mod terms;
mod title;
mod write;
mod yaml;

pub use json::to_json;
pub use report::{Note, Problem, Report};
pub use schema::json_schema;
pub use search::Sought;
pub use tag::tag;
pub use write::to_markdown;

use report::{Findings, Place};

use crate::model::Timestamp;

/// A written form of a brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One object, or a list of them.
    Json,
    /// Markdown and plain text: one reader for both.
    Text,
}

impl Form {
    /// Returns the form that a file of this name has; `None` for a name that is no brief's.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "md" | "markdown" | "txt" => Some(Self::Text),
            _ => None,
        }
    }
}

/// The id of a brief that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FallbackId<'a> {
    /// The file's stem.
    Stem(&'a str),
    /// A hash of the source's URL, else of the summary.
    Hash,
}

/// Reads a document that holds one brief; a JSON list of one counts.
///
/// `now` decides whether the brief has expired already, which is a warning.
pub fn read(bytes: &[u8], form: Form, fallback: FallbackId<'_>, now: Timestamp) -> Report {
    let mut reports = read_all(bytes, form, fallback, now);
    match (reports.pop(), reports.is_empty()) {
        (Some(report), true) => report,
        (last, _) => {
            let count = reports.len() + usize::from(last.is_some());
            let mut findings = Findings::default();
            let message = format!("a list of {count} briefs: one brief is accepted here");
            findings.refuse(Place::TOP, message);
            findings.into_report(None)
        }
    }
}

/// Reads all briefs of a document: one of a text, each of a JSON list.
///
/// The messages of a list name the brief's index, from 0. Briefs without an id in a list of more
/// than one get a hash: they cannot all be called like their file. Bytes that cannot be read at
/// all give one report with the reasons.
pub fn read_all(bytes: &[u8], form: Form, fallback: FallbackId<'_>, now: Timestamp) -> Vec<Report> {
    let mut findings = Findings::default();
    let Some(text) = lines::decode(bytes, &mut findings) else {
        return vec![findings.into_report(None)];
    };
    match form {
        Form::Json => json::read(&text, fallback, now),
        Form::Text => {
            let brief = document::read(&text, &mut findings)
                .and_then(|draft| check::brief(draft, fallback, now, &mut findings));
            vec![findings.into_report(brief)]
        }
    }
}
