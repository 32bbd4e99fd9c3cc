//! JSON Feed 1.0 and 1.1, read value by value: a field of the wrong type is lost, not the feed.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::complete::{Head, feed, item};
use super::dates;
use super::draft::Draft;
use super::limits::Newest;
use super::loose;
use super::prose::{self, Form, HTML_BODY, LINE};
use super::tree::Element;
use super::warnings::Warnings;
use super::{Document, ParseError};
use crate::model::{Category, Enclosure, Feed, Format, Image, Link, Person, Text, Timestamp};

/// Values within one field of the feed, or one item; real ones have under a thousand. A value
/// takes 80 to 400 bytes, however short it is written.
const MAX_VALUES: usize = 20_000;

/// Fields of the feed that are looked at; the format has under twenty.
const MAX_FIELDS: usize = 200;

/// Attachments, tags, authors of one item.
const MAX_PARTS: usize = 200;

/// Reads a JSON Feed.
pub(super) fn read(
    json: &str,
    encoding: String,
    document: &Document<'_>,
    mut warnings: Warnings,
) -> Result<Feed, ParseError> {
    let repaired;
    let (top, raw_items) = match split(json, &mut warnings) {
        Ok(parts) => parts,
        Err(error) => {
            repaired = mended(json, &error, &mut warnings)?;
            let again = split(&repaired, &mut warnings);
            again.map_err(|_second| ParseError::Broken { why: error })?
        }
    };
    if !is_feed(&top, raw_items) {
        return Err(ParseError::NotAFeed {
            what: "JSON of another kind".into(),
            feeds: Vec::new(),
        });
    }
    let mut reading = Reading { document, warnings: &mut warnings };
    let draft = reading.feed(&top);
    let mut items = Newest::of(json.len());
    let each = |raw: &RawValue| match value(raw, "an item", reading.warnings) {
        Some(Value::Object(object)) => {
            let mut own = reading.item(&object);
            own.language = own.language.or_else(|| draft.language.clone());
            items.push(item(own));
        }
        Some(_) => reading.warnings.loss("wrong-type", "an item is no object"),
        None => {}
    };
    if raw_items.is_some_and(|raw| walk(raw, each).is_err()) {
        warnings.loss("wrong-type", "items");
    }
    let version = top.get("version").and_then(Value::as_str).unwrap_or_default();
    let version =
        if version.ends_with("/1") || version.ends_with("/1.0") { "json1" } else { "json11" };
    let head = Head { format: Format::Json, version: version.to_owned(), encoding };
    let items = items.into_items(&mut warnings);
    Ok(Feed { warnings: warnings.into_list(), ..feed(draft, head, items) })
}

/// Splits a document into the fields of the feed and its items, still as text: as values, all
/// items would take many times the memory of the document.
fn split<'a>(
    json: &'a str,
    warnings: &mut Warnings,
) -> Result<(Map<String, Value>, Option<&'a RawValue>), String> {
    let error = |error: serde_json::Error| error.to_string();
    let raw: &RawValue = serde_json::from_str(json).map_err(error)?;
    if !raw.get().starts_with('{') {
        return Ok((Map::new(), None));
    }
    let fields: Fields<'_> = serde_json::from_str(raw.get()).map_err(error)?;
    let mut top = Map::new();
    let mut items = None;
    for (key, raw) in fields.0 {
        if key == "items" {
            items = Some(raw);
        } else if let Some(value) = value(raw, &key, warnings) {
            top.insert(key.into_owned(), value);
        }
    }
    Ok((top, items))
}

/// The fields of an object that the formats know; another object's could be any number.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Known)
    }
}

struct Known;

impl<'de> Visitor<'de> for Known {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((key, value)) = map.next_entry::<Cow<'de, str>, &RawValue>()? {
            if fields.len() < MAX_FIELDS {
                fields.push((key, value));
            }
        }
        Ok(Fields(fields))
    }
}

/// Goes through a list, one item at a time, each still as text.
fn walk<'a>(list: &'a RawValue, each: impl FnMut(&'a RawValue)) -> serde_json::Result<()> {
    Walk(each).deserialize(&mut serde_json::Deserializer::from_str(list.get()))
}

struct Walk<F>(F);

impl<'de, F: FnMut(&'de RawValue)> DeserializeSeed<'de> for Walk<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Walk<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element()? {
            (self.0)(item);
        }
        Ok(())
    }
}

/// Returns a value, unless there is too much in it. What only the reading of it finds wrong,
/// halves of surrogate pairs and too great a depth, is repaired.
fn value(raw: &RawValue, name: &str, warnings: &mut Warnings) -> Option<Value> {
    if values_of(raw.get()) > MAX_VALUES {
        warnings.loss("too-large", &format!("{name}: more than {MAX_VALUES} values"));
        return None;
    }
    let error = match serde_json::from_str(raw.get()) {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    warnings.repair("json-syntax", &format!("{name}: {error}"));
    serde_json::from_str(&loose::repaired(raw.get()).json).ok()
}

/// Returns the document repaired.
fn mended(json: &str, error: &str, warnings: &mut Warnings) -> Result<String, ParseError> {
    let repaired = loose::repaired(json);
    if repaired.json.is_empty() {
        return Err(ParseError::Broken { why: error.to_owned() });
    }
    warnings.repair("json-syntax", error);
    if repaired.was_cut_off {
        warnings.repair("unclosed-end", "only what is whole was read");
    }
    Ok(repaired.json)
}

/// Returns how many values, at most, a document holds.
fn values_of(json: &str) -> usize {
    let (mut values, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' | b'[' | b',' if !in_string => values += 1,
            _ => {}
        }
    }
    values
}

fn is_feed(top: &Map<String, Value>, items: Option<&RawValue>) -> bool {
    let version = top.get("version").and_then(Value::as_str).unwrap_or_default();
    version.contains("jsonfeed.org") || items.is_some_and(|raw| raw.get().starts_with('['))
}

/// What reading needs to know beside the values.
struct Reading<'a, 'w> {
    document: &'a Document<'a>,
    warnings: &'w mut Warnings,
}

impl Reading<'_, '_> {
    fn feed(&mut self, top: &Map<String, Value>) -> Draft {
        let mut draft = Draft {
            title: self.text(top, "title", "text/plain", LINE),
            summary: self.text(top, "description", "text/plain", HTML_BODY),
            language: self.string(top, "language"),
            authors: self.authors(top),
            icon: self.address(top, "favicon"),
            logo: self.address(top, "icon"),
            ..Draft::default()
        };
        for (key, rel) in
            [("home_page_url", "alternate"), ("feed_url", "self"), ("next_url", "next")]
        {
            let href = self.address(top, key);
            draft.links.extend(href.map(|href| link(rel, href)));
        }
        for hub in self.objects(top, "hubs") {
            let href = self.address(hub, "url");
            draft.links.extend(href.map(|href| link("hub", href)));
        }
        draft
    }

    fn item(&mut self, object: &Map<String, Value>) -> Draft {
        let mut draft = Draft {
            id: self.string(object, "id"),
            title: self.text(object, "title", "text/plain", LINE),
            summary: self.text(object, "summary", "text/plain", HTML_BODY),
            language: self.string(object, "language"),
            authors: self.authors(object),
            published: self.date(object, "date_published"),
            updated: self.date(object, "date_modified"),
            ..Draft::default()
        };
        draft.content.extend(self.text(object, "content_html", "text/html", HTML_BODY));
        draft.content.extend(self.text(object, "content_text", "text/plain", HTML_BODY));
        for (key, rel) in [("url", "alternate"), ("external_url", "related")] {
            let href = self.address(object, key);
            draft.links.extend(href.map(|href| link(rel, href)));
        }
        let image = self.address(object, "image").or_else(|| self.address(object, "banner_image"));
        draft.image = image.map(|url| Image { url: Some(url), ..Image::default() });
        for value in self.array(object, "tags") {
            let term = scalar(value);
            draft
                .categories
                .extend(term.map(|t| Category { term: Some(t), ..Category::default() }));
        }
        for attachment in self.objects(object, "attachments") {
            draft.media.enclosures.extend(self.enclosure(attachment));
        }
        draft
    }

    fn authors(&mut self, object: &Map<String, Value>) -> Vec<Person> {
        let mut values = self.objects(object, "authors");
        if values.is_empty() {
            values.extend(object.get("author").and_then(Value::as_object));
        }
        let people = values.into_iter().map(|author| Person {
            name: self.string(author, "name"),
            email: None,
            url: self.address(author, "url"),
        });
        people.filter(|person| *person != Person::default()).collect()
    }

    fn enclosure(&mut self, attachment: &Map<String, Value>) -> Option<Enclosure> {
        let length = attachment.get("size_in_bytes").and_then(number);
        Some(Enclosure {
            url: self.address(attachment, "url")?,
            mime: self.string(attachment, "mime_type"),
            length,
            title: self.string(attachment, "title"),
        })
    }

    fn text(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        mime: &str,
        form: Form,
    ) -> Option<Text> {
        let raw = self.string(object, key)?;
        let element = Element {
            name: key.to_owned(),
            base: self.document.url.map(|url| std::rc::Rc::new(url.clone())),
            language: self.document.language.map(std::rc::Rc::from),
            ..Element::default()
        };
        let text = prose::finish(mime, &raw, &element, form.max_bytes, self.warnings);
        Some(text).filter(|text| !text.value.is_empty())
    }

    fn date(&mut self, object: &Map<String, Value>, key: &str) -> Option<Timestamp> {
        let text = self.string(object, key)?;
        let date = dates::parse(&text, self.document.zone());
        if date.is_none() {
            self.warnings.loss("bad-date", &text);
        }
        date
    }

    fn address(&mut self, object: &Map<String, Value>, key: &str) -> Option<String> {
        super::tree::resolve(&self.string(object, key)?, self.document.url)
    }

    /// Returns a string, or the digits of a number: some write their ids as such.
    fn string(&mut self, object: &Map<String, Value>, key: &str) -> Option<String> {
        let value = object.get(key).filter(|value| !value.is_null())?;
        let text = scalar(value);
        if text.is_none() {
            self.warnings.loss("wrong-type", key);
        }
        text.filter(|text| !text.is_empty())
    }

    fn array<'v>(&mut self, object: &'v Map<String, Value>, key: &str) -> Vec<&'v Value> {
        match object.get(key) {
            Some(Value::Array(values)) => values.iter().take(MAX_PARTS).collect(),
            None | Some(Value::Null) => Vec::new(),
            Some(_) => {
                self.warnings.loss("wrong-type", key);
                Vec::new()
            }
        }
    }

    fn objects<'v>(
        &mut self,
        object: &'v Map<String, Value>,
        key: &str,
    ) -> Vec<&'v Map<String, Value>> {
        self.array(object, key).into_iter().filter_map(Value::as_object).collect()
    }
}

fn link(rel: &str, href: String) -> Link {
    Link { rel: Some(rel.to_owned()), href, ..Link::default() }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(crate::text::html::clean_chars(text.trim()).into_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str) -> Feed {
        let document = Document {
            bytes: json.as_bytes(),
            content_type: None,
            url: None,
            language: None,
            assume_timezone: None,
        };
        super::super::parse(&document).unwrap()
    }

    #[test]
    fn a_field_of_the_wrong_type_is_lost_alone() {
        let feed = parsed(
            r#"{"version":"https://jsonfeed.org/version/1.1","title":7,"hubs":"x","items":[
                {"id":1,"url":["x"],"title":{},"content_html":"<b>a","tags":["t",null,2],
                 "date_published":"never","attachments":[{"url":"http://a.example/f","size_in_bytes":"9"},3]},
                "nothing"]}"#,
        );
        assert_eq!(feed.version, "json11");
        assert_eq!(feed.title.unwrap().plain, "7");
        let item = &feed.items[0];
        assert_eq!((item.id.as_str(), item.content[0].value.as_str()), ("1", "<b>a</b>"));
        assert_eq!(item.categories.len(), 2);
        assert_eq!(item.enclosures[0].length, Some(9));
        assert_eq!(feed.items.len(), 1);
        assert_eq!(feed.warnings.len(), 5);
        assert!(feed.warnings.iter().all(|warning| !warning.repair));
    }

    #[test]
    fn a_value_that_is_wrong_within_is_repaired_alone() {
        let deep = "[".repeat(300) + &"]".repeat(300);
        let feed = parsed(&format!(
            r#"{{"version":"https://jsonfeed.org/version/1.1","title":"T\ud83d","items":[
                {{"id":"1","title":"A\ud83d"}},{{"id":"2","_x":{deep}}},{{"id":"3"}}]}}"#
        ));
        let ids: Vec<_> = feed.items.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids, ["1", "2", "3"]);
        assert_eq!(feed.title.unwrap().plain, "T\u{fffd}");
        assert_eq!(feed.items[0].title.as_ref().unwrap().plain, "A\u{fffd}");
        let codes: Vec<_> = feed.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, ["json-syntax"; 3]);
    }

    #[test]
    fn what_holds_too_much_is_lost_alone() {
        let many = vec!["0"; MAX_VALUES + 1].join(",");
        let feed = parsed(&format!(
            r#"{{"_x":[{many}],"items":[{{"id":"1","_x":[{many}]}},{{"id":"2"}}]}}"#
        ));
        assert_eq!(feed.items.len(), 1);
        let told: Vec<_> = feed.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["too-large: _x: more than 20000 values", "too-large: an item: more than 20000 values"]
        );
    }

    #[test]
    fn an_item_speaks_the_language_of_its_feed() {
        let feed = parsed(
            r#"{"version":"https://jsonfeed.org/version/1.1","language":"pl",
                "items":[{"id":"1"},{"id":"2","language":"de"}]}"#,
        );
        let languages: Vec<_> = feed.items.iter().filter_map(|i| i.language.as_deref()).collect();
        assert_eq!(languages, ["pl", "de"]);
    }

    #[test]
    fn a_broken_document_gives_what_is_whole_in_it_and_says_so() {
        let feed = parsed(
            r#"{"version":"https://jsonfeed.org/version/1.1","items":[
                {"id":"1","title":"One \ud83d"},{"id":"2","content_text":"Two","url":"http://a.ex"#,
        );
        let ids: Vec<_> = feed.items.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids, ["1", "2"]);
        assert_eq!(feed.items[0].title.as_ref().unwrap().plain, "One \u{fffd}");
        let codes: Vec<_> = feed.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, ["json-syntax", "unclosed-end"]);
    }

    #[test]
    fn values_are_counted_outside_of_strings() {
        assert_eq!(values_of(r#"{"a":[1,2],"b":"{[,\"{"}"#), 4);
    }

    #[test]
    fn links_come_from_their_keys() {
        let feed = parsed(
            r#"{"version":"https://jsonfeed.org/version/1","home_page_url":"http://a.example/",
                "feed_url":"http://a.example/f","next_url":"http://a.example/f2",
                "hubs":[{"type":"WebSub","url":"http://h.example/"}],"author":{"name":"Jo"},"items":[]}"#,
        );
        assert_eq!(feed.version, "json1");
        assert_eq!(feed.link.as_deref(), Some("http://a.example/"));
        assert_eq!(feed.self_link.as_deref(), Some("http://a.example/f"));
        assert_eq!(feed.next.as_deref(), Some("http://a.example/f2"));
        assert_eq!(feed.hub.as_deref(), Some("http://h.example/"));
        assert_eq!(feed.authors[0].name.as_deref(), Some("Jo"));
    }
}
