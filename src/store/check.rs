//! Walks every tree, reads every record, and holds indexes against items.
//!
//! The writer may go on: what seems damaged is looked at again with commits kept out, so that a
//! group that was half there is not told of.

use super::codec::{self, Kind};
use super::counts::COUNTS;
use super::guard::guarded;
use super::keys::{self, Sequence, Tree};
use super::portable::{RECORDS, Walk};
use super::read::{hexadecimal, record_error, tree_name};
use super::record::{GuidRecord, ItemRecord, ListingRecord};
use super::{Store, StoreError};

/// Damages that are told one by one.
const TOLD: usize = 1_000;

/// The trees that `Changes::index` fills.
const INDEXES: [Tree; 4] = [Tree::ByTime, Tree::BySource, Tree::ByUrl, Tree::Matches];

/// What a walk through the whole store found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// The trees, and how many keys each has.
    pub trees: Vec<(&'static str, u64)>,
    /// What is damaged, at most the first 1,000.
    pub damages: Vec<Damage>,
    /// How many damages there are in all.
    pub damaged: u64,
}

/// One damage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// In which tree.
    pub tree: &'static str,
    /// At which key, in hexadecimal; empty where the tree itself cannot be read on.
    pub key: String,
    /// What is wrong.
    pub what: String,
}

impl Store {
    /// Reads everything, and tells what is damaged.
    pub fn check(&self) -> Checked {
        let mut checked = Checked::default();
        let read = guarded(|| {
            self.check_trees(&mut checked);
            Ok(())
        });
        let whole = read.and_then(|()| self.verify(&mut || true));
        if let Err(error) = whole.map_err(|error| self.noticed(error)) {
            checked.add(Tree::Meta, COUNTS, &error.to_string());
        }
        checked
    }

    fn check_trees(&self, checked: &mut Checked) {
        for (tree, name) in Tree::ALL {
            let mut keys = 0;
            for entry in self.tree(tree) {
                let (key, value) = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        checked.add(tree, &[], &error.to_string());
                        // What follows would be the same error.
                        break;
                    }
                };
                keys += 1;
                if self.fault(tree, &key, &value).is_some()
                    && let Some(what) = self.fault_at_rest(tree, &key)
                {
                    checked.add(tree, &key, &what);
                }
            }
            checked.trees.push((name, keys));
        }
    }

    /// Looks again while nothing is written.
    fn fault_at_rest(&self, tree: Tree, key: &[u8]) -> Option<String> {
        let _commits = self.hold_commits();
        match self.tree(tree).get(key) {
            Ok(Some(value)) => self.fault(tree, key, &value),
            Ok(None) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    /// Says what is wrong with an entry, if anything is.
    fn fault(&self, tree: Tree, key: &[u8], value: &[u8]) -> Option<String> {
        self.try_fault(tree, key, value).unwrap_or_else(|error| Some(told(error)))
    }

    fn try_fault(
        &self,
        tree: Tree,
        key: &[u8],
        value: &[u8],
    ) -> Result<Option<String>, StoreError> {
        match tree {
            Tree::Parts => self.fault_of_part(key),
            Tree::ById => self.fault_of_id(key, value),
            Tree::ByTime | Tree::BySource | Tree::ByUrl | Tree::Matches => {
                self.fault_of_index(tree, key, value)
            }
            Tree::Items => self.fault_of_item(key),
            Tree::Guids => self.fault_of_guid(key),
            Tree::Listings => self.fault_of_listing(key),
            Tree::Meta | Tree::Briefs | Tree::Rulings | Tree::Sources => {
                let read = RECORDS.iter().find(|(of, _)| *of == tree).map(|(_, read)| read);
                if let Some(read) = read {
                    read(&Walk::new(self), key, value)?;
                }
                Ok(None)
            }
        }
    }

    fn item(&self, item: Sequence) -> Result<Option<ItemRecord>, StoreError> {
        self.record_now(Tree::Items, Kind::Item, &keys::sequence(item))
    }

    /// An item stands in every index, as it is now.
    fn fault_of_item(&self, key: &[u8]) -> Result<Option<String>, StoreError> {
        let item = keys::item_of(key).unwrap_or(0);
        let Some(record) = self.item(item)? else { return Ok(None) };
        if self.source_of(record.source).is_none() {
            return Ok(Some("its source is not known".to_owned()));
        }
        let by_id = self.tree(Tree::ById).get(record.id.to_be_bytes())?;
        if by_id.as_deref() != Some(key) {
            return Ok(Some("it is not found by its id".to_owned()));
        }
        let place = keys::by_source(record.source, record.sorted_by(), item);
        let value = self.tree(Tree::BySource).get(place)?;
        let mut changes = self.begin();
        changes.index(item, &record, value.as_deref().and_then(keys::delisted));
        for tree in INDEXES {
            for key in changes.keys(tree) {
                if changes.get(tree, key)?.as_deref() != self.tree(tree).get(key)?.as_deref() {
                    let what = format!("its entry in {} is missing or wrong", tree_name(tree));
                    return Ok(Some(what));
                }
            }
        }
        Ok(None)
    }

    /// An entry of an index is one of the item that it leads to.
    fn fault_of_index(
        &self,
        tree: Tree,
        key: &[u8],
        value: &[u8],
    ) -> Result<Option<String>, StoreError> {
        let item = keys::item_of(key).unwrap_or(0);
        let Some(record) = self.item(item)? else {
            return Ok(Some("it leads to no item".to_owned()));
        };
        let delisted = if tree == Tree::BySource { keys::delisted(value) } else { None };
        let mut changes = self.begin();
        changes.index(item, &record, delisted);
        let is_right = changes.keys(tree).any(|known| known.as_slice() == key)
            && changes.get(tree, key)?.as_deref() == Some(value);
        Ok((!is_right).then(|| "the item that it leads to does not say so".to_owned()))
    }

    fn fault_of_id(&self, key: &[u8], value: &[u8]) -> Result<Option<String>, StoreError> {
        let item = keys::item_of(value).unwrap_or(0);
        let record = self.item(item)?;
        let is_right = record.is_some_and(|record| record.id.to_be_bytes() == key);
        Ok((!is_right).then(|| "it leads to no item of this id".to_owned()))
    }

    fn fault_of_guid(&self, key: &[u8]) -> Result<Option<String>, StoreError> {
        // One that leads to no item is of an item that retention took.
        self.record_now::<GuidRecord>(Tree::Guids, Kind::Guid, key)?;
        let known = keys::guid_of(key).and_then(|(source, _)| self.source_of(source));
        Ok(known.is_none().then(|| "its source is not known".to_owned()))
    }

    fn fault_of_listing(&self, key: &[u8]) -> Result<Option<String>, StoreError> {
        let record: Option<ListingRecord> = self.record_now(Tree::Listings, Kind::Listing, key)?;
        for item in record.unwrap_or_default().items {
            if !self.tree(Tree::Items).contains_key(keys::sequence(item))? {
                return Ok(Some("an item that it names is missing".to_owned()));
            }
        }
        Ok(None)
    }

    /// A part belongs to a record that has so many.
    fn fault_of_part(&self, key: &[u8]) -> Result<Option<String>, StoreError> {
        let alone = || Ok(Some("it is a part of no record".to_owned()));
        let Some((kind, owner, number)) = keys::owner_of(key) else { return alone() };
        let Some((tree, kind)) = Kind::ALL.iter().find(|(_, of)| *of as u8 == kind) else {
            return alone();
        };
        let Some(value) = self.tree(*tree).get(owner)? else { return alone() };
        let parts =
            codec::parts(*kind, &value).map_err(|error| record_error(*tree, owner, error))?;
        if number < parts { Ok(None) } else { alone() }
    }
}

impl Checked {
    fn add(&mut self, tree: Tree, key: &[u8], what: &str) {
        self.damaged += 1;
        if self.damages.len() < TOLD {
            let (tree, key) = (tree_name(tree), hexadecimal(key));
            self.damages.push(Damage { tree, key, what: what.to_owned() });
        }
    }
}

/// Returns an error without the tree and the key that are told anyway.
fn told(error: StoreError) -> String {
    match error {
        StoreError::Record { source, .. } => source.to_string(),
        error => error.to_string(),
    }
}
