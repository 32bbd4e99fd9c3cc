//! What documents of every format say, worked out once for all of them.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_128;

use super::attached::{Attached, attached};
use super::item::in_order;
use super::{Entry, Place, PublishedItem, Rendering, atom, item_body, json, publish_item, rss};
use crate::model::{DocumentFormat, Timestamp};
use crate::text::{html, primary};

/// A document in which only format and date are open.
pub struct Prepared<'r> {
    pub(super) rendering: Rendering<'r>,
    /// Plain text.
    pub(super) title: String,
    /// Plain text.
    pub(super) description: String,
    pub(super) language: Option<String>,
    /// The start page.
    pub(super) home: String,
    /// In the order documents print them.
    pub(super) items: Vec<Said<'r>>,
}

/// What is said of one item.
pub(super) struct Said<'r> {
    pub(super) entry: &'r Entry<'r>,
    pub(super) item: PublishedItem,
    pub(super) attached: Attached,
    /// HTML.
    pub(super) body: String,
}

impl Said<'_> {
    /// Returns the language of what is said: the brief's, else the item's.
    pub(super) fn lang(&self) -> Option<&str> {
        let of_brief = self.entry.brief.and_then(|brief| brief.lang.as_deref());
        of_brief.or(self.entry.story.lang.as_deref())
    }
}

impl<'r> Prepared<'r> {
    /// Works out what is said.
    pub fn new(rendering: Rendering<'r>) -> Self {
        let Rendering { channel, place, entries, site } = rendering;
        let ordered = in_order(entries);
        let language = channel.language.clone().or_else(|| language(&ordered));
        let items = ordered.into_iter().map(|entry| {
            let item = publish_item(entry, site);
            let body = item_body(entry, &item, channel.body);
            let (attached, body) = (attached(entry.story), html::clean_chars(&body).into_owned());
            Said { entry, item: clean(item), attached, body }
        });
        let line = |text: &str| html::inert(&html::plain_line(text, false));
        let name = line(&channel.title);
        let title = match place.title() {
            Some(further) => format!("{name}: {}", line(further)),
            None => name.clone(),
        };
        let description = channel.description.as_deref().map(line);
        let description = description.unwrap_or_else(|| {
            format!("{name}: news whose items carry a summary, key terms and where they come from")
        });
        Self { items: items.collect(), rendering, title, description, language, home: site.at("") }
    }

    /// Returns when an item of it last changed.
    pub fn updated(&self) -> Option<Timestamp> {
        self.items.iter().map(|said| said.item.updated).max()
    }

    /// Renders it in a format, as changed at that time.
    pub fn render(&self, format: DocumentFormat, changed: Timestamp) -> Vec<u8> {
        match format {
            DocumentFormat::Rss => rss::render(self, changed),
            DocumentFormat::Atom => atom::render(self, changed),
            DocumentFormat::Json => json::render(self, changed),
        }
    }

    /// Returns a hash of everything it says but when it changed.
    pub fn fingerprint(&self) -> u128 {
        // All formats say the same.
        xxh3_128(&self.render(self.rendering.channel.main_format(), Timestamp::default()))
    }

    /// Returns its own address in a format.
    pub(super) fn address(&self, format: DocumentFormat) -> String {
        let Rendering { channel, place, site, .. } = self.rendering;
        place.address(site, channel, format)
    }

    /// Returns what of the archive it names, each with its relation (RFC 5005 section 4).
    pub(super) fn archive_links(&self, format: DocumentFormat) -> Vec<(&'static str, String)> {
        let Rendering { channel, place, site, .. } = self.rendering;
        let mut links = Vec::new();
        if place.is_archive() {
            links.push(("current", Place::Current { earlier: None }));
        }
        links.extend(place.earlier().map(|earlier| ("prev-archive", earlier)));
        let address = |place: Place<'_>| place.address(site, channel, format);
        links.into_iter().map(|(relation, place)| (relation, address(place))).collect()
    }

    /// Returns the hub that is told of changes; of a secret channel none is.
    pub(super) fn hub(&self) -> Option<&'r str> {
        let Rendering { channel, place, site, .. } = self.rendering;
        let is_told = channel.token.is_none() && matches!(place, Place::Current { .. });
        site.hub.as_ref().filter(|_| is_told).map(url::Url::as_str)
    }
}

/// Removes what no document may hold.
fn clean(mut item: PublishedItem) -> PublishedItem {
    let lines = [&mut item.title, &mut item.description].into_iter().chain(&mut item.creator);
    for text in lines.chain(&mut item.categories) {
        *text = html::inert(text);
    }
    item
}

/// Returns the language of most items; of two as frequent the first in the alphabet.
fn language(entries: &[&Entry<'_>]) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for lang in entries.iter().filter_map(|entry| entry.story.lang.as_deref()) {
        *counts.entry(primary(lang)).or_default() += 1;
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(lang, _)| lang)
}
