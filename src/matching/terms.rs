//! The words of a text that can tell a story: stop words out, folded, stemmed, with their rarity.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::text::{Stemmer, Word, fold, is_stop_word, rarity, words};

/// A stem, hashed: compared and stored, never printed.
pub(super) type Stem = u64;

/// Below this, a shared word says little.
pub(super) const RARE: f64 = 3.9;

/// A word of a text that can tell a story.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term<'t> {
    pub(super) word: Word<'t>,
    pub(super) stem: Stem,
    pub(super) rarity: f64,
}

/// Returns the telling words of a text in order, at most `limit` words into it.
pub(super) fn terms<'t>(text: &'t str, lang: Option<&str>, limit: usize) -> Vec<Term<'t>> {
    let stemmer = Stemmer::of(lang.or(Some("en")));
    let mut found = Vec::new();
    for word in words(text).into_iter().take(limit) {
        let folded = fold(word.text);
        let short = folded.chars().count() < 2;
        if short || is_stop_word(&word.text.to_lowercase(), lang) {
            continue;
        }
        let stem = stemmer.stem(&folded);
        found.push(Term { word, stem: xxh3_64(stem.as_bytes()), rarity: rarity(&stem) });
    }
    found
}

/// The distinct stems of some text with their rarity, and the rarity of all together.
#[derive(Debug, Clone, Default)]
pub(super) struct Bag {
    pub(super) stems: HashMap<Stem, f64>,
    pub(super) mass: f64,
}

impl Bag {
    pub(super) fn of(terms: &[Term<'_>]) -> Self {
        let mut bag = Self::default();
        for term in terms {
            bag.add(term.stem, term.rarity);
        }
        bag
    }

    fn add(&mut self, stem: Stem, rarity: f64) {
        if self.stems.insert(stem, rarity).is_none() {
            self.mass += rarity;
        }
    }

    /// Returns the stems in an order that does not depend on hashing, rarest first.
    pub(super) fn rarest_first(&self) -> Vec<(Stem, f64)> {
        let mut stems: Vec<(Stem, f64)> = self.stems.iter().map(|(s, r)| (*s, *r)).collect();
        stems.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        stems
    }

    /// Returns the rarity of what this bag shares with another, summed in one fixed order so
    /// that the last bit is the same on every run.
    pub(super) fn shared(&self, other: &Self) -> f64 {
        let mut shared: Vec<(Stem, f64)> = self
            .stems
            .iter()
            .filter(|(stem, _)| other.stems.contains_key(stem))
            .map(|(stem, rarity)| (*stem, *rarity))
            .collect();
        shared.sort_unstable_by_key(|(stem, _)| *stem);
        shared.iter().map(|(_, rarity)| rarity).sum()
    }
}

/// Returns the hashes of every run of `length` words, folded.
pub(super) fn runs(text: &str, length: usize) -> Vec<u64> {
    let folded: Vec<String> = words(text).iter().map(|word| fold(word.text)).collect();
    folded.windows(length).map(|run| xxh3_64(run.join(" ").as_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_and_single_letters_tell_nothing() {
        let found = terms("The envoy said a summit is near", Some("en"), 99);
        let words: Vec<&str> = found.iter().map(|term| term.word.text).collect();
        assert_eq!(words, ["envoy", "summit", "near"]);
    }

    #[test]
    fn what_two_texts_share_is_counted_once() {
        let bag = |text| Bag::of(&terms(text, Some("en"), 99));
        let (a, b) = (bag("Negotiations in Zanzibar"), bag("The negotiation, Zanzibar, Zanzibar"));
        assert!((a.shared(&b) - a.mass).abs() < 1e-9);
        assert!(bag("Quite other matters").shared(&b) < 1e-9);
    }

    #[test]
    fn runs_of_words_are_compared_without_case_and_punctuation() {
        assert_eq!(runs("One, two three!", 3), runs("ONE two — three", 3));
        assert!(runs("too short", 3).is_empty());
    }
}
