//! Whatever an endpoint answers and whatever a source says, nothing panics.

use proptest::prelude::*;
use serde_json::json;

use super::lies::{ENGLISH, TITLE, body_of, honest};
use super::*;
use crate::model::BriefId;

fn read(body: &[u8]) {
    let subject = Subject { title: TITLE, text: ENGLISH, lang: None, url: None, links: &[] };
    let id = BriefId::new("m-1").expect("an id");
    if let Ok(found) = answer(&subject, &Manner::of("tiny"), id, body) {
        assert!(!found.brief.summary.is_empty());
    }
    let _cost = tokens_used(body);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_panics(
        cut in 0_usize..3000,
        at in 0_usize..3000,
        with in "\\PC{0,6}|[\"“”«»‘’„.<>&@\\\\0-9٣½ \n]{0,6}",
    ) {
        let whole = honest().to_string();
        let places: Vec<usize> = whole.char_indices().map(|(at, _)| at).collect();
        let mut mutated = whole.clone();
        mutated.insert_str(places[at % places.len()], &with);
        read(&body_of(&mutated));
        let body = body_of(&whole);
        read(&body[..cut.min(body.len())]);
        let mut value = honest();
        value["summary"] = json!(format!("{with}{ENGLISH}{with}").chars().skip(at).take(cut).collect::<String>());
        value["opinion"]["quote"] = json!(with);
        value["key_terms"] = json!([with, format!("{with} wall")]);
        read(&body_of(&value.to_string()));
    }

    #[test]
    fn no_source_panics(text in "(\\PC{0,20}[.\n“”\" ]){0,60}", tokens in 0_u32..9000) {
        let text = format!("{text}\n{ENGLISH}\n{text}");
        let links = [text.clone()];
        let subject = Subject { title: &text, text: &text, lang: Some("fr"), url: Some(&text), links: &links };
        let manner = Manner { tokens, ..Manner::of("tiny") };
        if let Some(question) = question(&subject, &manner) {
            prop_assert!(question.tokens <= tokens);
        }
        let id = BriefId::new("m-1").expect("an id");
        let _answer = answer(&subject, &manner, id, &body_of(&honest().to_string()));
    }
}
