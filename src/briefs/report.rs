//! What a reading found: the brief, the warnings and the errors.
//!
//! Collects, sorts and prints; judges nothing.

use serde_json::{Value, json};

use crate::model::Brief;

/// As many warnings, and as many errors, as one report lists; the next one says that there are
/// more. A file of 1 MiB can hold 200,000 mistakes.
pub(super) const MAX_FINDINGS: usize = 1_000;

/// The longest value that a message repeats, in characters.
const MAX_QUOTED: usize = 80;

/// What a reading of one brief found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The brief; `None` when there are errors.
    pub brief: Option<Brief>,
    /// Sorted by line.
    pub warnings: Vec<Note>,
    /// Sorted by line and column.
    pub errors: Vec<Problem>,
}

impl Report {
    /// Returns the object that `brief check --json` prints for `file`.
    pub fn to_json(&self, file: &str) -> Value {
        let warnings: Vec<Value> = self.warnings.iter().map(Note::to_json).collect();
        let errors: Vec<Value> = self.errors.iter().map(Problem::to_json).collect();
        let brief = self.brief.as_ref().filter(|_| errors.is_empty()).map(super::to_json);
        json!({ "file": file, "brief": brief, "warnings": warnings, "errors": errors })
    }
}

/// A warning: the document is accepted, and the editor may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Counts from 1 at the top of the file.
    pub line: u32,
    /// A stable word, such as `title-derived`.
    pub code: &'static str,
    /// What was done.
    pub message: String,
}

impl Note {
    fn to_json(&self) -> Value {
        json!({ "line": self.line, "code": self.code, "message": self.message })
    }
}

/// An error: the document is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Counts from 1 at the top of the file.
    pub line: u32,
    /// Counts characters from 1.
    pub column: u32,
    /// The field's name in the JSON form, such as `people_also_ask[2].q`.
    pub field: Option<String>,
    /// What was found and what is accepted.
    pub message: String,
}

impl Problem {
    fn to_json(&self) -> Value {
        json!({
            "line": self.line, "column": self.column,
            "field": self.field, "message": self.message,
        })
    }
}

/// Where something stands in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Place {
    /// From 1; 0 in the JSON form, until [`Findings::locate`] looks the field up.
    pub(super) line: u32,
    /// From 1.
    pub(super) column: u32,
}

impl Place {
    /// The beginning of the file.
    pub(super) const TOP: Self = Self { line: 1, column: 1 };
    /// To be looked up by the field's name.
    pub(super) const BY_FIELD: Self = Self { line: 0, column: 0 };
}

/// The warnings and errors of a reading, as they are found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    warnings: Vec<(Place, Option<String>, Note)>,
    errors: Vec<(Place, Option<String>, String)>,
}

impl Findings {
    /// Adds a warning that stands at a place.
    pub(super) fn warn(&mut self, place: Place, code: &'static str, message: impl Into<String>) {
        self.warn_field(place, None, code, message);
    }

    /// Adds a warning about a field.
    pub(super) fn warn_field(
        &mut self,
        place: Place,
        field: Option<&str>,
        code: &'static str,
        message: impl Into<String>,
    ) {
        if self.warnings.len() > MAX_FINDINGS {
            return;
        }
        let note = if self.warnings.len() == MAX_FINDINGS {
            Note { line: 0, code: "more", message: "further warnings are not listed".into() }
        } else {
            Note { line: 0, code, message: message.into() }
        };
        self.warnings.push((place, field.map(str::to_owned), note));
    }

    /// Adds an error that concerns no one field.
    pub(super) fn refuse(&mut self, place: Place, message: impl Into<String>) {
        self.push_error(place, None, message.into());
    }

    /// Adds an error about a field.
    pub(super) fn refuse_field(&mut self, place: Place, field: &str, message: impl Into<String>) {
        self.push_error(place, Some(field.to_owned()), message.into());
    }

    fn push_error(&mut self, place: Place, field: Option<String>, message: String) {
        match self.errors.len() {
            0..MAX_FINDINGS => self.errors.push((place, field, message)),
            MAX_FINDINGS => {
                self.errors.push((place, None, "further errors are not listed".to_owned()));
            }
            _ => {}
        }
    }

    /// Returns whether the document is refused.
    pub(super) fn refused(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Returns whether there is an error about a field already.
    pub(super) fn refuses(&self, field: &str) -> bool {
        self.errors.iter().any(|(_, about, _)| about.as_deref() == Some(field))
    }

    /// Returns the fields whose place is not known yet.
    pub(super) fn unplaced(&self) -> impl Iterator<Item = &str> {
        let warnings = self.warnings.iter().map(|(place, field, _)| (place, field));
        let errors = self.errors.iter().map(|(place, field, _)| (place, field));
        warnings
            .chain(errors)
            .filter(|(place, _)| **place == Place::BY_FIELD)
            .filter_map(|(_, field)| field.as_deref())
    }

    /// Returns whether all findings have their place.
    pub(super) fn settled(&self) -> bool {
        self.warnings.iter().all(|(place, ..)| *place != Place::BY_FIELD)
            && self.errors.iter().all(|(place, ..)| *place != Place::BY_FIELD)
    }

    /// Gives each finding without a place that of its field, of the nearest field around it, or
    /// of the whole, whose name is empty.
    pub(super) fn locate(&mut self, place_of: impl Fn(&str) -> Option<Place>) {
        let warnings = self.warnings.iter_mut().map(|(place, field, _)| (place, field));
        let errors = self.errors.iter_mut().map(|(place, field, _)| (place, field));
        for (place, field) in warnings.chain(errors).filter(|(at, _)| **at == Place::BY_FIELD) {
            let field = field.as_deref().unwrap_or_default();
            let found = around(field).find_map(&place_of).or_else(|| place_of(""));
            *place = found.unwrap_or(Place::TOP);
        }
    }

    /// Puts `prefix` before every message.
    pub(super) fn name_all(&mut self, prefix: &str) {
        let warnings = self.warnings.iter_mut().map(|(_, _, note)| &mut note.message);
        let errors = self.errors.iter_mut().map(|(_, _, message)| message);
        for message in warnings.chain(errors) {
            message.insert_str(0, prefix);
        }
    }

    /// Returns the report; a refused document has no brief.
    pub(super) fn into_report(self, brief: Option<Brief>) -> Report {
        let brief = brief.filter(|_| !self.refused());
        let mut warnings: Vec<Note> = self
            .warnings
            .into_iter()
            .map(|(place, _, note)| Note { line: place.line.max(1), ..note })
            .collect();
        warnings.sort_by_key(|note| note.line);
        let mut errors: Vec<Problem> = self
            .errors
            .into_iter()
            .map(|(place, field, message)| Problem {
                line: place.line.max(1),
                column: place.column.max(1),
                field,
                message,
            })
            .collect();
        errors.sort_by_key(|problem| (problem.line, problem.column));
        Report { brief, warnings, errors }
    }
}

/// Yields `a[1].b`, `a[1]` and `a` for `a[1].b`.
pub(super) fn around(field: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(field), |name| {
        name.rfind(['.', '[']).and_then(|end| name.get(..end)).filter(|name| !name.is_empty())
    })
}

/// Returns `value` in backticks, cut when it is too long for a message.
pub(super) fn quoted(value: &str) -> String {
    let mut shown: String = value.chars().take(MAX_QUOTED).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Returns `: did you mean …?` for the nearest of `names`, or nothing when none is near.
pub(super) fn suggestion(found: &str, names: &[&str]) -> String {
    // Distances are quadratic in length, and no name is half as long.
    if found.chars().count() > MAX_QUOTED {
        return String::new();
    }
    let found = found.to_lowercase();
    names
        .iter()
        .map(|name| (strsim::jaro_winkler(&found, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| format!(": did you mean `{name}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sorted_by_line_and_column() {
        let mut findings = Findings::default();
        for (line, column) in [(3, 1), (1, 9), (1, 2)] {
            findings.refuse(Place { line, column }, "x");
        }
        let report = findings.into_report(None);
        let places: Vec<_> = report.errors.iter().map(|e| (e.line, e.column)).collect();
        assert_eq!(places, [(1, 2), (1, 9), (3, 1)]);
    }

    #[test]
    fn a_report_is_printed_in_the_shape_of_the_contract() {
        let mut findings = Findings::default();
        findings.refuse_field(Place { line: 7, column: 1 }, "summary", "a brief needs a summary");
        findings.warn(Place { line: 3, column: 1 }, "title-derived", "y");
        assert_eq!(
            findings.into_report(None).to_json("a.md").to_string(),
            r#"{"file":"a.md","brief":null,"warnings":[{"line":3,"code":"title-derived","message":"y"}],"errors":[{"line":7,"column":1,"field":"summary","message":"a brief needs a summary"}]}"#
        );
    }

    #[test]
    fn findings_are_bounded() {
        let mut findings = Findings::default();
        for _ in 0..MAX_FINDINGS * 2 {
            findings.refuse(Place::TOP, "x");
            findings.warn(Place::TOP, "x", "x");
        }
        let report = findings.into_report(None);
        assert_eq!(report.errors.len(), MAX_FINDINGS + 1);
        assert_eq!(report.warnings.len(), MAX_FINDINGS + 1);
    }

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(suggestion("Sumary", &["Summary", "Key Terms"]), ": did you mean `Summary`?");
        assert_eq!(suggestion("Weather", &["Summary", "Key Terms"]), "");
    }

    #[test]
    fn a_long_value_is_cut_in_messages() {
        assert!(quoted(&"x".repeat(500)).chars().count() < 100);
        assert_eq!(quoted("x"), "`x`");
    }

    #[test]
    fn a_field_is_looked_up_outwards() {
        assert_eq!(around("a[1].b").collect::<Vec<_>>(), ["a[1].b", "a[1]", "a"]);
    }
}
