//! `Q:` and `A:`: where the marks of *People Also Ask* stand in a line.

use super::raw::{is_colon, is_dash, live, strip_prefix_ignoring_case};

/// Which mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Question,
    Answer,
}

/// A part of a line: a mark and the text up to the next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// `None` for text before the first mark.
    pub(super) mark: Option<Mark>,
    /// Raw Markdown.
    pub(super) text: String,
}

/// A mark at the beginning of a text.
#[derive(Debug)]
pub(super) struct Found {
    /// Which.
    pub(super) mark: Mark,
    /// Bytes up to the end of the mark.
    length: usize,
    /// Bold that the mark opened and did not close.
    open: &'static str,
    /// The text after the mark, its bold reopened.
    pub(super) rest: String,
}

const WORDS: [(&str, Mark); 6] = [
    ("Question", Mark::Question),
    ("Answer", Mark::Answer),
    ("Q", Mark::Question),
    ("A", Mark::Answer),
    ("Ｑ", Mark::Question),
    ("Ａ", Mark::Answer),
];

/// Returns the mark that `text` begins with: a word, an optional number and a colon, plain or
/// bold.
pub(super) fn at_start(text: &str) -> Option<Found> {
    let (length, mark, open) = measure(text)?;
    let rest = text.get(length..).unwrap_or_default().trim_start();
    Some(Found { mark, length, open, rest: format!("{open}{rest}") })
}

/// Cuts a line, its bullet taken off, at its marks.
///
/// A mark counts at the beginning, after a spaced `-` or `–`, and `A:` straight after a
/// question mark.
pub(super) fn pieces(line: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut mark, mut from, mut open) = (None, 0, "");
    if let Some(found) = at_start(line) {
        (mark, from, open) = (Some(found.mark), found.length, found.open);
    }
    for (end, start) in openings(line).filter(|(end, _)| *end >= from).collect::<Vec<_>>() {
        let Some((length, next, bold)) = line.get(start..).and_then(measure) else { continue };
        let after_dash = line.get(end..start).is_some_and(|gap| gap.contains(is_dash));
        if end < from || !(after_dash || next == Mark::Answer) {
            continue;
        }
        push(&mut pieces, mark, open, line.get(from..end));
        (mark, from, open) = (Some(next), start + length, bold);
    }
    push(&mut pieces, mark, open, line.get(from..));
    pieces
}

fn push(pieces: &mut Vec<Piece>, mark: Option<Mark>, open: &str, text: Option<&str>) {
    let text = text.unwrap_or_default().trim();
    if mark.is_some() || !text.is_empty() {
        pieces.push(Piece { mark, text: format!("{open}{text}") });
    }
}

/// Returns a mark's length, kind, and the bold it leaves open.
fn measure(text: &str) -> Option<(usize, Mark, &'static str)> {
    let bold = ["**", "__"].into_iter().find(|mark| text.starts_with(mark)).unwrap_or_default();
    let inner = text.strip_prefix(bold)?;
    let (rest, mark) = WORDS.iter().find_map(|(word, mark)| {
        let rest = strip_prefix_ignoring_case(inner, word)?;
        ends_word(rest).then_some((rest, *mark))
    })?;
    let numbered = rest.trim_start_matches(' ');
    let plain = numbered.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = if numbered.len() - plain.len() > 3 { return None } else { plain };
    let (closed_before, rest) = close(rest, bold);
    let rest = rest.trim_start_matches(' ').strip_prefix(is_colon)?;
    let (closed_after, rest) = if closed_before { (true, rest) } else { close(rest, bold) };
    Some((text.len() - rest.len(), mark, if closed_after { "" } else { bold }))
}

/// Returns whether a mark's word ends before `rest`: digits, bold, white space or a colon.
fn ends_word(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_ascii_digit() || "*_ :：".contains(c))
}

fn close<'a>(text: &'a str, bold: &str) -> (bool, &'a str) {
    match text.strip_prefix(bold) {
        _ if bold.is_empty() => (true, text),
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

/// Yields where a mark may stand inside a line: the end of the text before it, and its start.
fn openings(line: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut before: [Option<(usize, char)>; 2] = [None, None];
    let mut asked = false;
    live(line).filter_map(move |(at, c)| {
        let [earlier, last] = before;
        before = [last, Some((at, c))];
        if c.is_whitespace() {
            let dash = last.filter(|(_, c)| matches!(c, '-' | '–'))?;
            let space = earlier.filter(|(_, c)| c.is_whitespace())?;
            let adjacent = space.0 + space.1.len_utf8() == dash.0;
            return adjacent.then_some((space.0, at + c.len_utf8()));
        }
        let after_question = asked;
        // What closes a question's bold or quotation may stand between.
        asked = matches!(c, '?' | '？' | '؟') || (asked && "*_\"”»)".contains(c));
        after_question.then_some((at, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let found: Vec<String> = pieces(line)
            .into_iter()
            .map(|piece| format!("{:?}={}", piece.mark, piece.text))
            .collect();
        let found = found.join(" | ").replace("Some(Question)", "Q").replace("Some(Answer)", "A");
        assert_eq!(found, expected);
    }

    #[test]
    fn a_line_is_cut_at_its_marks() {
        check("Q: a? A: b - Q: c?", "Q=a? | A=b | Q=c?");
        check("A: b. – **Q2:** c?", "A=b. | Q=c?");
        check("Q: a?A: b", "Q=a? | A=b");
        check("Q: a ? A: b", "Q=a ? | A=b");
        check("text", "None=text");
        check("**Q: a?** b", "Q=**a?** b");
    }

    #[test]
    fn a_mark_elsewhere_or_hidden_is_text() {
        check("Q: a Q: b", "Q=a Q: b");
        check("Q: a? Q: b", "Q=a? Q: b");
        check(r"A: b - Q\: c", r"A=b - Q\: c");
        check("A: b-Q: c", "A=b-Q: c");
        check("Quiet: b", "None=Quiet: b");
        check("A b: c", "None=A b: c");
    }
}
