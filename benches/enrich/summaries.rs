//! What a sentence is weighed by: ridge regression on what each adds to ROUGE.

use briefwire::enrich::{Article, Sentences, TRAITS, Traits, choose, read};
use briefwire::text::Stemmer;

use crate::FOLDS;
use crate::corpus::{Corpus, Gold};
use crate::score::{common, counts, pairs, rouge, rouge_stems};

const SETS: &[&str] = &["cnndm", "xsum", "bbc"];
/// What the articles of a set count in the fit: summaries of CNN are written by people for readers,
/// those of the BBC here were made by a program.
const SHARES: [f64; 3] = [1.0, 0.5, 0.15];
/// A word of a summary has to be in the reference more often than this to be worth its place: half
/// the F that is reached.
const PRICE: f64 = 0.17;
const PRICE_OF_PAIRS: f64 = 0.06;
const RIDGE: f64 = 100.0;
const SENTENCES: usize = 3;

struct Case {
    set: usize,
    traits: Vec<Traits>,
    worth: Vec<f64>,
}

/// Fits and says what it is worth.
pub(crate) fn fit(corpus: &Corpus) -> Traits {
    let articles: Vec<&Gold> = corpus.set(SETS).collect();
    let cases: Vec<Case> = articles.iter().map(|article| case(article)).collect();
    let mut scores = vec![[[0.0; 3]; 2]; SETS.len()];
    let mut numbers = vec![0.0; SETS.len()];
    for fold in 0..FOLDS {
        let in_fold = |(at, _): &(usize, &Case)| at % FOLDS == fold;
        let weights = ridge(cases.iter().enumerate().filter(|case| !in_fold(case)).map(|(_, c)| c));
        for (at, case) in cases.iter().enumerate().filter(in_fold) {
            let article = articles[at];
            let (_, prose) = read(&of(article));
            let sentences = Sentences::of(&prose);
            let worth: Vec<f64> = case.traits.iter().map(|traits| dot(&weights, traits)).collect();
            let chosen = choose(&sentences, &worth, SENTENCES);
            let text = |chosen: Vec<usize>| -> Vec<String> {
                chosen.into_iter().map(|at| sentences.text(at).to_owned()).collect()
            };
            let lead = (0..sentences.len().min(SENTENCES)).collect();
            let stemmer = Stemmer::of(Some("en"));
            for (which, summary) in [text(chosen), text(lead)].iter().enumerate() {
                let found = rouge(summary, &article.gold, &stemmer);
                (0..3).for_each(|kind| scores[case.set][which][kind] += found[kind] * 100.0);
            }
            numbers[case.set] += 1.0;
        }
    }
    for (set, name) in SETS.iter().enumerate() {
        let mean = |which: usize| scores[set][which].map(|sum| sum / numbers[set]);
        let ([a, b, c], [x, y, z]) = (mean(0), mean(1));
        println!("{name:<9} ROUGE-1/2/L {a:.2}/{b:.2}/{c:.2}  lead-3 {x:.2}/{y:.2}/{z:.2}");
    }
    ridge(cases.iter())
}

fn of(article: &Gold) -> Article<'_> {
    Article { lang: Some(&article.lang), ..Article::new(&article.title, &article.text) }
}

fn case(article: &Gold) -> Case {
    let (_, prose) = read(&of(article));
    let sentences = Sentences::of(&prose);
    let stemmer = Stemmer::of(Some("en"));
    let gold = rouge_stems(&article.gold.join(" "), &stemmer);
    let (words, couples) = (counts(&gold), counts(pairs(&gold)));
    let worth = |at: usize| {
        let stems = rouge_stems(sentences.text(at), &stemmer);
        let length = stems.len() as f64;
        let of_words = common(&counts(&stems), &words) - PRICE * length;
        let of_pairs = common(&counts(pairs(&stems)), &couples) - PRICE_OF_PAIRS * length;
        (of_words + of_pairs) / (gold.len() as f64 + 10.0)
    };
    Case {
        set: SETS.iter().position(|set| *set == article.set).expect("one of the sets"),
        traits: (0..sentences.len()).map(|at| sentences.traits(at)).collect(),
        worth: (0..sentences.len()).map(worth).collect(),
    }
}

fn dot(a: &Traits, b: &Traits) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Fits by least squares on standardised traits, held near zero.
fn ridge<'c>(cases: impl Iterator<Item = &'c Case>) -> Traits {
    let mut rows: Vec<(f64, &Traits, f64)> = Vec::new();
    for case in cases {
        let share = SHARES[case.set];
        rows.extend(
            case.traits.iter().zip(&case.worth).map(|(traits, worth)| (share, traits, *worth)),
        );
    }
    let all: f64 = rows.iter().map(|(share, ..)| share).sum();
    let mean = |of: &dyn Fn(&Traits, f64) -> f64| {
        rows.iter().map(|(share, traits, worth)| share * of(traits, *worth)).sum::<f64>() / all
    };
    let means: Traits = std::array::from_fn(|at| mean(&|traits, _| traits[at]));
    let scales: Traits = std::array::from_fn(|at| {
        libm::sqrt(mean(&|traits, _| (traits[at] - means[at]) * (traits[at] - means[at]))).max(1e-9)
    });
    let usual = mean(&|_, worth| worth);
    let mut matrix = vec![vec![0.0; TRAITS + 1]; TRAITS];
    for (share, traits, worth) in rows {
        let x: Traits = std::array::from_fn(|at| (traits[at] - means[at]) / scales[at]);
        for i in 0..TRAITS {
            for j in 0..TRAITS {
                matrix[i][j] += share * x[i] * x[j];
            }
            matrix[i][TRAITS] += share * x[i] * (worth - usual);
        }
    }
    for at in 0..TRAITS {
        matrix[at][at] += RIDGE;
    }
    // Positive definite: no pivot is zero.
    for at in 0..TRAITS {
        for row in at + 1..TRAITS {
            let factor = matrix[row][at] / matrix[at][at];
            for column in at..=TRAITS {
                matrix[row][column] -= factor * matrix[at][column];
            }
        }
    }
    let mut weights = [0.0; TRAITS];
    for at in (0..TRAITS).rev() {
        let known: f64 = (at + 1..TRAITS).map(|column| matrix[at][column] * weights[column]).sum();
        weights[at] = (matrix[at][TRAITS] - known) / matrix[at][at];
    }
    std::array::from_fn(|at| weights[at] / scales[at])
}
