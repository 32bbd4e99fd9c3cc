//! Atom 1.0 (RFC 4287): what the RSS document says, with a date that moves when an item changes.

use atom_syndication::extension::Extension;
use atom_syndication::{
    Category, Content, Entry, Feed, FixedDateTime, Generator, Link, Person, Source, Text,
};

use super::attached::media_type;
use super::item::rights;
use super::namespace::{Element, NAMESPACE, extend, inside, ours, thumbnail};
use super::prepared::{Prepared, Said};
use crate::model::{DocumentFormat, Enclosure, Timestamp};
use crate::text::html::{escape, inert};

const NAMESPACES: [(&str, &str); 3] = [
    ("brief", NAMESPACE),
    ("fh", "http://purl.org/syndication/history/1.0"),
    ("media", "http://search.yahoo.com/mrss/"),
];

/// Renders a document.
pub(super) fn render(prepared: &Prepared<'_>, changed: Timestamp) -> Vec<u8> {
    let rendering = &prepared.rendering;
    let (site, place) = (rendering.site, rendering.place);
    let mime = DocumentFormat::Atom.media_type();
    let mut links = vec![
        link("self", &prepared.address(DocumentFormat::Atom), Some(mime)),
        link("alternate", &prepared.home, Some("text/html")),
    ];
    links.extend(prepared.hub().map(|hub| link("hub", hub, None)));
    for (relation, address) in prepared.archive_links(DocumentFormat::Atom) {
        links.push(link(relation, &address, Some(mime)));
    }
    let mut feed = Feed {
        title: Text::plain(prepared.title.clone()),
        id: site.tag(&place.id(rendering.channel)),
        updated: date(changed),
        // RFC 4287 4.1.1 wants an author wherever an entry has none.
        authors: vec![person(&prepared.title)],
        generator: Some(Generator { value: "briefwire".to_owned(), ..Generator::default() }),
        icon: site.image.as_ref().map(ToString::to_string),
        links,
        subtitle: Some(Text::plain(prepared.description.clone())),
        entries: prepared.items.iter().map(entry).collect(),
        namespaces: NAMESPACES.map(|(name, uri)| (name.to_owned(), uri.to_owned())).into(),
        lang: prepared.language.clone(),
        ..Feed::default()
    };
    if place.is_archive() {
        extend(&mut feed.extensions, Element::new("fh:archive", None), extension);
    }
    feed.write_to(Vec::new()).expect("writing into memory does not fail")
}

fn entry(said: &Said<'_>) -> Entry {
    let item = &said.item;
    let category = |term: &String| Category { term: term.clone(), ..Category::default() };
    let mut links = vec![link("alternate", &item.link, Some("text/html"))];
    links.extend(
        said.attached.comments.as_deref().map(|url| link("replies", url, Some("text/html"))),
    );
    links.extend(said.attached.enclosures.iter().map(enclosure));
    let mut entry = Entry {
        title: Text::plain(item.title.clone()),
        id: item.guid.clone(),
        updated: date(item.updated),
        authors: item.creator.iter().map(|name| person(name)).collect(),
        categories: item.categories.iter().map(category).collect(),
        links,
        published: Some(date(item.published)),
        rights: rights(said.entry).map(|line| Text::plain(inert(&line))),
        source: source(said),
        summary: Some(Text::plain(item.description.clone())),
        content: Some(Content {
            lang: said.lang().map(str::to_owned),
            value: Some(said.body.clone()),
            content_type: Some("html".to_owned()),
            ..Content::default()
        }),
        ..Entry::default()
    };
    for element in thumbnail(said).into_iter().chain(ours(said)) {
        extend(&mut entry.extensions, element, extension);
    }
    entry
}

/// Returns the feed that an entry comes from (RFC 4287 4.2.11); its author speaks for an entry
/// that names none.
fn source(said: &Said<'_>) -> Option<Source> {
    let publisher = said.entry.publisher;
    let id = publisher.feed.clone()?;
    let name = inert(&publisher.name);
    let site = publisher.link.as_deref().map(|url| link("alternate", url, Some("text/html")));
    Some(Source {
        title: Text::plain(name.clone()),
        // In canonical form, as validators ask (RFC 4287 4.2.6.1).
        id: url::Url::parse(&id).map_or(id, String::from),
        // When the feed changed is not ours to say; the item was in it by then.
        updated: date(said.item.published),
        authors: vec![person(&name)],
        links: site.into_iter().collect(),
        ..Source::default()
    })
}

fn enclosure(enclosure: &Enclosure) -> Link {
    Link {
        length: enclosure.length.map(|length| length.to_string()),
        title: enclosure.title.clone(),
        ..link("enclosure", &enclosure.url, Some(media_type(enclosure)))
    }
}

fn link(relation: &str, address: &str, mime: Option<&str>) -> Link {
    Link {
        href: address.to_owned(),
        rel: relation.to_owned(),
        mime_type: mime.map(str::to_owned),
        ..Link::default()
    }
}

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), ..Person::default() }
}

fn date(at: Timestamp) -> FixedDateTime {
    at.fixed_offset()
}

fn extension(element: Element) -> Extension {
    let Element { name, value, attributes, children } = element;
    Extension {
        name: name.to_owned(),
        value,
        attrs: attributes.into_iter().map(attribute).collect(),
        children: inside(children, extension),
    }
}

/// SECURITY: of extensions `atom_syndication` writes the values of attributes as they are, so a
/// quotation mark would end one, and `&` or `<` would make the document no XML.
fn attribute((name, value): (&str, String)) -> (String, String) {
    (name.to_owned(), escape(&value))
}
