//! YAML front matter: one mapping of names to texts and lists of texts.
//!
//! Read by the 1.2 core schema, in which only `null`, `~` and nothing are not texts here. Aliases
//! and anchors are refused, so that a small text stays small.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use super::lines::count;
use super::metadata::{Field, Value};
use super::report::{Findings, Place};

/// Reads the mapping in a YAML text that begins below line `above`.
pub(super) fn fields(text: &str, above: u32, findings: &mut Findings) -> Vec<Field> {
    let mut reader = Reader { fields: Vec::new(), state: State::Start, above, findings };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                if !reader.take(&event, span) {
                    break;
                }
            }
            Err(error) => {
                let place = reader.place(*error.marker());
                let message = format!("the YAML front matter: {}", error.info());
                reader.findings.refuse(place, message);
                break;
            }
        }
    }
    reader.fields
}

struct Reader<'f> {
    fields: Vec<Field>,
    state: State,
    above: u32,
    findings: &'f mut Findings,
}

enum State {
    Start,
    Key,
    /// Below a key with that name.
    Value(String, Place),
    List(String, Place, Vec<(Place, String)>),
}

impl Reader<'_> {
    fn place(&self, marker: Marker) -> Place {
        Place { line: self.above + count(marker.line()), column: count(marker.col() + 1) }
    }

    fn refuse(&mut self, place: Place, message: &str) -> bool {
        self.findings.refuse(place, message);
        false
    }

    /// Takes an event; returns false after what makes going on senseless.
    fn take(&mut self, event: &Event<'_>, span: Span) -> bool {
        let place = self.place(span.start);
        if anchored(event) {
            return self.refuse(place, "an anchor or alias was found: write the value out");
        }
        match (std::mem::replace(&mut self.state, State::Key), event) {
            (
                state,
                Event::StreamStart
                | Event::StreamEnd
                | Event::Nothing
                | Event::DocumentStart(_)
                | Event::DocumentEnd,
            ) => self.state = state,
            (State::Start, Event::MappingStart(..)) | (State::Key, Event::MappingEnd) => {}
            (State::Start, Event::Scalar(text, style, ..)) if is_null(text, *style) => {}
            (State::Start, _) => {
                return self.refuse(place, "front matter is a list of `key: value`");
            }
            (State::Key, Event::Scalar(name, ..)) => {
                self.state = State::Value(name.to_string(), place);
            }
            (State::Key, _) => return self.refuse(place, "a key is one word"),
            (State::Value(name, at), Event::SequenceStart(..)) => {
                self.state = State::List(name, at, Vec::new());
            }
            (State::Value(name, place), Event::Scalar(text, style, ..)) => {
                let value = scalar(text, *style).map_or(Value::Null, Value::Text);
                self.fields.push(Field { name, place, value });
            }
            (State::List(name, place, values), Event::SequenceEnd) => {
                self.fields.push(Field { name, place, value: Value::List(values) });
            }
            (State::List(name, at, mut values), Event::Scalar(text, style, ..)) => {
                values.extend(scalar(text, *style).map(|text| (place, text)));
                self.state = State::List(name, at, values);
            }
            (State::Value(..) | State::List(..), _) => {
                return self.refuse(place, "a value is a text or a list of texts");
            }
        }
        true
    }
}

fn anchored(event: &Event<'_>) -> bool {
    match event {
        Event::Alias(_) => true,
        Event::Scalar(_, _, anchor, _)
        | Event::SequenceStart(anchor, _)
        | Event::MappingStart(anchor, _) => *anchor != 0,
        _ => false,
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Option<String> {
    (!is_null(text, style)).then(|| text.to_owned())
}

fn is_null(text: &str, style: ScalarStyle) -> bool {
    style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
