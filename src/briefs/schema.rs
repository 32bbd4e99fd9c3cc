//! The published JSON Schema of the JSON form.

use serde_json::{Value, json};

/// Returns the schema (draft 2020-12) of one brief.
///
/// It says what a schema can say: kinds, required fields and limits in characters. Limits in
/// bytes and the order of dates are checked by the reader alone.
pub fn json_schema() -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "brief",
        "description": "A structured note on a story. Null counts as absent; unknown fields are ignored.",
        "type": "object",
        "required": ["summary"],
    });
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("properties".to_owned(), properties());
    }
    schema
}

fn properties() -> Value {
    json!({
        "id": {
            "type": ["string", "null"],
            "pattern": "^\\s*((?!\\.{1,2}\\s*$)[\\p{L}\\p{N}._~-]{1,128})?\\s*$",
            "description": "Absent: the file's stem, else a hash.",
        },
        "title": text("Absent: the first sentence of the summary."),
        "lang": text("BCP 47."),
        "summary": {
            "type": "string", "minLength": 1, "maxLength": 8192,
            "description": "Plain text, at most 8 KiB; paragraphs are parted by one empty line.",
        },
        "what_this_means": list(64, &object(&["text"], &json!({
            "label": text("The words before the colon."),
            "text": required(),
        }))),
        "original_post": {
            "type": ["string", "null"], "maxLength": 65536,
            "description": "An excerpt of the source item, at most 64 KiB.",
        },
        "extra_information": list(64, &object(&[], &json!({
            "title": text("What is there; absent: the address."),
            "url": web("Where it is."),
            "why": text("Why it is worth reading."),
        }))),
        "people_also_ask": list(64, &object(&["q"], &json!({
            "q": required(),
            "a": text("The answer."),
        }))),
        "expert_opinion": nullable(object(&["who", "quote"], &json!({
            "who": required(),
            "role": text("Office or standing."),
            "quote": required(),
        }))),
        "key_terms": list(100, &json!({ "type": ["string", "null"], "maxLength": 120 })),
        "source_url": web("The story's address."),
        "date": moment("When the story was current."),
        "created": moment("When the brief was written."),
        "updated": moment("When the brief was last edited."),
        "expires": moment("From then on it matches nothing new; after `created`."),
        "author": text("Who wrote it."),
        "status": {
            "enum": ["active", "draft", "retracted", "expired", "", null],
            "default": "active",
            "description": "Only active briefs match.",
        },
        "urls": texts(Some(100)),
        "guids": texts(Some(100)),
        "pin": texts(None),
        "block": texts(None),
        "language": text("An alias of `lang`."),
        "pins": texts(None),
        "blocks": texts(None),
    })
}

fn text(description: &str) -> Value {
    json!({ "type": ["string", "null"], "description": description })
}

fn required() -> Value {
    json!({ "type": "string", "pattern": "\\S" })
}

fn web(description: &str) -> Value {
    json!({
        "type": ["string", "null"], "pattern": "^\\s*([Hh][Tt][Tt][Pp][Ss]?://.+)?$",
        "description": description,
    })
}

fn moment(description: &str) -> Value {
    let description = format!("{description} RFC 3339, or a bare date as midnight UTC.");
    json!({
        "type": ["string", "null"], "pattern": "^\\s*(\\d{4}-\\d{2}-\\d{2}.*)?$",
        "description": description,
    })
}

fn list(most: usize, items: &Value) -> Value {
    json!({ "type": ["array", "null"], "maxItems": most, "items": items })
}

/// Returns a list of texts, for which one text may stand alone.
fn texts(most: Option<usize>) -> Value {
    let mut schema = json!({
        "type": ["array", "string", "null"],
        "items": { "type": ["string", "null"] },
    });
    if let (Some(schema), Some(most)) = (schema.as_object_mut(), most) {
        schema.insert("maxItems".to_owned(), json!(most));
    }
    schema
}

fn object(required: &[&str], properties: &Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties })
}

fn nullable(mut schema: Value) -> Value {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!(["object", "null"]);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::briefs::{metadata, to_json};
    use crate::model::{Brief, BriefId};

    #[test]
    fn the_schema_names_every_field_that_is_written_and_read() {
        let schema = json_schema();
        let named = schema["properties"].as_object().expect("properties");
        let brief = Brief::new(BriefId::new("a").expect("an id"), "b", "c");
        let written = to_json(&brief);
        for field in written.as_object().expect("an object").keys() {
            assert!(named.contains_key(field), "{field}");
        }
        for field in metadata::NAMES.into_iter().filter(|name| *name != "origin") {
            assert!(named.contains_key(field), "{field}");
        }
    }
}
