//! RSS 2.0, as feed readers really show it.

use rss::extension::Extension;
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::itunes::ITunesItemExtension;

use super::attached::media_type;
use super::namespace::{Element, NAMESPACE, extend, inside, ours, thumbnail};
use super::prepared::{Prepared, Said};
use crate::model::{DocumentFormat, Enclosure, Timestamp};
use crate::text::html::inert;

const NAMESPACES: [(&str, &str); 7] = [
    ("atom", "http://www.w3.org/2005/Atom"),
    ("brief", NAMESPACE),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("fh", "http://purl.org/syndication/history/1.0"),
    ("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd"),
    ("media", "http://search.yahoo.com/mrss/"),
];

/// Renders a document.
pub(super) fn render(prepared: &Prepared<'_>, changed: Timestamp) -> Vec<u8> {
    let (site, place) = (prepared.rendering.site, prepared.rendering.place);
    let date = rfc822(changed);
    let mut document = rss::Channel {
        title: prepared.title.clone(),
        link: prepared.home.clone(),
        description: prepared.description.clone(),
        language: prepared.language.clone(),
        pub_date: Some(date.clone()),
        last_build_date: Some(date),
        generator: Some("briefwire".to_owned()),
        ttl: Some(site.ttl.to_string()),
        items: prepared.items.iter().map(item).collect(),
        namespaces: NAMESPACES.map(|(name, uri)| (name.to_owned(), uri.to_owned())).into(),
        ..rss::Channel::default()
    };
    document.image = site.image.as_ref().map(|url| rss::Image {
        url: url.to_string(),
        title: prepared.title.clone(),
        link: prepared.home.clone(),
        ..rss::Image::default()
    });
    let typed = |relation, address: &str| {
        link(relation, address).with("type", DocumentFormat::Rss.media_type())
    };
    extend(
        &mut document.extensions,
        typed("self", &prepared.address(DocumentFormat::Rss)),
        extension,
    );
    if let Some(hub) = prepared.hub() {
        extend(&mut document.extensions, link("hub", hub), extension);
    }
    for (relation, address) in prepared.archive_links(DocumentFormat::Rss) {
        extend(&mut document.extensions, typed(relation, &address), extension);
    }
    if place.is_archive() {
        extend(&mut document.extensions, Element::new("fh:archive", None), extension);
    }
    document.to_string().into_bytes()
}

pub(super) fn link(relation: &str, address: &str) -> Element {
    Element::new("atom:link", None).with("rel", relation).with("href", address)
}

fn item(said: &Said<'_>) -> rss::Item {
    let (story, attached) = (said.entry.story, &said.attached);
    let category = |name: &String| rss::Category { name: name.clone(), domain: None };
    let mut item = rss::Item {
        title: Some(said.item.title.clone()),
        link: Some(said.item.link.clone()),
        description: Some(said.item.description.clone()),
        content: Some(said.body.clone()),
        categories: said.item.categories.iter().map(category).collect(),
        comments: attached.comments.clone(),
        guid: Some(rss::Guid { value: said.item.guid.clone(), permalink: false }),
        pub_date: Some(rfc822(said.item.published)),
        source: source(said),
        enclosure: attached.enclosures.first().map(enclosure),
        ..rss::Item::default()
    };
    if let Some(creator) = &said.item.creator {
        let creators = vec![creator.clone()];
        item.dublin_core_ext =
            Some(DublinCoreExtension { creators, ..DublinCoreExtension::default() });
    }
    if story.duration.is_some() || (attached.image.is_some() && !attached.enclosures.is_empty()) {
        item.itunes_ext = Some(ITunesItemExtension {
            duration: story.duration.map(duration),
            image: attached.image.clone(),
            ..ITunesItemExtension::default()
        });
    }
    for further in attached.enclosures.iter().skip(1).map(further) {
        extend(&mut item.extensions, further, extension);
    }
    for element in thumbnail(said).into_iter().chain(ours(said)) {
        extend(&mut item.extensions, element, extension);
    }
    item
}

/// RSS's own attribution; readers show it seldom, so the body names the publisher too.
fn source(said: &Said<'_>) -> Option<rss::Source> {
    let publisher = said.entry.publisher;
    let url = publisher.feed.clone()?;
    Some(rss::Source { url, title: Some(inert(&publisher.name)) })
}

/// RSS requires a length; where the publisher gave none, 0 says so.
fn enclosure(enclosure: &Enclosure) -> rss::Enclosure {
    rss::Enclosure {
        url: enclosure.url.clone(),
        mime_type: media_type(enclosure).to_owned(),
        length: enclosure.length.unwrap_or(0).to_string(),
    }
}

/// Returns an enclosure that RSS has no room for.
fn further(enclosure: &Enclosure) -> Element {
    let element = Element::new("media:content", None)
        .with("url", &enclosure.url)
        .with("type", media_type(enclosure));
    match enclosure.length {
        Some(bytes) if bytes > 0 => element.with("fileSize", &bytes.to_string()),
        _ => element,
    }
}

pub(super) fn extension(element: Element) -> Extension {
    let Element { name, value, attributes, children } = element;
    Extension {
        name: name.to_owned(),
        value,
        attrs: attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        children: inside(children, extension),
    }
}

/// Returns a date as RFC 822 has it, with the four-digit year and the numeric zone of RFC 2822.
pub(super) fn rfc822(at: Timestamp) -> String {
    at.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

fn duration(seconds: u32) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
