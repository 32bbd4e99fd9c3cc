//! The frame of an XML document: which dialect it is, where its items begin and end.

use super::Document;
use super::complete::{Head, feed, item};
use super::draft::{Context, Draft, Of};
use super::limits::Newest;
use super::prose::Dialect;
use super::tree::{Element, Reader, Step};
use super::warnings::Warnings;
use super::{ParseError, names, page, second};
use crate::model::{Feed, Format, Link};

/// Reads an XML document of any dialect.
pub(super) fn read(
    xml: &str,
    encoding: String,
    document: &Document<'_>,
    mut warnings: Warnings,
) -> Result<Feed, ParseError> {
    let mut reader = Reader::new(xml, document.url, document.language);
    let Some((root, format)) = root(&mut reader) else {
        return Err(page::not_a_feed(xml, document.url));
    };
    let version = version(&root, format);
    let context = Context {
        dialect: match version {
            "atom10" => Dialect::Atom10,
            _ if format == Format::Atom => Dialect::Atom03,
            _ => Dialect::Rss,
        },
        zone: document.zone(),
        warnings: &mut warnings,
    };
    let mut walk =
        Walk { reader, context, feed: Draft::default(), item: None, items: Newest::of(xml.len()) };
    walk.enter(&root);
    walk.run();
    let Walk { reader, feed: draft, items, .. } = walk;
    note_repairs(&reader, xml, &mut warnings);
    let is_sound = !warnings.any_repair() && reader.passed_over == 0;
    let items = items.into_items(&mut warnings);
    let head = Head { format, version: version.to_owned(), encoding };
    let mut feed = feed(draft, head, items);
    if is_sound {
        second::complete(&mut feed, xml, document.zone(), &mut warnings);
    }
    feed.warnings = warnings.into_list();
    Ok(feed)
}

/// Goes to the element that a feed begins with.
fn root(reader: &mut Reader<'_>) -> Option<(Element, Format)> {
    while let Some(step) = reader.step() {
        let Step::Open(element) = step else { continue };
        let format = match element.name.as_str() {
            "channel" if has_cdf_mark(&element) => Format::Cdf,
            "rss" | "channel" => Format::Rss,
            "rdf:rdf" | "rdf" => Format::Rdf,
            "feed" => Format::Atom,
            "entry" if names_dialect(&element).is_some() => Format::Atom,
            "html" | "xhtml:html" => return None,
            _ => continue,
        };
        return Some((element, format));
    }
    None
}

fn has_cdf_mark(element: &Element) -> bool {
    ["href", "base", "lastmod", "self"].iter().any(|name| element.attribute(name).is_some())
}

fn names_dialect(element: &Element) -> Option<&'static str> {
    let mut namespaces = element.attributes.iter().filter(|(name, _)| name.starts_with("xmlns"));
    namespaces.find_map(|(_, namespace)| names::dialect(namespace))
}

fn version(root: &Element, format: Format) -> &'static str {
    let says = root.attribute("version").unwrap_or_default();
    match (format, names_dialect(root)) {
        (Format::Atom, Some(dialect @ ("atom10" | "atom03"))) => dialect,
        (Format::Atom, _) => match says {
            "0.1" | "0.2" | "0.3" => "atom03",
            "1.0" => "atom10",
            _ => "atom",
        },
        (Format::Rdf, Some("rss090")) => "rss090",
        (Format::Rdf, _) => "rss10",
        (Format::Rss, _) => match says {
            "0.91" => "rss091u",
            "0.92" => "rss092",
            "0.93" => "rss093",
            "0.94" => "rss094",
            "0.90" => "rss090",
            says if says.starts_with("2.") => "rss20",
            _ => "rss",
        },
        (Format::Cdf, _) => "cdf",
        (Format::Json, _) => "json11",
    }
}

/// A walk through a document.
struct Walk<'a, 'w> {
    reader: Reader<'a>,
    context: Context<'w>,
    feed: Draft,
    /// The item that is open, and the depth it is open at.
    item: Option<(Draft, usize)>,
    items: Newest,
}

impl Walk<'_, '_> {
    fn run(&mut self) {
        while let Some(step) = self.reader.step() {
            self.leave_item(self.reader.depth());
            if let Step::Open(element) = step {
                self.open(element);
            }
        }
        self.leave_item(0);
    }

    fn open(&mut self, element: Element) {
        match element.name.as_str() {
            "channel" if self.item.is_none() => self.enter(&element),
            "item" | "entry" => {
                self.leave_item(0);
                self.reader.begin_item();
                let mut draft = Draft::default();
                read_attributes(&element, &mut draft);
                draft.id = element.attribute("rdf:about").map(str::to_owned);
                draft.language =
                    element.language.as_deref().filter(|l| !l.is_empty()).map(str::to_owned);
                self.item = Some((draft, self.reader.depth()));
            }
            _ => self.field(element),
        }
    }

    /// Takes what the attributes of the feed's own elements say.
    fn enter(&mut self, element: &Element) {
        read_attributes(element, &mut self.feed);
        let language = element.language.as_deref().filter(|language| !language.is_empty());
        if self.feed.language.is_none() {
            self.feed.language = language.map(str::to_owned);
        }
        if element.name == "entry" {
            self.reader.begin_item();
            self.item = Some((Draft::default(), self.reader.depth()));
        }
    }

    fn field(&mut self, head: Element) {
        let field = self.reader.fill(head);
        if let Some((draft, _)) = &mut self.item {
            draft.read(&field, Of::Item, &mut self.context);
            return;
        }
        let is_language = matches!(field.name.as_str(), "language" | "dc:language");
        if let Some(language) = field.some_text().filter(|_| is_language) {
            // The feed's own element says more than what its root inherits.
            self.feed.language = None;
            self.reader.speak(&language.replace('_', "-"));
        }
        self.feed.read(&field, Of::Feed, &mut self.context);
    }

    /// Ends the open item if the walk stands outside of it.
    fn leave_item(&mut self, depth: usize) {
        if self.item.as_ref().is_some_and(|(_, at)| depth < *at)
            && let Some((draft, _)) = self.item.take()
        {
            self.items.push(item(draft));
        }
    }
}

/// Takes what CDF says in attributes.
fn read_attributes(element: &Element, draft: &mut Draft) {
    if let Some(href) = element.attribute("href").and_then(|href| element.resolve(href)) {
        let rel = Some("alternate".to_owned());
        draft.links.push(Link { rel, href, ..Link::default() });
    }
    if let Some(modified) = element.attribute("lastmod") {
        let utc = chrono::Offset::fix(&chrono::Utc);
        draft.updated = super::dates::parse(modified, utc);
    }
}

fn note_repairs(reader: &Reader<'_>, xml: &str, warnings: &mut Warnings) {
    let repairs = reader.tokens().repairs;
    if !xml.trim_start_matches('\u{feff}').starts_with('<') {
        let junk: String = xml.chars().take_while(|c| *c != '<').take(40).collect();
        warnings.repair("junk-before-document", &format!("{junk:?}"));
    }
    if reader.tokens().has_doctype {
        warnings.loss("doctype", "read for its entities, else passed over");
    }
    if repairs.entities_refused > 0 {
        warnings.loss("entity-limit", &format!("{} references left", repairs.entities_refused));
    }
    warnings.count("bare-ampersand", repairs.bare_ampersands);
    warnings.count("html-entity", repairs.html_entities);
    warnings.count("bare-bracket", repairs.bare_brackets);
    warnings.count("mismatched-tag", reader.mismatched);
    if repairs.cut_off > 0 || reader.depth() > 0 {
        warnings.repair("unclosed-end", &format!("{} elements open", reader.depth()));
    }
    if reader.passed_over > 0 {
        warnings.loss("too-deep", &format!("{} tags passed over", reader.passed_over));
    }
}
