//! The endpoint of a language model: how it is asked, and what its answers mean for the queue.

use chrono::TimeDelta;

use super::house;
use crate::config::{Config, LanguageModel};
use crate::enrich::asked;
use crate::fetch::{FetchError, Fetcher, Limits, Told, Way};
use crate::model::Timestamp;
use crate::text::html;

/// An answer of more bytes is none.
const MAX_ANSWER: u64 = 1 << 20;
/// No endpoint is obeyed for longer.
const MAX_RETRY_AFTER: TimeDelta = TimeDelta::hours(24);
/// What is repeated of an endpoint's words, in characters.
const MAX_WORDS: usize = 200;

/// What came of a request.
pub(super) enum Outcome {
    /// Something to read.
    Body(Vec<u8>),
    /// The endpoint does not want this item.
    Refused(String),
    /// It may come later; `of_item` where it may be the item's fault.
    Again { why: String, wait: Option<TimeDelta>, of_item: bool },
    /// Nothing will come before a person acts.
    Parked(String),
}

/// Returns what sends the questions: patient, and with little room for answers.
pub(super) fn fetcher(config: &Config, model: &LanguageModel) -> Result<Fetcher, FetchError> {
    let usual = house::limits(config);
    Fetcher::new(Limits {
        header: model.timeout,
        idle: model.timeout,
        total: model.timeout,
        max_wire: MAX_ANSWER,
        max_decoded: MAX_ANSWER,
        ..usual
    })
}

/// Sends a question.
pub(super) async fn ask(
    fetcher: &Fetcher,
    model: &LanguageModel,
    question: asked::Question,
    now: Timestamp,
) -> Result<Told, FetchError> {
    // The operator's word: its own host and port, and no other.
    let way = Way { home: &model.url, allow_private: true, access: &model.access };
    fetcher.ask(&model.url, question.body, way, now).await
}

/// Sorts what came back, and says what it has cost in tokens.
pub(super) fn cost_of(told: Result<Told, FetchError>, reserved: u64) -> (Outcome, u64) {
    let told = match told {
        Ok(told) => told,
        Err(error) => return unanswered(&error, reserved),
    };
    let wait = told.retry_after.and_then(|wait| TimeDelta::from_std(wait).ok());
    let wait = wait.map(|wait| wait.min(MAX_RETRY_AFTER));
    let why = || said(&told);
    match told.status {
        200 => {
            let used = asked::tokens_used(&told.body).map_or(reserved, u64::from);
            (Outcome::Body(told.body), used)
        }
        408 | 500..=502 | 504..=599 => (Outcome::Again { why: why(), wait, of_item: true }, 0),
        429 | 503 => (Outcome::Again { why: why(), wait, of_item: false }, 0),
        400 | 413 | 422 => (Outcome::Refused(why()), 0),
        300..=399 => (Outcome::Parked(format!("{}: redirects are not followed", why())), 0),
        _ => (Outcome::Parked(why()), 0),
    }
}

fn unanswered(error: &FetchError, reserved: u64) -> (Outcome, u64) {
    let why = error.with_causes();
    match error {
        // What was sent may have been worked on.
        FetchError::Timeout(_) | FetchError::Broken(_) => {
            (Outcome::Again { why, wait: None, of_item: true }, reserved)
        }
        FetchError::TooLarge { .. } | FetchError::Decode(_) | FetchError::Encoding(_) => {
            (Outcome::Refused(why), reserved)
        }
        FetchError::Resolve(_) | FetchError::Connect(_) | FetchError::Spool(_) => {
            (Outcome::Again { why, wait: None, of_item: false }, 0)
        }
        _ => (Outcome::Parked(why), 0),
    }
}

/// Returns what an API says is wrong, on one line.
fn said(told: &Told) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(&told.body).ok();
    let error = json.as_ref().and_then(|json| json.get("error"));
    let message = error.and_then(|error| error.get("message").or(Some(error))?.as_str());
    let text = String::from_utf8_lossy(&told.body);
    let words = html::plain_line(message.unwrap_or(&text), message.is_none());
    let words: String = words.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect();
    let status = told.status;
    if words.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {words}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoints_words_are_repeated_on_one_short_line() {
        let told =
            |status, body: &str| Told { status, retry_after: None, body: body.as_bytes().to_vec() };
        let json = r#"{"error": {"message": "model \"x\"\nnot found", "type": "api"}}"#;
        assert_eq!(said(&told(404, json)), "HTTP 404: model \"x\" not found");
        assert_eq!(said(&told(500, r#"{"error": "full"}"#)), "HTTP 500: full");
        assert_eq!(said(&told(502, "<h1>Bad Gateway</h1>")), "HTTP 502: Bad Gateway");
        assert_eq!(said(&told(500, "")), "HTTP 500");
        assert!(said(&told(500, &"x".repeat(5000))).chars().count() < 220);
    }
}
