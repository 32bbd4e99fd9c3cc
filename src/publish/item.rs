//! The parts of an item that readers show outside its body: title, link, preview, categories.

use std::collections::HashSet;

use url::Url;

use super::{Also, Entry, Publisher, Site, key_terms, labels};
use crate::model::{Brief, CanonicalUrl, Enclosure, Placement, Story, Timestamp, without_tracking};
use crate::text::{html, sentences};

const MAX_TITLE_CHARS: usize = 80;
const MAX_DESCRIPTION_CHARS: usize = 500;
const MAX_RIGHTS_CHARS: usize = 300;
const MAX_CATEGORIES: usize = 8;
const MAX_ALSO: usize = 10;

/// An item as documents of every format say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedItem {
    /// Permanent; never the publisher's.
    pub guid: String,
    /// Plain text, never empty.
    pub title: String,
    /// An absolute http(s) address.
    pub link: String,
    /// Plain text of at most 500 characters, never empty.
    pub description: String,
    /// Without commas, unique ignoring case.
    pub categories: Vec<String>,
    /// Whether the categories are key terms, not the publisher's categories.
    pub categories_are_terms: bool,
    /// The byline.
    pub creator: Option<String>,
    /// Never moved.
    pub published: Timestamp,
    /// When what is said of it last changed, never before `published`.
    pub updated: Timestamp,
}

/// Returns what documents say of an item outside its body.
pub fn publish_item(entry: &Entry<'_>, site: &Site) -> PublishedItem {
    let story = entry.story;
    let (categories, categories_are_terms) = categories(entry);
    let title = title(story, entry.publisher);
    PublishedItem {
        guid: site.guid(story.id),
        link: link(story, site),
        description: description(entry),
        title,
        categories,
        categories_are_terms,
        creator: creator(entry),
        published: story.published,
        updated: story.changed.max(story.published),
    }
}

/// Returns what is said of an item in the place of which another one stands.
pub fn also_reported(story: &Story, publisher: &Publisher, site: &Site) -> Also {
    Also {
        publisher: publisher.name.clone(),
        title: title(story, publisher),
        link: link(story, site),
    }
}

/// Returns the title as published; without one the first sentence, else host and date.
fn title(story: &Story, publisher: &Publisher) -> String {
    if !story.title.is_empty() {
        return story.title.clone();
    }
    let text = html::plain(&story.html);
    if let Some(first) = sentences(&text, story.lang.as_deref()).into_iter().next() {
        // Running text can hold what would be markup in a title, and nothing beside it.
        let line = shorten(&html::plain_line(&first, false), MAX_TITLE_CHARS);
        if !line.is_empty() {
            return line;
        }
    }
    let host = story.url.as_deref().and_then(|url| Url::parse(url).ok());
    let host = host.and_then(|url| url.host_str().map(str::to_owned));
    let place = host.unwrap_or_else(|| publisher.name.clone());
    format!("{place}, {}", story.published.format("%Y-%m-%d"))
}

/// Returns the article's address without tracking; else a permalink guid, an enclosure, our page.
fn link(story: &Story, site: &Site) -> String {
    let enclosure = story.enclosures.first().map(|e| e.url.as_str());
    let candidates = [story.url.as_deref(), Some(story.guid.as_str()), enclosure];
    let web = |text: &str| {
        let url = Url::parse(text).ok()?;
        let absolute = matches!(url.scheme(), "http" | "https") && url.host().is_some();
        absolute.then(|| without_tracking(&url).to_string())
    };
    let found = candidates.into_iter().flatten().find_map(web);
    found.unwrap_or_else(|| site.at(&format!("items/{}", story.id)))
}

/// Returns the summary as plain text, cut at a sentence if it is too long.
fn description(entry: &Entry<'_>) -> String {
    let summary = summary(entry);
    // What no document may hold is no word, and leaves no space behind.
    let summary = html::clean_chars(&summary);
    let text = if summary.trim().is_empty() { wordless(entry) } else { summary.as_ref() };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_DESCRIPTION_CHARS {
        return line;
    }
    let mut cut = String::new();
    for sentence in sentences(&line, entry.story.lang.as_deref()) {
        if cut.chars().count() + sentence.chars().count() + 1 > MAX_DESCRIPTION_CHARS {
            break;
        }
        if !cut.is_empty() {
            cut.push(' ');
        }
        cut.push_str(&sentence);
    }
    if cut.is_empty() { shorten(&line, MAX_DESCRIPTION_CHARS) } else { cut }
}

/// Returns what is said of an item without text: that it has none, or is a picture.
pub(super) fn wordless(entry: &Entry<'_>) -> &'static str {
    let story = entry.story;
    let labels = labels(story.lang.as_deref());
    let attached = |enclosure: &Enclosure| {
        enclosure.mime.as_deref().is_some_and(|kind| kind.starts_with("image/"))
    };
    let is_picture = story.html.contains("<img ") || story.enclosures.iter().any(attached);
    if is_picture { labels.only_picture } else { labels.no_text }
}

/// Returns the stored brief's summary, else the extracted one, else nothing.
pub(super) fn summary(entry: &Entry<'_>) -> String {
    entry.brief.map_or_else(|| entry.story.summary.join(" "), |brief| brief.summary.clone())
}

/// Returns who holds the rights: the item's line, else its publisher's.
pub(super) fn rights(entry: &Entry<'_>) -> Option<String> {
    let rights = entry.story.rights.as_deref().or(entry.publisher.rights.as_deref());
    rights.map(|rights| shorten(rights, MAX_RIGHTS_CHARS))
}

/// Returns the others of the same story that are printed.
pub(super) fn printed<'e>(entry: &Entry<'e>) -> &'e [Also] {
    entry.also.get(..MAX_ALSO).unwrap_or(entry.also)
}

/// Returns up to 8 key terms, or the source's own categories where there are none.
fn categories(entry: &Entry<'_>) -> (Vec<String>, bool) {
    let terms = key_terms(entry);
    let from_terms = distinct(terms.iter().map(|term| term.term.as_str()));
    if !from_terms.is_empty() {
        return (from_terms, true);
    }
    (distinct(entry.story.categories.iter().map(String::as_str)), false)
}

/// Returns whether a brief has a key term, which is given in lower case.
pub fn has_term(brief: &Brief, term: &str) -> bool {
    brief.key_terms.iter().any(|known| known.to_lowercase() == term)
}

/// Returns the words without commas, because FreshRSS splits a category there; unique ignoring
/// case, in their order.
fn distinct<'w>(words: impl Iterator<Item = &'w str>) -> Vec<String> {
    let mut known = HashSet::new();
    words
        .map(|word| {
            let spaced = word.replace([',', '،', '、', '，'], " ");
            html::clean_chars(&spaced).split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .filter(|word| !word.is_empty() && known.insert(word.to_lowercase()))
        .take(MAX_CATEGORIES)
        .collect()
}

fn creator(entry: &Entry<'_>) -> Option<String> {
    let names = entry.story.authors.iter().filter_map(|p| p.name.as_ref().or(p.email.as_ref()));
    let line = names.map(|name| html::plain_line(name, false)).collect::<Vec<_>>().join(", ");
    (!line.is_empty()).then_some(line)
}

/// Returns a text of at most `limit` characters, cut at a word, with an ellipsis where cut.
pub fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let head: String = text.chars().take(limit.saturating_sub(1)).collect();
    let at_word = head.rfind(char::is_whitespace).filter(|at| *at > head.len() / 2);
    let cut = at_word.and_then(|at| head.get(..at)).unwrap_or(&head);
    format!("{}…", cut.trim_end())
}

/// Returns whether an address is another than the item's own.
pub(super) fn is_elsewhere(address: &str, link: &str) -> bool {
    CanonicalUrl::parse(address) != CanonicalUrl::parse(link)
}

/// Returns the heading over the categories.
pub(super) fn categories_label(item: &PublishedItem, lang: Option<&str>) -> &'static str {
    let labels = labels(lang);
    if item.categories_are_terms { labels.key_terms } else { labels.categories }
}

/// Returns the entries in the order documents print them: newest date first.
pub(super) fn in_order<'e>(entries: &'e [Entry<'e>]) -> Vec<&'e Entry<'e>> {
    let mut ordered: Vec<&Entry<'_>> = entries
        .iter()
        .filter(|entry| matches!(entry.story.placement, Placement::Shown(_)))
        .collect();
    ordered.sort_by_key(|e| (std::cmp::Reverse(e.story.published), e.story.id));
    ordered
}
