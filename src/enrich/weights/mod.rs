//! What candidates and sentences are weighed by. The figures are fitted, not chosen:
//! `benches/enrich` writes `fitted.rs`.

use super::candidates::{FEATURES, Features};
use super::salience::{TRAITS, Traits};

#[expect(clippy::approx_constant, reason = "thresholds lie between logarithms of counts")]
mod fitted;

/// Weights of a linear model over features and over whether each is above some thresholds.
#[derive(Debug)]
pub struct Weights {
    /// Where all features are zero.
    pub bias: f64,
    /// Of the features themselves.
    pub linear: [f64; FEATURES],
    /// Of each feature: thresholds in rising order, each with the sum of the weights up to it.
    pub steps: [&'static [(f64, f64)]; FEATURES],
}

impl Weights {
    /// Returns the log-odds that a person would choose the candidate.
    pub fn score(&self, features: &Features) -> f64 {
        let mut sum = 0.0;
        for ((linear, steps), value) in self.linear.iter().zip(&self.steps).zip(features) {
            let passed = steps.iter().take_while(|(threshold, _)| value > threshold);
            sum += linear * value + passed.last().map_or(0.0, |(_, weight)| *weight);
        }
        self.bias + sum
    }
}

/// Phrases that people choose for English news.
pub(super) fn phrases() -> &'static Weights {
    &fitted::PHRASES
}

/// Tags that people choose for English news.
pub(super) fn tags() -> &'static Weights {
    &fitted::TAGS
}

/// For all other languages.
pub(super) fn other() -> &'static Weights {
    &fitted::OTHER
}

/// Returns what a sentence adds to a summary.
pub(super) fn salience(traits: &Traits) -> f64 {
    let weights: &[f64; TRAITS] = &fitted::SALIENCE;
    weights.iter().zip(traits).map(|(weight, value)| weight * value).sum()
}
