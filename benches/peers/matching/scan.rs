//! The plain way: BM25 of an item with each brief there is, the best kept.
//!
//! The words of briefs and items are read beforehand; a query is the comparing alone.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hint::black_box;

use briefwire::model::{Brief, ItemText};
use briefwire::text::{Stem, Stemmer, StopWords, first_words, fold, hashed, words};

use crate::measure::{float, mean, quantile, rounds};
use crate::texts::Texts;
use crate::{BEST, ITEMS, LEAD_WORDS};

const K1: f32 = 1.2;
const B: f32 = 0.75;

/// The briefs, one behind the other.
#[derive(Default)]
struct Briefs {
    /// Of each brief in ascending order, with how often they stand there.
    stems: Vec<(Stem, f32)>,
    /// Where each brief ends in them, and its words.
    ends: Vec<(usize, f32)>,
    found_in: HashMap<Stem, u32>,
}

pub(crate) fn measure(texts: &Texts<'_>, size: usize) -> Vec<(&'static str, f64)> {
    let mut cutter = Cutter::new();
    let mut briefs = Briefs::default();
    for number in 0..size {
        briefs.add(&cutter.of_brief(&texts.brief(number)));
    }
    let items = texts.items(ITEMS);
    let questions: Vec<Vec<(Stem, f32)>> =
        items.iter().map(|item| briefs.weighed(cutter.of_item(item))).collect();
    let times = rounds(&questions, |question| {
        black_box(briefs.best(question));
    });
    vec![("query", mean(&times)), ("query_median", quantile(&times, 50))]
}

/// Cuts texts into hashed stems, in ascending order.
struct Cutter {
    stemmer: Stemmer,
    stop_words: StopWords,
    known: HashMap<String, Option<Stem>>,
}

impl Cutter {
    fn new() -> Self {
        let (stemmer, stop_words) = (Stemmer::of(Some("en")), StopWords::of(Some("en")));
        Self { stemmer, stop_words, known: HashMap::new() }
    }

    fn of_brief(&mut self, brief: &Brief) -> Vec<Stem> {
        let points = brief.points.iter().map(|point| &point.text);
        let texts = [&brief.title, &brief.summary].into_iter().chain(&brief.original_post);
        let texts = texts.chain(&brief.key_terms).chain(points);
        let mut stems: Vec<Stem> = texts.flat_map(|text| self.stems(text, usize::MAX)).collect();
        stems.sort_unstable();
        stems
    }

    fn of_item(&mut self, item: &ItemText) -> Vec<Stem> {
        let mut stems = self.stems(&item.title, usize::MAX);
        stems.extend(self.stems(&item.lead, LEAD_WORDS));
        stems.sort_unstable();
        stems.dedup();
        stems
    }

    fn stems(&mut self, text: &str, limit: usize) -> Vec<Stem> {
        let words = if limit == usize::MAX { words(text) } else { first_words(text, limit) };
        words.iter().filter_map(|word| self.stem(word.text)).collect()
    }

    fn stem(&mut self, word: &str) -> Option<Stem> {
        if let Some(known) = self.known.get(word) {
            return *known;
        }
        let tells = !self.stop_words.contains(&word.to_lowercase());
        let stem = tells.then(|| hashed(&self.stemmer.stem(&fold(word))));
        self.known.insert(word.to_owned(), stem);
        stem
    }
}

impl Briefs {
    fn add(&mut self, stems: &[Stem]) {
        for same in stems.chunk_by(|a, b| a == b) {
            self.stems.push((same[0], narrow(same.len())));
            *self.found_in.entry(same[0]).or_default() += 1;
        }
        self.ends.push((self.stems.len(), narrow(stems.len())));
    }

    /// Returns the stems with their inverse document frequency.
    fn weighed(&self, stems: Vec<Stem>) -> Vec<(Stem, f32)> {
        let all = narrow(self.ends.len());
        let weigh = |stem: Stem| {
            let found = self.found_in.get(&stem).map_or(0.0, |count| narrow(*count as usize));
            (stem, (1.0 + (all - found + 0.5) / (found + 0.5)).ln())
        };
        stems.into_iter().map(weigh).collect()
    }

    fn best(&self, question: &[(Stem, f32)]) -> Vec<usize> {
        let usual =
            self.ends.iter().map(|(_, length)| length).sum::<f32>() / narrow(self.ends.len());
        let mut best: BinaryHeap<Reverse<(u32, usize)>> = BinaryHeap::new();
        let mut start = 0;
        for (number, (end, length)) in self.ends.iter().enumerate() {
            let norm = K1 * (1.0 - B + B * length / usual);
            let score = score(question, &self.stems[start..*end], norm);
            start = *end;
            // Numbers that are not negative are in the order of their bits.
            best.push(Reverse((score.to_bits(), number)));
            if best.len() > BEST {
                best.pop();
            }
        }
        best.into_sorted_vec().into_iter().map(|Reverse((_, number))| number).collect()
    }
}

/// Returns BM25, going through both lists once.
fn score(question: &[(Stem, f32)], brief: &[(Stem, f32)], norm: f32) -> f32 {
    let mut score = 0.0;
    let mut asked = question.iter();
    let mut next = asked.next();
    for (stem, count) in brief {
        while next.is_some_and(|(word, _)| word < stem) {
            next = asked.next();
        }
        match next {
            None => break,
            Some((word, weight)) if word == stem => {
                score += weight * count * (K1 + 1.0) / (count + norm);
            }
            Some(_) => {}
        }
    }
    score
}

#[expect(clippy::cast_possible_truncation, reason = "a score may be rounded")]
fn narrow(count: usize) -> f32 {
    float(count) as f32
}
