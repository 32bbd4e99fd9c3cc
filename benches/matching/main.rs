//! Fits what matching goes by to the development corpus: `src/text/rarity.bin` and
//! `src/matching/weights/fitted.rs`.
//!
//! `cargo bench --bench matching -- ../shared/corpus` prints what the fit is worth on stories that
//! it has not seen (five folds, by story); with `--write` it writes both files. Deterministic: the
//! same corpus gives the same bytes. What it writes holds counts and weights, and no text.
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::needless_range_loop,
    reason = "a program for developers"
)]

mod corpus;
mod fit;
mod report;
mod stories;
mod table;
mod words;

use std::path::PathBuf;

/// Parts that the stories are dealt into; each is judged by a fit to the others.
const FOLDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.iter().find(|argument| !argument.starts_with("--")) else {
        println!("usage: cargo bench --bench matching -- ../shared/corpus [--write]");
        return;
    };
    let corpus = corpus::Corpus::read(&PathBuf::from(folder));
    let words = words::fit(&corpus);
    let stories = stories::fit(&corpus);
    if arguments.iter().any(|argument| argument == "--write") {
        let table = table::rarity(&corpus, None);
        std::fs::write("src/text/rarity.bin", table.to_bytes()).expect("the table can be written");
        let fitted = report::source(&words, &stories);
        std::fs::write("src/matching/weights/fitted.rs", fitted).expect("weights can be written");
        println!("written: {} stems and the weights", table.len());
    }
}
