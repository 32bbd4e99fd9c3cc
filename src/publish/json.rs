//! JSON Feed 1.1 (<https://www.jsonfeed.org/version/1.1/>): what the RSS document says.

use serde::Serialize;

use super::attached::media_type;
use super::item::{printed, rights};
use super::key_terms;
use super::namespace::{NAMESPACE, origin, whole_summary};
use super::prepared::{Prepared, Said};
use crate::model::{DocumentFormat, Enclosure, Timestamp};
use crate::text::html::inert;

const VERSION: &str = "https://jsonfeed.org/version/1.1";

#[derive(Serialize)]
struct Document<'f> {
    version: &'static str,
    title: &'f str,
    home_page_url: &'f str,
    feed_url: String,
    description: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'f str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub<'f>>,
    _briefwire: Build,
    items: Vec<Item<'f>>,
}

#[derive(Serialize)]
struct Hub<'f> {
    r#type: &'static str,
    url: &'f str,
}

/// The dates and the mark of an archive, which JSON Feed has no place for.
#[derive(Serialize)]
struct Build {
    about: &'static str,
    updated: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    archive: bool,
}

#[derive(Serialize)]
struct Item<'f> {
    id: &'f str,
    url: &'f str,
    title: &'f str,
    content_html: &'f str,
    summary: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'f str>,
    date_published: String,
    date_modified: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'f>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'f [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'f str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment<'f>>,
    _briefwire: Ours<'f>,
}

#[derive(Serialize)]
struct Author<'f> {
    name: &'f str,
}

#[derive(Serialize)]
struct Attachment<'f> {
    url: &'f str,
    mime_type: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_in_seconds: Option<u32>,
}

/// What our namespace says in XML.
#[derive(Serialize)]
struct Ours<'f> {
    about: &'static str,
    /// Where the item's own is cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    terms: Vec<Term>,
    origin: String,
    r#match: Match<'f>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correction: Option<Corrected>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<Also<'f>>,
    source: Source<'f>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comments: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rights: Option<String>,
}

#[derive(Serialize)]
struct Term {
    term: String,
    /// Two decimals, as in XML.
    weight: Box<serde_json::value::RawValue>,
}

#[derive(Serialize)]
struct Match<'f> {
    method: &'static str,
    score: Box<serde_json::value::RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brief: Option<&'f str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
}

#[derive(Serialize)]
struct Corrected {
    at: String,
    sections: Vec<&'static str>,
}

#[derive(Serialize)]
struct Also<'f> {
    publisher: String,
    url: &'f str,
    title: String,
}

#[derive(Serialize)]
struct Source<'f> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_url: Option<&'f str>,
}

/// Renders a document.
pub(super) fn render(prepared: &Prepared<'_>, changed: Timestamp) -> Vec<u8> {
    let links = prepared.archive_links(DocumentFormat::Json);
    let earlier = links.into_iter().find(|(relation, _)| *relation == "prev-archive");
    let hubs = prepared.hub().map(|url| Hub { r#type: "WebSub", url });
    let feed = Document {
        version: VERSION,
        title: &prepared.title,
        home_page_url: &prepared.home,
        feed_url: prepared.address(DocumentFormat::Json),
        description: &prepared.description,
        next_url: earlier.map(|(_, address)| address),
        icon: prepared.rendering.site.image.as_ref().map(ToString::to_string),
        language: prepared.language.as_deref(),
        hubs: hubs.into_iter().collect(),
        _briefwire: Build {
            about: NAMESPACE,
            updated: date(changed),
            archive: prepared.rendering.place.is_archive(),
        },
        items: prepared.items.iter().map(item).collect(),
    };
    let mut text = serde_json::to_vec_pretty(&feed).expect("strings and numbers become JSON");
    text.push(b'\n');
    text
}

fn item<'f>(said: &'f Said<'_>) -> Item<'f> {
    let (story, published) = (said.entry.story, &said.item);
    let attached = &said.attached;
    let thumbnail = attached.thumbnail.as_ref().map(|thumbnail| thumbnail.url.as_str());
    let duration = story.duration;
    Item {
        id: &published.guid,
        url: &published.link,
        title: &published.title,
        content_html: &said.body,
        summary: &published.description,
        image: attached.image.as_deref().or(thumbnail),
        date_published: date(published.published),
        date_modified: date(published.updated),
        authors: published.creator.iter().map(|name| Author { name }).collect(),
        tags: &published.categories,
        language: said.lang(),
        attachments: attached.enclosures.iter().map(|e| attachment(e, duration)).collect(),
        _briefwire: ours(said),
    }
}

fn attachment(enclosure: &Enclosure, duration: Option<u32>) -> Attachment<'_> {
    let mime_type = media_type(enclosure);
    let plays = mime_type.starts_with("audio/") || mime_type.starts_with("video/");
    Attachment {
        url: &enclosure.url,
        mime_type,
        title: enclosure.title.as_deref(),
        size_in_bytes: enclosure.length,
        duration_in_seconds: duration.filter(|_| plays),
    }
}

fn ours<'f>(said: &'f Said<'_>) -> Ours<'f> {
    let (entry, story) = (said.entry, said.entry.story);
    let brief = story.brief.as_ref().map(crate::model::BriefId::as_str);
    let terms = key_terms(entry);
    let also = printed(entry).iter();
    Ours {
        about: NAMESPACE,
        summary: Some(whole_summary(said))
            .filter(|whole| whole.len() > said.item.description.len()),
        terms: terms
            .into_iter()
            .map(|term| Term { term: inert(&term.term), weight: decimal(term.score) })
            .collect(),
        origin: origin(entry).to_string(),
        r#match: Match {
            method: story.method.as_str(),
            score: decimal(story.score),
            evidence: brief
                .map(|_| story.evidence.iter().map(|e| inert(e)).collect())
                .unwrap_or_default(),
            brief,
        },
        correction: story.correction.as_ref().map(|correction| Corrected {
            at: date(correction.at),
            sections: correction.sections.iter().map(|section| section.as_str()).collect(),
        }),
        also: also
            .map(|also| Also {
                publisher: inert(&also.publisher),
                url: &also.link,
                title: inert(&also.title),
            })
            .collect(),
        source: Source {
            name: inert(&entry.publisher.name),
            url: entry.publisher.link.as_deref(),
            feed_url: entry.publisher.feed.as_deref(),
        },
        comments: said.attached.comments.as_deref(),
        rights: rights(entry).map(|line| inert(&line)),
    }
}

/// Returns a number with two decimals, the same on every platform.
fn decimal(number: f64) -> Box<serde_json::value::RawValue> {
    let text = if number.is_finite() { format!("{number:.2}") } else { "0.00".to_owned() };
    serde_json::value::RawValue::from_string(text).expect("a decimal number is JSON")
}

fn date(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
