//! RSS 2.0, as feed readers really show it.

use std::collections::BTreeMap;

use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::itunes::ITunesItemExtension;
use rss::extension::{Extension, ExtensionMap};
use xxhash_rust::xxh3::xxh3_128;

use super::item::{in_order, printed};
use super::{Entry, PublishedItem, Rendering, item_body, key_terms, publish_item};
use crate::model::{Enclosure, Origin, Timestamp};
use crate::text::{html, primary};

/// Our own namespace: summary, weighted key terms, origin, match and evidence for programs.
pub const NAMESPACE: &str = "https://briefwire.example/ns/1";

const NAMESPACES: [(&str, &str); 6] = [
    ("atom", "http://www.w3.org/2005/Atom"),
    ("brief", NAMESPACE),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd"),
    ("media", "http://search.yahoo.com/mrss/"),
];

/// Returns a hash of everything a channel says but when it changed.
pub fn fingerprint(rendering: &Rendering<'_>) -> u128 {
    xxh3_128(&rss(&Rendering { changed: Timestamp::default(), ..*rendering }))
}

/// Renders a channel.
pub fn rss(rendering: &Rendering<'_>) -> Vec<u8> {
    let Rendering { channel, entries, site, changed } = *rendering;
    let ordered = in_order(entries);
    let title = html::plain_line(&channel.title, false);
    let home = site.at("");
    let date = rfc822(changed);
    let mut document = rss::Channel {
        title: title.clone(),
        link: home.clone(),
        description: channel.description.clone().unwrap_or_else(|| {
            format!("{title}: news whose items carry a summary, key terms and where they come from")
        }),
        language: channel.language.clone().or_else(|| language(&ordered)),
        pub_date: Some(date.clone()),
        last_build_date: Some(date),
        generator: Some("briefwire".to_owned()),
        ttl: Some(site.ttl.to_string()),
        items: ordered.iter().map(|entry| item(entry, rendering)).collect(),
        namespaces: NAMESPACES.map(|(name, uri)| (name.to_owned(), uri.to_owned())).into(),
        ..rss::Channel::default()
    };
    document.image = site.image.as_ref().map(|url| rss::Image {
        url: url.to_string(),
        title,
        link: home,
        ..rss::Image::default()
    });
    let link = element(
        "atom:link",
        None,
        &[("rel", "self"), ("type", "application/rss+xml"), ("href", &site.feed(channel))],
    );
    extend(&mut document.extensions, link);
    // SECURITY: who subscribes at a hub tells it the address, and that of a secret channel is its key.
    if let Some(hub) = site.hub.as_ref().filter(|_| channel.token.is_none()) {
        let link = element("atom:link", None, &[("rel", "hub"), ("href", hub.as_str())]);
        extend(&mut document.extensions, link);
    }
    document.to_string().into_bytes()
}

/// Returns the language of most items; of two as frequent the first in the alphabet.
fn language(entries: &[&Entry<'_>]) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for lang in entries.iter().filter_map(|entry| entry.story.lang.as_deref()) {
        *counts.entry(primary(lang)).or_default() += 1;
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(lang, _)| lang)
}

fn item(entry: &Entry<'_>, rendering: &Rendering<'_>) -> rss::Item {
    let said = publish_item(entry, rendering.site);
    let body = item_body(entry, &said, rendering.channel.body);
    let story = entry.story;
    let mut item = rss::Item {
        title: Some(html::clean_chars(&said.title).into_owned()),
        link: Some(said.link.clone()),
        description: Some(html::clean_chars(&said.description).into_owned()),
        content: Some(html::clean_chars(&body).into_owned()),
        categories: said.categories.iter().map(category).collect(),
        comments: story.comments.clone(),
        guid: Some(rss::Guid { value: said.guid.clone(), permalink: false }),
        pub_date: Some(rfc822(said.published)),
        source: source(entry),
        enclosure: story.enclosures.first().map(enclosure),
        ..rss::Item::default()
    };
    if let Some(creator) = &said.creator {
        let creators = vec![html::clean_chars(creator).into_owned()];
        item.dublin_core_ext =
            Some(DublinCoreExtension { creators, ..DublinCoreExtension::default() });
    }
    if story.duration.is_some() || (story.image.is_some() && !story.enclosures.is_empty()) {
        item.itunes_ext = Some(ITunesItemExtension {
            duration: story.duration.map(duration),
            image: story.image.clone(),
            ..ITunesItemExtension::default()
        });
    }
    media(entry, &mut item.extensions);
    ours(entry, &said, &mut item.extensions);
    item
}

fn category(term: impl Into<String>) -> rss::Category {
    rss::Category { name: term.into(), domain: None }
}

/// RSS's own attribution; readers show it seldom, so the body names the publisher too.
fn source(entry: &Entry<'_>) -> Option<rss::Source> {
    let url = entry.publisher.feed.clone()?;
    Some(rss::Source { url, title: Some(html::clean_chars(&entry.publisher.name).into_owned()) })
}

/// RSS requires type and length; where the publisher gave none, the ending and 0 say so.
fn enclosure(enclosure: &Enclosure) -> rss::Enclosure {
    rss::Enclosure {
        url: enclosure.url.clone(),
        mime_type: enclosure
            .mime
            .clone()
            .unwrap_or_else(|| guessed_type(&enclosure.url).to_owned()),
        length: enclosure.length.unwrap_or(0).to_string(),
    }
}

fn guessed_type(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    match path.rsplit('.').next().map(str::to_ascii_lowercase).as_deref() {
        Some("mp3") => "audio/mpeg",
        Some("m4a") => "audio/mp4",
        Some("ogg" | "oga" | "opus") => "audio/ogg",
        Some("mp4" | "m4v") => "video/mp4",
        Some("webm") => "video/webm",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("pdf") => "application/pdf",
        _ => "application/octet-stream",
    }
}

/// Carries over the picture, and the enclosures that RSS has no room for.
fn media(entry: &Entry<'_>, extensions: &mut ExtensionMap) {
    for further in entry.story.enclosures.iter().skip(1) {
        let length = further.length.unwrap_or(0).to_string();
        let mime = further.mime.clone().unwrap_or_else(|| guessed_type(&further.url).to_owned());
        let attributes = [("url", further.url.as_str()), ("type", &mime), ("fileSize", &length)];
        extend(extensions, element("media:content", None, &attributes));
    }
    if let Some(thumbnail) = &entry.story.thumbnail {
        let mut attributes = vec![("url", thumbnail.url.as_str())];
        attributes.extend(thumbnail.width.as_deref().map(|width| ("width", width)));
        attributes.extend(thumbnail.height.as_deref().map(|height| ("height", height)));
        extend(extensions, element("media:thumbnail", None, &attributes));
    }
}

fn ours(entry: &Entry<'_>, said: &PublishedItem, extensions: &mut ExtensionMap) {
    let story = entry.story;
    extend(extensions, element("brief:summary", Some(&said.description), &[]));
    for term in key_terms(entry) {
        let weight = format!("{:.2}", term.score);
        extend(extensions, element("brief:term", Some(&term.term), &[("weight", &weight)]));
    }
    let origin = entry.brief.map_or(Origin::Extracted, |brief| brief.origin.clone());
    extend(extensions, element("brief:origin", Some(&origin.to_string()), &[]));
    let score = format!("{:.2}", story.score);
    let mut attributes = vec![("method", story.method.as_str()), ("score", score.as_str())];
    let brief = story.brief.as_ref().map(ToString::to_string);
    attributes.extend(brief.as_deref().map(|id| ("brief", id)));
    let mut matched = element("brief:match", None, &attributes);
    let evidence: Vec<Extension> =
        story.evidence.iter().map(|e| element("brief:evidence", Some(e), &[])).collect();
    if story.brief.is_some() && !evidence.is_empty() {
        matched.children.insert("evidence".to_owned(), evidence);
    }
    extend(extensions, matched);
    for also in printed(entry) {
        let attributes = [("url", also.link.as_str()), ("title", &also.title)];
        extend(extensions, element("brief:also", Some(&also.publisher), &attributes));
    }
}

fn element(name: &str, value: Option<&str>, attributes: &[(&str, &str)]) -> Extension {
    let clean = |text: &str| html::clean_chars(text).into_owned();
    Extension {
        name: name.to_owned(),
        value: value.map(clean),
        attrs: attributes.iter().map(|(name, value)| ((*name).to_owned(), clean(value))).collect(),
        children: BTreeMap::new(),
    }
}

fn extend(extensions: &mut ExtensionMap, element: Extension) {
    let Some((prefix, name)) = element.name.split_once(':') else { return };
    let (prefix, name) = (prefix.to_owned(), name.to_owned());
    extensions.entry(prefix).or_default().entry(name).or_default().push(element);
}

/// Returns a date as RFC 822 has it, with the four-digit year and the numeric zone of RFC 2822.
fn rfc822(at: Timestamp) -> String {
    at.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

fn duration(seconds: u32) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
