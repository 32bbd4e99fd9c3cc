//! What a match is weighed by. The figures are fitted, not chosen: `benches/matching` writes
//! `fitted.rs`.

use super::entry::FIELDS;
use super::pairs::PAIR;

mod fitted;

/// Features that candidates are ranked by.
pub const RANKING: usize = 11;
/// Features that a probability is made of.
pub const STANDING: usize = 17;

/// What a match is weighed by.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Usual terms in each field of a brief: title, key terms, summary, original post, the rest.
    pub lengths: [f64; FIELDS],
    /// Of the features that rank, in the order of [`super::Features`]' ranking.
    pub rank: [f64; RANKING],
    /// Of the features of a candidate's standing.
    pub standing: [f64; STANDING],
    /// Log-odds of a candidate of which nothing is known.
    pub bias: f64,
    /// The rank of the usual runner-up among many briefs. Where few are stored it stands in for
    /// the rival that is missing: the only brief there is must not win for want of another.
    pub usual_rival: f64,
    /// Of the features of a pair of items.
    pub pair: [f64; PAIR],
    /// Log-odds of a pair of which nothing is known.
    pub pair_bias: f64,
    /// The least score of a pair that tells one story.
    pub pair_threshold: f64,
}

impl Weights {
    /// Returns those that ship with the program.
    pub fn shipped() -> &'static Self {
        &fitted::WEIGHTS
    }
}
