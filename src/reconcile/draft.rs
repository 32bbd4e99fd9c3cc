//! A parsed item as the story it would be if nothing were known of it.

use std::collections::HashSet;

use xxhash_rust::xxh3::Xxh3;

use crate::model::{
    Feed, Item, ItemId, Method, Person, Placement, SourceId, Story, Text, Timestamp,
};
use crate::text::{html, settle_language};

/// At most this many of each list are kept.
const MAX_LISTED: usize = 32;
const MAX_CATEGORY_CHARS: usize = 120;
const MAX_ADDRESS_BYTES: usize = 4096;

/// A listed item that has not been compared yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// With a minted id, the publisher's date clamped to `now`, and no placement yet.
    pub story: Story,
}

/// Turns the items of a feed into drafts, in document order.
///
/// Each has a guid of its own: where a document repeats one for another address, the address is
/// made part of it; a plain repetition is left out.
pub fn drafts(feed: &Feed, source: &SourceId, now: Timestamp) -> Vec<Draft> {
    let mut taken = HashSet::new();
    let mut seen = HashSet::new();
    let mut drafts = Vec::new();
    for item in &feed.items {
        let mut guid = item.id.trim().to_owned();
        // Some documents list an item twice, as where two sections name it.
        let title = item.title.as_ref().map(|title| title.plain.as_str());
        if !seen.insert((guid.clone(), item.url.as_deref(), title)) {
            continue;
        }
        if !taken.insert(guid.clone()) {
            guid = format!("{guid}\n{}", item.url.as_deref().unwrap_or_default());
            if !taken.insert(guid.clone()) {
                continue;
            }
        }
        drafts.push(Draft { story: story(item, guid, feed, (source, now)) });
    }
    drafts
}

fn story(item: &Item, guid: String, feed: &Feed, (source, now): (&SourceId, Timestamp)) -> Story {
    let (html, lead) = body(item);
    let title = item.title.as_ref().map(|title| title.plain.clone()).unwrap_or_default();
    let published = item.published.or(item.updated).map_or(now, |at| at.min(now));
    let mut story = Story {
        id: ItemId::mint(source, &guid),
        source: source.clone(),
        guid,
        lang: language(item, feed, &title, &html),
        title,
        url: item.url.clone().filter(|url| url.len() <= MAX_ADDRESS_BYTES),
        html,
        lead,
        article: None,
        authors: authors(item, feed),
        categories: categories(item),
        enclosures: item.enclosures.iter().take(MAX_LISTED).cloned().collect(),
        thumbnail: item.thumbnails.first().cloned(),
        image: item.image.as_ref().and_then(|image| image.url.clone()),
        comments: item.comments.clone(),
        rights: item.rights.as_ref().map(plain).filter(|r| !r.is_empty()),
        duration: item.duration,
        updated: item.updated,
        published: whole_seconds(published),
        first_seen: whole_seconds(now),
        changed: whole_seconds(now),
        content: 0,
        placement: Placement::Held,
        correction: None,
        brief: None,
        method: Method::None,
        score: 0.0,
        evidence: Vec::new(),
        summary: Vec::new(),
        key_terms: Vec::new(),
        generated: None,
        asked: None,
        leader: None,
        followers: Vec::new(),
    };
    story.content = content_hash(&story);
    story
}

/// RSS dates have no fractions, and a date must come back from a document as it went in.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

/// Returns the longest content, and the summary where it says something else.
fn body(item: &Item) -> (String, Option<String>) {
    let summary = item.summary.as_ref().map(as_html).filter(|html| !html.is_empty());
    let content = item.content.iter().map(as_html).max_by_key(String::len);
    match (content.filter(|html| !html.is_empty()), summary) {
        (Some(content), Some(summary)) if content == summary => (content, None),
        (Some(content), summary) => (content, summary),
        (None, Some(summary)) => (summary, None),
        (None, None) => {
            let subtitle = item.subtitle.as_ref().map(as_html).unwrap_or_default();
            (subtitle, None)
        }
    }
}

fn as_html(text: &Text) -> String {
    if text.is_markup() {
        return text.value.trim().to_owned();
    }
    let paragraphs = text.value.split("\n\n").map(str::trim).filter(|p| !p.is_empty());
    paragraphs.map(|p| format!("<p>{}</p>", html::escape(p))).collect::<Vec<_>>().join("\n")
}

fn plain(text: &Text) -> String {
    html::plain_line(&text.value, text.is_markup())
}

/// Returns what the text shows, else what the publisher says.
///
/// Publishing systems say `en-us` of anything, so a text that shows another language wins.
fn language(item: &Item, feed: &Feed, title: &str, html: &str) -> Option<String> {
    let said = item.language.clone().or_else(|| feed.language.clone()).filter(|l| !l.is_empty());
    settle_language(said.as_deref(), title, &html::plain(html))
}

fn authors(item: &Item, feed: &Feed) -> Vec<Person> {
    let list = if item.authors.is_empty() { &feed.authors } else { &item.authors };
    list.iter()
        .filter(|p| p.name.is_some() || p.email.is_some())
        .take(MAX_LISTED)
        .cloned()
        .collect()
}

fn categories(item: &Item) -> Vec<String> {
    let mut known = HashSet::new();
    let words = item.categories.iter().filter_map(|c| c.label.as_ref().or(c.term.as_ref()));
    words
        .map(|word| html::plain_line(word, false))
        .filter(|word| !word.is_empty() && word.chars().count() <= MAX_CATEGORY_CHARS)
        .filter(|word| known.insert(word.to_lowercase()))
        .take(MAX_LISTED)
        .collect()
}

/// Returns a hash of everything the publisher said of an item, dates of ours left out.
fn content_hash(story: &Story) -> u128 {
    let mut hash = Xxh3::new();
    let mut add = |text: &str| {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    add(&story.title);
    add(&story.html);
    for text in [&story.url, &story.lead, &story.lang, &story.image, &story.comments, &story.rights]
    {
        add(text.as_deref().unwrap_or("\0"));
    }
    for person in &story.authors {
        add(person.name.as_deref().unwrap_or("\0"));
        add(person.email.as_deref().unwrap_or("\0"));
    }
    for category in &story.categories {
        add(category);
    }
    for enclosure in &story.enclosures {
        add(&enclosure.url);
        add(enclosure.mime.as_deref().unwrap_or("\0"));
        add(&enclosure.length.unwrap_or_default().to_string());
    }
    add(story.thumbnail.as_ref().map_or("\0", |thumbnail| &thumbnail.url));
    add(&story.duration.unwrap_or_default().to_string());
    hash.digest128()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Format, Prose};
    use crate::reconcile::{Seen, Verdict, compare, is_same_under_another_guid};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn item(id: &str, title: &str) -> Item {
        let detail =
            Text { mime: "text/plain".to_owned(), value: title.to_owned(), ..Text::default() };
        Item {
            id: id.to_owned(),
            title: Some(Prose { plain: title.to_owned(), detail }),
            url: Some(format!("https://example.org/{id}")),
            published: Some(at("2026-11-20T08:00:00Z")),
            ..Item::default()
        }
    }

    fn feed(items: Vec<Item>) -> Feed {
        Feed { items, ..Feed::new(Format::Rss) }
    }

    fn drafts_of(items: Vec<Item>) -> Vec<Draft> {
        let source = SourceId::new("s").unwrap();
        drafts(&feed(items), &source, at("2026-11-23T10:00:00.750Z"))
    }

    fn draft(item: Item) -> Draft {
        drafts_of(vec![item]).remove(0)
    }

    #[test]
    fn dates_are_the_publishers_and_never_in_the_future() {
        assert_eq!(draft(item("1", "a")).story.published, at("2026-11-20T08:00:00Z"));
        let mut future = item("1", "a");
        future.published = Some(at("2030-01-01T00:00:00Z"));
        assert_eq!(draft(future).story.published, at("2026-11-23T10:00:00Z"));
        let mut none = item("1", "a");
        none.published = None;
        assert_eq!(draft(none).story.published, at("2026-11-23T10:00:00Z"));
    }

    #[test]
    fn a_repeated_guid_is_told_apart_by_its_address() {
        let mut other = item("1", "b");
        other.url = Some("https://example.org/other".to_owned());
        let guids: Vec<String> =
            drafts_of(vec![item("1", "a"), item("1", "a"), other.clone(), other])
                .into_iter()
                .map(|draft| draft.story.guid)
                .collect();
        assert_eq!(guids, ["1", "1\nhttps://example.org/other"]);
    }

    #[test]
    fn the_same_item_is_unchanged_and_an_edited_one_keeps_its_identity() {
        let mut known = draft(item("1", "Old title")).story;
        known.published = at("2026-11-01T00:00:00Z");
        known.placement = Placement::Shown(at("2026-11-02T00:00:00Z"));
        (known.leader, known.followers) = (Some(ItemId(8)), vec![ItemId(9)]);
        let seen = Seen {
            id: known.id,
            published: known.published,
            first_seen: known.first_seen,
            story: Some(&known),
        };
        assert_eq!(compare(draft(item("1", "Old title")), Some(&seen)), Verdict::Unchanged);
        let Verdict::Changed(story) = compare(draft(item("1", "New title")), Some(&seen)) else {
            panic!("the title differs");
        };
        assert_eq!((story.id, story.published), (known.id, known.published));
        assert_eq!(story.placement, known.placement);
        assert_eq!((story.leader, &story.followers), (known.leader, &known.followers));
        assert_eq!(story.title, "New title");
    }

    #[test]
    fn a_forgotten_item_comes_back_with_its_old_date() {
        let earlier = at("2026-01-01T00:00:00Z");
        let id = ItemId(7);
        let seen = Seen { id, published: earlier, first_seen: earlier, story: None };
        let Verdict::New(story) = compare(draft(item("1", "a")), Some(&seen)) else {
            panic!("it is not stored");
        };
        assert_eq!((story.id, story.published), (id, earlier));
    }

    #[test]
    fn another_guid_for_the_same_headline_and_address_is_the_same_item() {
        let known = draft(item("old", "A  Title")).story;
        let renamed = draft(item("new", "a title"));
        assert!(is_same_under_another_guid(&renamed, &known, &["new".to_owned()]));
        assert!(!is_same_under_another_guid(&renamed, &known, &["old".to_owned()]));
        let other = draft(item("new", "Another title"));
        assert!(!is_same_under_another_guid(&other, &known, &[]));
    }

    #[test]
    fn the_text_shows_the_language_where_the_feed_is_wrong() {
        let mut german = item(
            "1",
            "Der Stadtrat hat am Donnerstag beschlossen, die alte Hafenmauer noch vor dem Winter zu erneuern",
        );
        german.language = Some("en-us".to_owned());
        assert_eq!(draft(german).story.lang.as_deref(), Some("de"));
        let mut short = item("1", "Oslo");
        short.language = Some("nb-NO".to_owned());
        assert_eq!(draft(short).story.lang.as_deref(), Some("nb-NO"));
    }
}
