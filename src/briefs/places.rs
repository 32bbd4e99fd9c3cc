//! Where the fields of a JSON document stand.
//!
//! Walks a text that serde has parsed, so its shape is known to be right; only names and
//! positions are taken, and only when something has to be reported.

use std::collections::{HashMap, HashSet};

use super::report::Place;

/// The deepest field that is reported: `[1].people_also_ask[2].q`.
const MAX_NAMED_DEPTH: usize = 4;
/// The longest name of a field that is reported.
const MAX_NAME_BYTES: usize = 64;

/// Returns the places of the `wanted` fields that the document has;
/// the document itself has an empty name.
pub(super) fn find(text: &str, wanted: &HashSet<String>) -> HashMap<String, Place> {
    let mut walk = Walk { open: Vec::new(), key: None, wanted, found: HashMap::new() };
    for (token, place) in Tokens::new(text) {
        walk.take(token, place);
    }
    walk.found
}

/// Returns the name of a field inside another: `a` and `b` make `a.b`, `a` and `[1]` make `a[1]`.
pub(super) fn join(outer: &str, inner: &str) -> String {
    let dot = if outer.is_empty() || inner.is_empty() || inner.starts_with('[') { "" } else { "." };
    format!("{outer}{dot}{inner}")
}

/// Returns where a document nests deeper than `most` levels.
pub(super) fn deeper_than(text: &str, most: usize) -> Option<Place> {
    let mut depth = 0_usize;
    Tokens::new(text).find_map(|(token, place)| {
        match token {
            Token::OpenObject | Token::OpenArray => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Text(_) | Token::Colon | Token::Comma | Token::Other => {}
        }
        (depth > most).then_some(place)
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    OpenObject,
    OpenArray,
    Close,
    Colon,
    Comma,
    /// What stands between the quotation marks, escapes and all.
    Text(&'a str),
    Other,
}

/// An open object or array: its name, and the index of the next entry of an array.
struct Level {
    name: Option<String>,
    index: Option<usize>,
}

struct Walk<'w> {
    open: Vec<Level>,
    /// The key whose value comes next.
    key: Option<String>,
    wanted: &'w HashSet<String>,
    found: HashMap<String, Place>,
}

impl Walk<'_> {
    fn take(&mut self, token: Token<'_>, place: Place) {
        match token {
            Token::Close => {
                self.open.pop();
            }
            Token::Comma => {
                if let Some(index) = self.open.last_mut().and_then(|level| level.index.as_mut()) {
                    *index += 1;
                }
            }
            Token::Colon => {}
            Token::Text(key) if self.awaits_key() => self.key = Some(key.to_owned()),
            Token::Text(_) | Token::Other => {
                self.value(place);
            }
            Token::OpenObject | Token::OpenArray => {
                let name = self.value(place);
                let index = (token == Token::OpenArray).then_some(0);
                self.open.push(Level { name, index });
            }
        }
    }

    fn awaits_key(&self) -> bool {
        self.key.is_none() && self.open.last().is_some_and(|level| level.index.is_none())
    }

    /// Notes where a value begins, and returns its name.
    fn value(&mut self, place: Place) -> Option<String> {
        let key = self.key.take();
        if self.open.len() > MAX_NAMED_DEPTH {
            return None;
        }
        let name = match self.open.last() {
            None => String::new(),
            Some(Level { name, index: Some(index) }) => {
                join(name.as_deref()?, &format!("[{index}]"))
            }
            Some(Level { name, index: None }) => {
                let key = key.filter(|key| key.len() <= MAX_NAME_BYTES)?;
                join(name.as_deref()?, &key)
            }
        };
        if self.wanted.contains(&name) {
            self.found.insert(name.clone(), place);
        }
        Some(name)
    }
}

/// The tokens of a JSON text, with their places.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
    place: Place,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, place: Place::TOP }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        if c == '\n' {
            self.place = Place { line: self.place.line + 1, column: 1 };
        } else {
            self.place.column += 1;
        }
        Some(c)
    }

    fn string(&mut self) -> Token<'a> {
        let start = self.at;
        while let Some(c) = self.bump() {
            match c {
                '\\' => {
                    self.bump();
                }
                '"' => break,
                _ => {}
            }
        }
        Token::Text(self.text.get(start..self.at.saturating_sub(1)).unwrap_or_default())
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (Token<'a>, Place);

    fn next(&mut self) -> Option<Self::Item> {
        while self.peek()?.is_ascii_whitespace() {
            self.bump();
        }
        let place = self.place;
        let token = match self.bump()? {
            '{' => Token::OpenObject,
            '[' => Token::OpenArray,
            '}' | ']' => Token::Close,
            ':' => Token::Colon,
            ',' => Token::Comma,
            '"' => self.string(),
            _ => {
                while self
                    .peek()
                    .is_some_and(|c| !c.is_ascii_whitespace() && !",:]}[{\"".contains(c))
                {
                    self.bump();
                }
                Token::Other
            }
        };
        Some((token, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, field: &str, expected: Option<(u32, u32)>) {
        let wanted = HashSet::from([field.to_owned()]);
        let found = find(text, &wanted);
        assert_eq!(found.get(field).map(|place| (place.line, place.column)), expected);
    }

    #[test]
    fn fields_are_found_by_their_names() {
        let text = "{\n \"a\": 1,\n \"b\": [{\"q\": \"x\\\"y\"}, {\n\"q\": null}]}";
        check(text, "", Some((1, 1)));
        check(text, "a", Some((2, 7)));
        check(text, "b[0].q", Some((3, 14)));
        check(text, "b[1].q", Some((4, 6)));
        check(text, "b[2]", None);
        check("[{\"a\": 1}, {\"a\": 2}]", "[1].a", Some((1, 18)));
    }

    #[test]
    fn depth_is_counted_outside_of_texts() {
        assert_eq!(deeper_than(r#"[["[[["]]"#, 2), None);
        assert_eq!(deeper_than("[[\n[]]]", 2), Some(Place { line: 2, column: 1 }));
    }
}
