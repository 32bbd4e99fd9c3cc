//! What is forgotten, so that the store stays as large as its operator wants it.
//!
//! An item goes by its age, which counts from the last document that listed it, or because there
//! are too many. Its guid stays as long as the source lists it, and 90 days more: publishers list
//! old items for years, and what is gone must not come back as new.
//!
//! A pass is made of small steps, each a part of some group of changes.

use chrono::TimeDelta;

use super::changes::Changes;
use super::codec::Kind;
use super::journal::Act;
use super::keys::{self, Sequence, SourceKey, Tree};
use super::record::{GuidRecord, ListingRecord, millis};
use super::{Store, StoreError};
use crate::model::{ItemId, Outcome, SourceId, Timestamp};

/// A guid is kept for so long after its source has stopped listing it.
const GUID_KEPT: TimeDelta = TimeDelta::days(90);
/// Guids that one step looks at.
const GUIDS_LOOKED_AT: usize = 5_000;
/// No channel's document reaches further down in the items of one source.
const REACH: usize = 5_000;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Items go so long after the last document that listed them.
    pub max_age: TimeDelta,
    /// Items of one source.
    pub per_source: usize,
    /// Items in all.
    pub items: usize,
}

/// What a step of retention took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retired {
    /// How many items.
    pub items: usize,
    /// Their sources, where a channel's document may have held one of them.
    pub in_reach: Vec<SourceId>,
}

impl Store {
    /// Returns every source that the store knows, configured or not.
    pub fn sources(&self) -> Vec<SourceId> {
        self.names().all()
    }

    /// Returns how many items there are over a limit.
    pub fn excess(&self, limit: usize) -> usize {
        self.counts().0.saturating_sub(limit)
    }
}

impl Changes<'_> {
    /// Forgets items of a source that are too old or too many, at most `most`, oldest first.
    pub fn retire(
        &mut self,
        source: &SourceId,
        is_configured: bool,
        (kept, most): (&Kept, usize),
        now: Timestamp,
    ) -> Result<Retired, StoreError> {
        let Some(key) = self.store.source_key(source) else { return Ok(Retired::default()) };
        let listing = self.listing(key)?.unwrap_or_default();
        let before = (now - kept.max_age).timestamp();
        let confirmed = self.confirmed(source, is_configured, before)?;
        let mut going: Vec<(Sequence, i64)> = Vec::new();
        for entry in self.store.walk(self.store.tree(Tree::BySource).scan_prefix(key.to_be_bytes()))
        {
            let (place, value) = entry?;
            let Some((at, item)) = keys::time_of(&place, 4).zip(keys::item_of(&place)) else {
                continue;
            };
            if keys::seconds(at) >= before || going.len() >= most {
                break;
            }
            let is_listed = listing.items.binary_search(&item).is_ok();
            let stamp = keys::delisted(&value);
            let last = if is_listed { Some(confirmed) } else { stamp };
            let last = match last {
                Some(last) => last,
                // No document has told of it since it came: a hub did, or an archive.
                None => self.item(item)?.map_or(i64::MIN, |record| record.first_seen / 1000),
            };
            if last < before {
                going.push((item, last));
            }
        }
        let newest_first = self.store.tree(Tree::BySource).scan_prefix(key.to_be_bytes()).rev();
        let newest_first = self.store.walk(newest_first);
        let beyond = newest_first.skip(kept.per_source).take(most.saturating_sub(going.len()));
        for entry in beyond {
            let (place, value) = entry?;
            let Some(item) = keys::item_of(&place) else { continue };
            if going.iter().all(|(known, _)| *known != item) {
                going.push((item, keys::delisted(&value).unwrap_or_else(|| now.timestamp())));
            }
        }
        self.forget_items(source, key, (listing, going), now)
    }

    /// Returns when what a source lists was last seen or confirmed by it, in seconds.
    fn confirmed(
        &self,
        source: &SourceId,
        is_configured: bool,
        before: i64,
    ) -> Result<i64, StoreError> {
        let Some(state) = self.store.state(source)? else { return Ok(i64::MIN) };
        let confirmed = state.succeeded.map_or(i64::MIN, |at| at.timestamp());
        let asked = state.polled.map_or(i64::MIN, |at| at.timestamp());
        // We may have been away for long ourselves: then it has to be asked first.
        let is_answer_due = is_configured && asked < before && state.outcome != Some(Outcome::Gone);
        Ok(if is_answer_due { i64::MAX } else { confirmed })
    }

    /// Forgets the oldest items of all, at most `most`.
    pub fn retire_oldest(&mut self, most: usize, now: Timestamp) -> Result<Retired, StoreError> {
        let mut retired = Retired::default();
        let mut oldest: Vec<(SourceKey, Sequence)> = Vec::new();
        for entry in self.store.walk(self.store.tree(Tree::ByTime).iter()).take(most) {
            let (place, value) = entry?;
            let source = value.first_chunk().map(|bytes| SourceKey::from_be_bytes(*bytes));
            oldest.extend(source.zip(keys::item_of(&place)));
        }
        oldest.sort_unstable();
        for of_one in oldest.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((key, _)) = of_one.first() else { continue };
            let Some(source) = self.store.source_of(*key) else { continue };
            let going = of_one.iter().map(|(_, item)| (*item, now.timestamp())).collect();
            let listing = self.listing(*key)?.unwrap_or_default();
            let some = self.forget_items(&source, *key, (listing, going), now)?;
            retired.items += some.items;
            retired.in_reach.extend(some.in_reach);
        }
        Ok(retired)
    }

    /// Forgets items, each with when it was last listed, and keeps their guids.
    fn forget_items(
        &mut self,
        source: &SourceId,
        key: SourceKey,
        (mut listing, going): (ListingRecord, Vec<(Sequence, i64)>),
        now: Timestamp,
    ) -> Result<Retired, StoreError> {
        if going.is_empty() {
            return Ok(Retired::default());
        }
        let in_reach = self.is_in_reach(key)?.then(|| source.clone());
        let mut guids = Vec::new();
        for (item, last) in &going {
            let Some(record) = self.item(*item)? else { continue };
            self.unindex(*item, &record);
            self.remove(Tree::Items, Kind::Item, &keys::sequence(*item))?;
            self.unset(Tree::ById, keys::by_id(ItemId(record.id)));
            let hash = keys::hash_of(&record.guid);
            let left = GuidRecord {
                id: record.id,
                item: None,
                published: record.published,
                first_seen: record.first_seen,
                listed: last.saturating_mul(1000).max(record.first_seen),
                retired: true,
            };
            self.seal(Tree::Guids, Kind::Guid, &keys::guid(key, hash), &left)?;
            guids.push(format!("{hash:032x}"));
            if let Ok(at) = listing.items.binary_search(item) {
                listing.items.remove(at);
                listing.guids.push(hash);
            }
        }
        listing.guids.sort_unstable();
        self.seal(Tree::Listings, Kind::Listing, &keys::listing(key), &listing)?;
        let items = guids.len();
        self.acts.push(Act::Retired { source: source.to_string(), guids, at: millis(now) });
        Ok(Retired { items, in_reach: in_reach.into_iter().collect() })
    }

    /// Returns whether so few items of a source are left that any may be in a document.
    fn is_in_reach(&self, source: SourceKey) -> Result<bool, StoreError> {
        let mut entries = self.store.tree(Tree::BySource).scan_prefix(source.to_be_bytes());
        Ok(entries.nth(REACH).transpose()?.is_none())
    }

    /// Forgets guids that nobody will list any more, from a place among them on; returns where
    /// to go on, or `None` at the end.
    ///
    /// A configured source has to be read once before its guids go: after a rebuild it is not
    /// known what it lists.
    pub fn forget_guids(
        &mut self,
        from: &[u8],
        is_configured: &dyn Fn(&SourceId) -> bool,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let before = millis(now - GUID_KEPT);
        let mut current: Option<(SourceKey, Option<ListingRecord>)> = None;
        let mut last = None;
        let mut looked_at = 0;
        let guids = self.store.walk(self.store.tree(Tree::Guids).range(from.to_vec()..));
        for entry in guids.take(GUIDS_LOOKED_AT) {
            let (place, value) = entry?;
            looked_at += 1;
            last = Some([&place[..], &[0]].concat());
            let Some((key, hash)) = keys::guid_of(&place) else { continue };
            let record: GuidRecord = self.store.decode(Tree::Guids, Kind::Guid, &place, &value)?;
            if record.listed >= before || record.item.is_some_and(|item| self.has_item(item)) {
                continue;
            }
            if current.as_ref().is_none_or(|(known, _)| *known != key) {
                current = Some((key, self.wanted_listing(key, is_configured)?));
            }
            let listing = current.as_ref().and_then(|(_, listing)| listing.as_ref());
            if listing.is_some_and(|listing| listing.guids.binary_search(&hash).is_err()) {
                self.remove(Tree::Guids, Kind::Guid, &place)?;
            }
        }
        Ok(last.filter(|_| looked_at == GUIDS_LOOKED_AT))
    }

    /// Returns what a source lists: nothing where it is not configured; `None` where it is, and
    /// was not read yet.
    fn wanted_listing(
        &self,
        key: SourceKey,
        is_configured: &dyn Fn(&SourceId) -> bool,
    ) -> Result<Option<ListingRecord>, StoreError> {
        if self.store.source_of(key).is_some_and(|id| is_configured(&id)) {
            return self.listing(key);
        }
        Ok(Some(ListingRecord::default()))
    }

    /// Forgets a source that nothing is left of; returns whether it is gone.
    pub fn forget_source(&mut self, source: &SourceId) -> Result<bool, StoreError> {
        let Some(key) = self.store.source_key(source) else { return Ok(false) };
        for tree in [Tree::BySource, Tree::Guids] {
            if self.store.tree(tree).scan_prefix(key.to_be_bytes()).next().is_some() {
                return Ok(false);
            }
        }
        self.store.forget_noted(source);
        self.remove(Tree::Sources, Kind::Source, source.as_str().as_bytes())?;
        self.remove(Tree::Listings, Kind::Listing, &keys::listing(key))?;
        self.store.forget_name(source);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::model::{Address, SourceState, Story};
    use crate::store::testing::{at, open, put, source, story};

    const DAY: i64 = 86_400;
    const KEPT: Kept = Kept { max_age: TimeDelta::days(7), per_source: 1000, items: 1000 };

    /// A document of source `a` that lists these guids, read on that day.
    fn read(store: &Store, day: i64, guids: &[&str]) {
        let now = at(day * DAY);
        let mut changes = store.begin();
        for guid in guids {
            if store.known(&source("a"), guid).unwrap().is_none() {
                changes.put_story(&story("a", guid, day * DAY), now).unwrap();
            }
        }
        let guids: Vec<String> = guids.iter().map(|guid| (*guid).to_owned()).collect();
        changes.put_listing(&source("a"), &guids, now).unwrap();
        let mut state = SourceState::new(&Address::File(PathBuf::from("x")), now);
        state.succeeded = Some(now);
        state.polled = Some(now);
        changes.put_state(&source("a"), &state).unwrap();
        changes.commit().unwrap();
    }

    /// A poll that brought nothing.
    fn fail(store: &Store, day: i64) {
        let mut state = store.state(&source("a")).unwrap().unwrap();
        state.polled = Some(at(day * DAY));
        store.note_state(&source("a"), state);
    }

    fn retire(store: &Store, day: i64, kept: &Kept) -> usize {
        let mut changes = store.begin();
        let mut retired = 0;
        for source in store.sources() {
            retired += changes.retire(&source, true, (kept, 1000), at(day * DAY)).unwrap().items;
        }
        changes.commit().unwrap();
        let mut changes = store.begin();
        let excess = store.excess(kept.items);
        retired += changes.retire_oldest(excess, at(day * DAY)).unwrap().items;
        changes.commit().unwrap();
        retired
    }

    fn forget_guids(store: &Store, day: i64, is_configured: bool) {
        let mut changes = store.begin();
        assert_eq!(changes.forget_guids(&[], &|_| is_configured, at(day * DAY)).unwrap(), None);
        changes.commit().unwrap();
    }

    fn guids(store: &Store) -> String {
        let known = |guid: &str| store.known(&source("a"), guid).unwrap();
        let mark = |guid: &str| match known(guid) {
            None => "-".to_owned(),
            Some(known) if known.is_retired => "x".to_owned(),
            Some(known) if known.story.is_some() => guid.to_owned(),
            Some(_) => "?".to_owned(),
        };
        ["1", "2", "3", "4", "5"].map(mark).concat()
    }

    fn new() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        (folder, store)
    }

    /// Every index tells of the same items, and the counts are true.
    fn check_indexes(store: &Store) {
        let items = store.tree(Tree::Items).len();
        for tree in [Tree::ById, Tree::ByTime, Tree::BySource, Tree::ByUrl] {
            assert_eq!(store.tree(tree).len(), items, "{tree:?}");
        }
        let mut bytes = 0;
        for (tree, _) in Tree::ALL {
            let mut entries = 0;
            for entry in store.tree(tree) {
                let (key, value) = entry.unwrap();
                if &key[..] != b"counts" {
                    entries += 1;
                    bytes += (key.len() + value.len()) as u64;
                }
            }
            assert_eq!(store.counts.get().of(tree), entries, "{tree:?}");
        }
        assert_eq!(store.logical_bytes(), bytes);
    }

    #[test]
    fn age_counts_from_the_last_document_that_listed_the_item() {
        let (_folder, store) = new();
        read(&store, 0, &["1", "2", "3"]);
        read(&store, 20, &["2", "3"]);
        assert_eq!(retire(&store, 26, &KEPT), 0, "1 was listed until day 20");
        assert_eq!(retire(&store, 28, &KEPT), 1);
        assert_eq!(retire(&store, 50, &KEPT), 0, "we were away, and it has not been asked since");
        fail(&store, 50);
        assert_eq!(retire(&store, 50, &KEPT), 2, "it was asked, and is silent since day 20");
        assert_eq!(guids(&store), "xxx--");
        check_indexes(&store);

        let (_folder, store) = new();
        read(&store, 0, &["1", "2", "3"]);
        read(&store, 20, &["2", "3"]);
        read(&store, 28, &["2", "3"]);
        assert_eq!(retire(&store, 28, &KEPT), 1);
        assert_eq!(guids(&store), "x23--", "what is listed stays, however old");
        check_indexes(&store);
    }

    #[test]
    fn the_oldest_go_where_there_are_too_many() {
        let (_folder, store) = new();
        for day in 0..5 {
            let guids: Vec<String> = (1..=day + 1).map(|n| n.to_string()).collect();
            read(&store, day, &guids.iter().map(String::as_str).collect::<Vec<_>>());
        }
        assert_eq!(retire(&store, 5, &Kept { per_source: 3, ..KEPT }), 2);
        assert_eq!(guids(&store), "xx345");
        put(&store, &[story("b", "1", 0)]);
        assert_eq!(retire(&store, 5, &Kept { items: 2, ..KEPT }), 2);
        assert_eq!(guids(&store), "xxx45");
        assert_eq!(store.counts().0, 2);
        check_indexes(&store);
    }

    #[test]
    fn what_is_gone_does_not_come_back_while_it_is_listed_and_90_days_more() {
        let (_folder, store) = new();
        read(&store, 0, &["1", "2"]);
        assert_eq!(retire(&store, 1, &Kept { per_source: 1, ..KEPT }), 1);
        assert_eq!(guids(&store).matches('x').count(), 1);
        read(&store, 200, &["1", "2"]);
        forget_guids(&store, 400, true);
        assert_eq!(guids(&store).matches('x').count(), 1, "it is listed still");
        read(&store, 400, &["3"]);
        forget_guids(&store, 489, true);
        assert_eq!(guids(&store).matches('x').count(), 1);
        forget_guids(&store, 491, true);
        assert_eq!(guids(&store).matches('x').count(), 0);
        check_indexes(&store);
    }

    #[test]
    fn a_source_that_was_removed_goes_with_its_last_item() {
        let (_folder, store) = new();
        read(&store, 0, &["1"]);
        let forget = || {
            let mut changes = store.begin();
            let gone = changes.forget_source(&source("a")).unwrap();
            changes.commit().unwrap();
            gone
        };
        assert!(!forget());
        fail(&store, 8);
        assert_eq!(retire(&store, 8, &KEPT), 1);
        forget_guids(&store, 8, false);
        assert!(!forget(), "its guid is kept a while");
        forget_guids(&store, 98, false);
        assert!(forget());
        assert_eq!(store.state(&source("a")).unwrap(), None);
        assert!(store.sources().is_empty());
        check_indexes(&store);
        read(&store, 99, &["1"]);
        assert_eq!(guids(&store), "1----");
    }

    #[test]
    fn a_rebuilt_store_knows_what_retention_took() {
        let folder = tempfile::tempdir().unwrap();
        let rebuilt = |folder: &Path| {
            std::fs::remove_dir_all(folder.join("db")).unwrap();
            let (store, recovery) = open(folder);
            recovery.unwrap();
            store
        };
        let (store, _) = open(folder.path());
        read(&store, 0, &["1", "2"]);
        retire(&store, 1, &Kept { per_source: 1, ..KEPT });
        let before = guids(&store);
        drop(store);
        let store = rebuilt(folder.path());
        assert_eq!(guids(&store), before.replace(['1', '2'], "?"));
        store.rewrite_journal().unwrap();
        drop(store);
        let store = rebuilt(folder.path());
        assert_eq!(guids(&store), before.replace(['1', '2'], "?"), "after rewriting, too");
    }

    #[test]
    fn an_item_of_a_renamed_source_or_guid_is_known_by_it() {
        let (_folder, store) = new();
        read(&store, 0, &["1"]);
        let mut changes = store.begin();
        changes.rename_source(&source("a"), &source("z"), at(0)).unwrap();
        changes.commit().unwrap();
        let known = store.known(&source("z"), "1").unwrap().unwrap();
        assert_eq!(known.id, ItemId::mint(&source("a"), "1"));
        assert_eq!(store.tree(Tree::Guids).len(), 0, "it follows from an earlier name");
        // A new source of the old name is another one.
        read(&store, 1, &["2"]);
        assert_eq!(store.known(&source("a"), "1").unwrap(), None);
        let other = store.unused_id(&source("a"), "1").unwrap();
        assert_ne!(other, known.id);
        let other = Story { id: other, ..story("a", "1", DAY) };
        put(&store, std::slice::from_ref(&other));
        assert_eq!(store.known(&source("a"), "1").unwrap().unwrap().id, other.id);
        assert_eq!(store.known(&source("z"), "1").unwrap().unwrap().id, known.id);
        let mut changes = store.begin();
        changes.put_guid(&other, "1-new", at(0)).unwrap();
        changes.commit().unwrap();
        assert_eq!(store.known(&source("a"), "1-new").unwrap().unwrap().id, other.id);
        let mut changes = store.begin();
        changes.retire(&source("a"), true, (&Kept { per_source: 0, ..KEPT }, 9), at(DAY)).unwrap();
        changes.commit().unwrap();
        assert!(store.known(&source("a"), "1-new").unwrap().unwrap().is_retired);
        check_indexes(&store);
    }
}
