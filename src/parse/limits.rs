//! The cap on items: the newest by date, else the first of the document.

use std::cmp::Reverse;

use super::warnings::Warnings;
use crate::model::Item;

/// Items kept of one document.
pub(super) const MAX_ITEMS: usize = 1000;

/// The items of a document while they are read; never more than twice the cap.
#[derive(Debug, Default)]
pub(super) struct Newest {
    /// With the place each had in the document.
    items: Vec<(usize, Item)>,
    seen: usize,
}

impl Newest {
    /// Takes the next item of the document.
    pub(super) fn push(&mut self, item: Item) {
        self.items.push((self.seen, item));
        self.seen += 1;
        if self.items.len() >= 2 * MAX_ITEMS {
            self.drop_oldest();
        }
    }

    /// Returns the items that are kept, in the order of the document.
    pub(super) fn into_items(mut self, warnings: &mut Warnings) -> Vec<Item> {
        if self.seen > MAX_ITEMS {
            self.drop_oldest();
            warnings.loss("too-many-items", &format!("{MAX_ITEMS} of {} kept", self.seen));
        }
        self.items.into_iter().map(|(_, item)| item).collect()
    }

    fn drop_oldest(&mut self) {
        self.items.sort_by_key(|(place, item)| (Reverse(item.published.or(item.updated)), *place));
        self.items.truncate(MAX_ITEMS);
        self.items.sort_by_key(|(place, _)| *place);
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn kept(dates: impl Iterator<Item = Option<i64>>) -> Vec<String> {
        let mut newest = Newest::default();
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
    fn without_dates_the_first_are_kept() {
        let ids = kept((0..5000).map(|_| None));
        assert_eq!((ids[0].as_str(), ids[999].as_str()), ("0", "999"));
        assert_eq!(kept((0..3).map(|_| None)), ["0", "1", "2"]);
    }
}
