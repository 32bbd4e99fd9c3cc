//! A stored item: the fields of `match-jsonl.md`, and what we decided.

use serde_json::{Value, json};

use super::{object, score, time};
use crate::model::{Placement, Story};

/// Returns an item as `items --json` prints it; `origin` is that of the brief that is shown on it,
/// `summary` its lead as plain text.
pub fn item(story: &Story, origin: &str, guid: &str, summary: &str) -> Value {
    let placement = match story.placement {
        Placement::Held => "held",
        Placement::Waiting(_) => "waiting",
        Placement::Shown(_) => "shown",
    };
    let terms = story.key_terms.iter().map(|t| json!({ "term": t.term, "score": score(t.score) }));
    let others: Vec<String> = story.followers.iter().map(ToString::to_string).collect();
    object([
        ("item_id", Some(json!(story.id.to_string()))),
        ("feed", Some(json!(story.source.as_str()))),
        ("guid", Some(json!(guid))),
        ("publisher_guid", Some(json!(story.guid))),
        ("title", Some(json!(story.title))),
        ("summary", Some(json!(summary))),
        ("link", Some(json!(story.url))),
        ("published", Some(json!(time(story.published)))),
        ("first_seen", Some(json!(time(story.first_seen)))),
        ("changed", Some(json!(time(story.changed)))),
        (
            "corrected",
            story.correction.as_ref().map(|correction| {
                let sections: Vec<&str> = correction.sections.iter().map(|s| s.as_str()).collect();
                json!({ "at": time(correction.at), "sections": sections })
            }),
        ),
        ("lang", Some(json!(story.lang))),
        ("placement", Some(json!(placement))),
        ("origin", Some(json!(origin))),
        ("brief_id", Some(json!(story.brief.as_ref().map(ToString::to_string)))),
        ("full_text", Some(json!(story.article.is_some()))),
        ("method", Some(json!(story.method.as_str()))),
        ("score", Some(score(story.score))),
        ("evidence", Some(json!(story.evidence))),
        ("extracted_summary", Some(json!(story.summary))),
        ("key_terms", Some(Value::Array(terms.collect()))),
        ("same_story_as", story.leader.map(|id| json!(id.to_string()))),
        ("also_reported_by", (!others.is_empty()).then(|| json!(others))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::story;

    #[test]
    fn both_ends_of_a_story_name_the_other_and_an_item_alone_none() {
        let (mut first, mut late) = (story("a", "1", 1), story("b", "2", 2));
        let told = |story: &Story| {
            let item = item(story, "extracted", "guid", "");
            (item.get("same_story_as").cloned(), item.get("also_reported_by").cloned())
        };
        assert_eq!(told(&first), (None, None));
        first.admit(&mut late);
        assert_eq!(told(&first), (None, Some(json!([late.id.to_string()]))));
        assert_eq!(told(&late), (Some(json!(first.id.to_string())), None));
    }
}
