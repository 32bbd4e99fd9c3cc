//! How sure it is that an item and a brief tell one story.
//!
//! One logistic over a few features; its weights were fitted on the development corpus (see the
//! decision log). `exp` is libm's, so that a score is the same on every platform.

use super::entry::Entry;
use super::terms::{Bag, RARE};
use crate::model::Timestamp;

/// What a score is made of; each between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Features {
    /// Share of the item's rarity that the whole brief has.
    pub item_in_brief: f64,
    /// Share of the item's rarity that title, key terms and summary have.
    pub item_in_core: f64,
    /// Share of the brief title's rarity that the item has.
    pub title_in_item: f64,
    /// How alike the two titles are (cosine).
    pub titles: f64,
    /// How much they share that is rare.
    pub rare: f64,
    /// How near their dates are; 0.5 where one is unknown.
    pub date: f64,
    /// How far the runner-up is behind.
    pub gap: f64,
}

const BIAS: f64 = -4.0;
const WEIGHTS: Features = Features {
    item_in_brief: 1.06,
    item_in_core: 0.93,
    title_in_item: 1.09,
    titles: 0.91,
    rare: 0.70,
    date: 0.40,
    gap: 9.54,
};
/// The rank of the usual runner-up among many briefs. Where few are stored it stands in for the
/// rival that is missing: the only brief there is must not win for want of another.
pub(super) const USUAL_RIVAL: f64 = 1.82;

/// What is compared of an item.
#[derive(Debug)]
pub(super) struct ItemBags {
    pub(super) title: Bag,
    pub(super) all: Bag,
    pub(super) published: Option<Timestamp>,
}

impl Features {
    /// Compares; the gap is set once all candidates are known.
    pub(super) fn of(item: &ItemBags, entry: &Entry) -> Self {
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let norm = |bag: &Bag| libm::sqrt(squares(bag, None));
        let rare: f64 = {
            let mut shared: Vec<(u64, f64)> = item
                .all
                .stems
                .iter()
                .filter(|(stem, rarity)| **rarity >= RARE && entry.all.stems.contains_key(stem))
                .map(|(stem, rarity)| (*stem, *rarity))
                .collect();
            shared.sort_unstable_by_key(|(stem, _)| *stem);
            shared.iter().map(|(_, rarity)| rarity).sum()
        };
        Self {
            item_in_brief: share(item.all.shared(&entry.all), item.all.mass),
            item_in_core: share(item.all.shared(&entry.core), item.all.mass),
            title_in_item: share(entry.title.shared(&item.all), entry.title.mass),
            titles: share(
                squares(&item.title, Some(&entry.title)),
                norm(&item.title) * norm(&entry.title),
            ),
            rare: (rare / 40.0).min(1.0),
            date: date(item.published, entry.date),
            gap: 0.0,
        }
    }

    /// Returns a number to rank candidates by, before the gap is known.
    pub(super) fn rank(&self) -> f64 {
        WEIGHTS.item_in_brief * self.item_in_brief
            + WEIGHTS.item_in_core * self.item_in_core
            + WEIGHTS.title_in_item * self.title_in_item
            + WEIGHTS.titles * self.titles
            + WEIGHTS.rare * self.rare
            + WEIGHTS.date * self.date
    }

    /// Returns the calibrated probability, 0..=1.
    pub(super) fn score(&self) -> f64 {
        let sum = BIAS + self.rank() + WEIGHTS.gap * self.gap;
        1.0 / (1.0 + libm::exp(-sum))
    }
}

fn squares(bag: &Bag, within: Option<&Bag>) -> f64 {
    let mut squares: Vec<(u64, f64)> = bag
        .stems
        .iter()
        .filter(|(stem, _)| within.is_none_or(|other| other.stems.contains_key(stem)))
        .map(|(stem, rarity)| (*stem, rarity * rarity))
        .collect();
    squares.sort_unstable_by_key(|(stem, _)| *stem);
    squares.iter().map(|(_, square)| square).sum()
}

/// A brief is often written ahead or used for weeks: the date moves a score, and decides nothing.
fn date(item: Option<Timestamp>, brief: Option<Timestamp>) -> f64 {
    let (Some(item), Some(brief)) = (item, brief) else { return 0.5 };
    let hours = u32::try_from((item - brief).num_hours().unsigned_abs()).unwrap_or(u32::MAX);
    let days = f64::from(hours) / 24.0;
    1.0 / (1.0 + days / 4.0)
}
