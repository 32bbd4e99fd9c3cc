//! `[[source]]`: what is polled.

use std::collections::HashMap;
use std::time::Duration;

use url::Url;

use super::Place;
use super::access::access;
use super::filters;
use super::table::{Found, Table};
use super::value;
use crate::model::{Address, First, Source, SourceId};

/// Pages of an archive that a first poll may read.
const MAX_BACKFILL: u32 = 100;

/// Reads all sources; ids, the earlier ones included, are unique.
pub(super) fn read(tables: Vec<Table<'_, '_>>, place: &Place) -> Vec<Source> {
    let mut taken: HashMap<String, &'static str> = HashMap::new();
    let mut sources = Vec::new();
    for mut table in tables {
        sources.extend(source(&mut table, place, &mut taken));
        table.finish();
    }
    sources
}

fn source(
    table: &mut Table<'_, '_>,
    place: &Place,
    taken: &mut HashMap<String, &'static str>,
) -> Option<Source> {
    let id = id(table, taken);
    let address = address(table, place);
    let was = was(table, taken);
    let month = Duration::from_hours(31 * 24);
    let second = Duration::from_secs(1);
    let every = table.duration_if_given("every", second..=month);
    let title = table.string("title").map(|found| found.value);
    let tags = table.strings("tags").into_iter().map(|tag| tag.value).collect();
    let private = table.boolean("private", false);
    let zone = table.parsed(
        "assume_timezone",
        "an offset such as \"+01:00\", or \"UTC\", is accepted",
        value::zone,
    );
    let allow_private = table.boolean("allow_private", false);
    let first = first(table);
    let backfill = table.integer("backfill", 0, 0..=MAX_BACKFILL);
    let full_text = table.boolean("full_text", false);
    let access = access(table, place);
    let filters = filters::read(table);
    Some(Source {
        id: id?,
        address: address?,
        was,
        every,
        title,
        tags,
        private,
        assume_timezone: zone.map(|found| found.value),
        allow_private,
        first,
        backfill,
        full_text,
        access,
        filters,
    })
}

fn id(table: &mut Table<'_, '_>, taken: &mut HashMap<String, &'static str>) -> Option<SourceId> {
    let accepted = "a name such as `id = \"bbc-world\"` is accepted";
    let found = table.required("id", accepted)?;
    checked(table, "id", &found, taken, "a source")
}

fn was(table: &mut Table<'_, '_>, taken: &mut HashMap<String, &'static str>) -> Vec<SourceId> {
    let earlier = table.strings("was");
    earlier
        .iter()
        .filter_map(|found| checked(table, "was", found, taken, "an earlier id of a source"))
        .collect()
}

fn checked(
    table: &Table<'_, '_>,
    key: &str,
    found: &Found<String>,
    taken: &mut HashMap<String, &'static str>,
    what: &'static str,
) -> Option<SourceId> {
    match SourceId::new(found.value.as_str()) {
        Ok(id) => {
            if let Some(other) = taken.insert(found.value.clone(), what) {
                let text = format!("`{}` is already {other}", found.value);
                let accepted = match key {
                    "was" => "an id that no source has now is accepted",
                    _ => "each id is accepted once",
                };
                table.wrong(&found.span, key, text, accepted);
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

fn address(table: &mut Table<'_, '_>, place: &Place) -> Option<Address> {
    let accepted = "an http or https address, or \"file:PATH\", is accepted";
    if let Some(found) = table.string("url").filter(|found| has_login(&found.value)) {
        // SECURITY: the address is not repeated; it holds a password.
        let accepted = "an address without a login is accepted; `auth` names the file of a login";
        table.wrong(&found.span, "url", "a login in the address", accepted);
        return None;
    }
    let found = table.parsed("url", accepted, |text| read_address(text, place));
    table.require("url", accepted);
    found.map(|found| found.value)
}

fn has_login(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
}

fn read_address(text: &str, place: &Place) -> Option<Address> {
    if let Some(path) = text.strip_prefix("file:") {
        if let Some(rest) = path.strip_prefix("//") {
            let url = Url::parse(text).ok()?;
            return url.to_file_path().ok().filter(|_| rest.len() > 1).map(Address::File);
        }
        return (!path.is_empty()).then(|| Address::File(place.path(path)));
    }
    let url = Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
    web.then_some(Address::Http(url))
}

fn first(table: &mut Table<'_, '_>) -> First {
    let Some(found) = table.number_or_word("first") else { return First::default() };
    match found.value {
        Ok(count) => First::Count(count),
        Err(word) if word == "all" => First::All,
        Err(word) => {
            let text = if word.starts_with("found") { word } else { format!("found \"{word}\"") };
            table.wrong(&found.span, "first", text, "a whole number or \"all\" is accepted");
            First::default()
        }
    }
}
