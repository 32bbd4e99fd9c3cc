//! briefwire's own index.

use std::hint::black_box;

use briefwire::matching::{Case, Index, Rulings};
use briefwire::model::{Brief, BriefId, ItemText, Timestamp};

use crate::ITEMS;
use crate::measure::{float, mean, quantile, resident, rounds, timed};
use crate::texts::Texts;

const THRESHOLD: f64 = 0.65;
const NOW: &str = "2026-01-01T00:00:00Z";
/// Briefs whose texts are in memory at a time; of the last ones the cost is told apart.
const BATCH: usize = 1000;

pub(crate) fn measure(texts: &Texts<'_>, size: usize) -> Vec<(&'static str, f64)> {
    let items = texts.items(ITEMS);
    let mut index = Index::new(THRESHOLD);
    let read = rounds(&items, |item| ask(&index, item));
    let (all, last, memory) = fill(&mut index, texts, size);
    let times = rounds(&items, |item| ask(&index, item));
    let rulings = Rulings::default();
    let matched = items.iter().filter(|item| index.decide(item, &case(&rulings)).brief.is_some());
    let matched = float(matched.count());
    vec![
        ("item", mean(&times)),
        ("item_median", quantile(&times, 50)),
        ("item_worst", quantile(&times, 99)),
        ("item_read", mean(&read)),
        ("matched", matched / float(items.len())),
        ("insert", all / float(size)),
        ("insert_last", last),
        ("build", all),
        ("remove", remove(&mut index, size)),
        ("memory", memory),
    ]
}

fn ask(index: &Index, item: &ItemText) {
    let rulings = Rulings::default();
    black_box(index.decide(item, &case(&rulings)));
}

fn case(rulings: &Rulings) -> Case<'_> {
    Case::new(rulings, NOW.parse::<Timestamp>().expect("a time"))
}

/// Returns the CPU seconds of all insertions, those of each of the last, and the bytes that the
/// index takes. The index has read its tables before, and a batch of texts was in memory.
fn fill(index: &mut Index, texts: &Texts<'_>, size: usize) -> (f64, f64, f64) {
    let batch = |first: usize| -> Vec<Brief> {
        (first..size.min(first + BATCH)).map(|number| texts.brief(number)).collect()
    };
    drop(black_box(batch(0)));
    let before = resident();
    let (mut all, mut last) = (0.0, 0.0);
    for first in (0..size).step_by(BATCH) {
        let briefs = batch(first);
        let ((), time) = timed(|| briefs.iter().for_each(|brief| index.insert(brief)));
        all += time;
        last = time / float(briefs.len());
    }
    (all, last, resident() - before)
}

/// Returns the mean CPU time of taking briefs out, from all over the index.
fn remove(index: &mut Index, size: usize) -> f64 {
    let count = size.min(BATCH);
    let ids: Vec<BriefId> = (0..count).map(|number| Texts::id(size / count * number)).collect();
    let ((), time) = timed(|| ids.iter().for_each(|id| index.remove(id)));
    time / float(count)
}
