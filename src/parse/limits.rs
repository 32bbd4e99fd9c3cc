//! The caps on items: the newest by date, else the first of the document, and no more in all
//! than the document's length allows, since relative addresses can become hundreds of times as
//! long as they are written.

use std::cmp::Reverse;

use super::warnings::Warnings;
use crate::model::{Category, Enclosure, Image, Item, ItemSource, Link, Person, Text, Thumbnail};

/// Items kept of one document.
pub(super) const MAX_ITEMS: usize = 1000;

/// What the items of a document may take in memory, whatever its length.
const FREE_BYTES: usize = 4 * 1024 * 1024;

/// What they may take for each byte of it. Real documents take less than one and a half.
const PER_BYTE: usize = 2;

/// The items of a document while they are read; never more than twice the cap.
#[derive(Debug)]
pub(super) struct Newest {
    /// With the place each had in the document.
    items: Vec<(usize, Item)>,
    seen: usize,
    /// What further items may take.
    left: usize,
    /// Items that would have taken more.
    refused: usize,
}

impl Newest {
    /// Returns an empty list for the items of a document of so many bytes.
    pub(super) fn of(document_bytes: usize) -> Self {
        let left = FREE_BYTES + PER_BYTE * document_bytes;
        Self { items: Vec::new(), seen: 0, left, refused: 0 }
    }

    /// Takes the next item of the document.
    pub(super) fn push(&mut self, item: Item) {
        let place = self.seen;
        self.seen += 1;
        let Some(left) = self.left.checked_sub(weight(&item)) else {
            self.refused += 1;
            return;
        };
        self.left = left;
        self.items.push((place, item));
        if self.items.len() >= 2 * MAX_ITEMS {
            self.drop_oldest();
        }
    }

    /// Returns the items that are kept, in the order of the document.
    pub(super) fn into_items(mut self, warnings: &mut Warnings) -> Vec<Item> {
        if self.refused > 0 {
            warnings.loss("too-large", &format!("{} of {} items dropped", self.refused, self.seen));
        }
        if self.seen - self.refused > MAX_ITEMS {
            self.drop_oldest();
            warnings.loss("too-many-items", &format!("{MAX_ITEMS} of {} kept", self.seen));
        }
        self.items.into_iter().map(|(_, item)| item).collect()
    }

    fn drop_oldest(&mut self) {
        self.items.sort_by_key(|(place, item)| (Reverse(item.published.or(item.updated)), *place));
        let dropped = self.items.split_off(MAX_ITEMS.min(self.items.len()));
        self.left += dropped.iter().map(|(_, item)| weight(item)).sum::<usize>();
        self.items.sort_by_key(|(place, _)| *place);
    }
}

/// Returns about how many bytes an item takes.
fn weight(item: &Item) -> usize {
    let people = item.authors.iter().chain(&item.contributors);
    let images = item.image.iter();
    let own = [&item.url, &item.comments, &item.comments_feed, &item.language];
    size_of::<Item>()
        + item.id.len()
        + own.into_iter().flatten().map(String::len).sum::<usize>()
        + item.title.as_ref().map_or(0, |title| title.plain.len() + text(&title.detail))
        + item.summary.iter().chain(&item.subtitle).chain(&item.rights).map(text).sum::<usize>()
        + item.content.iter().map(text).sum::<usize>()
        + item.links.iter().map(link).sum::<usize>()
        + people.map(person).sum::<usize>()
        + item.categories.iter().map(category).sum::<usize>()
        + item
            .enclosures
            .iter()
            .map(|e| e.url.len() + parts::<Enclosure>([&e.mime, &e.title]))
            .sum::<usize>()
        + item
            .thumbnails
            .iter()
            .map(|t| t.url.len() + parts::<Thumbnail>([&t.width, &t.height]))
            .sum::<usize>()
        + images.map(|i| parts::<Image>([&i.url, &i.title, &i.link, &i.description])).sum::<usize>()
        + item.source.as_deref().map_or(0, source)
}

fn source(source: &ItemSource) -> usize {
    let people = source.authors.iter().chain(&source.contributors);
    let prose = source.title.iter().chain(&source.description).chain(&source.rights);
    parts::<ItemSource>([&source.url, &source.id, &source.icon, &source.logo])
        + prose.map(|prose| prose.plain.len() + text(&prose.detail)).sum::<usize>()
        + source.links.iter().map(link).sum::<usize>()
        + people.map(person).sum::<usize>()
        + source.categories.iter().map(category).sum::<usize>()
}

fn person(person: &Person) -> usize {
    parts::<Person>([&person.name, &person.email, &person.url])
}

fn category(category: &Category) -> usize {
    parts::<Category>([&category.term, &category.scheme, &category.label])
}

fn text(text: &Text) -> usize {
    text.mime.len() + text.value.len() + parts::<Text>([&text.language, &text.base, &text.src])
}

fn link(link: &Link) -> usize {
    link.href.len() + parts::<Link>([&link.rel, &link.mime, &link.title, &link.hreflang])
}

/// Returns the size of a value with some of its strings.
fn parts<'a, T>(strings: impl IntoIterator<Item = &'a Option<String>>) -> usize {
    size_of::<T>() + strings.into_iter().flatten().map(String::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn kept(dates: impl Iterator<Item = Option<i64>>) -> Vec<String> {
        let mut newest = Newest::of(0);
        for (place, date) in dates.enumerate() {
            newest.push(Item {
                id: place.to_string(),
                published: date.and_then(|s| DateTime::<Utc>::from_timestamp(s, 0)),
                ..Item::default()
            });
        }
        newest.into_items(&mut Warnings::default()).into_iter().map(|item| item.id).collect()
    }

    #[test]
    fn the_newest_are_kept_in_document_order() {
        let ids = kept((0..5000).map(Some));
        assert_eq!(ids.len(), MAX_ITEMS);
        assert_eq!((ids[0].as_str(), ids[999].as_str()), ("4000", "4999"));
    }

    #[test]
    fn items_take_no_more_than_the_document_allows() {
        let mut newest = Newest::of(1000);
        let large = || Item { id: "x".repeat(1024 * 1024), ..Item::default() };
        (0..9).for_each(|_| newest.push(large()));
        let mut warnings = Warnings::default();
        assert_eq!(newest.into_items(&mut warnings).len(), 3);
        assert_eq!(warnings.into_list()[0].to_string(), "too-large: 6 of 9 items dropped");
    }

    #[test]
    fn without_dates_the_first_are_kept() {
        let ids = kept((0..5000).map(|_| None));
        assert_eq!((ids[0].as_str(), ids[999].as_str()), ("0", "999"));
        assert_eq!(kept((0..3).map(|_| None)), ["0", "1", "2"]);
    }
}
