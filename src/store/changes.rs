//! A group of changes: gathered, read back by the writer itself, committed whole.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sled::Transactional;
use sled::transaction::{ConflictableTransactionError, TransactionError};

use super::codec::{self, Kind};
use super::counts::{COUNTS, Counts};
use super::guard::guarded;
use super::journal::Act;
use super::keys::{self, Tree};
use super::record::{
    BriefRecord, ChannelRecord, GuidRecord, MintRecord, OriginRecord, SpentRecord,
    SubscriptionRecord, VersionRecord, millis,
};
use super::scan::{Scan, Tally};
use super::{Look, MINT, Store, StoreError};
use crate::model::{
    Brief, BriefId, BriefOrigin, ChannelId, ItemId, SourceId, SourceState, Spent, Subscription,
    Timestamp,
};

type Entries = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A group of changes that becomes durable at once, or not at all.
pub struct Changes<'s> {
    pub(super) store: &'s Store,
    entries: Vec<Entries>,
    pub(super) acts: Vec<Act>,
    /// States that were noted before.
    pub(super) noted: Vec<(SourceId, Arc<SourceState>)>,
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

    /// Returns the keys of a tree that the group writes or removes.
    pub(super) fn keys(&self, tree: Tree) -> impl Iterator<Item = &Vec<u8>> {
        self.entries.get(tree as usize).into_iter().flat_map(Entries::keys)
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
        let _alone = store.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.acts.is_empty() {
            self.put_group(store.with_journal(|journal| journal.append(&self.acts))?);
        }
        guarded(|| self.write()).map_err(|error| store.noticed(error))?;
        // DURABILITY: sled's flush asks for write-out and does not wait for the disk.
        let what = "sync the database".to_owned();
        store.database_file.sync_data().map_err(|source| StoreError::Io { what, source })?;
        store.noted.forget(&self.noted);
        Ok(())
    }

    fn write(&self) -> Result<(), StoreError> {
        let store = self.store;
        let mut noting = store.hold_commits();
        if let Some(touched) = noting.as_mut() {
            touched.note(self);
        }
        let mut scan = store.scan();
        let (counts, seen) = self.apply(scan.as_ref())?;
        store.counts.set(counts);
        if let Some((scan, seen)) = scan.as_mut().zip(seen) {
            scan.seen = seen;
        }
        drop(scan);
        drop(noting);
        store.db.flush()?;
        Ok(())
    }

    /// Writes all entries in one transaction; returns how much there is then, and how much of it
    /// a scan has behind it.
    fn apply(&self, scan: Option<&Scan>) -> Result<(Counts, Option<Counts>), StoreError> {
        let store = self.store;
        // A transaction costs by its trees, changed or not.
        let numbered = (0_usize..).zip(&self.entries);
        let changed: Vec<(usize, &Entries)> =
            numbered.filter(|(_, entries)| !entries.is_empty()).collect();
        // The counts stand in the tree of numbers, whether there are other entries for it or not.
        let meta = (Tree::Meta as usize, &Entries::new());
        let changed: Vec<(usize, &Entries)> = match changed.first() {
            Some((first, _)) if *first == Tree::Meta as usize => changed,
            _ => std::iter::once(meta).chain(changed).collect(),
        };
        let trees: Vec<sled::Tree> =
            changed.iter().filter_map(|(tree, _)| store.trees.get(*tree).cloned()).collect();
        let applied = trees.as_slice().transaction(|trees| {
            let mut tally = Tally::new(store.counts.get(), scan);
            for (tree, (number, entries)) in trees.iter().zip(&changed) {
                for (key, value) in *entries {
                    let before = match value {
                        Some(value) => tree.insert(key.as_slice(), value.as_slice())?,
                        None => tree.remove(key.as_slice())?,
                    };
                    tally.change(*number, key, before.as_deref(), value.as_deref());
                }
            }
            if let Some(meta) = trees.first() {
                meta.insert(COUNTS, tally.counts.seal())?;
            }
            Ok::<_, ConflictableTransactionError<()>>((tally.counts, tally.seen))
        });
        applied.map_err(|error| match error {
            TransactionError::Storage(error) => error.into(),
            // Nothing of ours aborts one.
            TransactionError::Abort(()) => {
                StoreError::Database(sled::Error::Unsupported("an aborted transaction".to_owned()))
            }
        })
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
        let version = VersionRecord::new(record.clone(), origin.clone(), millis(now));
        self.put_version(version, &brief.id)?;
        self.acts.push(Act::Put { brief: Box::new(record), origin, at: millis(now) });
        Ok(())
    }

    fn put_version(&mut self, version: VersionRecord, id: &BriefId) -> Result<(), StoreError> {
        let key = id.as_str().as_bytes();
        // What cannot be read is replaced all the same.
        let known = self.record(Tree::Briefs, Kind::Brief, key).unwrap_or_default();
        self.seal(Tree::Briefs, Kind::Brief, key, &version.replacing(known))
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
        let Look { fingerprint, changed, is_secret, ref archive } = *look;
        let archive = archive.as_ref().map(|page| (page.page.clone(), millis(page.through)));
        let record = ChannelRecord { fingerprint, changed: millis(changed), is_secret, archive };
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

    /// Stores what a language model has cost on one day.
    pub fn put_spent(&mut self, spent: Spent) -> Result<(), StoreError> {
        let Spent { day, requests, tokens, rest } = spent;
        let record = SpentRecord { day, requests, tokens, rest: rest.map(millis) };
        self.seal(Tree::Meta, Kind::Spent, SPENT, &record)
    }

    /// Writes the time, to learn whether writing is possible.
    pub fn put_heartbeat(&mut self, now: Timestamp) {
        self.set(Tree::Meta, b"heartbeat".to_vec(), millis(now).to_be_bytes().to_vec());
    }

    /// Notes up to which group of the journal the database has it all.
    pub(super) fn put_group(&mut self, number: u64) {
        self.set(Tree::Meta, GROUP.to_vec(), number.to_be_bytes().to_vec());
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
                    self.put_version(VersionRecord::new(*brief, origin, at), &id)?;
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
            Act::Paused { source, since, .. } => {
                if let Ok(source) = SourceId::new(source) {
                    self.put_pause(&source, since)?;
                }
            }
            // Whoever replays gives sources the names they had in the end.
            Act::Renamed { .. } | Act::Group { .. } => {}
            Act::Shown { item, source, guid, first_seen, published, retired } => {
                let id = (ItemId::parse(&item), SourceId::new(source), ItemId::parse(&guid));
                if let (Some(id), Ok(source), Some(guid)) = id {
                    let source = self.source_key(&source)?;
                    // What came back whole knows more.
                    if self.get(Tree::ById, &keys::by_id(id))?.is_some() {
                        return Ok(());
                    }
                    let known = self.guid(source, guid.0)?;
                    let listed = known.as_ref().map_or(first_seen, |k| k.listed.max(first_seen));
                    let retired = retired || known.is_some_and(|known| known.retired);
                    let item = None;
                    let record =
                        GuidRecord { id: id.0, item, published, first_seen, listed, retired };
                    self.seal(Tree::Guids, Kind::Guid, &keys::guid(source, guid.0), &record)?;
                }
            }
            Act::Retired { source, guids, at } => {
                let Ok(source) = SourceId::new(source) else { return Ok(()) };
                let key = self.source_key(&source)?;
                for hash in guids.iter().filter_map(|guid| ItemId::parse(guid)) {
                    if let Some(mut record) = self.guid(key, hash.0)? {
                        (record.retired, record.listed) = (true, at);
                        self.seal(Tree::Guids, Kind::Guid, &keys::guid(key, hash.0), &record)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns a counter's next number, from 1.
    pub(super) fn count(&mut self, name: &[u8]) -> Result<u64, StoreError> {
        let last = self.get(Tree::Meta, name)?.as_deref().and_then(keys::item_of).unwrap_or(0);
        self.set(Tree::Meta, name.to_vec(), (last + 1).to_be_bytes().to_vec());
        Ok(last + 1)
    }

    pub(super) fn entry(&mut self, tree: Tree) -> &mut Entries {
        self.entries.get_mut(tree as usize).expect("there is a map for every tree")
    }

    pub(super) fn set(&mut self, tree: Tree, key: Vec<u8>, value: Vec<u8>) {
        self.entry(tree).insert(key, Some(value));
    }

    pub(super) fn unset(&mut self, tree: Tree, key: Vec<u8>) {
        self.entry(tree).insert(key, None);
    }

    /// Reads through the group into the database.
    pub(super) fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.entries.get(tree as usize).and_then(|entries| entries.get(key)) {
            Some(entry) => Ok(entry.clone()),
            None => Ok(self.store.get(tree, key)?.map(|value| value.to_vec())),
        }
    }

    pub(super) fn record<T: DeserializeOwned>(
        &self,
        tree: Tree,
        kind: Kind,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        let Some(value) = self.get(tree, key)? else { return Ok(None) };
        let part = |number| self.get(Tree::Parts, &keys::part(kind, key, number)).ok().flatten();
        codec::open(kind, &value, part)
            .map(Some)
            .map_err(|source| self.store.noticed(super::read::record_error(tree, key, source)))
    }

    /// Writes a record and its parts, and removes parts that an earlier, longer one left.
    pub(super) fn seal<T: Serialize>(
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
            self.set(Tree::Parts, keys::part(kind, key, number), part);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, tree: Tree, kind: Kind, key: &[u8]) -> Result<(), StoreError> {
        let Some(value) = self.get(tree, key)? else { return Ok(()) };
        // A damaged record is replaced all the same; its parts, if any, are left behind.
        for number in 0..codec::parts(kind, &value).unwrap_or(0) {
            self.unset(Tree::Parts, keys::part(kind, key, number));
        }
        self.unset(tree, key.to_vec());
        Ok(())
    }
}

/// Where the number of the last group with a line in the journal stands in `meta`.
pub(super) const GROUP: &[u8] = b"group";
pub(super) const SUBSCRIPTIONS: &[u8] = b"websub/";
pub(super) const SPENT: &[u8] = b"spent";

fn subscription_key(token: &str) -> Vec<u8> {
    [SUBSCRIPTIONS, token.as_bytes()].concat()
}

pub(super) fn channel_key(id: &ChannelId) -> Vec<u8> {
    format!("channel/{id}").into_bytes()
}
