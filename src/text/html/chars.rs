//! Characters: what may stand in a document, and how it is written there.

use std::borrow::Cow;

/// Returns the text without the characters that XML 1.0 forbids and without those that turn
/// the direction of everything after them.
///
/// Tab, line feed and carriage return stay.
pub fn clean_chars(text: &str) -> Cow<'_, str> {
    if text.as_bytes().iter().any(|b| may_be_unwanted(*b)) && text.chars().any(is_unwanted) {
        Cow::Owned(text.chars().filter(|c| !is_unwanted(*c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Returns what of a name XML carries to every reader: neither of the above, nor DEL and the C1
/// controls, which XML 1.0 discourages and programs read as something else.
pub fn carried(text: &str) -> String {
    let keeps = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    clean_chars(text).chars().filter(keeps).collect()
}

/// Returns whether a character that is unwanted can begin with a byte.
fn may_be_unwanted(byte: u8) -> bool {
    matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 0xe2 | 0xef)
}

/// SECURITY: bidirectional overrides and isolates (U+202A–202E, U+2066–2069) let a headline
/// swallow or mirror whatever a page prints behind it.
pub(super) fn is_unwanted(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}'
        // A byte order mark within a text is what is left of a file pasted into it.
        | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns the text as it is written between tags or in a quoted attribute, in HTML and XML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    push_escaped(&mut out, text, true);
    out
}

/// Writes text with its unwanted characters gone and carriage returns as line feeds, which is
/// what they would be read back as.
pub(super) fn push_escaped(out: &mut String, text: &str, quotes: bool) {
    let (mut rest, mut from) = (text, 0);
    let is_special = |b: u8| matches!(b, b'&' | b'<' | b'>' | b'"' | b'\r') || may_be_unwanted(b);
    let special = |rest: &str, from: usize| {
        let tail = rest.as_bytes().get(from..).unwrap_or_default();
        tail.iter().position(|b| is_special(*b)).map(|at| from + at)
    };
    while let Some(at) = special(rest, from) {
        let (same, tail) = rest.split_at(at);
        let mut chars = tail.chars();
        let replaced = match chars.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('"') if quotes => "&quot;",
            Some('\r') => "\n",
            Some(c) if !is_unwanted(c) => {
                from = at + c.len_utf8();
                continue;
            }
            _ => "",
        };
        out.push_str(same);
        out.push_str(replaced);
        (rest, from) = (chars.as_str(), 0);
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_text_is_borrowed() {
        assert!(matches!(clean_chars("a\tb\nc é"), Cow::Borrowed(_)));
    }

    #[test]
    fn forbidden_and_turning_characters_go() {
        assert_eq!(clean_chars("a\u{0}b\u{202e}c\u{2066}d\u{ffff}e\u{b}\u{feff}"), "abcde");
    }

    #[test]
    fn every_unwanted_character_is_found_by_its_first_byte() {
        let unwanted = ('\0'..=char::MAX).filter(|c| is_unwanted(*c));
        for text in unwanted.map(String::from) {
            assert_eq!((clean_chars(&text).as_ref(), escape(&text).as_str()), ("", ""), "{text:?}");
        }
    }

    #[test]
    fn all_four_signs_are_escaped() {
        assert_eq!(escape("<a b=\"c\">&"), "&lt;a b=&quot;c&quot;&gt;&amp;");
    }
}
