//! Lines to paragraphs: hard wraps join, paragraph breaks survive as one empty line.

use super::inline::{collapse, reduce};
use super::items::strip_bullet;
use super::lines::{Line, control};
use super::report::{Findings, Place};

/// Returns the text of prose lines, paragraphs parted by one empty line.
///
/// Quotation marks of Markdown (`>`) are taken off; each bullet is a paragraph of its own.
pub(super) fn read(lines: &[Line<'_>], findings: &mut Findings) -> String {
    let mut paragraphs = Vec::new();
    for paragraph in split(lines) {
        paragraphs.push(text(&paragraph.raw, paragraph.place, findings));
    }
    join(paragraphs)
}

/// Returns the text of one raw paragraph; warns of raw HTML, refuses control characters.
pub(super) fn text(raw: &str, place: Place, findings: &mut Findings) -> String {
    let reduced = reduce(raw);
    if reduced.html {
        findings.warn(place, "html-dropped", "raw HTML is dropped");
    }
    // One that an entity brought in; `lines` refused the others.
    if let Some((_, message)) = control(&reduced.text) {
        findings.refuse(place, message);
    }
    reduced.text
}

/// Returns the text of what is one line by its nature: a label, a title, a name.
pub(super) fn line(raw: &str, place: Place, findings: &mut Findings) -> String {
    collapse(&text(raw, place, findings))
}

/// Joins paragraphs, without the empty ones.
pub(super) fn join(mut paragraphs: Vec<String>) -> String {
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n\n")
}

/// Joins a hard-wrapped line to what stands before it.
pub(super) fn wrap(raw: &mut String, line: &str) {
    // Markdown's hard break: a backslash at the line's end.
    let slashes = raw.chars().rev().take_while(|c| *c == '\\').count();
    if slashes % 2 == 1 {
        raw.pop();
    }
    if !raw.is_empty() {
        raw.push(' ');
    }
    raw.push_str(line.trim());
}

/// A paragraph with its marks.
#[derive(Debug)]
pub(super) struct Paragraph {
    /// Where it begins.
    pub(super) place: Place,
    /// Its lines, joined.
    pub(super) raw: String,
}

/// Returns the paragraphs of prose lines, with their Markdown.
pub(super) fn split(lines: &[Line<'_>]) -> Vec<Paragraph> {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    let mut open = false;
    for line in lines {
        let text = strip_quotation(&line.text);
        if text.trim().is_empty() || is_rule(text) {
            open = false;
            continue;
        }
        let bullet = strip_bullet(text).filter(|bullet| bullet.lists);
        let text = bullet.as_ref().map_or(text, |bullet| bullet.rest);
        if let Some(paragraph) = paragraphs.last_mut().filter(|_| open && bullet.is_none()) {
            wrap(&mut paragraph.raw, text);
        } else {
            let raw = strip_heading(text.trim()).to_owned();
            paragraphs.push(Paragraph { place: line.place, raw });
        }
        open = true;
    }
    paragraphs
}

/// Returns whether a line is a thematic break.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    ['-', '*', '_', '=']
        .iter()
        .any(|mark| line.len() >= 3 && line.chars().all(|c| c == *mark || c == ' '))
}

fn strip_quotation(line: &str) -> &str {
    line.trim_start().trim_start_matches('>').strip_prefix(' ').unwrap_or_else(|| {
        let text = line.trim_start();
        if text.starts_with('>') { text.trim_start_matches('>') } else { line }
    })
}

/// Returns a paragraph's first line without the `#`s of a heading that opens no section.
fn strip_heading(line: &str) -> &str {
    super::headings::atx(line).map_or(line, |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::briefs::lines::split as lines;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut findings = Findings::default();
        assert_eq!(read(&lines(text), &mut findings), expected);
    }

    #[test]
    fn hard_wraps_join_and_paragraphs_survive_as_one_empty_line() {
        check("a\nb\n\n\n \nc\n", "a b\n\nc");
        check("a  \nb\\\nc", "a b c");
        check("", "");
    }

    #[test]
    fn emphasis_goes_over_a_hard_wrap() {
        check("a *b\nc* d", "a b c d");
    }

    #[test]
    fn quotation_marks_are_taken_off_and_an_ellipsis_stays() {
        check("> a\n> b\n>\n> c…", "a b\n\nc…");
        check(">a\n>> b", "a b");
        check("a > b", "a > b");
    }

    #[test]
    fn bullets_are_paragraphs_and_rules_part_them() {
        check("- a\n- b\n  c", "a\n\nb c");
        check("a\n---\nb", "a\n\nb");
        check("– dit-il", "– dit-il");
    }

    #[test]
    fn dropped_html_is_a_warning() {
        let mut findings = Findings::default();
        assert_eq!(read(&lines("a\n\n<b>b</b>"), &mut findings), "a\n\nb");
        let report = findings.into_report(None);
        assert_eq!(report.warnings[0].line, 3);
        assert_eq!(report.warnings[0].code, "html-dropped");
    }
}
