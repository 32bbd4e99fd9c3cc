//! The sentences of `brief-documents.md`, as whole documents.
//!
//! What concerns one section alone is tested in that section's file.

use serde_json::{Value, json};

use super::{FallbackId, Form, Report, read, read_all, to_json, to_markdown};
use crate::model::{Brief, Origin, Status, Timestamp};

/// Returns the first user's own document, which lies beside the repository; without it the test
/// is skipped, and fails in CI.
fn seed() -> Option<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/seed-brief.txt");
    let text = std::fs::read_to_string(path).ok();
    assert!(text.is_some() || std::env::var_os("CI").is_none(), "CI must have {path}");
    if text.is_none() {
        eprintln!("skipped: {path} is missing");
    }
    text
}

fn now() -> Timestamp {
    Timestamp::from_timestamp(1_700_000_000, 0).expect("a moment")
}

fn text(document: &str) -> Report {
    read(document.as_bytes(), Form::Text, FallbackId::Stem("stem"), now())
}

fn object(value: &Value) -> Report {
    read(value.to_string().as_bytes(), Form::Json, FallbackId::Stem("stem"), now())
}

#[track_caller]
fn accepted(report: Report) -> Brief {
    assert_eq!(report.errors, []);
    report.brief.expect("a brief")
}

/// Each error as `LINE:COLUMN FIELD`, each warning as `LINE CODE`.
#[track_caller]
fn check(report: &Report, expected: &[&str]) {
    let errors = report.errors.iter().map(|error| {
        let field = error.field.as_deref().unwrap_or("-");
        format!("{}:{} {field}", error.line, error.column)
    });
    let warnings = report.warnings.iter().map(|note| format!("{} {}", note.line, note.code));
    let found: Vec<String> = errors.chain(warnings).collect();
    assert_eq!(found, expected, "{report:#?}");
    assert_eq!(report.brief.is_none(), !report.errors.is_empty());
}

#[test]
fn the_users_own_document_comes_out_whole() {
    let Some(seed) = seed() else { return };
    let report = text(&seed);
    check(&report, &["1 title-derived"]);
    let brief = accepted(report);
    assert_eq!(brief.id.as_str(), "stem");
    assert!(brief.title.starts_with("U.S. Special Envoy Steve Witkoff revealed"));
    assert!(brief.title.chars().count() <= 100);
    assert!(brief.summary.ends_with("against regional aggression."));
    let labels: Vec<_> = brief.points.iter().filter_map(|point| point.label.as_deref()).collect();
    assert_eq!(
        labels,
        [
            "Geopolitical Risk Monitoring",
            "Policy Advocacy Opportunities",
            "Defense Sector Implications",
            "Cautionary Note"
        ]
    );
    assert!(brief.points[3].text.ends_with("rapid deterioration in bilateral relations"));
    assert!(brief.original_post.as_ref().is_some_and(|post| post.ends_with("an eventual…")));
    assert_eq!(brief.further.len(), 2);
    assert_eq!(brief.further[0].title, "NATO Collective Defense Principles (Article 5)");
    assert!(brief.further[1].why.as_ref().is_some_and(|why| why.starts_with("Provides legal")));
    assert_eq!(brief.questions.len(), 4);
    assert!(brief.questions.iter().all(|q| q.question.ends_with('?') && q.answer.is_some()));
    assert_eq!(brief.questions[1].question, "Does this agreement affect Crimea’s status?");
    let opinion = brief.opinion.as_ref().expect("an opinion");
    assert_eq!(opinion.who, "Dr. Natalia Arno");
    assert_eq!(
        opinion.role.as_deref(),
        Some("Senior Fellow at the Foreign Policy Research Institute")
    );
    assert!(opinion.quote.starts_with("This arrangement"));
    assert!(opinion.quote.ends_with("bad faith actors."));
    assert_eq!(brief.key_terms.len(), 7);
    assert_eq!(brief.source_url, None);
}

#[test]
fn the_users_own_document_survives_every_line_end_and_form() {
    let Some(seed) = seed() else { return };
    let brief = accepted(text(&seed));
    for document in
        [seed.replace('\n', "\r\n"), seed.replace('\n', "\r"), format!("\u{feff}{seed}")]
    {
        assert_eq!(accepted(text(&document)), brief);
    }
    assert_eq!(accepted(text(&to_markdown(&brief))), brief);
    assert_eq!(accepted(object(&to_json(&brief))), brief);
}

#[test]
fn the_form_goes_by_the_name() {
    for (name, form) in [
        ("a.json", Some(Form::Json)),
        ("a.md", Some(Form::Text)),
        ("a.markdown", Some(Form::Text)),
        ("a.b.TXT", Some(Form::Text)),
        ("a.html", None),
        ("json", None),
    ] {
        assert_eq!(Form::of_name(name), form, "{name}");
    }
}

#[test]
fn a_summary_is_required() {
    check(&text("Key Terms: a"), &["1:1 summary"]);
    check(&text("# A\n\nSummary:\n\nKey Terms: a"), &["3:1 summary"]);
    check(&text(""), &["1:1 summary"]);
    check(&object(&json!({})), &["1:1 summary"]);
    check(&object(&json!({ "summary": null })), &["1:12 summary"]);
    check(&object(&json!({ "summary": 5 })), &["1:12 summary"]);
}

#[test]
fn all_errors_of_a_file_come_at_once() {
    check(
        &text("---\nid: a/b\ntitel: x\ndate: soon\n---\nstray\nstray\n## Sumary\n\nFAQ:\nA: b"),
        &["1:1 summary", "2:1 id", "3:1 -", "4:1 date", "6:1 -", "8:1 -", "11:1 people_also_ask"],
    );
}

#[test]
fn an_id_is_given_or_the_stem_or_a_hash() {
    assert_eq!(accepted(text("---\nid: x\n---\nSummary: a")).id.as_str(), "x");
    assert_eq!(accepted(text("Summary: a")).id.as_str(), "stem");
    let hash = |document: &str| {
        let report = read(document.as_bytes(), Form::Text, FallbackId::Hash, now());
        accepted(report).id.as_str().to_owned()
    };
    assert_eq!(hash("Summary: a"), hash("Summary: *a*\n\nKey Terms: b"));
    assert_ne!(hash("Summary: a"), hash("Summary: b"));
    assert_eq!(
        hash("Summary: a\nSource: https://x.org/"),
        hash("Summary: b\nSource: https://x.org/")
    );
    let spaced = read(b"Summary: a", Form::Text, FallbackId::Stem("a b"), now());
    check(&spaced, &["1:1 id"]);
}

#[test]
fn a_title_is_given_or_found_or_derived() {
    let title = |document: &str| accepted(text(document)).title;
    assert_eq!(title("---\ntitle: 'a: b'\n---\nSummary: c"), "a: b");
    assert_eq!(title("# a\nSummary: c"), "a");
    assert_eq!(title("a\nSummary: c"), "a");
    assert_eq!(title("Title: a\nSummary: c"), "a");
    assert_eq!(title("Summary: c. D."), "c. D.");
    check(&text("Summary: c"), &["1 title-derived"]);
    check(&text("Title: a\nSummary: c"), &[]);
}

#[test]
fn a_field_in_front_matter_and_body_is_refused() {
    check(&text("---\ntitle: a\n---\n# b\nSummary: c"), &["4:1 title"]);
    check(
        &text("---\ntitle: a\nsource_url: https://x.org/\n---\nSummary: c\nSource: https://y.org/"),
        &["6:1 source_url"],
    );
}

#[test]
fn further_source_addresses_go_to_urls_with_a_warning() {
    let report = text("a\n\nSummary: c\nSource:\n- https://x.org/1\n- https://x.org/2");
    check(&report, &["6 further-source-url"]);
    let brief = accepted(report);
    assert_eq!(brief.source_url.as_deref(), Some("https://x.org/1"));
    assert_eq!(brief.urls, ["https://x.org/2"]);
}

#[test]
fn unanswered_questions_are_kept_with_a_warning() {
    let report = text("a\n\nSummary: c\nFAQ:\nQ: d?\nQ: e?\nA: f");
    check(&report, &["5 unanswered-question"]);
    assert_eq!(accepted(report).questions.len(), 2);
}

#[test]
fn key_terms_are_unique_ignoring_case() {
    let brief = accepted(text("Summary: a\nKey Terms:\n- NATO\n- nato\n- ÄÖ\n- äö"));
    assert_eq!(brief.key_terms, ["NATO", "ÄÖ"]);
}

#[test]
fn dates_are_in_order_and_an_expired_brief_is_accepted() {
    let dated = |dates: &str| text(&format!("---\ntitle: a\n{dates}\n---\nSummary: b"));
    check(&dated("created: 2024-05-02\nexpires: 2024-05-01"), &["4:1 expires"]);
    check(&dated("created: 2024-05-01\nexpires: 2024-05-01"), &["4:1 expires"]);
    check(&dated("expires: 2020-01-01"), &["3 expired"]);
    check(&dated("expires: 2090-01-01"), &[]);
}

#[test]
fn what_comes_in_is_stored() {
    let report = text("---\ntitle: a\nstatus: draft\norigin: model x\n---\nSummary: b");
    check(&report, &["4 origin-stored"]);
    let mut brief = accepted(report);
    assert_eq!((&brief.origin, brief.status), (&Origin::Stored, Status::Draft));
    brief.origin = Origin::Extracted;
    assert!(to_markdown(&brief).contains("\norigin: extracted\n"));
    assert_eq!(accepted(text(&to_markdown(&brief))).origin, Origin::Stored);
}

#[test]
fn limits_are_refused_by_name_and_never_cut() {
    let full = json!({
        "title": "t",
        "summary": "x".repeat(8 * 1024),
        "original_post": "x".repeat(64 * 1024),
        "what_this_means": vec![json!({ "text": "x" }); 64],
        "people_also_ask": vec![json!({ "q": "x", "a": "y" }); 64],
        "extra_information": vec![json!({ "title": "x" }); 64],
        "key_terms": (0..100).map(|n| format!("{n:0120}")).collect::<Vec<_>>(),
        "urls": vec!["x"; 100],
        "guids": vec!["x"; 100],
    });
    check(&object(&full), &[]);
    for (field, beyond) in [
        ("summary", json!("x".repeat(8 * 1024 + 1))),
        ("original_post", json!("x".repeat(64 * 1024 + 1))),
        ("what_this_means", json!(vec![json!({ "text": "x" }); 65])),
        ("people_also_ask", json!(vec![json!({ "q": "x", "a": "y" }); 65])),
        ("extra_information", json!(vec![json!({ "title": "x" }); 65])),
        ("key_terms", json!((0..101).map(|n| n.to_string()).collect::<Vec<_>>())),
        ("urls", json!(vec!["x"; 101])),
        ("guids", json!(vec!["x"; 101])),
    ] {
        let mut over = full.clone();
        over[field] = beyond;
        let report = object(&over);
        let fields: Vec<_> = report.errors.iter().filter_map(|e| e.field.as_deref()).collect();
        assert_eq!(fields, [field]);
    }
    let long = json!({ "title": "t", "summary": "x", "key_terms": ["a", "x".repeat(121)] });
    assert_eq!(object(&long).errors[0].field.as_deref(), Some("key_terms[1]"));
}

#[test]
fn json_nests_sixty_four_levels() {
    let nested = |depth: usize| {
        let inner = format!("{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        read(
            format!(r#"{{"title":"t","summary":"s","x":{inner}}}"#).as_bytes(),
            Form::Json,
            FallbackId::Hash,
            now(),
        )
    };
    check(&nested(64), &[]);
    assert!(nested(65).errors[0].message.contains("64"));
}

#[test]
fn json_syntax_errors_have_line_and_column() {
    let broken = read("{\n \"ä\": x}".as_bytes(), Form::Json, FallbackId::Hash, now());
    check(&broken, &["2:7 -"]);
    check(&read(b"", Form::Json, FallbackId::Hash, now()), &["1:1 -"]);
    check(&read(b"{\"a\": 1,\r\r}", Form::Json, FallbackId::Hash, now()), &["3:1 -"]);
}

#[test]
fn json_fields_are_refused_by_name_and_place() {
    let document = "{\"title\": \"t\",\n\"summary\": \"s\", \"lang\": 5,\n\"people_also_ask\": [{\"q\": \"a\", \"a\": \"b\"},\n {\"a\": \"c\"}],\n\"key_terms\": [\"a\", 7],\n\"extra_information\": [{\"title\": \"x\", \"url\": \"ftp://x\"}],\n\"expert_opinion\": {\"who\": \"x\"}}";
    check(
        &read(document.as_bytes(), Form::Json, FallbackId::Hash, now()),
        &[
            "2:25 lang",
            "4:2 people_also_ask[1].q",
            "5:20 key_terms[1]",
            "6:45 extra_information[0].url",
            "7:19 expert_opinion.quote",
        ],
    );
}

#[test]
fn json_text_is_literal_and_null_counts_as_absent() {
    let brief = accepted(object(&json!({
        "summary": "*a* &amp; <b>\n# c  d\n\n\n\ne", "title": "_t_", "lang": null,
        "expert_opinion": null, "key_terms": null, "unknown": { "a": 1 },
        "language": "en", "pins": ["p"], "blocks": ["b"],
    })));
    assert_eq!(brief.summary, "*a* &amp; <b>\n# c  d\n\ne");
    assert_eq!(brief.title, "_t_");
    assert_eq!(brief.lang.as_deref(), Some("en"));
    assert_eq!((brief.pin, brief.block), (vec!["p".to_owned()], vec!["b".to_owned()]));
}

#[test]
fn a_json_list_gives_a_report_each_that_names_its_index() {
    let list = json!([{ "title": "t", "summary": "a" }, { "title": "t" }, 5]);
    let reports = read_all(list.to_string().as_bytes(), Form::Json, FallbackId::Stem("s"), now());
    assert_eq!(reports.len(), 3);
    assert_ne!(reports[0].brief.as_ref().map(|brief| brief.id.as_str()), Some("s"));
    assert!(reports[1].errors[0].message.starts_with("brief 1: "));
    assert!(reports[2].errors[0].message.starts_with("brief 2: "));
    assert_eq!(object(&list).errors.len(), 1);
    check(&object(&json!([{ "title": "t", "summary": "a" }])), &[]);
    assert_eq!(object(&json!([])).errors.len(), 1);
}

#[test]
fn control_characters_do_not_come_in_through_escapes() {
    check(&object(&json!({ "title": "t", "summary": "a\u{1b}" })), &["1:24 summary"]);
    check(&object(&json!({ "title": "t\u{0}", "summary": "a" })), &["1:10 title"]);
    check(&text("t\n\nSummary: a &#27;"), &["3:1 -"]);
    check(&text("---\ntitle: \"\\e\"\n---\nSummary: a"), &["2:1 title"]);
}

#[test]
fn any_language_is_read() {
    let brief = accepted(text(
        "تقرير\n\nSummary:\nهطل المطر.\n\nWhat This Means for You:\n• الطقس: ابق في البيت\n\nKey Terms: مطر، طقس\n",
    ));
    assert_eq!(brief.points[0].label.as_deref(), Some("الطقس"));
    assert_eq!(brief.key_terms, ["مطر", "طقس"]);
}

#[test]
fn hostile_documents_are_read_to_their_end() {
    // Small enough for a debug build; a quadratic reader would still take minutes.
    const SIZE: usize = 20_000;
    let fill = |piece: &str| piece.repeat(SIZE / piece.len());
    for piece in [
        "**a",
        "[",
        "![a](",
        "<",
        "<!--\n",
        "<!-- ",
        "```\n",
        "```x\n",
        "`a``b",
        "&amp;",
        "\\",
        "> ",
        "- ",
        "- a: b\n  - c\n",
        "Q: a? A: b - ",
        "? A:",
        "“a” — B\n\n",
        "“",
        "a: ",
        "## x\n",
        "https://x.org/(",
        "[a](<",
        "# a\n",
        "a, ",
        "\"”",
        "_a_ ",
        "x",
        "雨：",
        "1. Summary: ",
        "\n",
    ] {
        for name in super::headings::Section::NAMES {
            text(&format!("Summary: a\n{name}:\n{}", fill(piece)));
        }
        text(&format!("---\n{}\n---\nSummary: a", fill(piece)));
        text(&format!("+++\n{}\n+++\nSummary: a", fill(piece)));
    }
    for piece in ["[", "{\"a\":", "[],", "\"\\\"", "{},"] {
        read_all(format!("[{}", fill(piece)).as_bytes(), Form::Json, FallbackId::Hash, now());
        read_all(format!("[{}{{}}]", fill(piece)).as_bytes(), Form::Json, FallbackId::Hash, now());
    }
}
