//! The cost of reading feeds, in CPU time: `cargo bench --bench parse [-- [--each] [CORPUS]]`.
//!
//! On every document of the corpus (`../shared/corpus/feeds` unless another folder is named)
//! that feed-rs reads without an error: our reader, feed-rs with its sanitising, and bare
//! quick-xml events, in turn, round by round. Then hostile documents at two sizes: where cost
//! is linear, four times the length costs about four times as much.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program for developers")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use briefwire::parse::{Document, parse};
use quick_xml::events::Event;
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 15;

fn main() {
    let (flags, named): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let corpus = PathBuf::from(named.first().map_or("../shared/corpus/feeds", String::as_str));
    let documents = documents(&corpus);
    if flags.iter().any(|flag| flag == "--each") {
        return each(&documents);
    }
    real(&documents.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>());
    hostile();
}

/// Returns the documents that feed-rs reads, in order of their names.
fn documents(corpus: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(corpus).expect("the corpus is there");
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "tsv"));
    let read = paths.into_iter().filter_map(|path| Some((path.clone(), std::fs::read(path).ok()?)));
    read.filter(|(_, bytes)| foreign(bytes).is_some()).collect()
}

/// Prints the documents one by one, those that cost us most beside feed-rs first.
fn each(documents: &[(PathBuf, Vec<u8>)]) {
    let time = |work: &dyn Fn()| median((0..9).map(|_| cpu(work)).collect());
    let mut rows: Vec<_> = documents
        .iter()
        .map(|(path, bytes)| {
            let (ours, theirs) = (time(&|| own(bytes)), time(&|| drop(black_box(foreign(bytes)))));
            (ours - theirs, ours, theirs, path)
        })
        .collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, ours, theirs, path) in rows {
        println!("{:8.2} ms, feed-rs {:8.2} ms  {}", 1e3 * ours, 1e3 * theirs, path.display());
    }
}

fn real(documents: &[Vec<u8>]) {
    let bytes: usize = documents.iter().map(Vec::len).sum();
    println!("{} documents, {bytes} bytes, median of {ROUNDS} rounds", documents.len());
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..ROUNDS {
        let [ours, theirs, events] = &mut times;
        ours.push(cpu(|| documents.iter().for_each(|bytes| own(bytes))));
        theirs.push(cpu(|| documents.iter().for_each(|bytes| drop(black_box(foreign(bytes))))));
        events.push(cpu(|| documents.iter().for_each(|bytes| bare(bytes))));
    }
    let [ours, theirs, events] = times.map(median);
    let speed = |time: f64| f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1e6 / time;
    for (name, time) in
        [("briefwire", ours), ("feed-rs, sanitising", theirs), ("quick-xml events", events)]
    {
        println!("{name:20} {:8.1} ms {:8.1} MB/s", 1e3 * time, speed(time));
    }
    println!("briefwire / feed-rs   {:.2}", ours / theirs);
    println!("briefwire / quick-xml {:.2}", ours / events);
}

fn hostile() {
    let item = "<rss version='2.0'><channel><item>";
    let makers: [(&str, String, &str); 11] = [
        ("nested elements", format!("{item}<x>"), "<a>"),
        ("nested markup", format!("{item}<description>"), "&lt;div>"),
        ("nested bases", format!("{item}<x>"), "<a xml:base='b/'>"),
        ("references", format!("{item}<description>"), "&amp;"),
        ("own entities", format!("<!DOCTYPE r [<!ENTITY a 'bbbb'>]>{item}<title>"), "&a;"),
        ("attributes", "<rss><item ".to_owned(), "a='' "),
        ("open comments", item.to_owned(), "<!--"),
        ("open comments of HTML", format!("{item}<description>"), "&lt;!--x&gt;"),
        ("open sections", item.to_owned(), "<![CDATA["),
        ("items", "<rss><channel>".to_owned(), "<item><title>x</title></item>"),
        ("arrays", String::new(), "["),
    ];
    println!("\nfour times the length costs, times as much:");
    for (name, head, piece) in makers {
        let document = |times: usize| format!("{head}{}", piece.repeat(times)).into_bytes();
        let (short, long) = (document(50_000), document(200_000));
        let time = |bytes: &[u8]| median((0..5).map(|_| cpu(|| own(bytes))).collect());
        let (short, long) = (time(&short), time(&long));
        println!("{name:24} {:5.1}   ({:.1} ms)", long / short, 1e3 * long);
    }
}

fn own(bytes: &[u8]) {
    let document =
        Document { bytes, content_type: None, url: None, language: None, assume_timezone: None };
    black_box(parse(&document)).ok();
}

fn foreign(bytes: &[u8]) -> Option<feed_rs::model::Feed> {
    let parser = feed_rs::parser::Builder::new().sanitize_content(true).build();
    let read = std::panic::AssertUnwindSafe(|| parser.parse(bytes));
    std::panic::catch_unwind(read).ok()?.ok()
}

fn bare(bytes: &[u8]) {
    let mut reader = quick_xml::Reader::from_reader(bytes);
    let mut buffer = Vec::new();
    while !matches!(reader.read_event_into(&mut buffer), Ok(Event::Eof) | Err(_)) {
        buffer.clear();
    }
}

/// Returns the CPU time that something takes in this thread.
fn cpu(work: impl FnOnce()) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::try_from(time).expect("the clock does not run backwards")
    };
    let begun = now();
    work();
    now().saturating_sub(begun)
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64)
}
