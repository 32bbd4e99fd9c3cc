//! A document parted into its items, so that a reader who has some of them is sent the others.

use std::collections::HashMap;
use std::ops::Range;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::model::DocumentFormat;

/// What of a document makes each of its items: their ids and contents, hashed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents(HashMap<u128, u64>);

impl Contents {
    /// Returns how many items there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A document in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pieces<'d> {
    text: &'d str,
    items: Vec<(u128, Range<usize>)>,
}

impl<'d> Pieces<'d> {
    /// Parts a document of ours; `None` where it cannot be parted: JSON, or another's document.
    ///
    /// What stands inside of an item is escaped or sanitised, so its elements are no others.
    pub fn of(format: DocumentFormat, plain: &'d [u8]) -> Option<Self> {
        let (open, close, id) = match format {
            DocumentFormat::Rss => {
                ("<item>", "</item>", ("<guid isPermaLink=\"false\">", "</guid>"))
            }
            DocumentFormat::Atom => ("<entry>", "</entry>", ("<id>", "</id>")),
            DocumentFormat::Json => return None,
        };
        let text = std::str::from_utf8(plain).ok()?;
        let mut items = Vec::new();
        let mut from = 0;
        while let Some(found) = text.get(from..)?.find(open) {
            let start = from + found;
            let end = start + text.get(start..)?.find(close)? + close.len();
            let item = text.get(start..end)?;
            let (_, rest) = item.split_once(id.0)?;
            let (id, _) = rest.split_once(id.1)?;
            items.push((xxh3_128(id.as_bytes()), start..end));
            from = end;
        }
        Some(Self { text, items })
    }

    /// Returns what there is in it.
    pub fn contents(&self) -> Contents {
        let hashed = self.items.iter().map(|(id, range)| (*id, self.hash(range)));
        Contents(hashed.collect())
    }

    /// Returns the document with only those items that are new or changed since `seen`; `None`
    /// where none is.
    pub fn since(&self, seen: &Contents) -> Option<Vec<u8>> {
        let (first, last) = (self.items.first()?, self.items.last()?);
        let mut delta = self.text.get(..first.1.start)?.as_bytes().to_vec();
        let head = delta.len();
        for (id, range) in &self.items {
            if seen.0.get(id) != Some(&self.hash(range)) {
                delta.extend_from_slice(self.text.get(range.clone())?.as_bytes());
            }
        }
        if delta.len() == head {
            return None;
        }
        delta.extend_from_slice(self.text.get(last.1.end..)?.as_bytes());
        Some(delta)
    }

    fn hash(&self, range: &Range<usize>) -> u64 {
        xxh3_64(self.text.get(range.clone()).unwrap_or_default().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(items: &[(&str, &str)]) -> String {
        let item = |(id, text): &(&str, &str)| {
            format!("<item><title>{text}</title><guid isPermaLink=\"false\">{id}</guid></item>")
        };
        let items: String = items.iter().map(item).collect();
        format!("<rss><channel><title>All</title>{items}</channel></rss>")
    }

    #[test]
    fn a_delta_holds_what_is_new_or_changed_and_nothing_else() {
        let before = document(&[("a", "one"), ("b", "two"), ("c", "three")]);
        let after = document(&[("d", "four"), ("a", "one"), ("b", "edited")]);
        let of = |text: &'static str| text;
        let (before, after) = (before.leak(), after.leak());
        let seen = Pieces::of(DocumentFormat::Rss, of(before).as_bytes()).unwrap().contents();
        assert_eq!(seen.len(), 3);
        let now = Pieces::of(DocumentFormat::Rss, of(after).as_bytes()).unwrap();
        let delta = String::from_utf8(now.since(&seen).unwrap()).unwrap();
        assert_eq!(delta, document(&[("d", "four"), ("b", "edited")]));
        assert_eq!(now.since(&now.contents()), None);
        let all = now.since(&Contents::default()).unwrap();
        assert_eq!(all, of(after).as_bytes());
    }

    #[test]
    fn what_cannot_be_parted_is_left_alone() {
        let broken = ["<item>", "<item></item>", "<item><guid isPermaLink=\"false\">x</item>"];
        for text in broken {
            assert_eq!(Pieces::of(DocumentFormat::Rss, text.as_bytes()), None, "{text}");
        }
        assert_eq!(Pieces::of(DocumentFormat::Rss, b"\xff"), None);
        assert_eq!(Pieces::of(DocumentFormat::Json, b"{}"), None);
        let empty = Pieces::of(DocumentFormat::Atom, b"<feed></feed>").unwrap();
        assert_eq!(empty.since(&Contents::default()), None);
    }
}
