//! Item ↔ item: which recent item told a story first.

use std::cmp::Reverse;

use chrono::TimeDelta;

use super::bag::{Bag, ItemReading};
use super::entry::Kind;
use super::evidence::Evidence;
use super::pairs::{PairFeatures, has_lead};
use super::recent::{Entrant, Recent, Traits, finding};
use super::sets::Slot;
use crate::model::{CanonicalUrl, ItemId, ItemText};

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
    /// same title of four words or more, or leads that say the same.
    pub fn kin(&self, item: &ItemText) -> Option<Kin> {
        let read = ItemReading::of(item, self.basis.rarity);
        let own = Traits::read(item, &read, &self.basis);
        let is_near = |entrant: &&Entrant| {
            let apart = own.bag.published.zip(entrant.traits.bag.published);
            let is_itself = entrant.id.to_string() == item.item;
            !is_itself && apart.is_none_or(|(a, b)| (a - b).abs() <= APART)
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
            let own = item.link.iter().chain(&item.guid).filter_map(|url| self.basis.url(url));
            let is_shared =
                |url: &CanonicalUrl| same.traits.names.contains(&Kind::Url.name(url.as_str()));
            let shared = own.map(|url| is_shared(&url).then(|| url.as_str().to_owned()));
            return Some(certain(same, shared.flatten().next()?));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Basis;
    use crate::model::{SourceId, Timestamp};

    const LEAD: &str = "The harbour wall of Lindhaven collapsed before dawn in a storm surge, and \
                        harbour master Maren Solheim cancelled the ferries to Skerrow \
                        until the tides of the week are over and engineers have been there.";

    fn item(source: &str, title: &str, lead: &str) -> ItemText {
        ItemText {
            item: format!("{source}-{title}"),
            source: SourceId::new(source).ok(),
            guid: None,
            title: title.to_owned(),
            lead: lead.to_owned(),
            link: Some(format!("https://{source}.example/{}", title.len())),
            published: Some(at(0)),
            lang: Some("en".to_owned()),
        }
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_timestamp(1_800_000_000 + hours * 3600, 0).unwrap()
    }

    fn recent(items: &[ItemText]) -> Recent {
        let mut recent = Recent::default();
        for (number, item) in (0..).zip(items) {
            let traits = Traits::of(item, &Basis::default());
            recent.insert(ItemId(number), traits, item.published.unwrap());
        }
        recent
    }

    fn kin(recent: &Recent, item: &ItemText) -> Option<ItemId> {
        recent.kin(item).map(|kin| kin.leader)
    }

    #[test]
    fn one_title_of_four_words_is_one_story_of_two_sources_within_two_days() {
        let first = item("wire", "What we learnt today: Skerrow", "");
        let known = recent(&[first.clone(), item("wire", "Skerrow in brief", "")]);
        let mut same = item("dock", "What We Learnt Today – Skerrow", "");
        assert_eq!(kin(&known, &same), Some(ItemId(0)));
        assert_eq!(kin(&known, &item("dock", "Skerrow in brief", "")), None, "three words");
        let again = ItemText { item: "other".to_owned(), ..first };
        assert_eq!(kin(&known, &ItemText { link: None, ..again }), None, "a source repeats itself");
        same.published = Some(at(48));
        assert_eq!(kin(&known, &same), Some(ItemId(0)));
        same.published = Some(at(49));
        assert_eq!(kin(&known, &same), None, "two days are over");
    }

    #[test]
    fn one_address_is_one_story_unless_a_source_gives_it_to_all_its_items() {
        let front = |source: &str, title: &str| ItemText {
            link: Some("https://www.front.example/?utm_source=x".to_owned()),
            ..item(source, title, "")
        };
        let mut known = recent(&[front("wire", "Wall")]);
        let other = front("dock", "Ferries");
        assert_eq!(kin(&known, &other), Some(ItemId(0)));
        let named = ItemText { guid: other.link.clone(), link: None, ..other.clone() };
        let found = known.kin(&named).unwrap();
        assert_eq!(found.leader, ItemId(0), "a guid that is the address");
        assert_eq!(found.evidence, ["front.example"]);
        let traits = Traits::of(&front("wire", "Choir"), &Basis::default());
        known.insert(ItemId(1), traits, at(0));
        assert_eq!(kin(&known, &other), None, "the front page");
    }

    #[test]
    fn leads_that_say_the_same_are_one_story_and_it_does_not_drift() {
        let first = item("wire", "Harbour wall of Lindhaven collapses in storm", LEAD);
        let mut known = recent(&[first]);
        let same = item("dock", "Storm surge: Lindhaven harbour wall collapses", LEAD);
        let found = known.kin(&same).unwrap();
        assert_eq!(found.leader, ItemId(0));
        assert!(found.evidence.contains(&"Maren Solheim".to_owned()), "{:?}", found.evidence);
        assert!((0.88..1.0).contains(&found.score));
        assert_eq!(
            kin(&known, &ItemText { lead: String::new(), ..same.clone() }),
            None,
            "a headline"
        );
        let german = ItemText { lang: Some("de".to_owned()), ..same.clone() };
        assert_eq!(kin(&known, &german), None, "another language");
        let own = ItemText { source: SourceId::new("wire").ok(), ..same.clone() };
        assert_eq!(kin(&known, &own), None, "the same source");
        // One that is in a story brings its like there only if that is near to its first item.
        let choir = item("gull", "Choir of Quenby sings for the bakers of Marrowick", "Dunmore.");
        known.insert(ItemId(7), Traits::of(&choir, &Basis::default()), at(0));
        known.join(ItemId(0), ItemId(7));
        assert_eq!(kin(&known, &same), None, "it would drift");
        known.remove(ItemId(7));
        assert_eq!(kin(&known, &same), Some(ItemId(7)), "a leader that is recent no more");
    }
}
