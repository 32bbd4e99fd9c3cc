//! *What This Means for You*: labelled points.

use super::items::{Item, items};
use super::lines::Line;
use super::prose;
use super::raw::{is_colon, live, part_at};
use super::report::{Findings, Place};
use crate::model::Point;

/// The farthest that a label's colon may stand, in characters.
const MAX_LABEL_CHARS: usize = 60;

/// Reads the points of a section.
pub(super) fn read(lines: &[Line<'_>], findings: &mut Findings) -> Vec<(Place, Point)> {
    items(lines).iter().filter_map(|item| point(item, findings)).collect()
}

fn point(item: &Item, findings: &mut Findings) -> Option<(Place, Point)> {
    if item.nested {
        findings.warn(item.place, "nested-point", "a nested point is a point of its own");
    }
    let (first, rest) = item.paragraphs.split_first()?;
    let (label, text) = split(first);
    let label = label.map(|raw| prose::line(raw, item.place, findings));
    let mut paragraphs = vec![prose::text(text, item.place, findings)];
    paragraphs.extend(rest.iter().map(|raw| prose::text(raw, item.place, findings)));
    let text = prose::join(paragraphs);
    let label = label.filter(|label| !label.is_empty());
    match (label, text.is_empty()) {
        (label, false) => Some((item.place, Point { label, text })),
        (Some(label), true) => Some((item.place, Point { label: None, text: label })),
        (None, true) => None,
    }
}

/// Parts a raw point into label and text.
///
/// The label is the bold beginning, else what stands before the first colon within 60
/// characters that is followed by white space or is full-width, and is no part of a clock time
/// or a URL.
pub(super) fn split(raw: &str) -> (Option<&str>, &str) {
    if let Some((label, text)) = split_bold(raw) {
        return (Some(label), text);
    }
    let colon = live(raw).zip(1..).take_while(|(_, n)| *n <= MAX_LABEL_CHARS + 1).find_map(
        |((at, c), _)| (is_colon(c) && ends_label(raw, at, c)).then_some((at, c.len_utf8())),
    );
    match colon.map(|(at, length)| part_at(raw, at, length)) {
        Some((label, text)) if !label.trim().is_empty() && !text.trim().is_empty() => {
            (Some(label.trim()), text.trim())
        }
        _ => (None, raw),
    }
}

/// Parts `**label** text`, `**label:** text` and `**label**: text`.
fn split_bold(raw: &str) -> Option<(&str, &str)> {
    let mark = ["**", "__"].into_iter().find(|mark| raw.starts_with(mark))?;
    let inner = raw.strip_prefix(mark)?;
    // `***` opens bold and emphasis at once; leave that to Markdown.
    if inner.starts_with(['*', '_', ' ']) {
        return None;
    }
    let mut before: Option<(usize, char)> = None;
    let end = live(inner).find_map(|(at, c)| {
        let closes =
            before.is_some_and(|(last, b)| last + 1 == at && b == c && mark.starts_with(c));
        let start = before.map(|(last, _)| last);
        before = Some((at, c));
        start.filter(|_| closes)
    })?;
    let (label, text) = part_at(inner, end, mark.len());
    let text = text.trim_start();
    let text = text.strip_prefix(is_colon).unwrap_or(text).trim();
    let label = strip_last_colon(label.trim()).trim();
    (!label.is_empty() && !text.is_empty()).then_some((label, text))
}

fn strip_last_colon(label: &str) -> &str {
    match live(label).last() {
        Some((at, c)) if is_colon(c) && at + c.len_utf8() == label.len() => part_at(label, at, 0).0,
        _ => label,
    }
}

fn ends_label(raw: &str, at: usize, colon: char) -> bool {
    let (before, after) = part_at(raw, at, colon.len_utf8());
    let spaced = after.starts_with(char::is_whitespace);
    if colon == ':' && !spaced {
        return false;
    }
    let digit = |c: Option<char>| c.is_some_and(char::is_numeric);
    let clock = digit(before.chars().next_back()) && digit(after.trim_start().chars().next());
    // Only the word before the colon is looked at, which bounds the work.
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let url = after.starts_with("//") || word.contains("://") || word.contains("](");
    !clock && !url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::briefs::lines::split as lines;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let mut findings = Findings::default();
        let points = read(&lines(text), &mut findings);
        let found: Vec<_> = points
            .iter()
            .map(|(_, point)| (point.label.as_deref().unwrap_or(""), point.text.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_label_ends_at_the_first_colon() {
        check("- A b: c: d\n* e：f\n1. g : h", &[("A b", "c: d"), ("e", "f"), ("g", "h")]);
    }

    #[test]
    fn a_clock_time_or_a_url_is_no_label() {
        check("- At 10:30 it rains", &[("", "At 10:30 it rains")]);
        check("- At 10: 30 it rains", &[("", "At 10: 30 it rains")]);
        check("- 10：30 雨", &[("", "10：30 雨")]);
        check("- See https://x.org/a： b", &[("", "See https://x.org/a： b")]);
        check("- At 10:30: rain", &[("At 10:30", "rain")]);
    }

    #[test]
    fn a_colon_beyond_sixty_characters_is_text() {
        let label = "x".repeat(60);
        check(&format!("- {label}: a"), &[(&label, "a")]);
        let text = format!("{}: a", "x".repeat(61));
        check(&format!("- {text}"), &[("", &text)]);
    }

    #[test]
    fn the_label_may_be_the_bold_beginning() {
        check(
            "- **A** b\n- **C:** d\n- **E**: f\n- __G__ h",
            &[("A", "b"), ("C", "d"), ("E", "f"), ("G", "h")],
        );
        check("- **whole point**", &[("", "whole point")]);
        check("- **a: b** c: d", &[("a: b", "c: d")]);
    }

    #[test]
    fn a_point_without_a_label_has_none() {
        check("a\nb", &[("", "a"), ("", "b")]);
        check("- a:", &[("", "a:")]);
        check(r"- a\: b", &[("", "a: b")]);
    }

    #[test]
    fn a_nested_point_is_its_own_with_a_warning() {
        let mut findings = Findings::default();
        let points = read(&lines("- a: b\n  - c: d"), &mut findings);
        assert_eq!(points.len(), 2);
        let report = findings.into_report(None);
        assert_eq!((report.warnings[0].line, report.warnings[0].code), (2, "nested-point"));
    }
}
