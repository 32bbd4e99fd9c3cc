//! What the elements of a feed, an item or a source say, gathered field by field.
//!
//! The three share their vocabulary, so they share the reading of it. What a dialect leaves
//! open (which link is the best, what an item without a summary has) is decided in `complete`,
//! once all is read.

use std::str::FromStr;

use chrono::{FixedOffset, Weekday};

use super::dates;
use super::media::Media;
use super::people::person;
use super::prose::{BODY, Dialect, Form, HTML_BODY, LINE, text};
use super::tree::Element;
use super::warnings::Warnings;
use crate::model::{Category, Generator, Image, Link, Person, Text, Timestamp};

/// Links, people, categories of one item; real ones have under fifty.
const MAX_PARTS: usize = 200;

/// Contents of one item; real ones have one.
const MAX_CONTENTS: usize = 16;

/// What a draft is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A feed.
    Feed,
    /// An item or entry.
    Item,
    /// The feed an item was taken from.
    Source,
}

/// What reading a field needs to know beside the field.
pub(super) struct Context<'a> {
    /// The family's way with texts.
    pub(super) dialect: Dialect,
    /// The zone of dates that name none.
    pub(super) zone: FixedOffset,
    /// Where losses are noted.
    pub(super) warnings: &'a mut Warnings,
}

/// A feed, an item or a source while it is read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) id: Option<String>,
    pub(super) id_is_permalink: Option<bool>,
    pub(super) title: Option<Text>,
    /// A title from another vocabulary, for want of the format's own.
    pub(super) other_title: Option<Text>,
    /// A description or summary.
    pub(super) summary: Option<Text>,
    /// A summary from another vocabulary, for want of the format's own.
    pub(super) other_summary: Option<Text>,
    pub(super) content: Vec<Text>,
    pub(super) subtitle: Option<Text>,
    pub(super) info: Option<Text>,
    pub(super) rights: Option<Text>,
    pub(super) links: Vec<Link>,
    pub(super) authors: Vec<Person>,
    pub(super) contributors: Vec<Person>,
    pub(super) publisher: Option<Person>,
    pub(super) categories: Vec<Category>,
    pub(super) generator: Option<Generator>,
    pub(super) image: Option<Image>,
    pub(super) icon: Option<String>,
    pub(super) logo: Option<String>,
    pub(super) published: Option<Timestamp>,
    pub(super) updated: Option<Timestamp>,
    /// `dc:date` and creation dates, which say neither.
    pub(super) date: Option<Timestamp>,
    pub(super) language: Option<String>,
    pub(super) explicit: Option<bool>,
    pub(super) duration: Option<u32>,
    pub(super) comments: Option<String>,
    pub(super) comments_feed: Option<String>,
    pub(super) media: Media,
    pub(super) source: Option<Box<Self>>,
    pub(super) ttl: Option<u32>,
    pub(super) update_period: Option<u32>,
    pub(super) update_frequency: Option<u32>,
    pub(super) skip_hours: Vec<u8>,
    pub(super) skip_days: Vec<Weekday>,
}

impl Draft {
    /// Takes what one field says. Fields that nothing is known about are passed over.
    pub(super) fn read(&mut self, field: &Element, of: Of, context: &mut Context<'_>) {
        let parts = self.parts();
        let known = self.read_text(field, of, context)
            || self.read_link(field, context)
            || self.read_person(field)
            || self.read_category(field)
            || self.read_date(field, context)
            || self.read_fact(field, context)
            || self.read_schedule(field, context)
            || self.read_media(field, of, context);
        if !known && of == Of::Item && field.name == "source" {
            self.source = Some(Box::new(source(field, context)));
        }
        if parts < MAX_PARTS && self.parts() >= MAX_PARTS {
            context.warnings.loss("too-many-parts", &format!("{MAX_PARTS} kept of {}", field.name));
        }
    }

    /// Returns how long the longest list is.
    fn parts(&self) -> usize {
        let lists = [self.links.len(), self.authors.len(), self.contributors.len()];
        lists.into_iter().fold(self.categories.len(), usize::max)
    }

    fn read_text(&mut self, field: &Element, of: Of, context: &mut Context<'_>) -> bool {
        let mut read = |form: Form| text(field, form, context.dialect, context.warnings);
        match (field.name.as_str(), of) {
            ("title", _) => keep(&mut self.title, || read(LINE)),
            ("dc:title" | "media:title" | "itunes:title", _) => {
                keep(&mut self.other_title, || read(LINE));
            }
            ("content" | "content:encoded" | "body" | "xhtml:body" | "fullitem", Of::Item) => {
                let text = read(if field.name == "content" { BODY } else { HTML_BODY });
                self.push_content(text, context.warnings);
            }
            ("description" | "summary", Of::Item) if self.summary.is_some() => {
                let text = read(if field.name == "summary" { BODY } else { HTML_BODY });
                self.push_content(text, context.warnings);
            }
            ("description", _) => keep(&mut self.summary, || read(HTML_BODY)),
            ("summary" | "tagline", _) => keep(&mut self.summary, || read(BODY)),
            ("subtitle", Of::Feed | Of::Source) => keep(&mut self.summary, || read(BODY)),
            ("subtitle" | "itunes:subtitle", Of::Item) => keep(&mut self.subtitle, || read(BODY)),
            ("info", Of::Feed) => keep(&mut self.info, || read(BODY)),
            ("rights" | "copyright" | "dc:rights", _) => keep(&mut self.rights, || read(BODY)),
            (
                "abstract"
                | "itunes:summary"
                | "itunes:subtitle"
                | "dc:description"
                | "dcterms:abstract"
                | "media:description"
                | "googleplay:description",
                _,
            ) => {
                keep(&mut self.other_summary, || read(BODY));
            }
            _ => return false,
        }
        true
    }

    fn push_content(&mut self, text: Option<Text>, warnings: &mut Warnings) {
        let Some(text) = text.filter(|_| self.content.len() < MAX_CONTENTS) else { return };
        self.content.push(text);
        if self.content.len() == MAX_CONTENTS {
            warnings.loss("too-many-parts", &format!("{MAX_CONTENTS} kept of content"));
        }
    }

    fn read_link(&mut self, field: &Element, context: &mut Context<'_>) -> bool {
        let warnings = &mut *context.warnings;
        match field.name.as_str() {
            "link" => self.push_link(link(field, warnings)),
            "enclosure" => self.push_link(enclosure_link(field, warnings)),
            "id" => keep(&mut self.id, || field.some_text()),
            "guid" => {
                keep(&mut self.id, || field.some_text());
                let says_no = field
                    .attribute("ispermalink")
                    .is_some_and(|says| says.eq_ignore_ascii_case("false") || says == "0");
                self.id_is_permalink = Some(!says_no);
            }
            "comments" => keep(&mut self.comments, || address(field, warnings)),
            "wfw:commentrss" => keep(&mut self.comments_feed, || address(field, warnings)),
            "logo" => keep(&mut self.logo, || address(field, warnings)),
            "icon" => keep(&mut self.icon, || address(field, warnings)),
            _ => return false,
        }
        true
    }

    fn push_link(&mut self, link: Option<Link>) {
        let Some(link) = link.filter(|_| self.links.len() < MAX_PARTS) else { return };
        match link.rel.as_deref() {
            Some("enclosure") => self.media.push_link(&link),
            Some("replies") => keep(&mut self.comments_feed, || Some(link.href.clone())),
            _ => {}
        }
        self.links.push(link);
    }

    fn read_person(&mut self, field: &Element) -> bool {
        match field.name.as_str() {
            "author" | "managingeditor" | "dc:author" | "dc:creator" | "itunes:author" => {
                add(&mut self.authors, person(field));
            }
            "contributor" | "dc:contributor" => add(&mut self.contributors, person(field)),
            "webmaster" | "dc:publisher" | "itunes:owner" => {
                keep(&mut self.publisher, || person(field));
            }
            _ => return false,
        }
        true
    }

    fn read_category(&mut self, field: &Element) -> bool {
        match field.name.as_str() {
            "category" | "dc:subject" | "keywords" | "media:category" | "itunes:category" => {
                self.add_categories(field);
            }
            "categories" => {
                for child in field.elements().filter(|child| child.name == "category") {
                    self.add_categories(child);
                }
            }
            "itunes:keywords" | "media:keywords" => {
                for word in field.text().split(',').map(str::trim).filter(|w| !w.is_empty()) {
                    let scheme = (field.name == "itunes:keywords").then(|| ITUNES.to_owned());
                    let term = Some(word.to_owned());
                    add(&mut self.categories, Some(Category { term, scheme, label: None }));
                }
            }
            _ => return false,
        }
        true
    }

    /// Adds a category and those in it, as iTunes nests them.
    fn add_categories(&mut self, field: &Element) {
        let named = |name: &str| field.attribute(name).map(str::to_owned);
        let category = Category {
            term: named("term").or_else(|| named("text")).or_else(|| field.some_text()),
            scheme: named("scheme")
                .or_else(|| named("domain"))
                .or_else(|| default_scheme(&field.name).map(str::to_owned)),
            label: named("label"),
        };
        let says_something = category.term.is_some() || category.label.is_some();
        add(&mut self.categories, Some(category).filter(|_| says_something));
        for child in field.elements().filter(|child| child.name == "itunes:category") {
            self.add_categories(child);
        }
    }

    /// Takes the files of a media element, and its texts for want of the item's own:
    /// video sites describe their films nowhere else.
    fn read_media(&mut self, field: &Element, of: Of, context: &mut Context<'_>) -> bool {
        let is_media = self.media.read(field);
        for child in field.elements().filter(|_| is_media) {
            let known = self.read_text(child, of, context) || self.read_category(child);
            if !known && child.name == "media:content" {
                self.read_media(child, of, context);
            }
        }
        is_media
    }

    fn read_date(&mut self, field: &Element, context: &mut Context<'_>) -> bool {
        let date = match field.name.as_str() {
            "pubdate" | "published" | "issued" | "dcterms:issued" => &mut self.published,
            "updated" | "modified" | "lastbuilddate" | "dcterms:modified" => &mut self.updated,
            "dc:date" | "date" | "created" | "dcterms:created" | "dcterms:date" => &mut self.date,
            _ => return false,
        };
        let Some(text) = field.some_text() else { return true };
        match dates::parse_in(&text, context.zone, field.language.as_deref()) {
            // The last one counts: what is written twice was corrected.
            Some(moment) => *date = Some(moment),
            None => context.warnings.loss("bad-date", &text),
        }
        true
    }

    fn read_fact(&mut self, field: &Element, context: &mut Context<'_>) -> bool {
        match field.name.as_str() {
            "generator" => keep(&mut self.generator, || generator(field)),
            "admin:generatoragent" => keep(&mut self.generator, || {
                let url = field.attribute("rdf:resource")?.to_owned();
                Some(Generator { name: Some(url.clone()), version: None, url: Some(url) })
            }),
            "language" | "dc:language" => {
                keep(&mut self.language, || field.some_text().map(|text| text.replace('_', "-")));
            }
            "itunes:explicit" => self.explicit = explicit(&field.text()).or(self.explicit),
            "itunes:duration" => keep(&mut self.duration, || {
                let text = field.some_text()?;
                let seconds = seconds(&text);
                if seconds.is_none() {
                    context.warnings.loss("bad-number", &format!("itunes:duration {text}"));
                }
                seconds
            }),
            "image" | "itunes:image" | "googleplay:image" => {
                keep(&mut self.image, || image(field));
            }
            "itunes:link" if field.attribute("rel") == Some("image") => {
                keep(&mut self.image, || image(field));
            }
            _ => return false,
        }
        true
    }

    fn read_schedule(&mut self, field: &Element, context: &mut Context<'_>) -> bool {
        match field.name.as_str() {
            "ttl" => keep(&mut self.ttl, || number("ttl", &field.some_text()?, context.warnings)),
            "skiphours" => {
                let hours = field.elements().filter_map(|hour| hour.text().parse::<u8>().ok());
                // Some count from 1 to 24.
                self.skip_hours = hours.filter(|hour| *hour <= 24).map(|hour| hour % 24).collect();
                self.skip_hours.sort_unstable();
                self.skip_hours.dedup();
            }
            "skipdays" => {
                let days = field.elements().filter_map(|day| day.text().parse::<Weekday>().ok());
                for day in days {
                    if !self.skip_days.contains(&day) {
                        self.skip_days.push(day);
                    }
                }
            }
            "sy:updateperiod" => keep(&mut self.update_period, || period(&field.text())),
            "sy:updatefrequency" => {
                keep(&mut self.update_frequency, || {
                    field.text().parse().ok().filter(|times| *times > 0)
                });
            }
            _ => return false,
        }
        true
    }
}

/// The vocabulary of iTunes' categories.
const ITUNES: &str = "http://www.itunes.com/";

/// Returns the vocabulary of an element's categories where it names none.
fn default_scheme(name: &str) -> Option<&'static str> {
    match name {
        "itunes:category" => Some(ITUNES),
        "media:category" => Some("http://search.yahoo.com/mrss/category_schema"),
        _ => None,
    }
}

/// Sets what is not known yet.
fn keep<T>(slot: &mut Option<T>, value: impl FnOnce() -> Option<T>) {
    if slot.is_none() {
        *slot = value();
    }
}

/// Adds what is not there yet.
fn add<T: PartialEq>(list: &mut Vec<T>, part: Option<T>) {
    let Some(part) = part.filter(|_| list.len() < MAX_PARTS) else { return };
    if !list.contains(&part) {
        list.push(part);
    }
}

/// Reads the feed an item was taken from: RSS gives a name and an address, Atom a whole head.
fn source(field: &Element, context: &mut Context<'_>) -> Draft {
    let mut draft = Draft::default();
    if let Some(href) = field.attribute("url").and_then(|url| field.resolve(url)) {
        let rel = Some("self".to_owned());
        draft.links.push(Link { rel, href, ..Link::default() });
    }
    if field.elements().next().is_none() {
        draft.title = text(field, LINE, context.dialect, context.warnings);
    }
    for child in field.elements() {
        draft.read(child, Of::Source, context);
    }
    draft
}

/// Returns the link of an element: Atom's attributes, or RSS's text.
fn link(field: &Element, warnings: &mut Warnings) -> Option<Link> {
    let named = |name: &str| field.attribute(name).map(str::to_owned);
    let href = match field.attribute("href") {
        Some(href) => href.to_owned(),
        None => field.some_text()?,
    };
    let rel = named("rel").unwrap_or_else(|| "alternate".to_owned());
    let rel = rel.strip_prefix("http://www.iana.org/assignments/relation/").unwrap_or(&rel);
    Some(Link {
        rel: Some(rel.to_ascii_lowercase()),
        href: resolved(field, &href, warnings)?,
        mime: named("type"),
        title: named("title"),
        hreflang: named("hreflang"),
        length: field.attribute("length").and_then(|text| number("length", text, warnings)),
    })
}

/// Returns RSS's enclosure as the link that Atom makes of it.
fn enclosure_link(field: &Element, warnings: &mut Warnings) -> Option<Link> {
    let href = ["url", "href"].iter().find_map(|name| field.attribute(name))?;
    Some(Link {
        rel: Some("enclosure".to_owned()),
        href: resolved(field, href, warnings)?,
        mime: field.attribute("type").map(str::to_owned),
        length: field.attribute("length").and_then(|text| number("length", text, warnings)),
        ..Link::default()
    })
}

fn address(field: &Element, warnings: &mut Warnings) -> Option<String> {
    resolved(field, &field.some_text()?, warnings)
}

/// Returns an address made absolute; one that leads nowhere safe is lost.
fn resolved(field: &Element, address: &str, warnings: &mut Warnings) -> Option<String> {
    let resolved = field.resolve(address);
    if resolved.is_none() {
        warnings.loss("bad-link", address);
    }
    resolved
}

/// Returns a number; what is none is lost, but for the empty and the unknown.
fn number<N: FromStr>(name: &str, text: &str, warnings: &mut Warnings) -> Option<N> {
    let number = text.parse().ok();
    if number.is_none() && text != "-1" {
        warnings.loss("bad-number", &format!("{name} {text}"));
    }
    number
}

fn generator(field: &Element) -> Option<Generator> {
    let named = |name: &str| field.attribute(name).map(str::to_owned);
    let url = named("uri").or_else(|| named("url")).and_then(|url| field.resolve(&url));
    let generator = Generator { name: field.some_text(), version: named("version"), url };
    (generator != Generator::default()).then_some(generator)
}

fn image(field: &Element) -> Option<Image> {
    let child = |name: &str| field.child(name).and_then(Element::some_text);
    let resolved = |name: &str| child(name).and_then(|url| field.resolve(&url));
    let own = ["href", "url"].iter().find_map(|name| field.attribute(name));
    let image = Image {
        url: resolved("url").or_else(|| field.resolve(own?)),
        title: child("title"),
        link: resolved("link"),
        width: child("width").and_then(|pixels| pixels.parse().ok()),
        height: child("height").and_then(|pixels| pixels.parse().ok()),
        description: child("description"),
    };
    if image == Image::default() {
        // Some write the address straight into the element.
        let url = field.some_text().and_then(|url| field.resolve(&url));
        return url.map(|url| Image { url: Some(url), ..Image::default() });
    }
    Some(image)
}

fn explicit(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "explicit" => Some(true),
        "no" | "false" | "clean" => Some(false),
        _ => None,
    }
}

/// Returns the seconds of `3723`, `62:03` or `1:02:03`; nothing of a number too large.
fn seconds(text: &str) -> Option<u32> {
    text.split(':').take(4).try_fold(0_u32, |total, part| {
        let part = part.trim().split('.').next().unwrap_or_default();
        total.checked_mul(60)?.checked_add(part.parse().ok()?)
    })
}

/// Returns the minutes of a syndication period.
fn period(text: &str) -> Option<u32> {
    Some(match text.to_ascii_lowercase().as_str() {
        "hourly" => 60,
        "daily" => 24 * 60,
        "weekly" => 7 * 24 * 60,
        "monthly" => 30 * 24 * 60,
        "yearly" => 365 * 24 * 60,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Reader, Step};
    use super::*;

    #[test]
    fn durations_are_seconds_and_never_overflow() {
        for (text, expected) in [
            ("90", Some(90)),
            ("1:30", Some(90)),
            ("01:02:03", Some(3723)),
            ("99999999999", None),
            ("4294967295:59:59", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_lost_of_an_item_is_said() {
        let field = |xml: &str| {
            let mut reader = Reader::new(xml, None, None);
            let Some(Step::Open(head)) = reader.step() else { panic!("an element") };
            reader.fill(head)
        };
        let mut warnings = Warnings::default();
        let zone = FixedOffset::east_opt(0).unwrap();
        let mut context = Context { dialect: Dialect::Rss, zone, warnings: &mut warnings };
        let mut draft = Draft::default();
        for xml in [
            "<link>javascript:x</link>",
            "<enclosure url='http://a.example/' length='5 MB'/>",
            "<itunes:duration>soon</itunes:duration>",
            "<ttl>-</ttl>",
        ] {
            draft.read(&field(xml), Of::Item, &mut context);
        }
        for n in 0..2 * MAX_PARTS {
            draft.read(&field(&format!("<category>{n}</category>")), Of::Item, &mut context);
        }
        for _ in 0..2 * MAX_CONTENTS {
            draft.read(&field("<content>a</content>"), Of::Item, &mut context);
        }
        assert_eq!((draft.categories.len(), draft.content.len()), (MAX_PARTS, MAX_CONTENTS));
        let told: Vec<_> = warnings.into_list().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "bad-link: javascript:x",
                "bad-number: length 5 MB",
                "bad-number: itunes:duration soon",
                "bad-number: ttl -",
                "too-many-parts: 200 kept of category",
                "too-many-parts: 16 kept of content",
            ]
        );
    }

    #[test]
    fn categories_are_read_out_of_their_list() {
        let xml = "<categories><category>a</category> <category>b</category></categories>";
        let mut reader = Reader::new(xml, None, None);
        let Some(Step::Open(head)) = reader.step() else { panic!("an element") };
        let mut draft = Draft::default();
        assert!(draft.read_category(&reader.fill(head)));
        let terms: Vec<_> = draft.categories.iter().filter_map(|c| c.term.as_deref()).collect();
        assert_eq!(terms, ["a", "b"]);
    }

    #[test]
    fn periods_are_minutes() {
        assert_eq!(period("Daily"), Some(1440));
        assert_eq!(period("often"), None);
    }
}
