//! Records as they leave a store: independent of its trees and its numbers, one JSON line each.
//!
//! A walk gives every record, sources first and items in the order of their arrival. What changes
//! while it goes on is walked again by [`Walk::touched`]: a later line of the same record holds,
//! and a `removed` line says that it is gone. What a damaged database still gives is `salvage`'s
//! duty, filling a store from records that of `intake`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::changes::{SPENT, SUBSCRIPTIONS};
use super::codec::{CodecError, Kind};
use super::keys::{self, Sequence, SourceKey, Tree};
use super::read::record_error;
use super::record::hex::Hex;
use super::record::{
    ChannelRecord, GuidRecord, ItemRecord, ListingRecord, MintRecord, SourceRecord, SpentRecord,
    SubscriptionRecord, VersionRecord, hex,
};
use super::touched::Touched;
use super::{MINT, Store, StoreError};

pub(super) const CHANNELS: &[u8] = b"channel/";

/// One record.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Portable {
    /// Authority and date of the guids.
    Mint(MintRecord),
    /// What is remembered of a source.
    Source { id: String, record: Box<SourceRecord> },
    /// A source has another id now; its items go on under it.
    Renamed { was: String, id: String },
    /// A brief.
    Brief(Box<VersionRecord>),
    /// A pin or a block.
    Ruling {
        #[serde(with = "hex")]
        item: u128,
        brief: String,
        pinned: bool,
    },
    /// An item. `arrival` is its place in the order of arrival, which decides where dates do not;
    /// `delisted` is when its source was seen to list it no more, in seconds since 1970.
    Item {
        source: String,
        arrival: Sequence,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delisted: Option<i64>,
        record: Box<ItemRecord>,
    },
    /// What outlives an item, or a further guid of it; `stored` tells whether the item is there.
    Guid {
        source: String,
        #[serde(with = "hex")]
        guid: u128,
        stored: bool,
        record: Box<GuidRecord>,
    },
    /// What the last whole document of a source listed: items by their ids, and guids, by their
    /// hashes, of items that are gone.
    Listing { source: String, items: Vec<Hex>, guids: Vec<Hex> },
    /// What a channel's document looks like.
    Channel { id: String, record: ChannelRecord },
    /// A subscription at a hub.
    Subscription { token: String, record: Box<SubscriptionRecord> },
    /// What a language model has cost on one day.
    Spent(SpentRecord),
    /// A record is gone.
    Removed(Gone),
}

/// Which record is gone.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Gone {
    Source(String),
    Brief(String),
    Ruling {
        #[serde(with = "hex")]
        item: u128,
        brief: String,
    },
    Item(#[serde(with = "hex")] u128),
    Guid {
        source: String,
        #[serde(with = "hex")]
        guid: u128,
    },
    Channel(String),
    Subscription(String),
}

impl Portable {
    /// Returns what the record is, as its line begins.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Mint(_) => "mint",
            Self::Source { .. } => "source",
            Self::Renamed { .. } => "renamed",
            Self::Brief(_) => "brief",
            Self::Ruling { .. } => "ruling",
            Self::Item { .. } => "item",
            Self::Guid { .. } => "guid",
            Self::Listing { .. } => "listing",
            Self::Channel { .. } => "channel",
            Self::Subscription { .. } => "subscription",
            Self::Spent(_) => "spent",
            Self::Removed(_) => "removed",
        }
    }
}

/// Takes records one at a time; an error ends the walk.
pub(super) type Each<'e> = &'e mut dyn FnMut(Portable) -> Result<(), StoreError>;

/// How the records of a tree are read, one by its key and value.
pub(super) type Read = fn(&Walk<'_>, &[u8], &[u8]) -> Result<Option<Portable>, StoreError>;

/// The trees that hold records, in the order in which they leave: what others name comes first.
pub(super) const RECORDS: [(Tree, Read); 7] = [
    (Tree::Meta, |walk, key, value| walk.meta(key, value)),
    (Tree::Sources, |walk, key, value| walk.source(key, value)),
    (Tree::Briefs, |walk, key, value| walk.brief(key, value)),
    (Tree::Rulings, |_, key, value| Ok(ruling(key, value))),
    (Tree::Items, |walk, key, value| walk.item(key, value)),
    (Tree::Guids, |walk, key, value| walk.guid(key, value)),
    (Tree::Listings, |walk, key, value| walk.listing(key, value)),
];

/// A walk through a store, and what it knows of the sources' names so far.
pub(super) struct Walk<'s> {
    pub(super) store: &'s Store,
    /// The names under which sources have left. A rename is a line of its own.
    pub(super) names: BTreeMap<SourceKey, String>,
    /// Items that arrived later are left out: they are touched, and come in their turn.
    last: Sequence,
    /// Whether groups are committed and noted meanwhile.
    is_live: bool,
}

impl<'s> Walk<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        Self { store, names: store.source_names(), last: Sequence::MAX, is_live: false }
    }

    /// Begins a walk through a store that changes; what does is noted, and walked again.
    pub(super) fn live(store: &'s Store) -> Result<Self, StoreError> {
        let newest = store.tree(Tree::Items).last()?;
        let last = newest.and_then(|(key, _)| keys::item_of(&key)).unwrap_or(0);
        Ok(Self { last, is_live: true, ..Self::new(store) })
    }

    /// Gives every record to `each`; of a walk that is not live, nothing may be written meanwhile.
    pub(super) fn whole(&self, each: Each<'_>) -> Result<(), StoreError> {
        for (tree, read) in RECORDS {
            for entry in self.store.walk(self.store.tree(tree).iter()) {
                let (key, value) = entry?;
                self.read((tree, read), &key, &value)?.map_or(Ok(()), &mut *each)?;
            }
        }
        Ok(())
    }

    /// Reads a record; `None` is one that comes in its turn, or none that leaves.
    fn read(
        &self,
        (tree, read): (Tree, Read),
        key: &[u8],
        value: &[u8],
    ) -> Result<Option<Portable>, StoreError> {
        match read(self, key, value) {
            // Its parts were written anew while they were read: it is noted.
            Err(StoreError::Record { .. }) if self.is_live && self.store.is_noted(tree, key) => {
                Ok(None)
            }
            read => read,
        }
    }

    /// Says that nothing is written from now on.
    pub(super) fn settle(&mut self) {
        self.is_live = false;
    }

    /// Gives records that were touched, as they are now, and says which are gone.
    pub(super) fn touched(&mut self, touched: &Touched, each: Each<'_>) -> Result<(), StoreError> {
        self.last = Sequence::MAX;
        self.sources(touched, each)?;
        for (tree, read) in RECORDS {
            if tree == Tree::Sources {
                continue;
            }
            for key in touched.keys(tree) {
                let portable = match self.store.tree(tree).get(key)? {
                    Some(value) => self.read((tree, read), key, &value)?,
                    None => self.gone(tree, key).map(Portable::Removed),
                };
                portable.map_or(Ok(()), &mut *each)?;
            }
        }
        // Last: an item that was removed and came back stands under another number.
        for key in touched.keys(Tree::ById) {
            let id = key.first_chunk().map(|id| u128::from_be_bytes(*id));
            if let (Some(id), None) = (id, self.store.tree(Tree::ById).get(key)?) {
                each(Portable::Removed(Gone::Item(id)))?;
            }
        }
        Ok(())
    }

    /// Gives sources that were touched; those whose number is known by another name as renamed.
    fn sources(&mut self, touched: &Touched, each: Each<'_>) -> Result<(), StoreError> {
        let (mut here, mut gone) = (Vec::new(), Vec::new());
        for name in touched.keys(Tree::Sources) {
            match self.store.record::<SourceRecord>(Tree::Sources, Kind::Source, name) {
                Ok(Some(record)) => here.push((text(name), record)),
                Ok(None) => gone.push(text(name)),
                Err(StoreError::Record { .. })
                    if self.is_live && self.store.is_noted(Tree::Sources, name) => {}
                Err(error) => return Err(error),
            }
        }
        while !here.is_empty() {
            // A name that another source still has is free once that one is renamed.
            let is_free = |id: &String, key: SourceKey| {
                self.names.iter().all(|(other, name)| name != id || *other == key)
            };
            let next = here.iter().position(|(id, record)| is_free(id, record.key)).unwrap_or(0);
            let (id, record) = here.swap_remove(next);
            let was = self.names.insert(record.key, id.clone()).filter(|was| *was != id);
            if let Some(was) = was {
                each(Portable::Renamed { was, id: id.clone() })?;
            }
            each(source_line(id, record))?;
        }
        for id in gone {
            let key = self.names.iter().find(|(_, name)| **name == id).map(|(key, _)| *key);
            if let Some(key) = key {
                self.names.remove(&key);
                each(Portable::Removed(Gone::Source(id)))?;
            }
        }
        Ok(())
    }

    fn gone(&self, tree: Tree, key: &[u8]) -> Option<Gone> {
        match tree {
            Tree::Meta => {
                let channel = key.strip_prefix(CHANNELS).map(|id| Gone::Channel(text(id)));
                let token = || key.strip_prefix(SUBSCRIPTIONS);
                channel.or_else(|| token().map(|token| Gone::Subscription(text(token))))
            }
            Tree::Briefs => Some(Gone::Brief(text(key))),
            Tree::Rulings => {
                let (item, brief) = key.split_first_chunk::<16>()?;
                Some(Gone::Ruling { item: u128::from_be_bytes(*item), brief: text(brief) })
            }
            Tree::Guids => {
                let (source, guid) = keys::guid_of(key)?;
                Some(Gone::Guid { source: self.names.get(&source)?.clone(), guid })
            }
            _ => None,
        }
    }

    fn meta(&self, key: &[u8], value: &[u8]) -> Result<Option<Portable>, StoreError> {
        let (store, tree) = (self.store, Tree::Meta);
        Ok(if key == MINT {
            Some(Portable::Mint(store.decode(tree, Kind::Meta, key, value)?))
        } else if let Some(id) = key.strip_prefix(CHANNELS) {
            let record = store.decode(tree, Kind::Channel, key, value)?;
            Some(Portable::Channel { id: text(id), record })
        } else if let Some(token) = key.strip_prefix(SUBSCRIPTIONS) {
            let record = store.decode(tree, Kind::Subscription, key, value)?;
            Some(Portable::Subscription { token: text(token), record: Box::new(record) })
        } else if key == SPENT {
            Some(Portable::Spent(store.decode(tree, Kind::Spent, key, value)?))
        } else {
            // Counters and the like are a store's own.
            None
        })
    }

    fn source(&self, key: &[u8], value: &[u8]) -> Result<Option<Portable>, StoreError> {
        let record: SourceRecord = self.store.decode(Tree::Sources, Kind::Source, key, value)?;
        let id = text(key);
        // Under another name it was renamed meanwhile, and comes in its turn.
        let is_known = self.names.get(&record.key) == Some(&id);
        Ok(is_known.then(|| source_line(id, record)))
    }

    fn brief(&self, key: &[u8], value: &[u8]) -> Result<Option<Portable>, StoreError> {
        let record = self.store.decode(Tree::Briefs, Kind::Brief, key, value)?;
        Ok(Some(Portable::Brief(Box::new(record))))
    }

    fn item(&self, key: &[u8], value: &[u8]) -> Result<Option<Portable>, StoreError> {
        let arrival = keys::item_of(key).unwrap_or(0);
        if arrival > self.last {
            return Ok(None);
        }
        let mut record: ItemRecord = self.store.decode(Tree::Items, Kind::Item, key, value)?;
        let Some(source) = self.name(Tree::Items, key, record.source)? else { return Ok(None) };
        let place = keys::by_source(record.source, record.sorted_by(), arrival);
        let value = self.store.tree(Tree::BySource).get(place)?;
        let delisted = value.as_deref().and_then(keys::delisted);
        record.source = 0;
        Ok(Some(Portable::Item { source, arrival, delisted, record: Box::new(record) }))
    }

    fn listing(&self, key: &[u8], value: &[u8]) -> Result<Option<Portable>, StoreError> {
        let record: ListingRecord = self.store.decode(Tree::Listings, Kind::Listing, key, value)?;
        let Some(number) = key.first_chunk().map(|key| SourceKey::from_be_bytes(*key)) else {
            return Ok(None);
        };
        let Some(source) = self.name(Tree::Listings, key, number)? else { return Ok(None) };
        let mut items = Vec::new();
        for item in record.items {
            items.extend(self.id_of(item)?.map(Hex));
        }
        let guids = record.guids.into_iter().map(Hex).collect();
        Ok(Some(Portable::Listing { source, items, guids }))
    }

    /// Returns the id of an item.
    fn id_of(&self, item: Sequence) -> Result<Option<u128>, StoreError> {
        let key = keys::sequence(item);
        let record = self.store.record::<ItemRecord>(Tree::Items, Kind::Item, &key);
        match record {
            Err(StoreError::Record { .. })
                if self.is_live && self.store.is_noted(Tree::Items, &key) =>
            {
                Ok(None)
            }
            record => Ok(record?.map(|record| record.id)),
        }
    }

    fn guid(&self, key: &[u8], value: &[u8]) -> Result<Option<Portable>, StoreError> {
        let mut record: GuidRecord = self.store.decode(Tree::Guids, Kind::Guid, key, value)?;
        let Some((source, guid)) = keys::guid_of(key) else { return Ok(None) };
        let Some(source) = self.name(Tree::Guids, key, source)? else { return Ok(None) };
        let item = record.item.take();
        let stored = match item {
            Some(item) => self.store.tree(Tree::Items).contains_key(keys::sequence(item))?,
            None => false,
        };
        // A further guid of an item that retention took.
        record.retired |= item.is_some() && !stored;
        Ok(Some(Portable::Guid { source, guid, stored, record: Box::new(record) }))
    }

    /// Returns a source's name; `None` where it is so new that its record comes in its turn.
    fn name(
        &self,
        tree: Tree,
        key: &[u8],
        source: SourceKey,
    ) -> Result<Option<String>, StoreError> {
        if let Some(name) = self.names.get(&source) {
            return Ok(Some(name.clone()));
        }
        if self.is_live {
            return Ok(None);
        }
        Err(record_error(tree, key, CodecError::Damaged("its source is not known")))
    }
}

fn ruling(key: &[u8], value: &[u8]) -> Option<Portable> {
    let (item, brief) = key.split_first_chunk::<16>()?;
    let (item, brief) = (u128::from_be_bytes(*item), text(brief));
    Some(Portable::Ruling { item, brief, pinned: value.first() == Some(&1) })
}

fn source_line(id: String, mut record: SourceRecord) -> Portable {
    record.key = 0;
    Portable::Source { id, record: Box::new(record) }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
