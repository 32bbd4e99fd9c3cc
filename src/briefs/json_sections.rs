//! The sections of a brief as JSON values, read and written.

use serde_json::{Map, Value as Json, json};

use super::draft::Placed;
use super::inline::collapse;
use super::json::{kind, line, literal};
use super::lines::control;
use super::links::is_web;
use super::report::{Findings, Place, quoted};
use crate::model::{Further, Opinion, Point, Question};

/// Returns the points as `{label, text}`.
pub(super) fn points(points: &[Point]) -> Json {
    points.iter().map(|point| json!({ "label": point.label, "text": point.text })).collect()
}

/// Returns the further readings as `{title, url, why}`.
pub(super) fn further(further: &[Further]) -> Json {
    further
        .iter()
        .map(|entry| json!({ "title": entry.title, "url": entry.url, "why": entry.why }))
        .collect()
}

/// Returns the questions as `{q, a}`.
pub(super) fn questions(questions: &[Question]) -> Json {
    questions.iter().map(|entry| json!({ "q": entry.question, "a": entry.answer })).collect()
}

/// Returns the opinion as `{who, role, quote}`.
pub(super) fn opinion(opinion: &Opinion) -> Json {
    json!({ "who": opinion.who, "role": opinion.role, "quote": opinion.quote })
}

/// Reads the sections out of an object; what has the wrong shape is refused by name.
pub(super) struct Reader<'a> {
    pub(super) object: &'a Map<String, Json>,
    pub(super) findings: &'a mut Findings,
}

impl<'a> Reader<'a> {
    /// Reads a section of paragraphs; `None` when it is absent.
    pub(super) fn prose(&mut self, field: &str) -> Option<Placed<String>> {
        let text = self.text(field, self.object.get(field))?;
        Some(Placed { place: Place::BY_FIELD, value: literal(text) })
    }

    /// Reads `what_this_means`.
    pub(super) fn points(&mut self) -> Vec<Placed<Point>> {
        self.entries("what_this_means", |reader, name, entry| {
            let label = reader.line(&format!("{name}.label"), entry.get("label"));
            let text = reader.required(&name, "text", entry)?;
            Some(Point { label, text: literal(text) })
        })
    }

    /// Reads `extra_information`.
    pub(super) fn further(&mut self) -> Vec<Placed<Further>> {
        self.entries("extra_information", |reader, name, entry| {
            let url = reader.line(&format!("{name}.url"), entry.get("url"));
            let why = reader.text(&format!("{name}.why"), entry.get("why")).map(literal);
            let title = reader.line(&format!("{name}.title"), entry.get("title"));
            if let Some(url) = url.as_ref().filter(|url| !is_web(url)) {
                let message = format!("{}: only http and https are accepted", quoted(url));
                reader.refuse(&format!("{name}.url"), &message);
                return None;
            }
            let title = match title.or_else(|| url.clone()) {
                Some(title) => title,
                None => collapse(reader.required(&name, "title", entry)?),
            };
            Some(Further { title, url, why: why.filter(|why| !why.is_empty()) })
        })
    }

    /// Reads `people_also_ask`.
    pub(super) fn questions(&mut self) -> Vec<Placed<Question>> {
        self.entries("people_also_ask", |reader, name, entry| {
            let answer = reader.text(&format!("{name}.a"), entry.get("a")).map(literal);
            let question = collapse(reader.required(&name, "q", entry)?);
            Some(Question { question, answer: answer.filter(|answer| !answer.is_empty()) })
        })
    }

    /// Reads `expert_opinion`; `None` when it is absent or refused.
    pub(super) fn opinion(&mut self) -> Option<Placed<Opinion>> {
        const FIELD: &str = "expert_opinion";
        let value = self.object.get(FIELD).filter(|value| !value.is_null())?;
        let Json::Object(entry) = value else {
            self.refuse(FIELD, &format!("{} was found: an object is accepted", kind(value)));
            return None;
        };
        let role = self.line("expert_opinion.role", entry.get("role"));
        let who = self.required(FIELD, "who", entry);
        let quote = self.required(FIELD, "quote", entry);
        if who.is_some_and(|who| !who.contains(char::is_alphanumeric)) {
            self.refuse("expert_opinion.who", "a quotation without a name");
            return None;
        }
        let value = Opinion { who: collapse(who?), role, quote: literal(quote?) };
        Some(Placed { place: Place::BY_FIELD, value })
    }

    /// Reads `key_terms`.
    pub(super) fn key_terms(&mut self) -> Vec<Placed<String>> {
        let values = self.list("key_terms");
        let mut terms = Vec::new();
        for (value, index) in values.iter().zip(0_usize..) {
            let text = self.text(&format!("key_terms[{index}]"), Some(value));
            terms.extend(text.and_then(line));
        }
        terms
    }

    fn entries<T>(
        &mut self,
        field: &str,
        read: impl Fn(&mut Self, String, &'a Map<String, Json>) -> Option<T>,
    ) -> Vec<Placed<T>> {
        let mut entries = Vec::new();
        for (value, index) in self.list(field).iter().zip(0_usize..) {
            let name = format!("{field}[{index}]");
            match value {
                Json::Object(entry) => entries.extend(read(self, name, entry)),
                value => {
                    let found = kind(value);
                    self.refuse(&name, &format!("{found} was found: an object is accepted"));
                }
            }
        }
        let placed = |value| Placed { place: Place::BY_FIELD, value };
        entries.into_iter().map(placed).collect()
    }

    fn list(&mut self, field: &str) -> &'a [Json] {
        match self.object.get(field) {
            None | Some(Json::Null) => &[],
            Some(Json::Array(values)) => values,
            Some(value) => {
                self.refuse(field, &format!("{} was found: a list is accepted", kind(value)));
                &[]
            }
        }
    }

    fn text<'v>(&mut self, name: &str, value: Option<&'v Json>) -> Option<&'v str> {
        match value {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) => match control(text) {
                None => Some(text),
                Some((_, message)) => {
                    self.refuse(name, &message);
                    None
                }
            },
            Some(value) => {
                self.refuse(name, &format!("{} was found: a text is accepted", kind(value)));
                None
            }
        }
    }

    fn line(&mut self, name: &str, value: Option<&Json>) -> Option<String> {
        self.text(name, value).and_then(line).map(|line| line.value)
    }

    /// Returns a text that an entry cannot do without.
    fn required<'v>(
        &mut self,
        name: &str,
        key: &str,
        entry: &'v Map<String, Json>,
    ) -> Option<&'v str> {
        let value = entry.get(key).filter(|value| !value.is_null());
        let name = format!("{name}.{key}");
        if value.is_none_or(|value| value.as_str().is_some_and(|text| text.trim().is_empty())) {
            self.refuse(&name, &format!("`{key}` is missing or empty: a text is accepted"));
            return None;
        }
        self.text(&name, value)
    }

    fn refuse(&mut self, name: &str, message: &str) {
        self.findings.refuse_field(Place::BY_FIELD, name, message);
    }
}
