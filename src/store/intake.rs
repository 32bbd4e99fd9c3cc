//! Portable records enter a store that is being filled, with all indexes.
//!
//! Unlike the daemon's changes they write no journal line: a restore writes a journal of its own,
//! and a rebuild has one.

use std::sync::PoisonError;

use super::changes::{Changes, SPENT, SUBSCRIPTIONS};
use super::codec::Kind;
use super::journal::Act;
use super::keys::{self, Sequence, Tree};
use super::portable::{CHANNELS, Gone, Portable};
use super::record::{
    ChannelRecord, GuidRecord, ItemRecord, ListingRecord, SourceRecord, SpentRecord, VersionRecord,
};
use super::{NEXT_ITEM, StoreError};
use crate::model::{BriefId, ItemId, SourceId};

/// Which of two versions of a record stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wins {
    /// The one that comes later: lines of one backup.
    Later,
    /// The one that is newer by what it says, else the later: what is left of several places.
    Newer,
}

impl Changes<'_> {
    /// Puts a record into a store that is being filled.
    pub(super) fn take_in(&mut self, portable: Portable, wins: Wins) -> Result<(), StoreError> {
        match portable {
            Portable::Mint(record) => self.replay(Act::Minted(record)),
            Portable::Source { id, record } => self.take_source(&id, *record, wins),
            Portable::Renamed { was, id } => {
                let (Some(was), Some(id)) = (source_id(&was), source_id(&id)) else {
                    return Ok(());
                };
                self.move_source(&was, &id).map(drop)
            }
            Portable::Brief(record) => self.take_brief(&record, wins),
            Portable::Ruling { item, brief, pinned } => {
                if let Ok(brief) = BriefId::new(brief) {
                    let key = keys::ruling(ItemId(item), &brief);
                    self.set(Tree::Rulings, key, vec![u8::from(pinned)]);
                }
                Ok(())
            }
            Portable::Item { source, arrival, delisted, mut record } => {
                let Some(source) = source_id(&source) else { return Ok(()) };
                record.source = self.source_key(&source)?;
                self.take_item((arrival, delisted), &record, wins)
            }
            Portable::Listing { source, items, guids } => {
                let Some(source) = source_id(&source) else { return Ok(()) };
                let key = self.source_key(&source)?;
                let mut listing = ListingRecord::default();
                for id in items {
                    listing.items.extend(self.item_of(ItemId(id.0))?);
                }
                listing.guids.extend(guids.into_iter().map(|hash| hash.0));
                listing.items.sort_unstable();
                listing.guids.sort_unstable();
                self.seal(Tree::Listings, Kind::Listing, &keys::listing(key), &listing)
            }
            Portable::Guid { source, guid, stored, mut record } => {
                let Some(source) = source_id(&source) else { return Ok(()) };
                let key = keys::guid(self.source_key(&source)?, guid);
                record.item = if stored { self.item_of(ItemId(record.id))? } else { None };
                self.take_guid(&key, &record, wins)
            }
            Portable::Channel { id, record } => {
                let key = [CHANNELS, id.as_bytes()].concat();
                let known = self.record::<ChannelRecord>(Tree::Meta, Kind::Channel, &key)?;
                if wins == Wins::Newer && known.is_some_and(|k| k.changed > record.changed) {
                    return Ok(());
                }
                self.seal(Tree::Meta, Kind::Channel, &key, &record)
            }
            Portable::Subscription { token, record } => {
                let key = [SUBSCRIPTIONS, token.as_bytes()].concat();
                self.seal(Tree::Meta, Kind::Subscription, &key, &record)
            }
            Portable::Spent(record) => {
                let known = self.record::<SpentRecord>(Tree::Meta, Kind::Spent, SPENT)?;
                let cost = |spent: &SpentRecord| (spent.day, spent.requests, spent.tokens);
                if wins == Wins::Newer && known.is_some_and(|known| cost(&known) > cost(&record)) {
                    return Ok(());
                }
                self.seal(Tree::Meta, Kind::Spent, SPENT, &record)
            }
            Portable::Removed(gone) => self.let_go(gone),
        }
    }

    fn take_source(
        &mut self,
        id: &str,
        mut record: SourceRecord,
        wins: Wins,
    ) -> Result<(), StoreError> {
        let Some(source) = source_id(id) else { return Ok(()) };
        record.key = self.source_key(&source)?;
        let known = self.record::<SourceRecord>(Tree::Sources, Kind::Source, id.as_bytes())?;
        if wins == Wins::Newer && known.is_some_and(|known| known.polled > record.polled) {
            return Ok(());
        }
        let mut names = self.store.names.write().unwrap_or_else(PoisonError::into_inner);
        names.pause(record.key, record.paused);
        drop(names);
        self.seal(Tree::Sources, Kind::Source, id.as_bytes(), &record)
    }

    fn take_brief(&mut self, record: &VersionRecord, wins: Wins) -> Result<(), StoreError> {
        let key = record.brief.id.as_bytes();
        let known = self.record::<VersionRecord>(Tree::Briefs, Kind::Brief, key)?;
        if wins == Wins::Newer && known.is_some_and(|known| known.stored > record.stored) {
            return Ok(());
        }
        self.seal(Tree::Briefs, Kind::Brief, key, record)
    }

    fn take_item(
        &mut self,
        (arrival, delisted): (Sequence, Option<i64>),
        record: &ItemRecord,
        wins: Wins,
    ) -> Result<(), StoreError> {
        let item = match self.item_of(ItemId(record.id))? {
            Some(item) => item,
            None => self.arrive(arrival)?,
        };
        let key = keys::sequence(item);
        if let Some(earlier) = self.item(item)? {
            if wins == Wins::Newer && earlier.changed > record.changed {
                return Ok(());
            }
            self.unindex(item, &earlier);
        }
        self.index(item, record, delisted);
        self.seal(Tree::Items, Kind::Item, &key, record)?;
        self.set(Tree::ById, keys::by_id(ItemId(record.id)), key);
        Ok(())
    }

    fn take_guid(&mut self, key: &[u8], record: &GuidRecord, wins: Wins) -> Result<(), StoreError> {
        let known = self.record::<GuidRecord>(Tree::Guids, Kind::Guid, key)?;
        let stays = known.is_some_and(|known| {
            (known.item.is_some(), known.listed) > (record.item.is_some(), record.listed)
        });
        if wins == Wins::Newer && stays {
            return Ok(());
        }
        self.seal(Tree::Guids, Kind::Guid, key, record)
    }

    fn let_go(&mut self, gone: Gone) -> Result<(), StoreError> {
        match gone {
            Gone::Source(id) => self.remove(Tree::Sources, Kind::Source, id.as_bytes()),
            Gone::Brief(id) => self.remove(Tree::Briefs, Kind::Brief, id.as_bytes()),
            Gone::Ruling { item, brief } => {
                if let Ok(brief) = BriefId::new(brief) {
                    self.unset(Tree::Rulings, keys::ruling(ItemId(item), &brief));
                }
                Ok(())
            }
            Gone::Item(id) => self.let_item_go(id),
            Gone::Guid { source, guid } => {
                let Some(source) = source_id(&source) else { return Ok(()) };
                let key = keys::guid(self.source_key(&source)?, guid);
                self.remove(Tree::Guids, Kind::Guid, &key)
            }
            Gone::Channel(id) => {
                let key = [CHANNELS, id.as_bytes()].concat();
                self.remove(Tree::Meta, Kind::Channel, &key)
            }
            Gone::Subscription(token) => self.remove_subscription(&token),
        }
    }

    fn let_item_go(&mut self, id: u128) -> Result<(), StoreError> {
        let Some(item) = self.item_of(ItemId(id))? else { return Ok(()) };
        if let Some(record) = self.item(item)? {
            self.unindex(item, &record);
        }
        self.remove(Tree::Items, Kind::Item, &keys::sequence(item))?;
        self.unset(Tree::ById, keys::by_id(ItemId(id)));
        Ok(())
    }

    /// Returns the number of an item that is new here: its own, or the next where that is taken.
    fn arrive(&mut self, arrival: Sequence) -> Result<Sequence, StoreError> {
        let is_free = self.get(Tree::Items, &keys::sequence(arrival))?.is_none();
        if arrival == 0 || arrival > Sequence::MAX / 2 || !is_free {
            return self.count(NEXT_ITEM);
        }
        let last = self.get(Tree::Meta, NEXT_ITEM)?.as_deref().and_then(keys::item_of);
        if last.is_none_or(|last| last < arrival) {
            self.set(Tree::Meta, NEXT_ITEM.to_vec(), arrival.to_be_bytes().to_vec());
        }
        Ok(arrival)
    }
}

fn source_id(id: &str) -> Option<SourceId> {
    SourceId::new(id).ok()
}
