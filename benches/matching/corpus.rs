//! The development corpus: briefs, items, which belong together, and further news texts.

use std::collections::BTreeMap;
use std::path::Path;

use briefwire::model::{Brief, BriefId, ItemText, Point, Timestamp};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::FOLDS;

/// Sets of `enrich/docs` that are English news.
const NEWS: &[&str] = &["kpcrowd", "duc2001", "cnndm", "xsum", "bbc"];

/// An item and what is known of it.
pub(crate) struct Gold {
    pub(crate) item: ItemText,
    /// The brief of its story, where there is one.
    pub(crate) brief: Option<BriefId>,
    pub(crate) kind: String,
    pub(crate) story: String,
}

/// Round-ups by editors and items of outlets.
pub(crate) struct Set {
    pub(crate) name: &'static str,
    /// With all fields.
    pub(crate) briefs: Vec<Brief>,
    /// Title and summary alone.
    pub(crate) bare: Vec<Brief>,
    pub(crate) items: Vec<Gold>,
}

pub(crate) struct Corpus {
    pub(crate) sets: Vec<Set>,
    pub(crate) news: Vec<String>,
}

impl Corpus {
    pub(crate) fn read(folder: &Path) -> Self {
        let sets = ["a21", "neus"].map(|name| Set::read(name, &folder.join("match").join(name)));
        let background = lines(&folder.join("enrich/background/store.jsonl"));
        let mut news: Vec<String> =
            background.iter().map(|line| format!("{} {}", line["title"], line["text"])).collect();
        let listed = std::fs::read_dir(folder.join("enrich/docs")).expect("the texts are there");
        let mut paths: Vec<_> = listed.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if NEWS.iter().any(|set| name.starts_with(&format!("{set}-"))) {
                news.push(std::fs::read_to_string(&path).expect("a text"));
            }
        }
        Self { sets: sets.into(), news }
    }
}

impl Set {
    fn read(name: &'static str, folder: &Path) -> Self {
        let gold = std::fs::read_to_string(folder.join("gold.tsv")).expect("gold.tsv");
        let gold: BTreeMap<&str, (&str, &str)> = gold
            .lines()
            .map(|line| {
                let mut fields = line.split('\t');
                let mut next = || fields.next().expect("three fields");
                (next(), (next(), next()))
            })
            .collect();
        let briefs = |file: &str| lines(&folder.join(file)).iter().map(brief).collect();
        let items = lines(&folder.join("items.jsonl")).iter().map(item).collect::<Vec<_>>();
        let items = items.into_iter().map(|item| {
            let (kind, brief) = gold[item.item.as_str()];
            let brief = BriefId::new(brief).ok().filter(|id| id.as_str() != "-");
            let story = item.item.rsplit_once('-').map_or("", |(story, _)| story).to_owned();
            Gold { kind: kind.to_owned(), brief, story: story.replacen("i-", "", 1), item }
        });
        let items = items.collect();
        Self { name, briefs: briefs("briefs.jsonl"), bare: briefs("briefs_bare.jsonl"), items }
    }
}

/// Returns the part that a story belongs to.
pub(crate) fn fold(story: &str) -> usize {
    usize::try_from(xxh3_64(story.as_bytes()) % FOLDS as u64).expect("a small number")
}

/// Returns the story that a brief of the corpus tells.
pub(crate) fn story_of(brief: &Brief) -> &str {
    brief.id.as_str().trim_start_matches("b-")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("the corpus can be read");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str().map(|text| text.parse().expect("a date"))
}

fn brief(line: &Value) -> Brief {
    let words = |name: &str| line[name].as_str().expect("a text");
    let mut brief =
        Brief::new(BriefId::new(words("id")).expect("an id"), words("title"), words("summary"));
    brief.lang = text(&line["lang"]);
    brief.date = time(&line["date"]);
    brief.original_post = text(&line["original_post"]);
    brief.source_url = text(&line["source_url"]);
    let list = |name: &str| line[name].as_array().cloned().unwrap_or_default();
    brief.key_terms = list("key_terms").iter().filter_map(text).collect();
    brief.points = list("what_this_means")
        .iter()
        .map(|point| Point {
            label: text(&point["label"]),
            text: text(&point["text"]).unwrap_or_default(),
        })
        .collect();
    brief
}

fn item(line: &Value) -> ItemText {
    ItemText {
        item: text(&line["item_id"]).expect("an id"),
        source: None,
        guid: None,
        title: text(&line["title"]).unwrap_or_default(),
        lead: text(&line["summary"]).unwrap_or_default(),
        link: text(&line["link"]),
        published: time(&line["published"]),
        lang: text(&line["lang"]),
    }
}
