//! The active briefs, findable by address, guid, pin, run of words and stem.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::entry::{Entry, post_runs};
use super::terms::Stem;
use crate::model::{Brief, BriefId, CanonicalUrl, Status, Timestamp};

/// An in-memory index of the active briefs; a pure function of them.
#[derive(Debug)]
pub struct Index {
    pub(super) threshold: f64,
    pub(super) entries: BTreeMap<BriefId, Entry>,
    pub(super) by_url: HashMap<CanonicalUrl, BTreeSet<BriefId>>,
    pub(super) by_guid: HashMap<String, BTreeSet<BriefId>>,
    pub(super) by_pin: HashMap<String, BTreeSet<BriefId>>,
    pub(super) by_block: HashMap<String, BTreeSet<BriefId>>,
    pub(super) by_run: HashMap<u64, BTreeSet<BriefId>>,
    pub(super) by_stem: HashMap<Stem, BTreeSet<BriefId>>,
}

impl Index {
    /// Returns an empty index; `threshold` is the least score of a match by words.
    pub fn new(threshold: f64) -> Self {
        Self {
            threshold,
            entries: BTreeMap::new(),
            by_url: HashMap::new(),
            by_guid: HashMap::new(),
            by_pin: HashMap::new(),
            by_block: HashMap::new(),
            by_run: HashMap::new(),
            by_stem: HashMap::new(),
        }
    }

    /// Asks another least score of matches by words from now on.
    pub fn require(&mut self, threshold: f64) {
        self.threshold = threshold;
    }

    /// Returns how many briefs can match.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether no brief can match.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns whether a brief is known and its time is over: it stays where it is, and matches
    /// nothing new.
    pub fn is_expired(&self, id: &BriefId, now: Timestamp) -> bool {
        self.entries.get(id).is_some_and(|entry| !entry.may_match(now))
    }

    /// Takes a brief in, in place of an earlier version; one that is not active is taken out.
    pub fn insert(&mut self, brief: &Brief) {
        self.remove(&brief.id);
        if brief.status != Status::Active {
            return;
        }
        let entry = Entry::new(brief);
        let id = &brief.id;
        for url in &entry.urls {
            self.by_url.entry(url.clone()).or_default().insert(id.clone());
        }
        for guid in &entry.guids {
            self.by_guid.entry(guid.clone()).or_default().insert(id.clone());
        }
        for pin in &entry.pins {
            self.by_pin.entry(pin.clone()).or_default().insert(id.clone());
        }
        for block in &entry.blocks {
            self.by_block.entry(block.clone()).or_default().insert(id.clone());
        }
        for run in post_runs(&entry) {
            self.by_run.entry(run).or_default().insert(id.clone());
        }
        for stem in entry.all.stems.keys() {
            self.by_stem.entry(*stem).or_default().insert(id.clone());
        }
        self.entries.insert(id.clone(), entry);
    }

    /// Takes a brief out.
    pub fn remove(&mut self, id: &BriefId) {
        let Some(entry) = self.entries.remove(id) else { return };
        for url in &entry.urls {
            drop_from(&mut self.by_url, url, id);
        }
        for guid in &entry.guids {
            drop_from(&mut self.by_guid, guid, id);
        }
        for pin in &entry.pins {
            drop_from(&mut self.by_pin, pin, id);
        }
        for block in &entry.blocks {
            drop_from(&mut self.by_block, block, id);
        }
        for run in post_runs(&entry) {
            drop_from(&mut self.by_run, &run, id);
        }
        for stem in entry.all.stems.keys() {
            drop_from(&mut self.by_stem, stem, id);
        }
    }
}

fn drop_from<K: std::hash::Hash + Eq + Clone>(
    map: &mut HashMap<K, BTreeSet<BriefId>>,
    key: &K,
    id: &BriefId,
) {
    if let Some(ids) = map.get_mut(key) {
        ids.remove(id);
        if ids.is_empty() {
            map.remove(key);
        }
    }
}
