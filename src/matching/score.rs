//! How sure it is that an item and a brief tell one story.
//!
//! Two linear layers over a few features: one ranks the candidates, one turns what is known of a
//! candidate and its distance to the next into a probability. `benches/matching` fits both to the
//! development corpus. `exp` and `log` are libm's, so that a score is the same on every platform.

use super::bag::Bag;
use super::entry::{Entry, FIELDS};
use super::terms::RARE;
use super::weights::{RANKING, STANDING, Weights};
use crate::model::Timestamp;

/// Saturation and length normalisation of BM25 (Robertson and Zaragoza 2009, 3.4).
const K1: f64 = 1.2;
const B: f64 = 0.75;
/// A day, and how many of them halve how near a date is.
const HOURS: f64 = 24.0;
const HALVES: f64 = 4.0;

/// What an item and a brief have in common; shares are 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Features {
    /// BM25 summed over the fields, by the item's rarity.
    pub bm25: f64,
    /// BM25 by what both texts weigh.
    pub bm25_of_both: f64,
    /// Share of the item's rarity that the whole brief has.
    pub item_in_brief: f64,
    /// Share of the item's rarity that title, key terms and summary have.
    pub item_in_core: f64,
    /// Share of the item title's rarity that the whole brief has.
    pub item_title_in_brief: f64,
    /// Share of the brief title's rarity that the item has.
    pub title_in_item: f64,
    /// Share of the rarity of title, key terms and summary that the item has.
    pub core_in_item: f64,
    /// Share of the brief's rarity that the item has.
    pub brief_in_item: f64,
    /// How alike the two titles are (cosine).
    pub titles: f64,
    /// Rarity of the rare words they share, 1 at most.
    pub rare: f64,
    /// How near their dates are, −0.5 to 0.5; 0 where one is unknown.
    pub date: f64,
    /// How many rare words they share.
    pub rare_words: f64,
    /// The natural logarithm of BM25.
    pub bm25_log: f64,
    /// What there is to compare of the item.
    pub length: f64,
}

impl Features {
    /// Compares.
    pub(super) fn of(item: &Bag, entry: &Entry, weights: &Weights) -> Self {
        let mut sums = Sums::default();
        let norms = norms(entry, weights);
        let mut stems = entry.counted().peekable();
        for word in &item.words {
            while stems.next_if(|(stem, _)| *stem < word.stem).is_some() {}
            let Some((_, counts)) = stems.next_if(|(stem, _)| *stem == word.stem) else {
                continue;
            };
            sums.add(word.rarity, word.in_title, (counts.in_title(), counts.in_core()));
            let saturated = (0..).zip(&norms).map(|(field, norm)| {
                let count = f64::from(counts.of(field));
                if count > 0.0 { count * (K1 + 1.0) / (count + norm) } else { 0.0 }
            });
            sums.bm25 += sixteenths(u32::from(word.rarity)) * saturated.sum::<f64>();
        }
        sums.features(item, entry)
    }

    /// Returns the features in the order of the weights: those that rank, and all.
    pub fn ranking(&self) -> [f64; RANKING] {
        [
            self.bm25,
            self.bm25_of_both,
            self.item_in_brief,
            self.item_in_core,
            self.item_title_in_brief,
            self.title_in_item,
            self.core_in_item,
            self.brief_in_item,
            self.titles,
            self.rare,
            self.date,
        ]
    }

    /// Returns a number to rank candidates by.
    pub fn rank(&self, weights: &Weights) -> f64 {
        dot(&self.ranking(), &weights.rank)
    }

    /// Returns everything that a probability is made of: the features, and how far the candidate
    /// ranks before its best rival.
    pub fn standing(&self, rank: f64, rival: f64) -> [f64; STANDING] {
        let gap = rank - rival;
        let gap_log = libm::log((gap + 0.05).max(1e-3));
        let further = [rank, gap, gap_log, self.rare_words, self.bm25_log, self.length];
        let mut standing = [0.0; STANDING];
        let features = self.ranking().into_iter().chain(further);
        standing.iter_mut().zip(features).for_each(|(place, feature)| *place = feature);
        standing
    }

    /// Returns the probability that the candidate is right, 0..=1.
    pub(super) fn score(&self, rank: f64, rival: f64, weights: &Weights) -> f64 {
        let sum = weights.bias + dot(&self.standing(rank, rival), &weights.standing);
        1.0 / (1.0 + libm::exp(-sum))
    }

    /// Returns whether the words of another candidate say the same as its own.
    pub(super) fn says(&self, other: &Self) -> bool {
        self.undated() == other.undated()
    }

    /// Returns the same without the dates.
    pub(super) fn undated(&self) -> Self {
        Self { date: 0.0, ..*self }
    }

    /// Returns each feature with its name.
    pub fn named(&self) -> [(&'static str, f64); 14] {
        [
            ("bm25", self.bm25),
            ("bm25_of_both", self.bm25_of_both),
            ("item_in_brief", self.item_in_brief),
            ("item_in_core", self.item_in_core),
            ("item_title_in_brief", self.item_title_in_brief),
            ("title_in_item", self.title_in_item),
            ("core_in_item", self.core_in_item),
            ("brief_in_item", self.brief_in_item),
            ("titles", self.titles),
            ("rare", self.rare),
            ("date", self.date),
            ("rare_words", self.rare_words),
            ("bm25_log", self.bm25_log),
            ("length", self.length),
        ]
    }
}

/// Sums over the words that both have; integers, so that their order does not matter.
#[derive(Debug, Default)]
struct Sums {
    bm25: f64,
    shared: u32,
    core: u32,
    of_item_title: u32,
    of_title: u32,
    squares: u32,
    rare: u32,
    rare_words: u32,
}

impl Sums {
    fn add(&mut self, rarity: u8, in_item_title: bool, (in_title, in_core): (bool, bool)) {
        let weight = u32::from(rarity);
        let when = |is_there: bool, weight| if is_there { weight } else { 0 };
        self.shared += weight;
        self.core += when(in_core, weight);
        self.of_item_title += when(in_item_title, weight);
        self.of_title += when(in_title, weight);
        self.squares += when(in_item_title && in_title, weight * weight);
        self.rare += when(rarity >= RARE, weight);
        self.rare_words += when(rarity >= RARE, 1);
    }

    fn features(self, item: &Bag, entry: &Entry) -> Features {
        let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole.max(1));
        let mass = sixteenths(item.mass.max(1));
        let both = libm::sqrt(mass * sixteenths(entry.mass.max(1)));
        let norm = libm::sqrt(f64::from(item.title_squares) * f64::from(entry.title_squares));
        Features {
            bm25: self.bm25 / mass,
            bm25_of_both: self.bm25 / both,
            item_in_brief: share(self.shared, item.mass),
            item_in_core: share(self.core, item.mass),
            item_title_in_brief: share(self.of_item_title, item.title_mass),
            title_in_item: share(self.of_title, entry.title_mass),
            core_in_item: share(self.core, entry.core_mass),
            brief_in_item: share(self.shared, entry.mass),
            titles: f64::from(self.squares) / norm.max(1.0),
            rare: (sixteenths(self.rare) / 40.0).min(1.0),
            date: date(item.published, entry.date),
            rare_words: f64::from(self.rare_words),
            bm25_log: libm::log((self.bm25 / 10.0).max(1e-3)),
            length: mass / 100.0,
        }
    }
}

fn sixteenths(rarity: u32) -> f64 {
    f64::from(rarity) / 16.0
}

fn norms(entry: &Entry, weights: &Weights) -> [f64; FIELDS] {
    let mut norms = [0.0; FIELDS];
    for ((norm, length), usual) in norms.iter_mut().zip(entry.lengths).zip(weights.lengths) {
        *norm = K1 * (1.0 - B + B * f64::from(length) / usual);
    }
    norms
}

fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A brief is often written ahead or used for weeks: the date moves a score, and decides nothing.
fn date(item: Option<Timestamp>, brief: Option<Timestamp>) -> f64 {
    let Some((item, brief)) = item.zip(brief) else { return 0.0 };
    let hours = u32::try_from((item - brief).num_hours().unsigned_abs()).unwrap_or(u32::MAX);
    1.0 / (1.0 + f64::from(hours) / HOURS / HALVES) - 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_pull_both_ways_and_an_unknown_one_neither() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let day = "2026-11-20T00:00:00Z";
        assert!((date(at(day), at(day)) - 0.5).abs() < 1e-9);
        assert!(date(at(day), at("2026-11-24T00:00:00Z")).abs() < 1e-9);
        assert!(date(at(day), at("2025-11-20T00:00:00Z")) < -0.45);
        assert!(date(at(day), None).abs() < 1e-9);
    }
}
