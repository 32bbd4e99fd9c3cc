//! An endpoint's answer, from the body of a response to the object the model wrote.

use serde_json::{Map, Value};

use super::Unsound;
use super::commands::speaks_as_model;

/// What the model wrote: an object, its sections not looked at yet.
pub(super) type Written = Map<String, Value>;

/// Returns what an answer cost by its own account, whether it is sound or not.
pub fn tokens_used(body: &[u8]) -> Option<u32> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let usage = body.get("usage")?;
    let part = |name: &str| usage.get(name).and_then(Value::as_u64);
    let total = part("total_tokens")
        .or_else(|| Some(part("prompt_tokens")?.saturating_add(part("completion_tokens")?)))?;
    Some(u32::try_from(total).unwrap_or(u32::MAX))
}

/// Returns the object that the model wrote.
pub(super) fn written(body: &[u8]) -> Result<Written, Unsound> {
    let body: Value =
        serde_json::from_slice(body).map_err(|error| Unsound::NoJson(error.to_string()))?;
    let choice = body.get("choices").and_then(|choices| choices.get(0)).ok_or(Unsound::NoChoice)?;
    match choice.get("finish_reason").and_then(Value::as_str) {
        Some("length") => return Err(Unsound::CutOff),
        Some("content_filter") => return Err(Unsound::Refused),
        _ => {}
    }
    let message = choice.get("message").ok_or(Unsound::NoChoice)?;
    let refusal = message.get("refusal").and_then(Value::as_str);
    if refusal.is_some_and(|refusal| !refusal.trim().is_empty()) {
        return Err(Unsound::Refused);
    }
    let content = message.get("content").and_then(content).ok_or(Unsound::NoChoice)?;
    object(&content)
}

/// Returns the text of a message: a string, or the texts among its parts.
fn content(content: &Value) -> Option<String> {
    if let Some(text) = content.as_str() {
        return (!text.trim().is_empty()).then(|| text.to_owned());
    }
    let parts = content.as_array()?.iter();
    let texts = parts.filter(|part| part.get("type").is_none_or(|kind| kind == "text"));
    let text: String = texts.filter_map(|part| part.get("text")?.as_str()).collect();
    (!text.trim().is_empty()).then_some(text)
}

/// Reads the object in a text; small models think aloud before it and put fences around it.
fn object(content: &str) -> Result<Written, Unsound> {
    let text =
        content.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').trim_end();
    let text = match text.strip_prefix("<think>") {
        Some(thoughts) => thoughts.split_once("</think>").ok_or(Unsound::CutOff)?.1.trim(),
        None => text,
    };
    let text = match text.strip_prefix("```") {
        Some(fenced) => {
            let inside = fenced.split_once('\n').map_or(fenced, |(_, inside)| inside);
            inside.rsplit_once("```").map_or(inside, |(inside, _)| inside).trim()
        }
        None => text,
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(written)) => Ok(written),
        Ok(other) => Err(Unsound::WrongShape(format!("{} instead of an object", kind(&other)))),
        Err(_) if !text.starts_with(['{', '[']) && speaks_as_model(text) => Err(Unsound::Refused),
        Err(error) => Err(Unsound::NoJson(error.to_string())),
    }
}

/// Returns what a value is, as people call it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(content: &Value) -> Vec<u8> {
        json!({ "choices": [{ "message": { "content": content } }] }).to_string().into_bytes()
    }

    #[test]
    fn the_object_is_found_behind_thoughts_and_in_fences() {
        let parts =
            json!([{ "type": "text", "text": "{\"a\"" }, { "type": "text", "text": ":1}" }]);
        for content in [
            json!("{\"a\":1}"),
            json!(" \u{feff}{\"a\":1}\n"),
            json!("```json\n{\"a\":1}\n```"),
            json!("<think>hm {</think>\n```\n{\"a\":1}\n```"),
            parts,
        ] {
            assert_eq!(written(&body(&content)).map(|w| w.len()), Ok(1), "{content}");
        }
    }

    #[test]
    fn what_is_no_answer_says_why() {
        let of = |choice: Value| written(json!({ "choices": [choice] }).to_string().as_bytes());
        assert!(matches!(written(b"<html>"), Err(Unsound::NoJson(_))));
        assert_eq!(written(b"{}"), Err(Unsound::NoChoice));
        assert_eq!(written(br#"{"choices":[]}"#), Err(Unsound::NoChoice));
        assert_eq!(of(json!({ "message": { "content": null } })), Err(Unsound::NoChoice));
        assert_eq!(of(json!({ "finish_reason": "length" })), Err(Unsound::CutOff));
        assert_eq!(of(json!({ "message": { "refusal": "no" } })), Err(Unsound::Refused));
        assert_eq!(written(&body(&json!("I'm sorry, I cannot."))), Err(Unsound::Refused));
        assert!(matches!(written(&body(&json!("Sure: {"))), Err(Unsound::NoJson(_))));
        assert!(matches!(written(&body(&json!("[1]"))), Err(Unsound::WrongShape(_))));
        assert!(matches!(written(&body(&json!("[".repeat(9999)))), Err(Unsound::NoJson(_))));
    }

    #[test]
    fn what_an_answer_cost_is_told_in_any_case() {
        assert_eq!(tokens_used(br#"{"usage":{"total_tokens":12},"error":1}"#), Some(12));
        assert_eq!(tokens_used(br#"{"usage":{"prompt_tokens":1,"completion_tokens":2}}"#), Some(3));
        assert_eq!(tokens_used(br#"{"usage":{"total_tokens":-1}}"#), None);
        assert_eq!(tokens_used(b"x"), None);
    }
}
