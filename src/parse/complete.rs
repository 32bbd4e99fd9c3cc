//! Drafts turned into the model: what a dialect leaves open is decided here.

use xxhash_rust::xxh3::Xxh3Default;

use super::draft::Draft;
use super::prose::prose;
use crate::model::{Feed, Format, Item, ItemSource, Link, Text};
use crate::text::html;

/// What is known of a document beside its fields.
pub(super) struct Head {
    pub(super) format: Format,
    pub(super) version: String,
    pub(super) encoding: String,
}

/// Returns the feed of a draft, without its warnings.
pub(super) fn feed(draft: Draft, head: Head, items: Vec<Item>) -> Feed {
    let by_rel = |rels: &[&str]| {
        let has = |link: &&Link| link.rel.as_deref().is_some_and(|rel| rels.contains(&rel));
        draft.links.iter().find(has).map(|link| link.href.clone())
    };
    Feed {
        format: head.format,
        version: head.version,
        encoding: head.encoding,
        id: draft.id,
        link: best_alternate(&draft.links),
        language: draft.language,
        icon: draft.icon,
        logo: draft.logo,
        title: draft.title.or(draft.other_title).map(prose),
        description: draft.summary.or(draft.other_summary).map(prose),
        info: draft.info.map(prose),
        rights: draft.rights.map(prose),
        self_link: by_rel(&["self"]),
        hub: by_rel(&["hub"]),
        next: by_rel(&["next"]),
        prev: by_rel(&["prev", "previous"]),
        links: draft.links,
        updated: draft.updated.or(draft.date),
        published: draft.published,
        authors: draft.authors,
        contributors: draft.contributors,
        publisher: draft.publisher,
        categories: draft.categories,
        generator: draft.generator,
        image: draft.image,
        ttl: draft.ttl,
        update_every: draft
            .update_period
            .map(|minutes| (minutes / draft.update_frequency.unwrap_or(1)).max(1)),
        skip_hours: draft.skip_hours,
        skip_days: draft.skip_days,
        explicit: draft.explicit,
        items,
        warnings: Vec::new(),
    }
}

/// Returns the item of a draft.
pub(super) fn item(draft: Draft) -> Item {
    let permalink = draft.id.clone().filter(|id| draft.id_is_permalink == Some(true) && is_web(id));
    let mut item = Item {
        id: draft.id.unwrap_or_default(),
        id_is_permalink: draft.id_is_permalink,
        title: draft.title.or(draft.other_title).map(prose),
        url: best_alternate(&draft.links).or(permalink),
        links: draft.links,
        authors: draft.authors,
        contributors: draft.contributors,
        // `dc:date` is all that many RDF documents say, and they mean the publication.
        published: draft.published.or(draft.date),
        updated: draft.updated.or(draft.date),
        summary: draft.summary.or(draft.other_summary),
        content: draft.content,
        subtitle: draft.subtitle,
        rights: draft.rights,
        categories: draft.categories,
        enclosures: draft.media.enclosures,
        thumbnails: draft.media.thumbnails,
        image: draft.image,
        source: draft.source.map(|draft| Box::new(source(*draft))),
        comments: draft.comments,
        comments_feed: draft.comments_feed,
        language: draft.language,
        explicit: draft.explicit,
        duration: draft.duration,
        ..Item::default()
    };
    identify(&mut item);
    item
}

fn source(draft: Draft) -> ItemSource {
    ItemSource {
        title: draft.title.or(draft.other_title).map(prose),
        url: best_alternate(&draft.links).or_else(|| Some(draft.links.first()?.href.clone())),
        id: draft.id,
        links: draft.links,
        authors: draft.authors,
        contributors: draft.contributors,
        categories: draft.categories,
        updated: draft.updated.or(draft.date),
        description: draft.summary.or(draft.other_summary).map(prose),
        rights: draft.rights.map(prose),
        generator: draft.generator,
        icon: draft.icon,
        logo: draft.logo,
    }
}

/// Gives an item without an id one: its address, else a hash of what it says.
///
/// The hash is of the words and addresses only, so that white space and the order of
/// attributes can change without the item becoming another.
pub(super) fn identify(item: &mut Item) {
    if !item.id.is_empty() {
        return;
    }
    item.id_is_generated = true;
    item.id = item.url.clone().unwrap_or_else(|| format!("xxh3:{:032x}", fingerprint(item)));
}

fn fingerprint(item: &Item) -> u128 {
    let mut hash = Xxh3Default::new();
    let mut feed = |text: &str| {
        for word in text.split_whitespace() {
            hash.update(word.as_bytes());
            hash.update(b" ");
        }
        hash.update(b"\0");
    };
    feed(item.title.as_ref().map_or("", |title| &title.plain));
    for text in item.summary.iter().chain(&item.content) {
        feed(&words(text));
    }
    for enclosure in &item.enclosures {
        feed(&enclosure.url);
    }
    feed(&item.published.map(|date| date.to_rfc3339()).unwrap_or_default());
    hash.digest128()
}

fn words(text: &Text) -> String {
    if text.is_markup() { html::plain(&text.value) } else { text.value.clone() }
}

/// Returns the alternate link that people want: a page on the web, not another format of it.
fn best_alternate(links: &[Link]) -> Option<String> {
    let alternates = || links.iter().filter(|link| link.rel.as_deref() == Some("alternate"));
    let is_page = |link: &&Link| link.mime.as_deref().is_none_or(|mime| mime.contains("html"));
    alternates()
        .find(|link| is_page(link) && is_web(&link.href))
        .or_else(|| alternates().find(|link| is_web(&link.href)))
        .or_else(|| alternates().next())
        .map(|link| link.href.clone())
}

fn is_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(rel: &str, href: &str, mime: Option<&str>) -> Link {
        Link {
            rel: Some(rel.to_owned()),
            href: href.to_owned(),
            mime: mime.map(str::to_owned),
            ..Link::default()
        }
    }

    #[test]
    fn the_best_alternate_is_a_page() {
        let links = [
            link("self", "http://a.example/feed", None),
            link("alternate", "urn:x", None),
            link("alternate", "http://a.example/1.pdf", Some("application/pdf")),
            link("alternate", "http://a.example/1", Some("text/html")),
        ];
        assert_eq!(best_alternate(&links).as_deref(), Some("http://a.example/1"));
        assert_eq!(best_alternate(links.get(..2).unwrap()).as_deref(), Some("urn:x"));
    }

    #[test]
    fn a_generated_id_depends_on_the_words_alone() {
        let item = |value: &str| {
            let mut item = Item {
                summary: Some(Text {
                    mime: "text/html".to_owned(),
                    value: value.to_owned(),
                    ..Text::default()
                }),
                ..Item::default()
            };
            identify(&mut item);
            assert!(item.id_is_generated);
            item.id
        };
        assert_eq!(
            item("<p dir=\"ltr\" lang=\"en\">a  b</p>"),
            item("<p lang=\"en\" dir=\"ltr\">a b</p> ")
        );
        assert_ne!(item("a b"), item("a c"));
    }

    #[test]
    fn a_guid_is_an_address_if_it_says_so() {
        let draft = |permalink| Draft {
            id: Some("http://a.example/1".to_owned()),
            id_is_permalink: Some(permalink),
            ..Draft::default()
        };
        assert_eq!(item(draft(true)).url.as_deref(), Some("http://a.example/1"));
        assert_eq!(item(draft(false)).url, None);
    }
}
