//! Properties over whole documents: what is written reads back equal, and nothing panics.

use chrono::DateTime;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::{FallbackId, Form, read, to_json, to_markdown};
use crate::model::{Brief, BriefId, Further, Opinion, Point, Question, Status, Timestamp};

/// Pieces of text that a reader could take for structure.
const PIECES: [&str; 64] = [
    "rain",
    "the",
    "Q:",
    "A:",
    "q1:",
    "Question 2:",
    "Answer:",
    "Q：",
    "?",
    "? A: b",
    " - Q: c",
    " – ",
    " - ",
    "—",
    "-",
    "*",
    "**",
    "_",
    "__",
    "`",
    "```",
    "\\",
    "\\\\",
    "#",
    "##",
    "# ",
    "> ",
    "1. ",
    "2) ",
    "• ",
    "+ ",
    "=== ",
    "---",
    "+++",
    "~~~",
    "<b>",
    "</b>",
    "<!--",
    "-->",
    "&amp;",
    "&",
    "&#58;",
    "[x](y)",
    "[",
    "]",
    "(",
    ")",
    "https://x.org/a_b?c=d",
    "http://y.org.",
    ":",
    ": ",
    "：",
    ",",
    ";",
    "、",
    "“",
    "”",
    "\"",
    "«",
    "Summary",
    "Key Terms:",
    "Source",
    "عربي",
    "雨🌧",
];

fn line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => proptest::sample::select(PIECES.to_vec()).prop_map(str::to_owned),
        2 => "[a-zA-Z0-9]{1,6}".prop_map(|text: String| text),
        1 => "\\PC".prop_map(|text: String| text),
    ];
    let spaced = (piece, any::<bool>()).prop_map(|(p, space)| if space { p + " " } else { p });
    vec(spaced, 1..9)
        .prop_map(|pieces| super::inline::collapse(&pieces.concat()))
        .prop_filter("a text is not empty", |text| !text.is_empty())
}

fn prose() -> impl Strategy<Value = String> {
    vec(line(), 1..4).prop_map(|paragraphs| paragraphs.join("\n\n"))
}

fn url() -> impl Strategy<Value = String> {
    "https?://[a-z]{1,5}\\.org/[a-zA-Z0-9_*()\\[\\]&;,.`'!~\\\\äд-]{0,12}"
        .prop_map(|url: String| url)
}

fn moment() -> impl Strategy<Value = Timestamp> {
    // Nothing finer is read or stored.
    (0_i64..4_000_000_000_000)
        .prop_map(|millis| DateTime::from_timestamp_millis(millis).expect("a moment of this age"))
}

fn lists() -> impl Strategy<Value = (Vec<Point>, Vec<Further>, Vec<Question>, Vec<String>)> {
    let point = (of(line()), prose()).prop_map(|(label, text)| Point { label, text });
    let further =
        (line(), of(url()), of(prose())).prop_map(|(title, url, why)| Further { title, url, why });
    let question =
        (line(), of(prose())).prop_map(|(question, answer)| Question { question, answer });
    (vec(point, 0..4), vec(further, 0..4), vec(question, 0..4), vec(line(), 0..5))
}

fn single() -> impl Strategy<Value = (String, Option<String>, Option<Opinion>, Option<String>)> {
    let who = line().prop_filter("a name", |who| who.contains(char::is_alphanumeric));
    let opinion =
        (who, of(line()), prose()).prop_map(|(who, role, quote)| Opinion { who, role, quote });
    (prose(), of(prose()), of(opinion), of(url()))
}

fn metadata() -> impl Strategy<Value = Brief> {
    let status = proptest::sample::select(vec![Status::Active, Status::Draft, Status::Retracted]);
    let times = (of(moment()), of(moment()), of(moment()));
    ("[a-z0-9._~-]{3,9}", line(), of(line()), of(line()), times, status, vec(line(), 0..3))
        .prop_map(|(id, title, lang, author, (date, created, updated), status, hints)| Brief {
            lang,
            author,
            date,
            created,
            updated,
            status,
            urls: hints.clone(),
            guids: hints.clone(),
            pin: hints.clone(),
            block: hints,
            ..Brief::new(BriefId::new(id).expect("an id"), title, "")
        })
}

fn brief() -> impl Strategy<Value = Brief> {
    (metadata(), single(), lists()).prop_map(|(brief, single, lists)| {
        let (summary, original_post, opinion, source_url) = single;
        let (points, further, questions, mut key_terms) = lists;
        let mut seen = std::collections::HashSet::new();
        key_terms.retain(|term| seen.insert(term.to_lowercase()));
        Brief {
            summary,
            points,
            original_post,
            further,
            questions,
            opinion,
            key_terms,
            source_url,
            ..brief
        }
    })
}

#[track_caller]
fn reads_back(brief: &Brief, document: &str, form: Form) -> Result<(), TestCaseError> {
    let report = read(document.as_bytes(), form, FallbackId::Hash, DateTime::UNIX_EPOCH);
    prop_assert_eq!(&report.errors, &Vec::new(), "{}", document);
    prop_assert_eq!(report.brief.as_ref(), Some(brief), "{}", document);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn markdown_reads_back_equal(brief in brief()) {
        reads_back(&brief, &to_markdown(&brief), Form::Text)?;
    }

    #[test]
    fn json_reads_back_equal(brief in brief()) {
        reads_back(&brief, &to_json(&brief).to_string(), Form::Json)?;
    }

    #[test]
    fn whatever_is_accepted_can_be_written(lines in vec(line(), 0..30)) {
        let text = format!("Summary:\n{}", lines.join("\n"));
        let report = read(text.as_bytes(), Form::Text, FallbackId::Hash, DateTime::UNIX_EPOCH);
        if let Some(brief) = report.brief {
            reads_back(&brief, &to_markdown(&brief), Form::Text)?;
            reads_back(&brief, &to_json(&brief).to_string(), Form::Json)?;
        }
    }

    #[test]
    fn arbitrary_bytes_give_a_report(bytes in vec(any::<u8>(), 0..200)) {
        for form in [Form::Json, Form::Text] {
            let report = read(&bytes, form, FallbackId::Hash, DateTime::UNIX_EPOCH);
            prop_assert_eq!(report.brief.is_none(), !report.errors.is_empty());
        }
    }
}
