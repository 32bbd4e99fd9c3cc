//! The English news of the corpus of enrichment.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// The sets of news. `inspec` is left out, abstracts of papers, and so is what is not English.
pub(crate) const SETS: [&str; 5] = ["bbc", "cnndm", "duc2001", "kpcrowd", "xsum"];

pub(crate) struct Article {
    /// One of [`SETS`].
    pub(crate) set: &'static str,
    /// Empty where the corpus knows none.
    pub(crate) title: String,
    pub(crate) text: String,
    /// Title and text, for those who read nothing but a text.
    pub(crate) whole: String,
}

impl Article {
    pub(crate) fn words(&self) -> usize {
        self.whole.split_whitespace().count()
    }
}

/// Reads all articles, in the order of the index.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Vec<Article>> {
    let index = folder.join("index.tsv");
    let index =
        fs::read_to_string(&index).with_context(|| format!("cannot read {}", index.display()))?;
    let mut articles = Vec::new();
    for line in index.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let (id, set) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let Some(set) = SETS.into_iter().find(|known| *known == set) else { continue };
        let title = fields.nth(2).unwrap_or_default().to_owned();
        let path = folder.join("docs").join(format!("{id}.txt"));
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let whole = format!("{title}\n\n{text}");
        articles.push(Article { set, title, text, whole });
    }
    anyhow::ensure!(!articles.is_empty(), "there are no articles in `{}`", folder.display());
    Ok(articles)
}
