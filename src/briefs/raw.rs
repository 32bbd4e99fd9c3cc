//! Raw Markdown, character by character: what a backslash hides, and how it is hidden.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

/// Yields the characters of `raw` that no backslash and no code span hides, with their byte
/// offsets.
///
/// The backslashes and backticks that hide are not yielded either.
pub(super) fn live(raw: &str) -> impl Iterator<Item = (usize, char)> {
    let mut code = code_spans(raw).into_iter().peekable();
    let mut characters = raw.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (at, c) = characters.next()?;
            if let Some(span) = code.next_if(|span| span.start == at) {
                while characters.next_if(|(at, _)| *at < span.end).is_some() {}
                continue;
            }
            let hides =
                c == '\\' && characters.next_if(|(_, next)| next.is_ascii_punctuation()).is_some();
            if !hides {
                return Some((at, c));
            }
        }
    })
}

/// Returns the code spans of a paragraph: runs of backticks and the next run as long.
fn code_spans(raw: &str) -> Vec<Range<usize>> {
    if !raw.contains('`') {
        return Vec::new();
    }
    // The nearest run of each length to the right, which keeps this linear.
    let mut nearest: HashMap<usize, usize> = HashMap::new();
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (start, length) in backtick_runs(raw).into_iter().rev() {
        let before = raw.get(..start).unwrap_or_default();
        let slashes = before.len() - before.trim_end_matches('\\').len();
        // A backslash hides the first backtick of a run that opens, not of one that closes.
        let hidden = slashes % 2;
        if let Some(end) = nearest.get(&(length - hidden)).filter(|_| length > hidden) {
            spans.push(start + hidden..end + length - hidden);
        }
        nearest.insert(length, start);
    }
    spans.reverse();
    let mut end = 0;
    spans.retain(|span| {
        let opens = span.start >= end;
        if opens {
            end = span.end;
        }
        opens
    });
    spans
}

fn backtick_runs(raw: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in raw.match_indices('`') {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == at => *length += 1,
            _ => runs.push((at, 1)),
        }
    }
    runs
}

/// Appends `c` so that no reader takes it for structure: after a backslash, or as an entity.
pub(super) fn push_hidden(out: &mut String, c: char) {
    if c.is_ascii_punctuation() {
        out.push('\\');
        out.push(c);
    } else {
        push_entity(out, c);
    }
}

/// Appends `c` as a numeric entity.
pub(super) fn push_entity(out: &mut String, c: char) {
    write!(out, "&#x{:X};", u32::from(c)).expect("a string takes all text");
}

/// Returns one paragraph as raw Markdown that reduces to exactly `text` and holds no structure:
/// no mark, and no first word that could be a section's name.
pub(super) fn hide_all(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut before = None;
    for c in text.chars() {
        let spaced = c == ' ' && before.is_some_and(|b| b != ' ');
        if spaced || (c.is_alphanumeric() && before.is_some()) {
            out.push(c);
        } else if c.is_alphanumeric() || c == ' ' {
            push_entity(&mut out, c);
        } else {
            push_hidden(&mut out, c);
        }
        before = Some(c);
    }
    out
}

/// Returns the halves of `raw` around a separator at `at` of `length` bytes.
pub(super) fn part_at(raw: &str, at: usize, length: usize) -> (&str, &str) {
    let before = raw.get(..at).unwrap_or_default();
    (before, raw.get(at + length..).unwrap_or_default())
}

/// Returns `part` without the white space and the emphasis marks that a cut left at its ends.
pub(super) fn trim_marks(part: &str) -> &str {
    let part = part.trim_start_matches(|c: char| c.is_whitespace() || "*_".contains(c));
    let end = live(part)
        .filter(|(_, c)| !c.is_whitespace() && !"*_".contains(*c))
        .last()
        .map_or(0, |(at, c)| at + c.len_utf8());
    // An escape pair at the end is hidden from `live` and stays.
    let tail = part.get(end..).unwrap_or_default();
    let kept = tail.rfind('\\').map_or(0, |at| {
        at + 1 + tail.get(at + 1..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
    });
    part.get(..end + kept).unwrap_or(part).trim_end()
}

/// Returns whether `c` is a dash that parts two texts when white space stands around it.
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '―')
}

/// Returns whether `c` is a colon of any width.
pub(super) fn is_colon(c: char) -> bool {
    matches!(c, ':' | '：')
}

/// Returns the offset and the length of the first spaced dash, its spaces included.
pub(super) fn spaced_dash(raw: &str) -> Option<(usize, usize)> {
    let mut before: Option<(usize, char)> = None;
    let mut characters = live(raw).peekable();
    while let Some((at, c)) = characters.next() {
        let open = before.filter(|(_, space)| space.is_whitespace());
        let spaced = characters.peek().is_some_and(|(_, next)| next.is_whitespace());
        if let (true, Some((start, _)), true) = (is_dash(c), open, spaced) {
            return Some((start, at + c.len_utf8() - start));
        }
        before = Some((at, c));
    }
    None
}

/// Returns `text` without `prefix`, ignoring case.
pub(super) fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_hides_punctuation_and_nothing_else() {
        let shown: String = live(r"a\:b\\:c\d").map(|(_, c)| c).collect();
        assert_eq!(shown, r"ab:c\d");
    }

    #[test]
    fn a_code_span_hides_what_is_in_it() {
        let shown = |raw: &str| live(raw).map(|(_, c)| c).collect::<String>();
        assert_eq!(shown("a `b: c` d"), "a  d");
        assert_eq!(shown("a ``b ` c`` d"), "a  d");
        assert_eq!(shown("a `b"), "a `b");
        assert_eq!(shown(r"a \`b` c"), "a b` c");
        assert_eq!(shown(r"`a\` b` c"), " b` c");
    }

    #[test]
    fn a_dash_parts_only_between_spaces() {
        assert_eq!(spaced_dash("a-b – c"), Some((3, 4)));
        assert_eq!(spaced_dash("a-b"), None);
        assert_eq!(spaced_dash(r"a \- b"), None);
    }

    #[test]
    fn marks_left_by_a_cut_are_trimmed_and_hidden_ones_stay() {
        assert_eq!(trim_marks(" **Jane Doe "), "Jane Doe");
        assert_eq!(trim_marks("Doe** "), "Doe");
        assert_eq!(trim_marks(r"a \* "), r"a \*");
        assert_eq!(trim_marks(r"a\** "), r"a\*");
        assert_eq!(trim_marks("**"), "");
    }

    #[test]
    fn what_is_hidden_reduces_to_itself() {
        for text in
            ["a *b* _c_ <d> &amp; – ：", "- \\ [x](y)", "“q” — W, R", "Summary", "a  b\tc\nd"]
        {
            assert_eq!(crate::briefs::inline::reduce(&hide_all(text)).text, text);
            assert!(live(&hide_all(text)).all(|(_, c)| c.is_alphanumeric() || " &#;".contains(c)));
        }
    }
}
