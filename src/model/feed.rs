//! What a source published, normalised: the feed, its items and their parts.
//!
//! Absent means unknown: no field holds an empty string for want of a value. URLs are
//! absolute where a base was known. HTML in [`Text`] values is sanitised.

use chrono::Weekday;

use super::Timestamp;

/// The family of a feed document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RSS 0.9x and 2.0.
    Rss,
    /// RSS 0.90 and 1.0.
    Rdf,
    /// Atom 0.3 and 1.0.
    Atom,
    /// JSON Feed 1.0 and 1.1.
    Json,
    /// Microsoft's Channel Definition Format.
    Cdf,
}

impl Format {
    /// Returns the word of `parse-json.md`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rss => "rss",
            Self::Rdf => "rdf",
            Self::Atom => "atom",
            Self::Json => "json",
            Self::Cdf => "cdf",
        }
    }
}

/// One document of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The family.
    pub format: Format,
    /// `rss20`, `atom10`, … or the bare family where the document does not say.
    pub version: String,
    /// The label that was used to decode the bytes.
    pub encoding: String,
    /// The feed's own identifier.
    pub id: Option<String>,
    /// The best `rel=alternate`: the site.
    pub link: Option<String>,
    /// BCP 47, as published.
    pub language: Option<String>,
    /// A small square picture.
    pub icon: Option<String>,
    /// A larger picture.
    pub logo: Option<String>,
    /// The feed's name.
    pub title: Option<Prose>,
    /// What the feed is about.
    pub description: Option<Prose>,
    /// Atom 0.3 `info`.
    pub info: Option<Prose>,
    /// The publisher's rights line.
    pub rights: Option<Prose>,
    /// All links in document order.
    pub links: Vec<Link>,
    /// `rel=self`.
    pub self_link: Option<String>,
    /// `rel=hub`: the first WebSub hub.
    pub hub: Option<String>,
    /// `rel=next` (RFC 5005).
    pub next: Option<String>,
    /// `rel=prev` or `previous` (RFC 5005).
    pub prev: Option<String>,
    /// When the feed says it changed.
    pub updated: Option<Timestamp>,
    /// When the feed says it was published.
    pub published: Option<Timestamp>,
    /// Who writes it.
    pub authors: Vec<Person>,
    /// Who else.
    pub contributors: Vec<Person>,
    /// `webMaster` or `dc:publisher`.
    pub publisher: Option<Person>,
    /// The feed's own categories.
    pub categories: Vec<Category>,
    /// The program that made it.
    pub generator: Option<Generator>,
    /// RSS `image`.
    pub image: Option<Image>,
    /// RSS `ttl`, in minutes.
    pub ttl: Option<u32>,
    /// `sy:updatePeriod` over `sy:updateFrequency`, in minutes.
    pub update_every: Option<u32>,
    /// Hours (0..=23, UTC) in which the publisher asks not to be polled.
    pub skip_hours: Vec<u8>,
    /// Days (UTC) on which the publisher asks not to be polled.
    pub skip_days: Vec<Weekday>,
    /// `itunes:explicit`.
    pub explicit: Option<bool>,
    /// In document order.
    pub items: Vec<Item>,
    /// One for every repair and every drop.
    pub warnings: Vec<Warning>,
}

impl Feed {
    /// Returns a feed of that family that says nothing.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            version: format.as_str().to_owned(),
            encoding: "utf-8".to_owned(),
            id: None,
            link: None,
            language: None,
            icon: None,
            logo: None,
            title: None,
            description: None,
            info: None,
            rights: None,
            links: Vec::new(),
            self_link: None,
            hub: None,
            next: None,
            prev: None,
            updated: None,
            published: None,
            authors: Vec::new(),
            contributors: Vec::new(),
            publisher: None,
            categories: Vec::new(),
            generator: None,
            image: None,
            ttl: None,
            update_every: None,
            skip_hours: Vec::new(),
            skip_days: Vec::new(),
            explicit: None,
            items: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// A repair or a loss in reading a document; printed as `code: detail`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// A stable word, such as `bare-ampersand`.
    pub code: &'static str,
    /// What and where.
    pub detail: String,
    /// Whether the document had to be repaired to be read.
    pub repair: bool,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

/// One story of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// As published, else generated from the content; never random.
    pub id: String,
    /// Whether `id` was generated for want of one.
    pub id_is_generated: bool,
    /// RSS guid semantics.
    pub id_is_permalink: Option<bool>,
    /// The headline.
    pub title: Option<Prose>,
    /// The best alternate link, else a permalink guid.
    pub url: Option<String>,
    /// All links in document order.
    pub links: Vec<Link>,
    /// Who wrote it.
    pub authors: Vec<Person>,
    /// Who else.
    pub contributors: Vec<Person>,
    /// When it came out.
    pub published: Option<Timestamp>,
    /// When it was edited.
    pub updated: Option<Timestamp>,
    /// The lead or description.
    pub summary: Option<Text>,
    /// Every content element.
    pub content: Vec<Text>,
    /// `itunes:subtitle` and the like.
    pub subtitle: Option<Text>,
    /// The item's own rights line.
    pub rights: Option<Text>,
    /// The publisher's categories.
    pub categories: Vec<Category>,
    /// Attached media.
    pub enclosures: Vec<Enclosure>,
    /// `media:thumbnail`.
    pub thumbnails: Vec<Thumbnail>,
    /// The item's picture.
    pub image: Option<Image>,
    /// Where the item comes from, if it was republished.
    pub source: Option<Box<ItemSource>>,
    /// The address of its comments.
    pub comments: Option<String>,
    /// The feed of its comments.
    pub comments_feed: Option<String>,
    /// Inherited `xml:lang`.
    pub language: Option<String>,
    /// `itunes:explicit`.
    pub explicit: Option<bool>,
    /// `itunes:duration`, in seconds.
    pub duration: Option<u32>,
}

/// A piece of prose in the form it was published in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// `text/plain`, `text/html`, `application/xhtml+xml` or the declared MIME type.
    pub mime: String,
    /// The text; sanitised if it is markup.
    pub value: String,
    /// Inherited `xml:lang`.
    pub language: Option<String>,
    /// Inherited `xml:base`.
    pub base: Option<String>,
    /// Atom `content src`.
    pub src: Option<String>,
}

impl Text {
    /// Returns whether the value is HTML or XHTML.
    pub fn is_markup(&self) -> bool {
        matches!(self.mime.as_str(), "text/html" | "application/xhtml+xml")
    }
}

/// Prose for display beside its published form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prose {
    /// Markup removed, entities decoded, white space collapsed.
    pub plain: String,
    /// As published.
    pub detail: Text,
}

/// A link of a feed or an item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// `alternate`, `self`, `enclosure`, …
    pub rel: Option<String>,
    /// Absolute where a base was known.
    pub href: String,
    /// MIME type.
    pub mime: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// BCP 47.
    pub hreflang: Option<String>,
    /// Bytes.
    pub length: Option<u64>,
}

/// An author, contributor or publisher.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// Name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Home page.
    pub url: Option<String>,
}

/// A publisher's category.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Category {
    /// The word itself.
    pub term: Option<String>,
    /// Whose vocabulary.
    pub scheme: Option<String>,
    /// For display.
    pub label: Option<String>,
}

/// The program that made a feed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Generator {
    /// Name.
    pub name: Option<String>,
    /// Version.
    pub version: Option<String>,
    /// Home page.
    pub url: Option<String>,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// Absolute address.
    pub url: Option<String>,
    /// Its alternative text.
    pub title: Option<String>,
    /// Where it leads.
    pub link: Option<String>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// A longer text.
    pub description: Option<String>,
}

/// An attached media file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enclosure {
    /// Absolute address.
    pub url: String,
    /// MIME type.
    pub mime: Option<String>,
    /// Bytes.
    pub length: Option<u64>,
    /// Its title.
    pub title: Option<String>,
}

/// A `media:thumbnail`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thumbnail {
    /// Absolute address.
    pub url: String,
    /// As published.
    pub width: Option<String>,
    /// As published.
    pub height: Option<String>,
}

/// The feed an item was taken from (RSS `source`, `atom:source`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemSource {
    /// The feed's name.
    pub title: Option<Prose>,
    /// RSS `source url`, or the alternate link.
    pub url: Option<String>,
    /// Its identifier.
    pub id: Option<String>,
    /// All its links.
    pub links: Vec<Link>,
    /// Its authors.
    pub authors: Vec<Person>,
    /// Its contributors.
    pub contributors: Vec<Person>,
    /// Its categories.
    pub categories: Vec<Category>,
    /// When it changed.
    pub updated: Option<Timestamp>,
    /// What it is about.
    pub description: Option<Prose>,
    /// Its rights line.
    pub rights: Option<Prose>,
    /// The program that made it.
    pub generator: Option<Generator>,
    /// A small picture.
    pub icon: Option<String>,
    /// A larger picture.
    pub logo: Option<String>,
}
