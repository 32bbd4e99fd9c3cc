//! Whether a database agrees with itself and with the journal.
//!
//! sled drops parts of its log that it cannot read, and opens what is left: an older state of some
//! pages beside a newer one of others. Every record is read here, each item is held to its index
//! entries and each index entry to its item, and what the journal says last to what is stored.

use std::collections::HashMap;
use std::fs;

use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

use super::changes::JOURNALLED;
use super::codec::Kind;
use super::journal::{self, Act};
use super::keys::{self, Tree};
use super::record::{
    BodyRecord, ChannelRecord, GuidRecord, ItemRecord, SourceRecord, SubscriptionRecord,
    VersionRecord,
};
use super::{MINT, MintRecord, Store, StoreError, changes};
use crate::model::{BriefId, CanonicalUrl, ItemId, SourceId};

/// A database up to this size is checked whole before it is used.
///
/// Measured: 9 MiB in a debug build, see `tests/it/damaging.rs`; a larger one is scrubbed in the
/// background.
const SMALL: u64 = 16 << 20;

/// A store that differs from the journal so often while both may grow differs from it.
const LOOKS: usize = 3;

/// Told after every record; `false` ends the walk.
pub(super) type Pace<'p> = &'p mut dyn FnMut() -> bool;

/// What the journal says last.
#[derive(Default)]
struct Said {
    /// Hashes of the records; `None` is removed.
    briefs: HashMap<String, Option<u64>>,
    rulings: HashMap<(u128, String), Option<bool>>,
    /// Item ids by their source and the hash of their guid.
    shown: Vec<(String, u128, u128)>,
    unreadable: u64,
}

impl Store {
    /// Checks the whole database now if it is small.
    pub(super) fn check_if_small(&self) -> Result<(), StoreError> {
        let length = self.database_file.metadata().map_or(0, |meta| meta.len());
        if length > SMALL { Ok(()) } else { self.check(&mut || true).map(|_| ()) }
    }

    /// Reads everything, and fails where something is damaged or missing.
    ///
    /// `pace` is called after every record and ends the check with `false`. Writes may go on: a
    /// contradiction is looked at twice.
    pub fn check(&self, pace: &mut dyn FnMut() -> bool) -> Result<bool, StoreError> {
        let said = self.said()?;
        if said.unreadable > 0 {
            tracing::error!(
                lines = said.unreadable,
                "lines of the journal cannot be read; the database has what they said"
            );
        }
        let goes_on = self.check_items(pace)?
            && self.check_index(Tree::ByTime, pace)?
            && self.check_index(Tree::BySource, pace)?
            && self.check_index(Tree::ByUrl, pace)?
            && self.check_index(Tree::Matches, pace)?
            && self.check_index(Tree::ById, pace)?
            && self.check_guids(pace)?
            && self.check_others(pace)?
            && self.check_said(&said, pace)?;
        Ok(goes_on)
    }

    fn check_items(&self, pace: Pace<'_>) -> Result<bool, StoreError> {
        for entry in self.walk(self.tree(Tree::Items).iter()) {
            let (key, value) = entry?;
            self.read::<ItemRecord>((Tree::Items, Kind::Item), &key, &value)?;
            if !self.is_indexed(&key)? && !self.is_indexed(&key)? {
                return Err(self.contradicts("an item is not in its indexes", &key));
            }
            if !pace() {
                return Ok(false);
            }
        }
        for entry in self.walk(self.tree(Tree::Bodies).iter()) {
            let (key, value) = entry?;
            // A part begins with the letter of its kind, and is read with what it belongs to; an
            // item's number begins with 0 for the next thousand years.
            if key.first() == Some(&0) {
                self.read::<BodyRecord>((Tree::Bodies, Kind::Body), &key, &value)?;
            }
            if !pace() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns whether an item, if it is still there, stands in every index.
    fn is_indexed(&self, key: &[u8]) -> Result<bool, StoreError> {
        let Some(item) = keys::item_of(key) else { return Ok(false) };
        let Some(record) = self.record::<ItemRecord>(Tree::Items, Kind::Item, key)? else {
            return Ok(true);
        };
        let (at, flags) = (record.sorted_by(), changes::flags(&record));
        let has = |tree, key: Vec<u8>, last: Option<u8>| {
            let value = self.get(tree, &key)?;
            let fits = |value: sled::IVec| last.is_none() || value.last().copied() == last;
            Ok::<bool, StoreError>(value.is_some_and(fits))
        };
        let by_id = self.get(Tree::ById, &keys::by_id(ItemId(record.id)))?;
        let url = record.url.as_deref().and_then(CanonicalUrl::parse);
        let brief = record.brief.as_deref().and_then(|id| BriefId::new(id).ok());
        Ok(by_id.is_some_and(|value| *value == *key)
            && self.get(Tree::Bodies, key)?.is_some()
            && has(Tree::ByTime, keys::by_time(at, item), Some(flags))?
            && has(Tree::BySource, keys::by_source(record.source, at, item), Some(flags))?
            && url.map_or(Ok(true), |url| has(Tree::ByUrl, keys::by_url_item(&url, item), None))?
            && brief
                .map_or(Ok(true), |id| has(Tree::Matches, keys::match_item(&id, item), None))?)
    }

    /// Adds to the database what only the journal has: a kill came in between, or sled opened an
    /// older state.
    pub(super) fn catch_up(&mut self) -> Result<(), StoreError> {
        let path = self.folder.join("journal.jsonl");
        let at = |source| StoreError::Io { what: format!("read {}", path.display()), source };
        let length = fs::metadata(&path).map_err(at)?.len();
        let Some(known) = self.journalled()? else { return Ok(()) };
        if length < known {
            let missing = known - length;
            tracing::error!(
                bytes = missing,
                "the journal is damaged: its end is missing; the database has what it said"
            );
        }
        if length == known {
            return Ok(());
        }
        let (mut acts, mut items, mut briefs) = (Vec::new(), 0, Vec::new());
        journal::replay_from(&path, known, |act| acts.push(act)).map_err(at)?;
        let count = acts.len();
        let mut changes = self.begin();
        for act in acts {
            items += usize::from(self.is_news(&act)?);
            let brief = match &act {
                Act::Put { brief, .. } => brief.clone().into_brief().map(|brief| brief.id),
                Act::Removed { brief, .. } | Act::Ruled { brief, .. } => {
                    BriefId::new(brief.as_str()).ok()
                }
                Act::Minted(_) | Act::Shown { .. } => None,
            };
            briefs.extend(brief);
            changes.replay(act)?;
        }
        changes.put_journalled(length);
        changes.commit()?;
        self.caught_up = briefs;
        if count > 0 {
            tracing::error!(
                changes = count,
                items,
                "the database did not have the journal's last changes; they are in it now, and \
                 items among them come back while their sources list them"
            );
        }
        Ok(())
    }

    /// Returns the briefs whose changes only the journal had: items are to be decided on again.
    pub fn caught_up(&self) -> &[BriefId] {
        &self.caught_up
    }

    /// Returns whether an act publishes an item that is not stored.
    fn is_news(&self, act: &Act) -> Result<bool, StoreError> {
        let Act::Shown { item, .. } = act else { return Ok(false) };
        let Some(item) = ItemId::parse(item) else { return Ok(false) };
        Ok(self.get(Tree::ById, &keys::by_id(item))?.is_none())
    }

    /// Returns the length of the journal at the last commit that wrote into it.
    fn journalled(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.get(Tree::Meta, JOURNALLED)?.as_deref().and_then(keys::item_of))
    }

    /// Holds an index to the items: each of its entries leads to one that is there.
    fn check_index(&self, tree: Tree, pace: Pace<'_>) -> Result<bool, StoreError> {
        for entry in self.walk(self.tree(tree).iter()) {
            let (key, value) = entry?;
            let item = if tree == Tree::ById { &value } else { &key };
            let leads = |item: &[u8]| {
                let Some(item) = keys::item_of(item) else { return Ok(false) };
                let stands = self.get(tree, &key)?.is_some();
                let found = self.get(Tree::Items, &keys::sequence(item))?.is_some();
                Ok::<bool, StoreError>(found || !stands)
            };
            if !leads(item)? && !leads(item)? {
                return Err(self.contradicts("an index leads to no item", &key));
            }
            if !pace() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn check_guids(&self, pace: Pace<'_>) -> Result<bool, StoreError> {
        for entry in self.walk(self.tree(Tree::ByGuid).iter()) {
            let (key, value) = entry?;
            let record = self.read::<GuidRecord>((Tree::ByGuid, Kind::Guid), &key, &value)?;
            if let Some(item) = record.and_then(|record| record.item) {
                let is_there = || -> Result<bool, StoreError> {
                    Ok(self.get(Tree::Items, &keys::sequence(item))?.is_some())
                };
                let stands = || -> Result<bool, StoreError> {
                    let now = self.record::<GuidRecord>(Tree::ByGuid, Kind::Guid, &key)?;
                    Ok(now.is_some_and(|now| now.item == Some(item)))
                };
                if !is_there()? && stands()? && !is_there()? {
                    return Err(self.contradicts("a guid leads to no item", &key));
                }
            }
            if !pace() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads the records that no item belongs to.
    fn check_others(&self, pace: Pace<'_>) -> Result<bool, StoreError> {
        for entry in self.walk(self.tree(Tree::Briefs).iter()) {
            let (key, value) = entry?;
            self.read::<VersionRecord>((Tree::Briefs, Kind::Brief), &key, &value)?;
            if !pace() {
                return Ok(false);
            }
        }
        for entry in self.walk(self.tree(Tree::Sources).iter()) {
            let (key, value) = entry?;
            self.read::<SourceRecord>((Tree::Sources, Kind::Source), &key, &value)?;
        }
        for entry in self.walk(self.tree(Tree::Meta).iter()) {
            let (key, value) = entry?;
            if key.starts_with(b"channel/") {
                self.read::<ChannelRecord>((Tree::Meta, Kind::Channel), &key, &value)?;
            } else if key.starts_with(changes::SUBSCRIPTIONS) {
                self.read::<SubscriptionRecord>((Tree::Meta, Kind::Subscription), &key, &value)?;
            } else if *key == *MINT {
                self.read::<MintRecord>((Tree::Meta, Kind::Meta), &key, &value)?;
            }
        }
        for entry in self.walk(self.tree(Tree::Rulings).iter()) {
            entry?;
        }
        Ok(pace())
    }

    /// Holds the store to the journal, which is read again where they differ: it may have grown.
    fn check_said(&self, said: &Said, pace: Pace<'_>) -> Result<bool, StoreError> {
        let Some(mut what) = self.differs(said, pace)? else { return Ok(pace()) };
        for _ in 0..LOOKS {
            match self.differs(&self.said()?, pace)? {
                Some(still) => what = still,
                None => return Ok(pace()),
            }
        }
        Err(self.contradicts(what, b""))
    }

    /// Returns how the store differs from what the journal says last.
    fn differs(&self, said: &Said, pace: Pace<'_>) -> Result<Option<&'static str>, StoreError> {
        for (id, hash) in &said.briefs {
            let stored = self.record::<VersionRecord>(Tree::Briefs, Kind::Brief, id.as_bytes())?;
            if stored.as_ref().map(hash_of) != *hash {
                return Ok(Some("a brief is not as the journal has it"));
            }
            pace();
        }
        for ((item, brief), pinned) in &said.rulings {
            let Ok(brief) = BriefId::new(brief.as_str()) else { continue };
            let stored = self.get(Tree::Rulings, &keys::ruling(ItemId(*item), &brief))?;
            if stored.map(|value| value.first() == Some(&1)) != *pinned {
                return Ok(Some("a pin or a block is not as the journal has it"));
            }
        }
        // Retention takes guids in time, so that their absence alone is no damage where many are
        // known; an item of another id under a guid is.
        for (source, guid, id) in &said.shown {
            let Some(source) =
                SourceId::new(source.as_str()).ok().and_then(|id| self.source_key(&id))
            else {
                continue;
            };
            let key = [&source.to_be_bytes()[..], &guid.to_be_bytes()].concat();
            let stored = self.record::<GuidRecord>(Tree::ByGuid, Kind::Guid, &key)?;
            if stored.is_none_or(|record| record.id != *id) {
                return Ok(Some("a published item is not known any more"));
            }
            pace();
        }
        Ok(None)
    }

    /// Reads the journal as far as the database has it, keeping hashes only.
    fn said(&self) -> Result<Said, StoreError> {
        let mut said = Said::default();
        let path = self.folder.join("journal.jsonl");
        // A store of an earlier version does not know how far that is.
        let Some(end) = self.journalled()? else { return Ok(said) };
        let read = {
            journal::replay_until(&path, end, |act| match act {
                Act::Minted(_) => {}
                Act::Put { brief, origin, at } => {
                    if let Some(id) = brief.clone().into_brief().map(|brief| brief.id) {
                        let version = VersionRecord { brief: *brief, origin, stored: at };
                        said.briefs.insert(id.to_string(), Some(hash_of(&version)));
                    }
                }
                Act::Removed { brief, .. } => drop(said.briefs.insert(brief, None)),
                Act::Ruled { item, brief, pinned, .. } => {
                    if let Some(item) = ItemId::parse(&item) {
                        said.rulings.insert((item.0, brief), pinned);
                    }
                }
                Act::Shown { item, source, guid, .. } => {
                    let ids = ItemId::parse(&item).zip(ItemId::parse(&guid));
                    said.shown.extend(ids.map(|(item, guid)| (source, guid.0, item.0)));
                }
            })
        };
        said.unreadable = read.map_err(|source| StoreError::Io {
            what: format!("read {}", path.display()),
            source,
        })?;
        Ok(said)
    }

    fn read<T: DeserializeOwned>(
        &self,
        (tree, kind): (Tree, Kind),
        key: &[u8],
        value: &[u8],
    ) -> Result<Option<T>, StoreError> {
        match self.decode(tree, kind, key, value) {
            Ok(record) => Ok(Some(record)),
            Err(error) if self.get(tree, key)?.is_some() => Err(error),
            // It was removed meanwhile.
            Err(_gone) => Ok(None),
        }
    }

    fn contradicts(&self, what: &str, key: &[u8]) -> StoreError {
        let key = key.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let what = format!("the database contradicts itself: {what} ({key})");
        self.noticed(StoreError::Damaged { what })
    }
}

fn hash_of(version: &VersionRecord) -> u64 {
    let bytes = rmp_serde::to_vec_named(version);
    bytes.map_or(0, |bytes| xxh3_64(&bytes))
}
