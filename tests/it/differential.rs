//! The corpus read by feed-rs too: where a document is well-formed, both readers must see the
//! same items, ids, titles, links and dates.
//!
//! What feed-rs sees, we must see alike; we may see more (`rdf:about` as an id, dates in other
//! languages, titles that only Media RSS gives). Titles of documents that were encoded twice are
//! repaired by us alone and not compared.

use briefwire::model::{Feed, Format, Timestamp};
use briefwire::parse::{Document, parse};
use briefwire::text::html;
use feed_rs::model as foreign;
use feed_rs::parser::Builder;
use url::Url;

use crate::desk::needs;

/// What feed-rs gives an item that has no id.
const NO_ID: &str = "";

/// Where we read a document otherwise, having looked at it.
const DECIDED: &[(&str, &str)] = &[
    // An empty `href`, which feed-rs resolves to the feed itself.
    ("ranchero-software-OneFootTsunami.atom", "link"),
    // Of these feed-rs shows no items at all.
    ("danmactough-iconv.xml", "items"),
    ("miniflux-rdf_UTF8.xml", "items"),
];

#[test]
fn both_readers_see_the_same_in_every_well_formed_feed() {
    let Some(corpus) = needs("../shared/corpus/feeds") else { return };
    let manifest = std::fs::read_to_string(corpus.join("manifest.tsv")).unwrap();
    let (mut compared, mut items, mut differences) = (0, 0, Vec::new());
    for row in manifest.lines().skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        let (file, broken) = (fields[0], fields[fields.len() - 1]);
        if broken.starts_with("ill-formed") {
            continue;
        }
        let bytes = std::fs::read(corpus.join(file)).unwrap();
        let ours = parse(&Document {
            bytes: &bytes,
            content_type: None,
            url: None,
            language: None,
            assume_timezone: None,
        })
        .unwrap();
        let parser = Builder::new().id_generator(|_, _, _| NO_ID.to_owned()).build();
        let Ok(theirs) = parser.parse(bytes.as_slice()) else {
            eprintln!("feed-rs cannot read {file}");
            continue;
        };
        compared += 1;
        items += theirs.entries.len();
        compare(file, &ours, &theirs, &mut differences);
    }
    assert!(compared >= 80 && items >= 2000, "{compared} documents, {items} items");
    let count = differences.len();
    assert!(differences.is_empty(), "{count} differences:\n{}", differences.join("\n"));
}

fn compare(file: &str, ours: &Feed, theirs: &foreign::Feed, out: &mut Vec<String>) {
    if ours.items.len() != theirs.entries.len() {
        if !DECIDED.contains(&(file, "items")) {
            out.push(format!("{file}: {} items, not {}", ours.items.len(), theirs.entries.len()));
        }
        return;
    }
    let was_encoded_twice = ours.warnings.iter().any(|warning| warning.code == "double-encoded");
    for (at, (item, entry)) in ours.items.iter().zip(&theirs.entries).enumerate() {
        let mut differ = |field: &str, ours: Option<String>, theirs: Option<String>| {
            if theirs.is_some() && ours != theirs && !DECIDED.contains(&(file, field)) {
                out.push(format!("{file}, item {at}, {field}: {ours:?}, feed-rs {theirs:?}"));
            }
        };
        differ("id", Some(item.id.clone()), stated(entry.id.trim()));
        if !was_encoded_twice {
            let title = item.title.as_ref().map(|title| title.plain.clone());
            differ("title", title, their_title(entry));
        }
        differ("link", item.url.as_deref().map(normal), their_link(entry));
        differ("published", item.published.map(shown), entry.published.map(shown));
        // feed-rs repeats the publication here for RSS, which has no such date of its own.
        if matches!(ours.format, Format::Atom | Format::Json) {
            differ("updated", item.updated.map(shown), entry.updated.map(shown));
        }
    }
}

fn stated(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn their_title(entry: &foreign::Entry) -> Option<String> {
    stated(&html::plain_line(&entry.title.as_ref()?.content, true))
}

fn their_link(entry: &foreign::Entry) -> Option<String> {
    let mut links = entry.links.iter();
    let alternate = links.find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"))?;
    Some(normal(&alternate.href))
}

/// Returns an address as feed-rs writes it.
fn normal(address: &str) -> String {
    Url::parse(address).map_or_else(|_| address.to_owned(), String::from)
}

fn shown(moment: Timestamp) -> String {
    moment.to_rfc3339()
}
