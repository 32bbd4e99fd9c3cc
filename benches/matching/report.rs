//! What a fit is worth, and how it is written down.

use std::collections::BTreeMap;

use briefwire::matching::Weights;
use briefwire::model::BriefId;

use crate::stories::Pairs;

pub(crate) struct Outcome {
    pub(crate) group: String,
    pub(crate) right: Option<BriefId>,
    pub(crate) chosen: Option<BriefId>,
    pub(crate) score: f64,
}

impl Outcome {
    fn is_right(&self) -> bool {
        self.right.is_some() && self.right == self.chosen
    }
}

/// Prints recall of the best candidate, the best F1, precision and recall at some thresholds, and
/// the error of calibration.
pub(crate) fn judge(outcomes: &[Outcome]) {
    let mut groups: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        groups.entry(&outcome.group).or_default().push(outcome);
        if !outcome.group.ends_with('%') {
            let kind = if outcome.group.ends_with("bare") { "all bare" } else { "all" };
            groups.entry(kind).or_default().push(outcome);
        }
    }
    for (name, mut group) in groups {
        group.sort_by(|a, b| b.score.total_cmp(&a.score));
        let with = group.iter().filter(|o| o.right.is_some()).count() as f64;
        let first = group.iter().filter(|o| o.is_right()).count() as f64 / with;
        let (mut right, mut best) = (0.0, 0.0_f64);
        for (taken, outcome) in (1_u32..).zip(&group) {
            right += f64::from(u8::from(outcome.is_right()));
            best = best.max(2.0 * right / (f64::from(taken) + with));
        }
        print!("{name:10} recall@1 {first:.3} F1 {best:.3}");
        for threshold in [0.6, 0.65, 0.7, 0.75] {
            let taken: Vec<_> = group.iter().filter(|o| o.score >= threshold).collect();
            let right = taken.iter().filter(|o| o.is_right()).count() as f64;
            print!("  {threshold}: {:.3}/{:.3}", right / taken.len() as f64, right / with);
        }
        println!("  ECE {:.3}", calibration_error(&group));
    }
}

fn calibration_error(group: &[&Outcome]) -> f64 {
    let mut bins = [(0.0, 0.0); 10];
    for outcome in group.iter().filter(|outcome| outcome.chosen.is_some()) {
        let bin = (0..10).rev().find(|bin| outcome.score >= f64::from(*bin) / 10.0).unwrap_or(0);
        let bin = &mut bins[usize::try_from(bin).expect("a small number")];
        bin.0 += outcome.score;
        bin.1 += f64::from(u8::from(outcome.is_right()));
    }
    bins.iter().map(|(said, right)| (said - right).abs()).sum::<f64>() / group.len() as f64
}

/// Returns the weights as the source file that holds them.
pub(crate) fn source(words: &Weights, stories: &Pairs) -> String {
    let number = |value: f64| format!("{value:.4}");
    let list = |values: &[f64]| {
        let lines = values.iter().map(|value| format!("        {},\n", number(*value)));
        lines.collect::<Vec<_>>().concat()
    };
    format!(
        "//! Written by `cargo bench --bench matching`; do not edit.\n\nuse super::Weights;\n\n\
         #[rustfmt::skip]\npub(super) static WEIGHTS: Weights = Weights {{\n    \
         lengths: [\n{}    ],\n    rank: [\n{}    ],\n    standing: [\n{}    ],\n    \
         bias: {},\n    usual_rival: {},\n    pair: [\n{}    ],\n    pair_bias: {},\n    pair_threshold: {},\n}};\n",
        list(&words.lengths),
        list(&words.rank),
        list(&words.standing),
        number(words.bias),
        number(words.usual_rival),
        list(&stories.fit.weights),
        number(stories.fit.bias),
        number(stories.threshold),
    )
}
