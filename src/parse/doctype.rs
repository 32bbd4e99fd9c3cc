//! What a DOCTYPE says: the entities that its internal subset writes out (XML 1.0, 4.2).
//!
//! Parameter entities, external ones and everything else of a DTD are passed over; nothing is
//! fetched. What entities can make of a document is bounded before they are used, so that a
//! few hundred bytes never become gigabytes.

use crate::text::html;

/// Entities of one document; those that list Latin-1 for themselves have 96.
const MAX_ENTITIES: usize = 300;

/// The longest name that is looked at.
const MAX_NAME_BYTES: usize = 32;

/// The longest text of one entity, others in it resolved.
const MAX_VALUE_BYTES: usize = 2048;

/// What all references of one document to its own entities may add to it.
const MAX_ADDED_BYTES: usize = 256 * 1024;

/// The entities of a document and what they may still add to it.
#[derive(Debug)]
pub(super) struct Entities {
    /// Names and texts, in document order.
    list: Vec<(String, String)>,
    left: usize,
}

impl Default for Entities {
    fn default() -> Self {
        Self { list: Vec::new(), left: MAX_ADDED_BYTES }
    }
}

impl Entities {
    /// Takes the entities of an internal subset; the first definition of a name counts.
    pub(super) fn define(&mut self, subset: &str) {
        for declaration in subset.split("<!ENTITY").skip(1) {
            let Some((name, value)) = entity(declaration) else { continue };
            if self.list.len() >= MAX_ENTITIES {
                return;
            }
            if let Some(value) = self.resolved(value).filter(|_| !self.defines(name)) {
                self.list.push((name.to_owned(), value));
            }
        }
    }

    /// Returns whether the document defines a name.
    pub(super) fn defines(&self, name: &str) -> bool {
        self.list.iter().any(|(defined, _)| defined == name)
    }

    /// Returns what a name stands for, unless the document has used up what it may add.
    pub(super) fn spend(&mut self, name: &str) -> Option<&str> {
        let (_, value) = self.list.iter().find(|(defined, _)| defined == name)?;
        self.left = self.left.checked_sub(value.len())?;
        Some(value)
    }

    /// Returns a value with the references in it resolved, or `None` if that is too long.
    fn resolved(&self, value: &str) -> Option<String> {
        let mut out = String::new();
        let mut pieces = value.split('&');
        out.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let known = piece.split_once(';').and_then(|(name, rest)| {
                let (_, value) = self.list.iter().find(|(defined, _)| defined == name)?;
                Some((value, rest))
            });
            match known {
                Some((value, rest)) => out.extend([value.as_str(), rest]),
                None => out.extend(["&", piece]),
            }
            if out.len() > MAX_VALUE_BYTES {
                return None;
            }
        }
        let out = html::decode_entities(&out).into_owned();
        Some(out).filter(|out| out.len() <= MAX_VALUE_BYTES)
    }
}

/// Splits a DOCTYPE into its internal subset and what follows it; `None` if nothing ends it.
pub(super) fn split(markup: &str) -> (&str, Option<&str>) {
    let Some(at) = markup.find(['[', '>']) else { return ("", None) };
    let (_, tail) = markup.split_at(at);
    let after = tail.get(1..).unwrap_or_default();
    if tail.starts_with('>') {
        return ("", Some(after));
    }
    // Brackets within the subset are followed by something else than the end.
    for (at, _) in after.match_indices(']') {
        let (subset, end) = after.split_at(at);
        if let Some(rest) = end.get(1..).and_then(|end| end.trim_start().strip_prefix('>')) {
            return (subset, Some(rest));
        }
    }
    ("", after.split_once('>').map(|(_, rest)| rest))
}

/// Returns name and value of what follows `<!ENTITY`, if it is written out there.
fn entity(declaration: &str) -> Option<(&str, &str)> {
    let declaration = declaration.trim_start();
    let (name, value) = declaration.split_once(char::is_whitespace)?;
    let value = value.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = value.split(quote).nth(1)?;
    let is_name = !name.is_empty() && name.len() <= MAX_NAME_BYTES && name != "%";
    (is_name && value.len() <= MAX_VALUE_BYTES).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(subset: &str, name: &str, value: Option<&str>) {
        let mut entities = Entities::default();
        entities.define(subset);
        assert_eq!(entities.spend(name), value);
    }

    #[test]
    fn entities_that_are_written_out_are_read() {
        check("<!ENTITY a 'b'><!ENTITY a 'c'>", "a", Some("b"));
        check("<!ENTITY a \"it's &#233;\">", "a", Some("it's é"));
        check("<!ENTITY a 'b'>\n<!ENTITY  c '&a;&a;&lt;&d;'>", "c", Some("bb<&d;"));
    }

    #[test]
    fn the_rest_of_a_dtd_is_passed_over() {
        check("<!ENTITY % a 'b'>", "a", None);
        check("<!ENTITY a SYSTEM 'file:///etc/passwd'>", "a", None);
        check("<!ELEMENT a ANY><!ENTITY", "a", None);
        check("<!ENTITY a 'b", "a", Some("b"));
    }

    #[test]
    fn what_entities_can_make_is_bounded() {
        let level = |level: usize| {
            let inner = format!("&a{};", level - 1).repeat(10);
            format!("<!ENTITY a{level} '{inner}'>")
        };
        let bomb =
            format!("<!ENTITY a0 '{}'>", "x".repeat(100)) + &(1..10).map(level).collect::<String>();
        let mut entities = Entities::default();
        entities.define(&bomb);
        assert!(entities.list.iter().all(|(_, value)| value.len() <= MAX_VALUE_BYTES));
        let added: usize = (0..1000).filter_map(|_| entities.spend("a1").map(str::len)).sum();
        assert!((1..=MAX_ADDED_BYTES).contains(&added));
    }

    #[test]
    fn a_doctype_ends_where_it_ends() {
        assert_eq!(split("<!DOCTYPE a>b"), ("", Some("b")));
        assert_eq!(
            split("<!DOCTYPE a [<!ATTLIST x y (a|b) ']'>]\n>b"),
            ("<!ATTLIST x y (a|b) ']'>", Some("b"))
        );
        assert_eq!(split("<!DOCTYPE a [ <!ENTITY b 'c'> <rss>d"), ("", Some(" <rss>d")));
        assert_eq!(split("<!DOCTYPE a"), ("", None));
    }
}
