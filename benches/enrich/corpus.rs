//! The development corpus: articles with what people chose of them, and further news texts.

use std::path::Path;

use serde_json::Value;

/// Sets of English news.
const NEWS: &[&str] = &["kpcrowd", "duc2001", "cnndm", "xsum", "bbc"];

/// An article and what people made of it.
pub(crate) struct Gold {
    pub(crate) set: String,
    pub(crate) lang: String,
    pub(crate) title: String,
    pub(crate) text: String,
    /// Key terms, or sentences of a summary.
    pub(crate) gold: Vec<String>,
}

pub(crate) struct Corpus {
    pub(crate) articles: Vec<Gold>,
    /// English news.
    pub(crate) news: Vec<String>,
}

impl Corpus {
    pub(crate) fn read(folder: &Path) -> Self {
        let enrich = folder.join("enrich");
        let index = std::fs::read_to_string(enrich.join("index.tsv")).expect("index.tsv");
        let rows = index.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let articles: Vec<Gold> = rows
            .filter_map(|row| {
                let fields: Vec<&str> = row.split('\t').collect();
                let &[id, set, lang, task, title] = fields.as_slice() else { return None };
                let ending = if task == "keys" { "key" } else { "sum" };
                let gold = enrich.join("gold").join(format!("{id}.{ending}"));
                let text = enrich.join("docs").join(format!("{id}.txt"));
                let gold = std::fs::read_to_string(gold).ok()?;
                Some(Gold {
                    set: set.to_owned(),
                    lang: lang.to_owned(),
                    title: title.to_owned(),
                    text: std::fs::read_to_string(text).ok()?,
                    gold: gold
                        .lines()
                        .filter(|l| !l.trim().is_empty())
                        .map(str::to_owned)
                        .collect(),
                })
            })
            .collect();
        let mut news: Vec<String> = lines(&enrich.join("background/store.jsonl"))
            .iter()
            .map(|line| line["text"].as_str().unwrap_or_default().to_owned())
            .collect();
        for set in ["a21", "neus"] {
            let items = lines(&folder.join("match").join(set).join("items.jsonl"));
            news.extend(
                items.iter().map(|item| item["lead"].as_str().unwrap_or_default().to_owned()),
            );
        }
        let own = articles.iter().filter(|article| NEWS.contains(&article.set.as_str()));
        news.extend(own.map(|article| article.text.clone()));
        Self { articles, news }
    }

    pub(crate) fn set<'c>(&'c self, names: &'c [&str]) -> impl Iterator<Item = &'c Gold> + 'c {
        self.articles.iter().filter(|article| names.contains(&article.set.as_str()))
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a file of the corpus");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
