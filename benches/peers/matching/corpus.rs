//! The corpus of matching: briefs by editors and items of outlets, in sentences and words.

use std::path::Path;

use briefwire::model::ItemText;
use briefwire::text::sentences;
use serde_json::Value;

/// Words as they stand between spaces.
pub(crate) type Words = Vec<String>;

/// How many sentences a brief has in each field, and how many key terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) summary: usize,
    pub(crate) post: usize,
    pub(crate) points: usize,
    pub(crate) key_terms: usize,
}

/// What texts are put together from.
#[derive(Debug, Default)]
pub(crate) struct Corpus {
    pub(crate) titles: Vec<Words>,
    pub(crate) summary: Vec<Words>,
    /// Of original posts and of leads.
    pub(crate) post: Vec<Words>,
    pub(crate) points: Vec<Words>,
    pub(crate) key_terms: Vec<String>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) items: Vec<ItemText>,
    /// Sentences in each item's lead.
    pub(crate) leads: Vec<usize>,
}

impl Corpus {
    pub(crate) fn read(folder: &Path) -> Self {
        let mut corpus = Self::default();
        for set in ["a21", "neus"] {
            let folder = folder.join("match").join(set);
            for line in lines(&folder.join("briefs.jsonl")) {
                corpus.add_brief(&line);
            }
            for line in lines(&folder.join("items.jsonl")) {
                corpus.add_item(&line);
            }
        }
        corpus
    }

    fn add_brief(&mut self, line: &Value) {
        self.titles.push(words(text(&line["title"])));
        let add = |place: &mut Vec<Words>, text: &str| {
            let before = place.len();
            place.extend(sentences(text).iter().map(|sentence| words(sentence)));
            place.len() - before
        };
        let list = |name: &str| line[name].as_array().cloned().unwrap_or_default();
        let points = list("what_this_means");
        let key_terms = list("key_terms");
        self.key_terms.extend(key_terms.iter().map(|term| text(term).to_owned()));
        self.shapes.push(Shape {
            summary: add(&mut self.summary, text(&line["summary"])),
            post: add(&mut self.post, text(&line["original_post"])),
            points: points.iter().map(|p| add(&mut self.points, text(&p["text"]))).sum(),
            key_terms: key_terms.len(),
        });
    }

    fn add_item(&mut self, line: &Value) {
        let (title, lead) = (text(&line["title"]), text(&line["summary"]));
        let split = sentences(lead);
        self.titles.push(words(title));
        self.leads.push(split.len());
        self.post.extend(split.iter().map(|sentence| words(sentence)));
        self.items.push(ItemText {
            item: text(&line["item_id"]).to_owned(),
            source: None,
            guid: None,
            title: title.to_owned(),
            lead: lead.to_owned(),
            link: line["link"].as_str().map(str::to_owned),
            published: line["published"].as_str().map(|at| at.parse().expect("a date")),
            lang: Some("en".to_owned()),
        });
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("the corpus can be read");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn words(text: &str) -> Words {
    text.split_whitespace().map(str::to_owned).collect()
}
