//! The sources' numbers, which keys carry, and what of a source no poll changes: the ids that its
//! items may have been minted with, and whether it is paused.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLockReadGuard};

use super::codec::Kind;
use super::keys::{SourceKey, Tree};
use super::record::{Millis, SourceRecord};
use super::{Store, StoreError};
use crate::model::{ItemId, SourceId};

/// What no poll of a source changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Lasting {
    /// Ids that it had before, which ids of its items were minted with.
    pub(super) earlier: Vec<String>,
    /// Since when it is paused.
    pub(super) paused: Option<Millis>,
}

/// The sources' numbers, both ways.
#[derive(Default)]
pub(super) struct Names {
    keys: HashMap<SourceId, SourceKey>,
    ids: HashMap<SourceKey, SourceId>,
    lasting: HashMap<SourceKey, Lasting>,
}

impl Names {
    pub(super) fn insert(&mut self, id: &SourceId, key: SourceKey, lasting: Lasting) {
        self.keys.insert(id.clone(), key);
        self.ids.insert(key, id.clone());
        if lasting != Lasting::default() {
            self.lasting.insert(key, lasting);
        }
    }

    /// Forgets an id; its number may have another by now.
    pub(super) fn forget(&mut self, id: &SourceId) {
        self.keys.remove(id);
    }

    pub(super) fn all(&self) -> Vec<SourceId> {
        self.keys.keys().cloned().collect()
    }

    pub(super) fn key(&self, id: &SourceId) -> Option<SourceKey> {
        self.keys.get(id).copied()
    }

    /// Returns the ids that a source had before.
    fn earlier(&self, key: SourceKey) -> &[String] {
        self.lasting.get(&key).map(|lasting| lasting.earlier.as_slice()).unwrap_or_default()
    }

    pub(super) fn lasting(&self, key: SourceKey) -> Lasting {
        self.lasting.get(&key).cloned().unwrap_or_default()
    }

    pub(super) fn paused(&self, key: SourceKey) -> Option<Millis> {
        self.lasting.get(&key)?.paused
    }

    pub(super) fn pause(&mut self, key: SourceKey, since: Option<Millis>) {
        self.lasting.entry(key).or_default().paused = since;
    }
}

impl Store {
    /// Reads the sources' names again, after a group that may have changed them has failed.
    pub fn reread_names(&self) -> Result<(), StoreError> {
        let mut names = Names::default();
        for entry in self.walk(self.tree(Tree::Sources).iter()) {
            let (name, value) = entry?;
            let record: SourceRecord = self.decode(Tree::Sources, Kind::Source, &name, &value)?;
            let id = std::str::from_utf8(&name).ok().and_then(|name| SourceId::new(name).ok());
            if let Some(id) = id {
                names.insert(&id, record.key, record.lasting());
            }
        }
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = names;
        Ok(())
    }

    /// Returns every source's name by its number.
    pub(super) fn source_names(&self) -> BTreeMap<SourceKey, String> {
        self.names().ids.iter().map(|(key, id)| (*key, id.to_string())).collect()
    }

    pub(super) fn names(&self) -> RwLockReadGuard<'_, Names> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget_name(&self, id: &SourceId) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = names.key(id) {
            names.forget(id);
            names.ids.remove(&key);
            names.lasting.remove(&key);
        }
    }

    pub(super) fn source_key(&self, id: &SourceId) -> Option<SourceKey> {
        self.names().key(id)
    }

    pub(super) fn source_of(&self, key: SourceKey) -> Option<SourceId> {
        self.names().ids.get(&key).cloned()
    }

    /// Returns the ids that an item of this guid may have been minted with, the likeliest first.
    pub(super) fn minted_ids(&self, source: &SourceId, key: SourceKey, guid: &str) -> Vec<ItemId> {
        let names = self.names();
        let earlier = names.earlier(key).iter().rev();
        let earlier = earlier.filter_map(|name| SourceId::new(name.as_str()).ok());
        let ids = earlier.map(|name| ItemId::mint(&name, guid));
        std::iter::once(ItemId::mint(source, guid)).chain(ids).collect()
    }

    /// Returns whether an item's id follows from its guid.
    pub(super) fn follows(
        &self,
        id: ItemId,
        source: &SourceId,
        key: SourceKey,
        guid: &str,
    ) -> bool {
        self.minted_ids(source, key, guid).contains(&id)
    }
}
