//! The JSON form: objects into drafts, briefs into objects.
//!
//! Text is literal here: no Markdown is looked for. `places` finds the lines of what was
//! refused.

use std::collections::HashSet;

use chrono::SecondsFormat;
use serde_json::{Map, Value as Json, json};

use super::FallbackId;
use super::check;
use super::draft::{Draft, Placed};
use super::inline::collapse;
use super::json_sections as parts;
use super::lines::place_of;
use super::metadata::{self, Field, Value};
use super::places;
use super::report::{Findings, Place, Report, around};
use crate::model::{Brief, Origin, Timestamp};

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// Returns the brief with the field names of `brief-documents.md`; absent fields are null.
///
/// The origin is added where it is not `stored`; a reader does not keep it.
pub fn to_json(brief: &Brief) -> Json {
    let moment =
        |at: Option<Timestamp>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    let mut object = json!({
        "id": brief.id.as_str(),
        "title": brief.title,
        "lang": brief.lang,
        "summary": brief.summary,
        "what_this_means": parts::points(&brief.points),
        "original_post": brief.original_post,
        "extra_information": parts::further(&brief.further),
        "people_also_ask": parts::questions(&brief.questions),
        "expert_opinion": brief.opinion.as_ref().map(parts::opinion),
        "key_terms": brief.key_terms,
        "source_url": brief.source_url,
        "date": moment(brief.date),
        "created": moment(brief.created),
        "updated": moment(brief.updated),
        "expires": moment(brief.expires),
        "author": brief.author,
        "status": brief.status.as_str(),
        "urls": brief.urls,
        "guids": brief.guids,
        "pin": brief.pin,
        "block": brief.block,
    });
    if let (Some(object), false) = (object.as_object_mut(), brief.origin == Origin::Stored) {
        object.insert("origin".to_owned(), json!(brief.origin.to_string()));
    }
    object
}

/// Reads one brief, or each of a list.
pub(super) fn read(text: &str, fallback: FallbackId<'_>, now: Timestamp) -> Vec<Report> {
    let value = match parse(text) {
        Ok(value) => value,
        Err(findings) => return vec![findings.into_report(None)],
    };
    let mut found: Vec<(Option<Brief>, Findings)> = Vec::new();
    let mut prefixes: Vec<String> = Vec::new();
    match value {
        Json::Array(values) => {
            let fallback = if values.len() == 1 { fallback } else { FallbackId::Hash };
            for (value, index) in values.iter().zip(0_usize..) {
                let (brief, mut findings) = read_one(value, fallback, now);
                findings.name_all(&format!("brief {index}: "));
                found.push((brief, findings));
                prefixes.push(format!("[{index}]"));
            }
        }
        value => {
            found.push(read_one(&value, fallback, now));
            prefixes.push(String::new());
        }
    }
    locate(text, &mut found, &prefixes);
    found.into_iter().map(|(brief, findings)| findings.into_report(brief)).collect()
}

fn parse(text: &str) -> Result<Json, Findings> {
    let mut findings = Findings::default();
    if let Some(place) = places::deeper_than(text, MAX_DEPTH) {
        findings.refuse(place, format!("the JSON is nested deeper than {MAX_DEPTH} levels"));
        return Err(findings);
    }
    serde_json::from_str(text).map_err(|error| {
        let reason = error.to_string();
        // The place is told by the finding.
        let reason = reason.split(" at line ").next().unwrap_or(&reason);
        findings.refuse(place_of_error(text, &error), format!("the JSON: {reason}"));
        findings
    })
}

/// Returns an error's place with its column in characters; serde counts bytes.
fn place_of_error(text: &str, error: &serde_json::Error) -> Place {
    let above = error.line().saturating_sub(1);
    let start: usize = text.split('\n').take(above).map(|line| line.len() + 1).sum();
    place_of(text, start + error.column().saturating_sub(1))
}

fn read_one(value: &Json, fallback: FallbackId<'_>, now: Timestamp) -> (Option<Brief>, Findings) {
    let mut findings = Findings::default();
    let Json::Object(object) = value else {
        let kind = kind(value);
        findings.refuse(Place::BY_FIELD, format!("{kind} was found: a brief is an object"));
        return (None, findings);
    };
    let draft = draft(object, &mut findings);
    (check::brief(draft, fallback, now, &mut findings), findings)
}

fn draft(object: &Map<String, Json>, findings: &mut Findings) -> Draft {
    let (mut draft, mut uncounted) = (Draft::default(), Draft::default());
    for name in metadata::NAMES {
        let canonical = metadata::canonical(name);
        let given = object.get(name).filter(|value| !value.is_null());
        let named = canonical != name && object.get(canonical).is_some_and(|v| !v.is_null());
        let Some(value) = given else { continue };
        if name == "origin" && !value.is_string() {
            continue;
        }
        let value = metadata_value(value);
        let field = Field { name: name.to_owned(), place: Place::BY_FIELD, value };
        // An alias counts where the name itself is absent; it is of its kind all the same.
        let taker = if named { &mut uncounted } else { &mut draft };
        metadata::set(taker, field, findings);
    }
    let mut reader = parts::Reader { object, findings };
    draft.summary = reader.prose("summary");
    draft.original_post = reader.prose("original_post");
    draft.points = reader.points();
    draft.further = reader.further();
    draft.questions = reader.questions();
    draft.opinion = reader.opinion();
    draft.key_terms = reader.key_terms();
    draft
}

fn metadata_value(value: &Json) -> Value {
    match value {
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(values) => {
            let texts = values.iter().filter(|value| !value.is_null()).map(Json::as_str);
            let texts: Option<Vec<&str>> = texts.collect();
            texts.map_or(Value::Other("a list of more than texts"), |texts| {
                let placed = |text: &str| (Place::BY_FIELD, text.to_owned());
                Value::List(texts.into_iter().map(placed).collect())
            })
        }
        value => Value::Other(kind(value)),
    }
}

/// Returns what a value is, for messages.
pub(super) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a truth value",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// Returns text with its white space in order: trimmed, `\n` at line ends, paragraphs parted by
/// one empty line; otherwise literal.
pub(super) fn literal(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut paragraphs: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.split('\n') {
        if line.trim().is_empty() {
            open = false;
            continue;
        }
        match paragraphs.last_mut().filter(|_| open) {
            Some(paragraph) => {
                paragraph.push('\n');
                paragraph.push_str(line);
            }
            None => paragraphs.push(line.to_owned()),
        }
        open = true;
    }
    let trimmed: Vec<&str> = paragraphs.iter().map(|paragraph| paragraph.trim()).collect();
    trimmed.join("\n\n")
}

/// Returns a one-line text at the place of its field, unless it is empty.
pub(super) fn line(text: &str) -> Option<Placed<String>> {
    let value = collapse(text);
    (!value.is_empty()).then_some(Placed { place: Place::BY_FIELD, value })
}

/// Looks up the places of all findings in one pass over the text.
fn locate(text: &str, found: &mut [(Option<Brief>, Findings)], prefixes: &[String]) {
    let mut wanted: HashSet<String> = HashSet::new();
    for ((_, findings), prefix) in found.iter().zip(prefixes) {
        for field in findings.unplaced() {
            wanted.extend(around(field).map(|name| places::join(prefix, name)));
        }
        wanted.insert(prefix.clone());
    }
    if found.iter().all(|(_, findings)| findings.settled()) {
        return;
    }
    let places = places::find(text, &wanted);
    for ((_, findings), prefix) in found.iter_mut().zip(prefixes) {
        findings.locate(|field| places.get(&places::join(prefix, field)).copied());
    }
}
