//! What stands in both texts, as the item writes it.

use std::collections::HashSet;

use super::terms::{Bag, Term};

const MAX_PHRASES: usize = 8;

/// Returns words and phrases of the item that the brief has too, rarest first, at most 8;
/// adjoining capitalised words are one phrase.
pub(super) fn evidence(text: &str, terms: &[Term<'_>], brief: &Bag) -> Vec<String> {
    let mut phrases: Vec<(f64, usize, usize)> = Vec::new();
    let mut last: Option<&Term<'_>> = None;
    for term in terms.iter().filter(|term| brief.stems.contains_key(&term.stem)) {
        let adjoins = last.is_some_and(|last| {
            let between = text.get(last.word.end()..term.word.start);
            between == Some(" ")
                && own(last) == last.word.end()
                && last.word.is_capitalised()
                && term.word.is_capitalised()
        });
        match phrases.last_mut() {
            Some(phrase) if adjoins => {
                *phrase = (phrase.0.max(term.rarity), phrase.1, own(term));
            }
            _ => phrases.push((term.rarity, term.word.start, own(term))),
        }
        last = Some(term);
    }
    // Stable: among equals the order of the text.
    phrases.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut said = HashSet::new();
    phrases
        .into_iter()
        .filter_map(|(_, start, end)| text.get(start..end))
        .filter(|phrase| said.insert(phrase.to_lowercase()))
        .take(MAX_PHRASES)
        .map(str::to_owned)
        .collect()
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
    use crate::matching::terms::terms;

    #[test]
    fn phrases_stand_in_both_texts_rarest_first() {
        let item = "Envoy Maren Solheim spoke in Lindhaven about the year. Solheim left.";
        let brief = Bag::of(&terms("Lindhaven: Maren Solheim, a year later", Some("en"), 99));
        let found = evidence(item, &terms(item, Some("en"), 99), &brief);
        assert_eq!(found, ["Maren Solheim", "Lindhaven", "Solheim", "year"]);
    }
}
