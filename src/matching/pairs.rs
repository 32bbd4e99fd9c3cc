//! How sure it is that two items tell one story.

use super::bag::Bag;
use super::terms::RARE;
use super::weights::Weights;

/// Features of a pair of items.
pub const PAIR: usize = 9;

/// Fewer words of lead than this are a headline; two headlines can sound alike.
const LEAST_LEAD: usize = 8;

/// What two items have in common; it does not matter which is which.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairFeatures(pub [f64; PAIR]);

impl PairFeatures {
    /// Compares.
    pub(super) fn of(a: &Bag, b: &Bag) -> Self {
        let (mut shared, mut squares, mut titles) = (0_u32, 0_u32, 0_u32);
        let (mut of_titles, mut rare, mut rare_words) = (0_u32, 0_u32, 0_u32);
        let mut others = b.words.iter().peekable();
        for word in &a.words {
            while others.next_if(|other| other.stem < word.stem).is_some() {}
            let Some(other) = others.next_if(|other| other.stem == word.stem) else { continue };
            let rarity = u32::from(word.rarity);
            shared += rarity;
            squares += rarity * rarity;
            titles += if word.in_title && other.in_title { rarity * rarity } else { 0 };
            of_titles += rarity * (u32::from(word.in_title) + u32::from(other.in_title));
            rare += if word.rarity >= RARE { rarity } else { 0 };
            rare_words += u32::from(word.rarity >= RARE);
        }
        let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole.max(1));
        let cosine = |part: u32, a: u32, b: u32| {
            f64::from(part) / libm::sqrt(f64::from(a.max(1)) * f64::from(b.max(1)))
        };
        let alike = cosine(squares, a.squares, b.squares);
        Self([
            share(shared, a.mass.min(b.mass)),
            share(shared, a.mass.max(b.mass)),
            alike,
            libm::log(alike.max(1e-3)),
            cosine(titles, a.title_squares, b.title_squares),
            share(of_titles, a.title_mass + b.title_mass),
            (f64::from(rare) / 16.0 / 40.0).min(1.0),
            f64::from(rare_words),
            f64::from(a.mass.min(b.mass)) / 16.0 / 100.0,
        ])
    }

    /// Returns the probability that both tell one story, 0..=1.
    pub(super) fn score(&self, weights: &Weights) -> f64 {
        let sum: f64 = self.0.iter().zip(&weights.pair).map(|(value, weight)| value * weight).sum();
        1.0 / (1.0 + libm::exp(-(weights.pair_bias + sum)))
    }
}

/// Returns whether an item says enough beside its title.
pub(super) fn has_lead(bag: &Bag) -> bool {
    bag.words.iter().filter(|word| !word.in_title).count() >= LEAST_LEAD
}
