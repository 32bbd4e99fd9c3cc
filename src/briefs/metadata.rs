//! The fields beside the sections: id, title, dates, status, matching hints. The same in both
//! kinds of front matter and in JSON.

use chrono::{Datelike, NaiveDate, NaiveTime, SubsecRound};

use super::draft::{Draft, Placed};
use super::inline::collapse;
use super::lines::control;
use super::links::is_web;
use super::report::{Findings, Place, quoted, suggestion};
use crate::model::{Status, Timestamp};

/// The names that front matter accepts; the aliases last.
pub(super) const NAMES: [&str; 18] = [
    "id",
    "title",
    "lang",
    "source_url",
    "date",
    "created",
    "updated",
    "expires",
    "author",
    "status",
    "urls",
    "guids",
    "pin",
    "block",
    "origin",
    "language",
    "pins",
    "blocks",
];

/// A value of any of the three syntaxes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// `null`, which counts as absent.
    Null,
    /// A text, or a number or the like as it was written.
    Text(String),
    /// A list of texts.
    List(Vec<(Place, String)>),
    /// Anything else, by name.
    Other(&'static str),
}

/// A field with its value.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name, as written.
    pub(super) name: String,
    /// Where its value stands.
    pub(super) place: Place,
    /// What it holds.
    pub(super) value: Value,
}

/// Returns the name that documents are written with.
pub(super) fn canonical(name: &str) -> &str {
    match name {
        "language" => "lang",
        "pins" => "pin",
        "blocks" => "block",
        name => name,
    }
}

/// Puts one field into the draft; a value of the wrong kind is refused.
pub(super) fn set(draft: &mut Draft, field: Field, findings: &mut Findings) {
    let Field { name, place, value } = field;
    let mut taker = Taker { name: canonical(&name), place, value, findings };
    match taker.name {
        "id" => draft.id = taker.line(),
        "title" => draft.title = taker.line(),
        "lang" => draft.lang = taker.line().map(|line| line.value),
        "author" => draft.author = taker.line().map(|line| line.value),
        "source_url" => draft.source_url = taker.url(),
        "date" => draft.date = taker.moment().map(|moment| moment.value),
        "created" => draft.created = taker.moment().map(|moment| moment.value),
        "updated" => draft.updated = taker.moment().map(|moment| moment.value),
        "expires" => draft.expires = taker.moment(),
        "status" => draft.status = taker.status(),
        "urls" => draft.urls = taker.list(),
        "guids" => draft.guids = taker.list(),
        "pin" => draft.pin = taker.list(),
        "block" => draft.block = taker.list(),
        "origin" => taker.origin(),
        _ => {}
    }
}

/// Refuses a name that is no field, with a suggestion.
pub(super) fn refuse_unknown(name: &str, place: Place, findings: &mut Findings) {
    let near = suggestion(name, &NAMES);
    let accepted = NAMES.map(|name| format!("`{name}`")).join(", ");
    let joint = if near.is_empty() { ":" } else { "" };
    let message = format!("unknown key {}{near}{joint} the keys are {accepted}", quoted(name));
    findings.refuse(place, message);
}

struct Taker<'a> {
    name: &'a str,
    place: Place,
    value: Value,
    findings: &'a mut Findings,
}

impl Taker<'_> {
    fn refuse(&mut self, message: &str) {
        self.findings.refuse_field(self.place, self.name, message);
    }

    fn line(&mut self) -> Option<Placed<String>> {
        let text = match std::mem::replace(&mut self.value, Value::Null) {
            Value::Null => return None,
            Value::Text(text) => self.clean(&text),
            Value::List(_) => {
                self.refuse("a list was found: one text is accepted");
                return None;
            }
            Value::Other(kind) => {
                self.refuse(&format!("{kind} was found: a text is accepted"));
                return None;
            }
        };
        let place = self.place;
        (!text.is_empty()).then_some(Placed { place, value: text })
    }

    fn url(&mut self) -> Option<Placed<String>> {
        let url = self.line()?;
        if is_web(&url.value) {
            return Some(url);
        }
        let found = quoted(&url.value);
        self.refuse(&format!("{found} is no web address: only http and https are accepted"));
        None
    }

    fn moment(&mut self) -> Option<Placed<Timestamp>> {
        let Placed { place, value } = self.line()?;
        let moment = parse_moment(&value).map(|value| Placed { place, value });
        if moment.is_none() {
            let found = quoted(&value);
            self.refuse(&format!(
                "{found} is no date: RFC 3339 such as `2024-05-01T09:30:00Z`, or `2024-05-01`, is accepted"
            ));
        }
        moment
    }

    fn status(&mut self) -> Status {
        let Some(word) = self.line() else { return Status::default() };
        Status::parse(&word.value).unwrap_or_else(|| {
            let words = ["active", "draft", "retracted", "expired"];
            let near = suggestion(&word.value, &words);
            let joint = if near.is_empty() { ":" } else { "" };
            let accepted = words.map(|word| format!("`{word}`")).join(", ");
            let found = quoted(&word.value);
            self.refuse(&format!("unknown status {found}{near}{joint} {accepted} are accepted"));
            Status::default()
        })
    }

    fn list(&mut self) -> Vec<Placed<String>> {
        let place = self.place;
        let values = match std::mem::replace(&mut self.value, Value::Null) {
            Value::Null => Vec::new(),
            Value::Text(text) => vec![(place, text)],
            Value::List(values) => values,
            Value::Other(kind) => {
                self.refuse(&format!("{kind} was found: a list of texts is accepted"));
                Vec::new()
            }
        };
        values
            .into_iter()
            .map(|(place, value)| Placed { place, value: self.clean(&value) })
            .filter(|text| !text.value.is_empty())
            .collect()
    }

    /// Returns one line of text; refuses control characters that an escape brought in.
    fn clean(&mut self, text: &str) -> String {
        if let Some((_, message)) = control(text) {
            self.refuse(&message);
        }
        collapse(text)
    }

    fn origin(&mut self) {
        let Some(origin) = self.line().filter(|origin| origin.value != "stored") else { return };
        let found = quoted(&origin.value);
        let message = format!("the origin {found} is not kept: what comes in is `stored`");
        self.findings.warn_field(self.place, Some("origin"), "origin-stored", message);
    }
}

/// Reads RFC 3339, or a bare date as midnight UTC, in years 0 to 9999.
fn parse_moment(text: &str) -> Option<Timestamp> {
    let moment = match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(date) if text.len() == "2024-05-01".len() => date.and_time(NaiveTime::MIN).and_utc(),
        // Finer is nothing that is stored.
        _ => chrono::DateTime::parse_from_rfc3339(text).ok()?.to_utc().trunc_subsecs(3),
    };
    // RFC 3339 cannot write other years, which an offset can lead to.
    (0..=9999).contains(&moment.year()).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let expected = expected.map(str::to_owned);
        assert_eq!(parse_moment(text).map(|moment| moment.to_rfc3339()), expected);
    }

    #[test]
    fn dates_are_rfc_3339_or_bare() {
        check("2024-05-01T09:30:00+02:00", Some("2024-05-01T07:30:00+00:00"));
        check("2024-05-01", Some("2024-05-01T00:00:00+00:00"));
        for bad in ["2024-5-1", "2024-02-30", "2024-05-01T09:30:00", "yesterday", "1714555800"] {
            check(bad, None);
        }
        check("0000-01-01T00:00:00+23:00", None);
    }

    #[track_caller]
    fn refuses(name: &str, value: Value, words: &str) {
        let mut findings = Findings::default();
        let field = Field { name: name.into(), place: Place::TOP, value };
        set(&mut Draft::default(), field, &mut findings);
        let report = findings.into_report(None);
        assert_eq!(report.errors.len(), 1);
        assert_eq!(report.errors[0].field.as_deref(), Some(name));
        assert!(report.errors[0].message.contains(words), "{}", report.errors[0].message);
    }

    #[test]
    fn values_of_the_wrong_kind_are_refused() {
        refuses("id", Value::List(Vec::new()), "a list was found");
        refuses("urls", Value::Other("a table"), "a table was found");
        refuses("status", Value::Text("activ".into()), "did you mean `active`?");
        refuses("source_url", Value::Text("ftp://x".into()), "only http and https");
        refuses("date", Value::Text("soon".into()), "`soon` is no date");
    }

    #[test]
    fn every_name_is_taken() {
        for name in NAMES {
            let mut findings = Findings::default();
            let value = Value::Other("a table");
            let field = Field { name: name.into(), place: Place::TOP, value };
            set(&mut Draft::default(), field, &mut findings);
            assert!(findings.refused(), "{name}");
        }
    }
}
