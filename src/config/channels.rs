//! `[[channel]]`: what is published.

use std::collections::{BTreeSet, HashSet};

use super::Place;
use super::filters;
use super::mistake::suggestion;
use super::secret::{secret, unguessable};
use super::table::{Found, Table};
use crate::model::{Body, Channel, ChannelId, DocumentFormat, Only, Selector, Source};

/// Reads all channels; ids, the earlier ones included, are unique, and what they take exists.
pub(super) fn read(tables: Vec<Table<'_, '_>>, place: &Place, sources: &[Source]) -> Vec<Channel> {
    let mut taken = HashSet::new();
    let mut channels = Vec::new();
    for mut table in tables {
        channels.extend(channel(&mut table, place, sources, &mut taken));
        table.finish();
    }
    channels
}

fn channel(
    table: &mut Table<'_, '_>,
    place: &Place,
    sources: &[Source],
    taken: &mut HashSet<String>,
) -> Option<Channel> {
    let id = table
        .required("id", "a name such as `id = \"world\"` is accepted; it is part of the address");
    let id = id.and_then(|found| checked(table, "id", &found, taken));
    let earlier = table.strings("was");
    let was = earlier.iter().filter_map(|found| checked(table, "was", found, taken)).collect();
    let title = table.required("title", "a text such as `title = \"World\"` is accepted");
    let description = table.string("description").map(|found| found.value);
    let language = table.string("language").map(|found| found.value);
    let from = from(table, sources);
    let only = table.choice("only", Only::Any, &[("any", Only::Any), ("stored", Only::Stored)]);
    let filters = filters::read(table);
    let bodies = [
        ("brief", Body::Brief),
        ("brief+original", Body::BriefAndOriginal),
        ("original", Body::Original),
    ];
    let items = table.integer("items", 50, 1..=10_000);
    let body = table.choice("body", Body::Brief, &bodies);
    let full_text = table.boolean("full_text", false);
    let merge_stories = table.boolean("merge_stories", false);
    let formats = formats(table);
    let file = table.string("token_file");
    // A channel that names a token has one, whatever came of reading it.
    let read = |file| secret(table, "token_file", &file, place).unwrap_or_else(unguessable);
    let secret = file.map(read);
    Some(Channel {
        id: id?,
        was,
        title: title?.value,
        description,
        language,
        from,
        only,
        filters,
        items,
        body,
        formats,
        full_text,
        merge_stories,
        token: secret,
    })
}

fn checked(
    table: &Table<'_, '_>,
    key: &str,
    found: &Found<String>,
    taken: &mut HashSet<String>,
) -> Option<ChannelId> {
    match ChannelId::new(found.value.as_str()) {
        Ok(id) => {
            if DocumentFormat::part(id.as_str()).is_some() {
                let text = format!("`{}` ends as the names of documents do", found.value);
                table.wrong(&found.span, key, text, "an id without that ending is accepted");
            }
            if !taken.insert(found.value.clone()) {
                let text = format!("`{}` is already a channel", found.value);
                table.wrong(&found.span, key, text, "each id is accepted once");
            }
            Some(id)
        }
        Err(error) => {
            let text = format!("found \"{}\"", found.value);
            table.wrong(&found.span, key, text, error.to_string());
            None
        }
    }
}

/// Reads `formats`; all of them where the key is not there.
fn formats(table: &mut Table<'_, '_>) -> Vec<DocumentFormat> {
    const ACCEPTED: &str = "\"rss\", \"atom\" and \"json\" are accepted, each once";
    let written = table.strings("formats");
    if !table.has("formats") {
        return DocumentFormat::ALL.to_vec();
    }
    if written.is_empty() {
        table.wrong(&table.span_of("formats"), "formats", "no format", ACCEPTED);
    }
    let mut formats = Vec::new();
    for found in written {
        let format = DocumentFormat::ALL.into_iter().find(|f| f.as_str() == found.value);
        match format.filter(|format| !formats.contains(format)) {
            Some(format) => formats.push(format),
            None => {
                table.wrong(&found.span, "formats", format!("found \"{}\"", found.value), ACCEPTED);
            }
        }
    }
    formats
}

fn from(table: &mut Table<'_, '_>, sources: &[Source]) -> Vec<Selector> {
    let accepted = "ids of sources, \"tag:NAME\", or \"*\" for all sources, are accepted";
    let written = table.strings("from");
    table.require("from", accepted);
    if table.has("from") && written.is_empty() {
        table.wrong(&table.span_of("from"), "from", "nothing to take", accepted);
    }
    let tags: BTreeSet<&str> =
        sources.iter().flat_map(|s| s.tags.iter().map(String::as_str)).collect();
    let mut selectors = Vec::new();
    for found in written {
        let text = found.value.as_str();
        if text == "*" {
            selectors.push(Selector::All);
            continue;
        }
        if let Some(tag) = text.strip_prefix("tag:") {
            if !tags.contains(tag) {
                let near = near(tag, tags.iter().copied(), "the sources have no tags");
                table.wrong(&found.span, "from", format!("no source has the tag `{tag}`"), near);
            }
            selectors.push(Selector::Tag(tag.to_owned()));
            continue;
        }
        let ids = sources.iter().map(|source| source.id.as_str());
        let named = |s: &&Source| s.id.as_str() == text || s.was.iter().any(|w| w.as_str() == text);
        if let Some(source) = sources.iter().find(named) {
            selectors.push(Selector::Source(source.id.clone()));
        } else {
            let near = near(text, ids, accepted);
            table.wrong(&found.span, "from", format!("there is no source `{text}`"), near);
        }
    }
    selectors
}

fn near<'n>(text: &str, names: impl Iterator<Item = &'n str>, otherwise: &str) -> String {
    suggestion(text, names)
        .map_or_else(|| otherwise.to_owned(), |near| format!("did you mean `{near}`?"))
}
