//! A brief document: read with a reason for every refusal; what is accepted is written and reads
//! back equal.

use briefwire::briefs::{FallbackId, Form, Report, Sought, read, read_all, to_json, to_markdown};
use briefwire::model::{Brief, Timestamp};

/// Of the bits of the first byte the lowest chooses the form, the next the id of a brief that
/// names none; the document follows.
pub(crate) fn briefs(input: &[u8]) {
    let Some((settings, bytes)) = input.split_first() else { return };
    let form = if settings & 1 == 0 { Form::Text } else { Form::Json };
    let fallback = if settings & 2 == 0 { FallbackId::Stem("a-brief") } else { FallbackId::Hash };
    let now = Timestamp::from_timestamp(1_700_000_000, 0).expect("a moment");
    let reports = read_all(bytes, form, fallback, now);
    assert_eq!(read_all(bytes, form, fallback, now), reports, "the same bytes, the same reports");
    let one = read(bytes, form, fallback, now);
    if let [report] = reports.as_slice() {
        assert_eq!(one, *report, "one brief is one brief");
    } else {
        assert!(form == Form::Json && one.brief.is_none(), "a text is one brief");
    }
    let lines = 1 + bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    for report in reports.iter().chain([&one]) {
        check_report(report, lines);
    }
    for brief in reports.iter().filter_map(|report| report.brief.as_ref()) {
        check_limits(brief);
        assert!(Sought::new(&brief.title).is_in(brief), "a brief is found by its title");
        reads_back(brief, &to_markdown(brief), Form::Text);
        reads_back(brief, &to_json(brief).to_string(), Form::Json);
    }
}

fn check_report(report: &Report, lines: usize) {
    assert_eq!(report.brief.is_none(), !report.errors.is_empty(), "refused for a reason");
    for error in &report.errors {
        assert!((1..=lines).contains(&(error.line as usize)), "{error:?} of {lines} lines");
        assert!(error.column >= 1 && !error.message.is_empty(), "{error:?}");
    }
    for note in &report.warnings {
        assert!((1..=lines).contains(&(note.line as usize)), "{note:?} of {lines} lines");
    }
    assert!(report.errors.is_sorted_by_key(|error| (error.line, error.column)));
    assert!(report.warnings.is_sorted_by_key(|note| note.line));
    assert!(!report.to_json("a.md").to_string().contains('\n'), "one line");
}

/// The README's limits.
fn check_limits(brief: &Brief) {
    assert!((1..=8 * 1024).contains(&brief.summary.len()), "{} bytes", brief.summary.len());
    assert!(!brief.title.is_empty() && !brief.title.contains('\n'), "{:?}", brief.title);
    assert!(brief.original_post.as_ref().is_none_or(|post| post.len() <= 64 * 1024));
    let entries = [brief.points.len(), brief.questions.len(), brief.further.len()];
    assert!(entries.iter().all(|count| *count <= 64), "{entries:?}");
    assert!(brief.key_terms.len() <= 100 && brief.urls.len() <= 100 && brief.guids.len() <= 100);
    assert!(brief.key_terms.iter().all(|term| (1..=120).contains(&term.chars().count())));
}

fn reads_back(brief: &Brief, document: &str, form: Form) {
    let report = read(document.as_bytes(), form, FallbackId::Hash, Timestamp::UNIX_EPOCH);
    assert!(report.errors.is_empty(), "{:?} in {document}", report.errors);
    assert_eq!(report.brief.as_ref(), Some(brief), "from {document}");
}
