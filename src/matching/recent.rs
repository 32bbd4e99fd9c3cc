//! The recent items, findable from a brief: which of them could it concern?
//!
//! When a brief arrives, changes or goes, the items it could belong on are found here and scored
//! forwards; nobody goes through all items.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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

#[derive(Debug)]
struct Entry {
    at: Timestamp,
    stems: Vec<Stem>,
    names: Vec<String>,
}

/// An in-memory index of the recent items.
#[derive(Debug, Default)]
pub struct Recent {
    entries: HashMap<ItemId, Entry>,
    by_age: BTreeSet<(Timestamp, ItemId)>,
    by_stem: HashMap<Stem, BTreeSet<ItemId>>,
    by_name: HashMap<String, BTreeSet<ItemId>>,
}

impl Recent {
    /// Takes an item in, in place of an earlier version.
    pub fn insert(&mut self, id: ItemId, item: &ItemText, at: Timestamp) {
        self.remove(id);
        let text = format!("{}\n{}", item.title, item.lead);
        let bag = Bag::of(&terms(&text, item.lang.as_deref(), WORDS));
        let telling = bag.rarest_first().into_iter().filter(|(_, rarity)| *rarity >= RARE);
        let stems: Vec<Stem> = telling.map(|(stem, _)| stem).collect();
        let urls = item.link.iter().chain(&item.guid).filter_map(|url| CanonicalUrl::parse(url));
        let names: Vec<String> =
            urls.map(|url| url.as_str().to_owned()).chain(item.guid.clone()).collect();
        for stem in &stems {
            self.by_stem.entry(*stem).or_default().insert(id);
        }
        for name in &names {
            self.by_name.entry(name.clone()).or_default().insert(id);
        }
        self.by_age.insert((at, id));
        self.entries.insert(id, Entry { at, stems, names });
        if self.entries.len() > MAX_ITEMS {
            let oldest = self.by_age.first().map(|(_, id)| *id);
            if let Some(id) = oldest {
                self.remove(id);
            }
        }
    }

    /// Takes an item out.
    pub fn remove(&mut self, id: ItemId) {
        let Some(entry) = self.entries.remove(&id) else { return };
        self.by_age.remove(&(entry.at, id));
        for stem in &entry.stems {
            if let Some(items) = self.by_stem.get_mut(stem) {
                items.remove(&id);
                if items.is_empty() {
                    self.by_stem.remove(stem);
                }
            }
        }
        for name in &entry.names {
            if let Some(items) = self.by_name.get_mut(name) {
                items.remove(&id);
                if items.is_empty() {
                    self.by_name.remove(name);
                }
            }
        }
    }

    /// Takes out every item that is older than `oldest`.
    pub fn forget_before(&mut self, oldest: Timestamp) {
        while let Some((_, id)) = self.by_age.first().copied().filter(|(at, _)| *at < oldest) {
            self.remove(id);
        }
    }

    /// Returns the items that a brief could belong on: those it names, and those that share at
    /// least two rare words with it, the likeliest 500.
    pub fn concerned(&self, brief: &Brief) -> Vec<ItemId> {
        let mut named: BTreeSet<ItemId> = BTreeSet::new();
        let addresses = brief.source_url.iter().chain(&brief.urls).chain(&brief.pin);
        for name in addresses.chain(&brief.guids) {
            let url = CanonicalUrl::parse(name).map(|url| url.as_str().to_owned());
            for key in url.iter().chain([name]) {
                named.extend(self.by_name.get(key).into_iter().flatten());
            }
            named.extend(ItemId::parse(name).filter(|id| self.entries.contains_key(id)));
        }
        let mut shared: BTreeMap<ItemId, u32> = BTreeMap::new();
        for (stem, _) in rare_words(brief).rarest_first() {
            let items = self.by_stem.get(&stem).filter(|items| items.len() <= MAX_POSTING);
            for item in items.into_iter().flatten() {
                *shared.entry(*item).or_default() += 1;
            }
        }
        let mut alike: Vec<(ItemId, u32)> = shared.into_iter().filter(|(_, n)| *n >= 2).collect();
        alike.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let alike = alike.into_iter().map(|(id, _)| id).filter(|id| !named.contains(id));
        named.iter().copied().chain(alike).take(MAX_CONCERNED).collect()
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

    fn item(title: &str, link: &str) -> ItemText {
        ItemText {
            item: "i".to_owned(),
            source: None,
            guid: None,
            title: title.to_owned(),
            lead: String::new(),
            link: Some(link.to_owned()),
            published: None,
            lang: Some("en".to_owned()),
        }
    }

    fn at(day: u32) -> Timestamp {
        format!("2026-11-{day:02}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn a_brief_finds_the_items_it_names_and_those_that_are_alike() {
        let mut recent = Recent::default();
        recent.insert(
            ItemId(1),
            &item("Skerrow Strait cables guarded", "https://a.example/1"),
            at(1),
        );
        recent.insert(ItemId(2), &item("Bakery opens", "https://a.example/2"), at(2));
        recent.insert(ItemId(3), &item("Choir sings", "https://a.example/3"), at(3));
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
        assert_eq!(recent.by_stem.len(), 1, "only the bakery is left");
    }
}
