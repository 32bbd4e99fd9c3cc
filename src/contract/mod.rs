//! The JSON that the outside sees. Nothing here reads or decides; it only writes down.

pub mod feed;
pub mod item;
pub mod matching;
pub mod reload;
pub mod source;

use serde_json::{Map, Value};

use crate::model::Timestamp;

/// Returns a time as RFC 3339 in UTC with `Z`, to the second.
pub fn time(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns an object of the given fields, absent ones left out.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect::<Map<String, Value>>())
}

/// Returns a score with two decimals, as every surface prints it.
fn score(score: f64) -> Value {
    let rounded = libm::round(score * 100.0) / 100.0;
    serde_json::Number::from_f64(rounded).map_or(Value::Null, Value::Number)
}
