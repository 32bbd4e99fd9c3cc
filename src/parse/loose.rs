//! Broken JSON made such that a strict parser reads it, in one linear pass.
//!
//! What publishers' templates get wrong is put right: raw line breaks and halves of surrogate
//! pairs in strings, escapes that JSON has not, commas before a bracket, an end that is cut off.
//! Values that stand too deep for the parser are dropped. What is broken otherwise stays so.

/// Values may stand this deep; the parser gives up the document at 128.
const MAX_DEPTH: usize = 100;

/// A text that may have become readable.
pub(super) struct Repaired {
    pub(super) json: String,
    /// Whether values were open at the end.
    pub(super) was_cut_off: bool,
}

/// Returns the text with such mistakes repaired.
pub(super) fn repaired(json: &str) -> Repaired {
    let mut mender = Mender { out: String::with_capacity(json.len() + 16), ..Mender::default() };
    let mut rest = json;
    while let Some(c) = rest.chars().next() {
        rest = mender.step(c, rest);
    }
    mender.finish()
}

#[derive(Default)]
struct Mender {
    out: String,
    /// The closing brackets that are still to come.
    open: Vec<char>,
    /// Containers that are open within a dropped one, itself included.
    dropped: usize,
    /// Whether a string that comes now is the key of an object.
    awaits_key: bool,
    /// Where the last whole value ended, and how deep it stood.
    whole: (usize, usize),
}

impl Mender {
    /// Takes what begins with `c`; returns what follows it.
    fn step<'a>(&mut self, c: char, rest: &'a str) -> &'a str {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '"' => return self.string(after),
            '{' | '[' => self.enter(c),
            '}' | ']' => self.leave(c),
            ',' => {
                self.value_ends();
                self.push(c);
                self.awaits_key = self.open.last() == Some(&'}');
            }
            ':' => {
                self.push(c);
                self.awaits_key = false;
            }
            c => self.push(c),
        }
        after
    }

    fn push(&mut self, c: char) {
        if self.dropped == 0 {
            self.out.push(c);
        }
    }

    fn enter(&mut self, bracket: char) {
        if self.dropped > 0 || self.open.len() >= MAX_DEPTH {
            self.dropped += 1;
            return;
        }
        self.out.push(bracket);
        self.open.push(if bracket == '{' { '}' } else { ']' });
        self.awaits_key = bracket == '{';
    }

    fn leave(&mut self, bracket: char) {
        if self.dropped > 0 {
            self.dropped -= 1;
            if self.dropped == 0 {
                self.out.push_str("null");
                self.value_ends();
            }
            return;
        }
        let kept = self.out.trim_end().len();
        if self.out.get(..kept).is_some_and(|out| out.ends_with(',')) {
            self.out.truncate(kept - 1);
        } else {
            self.value_ends();
        }
        self.out.push(bracket);
        self.open.pop();
        self.awaits_key = false;
        self.whole = (self.out.len(), self.open.len());
    }

    /// Notes that what was written last is a whole value, if it is one.
    fn value_ends(&mut self) {
        if !self.awaits_key && self.dropped == 0 && !self.out.trim_end().ends_with([':', '[', '{'])
        {
            self.whole = (self.out.len(), self.open.len());
        }
    }

    /// Takes a string up to and with its closing quote.
    fn string<'a>(&mut self, mut rest: &'a str) -> &'a str {
        self.push('"');
        while let Some(c) = rest.chars().next() {
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            match c {
                '"' => {
                    self.push('"');
                    self.value_ends();
                    return rest;
                }
                '\\' => rest = self.escape(rest),
                c if c < ' ' => self.push(' '),
                c => self.push(c),
            }
        }
        rest
    }

    /// Takes what follows a backslash.
    fn escape<'a>(&mut self, rest: &'a str) -> &'a str {
        let Some(c) = rest.chars().next() else { return rest };
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == 'u' {
            return self.code_unit(after);
        }
        if "\"\\/bfnrt".contains(c) {
            self.push('\\');
        }
        self.push(if c < ' ' { ' ' } else { c });
        after
    }

    /// Takes what follows `\u`: four digits, and those of its other half.
    fn code_unit<'a>(&mut self, rest: &'a str) -> &'a str {
        let Some((unit, after)) = hex(rest) else {
            self.push('u');
            return rest;
        };
        let other = after.strip_prefix("\\u").and_then(hex);
        let (character, after) = match (unit, other) {
            (0xd800..=0xdbff, Some((low @ 0xdc00..=0xdfff, after))) => {
                (char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)), after)
            }
            _ => (char::from_u32(unit), after),
        };
        match character.unwrap_or(char::REPLACEMENT_CHARACTER) {
            c if c < ' ' || matches!(c, '"' | '\\') => {
                for c in format!("\\u{:04x}", u32::from(c)).chars() {
                    self.push(c);
                }
            }
            c => self.push(c),
        }
        after
    }

    /// Closes what is open behind the last whole value.
    fn finish(mut self) -> Repaired {
        let was_cut_off = !self.open.is_empty() || self.dropped > 0;
        if was_cut_off {
            let (end, depth) = self.whole;
            self.out.truncate(end);
            self.out.extend(self.open.iter().take(depth).rev());
        }
        Repaired { json: self.out, was_cut_off }
    }
}

fn hex(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten().map(|unit| (unit, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[track_caller]
    fn check(broken: &str, expected: &str) {
        let value: Value = serde_json::from_str(&repaired(broken).json).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(expected).unwrap());
    }

    #[test]
    fn what_templates_get_wrong_is_put_right() {
        check("{\"a\": \"b\nc\", }", r#"{"a": "b c"}"#);
        check("[1, 2, \n]", "[1, 2]");
        check(r#"["\x \' \q"]"#, r#"["x ' q"]"#);
        check(r#"["\ud83d", "\ud83d\ude00", "\ude00"]"#, r#"["�", "😀", "�"]"#);
        check(r#"["\u12", "\u0022\u005c\u000a"]"#, r#"["u12", "\"\\\n"]"#);
    }

    #[test]
    fn what_is_cut_off_keeps_its_whole_values() {
        check(
            r#"{"a": [{"b": 1, "c": "d"}, {"b": 2, "c": "x"#,
            r#"{"a":[{"b":1,"c":"d"},{"b":2}]}"#,
        );
        check(r#"{"a": [1, 2], "b"#, r#"{"a": [1, 2]}"#);
        check(r#"{"a": "b", "c":"#, r#"{"a": "b"}"#);
        let nothing = repaired(r#"{"a": {"b": tru"#);
        assert!(nothing.json.is_empty() && nothing.was_cut_off);
        assert!(!repaired("[1,]").was_cut_off);
    }

    #[test]
    fn what_stands_too_deep_is_dropped() {
        let deep = format!("{{\"a\": {}1{}, \"b\": 2}}", "[".repeat(5000), "]".repeat(5000));
        let value: Value = serde_json::from_str(&repaired(&deep).json).unwrap();
        assert_eq!(value["b"], 2);
    }

    proptest! {
        #[test]
        fn good_json_means_the_same_and_is_read_wherever_it_is_cut(
            texts in prop::collection::vec("\\PC{0,8}", 1..5),
            end in 0..200_usize,
        ) {
            let good = serde_json::json!({"items": texts, "n": 1, "o": {"p": [null, true, "x"]}});
            let text = good.to_string();
            let same: Value = serde_json::from_str(&repaired(&text).json).unwrap();
            prop_assert_eq!(same, good);
            let cut: String = text.chars().take(end.max(1)).collect();
            let once = repaired(&cut).json;
            prop_assert!(once.is_empty() || serde_json::from_str::<Value>(&once).is_ok(), "{}", once);
        }
    }
}
