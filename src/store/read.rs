//! What the store can be asked.

use std::collections::{BinaryHeap, HashSet};
use std::iter;

use serde::de::DeserializeOwned;

use super::changes::{SPENT, SUBSCRIPTIONS, channel_key};
use super::codec::{self, CodecError, Kind};
use super::keys::{self, Sequence, SourceKey, Tree};
use super::record::{
    ChannelRecord, GuidRecord, ItemRecord, OriginRecord, SourceRecord, SpentRecord,
    SubscriptionRecord, VersionRecord, moment,
};
use super::{Store, StoreError};
use crate::model::{
    Brief, BriefId, BriefOrigin, CanonicalUrl, ChannelId, ItemId, Only, SourceId, SourceState,
    Spent, Story, Subscription, Timestamp,
};

/// How many items a filter may be asked of, where most of them do not pass.
pub const MAX_LOOKED_AT: usize = 5_000;

/// Items as they are found, one at a time.
type Walk<'w> = Box<dyn Iterator<Item = Result<Sequence, StoreError>> + 'w>;

/// What is known of a guid that a source lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The item's own key.
    pub id: ItemId,
    /// The date it was first published with.
    pub published: Timestamp,
    /// When we first saw it.
    pub first_seen: Timestamp,
    /// The item; `None` once retention or a rebuild has taken it.
    pub story: Option<Box<Story>>,
    /// Whether retention took it: it does not come back, though its source lists it.
    pub is_retired: bool,
}

/// What a channel's document looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Of all that it says but when it changed.
    pub fingerprint: u128,
    /// Since when it looks so.
    pub changed: Timestamp,
    /// Whether its address needs a token, also once the channel is no more.
    pub is_secret: bool,
    /// The last finished page of its archive.
    pub archive: Option<Finished>,
}

/// A finished page of a channel's archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its name, such as `2026-10`.
    pub page: String,
    /// It holds all items that were shown until then and stand on no earlier page.
    pub through: Timestamp,
}

/// Which items are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'l> {
    /// The sources; `None` is all.
    pub sources: Option<&'l [SourceId]>,
    /// By the origin of their brief.
    pub only: Only,
    /// Whether items that subscribers do not see are left out.
    pub shown: bool,
    /// At most this many, newest first.
    pub limit: usize,
}

/// A brief and what the store knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBrief {
    /// The brief.
    pub brief: Brief,
    /// Who brought it.
    pub origin: BriefOrigin,
    /// When this version was stored.
    pub stored: Timestamp,
}

/// A person's word on one item and one brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The item.
    pub item: ItemId,
    /// The brief.
    pub brief: BriefId,
    /// Pinned, else blocked.
    pub pinned: bool,
}

impl Store {
    /// Returns a source's state.
    pub fn state(&self, id: &SourceId) -> Result<Option<SourceState>, StoreError> {
        if let Some(noted) = self.noted.get(id) {
            // It may have been paused since.
            let paused = self.paused(id);
            return Ok(Some(SourceState { paused, ..noted.as_ref().clone() }));
        }
        let record =
            self.record::<SourceRecord>(Tree::Sources, Kind::Source, id.as_str().as_bytes())?;
        Ok(record.map(SourceRecord::into_state))
    }

    /// Returns what is known of a guid that a source lists.
    pub fn known(&self, source: &SourceId, guid: &str) -> Result<Option<Known>, StoreError> {
        let Some(key) = self.source_key(source) else { return Ok(None) };
        let place = keys::guid(key, keys::hash_of(guid));
        if let Some(record) = self.record::<GuidRecord>(Tree::Guids, Kind::Guid, &place)? {
            let story = record.item.map(|item| self.story_at(item)).transpose()?.flatten();
            return Ok(Some(Known {
                id: ItemId(record.id),
                published: moment(record.published),
                first_seen: moment(record.first_seen),
                is_retired: record.retired || (record.item.is_some() && story.is_none()),
                story: story.map(Box::new),
            }));
        }
        for id in self.minted_ids(source, key, guid) {
            // Another source may have had the id that this one has now.
            let Some(story) = self.story(id)?.filter(|story| story.source == *source) else {
                continue;
            };
            return Ok(Some(Known {
                id,
                published: story.published,
                first_seen: story.first_seen,
                is_retired: false,
                story: Some(Box::new(story)),
            }));
        }
        Ok(None)
    }

    /// Returns the id of an item that is seen for the first time.
    pub fn unused_id(&self, source: &SourceId, guid: &str) -> Result<ItemId, StoreError> {
        let id = ItemId::mint(source, guid);
        // An item of the source that had this name before has it.
        match self.story(id)? {
            Some(story) if story.source != *source => {
                Ok(ItemId::mint(source, &format!("{guid}\n{}", story.source)))
            }
            _ => Ok(id),
        }
    }

    /// Returns an item.
    pub fn story(&self, id: ItemId) -> Result<Option<Story>, StoreError> {
        let Some(value) = self.get(Tree::ById, &keys::by_id(id))? else { return Ok(None) };
        keys::item_of(&value).map_or(Ok(None), |item| self.story_at(item))
    }

    /// Returns the items whose address is this one, oldest first, at most `limit`.
    pub fn stories_at(&self, url: &CanonicalUrl, limit: usize) -> Result<Vec<Story>, StoreError> {
        let found = self.walk(self.tree(Tree::ByUrl).scan_prefix(keys::by_url(url)).keys());
        self.load(found.take(limit).map(|key| Ok(keys::item_of(&key?))))
    }

    /// Returns the items that a brief is on, oldest first, at most `limit`.
    pub fn stories_with(&self, brief: &BriefId, limit: usize) -> Result<Vec<Story>, StoreError> {
        let found = self.walk(self.tree(Tree::Matches).scan_prefix(keys::matches(brief)).keys());
        self.load(found.take(limit).map(|key| Ok(keys::item_of(&key?))))
    }

    /// Returns the newest items: by when they were shown, else by their date.
    pub fn newest(&self, listed: &Listed<'_>) -> Result<Vec<Story>, StoreError> {
        self.load(self.listed(listed)?.take(listed.limit).map(|item| item.map(Some)))
    }

    /// Returns the newest of the items that `accept` takes.
    ///
    /// It is asked of no more than 5,000 of them.
    pub fn newest_accepted(
        &self,
        listed: &Listed<'_>,
        accept: &dyn Fn(&Story) -> bool,
    ) -> Result<Vec<Story>, StoreError> {
        let mut stories = Vec::new();
        for story in self.each_newest(listed)? {
            if stories.len() >= listed.limit {
                break;
            }
            stories.extend(Some(story?).filter(accept));
        }
        Ok(stories)
    }

    /// Walks through what is listed, newest first: 5,000 items at most, whatever its limit.
    pub fn each_newest<'l>(
        &'l self,
        listed: &'l Listed<'l>,
    ) -> Result<impl Iterator<Item = Result<Story, StoreError>> + 'l, StoreError> {
        let items = self.listed(listed)?.take(MAX_LOOKED_AT);
        Ok(items.filter_map(|item| item.and_then(|item| self.story_at(item)).transpose()))
    }

    /// Walks through what is listed, whatever its limit, newest first.
    fn listed<'l>(&'l self, listed: &'l Listed<'l>) -> Result<Walk<'l>, StoreError> {
        match listed.sources {
            None => Ok(self.newest_of_all(listed)),
            Some(sources) => self.newest_of(sources, listed),
        }
    }

    fn newest_of_all<'l>(&'l self, listed: &'l Listed<'l>) -> Walk<'l> {
        let entries = self.walk(self.tree(Tree::ByTime).iter().rev());
        Box::new(entries.filter_map(move |entry| match entry {
            Ok((key, value)) if wanted(listed, value.last().copied().unwrap_or(0)) => {
                keys::item_of(&key).map(Ok)
            }
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        }))
    }

    /// Merges the sources' own lists; costs a seek a source and a step an item.
    fn newest_of<'l>(
        &'l self,
        sources: &[SourceId],
        listed: &'l Listed<'l>,
    ) -> Result<Walk<'l>, StoreError> {
        let unique: HashSet<SourceKey> =
            sources.iter().filter_map(|id| self.source_key(id)).collect();
        let mut lists = Vec::new();
        let mut heads = BinaryHeap::new();
        for source in unique {
            let prefix = source.to_be_bytes();
            let mut list = self.walk(self.tree(Tree::BySource).scan_prefix(prefix).rev());
            if let Some((at, item)) = next_wanted(&mut list, listed)? {
                heads.push((at, item, lists.len()));
            }
            lists.push(list);
        }
        Ok(Box::new(iter::from_fn(move || {
            let (_, item, number) = heads.pop()?;
            match next_wanted(lists.get_mut(number)?, listed) {
                Ok(Some((at, next))) => heads.push((at, next, number)),
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
            Some(Ok(item))
        })))
    }

    /// Returns every item since `since`, oldest first, at most the newest `limit`.
    pub fn since(&self, since: Timestamp, limit: usize) -> Result<Vec<ItemId>, StoreError> {
        let range = self.tree(Tree::ByTime).range(keys::from_time(since)..);
        let mut ids = Vec::new();
        for entry in self.walk(range.rev()).take(limit) {
            let (key, _) = entry?;
            let Some(item) = keys::item_of(&key) else { continue };
            let record =
                self.record::<ItemRecord>(Tree::Items, Kind::Item, &keys::sequence(item))?;
            ids.extend(record.map(|record| ItemId(record.id)));
        }
        ids.reverse();
        Ok(ids)
    }

    /// Returns a stored brief.
    pub fn brief(&self, id: &BriefId) -> Result<Option<StoredBrief>, StoreError> {
        let key = id.as_str().as_bytes();
        let record = self.record::<VersionRecord>(Tree::Briefs, Kind::Brief, key)?;
        Ok(record.and_then(stored_brief))
    }

    /// Returns all stored briefs, in the order of their ids, one at a time.
    pub fn briefs(&self) -> impl Iterator<Item = Result<StoredBrief, StoreError>> {
        self.walk(self.tree(Tree::Briefs).iter()).filter_map(|entry| {
            let read = entry.and_then(|(key, value)| {
                self.decode::<VersionRecord>(Tree::Briefs, Kind::Brief, &key, &value)
            });
            read.map(stored_brief).transpose()
        })
    }

    /// Returns every pin and every block.
    pub fn rulings(&self) -> Result<Vec<Ruling>, StoreError> {
        let mut rulings = Vec::new();
        for entry in self.walk(self.tree(Tree::Rulings).iter()) {
            let (key, value) = entry?;
            let Some((item, brief)) = key.split_first_chunk::<16>() else { continue };
            let brief = std::str::from_utf8(brief).ok().and_then(|id| BriefId::new(id).ok());
            let Some(brief) = brief else { continue };
            let item = ItemId(u128::from_be_bytes(*item));
            rulings.push(Ruling { item, brief, pinned: value.first() == Some(&1) });
        }
        Ok(rulings)
    }

    /// Returns what a language model has cost on the last day that one was asked.
    pub fn spent(&self) -> Result<Spent, StoreError> {
        let record: Option<SpentRecord> = self.record(Tree::Meta, Kind::Spent, SPENT)?;
        let spent = record.map(|spent| Spent {
            day: spent.day,
            requests: spent.requests,
            tokens: spent.tokens,
            rest: spent.rest.map(moment),
        });
        Ok(spent.unwrap_or_default())
    }

    /// Returns what a channel's document looked like, and since when.
    pub fn channel(&self, id: &ChannelId) -> Result<Option<Look>, StoreError> {
        let record = self.record::<ChannelRecord>(Tree::Meta, Kind::Channel, &channel_key(id))?;
        Ok(record.map(|record| Look {
            fingerprint: record.fingerprint,
            changed: moment(record.changed),
            is_secret: record.is_secret,
            archive: record
                .archive
                .map(|(page, through)| Finished { page, through: moment(through) }),
        }))
    }

    /// Returns every subscription at a hub, and whose it is.
    pub fn subscriptions(&self) -> Result<Vec<(SourceId, Subscription)>, StoreError> {
        let mut subscriptions = Vec::new();
        for entry in self.walk(self.tree(Tree::Meta).scan_prefix(SUBSCRIPTIONS)) {
            let (key, value) = entry?;
            let record: SubscriptionRecord =
                self.decode(Tree::Meta, Kind::Subscription, &key, &value)?;
            let token = String::from_utf8_lossy(key.get(SUBSCRIPTIONS.len()..).unwrap_or_default());
            let Ok(source) = SourceId::new(record.source.as_str()) else { continue };
            subscriptions.push((source, record.into_subscription(token.into_owned())));
        }
        Ok(subscriptions)
    }

    fn load(
        &self,
        items: impl Iterator<Item = Result<Option<Sequence>, StoreError>>,
    ) -> Result<Vec<Story>, StoreError> {
        let mut stories = Vec::new();
        for item in items {
            let Some(item) = item? else { continue };
            stories.extend(self.story_at(item)?);
        }
        Ok(stories)
    }

    fn story_at(&self, item: Sequence) -> Result<Option<Story>, StoreError> {
        let key = keys::sequence(item);
        let Some(record) = self.record::<ItemRecord>(Tree::Items, Kind::Item, &key)? else {
            return Ok(None);
        };
        Ok(self.source_of(record.source).map(|source| record.into_story(source)))
    }

    pub(super) fn record<T: DeserializeOwned>(
        &self,
        tree: Tree,
        kind: Kind,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        match self.record_now(tree, kind, key) {
            Err(error) if error.is_damage() => {
                // A group may be half there: its parts are written one after the other.
                let _alone = self.wait_for_commits();
                self.record_now(tree, kind, key).map_err(|error| self.noticed(error))
            }
            read => read,
        }
    }

    pub(super) fn record_now<T: DeserializeOwned>(
        &self,
        tree: Tree,
        kind: Kind,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        let Some(value) = self.get(tree, key)? else { return Ok(None) };
        self.unseal(tree, kind, (key, &value)).map(Some)
    }

    /// Turns a value into a record; what cannot be read is read again.
    pub(super) fn decode<T: DeserializeOwned>(
        &self,
        tree: Tree,
        kind: Kind,
        key: &[u8],
        value: &[u8],
    ) -> Result<T, StoreError> {
        match self.unseal(tree, kind, (key, value)) {
            Err(error) if error.is_damage() => self.record(tree, kind, key)?.ok_or(error),
            decoded => decoded,
        }
    }

    fn unseal<T: DeserializeOwned>(
        &self,
        tree: Tree,
        kind: Kind,
        (key, value): (&[u8], &[u8]),
    ) -> Result<T, StoreError> {
        let part = |number| {
            let key = keys::part(kind, key, number);
            self.get(Tree::Parts, &key).ok().flatten().map(|value| value.to_vec())
        };
        codec::open(kind, value, part).map_err(|source| record_error(tree, key, source))
    }
}

pub(super) fn record_error(tree: Tree, key: &[u8], source: CodecError) -> StoreError {
    StoreError::Record { tree: tree_name(tree), key: hexadecimal(key), source }
}

pub(super) fn tree_name(tree: Tree) -> &'static str {
    Tree::ALL.iter().find(|(known, _)| *known == tree).map_or("?", |(_, name)| name)
}

pub(super) fn hexadecimal(key: &[u8]) -> String {
    key.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn wanted(listed: &Listed<'_>, flags: u8) -> bool {
    let shown = !listed.shown || flags & keys::SHOWN != 0;
    let briefed = listed.only == Only::Any || flags & keys::BRIEFED != 0;
    shown && briefed
}

fn next_wanted(
    list: &mut impl Iterator<Item = Result<(sled::IVec, sled::IVec), StoreError>>,
    listed: &Listed<'_>,
) -> Result<Option<([u8; 8], Sequence)>, StoreError> {
    for entry in list {
        let (key, value) = entry?;
        if wanted(listed, value.first().copied().unwrap_or(0)) {
            return Ok(keys::time_of(&key, 4).zip(keys::item_of(&key)));
        }
    }
    Ok(None)
}

fn stored_brief(record: VersionRecord) -> Option<StoredBrief> {
    let origin = match record.origin {
        OriginRecord::File(path) => BriefOrigin::File(path),
        OriginRecord::Api => BriefOrigin::Api,
    };
    Some(StoredBrief { brief: record.brief.into_brief()?, origin, stored: moment(record.stored) })
}
