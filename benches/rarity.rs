//! Makes `src/text/rarity.bin`: how many news articles a stem stands in, in half per cents.
//!
//! `cargo bench --bench rarity -- ARTICLES.jsonl src/text/rarity.bin`, where each line has
//! `title` and `text`. Deterministic; what it writes holds counts and no text.
#![expect(clippy::indexing_slicing, clippy::print_stdout, reason = "a program for developers")]

use std::collections::{BTreeMap, BTreeSet};

use briefwire::text::{Stemmer, fold, words};
use xxhash_rust::xxh3::xxh3_64;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let (Some(articles), Some(table)) = (arguments.next(), arguments.next()) else {
        println!("usage: cargo bench --bench rarity -- ARTICLES.jsonl src/text/rarity.bin");
        return;
    };
    let stemmer = Stemmer::of(Some("en"));
    let text = std::fs::read_to_string(articles).expect("the articles can be read");
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut total = 0;
    for line in text.lines() {
        let article: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let prose = format!("{} {}", article["title"], article["text"]);
        let stems: BTreeSet<String> =
            words(&prose).iter().map(|w| stemmer.stem(&fold(w.text)).into_owned()).collect();
        for stem in stems {
            *counts.entry(stem).or_default() += 1;
        }
        total += 1;
    }
    let mut entries = BTreeMap::new();
    for (stem, count) in counts.into_iter().filter(|(_, count)| count * 100 >= total) {
        let key = xxh3_64(stem.as_bytes()).to_be_bytes();
        let share = u8::try_from((count * 200).div_ceil(total)).unwrap_or(u8::MAX);
        let key: [u8; 4] = key[4..].try_into().expect("four bytes of eight");
        let known = entries.entry(key).or_insert(0);
        *known = share.max(*known);
    }
    let bytes: Vec<u8> =
        entries.iter().flat_map(|(key, share)| key.iter().copied().chain([*share])).collect();
    std::fs::write(&table, &bytes).expect("the table can be written");
    println!("{} stems of {total} articles in {table}", entries.len());
}
