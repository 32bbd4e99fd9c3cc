//! Real feeds, field by field, against what other programs and a person read in them.
//!
//! `tests/expected/feeds.json` holds facts and no prose. The values were taken from the documents
//! with lxml and a JSON reader, never from our own output; feedparser read the XML a second time.
//! What our choices are (which link is the best, what a category is) the readings share with
//! `parse`, so a choice that is wrong would not be seen here. Differences were sorted by kind and
//! decided by the specifications and by what people expect of a feed reader.
//!
//! `at` is an item's place in its document. Titles, authors and categories are hashes: xxh3-64 of
//! the text in NFC with its white space collapsed, names and terms joined by U+001F. The length of
//! a summary or content is the number of characters of its plain text that are neither white space
//! nor controls: it is exact, because what is left to taste, such as where lines break, does not
//! count.
//!
//! `reviewed` names why a document is not taken to the letter:
//! - `twice`: its text was encoded twice, and is read as it was meant;
//! - `address`: an author's name that is an e-mail address is the address;
//! - `empty`: an empty `href` leads nowhere, not to the feed;
//! - `iframe`: what follows `<iframe/>` is prose, though HTML hides it;
//! - `inherited`: items speak the feed's language in JSON too;
//! - `mark`: a byte order mark within a title is none of it;
//! - `merged`: a file that is told twice has the length that either says;
//! - `months`, `order`, `weekday`: dates with Portuguese months, with the year first as in
//!   China, with day and month as the weekday has it; `zone`: without a zone, so UTC;
//! - `pixel`: a picture of one pixel is no summary;
//! - `scheme`: a link that no reader follows is dropped;
//! - `type`: tags in one string are no list of tags;
//! - `wrapper`: categories in a `categories` element count.

use std::path::Path;

use briefwire::contract;
use briefwire::parse::{Document, parse};
use briefwire::text::html;
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_64;

use crate::desk::needs;

const EXPECTED: &str = include_str!("../expected/feeds.json");

/// What is compared as the contract has it.
const OF_FEED: &[&str] =
    &["format", "version", "encoding", "language", "link", "self", "hub", "next"];
const OF_ITEM: &[&str] = &["url", "published", "updated", "language"];

#[test]
fn the_fields_of_real_feeds_are_as_they_were_reviewed() {
    let Some(corpus) = needs("../shared/corpus/feeds") else { return };
    let expected: Vec<Value> = serde_json::from_str(EXPECTED).unwrap();
    assert!(expected.len() >= 40, "{} feeds", expected.len());
    let differences: Vec<String> =
        expected.iter().flat_map(|feed| differences_of(feed, &corpus)).collect();
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// Returns every difference between a feed's expectations and what we read, one line each.
fn differences_of(expected: &Value, corpus: &Path) -> Vec<String> {
    let file = expected["file"].as_str().unwrap();
    let bytes = std::fs::read(corpus.join(file)).unwrap();
    let document = Document {
        bytes: &bytes,
        content_type: None,
        url: None,
        language: None,
        assume_timezone: None,
    };
    let found = match parse(&document) {
        Ok(feed) => contract::feed::feed(&feed),
        Err(error) => return vec![format!("{file}: {error}")],
    };
    let mut differences = compare(file, expected, &facts_of_feed(&found), &found);
    for item in expected["items"].as_array().unwrap() {
        let at = usize::try_from(item["at"].as_u64().unwrap()).unwrap();
        let place = format!("{file}, item {at}");
        match found.get("items").and_then(|items| items.get(at)) {
            Some(found) => differences.extend(compare(&place, item, &facts_of_item(found), found)),
            None => differences.push(format!("{place}: not found")),
        }
    }
    differences
}

/// Compares the fields that either side has.
fn compare(
    place: &str,
    expected: &Value,
    facts: &Map<String, Value>,
    found: &Value,
) -> Vec<String> {
    let expected = expected.as_object().unwrap();
    let is_field = |name: &&String| !matches!(name.as_str(), "file" | "at" | "items" | "reviewed");
    let missing = facts.keys().filter(|name| !expected.contains_key(*name));
    expected
        .keys()
        .filter(is_field)
        .chain(missing)
        .filter(|name| expected.get(*name) != facts.get(*name))
        .map(|name| {
            let shown = |value: Option<&Value>| value.map_or("nothing".into(), Value::to_string);
            let (wanted, got) = (shown(expected.get(name)), shown(facts.get(name)));
            format!("{place}, {name}: expected {wanted}, found {got}{}", in_full(found, name))
        })
        .collect()
}

/// Returns what stands behind a hash or a length, for the one who reads the difference.
fn in_full(found: &Value, name: &str) -> String {
    let html = format!("{name}_html");
    let text = match name {
        "title" | "authors" | "categories" => found.get(name),
        "summary" | "content" => found.get(&html),
        _ => None,
    };
    let text = text.map(|value| format!(" of {value}")).unwrap_or_default();
    text.chars().take(300).collect()
}

fn facts_of_feed(feed: &Value) -> Map<String, Value> {
    let mut facts = copied(feed, OF_FEED);
    put(&mut facts, "title", feed["title"].as_str().map(hash));
    put(&mut facts, "count", feed["items"].as_array().map(Vec::len));
    facts
}

fn facts_of_item(item: &Value) -> Map<String, Value> {
    let mut facts = copied(item, OF_ITEM);
    let id = item["id"].as_str().unwrap();
    put(&mut facts, "id", Some(if id.starts_with("xxh3:") { "generated" } else { id }));
    put(&mut facts, "links", Some(item["links"].as_array().map_or(0, Vec::len)));
    put(&mut facts, "title", item["title"].as_str().map(hash));
    put(&mut facts, "authors", hash_of_all(&item["authors"], "name"));
    put(&mut facts, "categories", hash_of_all(&item["categories"], "term"));
    let file = |file: &Value| Value::Object(copied(file, &["url", "type", "length"]));
    let files = item["enclosures"].as_array();
    put(&mut facts, "enclosures", files.map(|files| files.iter().map(file).collect::<Value>()));
    put(&mut facts, "summary", item["summary_html"].as_str().map(length));
    put(&mut facts, "content", item["content_html"].as_str().map(length));
    facts
}

fn copied(from: &Value, names: &[&str]) -> Map<String, Value> {
    let present =
        names.iter().filter_map(|name| Some(((*name).to_owned(), from.get(name)?.clone())));
    present.collect()
}

fn put(facts: &mut Map<String, Value>, name: &str, fact: Option<impl Into<Value>>) {
    facts.extend(fact.map(|fact| (name.to_owned(), fact.into())));
}

fn hash(text: &str) -> String {
    let text: String = collapsed(text).nfc().collect();
    format!("{:016x}", xxh3_64(text.as_bytes()))
}

fn hash_of_all(list: &Value, name: &str) -> Option<String> {
    let list = list.as_array()?.iter();
    let texts: Vec<String> = list.filter_map(|value| value[name].as_str()).map(collapsed).collect();
    // U+001F is no white space, so that joined texts stay as they are.
    (!texts.is_empty()).then(|| hash(&texts.join("\u{1f}")))
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn length(markup: &str) -> usize {
    html::plain(markup).chars().filter(|c| !c.is_whitespace() && !c.is_control()).count()
}

#[test]
fn a_wrong_value_is_named_with_its_file_item_and_field() {
    let found = json!({
        "id": "xxh3:1", "title": "A\u{a0} b", "url": "http://a.example/",
        "links": [{"href": "http://a.example/"}], "summary_html": "<p>a b</p><p>c</p>",
        "enclosures": [{"url": "http://a.example/f", "title": "F"}],
    });
    let facts = facts_of_item(&found);
    let right = json!({
        "at": 0, "id": "generated", "title": hash("A b"), "url": "http://a.example/", "links": 1,
        "summary": 3, "enclosures": [{"url": "http://a.example/f"}],
    });
    assert_eq!(compare("f, item 0", &right, &facts, &found), Vec::<String>::new());
    let wrong = json!({
        "at": 0, "id": "generated", "title": hash("A b"), "links": 1, "summary": 4, "content": 1,
        "enclosures": [{"url": "http://a.example/f"}],
    });
    assert_eq!(
        compare("f, item 0", &wrong, &facts, &found),
        [
            "f, item 0, summary: expected 4, found 3 of \"<p>a b</p><p>c</p>\"",
            "f, item 0, content: expected 1, found nothing",
            "f, item 0, url: expected nothing, found \"http://a.example/\"",
        ]
    );
}
