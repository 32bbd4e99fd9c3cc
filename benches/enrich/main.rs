//! Fits what extraction goes by to the development corpus: `src/enrich/usage.bin` and
//! `src/enrich/weights/fitted.rs`.
//!
//! `cargo bench --bench enrich -- ../shared/corpus` prints what the fits are worth on articles that
//! they have not seen (five folds); with `--write` it writes the weights. The table of usage comes
//! first, with `--usage`, since the weights depend on it. Deterministic: the same corpus gives the
//! same bytes. What it writes holds counts and weights, and no text.
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    clippy::many_single_char_names,
    clippy::struct_field_names,
    clippy::needless_range_loop,
    reason = "a program for developers"
)]

mod corpus;
mod report;
mod score;
mod summaries;
mod terms;
mod usage;

use std::path::PathBuf;

/// Parts that the articles are dealt into; each is judged by a fit to the others.
const FOLDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.iter().find(|argument| !argument.starts_with("--")) else {
        println!("usage: cargo bench --bench enrich -- ../shared/corpus [--usage|--write]");
        return;
    };
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let corpus = corpus::Corpus::read(&PathBuf::from(folder));
    if has("--usage") {
        let table = usage::table(&corpus);
        std::fs::write("src/enrich/usage.bin", &table).expect("the table can be written");
        println!("usage.bin: {} bytes", table.len());
        return;
    }
    let salience = summaries::fit(&corpus);
    let profiles = terms::fit(&corpus);
    if has("--write") {
        let fitted = report::source(&profiles, &salience);
        std::fs::write("src/enrich/weights/fitted.rs", fitted).expect("weights can be written");
        println!("written: the weights");
    }
}
