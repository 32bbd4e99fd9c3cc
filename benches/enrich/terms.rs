//! What candidates are weighed by: logistic regression on features and on whether each is above
//! some quantiles of its own.

use std::collections::BTreeSet;

use briefwire::enrich::{Article, Candidates, FEATURES, Features, read, terms_by};
use briefwire::text::{Stemmer, sentences};

use crate::FOLDS;
use crate::corpus::{Corpus, Gold};
use crate::score::{f1, stemmed};

/// Parts that the values of a feature are cut into.
const PARTS: usize = 6;
const RIDGE: f64 = 500.0;
const ROUNDS: usize = 300;
/// Sentences of an article that a feed shows.
const HEAD: usize = 3;

/// A fit, as `Weights` has it.
pub(crate) struct Fit {
    pub(crate) bias: f64,
    pub(crate) linear: Features,
    /// Thresholds in rising order, each with the sum of the weights up to it.
    pub(crate) steps: Vec<Vec<(f64, f64)>>,
}

pub(crate) struct Profile {
    pub(crate) name: &'static str,
    pub(crate) fit: Fit,
}

struct Case<'c> {
    article: &'c Gold,
    rows: Vec<(Features, bool)>,
}

/// Fits each profile and says what it is worth.
pub(crate) fn fit(corpus: &Corpus) -> Vec<Profile> {
    let profiles: [(&str, &[&str]); 3] =
        [("PHRASES", &["duc2001"]), ("TAGS", &["kpcrowd"]), ("OTHER", &["wikinews", "ptbn"])];
    let profiles = profiles.into_iter().map(|(name, sets)| {
        let articles: Vec<&Gold> = corpus.set(sets).collect();
        let heads: Vec<Gold> = articles.iter().map(|article| head(article)).collect();
        let whole: Vec<Case<'_>> = articles.iter().map(|article| case(article)).collect();
        let heads: Vec<Case<'_>> = heads.iter().map(case).collect();
        judge((&whole, &heads), sets);
        Profile { name, fit: logistic(&whole.iter().chain(&heads).collect::<Vec<_>>()) }
    });
    profiles.collect()
}

/// Returns an article as many feeds have it: its first sentences, and the terms that stand there.
fn head(article: &Gold) -> Gold {
    let text = sentences(&article.text, Some(&article.lang));
    let text = text.into_iter().take(HEAD).collect::<Vec<_>>().join("\n");
    let all = format!("{} {text}", article.title).to_lowercase();
    let gold = article.gold.iter().filter(|term| all.contains(&term.to_lowercase()));
    Gold {
        set: article.set.clone(),
        lang: article.lang.clone(),
        title: article.title.clone(),
        gold: gold.cloned().collect(),
        text,
    }
}

fn of(article: &Gold) -> Article<'_> {
    Article { lang: Some(&article.lang), ..Article::new(&article.title, &article.text) }
}

fn case(article: &Gold) -> Case<'_> {
    let (_, prose) = read(&of(article));
    let stemmer = Stemmer::of(Some(&article.lang));
    let gold = gold(article, &stemmer);
    let candidates = Candidates::of(&prose);
    let allowed = candidates.all.iter().filter(|candidate| candidates.is_allowed(candidate));
    let rows = allowed.map(|candidate| {
        let is_gold = gold.contains(&stemmed(candidates.text(candidate), &stemmer));
        (candidates.features(candidate), is_gold)
    });
    Case { article, rows: rows.collect() }
}

fn gold(article: &Gold, stemmer: &Stemmer) -> BTreeSet<String> {
    article.gold.iter().map(|term| stemmed(term, stemmer)).collect()
}

fn judge((whole, heads): (&[Case<'_>], &[Case<'_>]), sets: &[&str]) {
    let mut scores = vec![[[0.0; 3]; 2]; sets.len()];
    for fold in 0..FOLDS {
        let seen = |cases: &[Case<'_>]| -> Vec<usize> {
            (0..cases.len()).filter(|at| at % FOLDS != fold).collect()
        };
        let seen = seen(whole).into_iter().flat_map(|at| [&whole[at], &heads[at]]);
        let fit = logistic(&seen.collect::<Vec<_>>());
        for (kind, cases) in [whole, heads].into_iter().enumerate() {
            for case in cases.iter().skip(fold).step_by(FOLDS) {
                let terms = terms_by(&of(case.article), 10, |row| fit.score(row));
                let terms: Vec<String> = terms.into_iter().map(|term| term.term).collect();
                let stemmer = Stemmer::of(Some(&case.article.lang));
                let gold = gold(case.article, &stemmer);
                let set = sets.iter().position(|set| *set == case.article.set).expect("a set");
                let score = &mut scores[set][kind];
                score[0] += f1(&terms, &gold, &stemmer, 5);
                score[1] += f1(&terms, &gold, &stemmer, 10);
                score[2] += 1.0;
            }
        }
    }
    for (set, scores) in sets.iter().zip(scores) {
        let [whole, heads] = scores.map(|[five, ten, count]| (five / count, ten / count));
        println!(
            "{set:<9} F1@5 {:.4} F1@10 {:.4}; of their heads {:.4} {:.4}",
            whole.0, whole.1, heads.0, heads.1
        );
    }
}

impl Fit {
    pub(crate) fn score(&self, features: &Features) -> f64 {
        let mut sum = self.bias;
        for at in 0..FEATURES {
            let passed =
                self.steps[at].iter().take_while(|(threshold, _)| features[at] > *threshold);
            sum +=
                self.linear[at] * features[at] + passed.last().map_or(0.0, |(_, weight)| *weight);
        }
        sum
    }
}

/// Fits by Nesterov's accelerated gradient.
fn logistic(cases: &[&Case<'_>]) -> Fit {
    let rows: Vec<&(Features, bool)> = cases.iter().flat_map(|case| &case.rows).collect();
    let thresholds: Vec<Vec<f64>> = (0..FEATURES).map(|at| quantiles(&rows, at)).collect();
    let mut columns: Vec<Vec<f32>> = Vec::new();
    let mut names: Vec<(usize, Option<usize>)> = Vec::new();
    for at in 0..FEATURES {
        columns.push(rows.iter().map(|(row, _)| row[at] as f32).collect());
        names.push((at, None));
        for (number, threshold) in thresholds[at].iter().enumerate() {
            let above = |row: &&(Features, bool)| if row.0[at] > *threshold { 1.0 } else { 0.0 };
            columns.push(rows.iter().map(above).collect());
            names.push((at, Some(number)));
        }
    }
    let count = rows.len() as f64;
    let mut scales = Vec::new();
    for column in &mut columns {
        let mean = column.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
        let square = column.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count;
        let scale = if square < 1e-12 { 0.0 } else { 1.0 / libm::sqrt(square) };
        for x in column.iter_mut() {
            *x = ((f64::from(*x) - mean) * scale) as f32;
        }
        scales.push((mean, scale));
    }
    let right: Vec<f32> = rows.iter().map(|(_, is)| f32::from(u8::from(*is))).collect();
    let (weights, bias) = descend(&columns, &right);
    let mut fit = Fit { bias, linear: [0.0; FEATURES], steps: Vec::new() };
    fit.steps = thresholds.iter().map(|all| all.iter().map(|t| (*t, 0.0)).collect()).collect();
    for (((at, step), weight), (mean, scale)) in names.into_iter().zip(weights).zip(scales) {
        let weight = weight * scale;
        fit.bias -= weight * mean;
        match step {
            None => fit.linear[at] = weight,
            Some(step) => fit.steps[at].iter_mut().skip(step).for_each(|(_, sum)| *sum += weight),
        }
    }
    fit
}

/// Returns where the values of a feature are cut, rounded as they are written down.
fn quantiles(rows: &[&(Features, bool)], at: usize) -> Vec<f64> {
    let mut values: Vec<f64> = rows.iter().map(|(row, _)| row[at]).collect();
    values.sort_by(f64::total_cmp);
    let cut = |part: usize| values[(values.len() - 1) * part / PARTS];
    let mut cuts: Vec<f64> = (1..PARTS).map(cut).map(|c| libm::floor(c * 1e4) / 1e4).collect();
    cuts.dedup();
    let highest = values.last().copied().unwrap_or_default();
    cuts.retain(|cut| *cut < highest);
    // A mark is its own step.
    if values.iter().all(|value| *value == 0.0 || *value == 1.0) { Vec::new() } else { cuts }
}

fn descend(columns: &[Vec<f32>], right: &[f32]) -> (Vec<f64>, f64) {
    let count = right.len();
    let smooth = 0.25 * largest(columns, count) + RIDGE;
    let step = 1.0 / smooth;
    let (mut weights, mut ahead) = (vec![0.0_f64; columns.len()], vec![0.0_f64; columns.len()]);
    let mean = right.iter().map(|x| f64::from(*x)).sum::<f64>() / count as f64;
    let mut bias = libm::log(mean / (1.0 - mean));
    for round in 0..ROUNDS {
        let sums = product(columns, &ahead, count);
        let off: Vec<f32> = sums
            .iter()
            .zip(right)
            .map(|(sum, right)| 1.0 / (1.0 + libm::expf(-(sum + bias as f32))) - right)
            .collect();
        bias -= off.iter().map(|x| f64::from(*x)).sum::<f64>() / (0.25 * count as f64);
        let momentum = round as f64 / (round as f64 + 3.0);
        for (at, column) in columns.iter().enumerate() {
            let slope = dot(column, &off) + RIDGE * ahead[at];
            let next = ahead[at] - step * slope;
            ahead[at] = next + momentum * (next - weights[at]);
            weights[at] = next;
        }
    }
    (weights, bias)
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    let chunks = a.chunks(64).zip(b.chunks(64));
    chunks.map(|(a, b)| f64::from(a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>())).sum()
}

fn product(columns: &[Vec<f32>], weights: &[f64], count: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f32; count];
    for (column, weight) in columns.iter().zip(weights) {
        let weight = *weight as f32;
        sums.iter_mut().zip(column).for_each(|(sum, x)| *sum += weight * x);
    }
    sums
}

/// Returns the largest eigenvalue of the columns' products, a little above.
fn largest(columns: &[Vec<f32>], count: usize) -> f64 {
    let mut vector = vec![1.0_f64; columns.len()];
    let mut value = 0.0;
    for _ in 0..20 {
        let sums = product(columns, &vector, count);
        vector = columns.iter().map(|column| dot(column, &sums)).collect();
        value = libm::sqrt(vector.iter().map(|x| x * x).sum::<f64>());
        for x in &mut vector {
            *x /= value;
        }
    }
    value * 1.05
}
