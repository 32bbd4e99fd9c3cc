//! The active briefs, findable by name, mark and stem.

use super::basis::Basis;
use super::entry::{Entry, Kind, Name};
use super::sets::{Sets, Slot};
use super::terms::FINDS;
use crate::model::{Brief, BriefId, Status, Timestamp};
use crate::text::{Rarity, Stem};

/// An in-memory index of the active briefs; a pure function of them.
///
/// About a kilobyte a brief of a hundred words, and none of its text.
#[derive(Debug)]
pub struct Index {
    pub(super) threshold: f64,
    pub(super) basis: Basis,
    pub(super) entries: Vec<Option<Entry>>,
    /// Entries that are `None`.
    free: Vec<Slot>,
    pub(super) by_name: Sets<Name>,
    /// By the marks of the original post.
    pub(super) by_mark: Sets<u32>,
    /// By the stems that are rare enough to find by.
    pub(super) by_stem: Sets<Stem>,
}

impl Index {
    /// Returns an empty index; `threshold` is the least score of a match by words.
    pub fn new(threshold: f64) -> Self {
        Self::with(threshold, Basis::default())
    }

    /// Returns an empty index that goes by another basis than the shipped one.
    pub fn with(threshold: f64, basis: Basis) -> Self {
        Self {
            threshold,
            basis,
            entries: Vec::new(),
            free: Vec::new(),
            by_name: Sets::default(),
            by_mark: Sets::default(),
            by_stem: Sets::default(),
        }
    }

    /// Asks another least score of matches by words from now on.
    pub fn require(&mut self, threshold: f64) {
        self.threshold = threshold;
    }

    /// Returns how many briefs can match.
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Returns whether no brief can match.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether a brief is known and its time is over: it stays where it is, and matches
    /// nothing new.
    pub fn is_expired(&self, id: &BriefId, now: Timestamp) -> bool {
        self.entry_of(id).is_some_and(|entry| !entry.may_match(now))
    }

    /// Takes a brief in, in place of an earlier version; one that is not active is taken out.
    pub fn insert(&mut self, brief: &Brief) {
        self.remove(&brief.id);
        if brief.status != Status::Active {
            return;
        }
        let entry = Entry::new(brief, &self.basis);
        let slot = self.free.pop().unwrap_or_else(|| {
            // In small steps: doubling would hold half of a large index empty.
            if self.entries.len() == self.entries.capacity() {
                self.entries.reserve_exact(self.entries.len() / 8 + 16);
            }
            self.entries.push(None);
            Slot::try_from(self.entries.len() - 1).expect("there are fewer briefs than memory")
        });
        for name in &entry.names {
            self.by_name.insert(*name, slot);
        }
        for mark in entry.marks() {
            self.by_mark.insert(mark, slot);
        }
        for stem in finding(self.basis.rarity, &entry) {
            self.by_stem.insert(stem, slot);
        }
        if let Some(place) = self.entries.get_mut(place(slot)) {
            *place = Some(entry);
        }
    }

    /// Takes a brief out.
    pub fn remove(&mut self, id: &BriefId) {
        let Some(slot) = self.slot_of(id) else { return };
        let Some(entry) = self.entries.get_mut(place(slot)).and_then(Option::take) else { return };
        self.free.push(slot);
        for name in &entry.names {
            self.by_name.remove(name, slot);
        }
        for mark in entry.marks() {
            self.by_mark.remove(&mark, slot);
        }
        for stem in finding(self.basis.rarity, &entry) {
            self.by_stem.remove(&stem, slot);
        }
    }

    pub(super) fn entry(&self, slot: Slot) -> Option<&Entry> {
        self.entries.get(place(slot))?.as_ref()
    }

    pub(super) fn slot_of(&self, id: &BriefId) -> Option<Slot> {
        let named = self.by_name.get(&Kind::Id.name(id.as_str()));
        named.iter().copied().find(|slot| self.entry(*slot).is_some_and(|entry| entry.id == *id))
    }

    pub(super) fn entry_of(&self, id: &BriefId) -> Option<&Entry> {
        self.entry(self.slot_of(id)?)
    }
}

fn place(slot: Slot) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

fn finding(rarity: &Rarity, entry: &Entry) -> impl Iterator<Item = Stem> {
    entry.stems().iter().copied().filter(|stem| rarity.sixteenths(*stem) >= FINDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_brief_is_left_behind() {
        let mut index = Index::new(0.5);
        let mut brief = Brief::new(BriefId::new("b").unwrap(), "Skerrow cables", "Cables guarded.");
        brief.source_url = Some("https://a.example/1".to_owned());
        brief.original_post =
            Some("The cables of Skerrow Strait are to be guarded from May on.".to_owned());
        index.insert(&brief);
        "Lindhaven harbour opens".clone_into(&mut brief.title);
        index.insert(&brief);
        assert_eq!(index.len(), 1, "the later version is in place of the earlier");
        index.remove(&brief.id);
        assert!(index.is_empty());
        assert!(index.by_stem.is_empty() && index.by_mark.is_empty() && index.by_name.is_empty());
        index.insert(&brief);
        assert_eq!(index.entries.len(), 1, "places are used again");
        brief.status = Status::Draft;
        index.insert(&brief);
        assert!(index.is_empty(), "a draft does not match");
    }
}
