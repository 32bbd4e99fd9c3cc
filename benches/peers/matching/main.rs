//! What it costs to find the brief of an item: briefwire's index, tantivy, and a plain scan.
//!
//!     cargo run --release --manifest-path benches/peers/Cargo.toml --bin matching -- \
//!         ../shared/corpus [SIZES...]
//!
//! Sizes are numbers of briefs; 1000, 10000, 100000 and 1000000 unless some are named. A last
//! case has 10,000 briefs of one saga, which share 60 % of their words. The limits that the figures
//! are held to are printed beside them.
//!
//! The texts are put together anew from sentences of the corpus (`texts.rs`), the same in every
//! run. Each contender is measured in a process of its own, so that the memory of one size is no
//! matter of another. Times are CPU time, of the thread that asks: other programs may run
//! meanwhile, though they take some of the processor's caches. Memory is resident memory.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a program for developers"
)]

mod corpus;
mod measure;
mod own;
mod report;
mod scan;
mod search;
mod texts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use corpus::Corpus;
use texts::Texts;

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const SAGA: usize = 10_000;
/// Items that each contender is asked, where the answers do not take too long.
const ITEMS: usize = 400;
/// What is asked of an item beside its title, as briefwire does.
const LEAD_WORDS: usize = 90;
/// Briefs that are asked for, as many as briefwire scores.
const BEST: usize = 60;
/// Set in the processes that this one starts.
const CHILD: &str = "--measure";

/// Figures by name; times in seconds, memory in bytes.
pub(crate) type Figures = BTreeMap<String, f64>;

/// What briefs are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) size: usize,
    pub(crate) is_saga: bool,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [CHILD, folder, contender, kind, size] => {
            let case = Case { size: number(size), is_saga: *kind == "saga" };
            for (name, figure) in measured(Path::new(folder), contender, case) {
                println!("{name} {figure}");
            }
        }
        [folder, sizes @ ..] if !folder.starts_with("--") => {
            let mut sizes: Vec<usize> = sizes.iter().map(|size| number(size)).collect();
            if sizes.is_empty() {
                sizes = SIZES.to_vec();
            }
            compare(&PathBuf::from(folder), &sizes);
        }
        _ => println!("usage: matching ../shared/corpus [SIZES...]"),
    }
}

fn number(text: &str) -> usize {
    text.replace('_', "").parse().expect("a number of briefs")
}

fn compare(folder: &Path, sizes: &[usize]) {
    let cases = sizes.iter().map(|size| Case { size: *size, is_saga: false });
    for case in cases.chain([Case { size: SAGA, is_saga: true }]) {
        let ask = |contender: &str| in_own_process(folder, contender, case);
        let rivals = ["tantivy", "tantivy-one-field", "scan"].map(ask);
        report::print(case, &ask("own"), &rivals);
    }
}

/// Measures one contender in a new process; a process that fails gives no figures.
fn in_own_process(folder: &Path, contender: &str, case: Case) -> Figures {
    let kind = if case.is_saga { "saga" } else { "news" };
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.arg(CHILD).arg(folder).args([contender, kind, &case.size.to_string()]);
    let output = command.stderr(std::process::Stdio::inherit()).output().expect("it starts");
    let text = String::from_utf8(output.stdout).expect("figures are ASCII");
    let figure = |line: &str| {
        let (name, figure) = line.split_once(' ')?;
        Some((name.to_owned(), figure.parse().ok()?))
    };
    text.lines().filter_map(figure).collect()
}

fn measured(folder: &Path, contender: &str, case: Case) -> Figures {
    let corpus = Corpus::read(folder);
    let texts = Texts::new(&corpus, case);
    let figures = match contender {
        "own" => own::measure(&texts, case.size),
        "tantivy" => search::measure(&texts, case.size, &search::FIELDS),
        "tantivy-one-field" => search::measure(&texts, case.size, &["all"]),
        "scan" => scan::measure(&texts, case.size),
        other => panic!("no contender is called {other}"),
    };
    figures.into_iter().map(|(name, figure)| (name.to_owned(), figure)).collect()
}
