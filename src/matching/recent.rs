//! The recent items, findable from a brief: which of them could it concern?
//!
//! When a brief arrives, changes or goes, the items it could belong on are found here and scored
//! forwards; nobody goes through all items.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use xxhash_rust::xxh3::xxh3_64;

use super::terms::{Bag, RARE, Stem, terms};
use crate::model::{Brief, CanonicalUrl, ItemId, ItemText, Timestamp};

/// At most this many items are kept, the newest.
const MAX_ITEMS: usize = 20_000;
/// At most this many are given for one brief.
const MAX_CONCERNED: usize = 500;
/// Words of an item that are indexed.
const WORDS: usize = 150;
/// A word that stands in more recent items than this finds nothing.
const MAX_POSTING: usize = 2_000;

/// What an item can be found by; a pure function of it, made on any thread.
#[derive(Debug)]
pub struct Traits {
    stems: Box<[Stem]>,
    /// Hashes of its addresses and its guid: two that meet by chance cost a look.
    names: Box<[u64]>,
}

impl Traits {
    /// Returns what an item can be found by.
    pub fn of(item: &ItemText) -> Self {
        let text = format!("{}\n{}", item.title, item.lead);
        let bag = Bag::of(&terms(&text, item.lang.as_deref(), WORDS));
        let telling = bag.stems.iter().filter(|(_, rarity)| **rarity >= RARE);
        let urls = item.link.iter().chain(&item.guid).filter_map(|url| CanonicalUrl::parse(url));
        let urls = urls.map(|url| xxh3_64(url.as_str().as_bytes()));
        let guid = item.guid.iter().map(|guid| xxh3_64(guid.as_bytes()));
        Self { stems: telling.map(|(stem, _)| *stem).collect(), names: urls.chain(guid).collect() }
    }
}

/// Where an item stands in [`Recent::entries`]; four bytes instead of the sixteen of its id,
/// which stand once for each of its words.
type Slot = u32;

#[derive(Debug)]
struct Entry {
    id: ItemId,
    at: Timestamp,
    traits: Traits,
}

/// An in-memory index of the recent items.
#[derive(Debug, Default)]
pub struct Recent {
    entries: Vec<Option<Entry>>,
    /// Entries that are `None`.
    free: Vec<Slot>,
    slots: HashMap<ItemId, Slot>,
    by_age: BTreeSet<(Timestamp, ItemId)>,
    by_stem: HashMap<Stem, Vec<Slot>>,
    by_name: HashMap<u64, Vec<Slot>>,
}

impl Recent {
    /// Takes an item in, in place of an earlier version.
    pub fn insert(&mut self, id: ItemId, traits: Traits, at: Timestamp) {
        self.remove(id);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            Slot::try_from(self.entries.len() - 1).expect("there are at most MAX_ITEMS entries")
        });
        for stem in &traits.stems {
            self.by_stem.entry(*stem).or_default().push(slot);
        }
        for name in &traits.names {
            self.by_name.entry(*name).or_default().push(slot);
        }
        self.by_age.insert((at, id));
        self.slots.insert(id, slot);
        if let Some(entry) = self.entries.get_mut(slot as usize) {
            *entry = Some(Entry { id, at, traits });
        }
        if self.slots.len() > MAX_ITEMS {
            let oldest = self.by_age.first().map(|(_, id)| *id);
            if let Some(id) = oldest {
                self.remove(id);
            }
        }
    }

    /// Takes an item out.
    pub fn remove(&mut self, id: ItemId) {
        let Some(slot) = self.slots.remove(&id) else { return };
        let Some(entry) = self.entries.get_mut(slot as usize).and_then(Option::take) else {
            return;
        };
        self.free.push(slot);
        self.by_age.remove(&(entry.at, id));
        for stem in &entry.traits.stems {
            take_out(&mut self.by_stem, *stem, slot);
        }
        for name in &entry.traits.names {
            take_out(&mut self.by_name, *name, slot);
        }
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

    fn ids(&self, slots: Option<&Vec<Slot>>) -> impl Iterator<Item = ItemId> {
        let entry = |slot: &Slot| self.entries.get(*slot as usize)?.as_ref().map(|entry| entry.id);
        slots.into_iter().flatten().filter_map(entry)
    }

    /// Returns the items that a brief could belong on: those it names, and those that share at
    /// least two rare words with it, the likeliest 500.
    pub fn concerned(&self, brief: &Brief) -> Vec<ItemId> {
        let mut named: BTreeSet<ItemId> = BTreeSet::new();
        let addresses = brief.source_url.iter().chain(&brief.urls).chain(&brief.pin);
        for name in addresses.chain(&brief.guids) {
            let url = CanonicalUrl::parse(name).map(|url| url.as_str().to_owned());
            for key in url.iter().chain([name]) {
                named.extend(self.ids(self.by_name.get(&xxh3_64(key.as_bytes()))));
            }
            named.extend(ItemId::parse(name).filter(|id| self.slots.contains_key(id)));
        }
        let mut shared: BTreeMap<ItemId, u32> = BTreeMap::new();
        for (stem, _) in rare_words(brief).rarest_first() {
            let items = self.by_stem.get(&stem).filter(|items| items.len() <= MAX_POSTING);
            for item in self.ids(items) {
                *shared.entry(item).or_default() += 1;
            }
        }
        let mut alike: Vec<(ItemId, u32)> = shared.into_iter().filter(|(_, n)| *n >= 2).collect();
        alike.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let alike = alike.into_iter().map(|(id, _)| id).filter(|id| !named.contains(id));
        named.iter().copied().chain(alike).take(MAX_CONCERNED).collect()
    }
}

fn take_out(postings: &mut HashMap<u64, Vec<Slot>>, key: u64, slot: Slot) {
    let Some(slots) = postings.get_mut(&key) else { return };
    if let Some(at) = slots.iter().position(|known| *known == slot) {
        slots.swap_remove(at);
    }
    if slots.is_empty() {
        postings.remove(&key);
    }
}

fn rare_words(brief: &Brief) -> Bag {
    let post = brief.original_post.as_deref().unwrap_or_default();
    let text = [brief.title.as_str(), &brief.key_terms.join("\n"), &brief.summary, post].join("\n");
    Bag::of(&terms(&text, brief.lang.as_deref(), 2000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BriefId;

    fn item(title: &str, link: &str) -> Traits {
        Traits::of(&ItemText {
            item: "i".to_owned(),
            source: None,
            guid: None,
            title: title.to_owned(),
            lead: String::new(),
            link: Some(link.to_owned()),
            published: None,
            lang: Some("en".to_owned()),
        })
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
        assert_eq!(recent.concerned(&brief), [ItemId(3), ItemId(1)]);
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
