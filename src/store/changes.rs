//! A group of changes: gathered, read back by the writer itself, committed whole.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sled::Transactional;
use sled::transaction::{ConflictableTransactionError, TransactionError};
use xxhash_rust::xxh3::xxh3_128;

use super::codec::{self, Kind};
use super::guard::guarded;
use super::journal::Act;
use super::keys::{self, Sequence, SourceKey, Tree};
use super::record::{
    BodyRecord, BriefRecord, ChannelRecord, GuidRecord, ItemRecord, MintRecord, OriginRecord,
    SourceRecord, SubscriptionRecord, VersionRecord, millis,
};
use super::{Look, MINT, Store, StoreError};
use crate::model::{
    Address, Brief, BriefId, BriefOrigin, CanonicalUrl, ChannelId, ItemId, Placement, SourceId,
    SourceState, Story, Subscription, Timestamp,
};

type Entries = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A group of changes that becomes durable at once, or not at all.
pub struct Changes<'s> {
    store: &'s Store,
    entries: Vec<Entries>,
    acts: Vec<Act>,
    /// States that were noted before.
    noted: Vec<(SourceId, Arc<SourceState>)>,
}

impl<'s> Changes<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        let entries = vec![Entries::new(); Tree::ALL.len()];
        Self { store, entries, acts: Vec::new(), noted: Vec::new() }
    }

    /// Returns how many values the group writes and removes.
    pub fn len(&self) -> usize {
        self.entries.iter().map(Entries::len).sum()
    }

    /// Returns whether the group changes nothing.
    pub fn is_empty(&self) -> bool {
        self.acts.is_empty() && self.entries.iter().all(Entries::is_empty)
    }

    /// Makes the group durable: journal and database are synced when this returns.
    ///
    /// On an error nothing of the group is visible, except that the journal may hold its acts;
    /// they were not acknowledged, and a rebuilt store may or may not have them.
    pub fn commit(mut self) -> Result<(), StoreError> {
        if self.is_empty() {
            return Ok(());
        }
        let store = self.store;
        let journal = || "write the journal".to_owned();
        if !self.acts.is_empty() {
            let length = store
                .journal
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .append(&self.acts)
                .map_err(|source| StoreError::Io { what: journal(), source })?;
            self.put_journalled(length);
        }
        guarded(|| self.write()).map_err(|error| store.noticed(error))?;
        // DURABILITY: sled's flush asks for write-out and does not wait for the disk.
        let what = "sync the database".to_owned();
        store.database_file.sync_data().map_err(|source| StoreError::Io { what, source })?;
        store.noted.forget(&self.noted);
        Ok(())
    }

    /// Writes the group into the database in one transaction.
    fn write(&self) -> Result<(), StoreError> {
        let store = self.store;
        // A transaction costs by its trees, changed or not.
        let (trees, changed): (Vec<sled::Tree>, Vec<&Entries>) = store
            .trees
            .iter()
            .zip(&self.entries)
            .filter(|(_, entries)| !entries.is_empty())
            .map(|(tree, entries)| (tree.clone(), entries))
            .unzip();
        let applied = trees.as_slice().transaction(|trees| {
            for (tree, entries) in trees.iter().zip(&changed) {
                for (key, value) in *entries {
                    match value {
                        Some(value) => tree.insert(key.as_slice(), value.as_slice())?,
                        None => tree.remove(key.as_slice())?,
                    };
                }
            }
            Ok::<(), ConflictableTransactionError<()>>(())
        });
        match applied {
            Ok(()) | Err(TransactionError::Abort(())) => {}
            Err(TransactionError::Storage(error)) => return Err(error.into()),
        }
        store.db.flush()?;
        Ok(())
    }

    /// Returns an item as this group leaves it.
    pub fn story(&self, id: ItemId) -> Result<Option<Story>, StoreError> {
        let Some(item) = self.get(Tree::ById, &keys::by_id(id))?.as_deref().and_then(keys::item_of)
        else {
            return Ok(None);
        };
        let key = keys::sequence(item);
        let Some(record) = self.record::<ItemRecord>(Tree::Items, Kind::Item, &key)? else {
            return Ok(None);
        };
        let body = self.record::<BodyRecord>(Tree::Bodies, Kind::Body, &key)?.unwrap_or_default();
        let names = self.store.names.read().unwrap_or_else(PoisonError::into_inner);
        let source = names.ids.get(&record.source).cloned();
        Ok(source.map(|source| record.into_story(source, body)))
    }

    /// Stores a source's state.
    pub fn put_state(&mut self, id: &SourceId, state: &SourceState) -> Result<(), StoreError> {
        // What was noted is older: one poll of a source follows another.
        self.store.noted.take(id);
        self.seal_state(id, state)
    }

    /// Stores states that were noted, at most `limit`; returns whether there were any.
    pub fn put_noted(&mut self, limit: usize) -> Result<bool, StoreError> {
        let noted = self.store.noted.some(limit);
        for (id, state) in &noted {
            self.seal_state(id, state)?;
        }
        let some = !noted.is_empty();
        self.noted.extend(noted);
        Ok(some)
    }

    fn seal_state(&mut self, id: &SourceId, state: &SourceState) -> Result<(), StoreError> {
        let key = self.source_key(id)?;
        self.seal(
            Tree::Sources,
            Kind::Source,
            id.as_str().as_bytes(),
            &SourceRecord::new(key, state),
        )
    }

    /// Gives the items and the state of an earlier source id to `id`.
    pub fn rename_source(&mut self, was: &SourceId, id: &SourceId) -> Result<bool, StoreError> {
        if let Some(noted) = self.store.noted.take(was) {
            self.seal_state(was, &noted)?;
        }
        let earlier = was.as_str().as_bytes();
        let Some(record) = self.record::<SourceRecord>(Tree::Sources, Kind::Source, earlier)?
        else {
            return Ok(false);
        };
        self.remove(Tree::Sources, Kind::Source, earlier)?;
        self.seal(Tree::Sources, Kind::Source, id.as_str().as_bytes(), &record)?;
        let mut names = self.store.names.write().unwrap_or_else(PoisonError::into_inner);
        names.keys.remove(was);
        names.insert(id, record.key);
        Ok(true)
    }

    /// Stores an item, new or changed, and keeps every index true.
    pub fn put_story(&mut self, story: &Story, now: Timestamp) -> Result<(), StoreError> {
        let source = self.source_key(&story.source)?;
        let (record, body) = ItemRecord::new(story, source);
        let item = match self.get(Tree::ById, &keys::by_id(story.id))? {
            Some(value) => keys::item_of(&value).unwrap_or_default(),
            None => self.next_item()?,
        };
        let key = keys::sequence(item);
        let earlier = self.record::<ItemRecord>(Tree::Items, Kind::Item, &key)?;
        if let Some(earlier) = &earlier {
            self.unindex(item, earlier);
        }
        self.index(item, &record);
        self.seal(Tree::Items, Kind::Item, &key, &record)?;
        self.seal(Tree::Bodies, Kind::Body, &key, &body)?;
        self.set(Tree::ById, keys::by_id(story.id), key);
        let guid = GuidRecord {
            id: story.id.0,
            item: Some(item),
            published: millis(story.published),
            first_seen: millis(story.first_seen),
            listed: millis(now),
        };
        self.seal(Tree::ByGuid, Kind::Guid, &keys::by_guid(source, &story.guid), &guid)?;
        let was_shown = earlier.is_some_and(|e| matches!(e.placement(), Placement::Shown(_)));
        if matches!(story.placement, Placement::Shown(_)) && !was_shown {
            self.acts.push(Act::Shown {
                item: story.id.to_string(),
                source: story.source.to_string(),
                guid: format!("{:032x}", xxh3_128(story.guid.as_bytes())),
                first_seen: millis(story.first_seen),
                published: millis(story.published),
            });
        }
        Ok(())
    }

    /// Lets a further guid of the same source lead to an item that is stored already.
    pub fn put_guid(
        &mut self,
        story: &Story,
        guid: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let source = self.source_key(&story.source)?;
        let item = self.get(Tree::ById, &keys::by_id(story.id))?.as_deref().and_then(keys::item_of);
        let record = GuidRecord {
            id: story.id.0,
            item,
            published: millis(story.published),
            first_seen: millis(story.first_seen),
            listed: millis(now),
        };
        self.seal(Tree::ByGuid, Kind::Guid, &keys::by_guid(source, guid), &record)
    }

    /// Stores a brief, or a new version of it.
    pub fn put_brief(
        &mut self,
        brief: &Brief,
        origin: &BriefOrigin,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let record = BriefRecord::new(brief);
        let origin = match origin {
            BriefOrigin::File(path) => OriginRecord::File(path.clone()),
            BriefOrigin::Api => OriginRecord::Api,
        };
        let version =
            VersionRecord { brief: record.clone(), origin: origin.clone(), stored: millis(now) };
        self.put_version(&version, &brief.id)?;
        self.acts.push(Act::Put { brief: Box::new(record), origin, at: millis(now) });
        Ok(())
    }

    fn put_version(&mut self, version: &VersionRecord, id: &BriefId) -> Result<(), StoreError> {
        self.seal(Tree::Briefs, Kind::Brief, id.as_str().as_bytes(), version)
    }

    /// Forgets a brief.
    pub fn remove_brief(&mut self, id: &BriefId, now: Timestamp) -> Result<(), StoreError> {
        self.remove(Tree::Briefs, Kind::Brief, id.as_str().as_bytes())?;
        self.acts.push(Act::Removed { brief: id.to_string(), at: millis(now) });
        Ok(())
    }

    /// Pins (`Some(true)`) or blocks (`Some(false)`) a brief for an item, or takes that back.
    pub fn rule(&mut self, item: ItemId, brief: &BriefId, pinned: Option<bool>, now: Timestamp) {
        let value = pinned.map(|pinned| vec![u8::from(pinned)]);
        self.entry(Tree::Rulings).insert(keys::ruling(item, brief), value);
        let (item, brief) = (item.to_string(), brief.to_string());
        self.acts.push(Act::Ruled { item, brief, pinned, at: millis(now) });
    }

    /// Remembers what a channel's document looks like.
    pub fn put_channel(&mut self, id: &ChannelId, look: &Look) -> Result<(), StoreError> {
        let Look { fingerprint, changed, is_secret } = *look;
        let record = ChannelRecord { fingerprint, changed: millis(changed), is_secret };
        self.seal(Tree::Meta, Kind::Channel, &channel_key(id), &record)
    }

    /// Stores a subscription at a hub, under its token.
    pub fn put_subscription(
        &mut self,
        source: &SourceId,
        subscription: &Subscription,
    ) -> Result<(), StoreError> {
        let record = SubscriptionRecord::new(source.as_str(), subscription);
        let key = subscription_key(&subscription.token);
        self.seal(Tree::Meta, Kind::Subscription, &key, &record)
    }

    /// Forgets a subscription.
    pub fn remove_subscription(&mut self, token: &str) -> Result<(), StoreError> {
        self.remove(Tree::Meta, Kind::Subscription, &subscription_key(token))
    }

    /// Writes the time, to learn whether writing is possible.
    pub fn put_heartbeat(&mut self, now: Timestamp) {
        self.set(Tree::Meta, b"heartbeat".to_vec(), millis(now).to_be_bytes().to_vec());
    }

    /// Notes how far the journal goes that this group belongs to.
    pub(super) fn put_journalled(&mut self, length: u64) {
        self.set(Tree::Meta, JOURNALLED.to_vec(), length.to_be_bytes().to_vec());
    }

    pub(super) fn put_mint(&mut self, record: &MintRecord) {
        let sealed = codec::seal(Kind::Meta, record);
        self.set(Tree::Meta, MINT.to_vec(), sealed.first);
        self.acts.push(Act::Minted(record.clone()));
    }

    /// Applies a line of the journal to a store that is being rebuilt.
    pub(super) fn replay(&mut self, act: Act) -> Result<(), StoreError> {
        match act {
            Act::Minted(record) => {
                self.set(Tree::Meta, MINT.to_vec(), codec::seal(Kind::Meta, &record).first);
            }
            Act::Put { brief, origin, at } => {
                if let Some(id) = brief.clone().into_brief().map(|brief| brief.id) {
                    self.put_version(&VersionRecord { brief: *brief, origin, stored: at }, &id)?;
                }
            }
            Act::Removed { brief, .. } => {
                self.remove(Tree::Briefs, Kind::Brief, brief.as_bytes())?;
            }
            Act::Ruled { item, brief, pinned, .. } => {
                if let (Some(item), Ok(brief)) = (ItemId::parse(&item), BriefId::new(brief)) {
                    let value = pinned.map(|pinned| vec![u8::from(pinned)]);
                    self.entry(Tree::Rulings).insert(keys::ruling(item, &brief), value);
                }
            }
            Act::Shown { item, source, guid, first_seen, published } => {
                let id = (ItemId::parse(&item), SourceId::new(source), ItemId::parse(&guid));
                if let (Some(id), Ok(source), Some(guid)) = id {
                    let source = self.source_key(&source)?;
                    let record = GuidRecord {
                        id: id.0,
                        item: None,
                        published,
                        first_seen,
                        listed: first_seen,
                    };
                    let key = [&source.to_be_bytes()[..], &guid.0.to_be_bytes()].concat();
                    // What is stored already knows its item, too.
                    if self.get(Tree::ByGuid, &key)?.is_some() {
                        return Ok(());
                    }
                    self.seal(Tree::ByGuid, Kind::Guid, &key, &record)?;
                }
            }
        }
        Ok(())
    }

    fn index(&mut self, item: Sequence, record: &ItemRecord) {
        let flags = flags(record);
        let at = record.sorted_by();
        let with_source = [&record.source.to_be_bytes()[..], &[flags]].concat();
        self.set(Tree::ByTime, keys::by_time(at, item), with_source);
        self.set(Tree::BySource, keys::by_source(record.source, at, item), vec![flags]);
        if let Some(url) = record.url.as_deref().and_then(CanonicalUrl::parse) {
            self.set(Tree::ByUrl, keys::by_url_item(&url, item), Vec::new());
        }
        if let Some(brief) = record.brief.as_deref().and_then(|id| BriefId::new(id).ok()) {
            self.set(Tree::Matches, keys::match_item(&brief, item), Vec::new());
        }
    }

    fn unindex(&mut self, item: Sequence, record: &ItemRecord) {
        let at = record.sorted_by();
        self.unset(Tree::ByTime, keys::by_time(at, item));
        self.unset(Tree::BySource, keys::by_source(record.source, at, item));
        if let Some(url) = record.url.as_deref().and_then(CanonicalUrl::parse) {
            self.unset(Tree::ByUrl, keys::by_url_item(&url, item));
        }
        if let Some(brief) = record.brief.as_deref().and_then(|id| BriefId::new(id).ok()) {
            self.unset(Tree::Matches, keys::match_item(&brief, item));
        }
    }

    /// Returns a source's number, and gives it one if it has none.
    fn source_key(&mut self, id: &SourceId) -> Result<SourceKey, StoreError> {
        let known = self.store.names.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = known.keys.get(id) {
            return Ok(*key);
        }
        drop(known);
        let key = SourceKey::try_from(self.count(b"next_source")?).unwrap_or(SourceKey::MAX);
        self.store.names.write().unwrap_or_else(PoisonError::into_inner).insert(id, key);
        // Items need the name beside the number even if no state is ever put: the state of a
        // source that was never polled, and whose address no configuration has.
        let nowhere = SourceState::new(&Address::File(PathBuf::new()), Timestamp::default());
        let record = SourceRecord::new(key, &nowhere);
        self.seal(Tree::Sources, Kind::Source, id.as_str().as_bytes(), &record)?;
        Ok(key)
    }

    fn next_item(&mut self) -> Result<Sequence, StoreError> {
        self.count(b"next_item")
    }

    /// Returns a counter's next number, from 1.
    fn count(&mut self, name: &[u8]) -> Result<u64, StoreError> {
        let last = self.get(Tree::Meta, name)?.as_deref().and_then(keys::item_of).unwrap_or(0);
        self.set(Tree::Meta, name.to_vec(), (last + 1).to_be_bytes().to_vec());
        Ok(last + 1)
    }

    fn entry(&mut self, tree: Tree) -> &mut Entries {
        self.entries.get_mut(tree as usize).expect("there is a map for every tree")
    }

    fn set(&mut self, tree: Tree, key: Vec<u8>, value: Vec<u8>) {
        self.entry(tree).insert(key, Some(value));
    }

    fn unset(&mut self, tree: Tree, key: Vec<u8>) {
        self.entry(tree).insert(key, None);
    }

    /// Reads through the group into the database.
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.entries.get(tree as usize).and_then(|entries| entries.get(key)) {
            Some(entry) => Ok(entry.clone()),
            None => Ok(self.store.get(tree, key)?.map(|value| value.to_vec())),
        }
    }

    fn record<T: DeserializeOwned>(
        &self,
        tree: Tree,
        kind: Kind,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        let Some(value) = self.get(tree, key)? else { return Ok(None) };
        let part = |number| self.get(Tree::Bodies, &keys::part(kind, key, number)).ok().flatten();
        codec::open(kind, &value, part)
            .map(Some)
            .map_err(|source| self.store.noticed(super::read::record_error(tree, key, source)))
    }

    /// Writes a record and its parts, and removes parts that an earlier, longer one left.
    fn seal<T: Serialize>(
        &mut self,
        tree: Tree,
        kind: Kind,
        key: &[u8],
        record: &T,
    ) -> Result<(), StoreError> {
        let sealed = codec::seal(kind, record);
        self.remove(tree, kind, key)?;
        self.set(tree, key.to_vec(), sealed.first);
        for (number, part) in (0..).zip(sealed.rest) {
            self.set(Tree::Bodies, keys::part(kind, key, number), part);
        }
        Ok(())
    }

    fn remove(&mut self, tree: Tree, kind: Kind, key: &[u8]) -> Result<(), StoreError> {
        let Some(value) = self.get(tree, key)? else { return Ok(()) };
        // A damaged record is replaced all the same; its parts, if any, are left behind.
        for number in 0..codec::parts(kind, &value).unwrap_or(0) {
            self.unset(Tree::Bodies, keys::part(kind, key, number));
        }
        self.unset(tree, key.to_vec());
        Ok(())
    }
}

pub(super) fn flags(record: &ItemRecord) -> u8 {
    let shown = if matches!(record.placement(), Placement::Shown(_)) { keys::SHOWN } else { 0 };
    let briefed = if record.brief.is_some() { keys::BRIEFED } else { 0 };
    shown | briefed
}

/// Where `meta` says how far the journal went at the last commit that wrote into it.
pub(super) const JOURNALLED: &[u8] = b"journalled";
pub(super) const SUBSCRIPTIONS: &[u8] = b"websub/";

fn subscription_key(token: &str) -> Vec<u8> {
    [SUBSCRIPTIONS, token.as_bytes()].concat()
}

pub(super) fn channel_key(id: &ChannelId) -> Vec<u8> {
    format!("channel/{id}").into_bytes()
}
