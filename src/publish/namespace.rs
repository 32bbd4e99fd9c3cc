//! Elements beyond a format's own: for programs ours, and those of Media RSS.

use std::collections::BTreeMap;

use super::item::{printed, summary};
use super::prepared::Said;
use super::{Entry, key_terms};
use crate::model::{BriefId, Origin};
use crate::text::html::{clean_chars, inert};

/// Our own namespace: summary, weighted key terms, origin, match and evidence for programs.
pub const NAMESPACE: &str = "https://briefwire.example/ns/1";

/// An element, in no format's own types.
pub(super) struct Element {
    /// With its prefix.
    pub(super) name: &'static str,
    pub(super) value: Option<String>,
    pub(super) attributes: Vec<(&'static str, String)>,
    pub(super) children: Vec<Self>,
}

impl Element {
    pub(super) fn new(name: &'static str, value: Option<&str>) -> Self {
        let value = value.map(inert);
        Self { name, value, attributes: Vec::new(), children: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.attributes.push((name, clean_chars(value).into_owned()));
        self
    }

    fn with_some(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// Elements of other namespaces, as `rss` and `atom_syndication` both hold them: by prefix and name.
pub(super) type Extensions<X> = BTreeMap<String, BTreeMap<String, Vec<X>>>;

/// Adds an element, in a crate's own type.
pub(super) fn extend<X>(
    extensions: &mut Extensions<X>,
    element: Element,
    written: fn(Element) -> X,
) {
    let Some((prefix, name)) = element.name.split_once(':') else { return };
    let place = extensions.entry(prefix.to_owned()).or_default();
    place.entry(name.to_owned()).or_default().push(written(element));
}

/// Returns the elements inside of another, by name.
pub(super) fn inside<X>(
    children: Vec<Element>,
    written: fn(Element) -> X,
) -> BTreeMap<String, Vec<X>> {
    let mut by_name: BTreeMap<String, Vec<X>> = BTreeMap::new();
    for child in children {
        let name = child.name.split_once(':').map_or(child.name, |(_, name)| name);
        by_name.entry(name.to_owned()).or_default().push(written(child));
    }
    by_name
}

/// Returns the elements of our own namespace.
pub(super) fn ours(said: &Said<'_>) -> Vec<Element> {
    let (entry, story) = (said.entry, said.entry.story);
    let mut elements = vec![Element::new("brief:summary", Some(&whole_summary(said)))];
    elements.extend(key_terms(entry).iter().map(|term| {
        Element::new("brief:term", Some(&term.term)).with("weight", &format!("{:.2}", term.score))
    }));
    elements.push(Element::new("brief:origin", Some(&origin(entry).to_string())));
    let mut matched = Element::new("brief:match", None)
        .with("method", story.method.as_str())
        .with("score", &format!("{:.2}", story.score))
        .with_some("brief", story.brief.as_ref().map(BriefId::as_str));
    if story.brief.is_some() {
        let evidence = story.evidence.iter();
        matched.children = evidence.map(|e| Element::new("brief:evidence", Some(e))).collect();
    }
    elements.push(matched);
    elements.extend(story.correction.as_ref().map(|correction| {
        let names: Vec<&str> = correction.sections.iter().map(|s| s.as_str()).collect();
        let at = correction.at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        Element::new("brief:correction", Some(&names.join(" "))).with("at", &at)
    }));
    elements.extend(printed(entry).iter().map(|also| {
        Element::new("brief:also", Some(&also.publisher))
            .with("url", &also.link)
            .with("title", &inert(&also.title))
    }));
    elements
}

/// Returns the whole summary, which a preview may have to cut.
pub(super) fn whole_summary(said: &Said<'_>) -> String {
    let summary = summary(said.entry);
    if summary.is_empty() { said.item.description.clone() } else { inert(&summary) }
}

/// Returns where the words of an item's brief come from.
pub(super) fn origin(entry: &Entry<'_>) -> Origin {
    entry.brief.map_or(Origin::Extracted, |brief| brief.origin.clone())
}

/// Returns the item's small picture.
pub(super) fn thumbnail(said: &Said<'_>) -> Option<Element> {
    let thumbnail = said.attached.thumbnail.as_ref()?;
    let element = Element::new("media:thumbnail", None).with("url", &thumbnail.url);
    let element = element.with_some("width", thumbnail.width.as_deref());
    Some(element.with_some("height", thumbnail.height.as_deref()))
}
