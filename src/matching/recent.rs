//! The recent items, findable from a brief and from each other.
//!
//! When a brief arrives, changes or goes, the items it could belong on are found here and scored
//! forwards; nobody goes through all items.

use std::collections::{BTreeSet, HashMap};

use super::bag::{Bag, ItemReading};
use super::basis::Basis;
use super::entry::{Entry, Kind, Name};
use super::score::Features;
use super::sets::{Sets, Slot};
use super::terms::FINDS;
use crate::model::{Brief, ItemId, ItemText, SourceId, Timestamp};
use crate::text::Stem;

/// Words of a title that two items can have by chance.
const LEAST_TITLE: usize = 4;

/// What an item can be found by; a pure function of it, made on any thread.
#[derive(Debug)]
pub struct Traits {
    pub(super) bag: Bag,
    /// What a brief whose original post it quotes meets it by.
    marks: Box<[u32]>,
    /// Its addresses, its guid, and its normalised title.
    pub(super) names: Box<[Name]>,
    pub(super) source: Option<SourceId>,
}

impl Traits {
    /// Returns what an item can be found by.
    pub fn of(item: &ItemText, basis: &Basis) -> Self {
        Self::read(item, &ItemReading::of(item, basis.rarity), basis)
    }

    pub(super) fn read(item: &ItemText, read: &ItemReading<'_>, basis: &Basis) -> Self {
        let urls = item.link.iter().chain(&item.guid).filter_map(|url| basis.url(url));
        let urls = urls.map(|url| Kind::Url.name(url.as_str()));
        let guid = item.guid.iter().map(|guid| Kind::Guid.name(guid));
        let mut names: Vec<Name> = urls.chain(guid).collect();
        let title = &read.title.folded;
        if title.len() >= LEAST_TITLE {
            let bytes: Vec<u8> = title.iter().flat_map(|word| word.to_be_bytes()).collect();
            names.push(Kind::Title.name_of(&bytes));
        }
        names.sort_unstable();
        names.dedup();
        Self {
            bag: read.bag.clone(),
            marks: read.quotable.marks.clone().into_boxed_slice(),
            names: names.into_boxed_slice(),
            source: item.source.clone(),
        }
    }

    /// Returns whether two items may come from different sources. One source's titles repeat
    /// themselves ("What we learnt today").
    pub(super) fn is_of_another(&self, other: &Self) -> bool {
        self.source.is_none() || self.source != other.source
    }
}

#[derive(Debug)]
pub(super) struct Entrant {
    pub(super) id: ItemId,
    pub(super) at: Timestamp,
    pub(super) traits: Traits,
    /// The item that told its story first.
    pub(super) leader: Option<ItemId>,
}

/// An in-memory index of the recent items.
#[derive(Debug, Default)]
pub struct Recent {
    pub(super) basis: Basis,
    /// At most this many items are kept, the newest.
    most: Option<usize>,
    entries: Vec<Option<Entrant>>,
    /// Entries that are `None`.
    free: Vec<Slot>,
    slots: HashMap<ItemId, Slot>,
    by_age: BTreeSet<(Timestamp, ItemId)>,
    pub(super) by_stem: Sets<Stem>,
    by_mark: Sets<u32>,
    pub(super) by_name: Sets<Name>,
}

impl Recent {
    /// Returns an empty index that goes by another basis than the shipped one.
    pub fn with(basis: Basis) -> Self {
        Self { basis, ..Self::default() }
    }

    /// Keeps the newest items alone, `most` of them.
    #[must_use]
    pub fn holding(self, most: usize) -> Self {
        Self { most: Some(most), ..self }
    }

    /// Takes an item in, in place of an earlier version.
    pub fn insert(&mut self, id: ItemId, traits: Traits, at: Timestamp) {
        self.remove(id);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            Slot::try_from(self.entries.len() - 1).expect("there are fewer items than memory")
        });
        for (stem, _) in finding(&traits.bag) {
            self.by_stem.insert(stem, slot);
        }
        for mark in &traits.marks {
            self.by_mark.insert(*mark, slot);
        }
        for name in &traits.names {
            self.by_name.insert(*name, slot);
        }
        self.by_age.insert((at, id));
        self.slots.insert(id, slot);
        if let Some(entry) = self.entries.get_mut(place(slot)) {
            *entry = Some(Entrant { id, at, traits, leader: None });
        }
        if self.most.is_some_and(|most| self.slots.len() > most) {
            let oldest = self.by_age.first().map(|(_, id)| *id);
            if let Some(id) = oldest {
                self.remove(id);
            }
        }
    }

    /// Takes an item out.
    pub fn remove(&mut self, id: ItemId) {
        let Some(slot) = self.slots.remove(&id) else { return };
        let Some(entry) = self.entries.get_mut(place(slot)).and_then(Option::take) else { return };
        self.free.push(slot);
        self.by_age.remove(&(entry.at, id));
        for (stem, _) in finding(&entry.traits.bag) {
            self.by_stem.remove(&stem, slot);
        }
        for mark in &entry.traits.marks {
            self.by_mark.remove(mark, slot);
        }
        for name in &entry.traits.names {
            self.by_name.remove(name, slot);
        }
    }

    /// Returns how many items are remembered.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns whether none is.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Returns every item that is remembered, in the order of the ids.
    pub fn items(&self) -> Vec<ItemId> {
        let mut ids: Vec<ItemId> = self.slots.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    /// Takes out every item that is older than `oldest`.
    pub fn forget_before(&mut self, oldest: Timestamp) {
        while let Some((_, id)) = self.by_age.first().copied().filter(|(at, _)| *at < oldest) {
            self.remove(id);
        }
    }

    pub(super) fn entry(&self, slot: Slot) -> Option<&Entrant> {
        self.entries.get(place(slot))?.as_ref()
    }

    pub(super) fn entry_of(&self, id: ItemId) -> Option<&Entrant> {
        self.entry(*self.slots.get(&id)?)
    }

    pub(super) fn entrant_mut(&mut self, id: ItemId) -> Option<&mut Entrant> {
        self.entries.get_mut(place(*self.slots.get(&id)?))?.as_mut()
    }

    /// Returns how much of the rarity of each item stands in the given stems, by slot.
    pub(super) fn shared(&self, stems: impl Iterator<Item = (Stem, u8)>) -> Vec<u16> {
        let mut shared: Vec<u16> = vec![0; self.entries.len()];
        for (stem, rarity) in stems {
            for slot in self.by_stem.get(&stem) {
                if let Some(sum) = shared.get_mut(place(*slot)) {
                    *sum = sum.saturating_add(u16::from(rarity));
                }
            }
        }
        shared
    }

    /// Returns the items whose decision a brief can bear on: those it names or may have been
    /// taken from, and those that it ranks no lower on than the usual runner-up.
    pub fn concerned(&self, brief: &Brief) -> Vec<ItemId> {
        let Basis { rarity, weights, .. } = self.basis;
        let entry = Entry::new(brief, &self.basis);
        let (pinned, marks) = (self.pinned(brief), entry.marks());
        let named = entry.names.iter().chain(&pinned).flat_map(|name| self.by_name.get(name));
        let quoting = marks.iter().flat_map(|mark| self.by_mark.get(mark));
        let mut slots: BTreeSet<Slot> = named.chain(quoting).copied().collect();
        let ids = brief.pin.iter().chain(&brief.block).filter_map(|name| ItemId::parse(name));
        slots.extend(ids.filter_map(|id| self.slots.get(&id)));
        let stems = entry.stems().iter().map(|stem| (*stem, rarity.sixteenths(*stem)));
        for (slot, sum) in (0..).zip(self.shared(stems.filter(|(_, rarity)| *rarity >= FINDS))) {
            let Some(item) = self.entry(slot).filter(|_| sum > 0) else { continue };
            let features = Features::of(&item.traits.bag, &entry, weights);
            if features.rank(weights) >= weights.usual_rival {
                slots.insert(slot);
            }
        }
        let mut ids: Vec<ItemId> =
            slots.into_iter().filter_map(|slot| self.entry(slot)).map(|entry| entry.id).collect();
        ids.sort_unstable();
        ids
    }

    /// Returns the names by which pins and blocks reach the addresses and guids of items.
    fn pinned(&self, brief: &Brief) -> Vec<Name> {
        let names = brief.pin.iter().chain(&brief.block);
        let reached =
            |name: &String| [Kind::Url.name(&self.basis.key(name)), Kind::Guid.name(name)];
        names.flat_map(reached).collect()
    }
}

/// Returns the stems that an item can be found by, with their rarity.
pub(super) fn finding(bag: &Bag) -> impl Iterator<Item = (Stem, u8)> {
    let words = bag.words.iter().filter(|word| word.rarity >= FINDS);
    words.map(|word| (word.stem, word.rarity))
}

fn place(slot: Slot) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BriefId;

    fn item(title: &str, link: &str) -> Traits {
        let item = ItemText {
            item: "i".to_owned(),
            source: None,
            guid: None,
            title: title.to_owned(),
            lead: String::new(),
            link: Some(link.to_owned()),
            published: None,
            lang: Some("en".to_owned()),
        };
        Traits::of(&item, &Basis::default())
    }

    fn at(day: u32) -> Timestamp {
        format!("2026-11-{day:02}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn a_brief_finds_the_items_it_names_and_those_that_are_alike() {
        let mut recent = Recent::default();
        recent.insert(
            ItemId(1),
            item("Skerrow Strait cables guarded", "https://a.example/1"),
            at(1),
        );
        recent.insert(ItemId(2), item("Bakery opens", "https://a.example/2"), at(2));
        recent.insert(ItemId(3), item("Choir sings", "https://a.example/3"), at(3));
        let mut brief = Brief::new(
            BriefId::new("b").unwrap(),
            "Patrols",
            "The Skerrow Strait and its cables are to be guarded.",
        );
        brief.urls.push("http://www.a.example/3/?utm_source=x".to_owned());
        assert_eq!(recent.concerned(&brief), [ItemId(1), ItemId(3)]);
        recent.forget_before(at(2));
        assert_eq!(recent.concerned(&brief), [ItemId(3)]);
        recent.remove(ItemId(3));
        assert!(recent.concerned(&brief).is_empty());
        recent.remove(ItemId(2));
        assert!(recent.by_stem.is_empty() && recent.by_name.is_empty(), "nothing is left behind");
        recent.insert(ItemId(4), item("Skerrow ferry strikes", "https://a.example/4"), at(4));
        assert_eq!(recent.entries.len(), 3, "places are used again");
    }
}
