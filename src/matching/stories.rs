//! Item ↔ item: which recent item told a story first.

use std::cmp::Reverse;

use chrono::TimeDelta;

use super::bag::{Bag, ItemReading};
use super::entry::Kind;
use super::evidence::Evidence;
use super::pairs::{PairFeatures, has_lead};
use super::recent::{Entrant, Recent, Traits, finding};
use super::sets::Slot;
use crate::model::{ItemId, ItemText};

/// Items that lie further apart tell no one story, whatever they say.
const APART: TimeDelta = TimeDelta::hours(48);
/// Items of equal words that are compared exactly.
const COMPARED: usize = 30;
/// A follower of a story must be as near as this to the item that told it first: stories do not
/// drift.
const DRIFT: f64 = 0.5;

/// An earlier item that tells the same story.
#[derive(Debug, Clone, PartialEq)]
pub struct Kin {
    /// The item that told it first.
    pub leader: ItemId,
    /// 0..=1; 1 for one article under two addresses, or one title.
    pub score: f64,
    /// The address or title that both have, else words and phrases of the item that stand in
    /// both, rarest first.
    pub evidence: Vec<String>,
}

impl Recent {
    /// Returns the recent item that told an item's story first: one article at one address, the
    /// same title of four words or more, or leads that say the same. Only items that `may` lead or
    /// follow are looked at.
    pub fn kin(&self, item: &ItemText, may: impl Fn(ItemId) -> bool) -> Option<Kin> {
        let read = ItemReading::of(item, self.basis.rarity);
        let own = Traits::read(item, &read, &self.basis);
        let is_near = |entrant: &&Entrant| {
            let apart = own.bag.published.zip(entrant.traits.bag.published);
            let is_itself = entrant.id.to_string() == item.item;
            !is_itself && apart.is_none_or(|(a, b)| (a - b).abs() <= APART) && may(entrant.id)
        };
        let near = |slot: Slot| self.entry(slot).filter(is_near);
        let certain = |entrant: &Entrant, evidence: String| Kin {
            leader: entrant.leader.unwrap_or(entrant.id),
            score: 1.0,
            evidence: vec![evidence],
        };
        let named = |kind: Kind| {
            let names = own.names.iter().filter(move |name| kind.is_of(**name));
            names.flat_map(|name| self.by_name.get(name)).filter_map(|slot| near(*slot))
        };
        let same = named(Kind::Url).filter(|e| e.traits.is_of_another(&own));
        let same = same.filter(|e| self.is_article(&e.traits, &own));
        if let Some(same) = same.min_by_key(|e| (e.at, e.id)) {
            let url = item.link.as_deref().and_then(|link| self.basis.url(link));
            return Some(certain(same, url.map(|u| u.as_str().to_owned()).unwrap_or_default()));
        }
        let others = named(Kind::Title).filter(|e| e.traits.is_of_another(&own));
        if let Some(same) = others.min_by_key(|e| (e.at, e.id)) {
            return Some(certain(same, item.title.clone()));
        }
        let (score, kin) = self.alike_in_words(&own, near)?;
        let said = |stem, _| kin.traits.bag.has(stem);
        let evidence = Evidence::of(item, &read, said);
        evidence.is_enough().then(|| Kin {
            leader: kin.leader.unwrap_or(kin.id),
            score,
            evidence: evidence.into_phrases(),
        })
    }

    /// Returns whether the addresses that two items share are those of an article: no source gives
    /// them to a second item, as one does that links to its front page.
    fn is_article(&self, one: &Traits, other: &Traits) -> bool {
        let is_url = |name: &&u64| Kind::Url.is_of(**name) && other.names.contains(*name);
        one.names.iter().filter(is_url).all(|name| {
            let sources = self.by_name.get(name).iter().filter_map(|slot| self.entry(*slot));
            let mut sources: Vec<_> = sources.filter_map(|e| e.traits.source.as_ref()).collect();
            let is_own = other.source.as_ref().is_some_and(|own| sources.contains(&own));
            let count = sources.len();
            sources.sort_unstable();
            sources.dedup();
            !is_own && sources.len() == count
        })
    }

    /// Returns the item whose title and lead are most surely on the same story.
    fn alike_in_words<'r>(
        &'r self,
        own: &Traits,
        near: impl Fn(Slot) -> Option<&'r Entrant>,
    ) -> Option<(f64, &'r Entrant)> {
        if !has_lead(&own.bag) {
            return None;
        }
        let weights = self.basis.weights;
        let score = |e: &Entrant| PairFeatures::of(&own.bag, &e.traits.bag).score(weights);
        let fits = |e: &&Entrant| {
            let (theirs, other) = (&e.traits.bag, e.traits.is_of_another(own));
            other && has_lead(theirs) && !own.bag.other_language(theirs)
        };
        let near = self.most_alike(&own.bag).into_iter().filter_map(near).take(COMPARED);
        let scored = near.filter(fits).map(|entrant| (score(entrant), entrant));
        let is_true = |(found, entrant): &(f64, &Entrant)| {
            let leader = entrant.leader.and_then(|id| self.entry_of(id));
            *found >= weights.pair_threshold && leader.is_none_or(|leader| score(leader) >= DRIFT)
        };
        scored.filter(is_true).max_by(|(a, one), (b, other)| {
            a.total_cmp(b).then_with(|| (other.at, other.id).cmp(&(one.at, one.id)))
        })
    }

    /// Returns the items that share rarity with one, most first.
    fn most_alike(&self, bag: &Bag) -> Vec<Slot> {
        let mut alike: Vec<_> =
            (0..).zip(self.shared(finding(bag))).filter(|(_, sum)| *sum > 0).collect();
        alike.sort_unstable_by_key(|(slot, sum): &(Slot, u16)| (Reverse(*sum), *slot));
        alike.into_iter().map(|(slot, _)| slot).collect()
    }

    /// Notes that an item belongs to the story that another told first.
    pub fn join(&mut self, item: ItemId, leader: ItemId) {
        if let Some(entrant) = self.entrant_mut(item) {
            entrant.leader = Some(leader);
        }
    }

    /// Compares two recent items, for the program that fits the weights.
    pub fn compare(&self, a: ItemId, b: ItemId) -> Option<PairFeatures> {
        let (a, b) = (self.entry_of(a)?, self.entry_of(b)?);
        Some(PairFeatures::of(&a.traits.bag, &b.traits.bag))
    }

    /// Returns the recent items that share most rarity with one, most first.
    pub fn alike(&self, item: ItemId, limit: usize) -> Vec<ItemId> {
        let Some(own) = self.entry_of(item) else { return Vec::new() };
        let alike = self.most_alike(&own.traits.bag).into_iter();
        let ids = alike.filter_map(|slot| self.entry(slot)).map(|entrant| entrant.id);
        ids.filter(|id| *id != item).take(limit).collect()
    }
}
