//! A brief as the index holds it.

use std::collections::HashSet;

use super::terms::{Bag, runs, terms};
use crate::model::{Brief, BriefId, CanonicalUrl, ItemText, Timestamp};
use crate::text::primary;

/// Words of a brief that are read; the limits of brief documents allow far more.
const MAX_WORDS: usize = 4000;
/// Runs of this many words of the original post prove where it came from.
const LONG_RUN: usize = 8;
/// Share of these shorter runs that proves it too.
const SHORT_RUN: usize = 4;
const SHORT_PERCENT: usize = 60;

/// A brief as the index holds it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: BriefId,
    pub(super) lang: Option<String>,
    pub(super) date: Option<Timestamp>,
    /// When it was written; the newer of two for one address wins.
    pub(super) written: Option<Timestamp>,
    pub(super) expires: Option<Timestamp>,
    pub(super) urls: Vec<CanonicalUrl>,
    pub(super) guids: Vec<String>,
    pub(super) pins: HashSet<String>,
    pub(super) blocks: HashSet<String>,
    pub(super) title: Bag,
    /// Title, key terms, summary.
    pub(super) core: Bag,
    /// Everything.
    pub(super) all: Bag,
    long_runs: HashSet<u64>,
    short_runs: HashSet<u64>,
}

impl Entry {
    pub(super) fn new(brief: &Brief) -> Self {
        let lang = brief.lang.as_deref();
        let title = terms(&brief.title, lang, MAX_WORDS);
        let core_text =
            [brief.title.as_str(), &brief.key_terms.join("\n"), &brief.summary].join("\n");
        let rest = rest(brief);
        let post = brief.original_post.as_deref().unwrap_or_default();
        let all_text = [core_text.as_str(), post, &rest].join("\n");
        let mut urls: Vec<CanonicalUrl> = brief
            .source_url
            .iter()
            .chain(&brief.urls)
            .filter_map(|url| CanonicalUrl::parse(url))
            .collect();
        urls.sort();
        urls.dedup();
        Self {
            id: brief.id.clone(),
            lang: brief.lang.as_deref().map(primary),
            date: brief.date.or(brief.created),
            written: brief.updated.or(brief.created).or(brief.date),
            expires: brief.expires,
            urls,
            guids: brief.guids.clone(),
            pins: brief.pin.iter().map(|name| key(name)).collect(),
            blocks: brief.block.iter().map(|name| key(name)).collect(),
            title: Bag::of(&title),
            core: Bag::of(&terms(&core_text, lang, MAX_WORDS)),
            all: Bag::of(&terms(&all_text, lang, MAX_WORDS)),
            long_runs: runs(post, LONG_RUN).into_iter().collect(),
            short_runs: runs(post, SHORT_RUN).into_iter().collect(),
        }
    }

    pub(super) fn may_match(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|at| now < at)
    }

    pub(super) fn other_language(&self, item: &ItemText) -> bool {
        match (&self.lang, item.lang.as_deref().map(primary)) {
            (Some(brief), Some(item)) => *brief != item,
            _ => false,
        }
    }

    /// Returns a run of the item's words that stands in the original post and proves that it
    /// was taken from there.
    pub(super) fn quotes(&self, item: &ItemRuns) -> bool {
        if self.long_runs.iter().any(|run| item.long.contains(run)) {
            return true;
        }
        let found = self.short_runs.iter().filter(|run| item.short.contains(run)).count();
        // Very short posts ("Read more at …") prove nothing.
        self.short_runs.len() >= SHORT_RUN && found * 100 >= SHORT_PERCENT * self.short_runs.len()
    }
}

fn rest(brief: &Brief) -> String {
    let points = brief.points.iter().flat_map(|p| p.label.iter().chain([&p.text]));
    let further = brief.further.iter().flat_map(|f| [&f.title].into_iter().chain(&f.why));
    let questions = brief.questions.iter().flat_map(|q| [&q.question].into_iter().chain(&q.answer));
    let opinion = brief.opinion.iter().flat_map(|o| [&o.who, &o.quote].into_iter().chain(&o.role));
    let all: Vec<&str> =
        points.chain(further).chain(questions).chain(opinion).map(String::as_str).collect();
    all.join("\n")
}

/// Returns a name under which pins and blocks meet items: a canonical URL, else the text itself.
pub(super) fn key(name: &str) -> String {
    CanonicalUrl::parse(name).map_or_else(|| name.trim().to_owned(), |url| url.as_str().to_owned())
}

/// The names that a pin or a block can call an item by.
#[derive(Debug)]
pub(super) struct ItemNames {
    own: Vec<String>,
    source: Option<String>,
}

impl ItemNames {
    pub(super) fn of(item: &ItemText) -> Self {
        let named = [Some(&item.item), item.link.as_ref(), item.guid.as_ref()];
        let own = named.into_iter().flatten().map(|name| key(name)).collect();
        Self { own, source: item.source.as_ref().map(ToString::to_string) }
    }

    pub(super) fn own(&self) -> impl Iterator<Item = &String> {
        self.own.iter()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        self.own.iter().chain(&self.source)
    }
}

/// The runs of words of an item.
#[derive(Debug)]
pub(super) struct ItemRuns {
    pub(super) long: HashSet<u64>,
    short: HashSet<u64>,
}

impl ItemRuns {
    pub(super) fn of(item: &ItemText) -> Self {
        let text = format!("{}\n{}", item.title, item.lead);
        Self {
            long: runs(&text, LONG_RUN).into_iter().collect(),
            short: runs(&text, SHORT_RUN).into_iter().collect(),
        }
    }
}

/// Returns the runs under which an entry is found from an item's.
pub(super) fn post_runs(entry: &Entry) -> impl Iterator<Item = u64> {
    entry.long_runs.iter().copied()
}
