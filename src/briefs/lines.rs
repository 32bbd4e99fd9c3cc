//! Bytes to text to numbered lines: UTF-8, byte order mark, line ends, control characters.
//!
//! Does not know what a line means.

use std::borrow::Cow;

use super::report::{Findings, Place};

/// The largest document that is read.
pub(super) const MAX_FILE_BYTES: usize = 1024 * 1024;

/// One line of a document, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Where `text` begins.
    pub(super) place: Place,
    /// The line, or the part of it that follows a heading.
    pub(super) text: Cow<'a, str>,
}

impl Line<'_> {
    /// Returns whether there is nothing on it but white space.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// Returns the text of `bytes` with `\n` at every line's end and no byte order mark.
///
/// `None`, with the reason in `findings`, for a file that is too large, that is not UTF-8 or
/// that holds control characters other than tab and line ends.
pub(super) fn decode(bytes: &[u8], findings: &mut Findings) -> Option<String> {
    if bytes.len() > MAX_FILE_BYTES {
        let size = bytes.len();
        findings.refuse(Place::TOP, format!("the file has {size} bytes: at most 1 MiB is read"));
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            refuse_bytes(bytes, error.valid_up_to(), findings);
            return None;
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = unify_line_ends(text);
    refuse_controls(&text, findings).then_some(text)
}

/// Returns the numbered lines of a decoded text.
pub(super) fn split(text: &str) -> Vec<Line<'_>> {
    text.split('\n')
        .zip(1..)
        .map(|(text, line)| Line { place: Place { line, column: 1 }, text: Cow::Borrowed(text) })
        .collect()
}

/// Returns the place of a byte offset in a decoded text.
pub(super) fn place_of(text: &str, offset: usize) -> Place {
    LineIndex::new(text).place_of(offset)
}

/// Where the lines of a text begin, for many lookups.
pub(super) struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// Returns the place of a byte offset.
    pub(super) fn place_of(&self, offset: usize) -> Place {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        Place { line: count(line), column: count(before.chars().count() + 1) }
    }
}

/// Returns `number` as lines and columns are counted.
pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn refuse_bytes(bytes: &[u8], offset: usize, findings: &mut Findings) {
    let valid = String::from_utf8_lossy(bytes.get(..offset).unwrap_or_default());
    let valid = unify_line_ends(valid.strip_prefix('\u{feff}').unwrap_or(&valid));
    let bad = bytes.get(offset).copied().unwrap_or_default();
    let message = format!("the byte `0x{bad:02X}` is not UTF-8: a brief is written in UTF-8");
    findings.refuse(place_of(&valid, valid.len()), message);
}

fn unify_line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn refuse_controls(text: &str, findings: &mut Findings) -> bool {
    let mut clean = true;
    for (text, line) in text.split('\n').zip(1..) {
        if let Some((column, message)) = control(text) {
            findings.refuse(Place { line, column }, message);
            clean = false;
        }
    }
    clean
}

/// Returns the column of the first control character that no brief may hold, and what to say.
pub(super) fn control(text: &str) -> Option<(u32, String)> {
    let refused = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    let (bad, column) = text.chars().zip(1..).find(|(c, _)| refused(*c))?;
    let code = u32::from(bad);
    let message =
        format!("the control character `U+{code:04X}`: only tabs and line ends are accepted");
    Some((column, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Result<&str, (u32, u32)>) {
        let mut findings = Findings::default();
        let text = decode(bytes, &mut findings);
        let report = findings.into_report(None);
        let found = text.as_deref().ok_or_else(|| {
            let first = report.errors.first().expect("a reason");
            (first.line, first.column)
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn line_ends_and_the_byte_order_mark_are_unified() {
        check(b"\xEF\xBB\xBFa\r\nb\rc\nd", Ok("a\nb\nc\nd"));
        check(b"", Ok(""));
        check("\tü".as_bytes(), Ok("\tü"));
    }

    #[test]
    fn the_first_bad_byte_is_named_by_its_line() {
        check(b"a\r\nb\rc\nd\xFF", Err((4, 2)));
        check(b"\xFE\xFFa", Err((1, 1)));
        check(b"ok\n\xE2\x82", Err((2, 1)));
    }

    #[test]
    fn control_characters_are_refused_with_their_line() {
        check(b"a\nb\x00c", Err((2, 2)));
        check(b"\x1b[31m", Err((1, 1)));
        check("a\n\n\u{85}".as_bytes(), Err((3, 1)));
    }

    #[test]
    fn a_file_over_one_mebibyte_is_refused() {
        check(&vec![b'a'; MAX_FILE_BYTES], Ok(&"a".repeat(MAX_FILE_BYTES)));
        check(&vec![b'a'; MAX_FILE_BYTES + 1], Err((1, 1)));
    }

    #[test]
    fn an_offset_is_found_by_characters() {
        assert_eq!(place_of("aü\nбв", 8), Place { line: 2, column: 3 });
    }
}
