//! Front matter: where it begins and ends, and its TOML form. `yaml` reads the other.

use toml::de::{DeTable, DeValue};

use super::draft::Draft;
use super::lines::{Line, LineIndex};
use super::metadata::{self, Field, Value};
use super::report::{Findings, MAX_FINDINGS, Place};
use super::yaml;

/// Reads the front matter that `lines` begin with, and returns how many lines it takes.
///
/// 0 when there is none; `None`, with the reason in `findings`, when it is not closed.
pub(super) fn read(
    lines: &[Line<'_>],
    draft: &mut Draft,
    findings: &mut Findings,
) -> Option<usize> {
    let first = lines.iter().position(|line| !line.is_blank()).unwrap_or(0);
    let Some(fence) = lines.get(first).and_then(|line| fence(&line.text)) else { return Some(0) };
    let place = lines.get(first).map_or(Place::TOP, |line| line.place);
    let closes = |line: &Line<'_>| {
        let text = line.text.trim_end();
        text == fence || (fence == "---" && text == "...")
    };
    let Some(length) = lines.iter().skip(first + 1).position(closes) else {
        let message = format!("the front matter is not closed: it ends with a line `{fence}`");
        findings.refuse(place, message);
        return None;
    };
    let inner: Vec<&str> =
        lines.iter().skip(first + 1).take(length).map(|line| line.text.as_ref()).collect();
    let inner = inner.join("\n");
    let fields = match fence {
        "---" => yaml::fields(&inner, place.line, findings),
        _ => toml_fields(&inner, place.line, findings),
    };
    take(fields, draft, findings);
    Some(first + length + 2)
}

fn fence(line: &str) -> Option<&'static str> {
    ["---", "+++"].into_iter().find(|fence| line.trim_end() == *fence)
}

/// Puts the fields into the draft; refuses unknown names and second values.
fn take(fields: Vec<Field>, draft: &mut Draft, findings: &mut Findings) {
    let mut seen: Vec<String> = Vec::new();
    for field in fields {
        if !metadata::NAMES.contains(&field.name.as_str()) {
            metadata::refuse_unknown(&field.name, field.place, findings);
            continue;
        }
        let name = metadata::canonical(&field.name).to_owned();
        if seen.contains(&name) {
            findings.refuse_field(field.place, &name, format!("`{name}` is given twice"));
            continue;
        }
        seen.push(name);
        metadata::set(draft, field, findings);
    }
}

/// Reads the top-level keys of a TOML text that begins below line `above`.
fn toml_fields(text: &str, above: u32, findings: &mut Findings) -> Vec<Field> {
    let index = LineIndex::new(text);
    let place = |offset: usize| {
        let place = index.place_of(offset);
        Place { line: place.line + above, ..place }
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors.iter().take(MAX_FINDINGS) {
        let at = place(error.span().map_or(0, |span| span.start));
        findings.refuse(at, format!("the TOML front matter: {}", error.message()));
    }
    if !errors.is_empty() {
        return Vec::new();
    }
    let mut fields: Vec<Field> = Vec::new();
    for (key, value) in table.into_inner() {
        let at = place(key.span().start);
        let name = key.into_inner().into_owned();
        fields.push(Field { name, place: at, value: toml_value(value.get_ref(), at) });
    }
    fields.sort_by_key(|field| field.place);
    fields
}

fn toml_value(value: &DeValue<'_>, at: Place) -> Value {
    if let Some(text) = toml_text(value) {
        return Value::Text(text);
    }
    let DeValue::Array(values) = value else { return Value::Other("a table") };
    let texts: Option<Vec<String>> =
        values.iter().map(|value| toml_text(value.get_ref())).collect();
    texts.map_or(Value::Other("a list of more than texts"), |texts| {
        Value::List(texts.into_iter().map(|text| (at, text)).collect())
    })
}

/// Returns a scalar as it would be written.
fn toml_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(word) => Some(word.to_string()),
        DeValue::Datetime(moment) => Some(moment.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::briefs::lines::split;

    /// The title, id and URLs that front matter gives, then its errors.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut findings = Findings::default();
        let mut draft = Draft::default();
        let taken = read(&split(text), &mut draft, &mut findings);
        let mut found = vec![taken.map_or("-".to_owned(), |taken| taken.to_string())];
        found.extend([draft.id, draft.title].into_iter().flatten().map(|text| text.value));
        found.extend(draft.urls.into_iter().map(|url| url.value));
        for error in findings.into_report(None).errors {
            found.push(format!("{}:{}", error.line, error.column));
        }
        assert_eq!(found.join(" "), expected);
    }

    #[test]
    fn yaml_and_toml_are_read() {
        check("---\nid: a\ntitle: \"b: c\"\nurls:\n  - d\n  - e\n---\nx", "7 a b: c d e");
        check("+++\nid = 'a'\ntitle = \"b\"\nurls = ['d']\n+++\nx", "5 a b d");
        check("\n---\nid: a\n...\n", "4 a");
        check("Summary: x", "0");
    }

    #[test]
    fn yaml_is_read_by_the_core_schema() {
        check("---\nid: no\ntitle: 2024\nurls: [on, ~]\n---", "5 no 2024 on");
        check("---\nid: null\ntitle:\n---", "4");
    }

    #[test]
    fn aliases_and_anchors_are_refused() {
        check("---\nid: a\ntitle: &x b\n---", "4 a 3:8");
        check("---\nid: *x\n---", "3 2:5");
    }

    #[test]
    fn unknown_and_repeated_keys_are_refused() {
        check("---\nid: a\ntitel: b\n---", "4 a 3:1");
        check("---\nid: a\nid: b\n---", "4 a 3:1");
        check("+++\nid = 'a'\ntitel = 'b'\n+++", "4 a 3:1");
        check("+++\nid = 'a'\n[table]\nx = 1\n+++", "5 a 3:2");
        check("---\nlang: a\nlanguage: b\n---", "4 3:1");
    }

    #[test]
    fn unclosed_front_matter_is_refused_at_its_first_line() {
        check("---\nid: a\nSummary: x", "- 1:1");
        check("\n+++\nid = 'a'", "- 2:1");
    }

    #[test]
    fn syntax_errors_have_their_place() {
        check("+++\nid = \n+++", "3 2:6");
        check("---\nid: \"a\" b\n---", "3 2:9");
        check("---\n- a\n---", "3 2:1");
    }

    #[test]
    fn toml_dates_may_be_bare() {
        let mut findings = Findings::default();
        let mut draft = Draft::default();
        read(
            &split("+++\ndate = 2024-05-01\ncreated = 2024-05-01T00:00:00Z\n+++"),
            &mut draft,
            &mut findings,
        );
        assert!(!findings.refused());
        assert_eq!(draft.date, draft.created);
    }
}
