//! Character references (HTML 13.5): the named table and the numeric forms.
//!
//! Deliberately stricter than a browser in one point: a reference without its semicolon counts
//! only where no letter or digit follows, so `AT&T` and `?a=1&copy2=3` stay what they are.

use std::borrow::Cow;

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// The longest name in the table, `CounterClockwiseContourIntegral`.
const LONGEST_NAME: usize = 31;

/// Returns the text with its character references resolved, once.
pub fn decode_entities(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let (head, mut rest) = text.split_at(first);
    let mut out = String::with_capacity(text.len());
    out.push_str(head);
    while let Some(body) = rest.strip_prefix('&') {
        let used = push_reference(&mut out, body);
        if used == 0 {
            out.push('&');
        }
        let body = body.get(used..).unwrap_or_default();
        let next = body.find('&').unwrap_or(body.len());
        let (plain, tail) = body.split_at(next);
        out.push_str(plain);
        rest = tail;
    }
    Cow::Owned(out)
}

/// Returns what a named reference (without `&` and `;`) stands for.
pub fn named_entity(name: &str) -> Option<String> {
    let mut out = String::new();
    push_named(&mut out, &format!("{name};")).then_some(out)
}

/// Resolves the reference whose text after `&` begins `body`; returns the bytes it took.
fn push_reference(out: &mut String, body: &str) -> usize {
    match body.strip_prefix('#') {
        Some(number) => push_numeric(out, number).map_or(0, |used| used + 1),
        None => push_name(out, body),
    }
}

fn push_numeric(out: &mut String, body: &str) -> Option<usize> {
    let hex = body.strip_prefix(['x', 'X']);
    let (digits, radix) = hex.map_or((body, 10), |hex| (hex, 16));
    let length = digits.bytes().take_while(|b| char::from(*b).is_digit(radix)).count();
    if length == 0 {
        return None;
    }
    let (number, after) = digits.split_at(length);
    // A number too large for u32 is as invalid as any other beyond Unicode.
    let code = u32::from_str_radix(number, radix).unwrap_or(u32::MAX);
    out.push(numbered(code));
    Some(body.len() - digits.len() + length + usize::from(after.starts_with(';')))
}

fn numbered(code: u32) -> char {
    let replaced = code
        .checked_sub(0x80)
        .and_then(|c1| C1_REPLACEMENTS.get(usize::try_from(c1).ok()?).copied().flatten());
    replaced.or_else(|| char::from_u32(code)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn push_name(out: &mut String, body: &str) -> usize {
    let length = body.bytes().take(LONGEST_NAME + 1).take_while(u8::is_ascii_alphanumeric).count();
    let complete = body.as_bytes().get(length) == Some(&b';');
    let end = length + usize::from(complete);
    let followed_by_value = body.as_bytes().get(length) == Some(&b'=');
    let name = body.get(..end).unwrap_or_default();
    if !name.is_empty() && !followed_by_value && push_named(out, name) { end } else { 0 }
}

fn push_named(out: &mut String, name: &str) -> bool {
    // The table also lists prefixes of names, with no characters behind them.
    let Some(&(first, second)) = NAMED_ENTITIES.get(name).filter(|(first, _)| *first != 0) else {
        return false;
    };
    out.extend([first, second].into_iter().filter(|c| *c != 0).filter_map(char::from_u32));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &str) {
        assert_eq!(decode_entities(input), expected);
    }

    #[test]
    fn references_are_resolved_once() {
        check("a&amp;b", "a&b");
        check("&amp;amp;", "&amp;");
        check("&#65;&#x42;&#X43", "ABC");
        check("&eacute;&NotEqualTilde;", "é\u{2242}\u{338}");
        check("&#150;", "\u{2013}");
        check("&#xD800;&#99999999999;", "\u{fffd}\u{fffd}");
    }

    #[test]
    fn what_only_looks_like_a_reference_stays() {
        check("AT&T & co", "AT&T & co");
        check("?a=1&copy=2&copy2=3", "?a=1&copy=2&copy2=3");
        check("&nosuch; &#; &#x; &", "&nosuch; &#; &#x; &");
        check("&copy me", "© me");
    }
}
