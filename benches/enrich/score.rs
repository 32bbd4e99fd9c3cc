//! The measures of `score_enrich.py`: F1 of stemmed terms, and ROUGE.

use std::collections::{BTreeMap, BTreeSet};

use briefwire::text::{Stemmer, fold};

/// Returns a term as terms are compared: stems, without case and hyphens.
pub(crate) fn stemmed(term: &str, stemmer: &Stemmer) -> String {
    let lower = term.to_lowercase().replace('\u{2019}', "'").replace('-', " ");
    let words = lower.split(|c: char| !(c.is_alphanumeric() || "'&._".contains(c)));
    let words = words.map(|word| word.trim_matches(['.', '\'']).replace('.', ""));
    let stems = words.filter(|word| !word.is_empty()).map(|word| stemmer.stem(&word).into_owned());
    stems.collect::<Vec<_>>().join(" ")
}

/// Returns F1 of the first `count` terms.
pub(crate) fn f1(
    terms: &[String],
    gold: &BTreeSet<String>,
    stemmer: &Stemmer,
    count: usize,
) -> f64 {
    let mut known = BTreeSet::new();
    let distinct = terms.iter().map(|term| stemmed(term, stemmer));
    let right = distinct
        .filter(|term| !term.is_empty() && known.insert(term.clone()))
        .take(count)
        .filter(|term| gold.contains(term))
        .count() as f64;
    harmonic(right, count as f64, gold.len() as f64)
}

fn harmonic(right: f64, predicted: f64, gold: f64) -> f64 {
    if right == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (right / predicted, right / gold);
    2.0 * precision * recall / (precision + recall)
}

/// Returns the stems that ROUGE compares.
pub(crate) fn rouge_stems(text: &str, stemmer: &Stemmer) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let stem = |word: &str| {
        let folded = fold(word);
        if folded.len() > 3 { stemmer.stem(&folded).into_owned() } else { folded }
    };
    words.map(stem).collect()
}

pub(crate) type Counts<T> = BTreeMap<T, f64>;

pub(crate) fn counts<T: Ord>(all: impl IntoIterator<Item = T>) -> Counts<T> {
    let mut counts = Counts::new();
    all.into_iter().for_each(|one| *counts.entry(one).or_default() += 1.0);
    counts
}

/// Returns how many of the one are among the other.
pub(crate) fn common<T: Ord>(a: &Counts<T>, b: &Counts<T>) -> f64 {
    a.iter().filter_map(|(key, count)| b.get(key).map(|other| count.min(*other))).sum()
}

pub(crate) fn pairs(stems: &[String]) -> Vec<(&str, &str)> {
    stems.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect()
}

/// Returns ROUGE-1, ROUGE-2 and summary-level ROUGE-L, as shares.
pub(crate) fn rouge(chosen: &[String], gold: &[String], stemmer: &Stemmer) -> [f64; 3] {
    let split = |all: &[String]| -> Vec<Vec<String>> {
        let all = all.iter().map(|one| rouge_stems(one, stemmer));
        all.filter(|stems| !stems.is_empty()).collect()
    };
    let (chosen, gold) = (split(chosen), split(gold));
    let (c, g) = (chosen.concat(), gold.concat());
    let (cc, cg) = (counts(&c), counts(&g));
    let one = harmonic(common(&cc, &cg), c.len() as f64, g.len() as f64);
    let (p, q) = (pairs(&c), pairs(&g));
    let (np, nq) = (p.len() as f64, q.len() as f64);
    let two = harmonic(common(&counts(p), &counts(q)), np, nq);
    let (mut left, mut hits) = ((cc, cg), 0.0);
    for sentence in &gold {
        let mut places = BTreeSet::new();
        for other in &chosen {
            places.extend(longest_common(sentence, other));
        }
        for at in places {
            let word = &sentence[at];
            let (a, b) = (left.0.get(word).copied(), left.1.get(word).copied());
            if let Some((a, b)) = a.zip(b).filter(|(a, b)| *a > 0.0 && *b > 0.0) {
                left.0.insert(word, a - 1.0);
                left.1.insert(word, b - 1.0);
                hits += 1.0;
            }
        }
    }
    [one, two, harmonic(hits, c.len() as f64, g.len() as f64)]
}

/// Returns the places in `a` of a longest common subsequence.
fn longest_common(a: &[String], b: &[String]) -> Vec<usize> {
    let mut table = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for (i, word) in a.iter().enumerate() {
        for (j, other) in b.iter().enumerate() {
            table[i + 1][j + 1] =
                if word == other { table[i][j] + 1 } else { table[i][j + 1].max(table[i + 1][j]) };
        }
    }
    let (mut i, mut j, mut places) = (a.len(), b.len(), Vec::new());
    while i > 0 && j > 0 {
        if a[i - 1] == b[j - 1] {
            places.push(i - 1);
            i -= 1;
            j -= 1;
        } else if table[i][j - 1] > table[i - 1][j] {
            j -= 1;
        } else {
            i -= 1;
        }
    }
    places
}
