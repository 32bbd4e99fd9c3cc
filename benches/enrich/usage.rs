//! How English news uses its words.

use std::collections::BTreeMap;

use briefwire::enrich::{Article, KINDS, Usage, read};

use crate::corpus::Corpus;

/// A word that stands less often says nothing.
const LEAST: u32 = 4;
/// Occurrences that every word is given of the usual kind.
const PRIOR: f64 = 10.0;
/// More frequent words are grammar, and say nothing of what is usual.
const GRAMMAR: u32 = 3_000;

#[derive(Default, Clone, Copy)]
struct Counts {
    all: u32,
    kinds: [u32; KINDS],
}

pub(crate) fn table(corpus: &Corpus) -> Vec<u8> {
    let mut counts: BTreeMap<u32, Counts> = BTreeMap::new();
    for text in &corpus.news {
        count(text, &mut counts);
    }
    let mut usual = [0.0; KINDS];
    let mut all = 0.0;
    for word in counts.values().filter(|word| word.all < GRAMMAR) {
        all += f64::from(word.all);
        for kind in 0..KINDS {
            usual[kind] += f64::from(word.kinds[kind]);
        }
    }
    let usual = usual.map(|count: f64| count / all);
    let known = counts.into_iter().filter(|(_, word)| word.all >= LEAST);
    let usage = |word: Counts| -> Usage {
        std::array::from_fn(|kind| {
            let share =
                (f64::from(word.kinds[kind]) + PRIOR * usual[kind]) / (f64::from(word.all) + PRIOR);
            libm::log(share / usual[kind])
        })
    };
    let known = known.map(|(word, counts)| (word, usage(counts))).collect();
    briefwire::enrich::table(&known)
}

fn count(text: &str, counts: &mut BTreeMap<u32, Counts>) {
    let (_, prose) = read(&Article { lang: Some("en"), ..Article::new("", text) });
    for (at, token) in prose.tokens.iter().enumerate() {
        let word = prose.word(token).expect("a word");
        let joined = !token.breaks && !token.begins;
        let before = at.checked_sub(1).and_then(|at| prose.tokens.get(at)).filter(|_| joined);
        let before = before.and_then(|token| prose.word(token));
        let after = prose.tokens.get(at + 1).filter(|next| !next.breaks && !next.begins);
        let after = after.and_then(|token| prose.word(token));
        let counted = counts.entry(word.facts.hash).or_default();
        counted.all += 1;
        let is = [
            before.is_some_and(|word| word.facts.roles.determiner),
            before.is_some_and(|word| word.facts.roles.before_verb),
            before.is_some_and(|word| word.facts.roles.be),
            token.capital && !token.begins,
            after.is_some_and(|word| word.facts.roles.determiner),
            after.is_some_and(|word| word.stop && !word.facts.roles.determiner),
        ];
        for kind in 0..KINDS {
            counted.kinds[kind] += u32::from(is[kind]);
        }
    }
}
