//! How many of the corpus's texts each stem stands in.

use std::collections::{BTreeMap, BTreeSet};

use briefwire::model::Brief;
use briefwire::text::{Rarity, Stem, Stemmer, fold, hashed, words};

use crate::corpus::{self, Corpus};

/// A stem of one text only is as good as unknown.
const LEAST_TEXTS: u32 = 2;

/// Counts all texts but those of the stories of one fold.
pub(crate) fn rarity(corpus: &Corpus, without: Option<usize>) -> Rarity {
    let mut counter = Counter::default();
    for text in &corpus.news {
        counter.add(text);
    }
    let mut known = BTreeSet::new();
    for set in &corpus.sets {
        for gold in set.items.iter().filter(|gold| Some(corpus::fold(&gold.story)) != without) {
            counter.add(&format!("{}\n{}", gold.item.title, gold.item.lead));
        }
        for brief in &set.briefs {
            let is_new = known.insert(brief.id.clone());
            if is_new && Some(corpus::fold(corpus::story_of(brief))) != without {
                counter.add(&whole(brief));
            }
        }
    }
    counter.counts.retain(|_, count| *count >= LEAST_TEXTS);
    Rarity::of_counts(counter.counts, counter.texts)
}

fn whole(brief: &Brief) -> String {
    let points = brief.points.iter().flat_map(|point| point.label.iter().chain([&point.text]));
    let texts = [&brief.title, &brief.summary].into_iter().chain(&brief.key_terms);
    let all = texts.chain(points).chain(&brief.original_post).map(String::as_str);
    all.collect::<Vec<_>>().join("\n")
}

#[derive(Default)]
struct Counter {
    counts: BTreeMap<Stem, u32>,
    texts: u32,
}

impl Counter {
    fn add(&mut self, text: &str) {
        let stemmer = Stemmer::of(Some("en"));
        let stems: BTreeSet<Stem> =
            words(text).iter().map(|word| hashed(&stemmer.stem(&fold(word.text)))).collect();
        for stem in stems {
            *self.counts.entry(stem).or_default() += 1;
        }
        self.texts += 1;
    }
}
