//! A document of any dialect: the same feed each time, within the limits, and safe.

use briefwire::model::{Feed, Item, Prose, Text};
use briefwire::parse::{Document, parse};
use briefwire::text::html::{self, List};
use chrono::FixedOffset;
use url::Url;

use super::markup::assert_safe;

/// The README's limits.
const MAX_ITEMS: usize = 1_000;
const MAX_TITLE_BYTES: usize = 2 * 1024;
const MAX_CONTENT_BYTES: usize = 256 * 1024;

const CONTENT_TYPES: [Option<&str>; 8] = [
    None,
    Some("application/rss+xml"),
    Some("text/xml"),
    Some("text/xml; charset=iso-8859-1"),
    Some("application/xml; charset=utf-16"),
    Some("text/html; charset=shift_jis"),
    Some("application/feed+json"),
    Some("text/plain; charset=windows-1252"),
];

/// Checks a document of XML, and whatever the fuzzer makes of it.
pub(crate) fn parse_xml(input: &[u8]) {
    check(input);
}

/// Checks a document of JSON, and whatever the fuzzer makes of it.
pub(crate) fn parse_json(input: &[u8]) {
    check(input);
}

/// The first byte says what is known from outside. From `@` on its lowest bits choose, and the
/// document follows; below, the rest of the line is the content type.
fn check(input: &[u8]) {
    let Some((settings, rest)) = input.split_first() else { return };
    let has = |bit: u8| settings & bit != 0;
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (line, below) = rest.split_at(end);
    let line = String::from_utf8_lossy(line);
    let (content_type, bytes) = if has(64) {
        (CONTENT_TYPES.get(usize::from(settings & 7)).copied().flatten(), rest)
    } else {
        (Some(line.as_ref()), below.get(1..).unwrap_or_default())
    };
    let url = Url::parse("https://a.example/b/feed.xml?c#d").expect("an address");
    let document = Document {
        bytes,
        content_type,
        url: has(8).then_some(&url),
        language: has(16).then_some("de-AT"),
        assume_timezone: if has(32) { FixedOffset::east_opt(19_800) } else { None },
    };
    let first = parse(&document);
    assert_eq!(parse(&document), first, "the same bytes give the same feed");
    match first {
        Ok(feed) => check_feed(&feed),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn check_feed(feed: &Feed) {
    assert!(feed.items.len() <= MAX_ITEMS, "{} items", feed.items.len());
    assert!(feed.skip_hours.iter().all(|hour| *hour < 24), "{:?}", feed.skip_hours);
    assert!(feed.update_every != Some(0), "a feed that is due always");
    check_title(feed.title.as_ref());
    for prose in [&feed.description, &feed.info, &feed.rights].into_iter().flatten() {
        check_prose(prose);
    }
    let texts = [
        &feed.id,
        &feed.link,
        &feed.language,
        &feed.icon,
        &feed.logo,
        &feed.self_link,
        &feed.hub,
        &feed.next,
        &feed.prev,
    ];
    check_present(&texts);
    for item in &feed.items {
        check_item(item);
    }
    for warning in &feed.warnings {
        assert!(!warning.code.is_empty());
    }
}

fn check_item(item: &Item) {
    assert!(!item.id.is_empty(), "an item without an id");
    check_title(item.title.as_ref());
    let texts = [&item.summary, &item.subtitle, &item.rights].into_iter().flatten();
    for text in texts.chain(&item.content) {
        check_text(text);
    }
    if let Some(source) = &item.source {
        check_title(source.title.as_ref());
        for prose in [&source.description, &source.rights].into_iter().flatten() {
            check_prose(prose);
        }
        check_present(&[&source.url, &source.id, &source.icon, &source.logo]);
    }
    check_present(&[&item.url, &item.comments, &item.comments_feed, &item.language]);
    assert!(item.links.iter().all(|link| !link.href.is_empty()), "{:?}", item.links);
    assert!(item.enclosures.iter().all(|file| !file.url.is_empty()), "{:?}", item.enclosures);
}

/// Absent means unknown (`model::feed`): no field is empty for want of a value.
#[track_caller]
fn check_present(fields: &[&Option<String>]) {
    assert!(fields.iter().all(|field| field.as_deref() != Some("")), "{fields:?}");
}

#[track_caller]
fn check_title(title: Option<&Prose>) {
    let Some(title) = title else { return };
    let bytes = title.detail.value.len();
    assert!(bytes <= MAX_TITLE_BYTES, "a title of {bytes} bytes");
    check_prose(title);
}

#[track_caller]
fn check_prose(prose: &Prose) {
    check_text(&prose.detail);
    let plain = &prose.plain;
    assert!(plain.len() <= MAX_CONTENT_BYTES, "{} bytes of plain text", plain.len());
    let collapsed: Vec<&str> = plain.split_whitespace().collect();
    assert_eq!(collapsed.join(" "), *plain, "white space is collapsed");
    assert_eq!(html::clean_chars(plain), *plain, "characters are clean");
}

#[track_caller]
fn check_text(text: &Text) {
    let value = &text.value;
    assert!(value.len() <= MAX_CONTENT_BYTES, "{} bytes of text", value.len());
    assert_eq!(html::clean_chars(value), *value, "characters are clean");
    if text.is_markup() {
        assert_eq!(html::sanitise(value, List::Display, None), *value, "markup is sanitised");
        assert_safe(value);
    }
}
