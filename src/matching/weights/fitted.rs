//! Written by `cargo bench --bench matching`; do not edit.

use super::Weights;

#[rustfmt::skip]
pub(super) static WEIGHTS: Weights = Weights {
    lengths: [
        5.0604,
        1.0947,
        38.3508,
        23.8074,
        28.1859,
    ],
    rank: [
        2.5989,
        -0.6459,
        13.7077,
        -6.9036,
        7.8270,
        3.0014,
        7.7964,
        -0.4339,
        4.7581,
        1.7746,
        2.9423,
    ],
    standing: [
        -1.1418,
        1.4359,
        3.7288,
        1.8912,
        -0.4136,
        0.8807,
        -0.8099,
        0.9847,
        0.4813,
        -1.5137,
        2.0482,
        0.0182,
        0.3961,
        -0.0067,
        0.1628,
        -0.1909,
        0.9918,
    ],
    bias: -4.5033,
    usual_rival: 8.7957,
};
