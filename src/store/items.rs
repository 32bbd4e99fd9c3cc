//! Items in a group of changes: the record, every index of it, and what a document listed.

use std::collections::BTreeSet;

use super::changes::Changes;
use super::codec::Kind;
use super::journal::Act;
use super::keys::{self, Sequence, SourceKey, Tree};
use super::record::{GuidRecord, ItemRecord, ListingRecord, millis};
use super::{NEXT_ITEM, Store, StoreError};
use crate::model::{BriefId, ItemId, Placement, SourceId, Story, Timestamp};

impl Store {
    /// Returns whether the last whole document of a source listed just these, as far as they are
    /// known.
    pub fn lists(&self, source: &SourceId, guids: &[String]) -> Result<bool, StoreError> {
        let Some(key) = self.source_key(source) else { return Ok(false) };
        let changes = self.begin();
        Ok(changes.listing(key)? == Some(changes.listed(source, key, guids)?))
    }
}

impl Changes<'_> {
    /// Returns an item as this group leaves it.
    pub fn story(&self, id: ItemId) -> Result<Option<Story>, StoreError> {
        let Some(item) = self.item_of(id)? else { return Ok(None) };
        let Some(record) = self.item(item)? else { return Ok(None) };
        let source = self.store.source_of(record.source);
        Ok(source.map(|source| record.into_story(source)))
    }

    /// Stores an item, new or changed, and keeps every index true.
    pub fn put_story(&mut self, story: &Story, now: Timestamp) -> Result<(), StoreError> {
        let source = self.source_key(&story.source)?;
        let record = ItemRecord::new(story, source);
        let known = self.item_of(story.id)?;
        let item = known.map_or_else(|| self.count(NEXT_ITEM), Ok)?;
        let earlier = if known.is_some() { self.item(item)? } else { None };
        let was_shown = earlier.as_ref().is_some_and(ItemRecord::is_shown);
        self.put_item(item, &record, earlier.as_ref())?;
        self.set(Tree::ById, keys::by_id(story.id), keys::sequence(item));
        self.put_alias(story, (source, item), now)?;
        if record.is_shown() && !was_shown {
            self.acts.push(Act::Shown {
                item: story.id.to_string(),
                source: story.source.to_string(),
                guid: format!("{:032x}", keys::hash_of(&story.guid)),
                first_seen: millis(story.first_seen),
                published: millis(story.published),
                retired: false,
            });
        }
        Ok(())
    }

    /// Writes the record and its entries in the indexes in the place of those of `earlier`.
    pub(super) fn put_item(
        &mut self,
        item: Sequence,
        record: &ItemRecord,
        earlier: Option<&ItemRecord>,
    ) -> Result<(), StoreError> {
        let mut delisted = None;
        if let Some(earlier) = earlier {
            let place = keys::by_source(earlier.source, earlier.sorted_by(), item);
            delisted = self.get(Tree::BySource, &place)?.as_deref().and_then(keys::delisted);
            self.unindex(item, earlier);
        }
        self.index(item, record, delisted);
        self.seal(Tree::Items, Kind::Item, &keys::sequence(item), record)
    }

    /// Lets the guid lead to the item, where the item's id does not follow from it, and forgets
    /// what was kept of the guid while its item was gone.
    fn put_alias(
        &mut self,
        story: &Story,
        (source, item): (SourceKey, Sequence),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = keys::guid(source, keys::hash_of(&story.guid));
        if self.store.follows(story.id, &story.source, source, &story.guid) {
            return self.remove(Tree::Guids, Kind::Guid, &key);
        }
        self.seal(Tree::Guids, Kind::Guid, &key, &guid_record(story, Some(item), now))
    }

    /// Lets a further guid of the same source lead to an item that is stored already.
    pub fn put_guid(
        &mut self,
        story: &Story,
        guid: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let source = self.source_key(&story.source)?;
        let record = guid_record(story, self.item_of(story.id)?, now);
        self.seal(Tree::Guids, Kind::Guid, &keys::guid(source, keys::hash_of(guid)), &record)
    }

    /// Remembers what a whole document of a source lists; what the one before it listed and this
    /// one does not is delisted from now on.
    ///
    /// Guids that are not known are left out.
    pub fn put_listing(
        &mut self,
        source: &SourceId,
        guids: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = self.source_key(source)?;
        let before = self.listing(key)?.unwrap_or_default();
        let listing = self.listed(source, key, guids)?;
        if listing == before {
            return Ok(());
        }
        for item in before.items.iter().filter(|item| listing.items.binary_search(item).is_err()) {
            self.delist(*item, now)?;
        }
        for hash in before.guids.iter().filter(|hash| listing.guids.binary_search(hash).is_err()) {
            if let Some(mut record) = self.guid(key, *hash)? {
                record.listed = millis(now);
                self.seal(Tree::Guids, Kind::Guid, &keys::guid(key, *hash), &record)?;
            }
        }
        self.seal(Tree::Listings, Kind::Listing, &keys::listing(key), &listing)
    }

    /// Returns what of these guids is known, as a listing.
    fn listed(
        &self,
        source: &SourceId,
        key: SourceKey,
        guids: &[String],
    ) -> Result<ListingRecord, StoreError> {
        let (mut items, mut gone) = (BTreeSet::new(), BTreeSet::new());
        for guid in guids {
            let hash = keys::hash_of(guid);
            let record = self.guid(key, hash)?;
            let item = match &record {
                Some(record) => record.item,
                None => self.item_by_guid(source, key, guid)?,
            };
            let item = item.filter(|item| self.has_item(*item));
            items.extend(item);
            gone.extend((record.is_some() && item.is_none()).then_some(hash));
        }
        let (items, guids) = (items.into_iter().collect(), gone.into_iter().collect());
        Ok(ListingRecord { items, guids })
    }

    fn delist(&mut self, item: Sequence, now: Timestamp) -> Result<(), StoreError> {
        let Some(record) = self.item(item)? else { return Ok(()) };
        let place = keys::by_source(record.source, record.sorted_by(), item);
        self.set(Tree::BySource, place, keys::placed(flags(&record), Some(now.timestamp())));
        Ok(())
    }

    pub(super) fn listing(&self, source: SourceKey) -> Result<Option<ListingRecord>, StoreError> {
        self.record(Tree::Listings, Kind::Listing, &keys::listing(source))
    }

    pub(super) fn guid(
        &self,
        source: SourceKey,
        hash: u128,
    ) -> Result<Option<GuidRecord>, StoreError> {
        self.record(Tree::Guids, Kind::Guid, &keys::guid(source, hash))
    }

    pub(super) fn item(&self, item: Sequence) -> Result<Option<ItemRecord>, StoreError> {
        self.record(Tree::Items, Kind::Item, &keys::sequence(item))
    }

    pub(super) fn has_item(&self, item: Sequence) -> bool {
        matches!(self.get(Tree::Items, &keys::sequence(item)), Ok(Some(_)))
    }

    pub(super) fn item_of(&self, id: ItemId) -> Result<Option<Sequence>, StoreError> {
        Ok(self.get(Tree::ById, &keys::by_id(id))?.as_deref().and_then(keys::item_of))
    }

    /// Returns the item whose id follows from the guid.
    fn item_by_guid(
        &self,
        source: &SourceId,
        key: SourceKey,
        guid: &str,
    ) -> Result<Option<Sequence>, StoreError> {
        for id in self.store.minted_ids(source, key, guid) {
            if let Some(item) = self.item_of(id)? {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    pub(super) fn index(&mut self, item: Sequence, record: &ItemRecord, delisted: Option<i64>) {
        let flags = flags(record);
        let at = record.sorted_by();
        let with_source = [&record.source.to_be_bytes()[..], &[flags]].concat();
        self.set(Tree::ByTime, keys::by_time(at, item), with_source);
        let place = keys::by_source(record.source, at, item);
        self.set(Tree::BySource, place, keys::placed(flags, delisted));
        if let Some(place) = record.place_by_url(item) {
            self.set(Tree::ByUrl, place, Vec::new());
        }
        if let Some(brief) = record.brief.as_deref().and_then(|id| BriefId::new(id).ok()) {
            self.set(Tree::Matches, keys::match_item(&brief, item), Vec::new());
        }
    }

    pub(super) fn unindex(&mut self, item: Sequence, record: &ItemRecord) {
        let at = record.sorted_by();
        self.unset(Tree::ByTime, keys::by_time(at, item));
        self.unset(Tree::BySource, keys::by_source(record.source, at, item));
        if let Some(place) = record.place_by_url(item) {
            self.unset(Tree::ByUrl, place);
        }
        if let Some(brief) = record.brief.as_deref().and_then(|id| BriefId::new(id).ok()) {
            self.unset(Tree::Matches, keys::match_item(&brief, item));
        }
    }
}

fn guid_record(story: &Story, item: Option<Sequence>, now: Timestamp) -> GuidRecord {
    GuidRecord {
        id: story.id.0,
        item,
        published: millis(story.published),
        first_seen: millis(story.first_seen),
        listed: millis(now),
        retired: false,
    }
}

impl ItemRecord {
    fn is_shown(&self) -> bool {
        matches!(self.placement(), Placement::Shown(_))
    }
}

fn flags(record: &ItemRecord) -> u8 {
    let shown = if record.is_shown() { keys::SHOWN } else { 0 };
    let briefed = if record.brief.is_some() { keys::BRIEFED } else { 0 };
    shown | briefed
}
