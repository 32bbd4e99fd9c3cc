//! The weights of item ↔ item, and the score from which on two items are one story.

use briefwire::matching::{Basis, PAIR, Recent, Traits};
use briefwire::model::{ItemId, Timestamp};
use briefwire::text::Rarity;

use crate::FOLDS;
use crate::corpus::{self, Corpus};
use crate::fit::{Fit, dot, logistic};
use crate::table;

/// Items that are compared with one.
const NEAR: usize = 30;
const RIDGE: f64 = 1.0;
/// A wrong pair shows a subscriber one item where there were two.
const PRECISION: f64 = 0.95;

pub(crate) struct Pairs {
    pub(crate) fit: Fit<PAIR>,
    pub(crate) threshold: f64,
}

struct Pair {
    fold: usize,
    features: [f64; PAIR],
    is_one: bool,
}

pub(crate) fn fit(corpus: &Corpus) -> Pairs {
    let pairs: Vec<Pair> = (0..FOLDS).flat_map(|fold| look(corpus, fold)).collect();
    let rows = |without: Option<usize>| {
        let kept = pairs.iter().filter(|pair| Some(pair.fold) != without);
        kept.map(|pair| (pair.features, pair.is_one)).collect::<Vec<_>>()
    };
    let mut judged: Vec<(f64, bool)> = Vec::new();
    for fold in 0..FOLDS {
        let fit = logistic(&rows(Some(fold)), RIDGE, true);
        let own = pairs.iter().filter(|pair| pair.fold == fold);
        judged.extend(own.map(|pair| (chance(&fit, &pair.features), pair.is_one)));
    }
    judged.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = judged.iter().filter(|(_, is_one)| *is_one).count() as f64;
    let (mut right, mut threshold, mut recall) = (0.0, 1.0, 0.0);
    for (taken, (score, is_one)) in (1_u32..).zip(&judged) {
        right += f64::from(u8::from(*is_one));
        if right / f64::from(taken) >= PRECISION {
            (threshold, recall) = (*score, right / all);
        }
    }
    println!(
        "stories: {} pairs, {all} of one story; precision {PRECISION} from {threshold:.3} on, recall {recall:.3}",
        pairs.len()
    );
    Pairs { fit: logistic(&rows(None), RIDGE, true), threshold }
}

fn chance(fit: &Fit<PAIR>, features: &[f64; PAIR]) -> f64 {
    1.0 / (1.0 + libm::exp(-(fit.bias + dot(features, &fit.weights))))
}

/// Compares the items of one fold with those before them that are most alike.
fn look(corpus: &Corpus, fold: usize) -> Vec<Pair> {
    let rarity: &'static Rarity = Box::leak(Box::new(table::rarity(corpus, Some(fold))));
    let basis = Basis { rarity, ..Basis::default() };
    let mut found = Vec::new();
    for set in &corpus.sets {
        let mut recent = Recent::with(basis.clone());
        let id = |number: usize| ItemId(number as u128);
        for (number, gold) in set.items.iter().enumerate() {
            recent.insert(id(number), Traits::of(&gold.item, &basis), Timestamp::default());
        }
        for (number, gold) in set.items.iter().enumerate() {
            if corpus::fold(&gold.story) != fold {
                continue;
            }
            let before =
                recent.alike(id(number), NEAR).into_iter().filter(|other| *other < id(number));
            found.extend(before.filter_map(|other| {
                let features = recent.compare(id(number), other)?.0;
                let other = &set.items[usize::try_from(other.0).expect("an item's number")];
                Some(Pair { fold, features, is_one: other.story == gold.story })
            }));
        }
    }
    found
}
