//! Items are found by the keys of their addresses, and the rules of these keys may differ between
//! versions of the program: a store that was written by others is brought to ours when it opens.
//!
//! It is done by stretches of items, a small group of changes at a time. The number of the rules is
//! written last, so that whatever a kill leaves is done again. Under which rules an entry was made
//! is not asked: it belongs, or it goes.

use std::collections::BTreeMap;

use super::changes::Changes;
use super::codec::Kind;
use super::keys::{self, Sequence, Tree};
use super::record::ItemRecord;
use super::{Store, StoreError};
use crate::model::CanonicalUrl;
use crate::model::canonical::RULES;

/// Where the number of the rules stands in `meta`; 1 where it does not.
const KEY: &[u8] = b"address_rules";
/// Items whose keys are held in memory at a time, about 100 bytes each.
const STRETCH: usize = 100_000;
/// Values that are committed at a time.
const GROUP_VALUES: usize = 2_000;

/// Items that follow each other, and the entries that are theirs.
struct Stretch {
    first: Sequence,
    /// The first item behind it; `None` at the end.
    next: Option<Sequence>,
    /// Those that are not found yet.
    entries: BTreeMap<Sequence, Vec<u8>>,
}

impl Store {
    /// Brings the entries of all addresses to the rules of this version, if others made them.
    pub(super) fn settle_addresses(&self) -> Result<(), StoreError> {
        let known = self.get(Tree::Meta, KEY)?.and_then(|value| value.first().copied());
        if known.unwrap_or(1) == RULES {
            return Ok(());
        }
        let mut made = 0;
        let mut from = Some(0);
        while let Some(first) = from {
            let stretch = self.stretch(first, STRETCH)?;
            from = stretch.next;
            made += self.settle_stretch(stretch)?;
        }
        let mut changes = self.begin();
        changes.put_address_rules();
        changes.commit()?;
        tracing::info!(
            entries = made,
            "the rules by which addresses are compared have changed: {made} entries were made anew"
        );
        Ok(())
    }

    /// Reads the items from `first` on, at most `most`.
    fn stretch(&self, first: Sequence, most: usize) -> Result<Stretch, StoreError> {
        let mut entries = BTreeMap::new();
        let mut next = None;
        let items = self.tree(Tree::Items).range(keys::sequence(first)..);
        for (number, entry) in self.walk(items).enumerate() {
            let (key, value) = entry?;
            let item = keys::item_of(&key).unwrap_or(0);
            if number == most {
                next = Some(item);
                break;
            }
            let record: ItemRecord = self.decode(Tree::Items, Kind::Item, &key, &value)?;
            entries.extend(record.place_by_url(item).map(|place| (item, place)));
        }
        Ok(Stretch { first, next, entries })
    }

    /// Removes the entries of a stretch's items that do not belong and adds those that are
    /// missing; returns how many those are.
    fn settle_stretch(&self, mut stretch: Stretch) -> Result<u64, StoreError> {
        let mut made = 0;
        let mut changes = self.begin();
        for place in self.walk(self.tree(Tree::ByUrl).iter()) {
            let (place, _) = place?;
            let item = keys::item_of(&place).unwrap_or(0);
            if item < stretch.first || stretch.next.is_some_and(|next| item >= next) {
                continue;
            }
            if stretch.entries.get(&item).is_some_and(|right| **right == *place) {
                stretch.entries.remove(&item);
                continue;
            }
            changes.unset(Tree::ByUrl, place.to_vec());
            made += 1;
            self.commit_full(&mut changes)?;
        }
        for place in stretch.entries.into_values() {
            changes.set(Tree::ByUrl, place, Vec::new());
            made += 1;
            self.commit_full(&mut changes)?;
        }
        changes.commit()?;
        Ok(made)
    }

    fn commit_full<'s>(&'s self, changes: &mut Changes<'s>) -> Result<(), StoreError> {
        if changes.len() < GROUP_VALUES {
            return Ok(());
        }
        std::mem::replace(changes, self.begin()).commit()
    }
}

impl Changes<'_> {
    /// Notes that the entries of all addresses are made by the rules of this version.
    pub(super) fn put_address_rules(&mut self) {
        self.set(Tree::Meta, KEY.to_vec(), vec![RULES]);
    }
}

impl ItemRecord {
    /// Returns the key of the entry that leads from its address to the item.
    pub(super) fn place_by_url(&self, item: Sequence) -> Option<Vec<u8>> {
        let url = self.url.as_deref().and_then(CanonicalUrl::parse)?;
        Some(keys::by_url_item(&url, item))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::model::{ItemId, Story};
    use crate::store::testing::{open, put, source, story, wait_for_file};

    /// What the address of an item is under other rules.
    fn otherwise(story: &Story) -> CanonicalUrl {
        CanonicalUrl::parse(&format!("https://example.org/{}?otherwise", story.guid)).unwrap()
    }

    fn stories() -> Vec<Story> {
        (1..=9).map(|n| story("a", &n.to_string(), n)).collect()
    }

    /// Fills a store as a version would that has other rules and writes no number.
    fn written_by_other_rules(folder: &Path) {
        let (store, _) = open(folder);
        put(&store, &stories());
        let mut changes = store.begin();
        for story in stories() {
            let item = changes.item_of(story.id).unwrap().unwrap();
            let record = changes.item(item).unwrap().unwrap();
            changes.unset(Tree::ByUrl, record.place_by_url(item).unwrap());
            // Of one nothing was found, and one stands twice.
            if story.guid != "3" {
                changes.set(Tree::ByUrl, keys::by_url_item(&otherwise(&story), item), Vec::new());
            }
            if story.guid == "4" {
                changes.set(Tree::ByUrl, record.place_by_url(item).unwrap(), Vec::new());
            }
        }
        changes.set(Tree::ByUrl, keys::by_url_item(&otherwise(&story("a", "0", 0)), 99), vec![]);
        changes.unset(Tree::Meta, KEY.to_vec());
        changes.commit().unwrap();
    }

    fn found(store: &Store, url: &CanonicalUrl) -> Vec<ItemId> {
        store.stories_at(url, 9).unwrap().into_iter().map(|story| story.id).collect()
    }

    #[track_caller]
    fn check(store: &Store) {
        for story in stories() {
            let url = CanonicalUrl::parse(story.url.as_deref().unwrap()).unwrap();
            assert_eq!(found(store, &url), [story.id]);
            assert_eq!(found(store, &otherwise(&story)), []);
        }
        assert_eq!(store.tree(Tree::ByUrl).len(), stories().len());
        assert_eq!(store.check().damages, []);
        assert_eq!(store.get(Tree::Meta, KEY).unwrap().unwrap(), vec![RULES]);
    }

    #[test]
    fn a_store_of_other_rules_is_brought_to_ours() {
        let folder = tempfile::tempdir().unwrap();
        written_by_other_rules(folder.path());
        let (store, recovery) = open(folder.path());
        assert_eq!(recovery, None);
        check(&store);
    }

    #[test]
    fn what_a_kill_left_half_done_is_done_again() {
        for steps in 1..4 {
            let folder = tempfile::tempdir().unwrap();
            written_by_other_rules(folder.path());
            let store = unsettled(folder.path());
            let mut from = 0;
            for _ in 0..steps {
                let stretch = store.stretch(from, 2).unwrap();
                from = stretch.next.unwrap();
                assert!(store.settle_stretch(stretch).unwrap() >= 2);
            }
            assert_eq!(store.get(Tree::Meta, KEY).unwrap(), None);
            drop(store);
            let (store, recovery) = open(folder.path());
            assert_eq!(recovery, None);
            check(&store);
        }
    }

    /// Opens a store as far as it is before it is brought to our rules.
    fn unsettled(folder: &Path) -> Store {
        wait_for_file(folder);
        let lock = std::sync::Arc::new(crate::store::Lock::take(folder).unwrap());
        let db = crate::store::fence::attempt(&folder.join("db"), 1 << 20).ok().unwrap();
        let store = Store::around(db, &folder.join("db"), folder, lock).unwrap();
        store.reread_counts().unwrap();
        store.reread_names().unwrap();
        store
    }

    #[test]
    fn a_new_store_and_a_rebuilt_one_have_our_rules_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        assert_eq!(store.get(Tree::Meta, KEY).unwrap().unwrap(), vec![RULES]);
        put(&store, &stories());
        drop(store);
        crate::store::fence::suspect(folder.path(), "a test says so").unwrap();
        let (store, recovery) = open(folder.path());
        assert_eq!(recovery.unwrap().whole, stories().len());
        check(&store);
        assert!(store.source_key(&source("a")).is_some());
    }
}
