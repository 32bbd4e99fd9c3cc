//! Characters: what may stand in a document, and how it is written there.

use std::borrow::Cow;

/// Returns the text without the characters that XML 1.0 forbids or discourages, those that turn
/// the direction of everything after them, and letters that nobody sees.
///
/// Tab, line feed and carriage return stay.
pub fn clean_chars(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().iter().any(|b| may_be_unwanted(*b)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut from = 0;
    for (at, c) in text.char_indices().filter(|(at, c)| is_unwanted(text, *at, *c)) {
        out.push_str(text.get(from..at).unwrap_or_default());
        from = at + c.len_utf8();
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

/// Returns whether a character that is unwanted can begin with a byte.
fn may_be_unwanted(byte: u8) -> bool {
    matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 0x7f | 0xc2 | 0xe2 | 0xef | 0xf3)
}

/// Returns whether the character at a place of a text must go.
///
/// SECURITY: bidirectional overrides and isolates (U+202A–202E, U+2066–2069) let a headline
/// swallow or mirror whatever a page prints behind it. Tag characters (U+E0000–E007F) show
/// nowhere but in flags, and carry words to programs that people do not see.
pub(super) fn is_unwanted(text: &str, at: usize, c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // A byte order mark within a text is what is left of a file pasted into it.
        | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || (is_tag_character(c) && !ends_in_flag(text.get(..at).unwrap_or_default()))
}

fn is_tag_character(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// Returns whether a text ends within a flag: a black flag and up to six letters of a region.
fn ends_in_flag(text: &str) -> bool {
    let mut last = text.chars().rev().take(6).skip_while(|c| is_tag_character(*c));
    last.next() == Some('\u{1f3f4}')
}

/// Returns a line that no reader takes for markup, also one that unescapes it once more: some
/// take a title or a description for HTML, and would run or swallow the `<div>` of a sentence
/// about HTML. A word joiner behind the sign shows in neither reading.
pub fn inert(line: &str) -> String {
    let line = clean_chars(line);
    let mut safe = String::with_capacity(line.len());
    for (at, c) in line.char_indices() {
        safe.push(c);
        let rest = line.get(at + c.len_utf8()..).unwrap_or_default();
        let opens = match c {
            '<' => rest.starts_with(|c: char| c.is_alphabetic() || "/!?_".contains(c)),
            '&' => ["#", "lt", "amp"].iter().any(|name| starts_with(rest, name)),
            _ => false,
        };
        if opens {
            safe.push('\u{2060}');
        }
    }
    safe
}

fn starts_with(text: &str, name: &str) -> bool {
    text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
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
            Some(c) if !is_unwanted(rest, at, c) => {
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
        assert_eq!(clean_chars("a\u{7f}b\u{80}\u{9f}«c»\u{a0}"), "ab«c»\u{a0}");
    }

    #[test]
    fn invisible_letters_stand_in_flags_alone() {
        let scotland = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
        assert_eq!(
            clean_chars(&format!("a\u{e0041} {scotland}!\u{e0042}")),
            format!("a {scotland}!")
        );
        assert_eq!(
            escape(&format!("a\u{e0041} {scotland}&\u{e0042}")),
            format!("a {scotland}&amp;")
        );
        let long = format!("\u{1f3f4}{}", "\u{e0041}".repeat(100));
        assert_eq!(clean_chars(&long).chars().count(), 7);
        assert_eq!(escape(&long), clean_chars(&long));
    }

    #[test]
    fn an_inert_line_holds_no_tag_and_no_reference_to_one() {
        for line in ["a < b", "AT&T", "x <3", "a &copy b", "R&D", "Q&A > b"] {
            assert_eq!(inert(line), line);
        }
        assert_eq!(inert("Vec<T>"), "Vec<\u{2060}T>");
        assert_eq!(inert("&LT;b> &#60;"), "&\u{2060}LT;b> &\u{2060}#60;");
    }

    #[test]
    fn every_unwanted_character_is_found_by_its_first_byte() {
        let unwanted = ('\0'..=char::MAX).filter(|c| is_unwanted("", 0, *c));
        for text in unwanted.map(String::from) {
            assert_eq!((clean_chars(&text).as_ref(), escape(&text).as_str()), ("", ""), "{text:?}");
        }
    }

    #[test]
    fn all_four_signs_are_escaped() {
        assert_eq!(escape("<a b=\"c\">&"), "&lt;a b=&quot;c&quot;&gt;&amp;");
    }
}
