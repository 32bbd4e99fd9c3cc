//! The addresses of real articles: those of one have one key, those of two never.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use briefwire::model::CanonicalUrl;
use briefwire::parse::{Document, parse};
use serde_json::Value;

use crate::desk::{Desk, needs};

/// Keys under which items with different titles and links stand, looked at one by one: a page that
/// holds a day's items under fragments, a podcast whose items all lead to its front page, and two
/// articles that got another headline.
const REVIEWED: &[&str] = &[
    "scriptingnews.userland.com/backissues/2002/09/29",
    "slate.com/blogs/browbeat/2014/03/10/true_detective_faq_the_hbo_series_finale_s_biggest_questions_answered.html",
    "taverncast.com",
    "vulture.com/2014/03/lindsay-own-first-episode-baggage.html",
];

#[test]
fn an_item_has_the_key_of_the_brief_that_was_made_of_it() {
    let mut asked = 0;
    for set in ["a21", "neus"] {
        let Some(folder) = needs(&format!("../shared/corpus/match/{set}")) else { return };
        let items = by(&folder.join("items.jsonl"), "item_id");
        let briefs = by(&folder.join("briefs.jsonl"), "id");
        let gold = std::fs::read_to_string(folder.join("gold.tsv")).unwrap();
        for line in gold.lines() {
            let [item, kind, brief] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let link = items[item]["link"].as_str().filter(|_| kind == "url");
            let Some(link) = link else { continue };
            let url = briefs[brief]["source_url"].as_str().unwrap();
            asked += 1;
            assert_eq!(CanonicalUrl::parse(link), CanonicalUrl::parse(url), "{item}: {link} {url}");
        }
    }
    assert!(asked > 200, "{asked}");
}

#[test]
fn no_two_real_articles_share_a_key() {
    let mut found: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for (title, link) in matched().into_iter().chain(polled()) {
        let Some(key) = CanonicalUrl::parse(&link) else { continue };
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        found.entry(key.to_string()).or_default().insert((title, link));
    }
    let shared: Vec<&str> = found
        .iter()
        .filter(|(_, articles)| {
            let titles: BTreeSet<&String> = articles.iter().map(|(title, _)| title).collect();
            // A publisher may write a headline anew; then the links are alike.
            let links: BTreeSet<&String> = articles.iter().map(|(_, link)| link).collect();
            titles.len() > 1 && links.len() > 1
        })
        .map(|(key, _)| key.as_str())
        .collect();
    let is_whole = needs("../shared/corpus").is_some();
    assert_eq!(shared, if is_whole { REVIEWED } else { &[] });
}

#[test]
fn a_parameter_that_names_articles_cannot_be_ignored() {
    let desk = Desk::new(&[]);
    let check = |names: &str| {
        desk.write("c.toml", &format!("[matching]\nignore_parameters = [{names}]\n"));
        let ran = desk.run(&["check"]);
        (ran.code, ran.err.replace(&format!("{}:", desk.path("c.toml").display()), ""))
    };
    assert_eq!(check("\"xyz\", \"Ref\"").0, 0);
    let key = "matching.ignore_parameters: found";
    let named = "; the name of a parameter, such as \"xid\", is accepted";
    let identity = "which names articles; a parameter that tells no articles apart is accepted";
    let expected = format!(
        "2:22: {key} \"\"{named}\n2:26: {key} \"a=b\"{named}\n2:33: {key} \"a b\"{named}\n\
         2:40: {key} \"Page\", {identity}\n"
    );
    assert_eq!(check("\"\", \"a=b\", \"a b\", \"Page\""), (78, expected));
}

/// Titles and links of the items that are to be matched.
fn matched() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for set in ["a21", "uci14"] {
        let file = needs(&format!("../shared/corpus/match/{set}/items.jsonl"));
        let Some(file) = file else { continue };
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let object: Value = serde_json::from_str(line).unwrap();
            found.push((text(&object, "title"), text(&object, "link")));
        }
    }
    found
}

/// Titles and links of the items of real feeds.
fn polled() -> Vec<(String, String)> {
    let Some(folder) = needs("../shared/corpus/feeds") else { return Vec::new() };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let document = Document {
            bytes: &bytes,
            content_type: None,
            url: None,
            language: None,
            assume_timezone: None,
        };
        let Ok(feed) = parse(&document) else { continue };
        let feed = briefwire::contract::feed::feed(&feed);
        for item in feed.get("items").and_then(Value::as_array).into_iter().flatten() {
            found.push((text(item, "title"), text(item, "url")));
        }
    }
    found
}

/// Reads the objects of a file, each under its name.
fn by(file: &Path, name: &str) -> HashMap<String, Value> {
    let lines = std::fs::read_to_string(file).unwrap();
    let objects = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    objects.map(|object| (text(&object, name), object)).collect()
}

fn text(object: &Value, name: &str) -> String {
    object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
