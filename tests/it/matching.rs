//! `briefwire match` on the development corpus: how often it is right, and that it can say why.
//!
//! The figures are floors below what was measured when the weights were fitted; a change that
//! falls under one of them has made matching worse.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::desk::needs;

/// What a run must reach: precision and recall of other outlets' items at the shipped threshold,
/// and how often the best candidate is the right one.
struct Floor {
    precision: f64,
    recall: f64,
    first: f64,
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_briefwire"))
        .arg("match")
        .args(arguments)
        .arg("--json")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the heads of a text's words: what is left of each after five letters is ending.
fn heads(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.filter(|w| !w.is_empty()).map(|w| w.to_lowercase().chars().take(5).collect()).collect()
}

#[expect(clippy::indexing_slicing, reason = "a line without a field fails the test")]
fn check(set: &Path, briefs: &str, floor: &Floor) {
    let (briefs, items) = (set.join(briefs), set.join("items.jsonl"));
    let (briefs, items) = (briefs.to_str().unwrap(), items.to_str().unwrap());
    let told = run(&["--briefs", briefs, "--items", items, "--candidates"]);
    assert_eq!(told, run(&["--briefs", briefs, "--items", items, "--candidates"]), "same bytes");
    let gold = std::fs::read_to_string(set.join("gold.tsv")).unwrap();
    let gold: BTreeMap<&str, (&str, &str)> = gold
        .lines()
        .map(|line| {
            let (item, rest) = line.split_once('\t').unwrap();
            (item, rest.split_once('\t').unwrap())
        })
        .collect();
    let read = |path: &str| lines(&std::fs::read_to_string(path).unwrap());
    let text_of: BTreeMap<String, String> = read(items)
        .iter()
        .map(|item| {
            let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
            (text("item_id"), format!("{} {}", text("title"), text("summary")))
        })
        .chain(
            read(briefs)
                .iter()
                .map(|brief| (brief["id"].as_str().unwrap().to_owned(), brief.to_string())),
        )
        .collect();
    let (mut right, mut given, mut with, mut first) = (0.0, 0.0, 0.0, 0.0);
    for line in lines(&told) {
        let item = line["item_id"].as_str().unwrap();
        let (kind, brief) = gold[item];
        let found = line["brief_id"].as_str();
        if line["method"] == "text" {
            let (said, stored) = (heads(&text_of[item]), heads(&text_of[found.unwrap()]));
            let evidence: Vec<&str> =
                line["evidence"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let all = evidence.iter().flat_map(|phrase| heads(phrase));
            assert!(!evidence.is_empty() && evidence.len() <= 8, "{line}");
            let missing: Vec<_> =
                all.filter(|w| !said.contains(w) || !stored.contains(w)).collect();
            assert!(missing.is_empty(), "{missing:?} of {line}");
        }
        if kind == "url" {
            let named = text_of[brief].contains("\"source_url\":\"http");
            assert!(!named || found == Some(brief), "{line}");
            continue;
        }
        given += f64::from(u8::from(found.is_some()));
        right += f64::from(u8::from(found == Some(brief)));
        with += f64::from(u8::from(brief != "-"));
        first += f64::from(u8::from(line["candidates"][0]["brief_id"] == brief));
    }
    let (precision, recall, first) = (right / given, right / with, first / with);
    assert!(precision >= floor.precision, "{briefs}: precision {precision:.3}");
    assert!(recall >= floor.recall, "{briefs}: recall {recall:.3}");
    assert!(first >= floor.first, "{briefs}: recall of the first candidate {first:.3}");
}

#[test]
fn other_outlets_items_get_the_brief_of_their_story() {
    let Some(corpus) = needs("../shared/corpus/match") else { return };
    check(
        &corpus.join("a21"),
        "briefs.jsonl",
        &Floor { precision: 0.89, recall: 0.68, first: 0.92 },
    );
    check(
        &corpus.join("neus"),
        "briefs_bare.jsonl",
        &Floor { precision: 0.91, recall: 0.58, first: 0.86 },
    );
}

#[test]
fn items_of_one_story_are_put_together_and_no_others() {
    let Some(corpus) = needs("../shared/corpus/match") else { return };
    let items = corpus.join("neus/items.jsonl");
    let told = run(&["--pairs", "--items", items.to_str().unwrap()]);
    // An item is named after its story and its number in it.
    let story = |item: &Value| item.as_str().unwrap().rsplit_once('-').unwrap().0.to_owned();
    let told = lines(&told);
    let joined = told.iter().filter(|line| line["cluster"] != line["item_id"]);
    let (right, wrong): (Vec<_>, Vec<_>) =
        joined.partition(|line| story(&line["cluster"]) == story(&line["item_id"]));
    assert!(right.len() >= 250, "{} right, {} wrong", right.len(), wrong.len());
    assert!(wrong.len() * 14 <= right.len(), "{} right, {} wrong", right.len(), wrong.len());
    for line in right {
        assert!(!line["evidence"].as_array().unwrap().is_empty(), "{line}");
        assert!(line["score"].as_f64().unwrap() >= 0.8, "{line}");
    }
}
