//! The lines of `briefwire match --json` and `briefwire enrich --json`.

use serde_json::{Value, json};

use super::{object, score};
use crate::model::{Decision, KeyTerm};

/// Returns the result line of one item (`match-jsonl.md`).
pub fn decision(item: &str, decision: &Decision, candidates: bool) -> Value {
    let listed = || {
        let list = decision.candidates.iter();
        list.map(|c| json!({ "brief_id": c.brief.as_str(), "score": precise(c.score) })).collect()
    };
    object([
        ("item_id", Some(json!(item))),
        ("brief_id", Some(json!(decision.brief.as_ref().map(ToString::to_string)))),
        ("score", Some(precise(decision.score))),
        ("method", Some(json!(decision.method.as_str()))),
        ("evidence", Some(json!(decision.evidence))),
        ("candidates", candidates.then(listed).map(Value::Array)),
    ])
}

/// Returns the line of one item in the story that another told first, or that it tells alone
/// (`match-jsonl.md`, duplicates between feeds).
pub fn cluster(item: &str, first: &str, score: f64, evidence: &[String]) -> Value {
    json!({
        "item_id": item,
        "cluster": first,
        "score": precise(score),
        "evidence": evidence,
    })
}

/// Four decimals, so that programs can draw a threshold between near candidates.
fn precise(score: f64) -> Value {
    json!(libm::round(score * 10_000.0) / 10_000.0)
}

/// Returns the line of one extracted brief (`enrich-json.md`).
pub fn extract(
    id: Option<&str>,
    lang: Option<&str>,
    summary: &[String],
    key_terms: &[KeyTerm],
) -> Value {
    let terms = key_terms.iter().map(|t| json!({ "term": t.term, "score": score(t.score) }));
    object([
        ("id", id.map(|id| json!(id))),
        ("lang", Some(json!(lang))),
        ("summary", Some(json!(summary))),
        ("key_terms", Some(Value::Array(terms.collect()))),
        ("origin", Some(json!("extracted"))),
    ])
}
