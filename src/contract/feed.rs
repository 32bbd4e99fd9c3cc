//! A feed as `parse-json.md` defines it: absent keys omitted, times in UTC with `Z`.

use chrono::SecondsFormat;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use crate::model::{
    Category, Enclosure, Feed, Generator, Image, Item, ItemSource, Link, Person, Prose, Text,
    Thumbnail, Timestamp,
};

/// A feed in the form that `briefwire parse --json` prints. Written item by item: as values, all
/// of them would take many times the memory of the feed.
#[derive(Debug, Clone, Copy)]
pub struct Printed<'a>(pub &'a Feed);

impl Serialize for Printed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let head = head(self.0);
        let mut out = serializer.serialize_map(Some(head.len()))?;
        for (key, value) in &head {
            match key.as_str() {
                "items" => out.serialize_entry(key, &Items(&self.0.items))?,
                _ => out.serialize_entry(key, value)?,
            }
        }
        out.end()
    }
}

struct Items<'a>(&'a [Item]);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(item))
    }
}

/// Returns a feed in the form that `briefwire parse --json` prints.
pub fn feed(feed: &Feed) -> Value {
    let mut head = head(feed);
    head.insert("items".to_owned(), feed.items.iter().map(item).collect());
    Value::Object(head)
}

/// Returns a feed whose items are still to be put in.
fn head(feed: &Feed) -> Map<String, Value> {
    let mut out = Object::default();
    out.put("format", Some(feed.format.as_str()));
    out.put("version", Some(feed.version.as_str()));
    out.put("encoding", Some(feed.encoding.as_str()));
    out.put("id", feed.id.as_deref());
    out.prose("title", feed.title.as_ref());
    out.put("link", feed.link.as_deref());
    out.list("links", &feed.links, link);
    out.put("self", feed.self_link.as_deref());
    out.put("hub", feed.hub.as_deref());
    out.put("next", feed.next.as_deref());
    out.put("prev", feed.prev.as_deref());
    out.prose("description", feed.description.as_ref());
    out.prose("info", feed.info.as_ref());
    out.prose("rights", feed.rights.as_ref());
    out.put("language", feed.language.as_deref());
    out.put("icon", feed.icon.as_deref());
    out.put("logo", feed.logo.as_deref());
    out.put("updated", feed.updated.map(time));
    out.put("published", feed.published.map(time));
    out.list("authors", &feed.authors, person);
    out.list("contributors", &feed.contributors, person);
    out.put("publisher", feed.publisher.as_ref().map(person));
    out.list("categories", &feed.categories, category);
    out.put("generator", feed.generator.as_ref().map(generator));
    out.put("image", feed.image.as_ref().map(image));
    out.put("ttl", feed.ttl);
    out.put("update_every", feed.update_every);
    out.list("skip_hours", &feed.skip_hours, |hour| json!(hour));
    out.list("skip_days", &feed.skip_days, |day| json!(day_name(*day)));
    out.put("explicit", feed.explicit);
    out.put("items", Some(Value::Null));
    out.list("warnings", &feed.warnings, |warning| json!(warning.to_string()));
    out.put("recovered", feed.warnings.iter().any(|warning| warning.repair).then_some(true));
    out.0
}

fn item(item: &Item) -> Value {
    let mut out = Object::default();
    out.put("id", Some(item.id.as_str()));
    out.put("id_is_permalink", item.id_is_permalink);
    out.prose("title", item.title.as_ref());
    out.put("url", item.url.as_deref());
    out.list("links", &item.links, link);
    out.list("authors", &item.authors, person);
    out.list("contributors", &item.contributors, person);
    out.put("published", item.published.map(time));
    out.put("updated", item.updated.map(time));
    out.put("summary_html", item.summary.as_ref().map(html));
    out.put("summary_detail", item.summary.as_ref().map(text));
    out.put("content_html", item.content.first().map(html));
    out.put("content_type", item.content.first().map(|content| content.mime.as_str()));
    out.list("content", &item.content, text);
    out.put("subtitle_detail", item.subtitle.as_ref().map(text));
    out.put("rights_detail", item.rights.as_ref().map(text));
    out.list("categories", &item.categories, category);
    out.list("enclosures", &item.enclosures, enclosure);
    out.list("media_thumbnails", &item.thumbnails, thumbnail);
    out.put("image", item.image.as_ref().map(image));
    out.put("source", item.source.as_deref().map(source));
    out.put("comments", item.comments.as_deref());
    out.put("comments_feed", item.comments_feed.as_deref());
    out.put("language", item.language.as_deref());
    out.put("explicit", item.explicit);
    out.put("duration", item.duration);
    out.into_value()
}

fn source(source: &ItemSource) -> Value {
    let mut out = Object::default();
    out.prose("title", source.title.as_ref());
    out.put("url", source.url.as_deref());
    out.put("id", source.id.as_deref());
    out.list("links", &source.links, link);
    out.list("authors", &source.authors, person);
    out.list("contributors", &source.contributors, person);
    out.list("categories", &source.categories, category);
    out.put("updated", source.updated.map(time));
    out.prose("description", source.description.as_ref());
    out.prose("rights", source.rights.as_ref());
    out.put("generator", source.generator.as_ref().map(generator));
    out.put("icon", source.icon.as_deref());
    out.put("logo", source.logo.as_deref());
    out.into_value()
}

/// An object that omits what is absent.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value.into());
        }
    }

    fn list<T>(&mut self, key: &str, list: &[T], write: impl Fn(&T) -> Value) {
        if !list.is_empty() {
            self.put(key, Some(list.iter().map(write).collect::<Value>()));
        }
    }

    fn prose(&mut self, key: &str, prose: Option<&Prose>) {
        self.put(key, prose.map(|prose| prose.plain.as_str()));
        self.put(&format!("{key}_detail"), prose.map(|prose| text(&prose.detail)));
    }

    fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

fn time(moment: Timestamp) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Returns a text as HTML: what is no markup is escaped.
fn html(text: &Text) -> String {
    if text.is_markup() {
        return text.value.clone();
    }
    text.value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn text(text: &Text) -> Value {
    let mut out = Object::default();
    out.put("type", Some(text.mime.as_str()));
    out.put("value", Some(text.value.as_str()));
    out.put("language", text.language.as_deref());
    out.put("base", text.base.as_deref());
    out.put("src", text.src.as_deref());
    out.into_value()
}

fn link(link: &Link) -> Value {
    let mut out = Object::default();
    out.put("rel", link.rel.as_deref());
    out.put("href", Some(link.href.as_str()));
    out.put("type", link.mime.as_deref());
    out.put("title", link.title.as_deref());
    out.put("hreflang", link.hreflang.as_deref());
    out.put("length", link.length);
    out.into_value()
}

fn person(person: &Person) -> Value {
    let mut out = Object::default();
    out.put("name", person.name.as_deref());
    out.put("email", person.email.as_deref());
    out.put("url", person.url.as_deref());
    out.into_value()
}

fn category(category: &Category) -> Value {
    let mut out = Object::default();
    out.put("term", category.term.as_deref());
    out.put("scheme", category.scheme.as_deref());
    out.put("label", category.label.as_deref());
    out.into_value()
}

fn generator(generator: &Generator) -> Value {
    let mut out = Object::default();
    out.put("name", generator.name.as_deref());
    out.put("version", generator.version.as_deref());
    out.put("url", generator.url.as_deref());
    out.into_value()
}

fn image(image: &Image) -> Value {
    let mut out = Object::default();
    out.put("url", image.url.as_deref());
    out.put("title", image.title.as_deref());
    out.put("link", image.link.as_deref());
    out.put("width", image.width);
    out.put("height", image.height);
    out.put("description", image.description.as_deref());
    out.into_value()
}

fn enclosure(enclosure: &Enclosure) -> Value {
    let mut out = Object::default();
    out.put("url", Some(enclosure.url.as_str()));
    out.put("type", enclosure.mime.as_deref());
    out.put("length", enclosure.length);
    out.put("title", enclosure.title.as_deref());
    out.into_value()
}

fn thumbnail(thumbnail: &Thumbnail) -> Value {
    let mut out = Object::default();
    out.put("url", Some(thumbnail.url.as_str()));
    out.put("width", thumbnail.width.as_deref());
    out.put("height", thumbnail.height.as_deref());
    out.into_value()
}

fn day_name(day: chrono::Weekday) -> &'static str {
    match day {
        chrono::Weekday::Mon => "Monday",
        chrono::Weekday::Tue => "Tuesday",
        chrono::Weekday::Wed => "Wednesday",
        chrono::Weekday::Thu => "Thursday",
        chrono::Weekday::Fri => "Friday",
        chrono::Weekday::Sat => "Saturday",
        chrono::Weekday::Sun => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Format, Warning};

    use super::*;

    #[test]
    fn a_feed_is_printed_as_its_value_is() {
        let mut parsed = Feed::new(Format::Rss);
        parsed.items = vec![Item { id: "1".into(), ..Item::default() }, Item::default()];
        parsed.warnings.push(Warning { code: "text-cut", detail: "x".into(), repair: true });
        let printed = serde_json::to_string(&Printed(&parsed)).unwrap();
        assert_eq!(printed, feed(&parsed).to_string());
    }

    #[test]
    fn what_is_absent_is_omitted() {
        let value = item(&Item { id: "a".to_owned(), ..Item::default() });
        assert_eq!(value, json!({"id": "a"}));
    }

    #[test]
    fn a_plain_summary_is_escaped_as_html() {
        let summary = Some(Text {
            mime: "text/plain".to_owned(),
            value: "1 < 2".to_owned(),
            ..Text::default()
        });
        let value = item(&Item { id: "a".to_owned(), summary, ..Item::default() });
        assert_eq!(value["summary_html"], "1 &lt; 2");
        assert_eq!(value["summary_detail"], json!({"type": "text/plain", "value": "1 < 2"}));
    }

    #[test]
    fn only_a_repair_makes_a_feed_recovered() {
        let mut parsed = Feed::new(Format::Rss);
        parsed.skip_days.push(chrono::Weekday::Mon);
        parsed.warnings.push(Warning { code: "text-cut", detail: "x".into(), repair: false });
        let value = feed(&parsed);
        assert_eq!(value["skip_days"], json!(["Monday"]));
        assert_eq!(value["warnings"], json!(["text-cut: x"]));
        assert!(value.get("recovered").is_none());
        parsed.warnings.push(Warning { code: "bare-ampersand", detail: "1".into(), repair: true });
        assert_eq!(feed(&parsed)["recovered"], true);
    }
}
