//! What `openapi.json` promises is what is answered: every call is made, and each answer is held to the
//! schema of its status.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what is not as it is looked at fails the test"
)]

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::desk::{Daemon, Desk, feed};
use crate::origin::{Answer, Got};
use crate::serving::TOKEN;

/// The document, and which of its calls were made.
struct Promise<'d> {
    daemon: &'d Daemon,
    document: Value,
    made: BTreeSet<String>,
}

impl<'d> Promise<'d> {
    fn of(daemon: &'d Daemon) -> Self {
        let got = daemon.ask("GET", "api/openapi.json", &[TOKEN], b"");
        assert_eq!(got.header("Content-Type").unwrap(), "application/json");
        let document = serde_json::from_slice(&got.body).unwrap();
        Self { daemon, document, made: BTreeSet::new() }
    }

    /// Calls, and holds the answer to what is promised of it.
    #[track_caller]
    fn call(
        &mut self,
        call: &str,
        names: &[&str],
        status: u16,
        (headers, body): (&[(&str, &str)], &str),
    ) -> Got {
        let (method, template) = call.split_once(' ').unwrap();
        self.made.insert(call.to_owned());
        let mut path = template.trim_start_matches('/').to_owned();
        for name in names.iter().filter(|name| !name.starts_with('?')) {
            let (open, end) = (path.find('{').unwrap(), path.find('}').unwrap());
            path.replace_range(open..=end, name);
        }
        path += names.iter().find(|name| name.starts_with('?')).unwrap_or(&"");
        let headers = [&[TOKEN], headers].concat();
        let got = self.daemon.ask(method, &path, &headers, body.as_bytes());
        assert_eq!(got.status, status, "{call}: {}", got.text());
        self.hold(call, &got);
        got
    }

    #[track_caller]
    fn hold(&self, call: &str, got: &Got) {
        let (method, template) = call.split_once(' ').unwrap();
        let told = &self.document["paths"][template][method.to_lowercase()];
        let told = &told["responses"][got.status.to_string()];
        assert!(told.is_object(), "{call}: {} is not promised", got.status);
        let told = self.followed(told);
        let Some(content) = told.get("content").and_then(Value::as_object) else {
            assert!(got.body.is_empty(), "{call}");
            return;
        };
        let kind = got.header("Content-Type").unwrap();
        let kind = kind.split(';').next().unwrap();
        let schema = &content.get(kind).unwrap_or_else(|| panic!("{call}: {kind}"))["schema"];
        let value = match kind {
            "application/json" => serde_json::from_slice(&got.body).unwrap(),
            _ => Value::String(got.text()),
        };
        let faults = self.faults(schema, &value, "");
        assert!(faults.is_empty(), "{call} {}: {faults:?}", got.status);
    }

    fn followed<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let Some(place) = schema.get("$ref").and_then(Value::as_str) else { return schema };
        self.document.pointer(place.trim_start_matches('#')).unwrap()
    }

    /// Returns where a value is not as its schema says; knows the words that ours use and no others.
    fn faults(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let schema = self.followed(schema).as_object().unwrap();
        let mut faults = Vec::new();
        let mut unless = |is_so: bool, what: String| {
            if !is_so {
                faults.push(format!("{at}: {what}"));
            }
        };
        for (word, wanted) in schema {
            match word.as_str() {
                "description" | "default" | "properties" | "additionalProperties" | "items" => {}
                "type" => {
                    let kinds = wanted.as_array().cloned().unwrap_or(vec![wanted.clone()]);
                    let is_one = kinds.iter().any(|kind| is_of(kind.as_str().unwrap(), value));
                    unless(is_one, format!("{value} is no {wanted}"));
                }
                "required" => {
                    for name in wanted.as_array().unwrap() {
                        unless(value.get(name.as_str().unwrap()).is_some(), format!("no {name}"));
                    }
                }
                "enum" => unless(wanted.as_array().unwrap().contains(value), format!("{value}")),
                "const" => unless(wanted == value, format!("{value}")),
                "minimum" => unless(value.as_f64() >= wanted.as_f64(), format!("{value}")),
                "format" => {
                    assert_eq!(wanted, "date-time");
                    let text = value.as_str().unwrap_or("2026-01-01T00:00:00Z");
                    unless(chrono::DateTime::parse_from_rfc3339(text).is_ok(), text.to_owned());
                }
                "anyOf" => {
                    let mut ways = wanted.as_array().unwrap().iter();
                    let is_one = ways.any(|way| self.faults(way, value, at).is_empty());
                    unless(is_one, format!("{value} is none of {wanted}"));
                }
                other => panic!("{at}: `{other}` is not looked at"),
            }
        }
        let none = Map::new();
        let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        for (name, below) in value.as_object().into_iter().flatten() {
            match known.get(name) {
                Some(schema) => faults.extend(self.faults(schema, below, &format!("{at}/{name}"))),
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    faults.push(format!("{at}/{name} is not promised"));
                }
                None => {}
            }
        }
        for (number, below) in value.as_array().into_iter().flatten().enumerate() {
            let schema = schema.get("items").expect("of what a list is");
            faults.extend(self.faults(schema, below, &format!("{at}/{number}")));
        }
        faults
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    }
}

const JSON: (&str, &str) = ("Content-Type", "application/json");
const NONE: (&[(&str, &str)], &str) = (&[], "");
const WALL: &str = r#"{"id": "wall", "summary": "It gave way.", "urls": ["https://wire.example.org/wall"],
    "what_this_means": [{"text": "Text."}], "people_also_ask": [{"q": "Why?"}], "expert_opinion": {"who": "A", "quote": "B."},
    "extra_information": [{"url": "https://example.org/"}], "key_terms": ["harbour wall"], "date": "2026-11-01"}"#;

#[test]
fn every_call_answers_as_the_document_says() {
    let desk = Desk::new(&["wire", "post"]);
    desk.origin
        .script("/wire", Answer::ok(feed(&[("wall", "Wall", "The wall gave way. It fell.")])));
    desk.origin.script("/post", Answer::status(500));
    desk.poll();
    desk.write("briefs/filed.md", "## Summary\n\nFrom a file.\n");
    desk.write("briefs/bad.md", "Nothing.\n");
    let daemon = desk.start();
    daemon.until("briefs/filed", |got| got.status == 200);
    let item = desk.items()[0]["item_id"].as_str().unwrap().to_owned();
    let mut promise = Promise::of(&daemon);
    let p = &mut promise;
    p.call("GET /api/openapi.json", &[], 200, NONE);
    briefs(p);
    p.call("GET /api/items", &["?limit=5"], 200, NONE);
    p.call("GET /api/items", &["?limit=five"], 400, NONE);
    p.call("GET /api/items/{id}", &[&item], 200, NONE);
    p.call("GET /api/items/{id}", &["00000000000000000000000000000000"], 404, NONE);
    p.call("GET /api/items/{id}/why", &[&item], 200, NONE);
    p.call("GET /api/items/{id}/why", &["x"], 400, NONE);
    for kind in ["pins", "blocks"] {
        let path = format!("/api/{kind}/{{item}}/{{brief}}");
        p.call(&format!("PUT {path}"), &[&item, "wall"], 200, NONE);
        p.call(&format!("DELETE {path}"), &[&item, "wall"], 200, NONE);
        p.call(&format!("PUT {path}"), &["00000000000000000000000000000000", "wall"], 404, NONE);
    }
    p.call("GET /api/sources", &[], 200, NONE);
    for name in ["wire", "post"] {
        p.call("GET /api/sources/{id}", &[name], 200, NONE);
    }
    p.call("PUT /api/sources/{id}/pause", &["wire"], 200, NONE);
    p.call("GET /api/sources/{id}", &["wire"], 200, NONE);
    p.call("POST /api/sources/{id}/poll", &["wire"], 200, NONE);
    p.call("DELETE /api/sources/{id}/pause", &["wire"], 200, NONE);
    p.call("DELETE /api/sources/{id}/pause", &["none"], 404, NONE);
    p.call("GET /api/status", &[], 200, NONE);
    p.call("GET /api/health", &[], 200, NONE);
    p.call("DELETE /api/vanished-briefs", &[], 200, NONE);
    p.call("POST /api/reload", &[], 200, NONE);
    desk.write("c.toml", "[server]\nlisten = 5\n");
    p.call("POST /api/reload", &[], 422, NONE);
    let all = p.document["paths"].as_object().unwrap().iter().flat_map(|(path, ways)| {
        let methods = ways.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    let missed: Vec<String> = all.filter(|call| !p.made.contains(call)).collect();
    assert!(missed.is_empty(), "never called: {missed:?}");
    p.hold("GET /api/status", &daemon.get("api/status"));
    for _ in 0..11 {
        let wrong = ("Authorization", "Bearer wrong");
        p.hold("GET /api/status", &daemon.ask("GET", "api/status", &[wrong], b""));
    }
}

fn briefs(p: &mut Promise<'_>) {
    let one = "/api/briefs/{id}";
    let made = p.call("POST /api/briefs", &[], 201, (&[JSON], WALL));
    assert_eq!(made.header("Location").as_deref(), Some("briefs/wall"));
    p.call("POST /api/briefs", &[], 200, (&[JSON], WALL));
    p.call("POST /api/briefs", &[], 422, (&[JSON], "{\"titel\": 1}"));
    p.call("POST /api/briefs", &[], 415, (&[("Content-Type", "image/png")], ""));
    let text = ("Content-Type", "text/markdown");
    p.call(&format!("PUT {one}"), &["note"], 201, (&[text], "## Summary\n\nA note.\n"));
    p.call(&format!("PUT {one}"), &["filed"], 409, (&[text], "## Summary\n\nA note.\n"));
    p.call(
        &format!("PUT {one}"),
        &["note"],
        412,
        (&[JSON, ("If-Match", "\"x\"")], WALL.replace("wall", "note").as_str()),
    );
    p.call(&format!("PUT {one}"), &["note"], 422, (&[JSON], WALL));
    p.call(&format!("PUT {one}"), &["note"], 400, (&[("If-Match", "x")], WALL));
    p.call(&format!("PUT {one}"), &["note"], 413, (&[JSON], &"x".repeat((1 << 20) + 1)));
    p.call("GET /api/briefs", &["?q=gave"], 200, NONE);
    p.call("GET /api/briefs", &["?limit=x"], 400, NONE);
    let got = p.call(&format!("GET {one}"), &["wall"], 200, NONE);
    let tag = got.header("ETag").unwrap();
    p.call(&format!("GET {one}"), &["wall"], 304, (&[("If-None-Match", &tag)], ""));
    p.call(&format!("GET {one}"), &["wall", "?format=markdown"], 200, NONE);
    p.call(&format!("GET {one}"), &["none"], 404, NONE);
    p.call(&format!("DELETE {one}"), &["note"], 412, (&[("If-Match", &tag)], ""));
    p.call(&format!("DELETE {one}"), &["note"], 200, NONE);
    p.call(&format!("DELETE {one}"), &["note"], 404, NONE);
}
