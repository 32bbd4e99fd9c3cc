//! What stands in both texts, as the item writes it.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::bag::ItemReading;
use super::terms::{Form, RARE, Term};
use crate::model::ItemText;
use crate::text::Stem;

const MAX_PHRASES: usize = 8;
/// Fewer words in common prove nothing, whatever their weight.
const LEAST_WORDS: usize = 2;

#[derive(Debug)]
struct Phrase<'i> {
    /// Of its rarest word, in sixteenths.
    rarity: u8,
    start: usize,
    text: &'i str,
    stems: Vec<Stem>,
}

impl Phrase<'_> {
    /// Returns whether everything that it says is said by another.
    fn is_within(&self, other: &Self) -> bool {
        self.stems.iter().all(|stem| other.stems.contains(stem))
    }
}

/// Words and phrases of an item that a brief has too.
#[derive(Debug, Default)]
pub(super) struct Evidence<'i> {
    phrases: Vec<Phrase<'i>>,
    stems: HashSet<Stem>,
    has_rare: bool,
}

impl<'i> Evidence<'i> {
    /// Returns what an item says that `is_said` elsewhere, too.
    pub(super) fn of(
        item: &'i ItemText,
        read: &ItemReading<'_>,
        is_said: impl Fn(Stem, Form) -> bool,
    ) -> Self {
        let mut evidence = Self::default();
        evidence.add(&item.title, &read.title.terms, &is_said);
        evidence.add(&item.lead, &read.lead.terms, &is_said);
        evidence
    }

    /// Adds what stands in one of the item's texts; adjoining capitalised words are one phrase.
    fn add(&mut self, text: &'i str, terms: &[Term<'_>], is_said: &impl Fn(Stem, Form) -> bool) {
        let mut last: Option<&Term<'_>> = None;
        for term in terms.iter().filter(|term| is_said(term.stem, term.form)) {
            self.stems.insert(term.stem);
            self.has_rare |= term.rarity >= RARE;
            let adjoins = last.is_some_and(|last| {
                let between = text.get(last.word.end()..term.word.start);
                between == Some(" ")
                    && own(last) == last.word.end()
                    && last.word.is_capitalised()
                    && term.word.is_capitalised()
            });
            match self.phrases.last_mut() {
                Some(phrase) if adjoins => {
                    phrase.rarity = phrase.rarity.max(term.rarity);
                    phrase.text = text.get(phrase.start..own(term)).unwrap_or(phrase.text);
                    phrase.stems.push(term.stem);
                }
                _ => self.phrases.extend(text.get(term.word.start..own(term)).map(|text| Phrase {
                    rarity: term.rarity,
                    start: term.word.start,
                    text,
                    stems: vec![term.stem],
                })),
            }
            last = Some(term);
        }
    }

    /// Returns whether it is enough to go by: two words, one of them rare.
    pub(super) fn is_enough(&self) -> bool {
        self.stems.len() >= LEAST_WORDS && self.has_rare
    }

    /// Returns the phrases, rarest first, at most 8, and none that another one says, too.
    pub(super) fn into_phrases(mut self) -> Vec<String> {
        // Stable: among equals the order of the text.
        self.phrases.sort_by_key(|phrase| Reverse((phrase.rarity, phrase.stems.len())));
        let mut told: Vec<Phrase<'_>> = Vec::new();
        for phrase in self.phrases {
            if told.iter().any(|other| phrase.is_within(other)) {
                continue;
            }
            told.push(phrase);
        }
        told.into_iter().take(MAX_PHRASES).map(|phrase| phrase.text.to_owned()).collect()
    }
}

/// Returns where a word ends without its possessive, which the brief need not have.
fn own(term: &Term<'_>) -> usize {
    let text = term.word.text;
    let stem = text.strip_suffix("'s").or_else(|| text.strip_suffix("’s")).unwrap_or(text);
    term.word.start + stem.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::basis::Basis;
    use crate::matching::entry::Entry;
    use crate::matching::terms::Reader;
    use crate::model::{Brief, BriefId};
    use crate::text::Rarity;

    fn of<'i>(item: &'i str, brief: &str) -> Evidence<'i> {
        let brief = Brief::new(BriefId::new("b").unwrap(), brief, "-");
        let entry = Entry::new(&brief, &Basis::default());
        let read = Reader::new(Some("en"), Rarity::shipped()).read(item, 99, 99);
        let mut evidence = Evidence::default();
        evidence.add(item, &read.terms, &|stem, form| entry.says(stem, form));
        evidence
    }

    #[test]
    fn phrases_stand_in_both_texts_rarest_first() {
        let found = of(
            "Envoy Maren Solheim spoke in Lindhaven about the year. Solheim left.",
            "Lindhaven: Maren Solheim, a year later",
        );
        assert!(found.is_enough());
        assert_eq!(found.into_phrases(), ["Maren Solheim", "Lindhaven", "year"]);
    }

    #[test]
    fn one_word_or_common_words_are_not_enough() {
        assert!(!of("Lindhaven mourns", "Lindhaven wins").is_enough());
        assert!(!of("Government and people of this year", "People, government, year").is_enough());
        let killed = of("Dozens killed in Lindhaven", "Lindhaven: storm could kill dozens");
        assert_eq!(killed.into_phrases(), ["Lindhaven", "Dozens"], "killed is not kill");
    }
}
