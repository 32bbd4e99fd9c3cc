//! What it costs to extract a brief: briefwire, yake-rust and `TextRank`; and whether the command's
//! memory stays where it is.
//!
//!     cargo run --release --manifest-path benches/peers/Cargo.toml --bin enrich -- \
//!         ../shared/corpus/enrich [--only NAME] [--memory target/release/briefwire] \
//!         [--documents 100000]
//!
//! Each contender reads the same English news on one thread, round after round in turn. Figures
//! are CPU time of that thread: other programs may run meanwhile, though they take some of the
//! processor's caches. briefwire makes summary and key terms, the others key terms alone.
//! `--only` leaves the other contenders out, for a profile of one.
//!
//! With `--memory`, the command answers many documents after that, and its resident memory is read
//! while it does.
#![expect(clippy::print_stdout, reason = "a program for developers")]

mod contenders;
mod corpus;
#[expect(dead_code, reason = "some of it is read by `matching` alone")]
#[path = "../matching/measure.rs"]
mod measure;
mod memory;
mod speed;

use std::path::PathBuf;

use anyhow::Context;

const USAGE: &str = "usage: enrich ../shared/corpus/enrich [--only NAME] \
                     [--memory target/release/briefwire] [--documents 100000]";
const DOCUMENTS: usize = 100_000;

struct Arguments {
    folder: PathBuf,
    only: Option<String>,
    program: Option<PathBuf>,
    documents: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let articles = corpus::read(&arguments.folder)?;
    speed::compare(&articles, arguments.only.as_deref())?;
    if let Some(program) = &arguments.program {
        memory::watch(program, &articles, arguments.documents)?;
    }
    Ok(())
}

impl Arguments {
    fn read(mut given: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let folder = given.next().filter(|first| !first.starts_with("--")).context(USAGE)?;
        let folder = PathBuf::from(folder);
        let mut arguments = Self { folder, only: None, program: None, documents: DOCUMENTS };
        while let Some(name) = given.next() {
            let value = given.next().context(USAGE)?;
            match name.as_str() {
                "--only" => arguments.only = Some(value),
                "--memory" => arguments.program = Some(PathBuf::from(value)),
                "--documents" => arguments.documents = value.replace('_', "").parse()?,
                _ => anyhow::bail!(USAGE),
            }
        }
        Ok(arguments)
    }
}
