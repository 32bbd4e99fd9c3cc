//! The weights of matches by words: first of ranking, then of the probability.

use briefwire::matching::{Basis, Case, Explanation, Index, RANKING, Rulings, STANDING, Weights};
use briefwire::model::{Brief, BriefId, ItemText, Timestamp};
use briefwire::text::{Rarity, words};
use chrono::TimeDelta;
use xxhash_rust::xxh3::xxh3_64;

use crate::FOLDS;
use crate::corpus::{self, Corpus, Gold};
use crate::fit::{Fit, dot, logistic};
use crate::report::{Outcome, judge};
use crate::table;

/// Rivals of the right brief that ranking is fitted against.
const RIVALS: usize = 20;
const RIDGE: f64 = 1.0;
/// Times that a dated item is seen with another date. The corpus's briefs follow their articles
/// within a day; an editor's come ahead, or serve for weeks.
const OTHER_DATES: u64 = 2;
const DAYS_AHEAD: i64 = 14;
const DAYS_BEHIND: i64 = 21;

/// Shares of the briefs, in per cent, that an item is also seen among: most desks store few, and
/// then the right one is seldom there and no rival shows that a likeness is common.
const SMALLER: [u64; 1] = [5];

/// An item with its candidates.
#[derive(Clone)]
struct Seen {
    set: &'static str,
    is_bare: bool,
    /// Per cent of the briefs.
    share: u64,
    fold: usize,
    /// Whether its date is its own.
    is_true: bool,
    right: Option<BriefId>,
    candidates: Vec<Explanation>,
}

pub(crate) fn fit(corpus: &Corpus) -> Weights {
    let lengths = lengths(corpus);
    let start = Weights { lengths, ..Weights::shipped().clone() };
    let seen = look(corpus, &start);
    let smaller: Vec<Seen> =
        SMALLER.iter().flat_map(|share| seen.iter().map(|seen| among(seen, *share))).collect();
    let seen = [seen, smaller].concat();
    println!("{} items seen", seen.len());
    let mut outcomes = Vec::new();
    for fold in 0..FOLDS {
        let others = seen.iter().filter(|seen| seen.fold != fold);
        let weights = fit_to(&others.collect::<Vec<_>>(), &start);
        for seen in seen.iter().filter(|seen| seen.fold == fold && seen.is_true) {
            let top = standings(seen, &weights).into_iter().next();
            let (id, standing) = top.map_or((None, None), |(id, s)| (Some(id), Some(s)));
            let sum = standing.map(|s| weights.bias + dot(&s, &weights.standing));
            outcomes.push(Outcome {
                group: if seen.share < 100 {
                    format!("{} %", seen.share)
                } else {
                    format!("{}{}", seen.set, if seen.is_bare { " bare" } else { "" })
                },
                right: seen.right.clone(),
                chosen: id.cloned(),
                score: sum.map_or(0.0, |sum| 1.0 / (1.0 + libm::exp(-sum))),
            });
        }
    }
    judge(&outcomes);
    fit_to(&seen.iter().collect::<Vec<_>>(), &start)
}

/// Returns an item as it is seen among a share of the briefs.
fn among(seen: &Seen, share: u64) -> Seen {
    let is_there = |brief: &BriefId| xxh3_64(format!("{brief} {share}").as_bytes()) % 100 < share;
    let candidates = seen.candidates.iter().filter(|c| is_there(&c.brief)).cloned().collect();
    let right = seen.right.clone().filter(is_there);
    Seen { share, right, candidates, ..seen.clone() }
}

fn fit_to(seen: &[&Seen], start: &Weights) -> Weights {
    let mut rows = Vec::new();
    let whole: Vec<&Seen> = seen.iter().copied().filter(|seen| seen.share == 100).collect();
    for seen in &whole {
        let right = seen.candidates.iter().find(|c| Some(&c.brief) == seen.right.as_ref());
        let Some(right) = right else { continue };
        let best = right.features.ranking();
        for rival in seen.candidates.iter().filter(|c| c.brief != right.brief).take(RIVALS) {
            let rival = rival.features.ranking();
            let mut row = [0.0; RANKING];
            for at in 0..RANKING {
                row[at] = best[at] - rival[at];
            }
            rows.push((row, true));
            rows.push((row.map(|difference| -difference), false));
        }
    }
    let rank = logistic(&rows, RIDGE, false).weights;
    let mut weights = Weights { rank, usual_rival: f64::MIN, ..start.clone() };
    let mut seconds: Vec<f64> =
        whole.iter().filter_map(|seen| ranked(seen, &weights).get(1).map(|r| r.0)).collect();
    seconds.sort_by(f64::total_cmp);
    weights.usual_rival = seconds[seconds.len() / 2];
    let rows: Vec<([f64; STANDING], bool)> = seen
        .iter()
        .filter_map(|seen| {
            let (id, standing) = standings(seen, &weights).into_iter().next()?;
            Some((standing, seen.right.as_ref() == Some(id)))
        })
        .collect();
    let Fit { weights: standing, bias } = logistic(&rows, RIDGE, true);
    Weights { standing, bias, ..weights }
}

fn ranked<'s>(seen: &'s Seen, weights: &Weights) -> Vec<(f64, &'s Explanation)> {
    let rank = |c: &'s Explanation| (c.features.rank(weights), c);
    let mut ranked: Vec<_> = seen.candidates.iter().map(rank).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.brief.cmp(&b.1.brief)));
    ranked
}

fn standings<'s>(seen: &'s Seen, weights: &Weights) -> Vec<(&'s BriefId, [f64; STANDING])> {
    let ranked = ranked(seen, weights);
    let second = ranked.get(1).map_or(f64::MIN, |(rank, _)| *rank).max(weights.usual_rival);
    ranked.iter().take(1).map(|(rank, c)| (&c.brief, c.features.standing(*rank, second))).collect()
}

/// Looks at every item, by tables that know nothing of its story.
fn look(corpus: &Corpus, weights: &Weights) -> Vec<Seen> {
    let weights: &'static Weights = Box::leak(Box::new(weights.clone()));
    let mut found = Vec::new();
    for fold in 0..FOLDS {
        let rarity: &'static Rarity = Box::leak(Box::new(table::rarity(corpus, Some(fold))));
        for set in &corpus.sets {
            for (is_bare, briefs) in [(false, &set.briefs), (true, &set.bare)] {
                let mut index = Index::with(0.5, Basis { rarity, weights, ..Basis::default() });
                for brief in briefs {
                    index.insert(brief);
                }
                let judged = |gold: &&Gold| gold.kind != "url" && corpus::fold(&gold.story) == fold;
                let of = |gold: &Gold, is_true, item: &ItemText| Seen {
                    set: set.name,
                    is_bare,
                    share: 100,
                    fold,
                    is_true,
                    right: gold.brief.clone(),
                    candidates: candidates(&index, item),
                };
                let items = set.items.iter().filter(judged);
                found.extend(items.flat_map(|gold| {
                    let copies = dated(&gold.item);
                    copies
                        .into_iter()
                        .map(|(is_true, item)| of(gold, is_true, &item))
                        .collect::<Vec<_>>()
                }));
            }
        }
    }
    found
}

fn candidates(index: &Index, item: &ItemText) -> Vec<Explanation> {
    let (rulings, now) = (Rulings::default(), Timestamp::default());
    let mut candidates = index.explain(item, &Case::new(&rulings, now));
    candidates.sort_by(|a, b| {
        b.features.bm25.total_cmp(&a.features.bm25).then_with(|| a.brief.cmp(&b.brief))
    });
    candidates
}

/// Returns the item, and it again under other dates.
fn dated(item: &ItemText) -> Vec<(bool, ItemText)> {
    let mut copies = vec![(true, item.clone())];
    if let Some(published) = item.published {
        for copy in 0..OTHER_DATES {
            let hash = xxh3_64(format!("{} {copy}", item.item).as_bytes());
            let span = u64::try_from((DAYS_AHEAD + DAYS_BEHIND) * 24).expect("hours");
            let hours = i64::try_from(hash % span).expect("hours") - DAYS_AHEAD * 24;
            let published = Some(published + TimeDelta::hours(hours));
            copies.push((false, ItemText { published, ..item.clone() }));
        }
    }
    copies
}

/// Returns the mean number of words of each field where it is filled.
fn lengths(corpus: &Corpus) -> [f64; 5] {
    let briefs: Vec<&Brief> = corpus.sets.iter().flat_map(|set| &set.briefs).collect();
    let mean = |field: &dyn Fn(&Brief) -> String| {
        let counts: Vec<usize> = briefs
            .iter()
            .map(|brief| words(&field(brief)).len())
            .filter(|count| *count > 0)
            .collect();
        counts.iter().sum::<usize>() as f64 / counts.len().max(1) as f64
    };
    let points =
        |brief: &Brief| brief.points.iter().map(|p| p.text.clone()).collect::<Vec<_>>().join("\n");
    [
        mean(&|brief| brief.title.clone()),
        mean(&|brief| brief.key_terms.join("\n")),
        mean(&|brief| brief.summary.clone()),
        mean(&|brief| brief.original_post.clone().unwrap_or_default()),
        mean(&points),
    ]
    // Of the words, so many are no stop words.
    .map(|words| words * 0.6)
}
