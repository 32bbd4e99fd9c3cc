//! Text as Markdown and as YAML that reads back as the same text.

use std::fmt::Write as _;

use super::headings;
use super::items::strip_bullet;
use super::raw::{push_entity, push_hidden};

/// Returns one paragraph as inline Markdown, readable where that is safe.
///
/// Hides Markdown's own marks and what would open a block, a heading or a list; not the marks of
/// single sections (colons of labels, `Q:`): the writer tries those out.
pub(super) fn markdown(text: &str) -> String {
    let raw = inline(text);
    let Some(first) = raw.chars().next() else { return raw };
    let structure = "#>-+=~|–•:".contains(first)
        || strip_bullet(&raw).is_some()
        || headings::section(&raw).is_some()
        || headings::title(&raw).is_some();
    if !structure {
        return raw;
    }
    let mut hidden = String::with_capacity(raw.len() + 8);
    if first.is_ascii_punctuation() {
        push_hidden(&mut hidden, first);
    } else {
        push_entity(&mut hidden, first);
    }
    hidden.extend(raw.chars().skip(1));
    hidden
}

fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
        let after = rest.chars().next();
        match c {
            '\\' | '`' | '*' | '[' | ']' => push_hidden(&mut out, c),
            '<' if after.is_some_and(|a| !a.is_whitespace()) => push_hidden(&mut out, c),
            '&' if names_entity(rest) => push_hidden(&mut out, c),
            '_' if !(is_letter(before) && is_letter(after)) => push_hidden(&mut out, c),
            ' ' if before.is_none_or(|b| matches!(b, ' ' | '\n' | '\t')) => {
                push_entity(&mut out, c);
            }
            '\n' | '\t' => push_entity(&mut out, c),
            c => out.push(c),
        }
        before = Some(c);
    }
    out
}

/// Returns whether `rest` goes on like an entity after its `&`.
fn names_entity(rest: &str) -> bool {
    // The longest name of HTML has 31 letters.
    rest.chars().take(40).find(|c| *c != '#' && !c.is_alphanumeric()) == Some(';')
}

fn is_letter(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// Returns a link's destination in angle brackets.
pub(super) fn destination(url: &str) -> String {
    let mut out = String::with_capacity(url.len() + 2);
    for c in url.chars() {
        if "\\`<>&*[]!".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    format!("<{out}>")
}

/// Returns a YAML scalar: plain where no schema could take it for anything but this text.
pub(super) fn yaml(text: &str) -> String {
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " ._-".contains(c));
    // YAML 1.1 has more words for truth; other readers of the file may still follow it.
    let reserved = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    if word && !reserved.iter().any(|reserved| text.eq_ignore_ascii_case(reserved)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            // Line separators and marks that YAML folds or refuses unescaped.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                write!(out, "\\u{:04X}", u32::from(c)).expect("a string takes all text");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::briefs::inline::reduce;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(markdown(text), expected);
        assert_eq!(reduce(expected).text, text);
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        for text in ["It rains: a lot.", "snake_case", "AT&T & a < b", "(a) “b” – c", "2024. x"]
        {
            check(text, text);
        }
    }

    #[test]
    fn marks_are_hidden() {
        check("*a* _b_ `c` [d](e) <f> &amp; \\", r"\*a\* \_b\_ \`c\` \[d\](e) \<f> \&amp; \\");
        check("a  b\nc\td", "a &#x20;b&#xA;c&#x9;d");
    }

    #[test]
    fn what_would_open_a_block_is_hidden() {
        check("# a", r"\# a");
        check("- a", r"\- a");
        check("1. a", "&#x31;. a");
        check("Summary: a", "&#x53;ummary: a");
        check("Title: a", "&#x54;itle: a");
        check("• a", "&#x2022; a");
    }

    #[test]
    fn yaml_is_quoted_where_it_could_be_misread() {
        assert_eq!(yaml("Jane Doe"), "Jane Doe");
        assert_eq!(yaml("no"), "\"no\"");
        assert_eq!(yaml("2024"), "\"2024\"");
        assert_eq!(yaml("a: \"b\""), "\"a: \\\"b\\\"\"");
    }
}
