//! What is compared of an item: its words, each once, with their rarity.

use super::entry::Quotable;
use super::terms::{Reader, Text};
use crate::model::{ItemText, Timestamp};
use crate::text::{Rarity, Stem, primary};

/// Words of an item's lead that are compared; more only dilute.
const LEAD_WORDS: usize = 90;
/// Words of a title that are read.
const TITLE_WORDS: usize = 100;
/// Words of an item in which a brief's original post is looked for.
const QUOTABLE_WORDS: usize = 300;

/// The primary subtag of a language, at most eight letters (RFC 5646 2.1); none is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lang([u8; 8]);

impl Lang {
    pub(super) fn of(tag: Option<&str>) -> Self {
        let tag = tag.map(primary).unwrap_or_default();
        let mut letters = [0; 8];
        letters.iter_mut().zip(tag.bytes()).for_each(|(place, letter)| *place = letter);
        Self(letters)
    }

    /// Returns whether both are known, and not the same.
    pub(super) fn differs(self, other: Self) -> bool {
        self != other && self != Self([0; 8]) && other != Self([0; 8])
    }
}

/// A word of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BagWord {
    pub(super) stem: Stem,
    /// Sixteenths.
    pub(super) rarity: u8,
    pub(super) in_title: bool,
}

/// What is compared of an item.
#[derive(Debug, Clone)]
pub(super) struct Bag {
    /// In the order of the stems.
    pub(super) words: Box<[BagWord]>,
    pub(super) lang: Lang,
    pub(super) published: Option<Timestamp>,
    /// Rarity of all words, and of the title's, in sixteenths.
    pub(super) mass: u32,
    pub(super) title_mass: u32,
    /// Squares of the rarity, summed.
    pub(super) squares: u32,
    pub(super) title_squares: u32,
}

impl Bag {
    pub(super) fn of(item: &ItemText, title: &Text<'_>, lead: &Text<'_>) -> Self {
        let words = |text: &Text<'_>, in_title| {
            let word =
                |t: &super::terms::Term<'_>| BagWord { stem: t.stem, rarity: t.rarity, in_title };
            text.terms.iter().map(word).collect::<Vec<_>>()
        };
        let mut words = [words(title, true), words(lead, false)].concat();
        // Of equal stems the title's comes first and stays.
        words.sort_unstable_by_key(|word| (word.stem, !word.in_title));
        words.dedup_by_key(|word| word.stem);
        let mass = |words: &[BagWord], squared: bool| {
            let rarity = |word: &BagWord| u32::from(word.rarity);
            words.iter().map(|w| if squared { rarity(w) * rarity(w) } else { rarity(w) }).sum()
        };
        let titled: Vec<BagWord> = words.iter().copied().filter(|word| word.in_title).collect();
        Self {
            mass: mass(&words, false),
            title_mass: mass(&titled, false),
            squares: mass(&words, true),
            title_squares: mass(&titled, true),
            words: words.into_boxed_slice(),
            lang: Lang::of(item.lang.as_deref()),
            published: item.published,
        }
    }

    pub(super) fn has(&self, stem: Stem) -> bool {
        self.words.binary_search_by_key(&stem, |word| word.stem).is_ok()
    }

    /// Returns whether the languages of two items are known and differ.
    pub(super) fn other_language(&self, other: &Self) -> bool {
        self.lang.differs(other.lang)
    }

    /// Returns the words from the rarest on; among equals in the order of their hashes.
    pub(super) fn rarest_first(&self) -> Vec<BagWord> {
        let mut words = self.words.to_vec();
        words.sort_by_key(|word| (std::cmp::Reverse(word.rarity), word.stem));
        words
    }
}

/// An item as it is read once for all comparisons.
#[derive(Debug)]
pub(super) struct ItemReading<'i> {
    pub(super) title: Text<'i>,
    /// Its terms are those of the first words only.
    pub(super) lead: Text<'i>,
    pub(super) bag: Bag,
    pub(super) quotable: Quotable,
}

impl<'i> ItemReading<'i> {
    pub(super) fn of(item: &'i ItemText, rarity: &'static Rarity) -> Self {
        let reader = Reader::new(item.lang.as_deref(), rarity);
        let title = reader.read(&item.title, TITLE_WORDS, TITLE_WORDS);
        let lead = reader.read(&item.lead, QUOTABLE_WORDS, LEAD_WORDS);
        let bag = Bag::of(item, &title, &lead);
        // A quotation may run from the title into the text.
        let mut all = Text::default();
        all.folded.extend(title.folded.iter().chain(&lead.folded));
        let quotable = Quotable::of(&all);
        Self { title, lead, bag, quotable }
    }
}
