//! The body of a text document: its title, and the lines of each section.
//!
//! Finds where sections begin and end; what is in them is read by the file of each.

use std::borrow::Cow;
use std::collections::HashMap;

use super::headings::{self, Section};
use super::inline::reduce;
use super::lines::Line;
use super::prose;
use super::raw::hide_all;
use super::report::{Findings, Place, quoted, suggestion};

/// The lines under one heading.
#[derive(Debug)]
pub(super) struct Body<'a> {
    /// Which section.
    pub(super) section: Section,
    /// The heading's place.
    pub(super) place: Place,
    /// What follows the heading, up to the next one.
    pub(super) lines: Vec<Line<'a>>,
}

/// A text document, cut at its headings.
#[derive(Debug, Default)]
pub(super) struct Document<'a> {
    /// The first H1, the single line above the first section, or the `Title:` line.
    pub(super) title: Option<(Place, String)>,
    /// In the order of the document.
    pub(super) sections: Vec<Body<'a>>,
}

/// Cuts the lines after the front matter at their headings.
///
/// Unknown `##` headings, sections that may stand only once and text above the first section
/// that is no title are refused; repeated list sections are kept, with a warning.
pub(super) fn scan<'a>(mut lines: Vec<Line<'a>>, findings: &mut Findings) -> Document<'a> {
    blank_comments(&mut lines, findings);
    hide_code(&mut lines);
    let mut scan = Scan { document: Document::default(), above: Vec::new(), sink: false, findings };
    let mut lines = lines.into_iter().peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().and_then(|next| headings::underline(&next.text));
        if scan.take(line, next) {
            lines.next();
        }
    }
    scan.finish()
}

struct Scan<'a, 'f> {
    document: Document<'a>,
    /// Text above the first section.
    above: Vec<Line<'a>>,
    /// Whether lines belong to an unknown section, which was refused already.
    sink: bool,
    findings: &'f mut Findings,
}

impl<'a> Scan<'a, '_> {
    /// Takes a line; returns whether it took the underline below it too.
    fn take(&mut self, line: Line<'a>, next_underline: Option<usize>) -> bool {
        if let Some((section, content)) = headings::section(&line.text) {
            let underlined = next_underline.is_some() && content.is_empty();
            let content = content.into_owned();
            self.open(section, line.place, content);
            return underlined;
        }
        match headings::atx(&line.text) {
            Some((2, name)) => self.refuse_heading(line.place, name),
            Some((1, title)) if self.document.title.is_none() => {
                self.document.title =
                    Some((line.place, prose::line(title, line.place, self.findings)));
            }
            _ if next_underline == Some(1) && self.document.title.is_none() && !line.is_blank() => {
                self.document.title =
                    Some((line.place, prose::line(&line.text, line.place, self.findings)));
                return true;
            }
            _ => self.push(line),
        }
        false
    }

    fn open(&mut self, section: Section, place: Place, content: String) {
        self.sink = false;
        if self.document.sections.iter().any(|body| body.section == section) {
            let name = section.name();
            if section.is_list() {
                let message = format!("a second `{name}` is joined to the first");
                self.findings.warn(place, "repeated-section", message);
            } else {
                let message = format!("a second `{name}`: a brief has one");
                self.findings.refuse_field(place, section.field(), message);
                self.sink = true;
                return;
            }
        }
        let mut lines = Vec::new();
        if !content.is_empty() {
            lines.push(Line { place, text: Cow::Owned(content) });
        }
        self.document.sections.push(Body { section, place, lines });
    }

    fn refuse_heading(&mut self, place: Place, name: &str) {
        if name.is_empty() {
            return;
        }
        self.sink = true;
        let name = name.trim_matches(['*', '_', ':', '：', ' ']);
        let near = suggestion(name, &Section::NAMES);
        let accepted = Section::NAMES.map(|name| format!("`{name}`")).join(", ");
        let joint = if near.is_empty() { ":" } else { "" };
        let message =
            format!("unknown heading {}{near}{joint} the sections are {accepted}", quoted(name));
        self.findings.refuse(place, message);
    }

    fn push(&mut self, line: Line<'a>) {
        if self.sink {
            return;
        }
        match self.document.sections.last_mut() {
            Some(body) => body.lines.push(line),
            None if line.is_blank() => {}
            None => self.above.push(line),
        }
    }

    /// Returns whether a line holds more than raw HTML.
    fn holds_text(&mut self, line: &Line<'_>) -> bool {
        let reduced = reduce(&line.text);
        if reduced.html && reduced.text.is_empty() {
            self.findings.warn(line.place, "html-dropped", "raw HTML is dropped");
        }
        !reduced.text.is_empty()
    }

    fn finish(mut self) -> Document<'a> {
        let mut above = std::mem::take(&mut self.above);
        above.retain(|line| self.holds_text(line));
        if self.document.title.is_none() {
            self.document.title = title_of(&mut above, self.findings);
        }
        if let Some(line) = above.first() {
            let found = quoted(line.text.trim());
            let message = format!(
                "text above the first section: {found}: a brief begins with its title and `Summary`"
            );
            self.findings.refuse(line.place, message);
        }
        self.document
    }
}

/// Takes the title out of the lines above the first section: a `Title:` line, or the only line.
fn title_of(above: &mut Vec<Line<'_>>, findings: &mut Findings) -> Option<(Place, String)> {
    let named = above.iter().position(|line| headings::title(&line.text).is_some());
    if let Some(index) = named {
        let line = above.remove(index);
        let title = headings::title(&line.text).unwrap_or_default();
        return Some((line.place, prose::line(&title, line.place, findings)));
    }
    let [line] = above.as_slice() else { return None };
    let title = (line.place, prose::line(&line.text, line.place, findings));
    above.clear();
    Some(title)
}

/// Blanks HTML comments that begin a line and end on a later one.
fn blank_comments(lines: &mut [Line<'_>], findings: &mut Findings) {
    // Where the last comment can end; looked up once, so that openings without an end cost
    // nothing.
    let Some(last_end) = lines.iter().rposition(|line| line.text.contains("-->")) else { return };
    let mut inside = false;
    for (index, line) in lines.iter_mut().enumerate() {
        let opens = line.text.trim_start().starts_with("<!--") && !line.text.contains("-->");
        if !inside && opens && index < last_end {
            inside = true;
            findings.warn(line.place, "html-dropped", "an HTML comment is dropped");
        }
        if inside {
            let rest = line.text.split_once("-->").map(|(_, rest)| rest.to_owned());
            inside = rest.is_none();
            line.text = Cow::Owned(rest.unwrap_or_default());
        }
    }
}

/// Hides what stands in fenced code, so that it is text and nothing else; blanks the fences.
fn hide_code(lines: &mut [Line<'_>]) {
    let closers = closers(lines);
    let mut until = None;
    for (index, line) in lines.iter_mut().enumerate() {
        if until == Some(index) {
            until = None;
            line.text = Cow::Borrowed("");
        } else if until.is_some() {
            line.text = Cow::Owned(hide_all(line.text.trim()));
        } else if let Some(end) = closers.get(&index) {
            until = Some(*end);
            line.text = Cow::Borrowed("");
        }
    }
}

/// Returns the closing line of each fence that has one, in one pass from the end.
fn closers(lines: &[Line<'_>]) -> HashMap<usize, usize> {
    let mut nearest: HashMap<(char, usize), usize> = HashMap::new();
    let mut found = HashMap::new();
    for (index, line) in lines.iter().enumerate().rev() {
        let Some((mark, length, bare)) = fence(&line.text) else { continue };
        if let Some(end) = nearest.get(&(mark, length)) {
            found.insert(index, *end);
        }
        if bare {
            nearest.insert((mark, length), index);
        }
    }
    found
}

/// Returns a fence's mark and length, and whether nothing follows it.
fn fence(line: &str) -> Option<(char, usize, bool)> {
    let line = line.trim();
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = line.trim_start_matches(mark);
    let length = line.len() - rest.len();
    (length >= 3 && !rest.contains('`')).then_some((mark, length, rest.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::briefs::lines::split;

    /// The title, then each section's name and text, then the errors' lines.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut findings = Findings::default();
        let document = scan(split(text), &mut findings);
        let mut found: Vec<String> = Vec::new();
        found.extend(document.title.map(|(_, title)| format!("title={title}")));
        for body in document.sections {
            let lines: Vec<_> = body.lines.iter().map(|line| line.text.trim()).collect();
            found.push(format!("{}={}", body.section.field(), lines.join("|")));
        }
        let report = findings.into_report(None);
        found.extend(report.warnings.iter().map(|note| format!("{}@{}", note.code, note.line)));
        found.extend(report.errors.iter().map(|error| format!("error@{}", error.line)));
        assert_eq!(found.join(" "), expected);
    }

    #[test]
    fn sections_stand_in_any_order() {
        check("Key Terms:\n- a\nSummary:\nb", "key_terms=- a summary=b");
    }

    #[test]
    fn the_title_is_the_first_h1_or_the_single_line_or_the_named_line() {
        check("# A *b*\n## Summary\nc", "title=A b summary=c");
        check("A\n===\nSummary: c", "title=A summary=c");
        check("A\n\nSummary: c", "title=A summary=c");
        check("Title: A\nSummary: c", "title=A summary=c");
        check("Summary: c\n# A", "title=A summary=c");
    }

    #[test]
    fn text_above_the_first_section_that_is_no_title_is_refused_with_its_line() {
        check("A\nB\nSummary: c", "summary=c error@1");
        check("# A\n\nB\nSummary: c", "title=A summary=c error@3");
        check("Title: A\nB\nSummary: c", "title=A summary=c error@2");
    }

    #[test]
    fn a_setext_underline_is_part_of_the_heading() {
        check("Summary\n-------\na\n\nKey Terms\n===\nb", "summary=a| key_terms=b");
    }

    #[test]
    fn a_repeated_list_joins_and_a_repeated_single_section_is_refused() {
        check(
            "Summary: a\nKey Terms: b\nKey Terms: c",
            "summary=a key_terms=b key_terms=c repeated-section@3",
        );
        check("Summary: a\nSummary: b\nc", "summary=a error@2");
    }

    #[test]
    fn an_unknown_second_level_heading_is_refused_once() {
        check("Summary: a\n## Sumary\nb\nc\n## Key Terms\nd", "summary=a key_terms=d error@2");
        check("## Sumary\nb", "error@1");
        check("Summary: a\n### Note\nb", "summary=a|### Note|b");
    }

    #[test]
    fn the_message_suggests_a_heading() {
        let mut findings = Findings::default();
        scan(split("## Sumary:"), &mut findings);
        let message = findings.into_report(None).errors.remove(0).message;
        assert!(
            message.starts_with("unknown heading `Sumary`: did you mean `Summary`? the sections"),
            "{message}"
        );
    }

    #[test]
    fn code_and_comments_hold_no_headings() {
        check("Summary: a\n```\nKey Terms: *b*\n```", r"summary=a||&#x4B;ey Terms\: \*b\*|");
        check("Summary: a\n```\nKey Terms: b", "summary=a|``` key_terms=b");
        check("Summary: a\n<!-- x\nKey Terms: b\n-->", "summary=a||| html-dropped@2");
    }
}
