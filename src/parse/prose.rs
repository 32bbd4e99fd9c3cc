//! Text constructs: titles, summaries, contents, in whatever form they were published.

use super::tree::{Element, Node};
use super::warnings::Warnings;
use crate::model::{Prose, Text};
use crate::text;
use crate::text::html::{self, List};

/// Titles and other one-line texts.
pub(super) const MAX_TITLE_BYTES: usize = 2 * 1024;

/// Summaries and contents.
pub(super) const MAX_CONTENT_BYTES: usize = 256 * 1024;

/// How much longer markup may be than what is kept of it.
const RAW_FACTOR: usize = 8;

/// The text of one field that is looked at at all.
pub(super) const MAX_RAW_BYTES: usize = RAW_FACTOR * MAX_CONTENT_BYTES + 1;

const PLAIN: &str = "text/plain";
const HTML: &str = "text/html";
const XHTML: &str = "application/xhtml+xml";

/// How a family of documents writes its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// RSS, RDF and CDF: plain text that often is HTML.
    Rss,
    /// Atom 0.3: a MIME type and a mode.
    Atom03,
    /// Atom 1.0 (RFC 4287 3.1): `text`, `html` or `xhtml`.
    Atom10,
}

/// What a text is taken to be, and how long it may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// The type of a text that does not name one.
    pub(super) mime: &'static str,
    /// In bytes; what is longer is cut.
    pub(super) max_bytes: usize,
}

/// A headline, a rights line.
pub(super) const LINE: Form = Form { mime: PLAIN, max_bytes: MAX_TITLE_BYTES };

/// A summary or content that is plain unless it says otherwise.
pub(super) const BODY: Form = Form { mime: PLAIN, max_bytes: MAX_CONTENT_BYTES };

/// A summary or content that is HTML unless it says otherwise.
pub(super) const HTML_BODY: Form = Form { mime: HTML, max_bytes: MAX_CONTENT_BYTES };

/// Returns the text of an element, sanitised if it is markup, or `None` if it is empty.
pub(super) fn text(
    element: &Element,
    form: Form,
    dialect: Dialect,
    warnings: &mut Warnings,
) -> Option<Text> {
    let (mime, raw) = raw_text(element, form.mime, dialect);
    let src = element.attribute("src").and_then(|src| element.resolve(src));
    let mut text = finish(&mime, &raw, element, form.max_bytes, warnings);
    if text.value.is_empty() && src.is_none() {
        return None;
    }
    text.src = src;
    Some(text)
}

/// Returns a text for display beside its published form.
pub(super) fn prose(text: Text) -> Prose {
    let line = html::plain_line(&text.value, text.is_markup());
    let end = line.floor_char_boundary(MAX_CONTENT_BYTES);
    Prose { plain: line.get(..end).unwrap_or_default().to_owned(), detail: text }
}

/// Returns a text of a known type, sanitised and cut.
pub(super) fn finish(
    mime: &str,
    raw: &str,
    element: &Element,
    max_bytes: usize,
    warnings: &mut Warnings,
) -> Text {
    let base = element.base.as_deref();
    let is_markup = matches!(mime, HTML | XHTML);
    // Most of so much markup is cut anyway; it need not be read before.
    let (raw, was_too_long) = cut_plain(raw.trim(), RAW_FACTOR * max_bytes);
    let (value, was_cut) = if is_markup {
        html::cut(&html::sanitise_within(raw, List::Display, base, max_bytes), max_bytes)
    } else {
        let clean = html::clean_chars(raw);
        let (head, was_cut) = cut_plain(&clean, max_bytes);
        (head.to_owned(), was_cut)
    };
    if was_cut || was_too_long {
        warnings.loss("text-cut", &format!("{} to {max_bytes} bytes", element.name));
    }
    Text {
        mime: mime.to_owned(),
        value: value.trim().to_owned(),
        language: element.language.as_deref().filter(|l| !l.is_empty()).map(str::to_owned),
        base: base.map(|url| url.as_str().to_owned()),
        src: None,
    }
}

fn cut_plain(text: &str, max_bytes: usize) -> (&str, bool) {
    let end = text.floor_char_boundary(max_bytes);
    (text.get(..end).unwrap_or(text), end < text.len())
}

/// Returns an element's type and its text as markup or characters.
fn raw_text(element: &Element, default: &str, dialect: Dialect) -> (String, String) {
    let declared = element.attribute("type").map_or_else(|| default.to_owned(), mime_of);
    if element.elements().next().is_some() {
        // Whatever it says it is: there are elements in it.
        let mut out = String::new();
        let inner = if dialect == Dialect::Atom10 { only_div(element) } else { None };
        // Escaped markup within a `div` that is not: both are meant as markup.
        let is_escaped = dialect == Dialect::Atom10 && declared == HTML;
        push_children(&mut out, inner.unwrap_or(element), is_escaped);
        return (XHTML.to_owned(), out);
    }
    if declared == XHTML {
        return (declared, html::escape(&element.text()));
    }
    let mut raw = element.text();
    if is_base64(element, &declared, dialect) {
        raw = base64(&raw).unwrap_or(raw);
    }
    let may_be_html = declared == PLAIN && dialect != Dialect::Atom10;
    if may_be_html && looks_like_html(&raw) {
        return (HTML.to_owned(), raw);
    }
    (declared, raw)
}

fn mime_of(declared: &str) -> String {
    let mime = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match mime.as_str() {
        "text" | "plain" => PLAIN.to_owned(),
        "html" => HTML.to_owned(),
        "xhtml" | "application/xhtml" => XHTML.to_owned(),
        _ => mime,
    }
}

fn is_base64(element: &Element, mime: &str, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Rss => false,
        Dialect::Atom03 => element.attribute("mode") == Some("base64"),
        Dialect::Atom10 => {
            let is_text = mime.starts_with("text/") || mime.ends_with("xml");
            !is_text && element.attribute("src").is_none()
        }
    }
}

/// Returns the text that base64 stands for, if it is one (RFC 4648 4).
fn base64(encoded: &str) -> Option<String> {
    let meant = encoded.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=');
    String::from_utf8(text::base64(meant)?).ok()
}

/// Returns whether a text that claims to be plain is HTML: it has an end tag or an entity, and
/// all its tags are such as HTML has.
pub(super) fn looks_like_html(text: &str) -> bool {
    if !text.contains("</") && !text.contains("/>") && !has_entity(text) {
        return false;
    }
    // What sanitising leaves alone but for its tags is text; a tag nobody knows stays text.
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        let name = tag.trim_start_matches('/');
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        let name = name.get(..end).unwrap_or_default();
        if name.is_empty() || !html::is_element(name) {
            return false;
        }
        rest = tag;
    }
    true
}

fn has_entity(text: &str) -> bool {
    text.split('&').skip(1).any(|tail| {
        tail.split_once(';').is_some_and(|(name, _)| match name.strip_prefix('#') {
            Some(number) => !number.is_empty() && number.len() < 8,
            None => name.len() < 32 && html::named_entity(name).is_some(),
        })
    })
}

/// Returns the `div` that is all there is in an Atom 1.0 text, and no part of it (RFC 4287
/// 3.1.1.3).
fn only_div(element: &Element) -> Option<&Element> {
    let mut div = None;
    for node in &element.children {
        match node {
            Node::Text(text) if text.trim().is_empty() => {}
            Node::Element(child) if local(&child.name) == "div" && div.is_none() => {
                div = Some(child);
            }
            _ => return None,
        }
    }
    div
}

/// Writes what is in an element as markup. Texts of escaped markup are markup themselves.
fn push_children(out: &mut String, element: &Element, is_escaped: bool) {
    for node in &element.children {
        match node {
            Node::Text(text) if is_escaped => out.push_str(text),
            Node::Text(text) => out.push_str(&html::escape(text)),
            Node::Element(element) => push_element(out, element, is_escaped),
        }
    }
}

fn push_element(out: &mut String, element: &Element, is_escaped: bool) {
    let name = local(&element.name);
    out.push('<');
    out.push_str(name);
    for (key, value) in &element.attributes {
        if !key.contains(':') {
            push_attribute(out, key, value, element);
        }
    }
    if element.children.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    push_children(out, element, is_escaped);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Writes an attribute. An address is resolved here, because only here the element's own
/// `xml:base` is known.
fn push_attribute(out: &mut String, key: &str, value: &str, element: &Element) {
    let is_address = matches!(key, "href" | "src" | "cite" | "longdesc" | "poster");
    let resolved = if is_address { html::absolute(value, element.base.as_deref()) } else { None };
    out.push(' ');
    out.push_str(key);
    out.push_str("=\"");
    out.push_str(&html::escape(resolved.as_deref().unwrap_or(value)));
    out.push('"');
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Reader, Step};
    use super::*;

    fn field(xml: &str) -> Element {
        let mut reader = Reader::new(xml, None, None);
        let Some(Step::Open(head)) = reader.step() else { panic!("an element") };
        reader.fill(head)
    }

    #[track_caller]
    fn check(xml: &str, dialect: Dialect, mime: &str, value: &str) {
        let text = text(&field(xml), LINE, dialect, &mut Warnings::default()).unwrap();
        assert_eq!((text.mime.as_str(), text.value.as_str()), (mime, value));
    }

    #[test]
    fn atom_says_what_it_is() {
        check("<t>a &lt;b&gt;</t>", Dialect::Atom10, PLAIN, "a <b>");
        check("<t type='html'>a &lt;b>c</t>", Dialect::Atom10, HTML, "a <b>c</b>");
        let xhtml =
            "<t type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>a <b>c</b></div></t>";
        check(xhtml, Dialect::Atom10, XHTML, "a <b>c</b>");
        check(xhtml, Dialect::Atom03, XHTML, "<div>a <b>c</b></div>");
        check("<t type='text/plain' mode='base64'>YWJj</t>", Dialect::Atom03, PLAIN, "abc");
    }

    #[test]
    fn rss_is_looked_at() {
        check("<t>AT&amp;T &lt;3</t>", Dialect::Rss, PLAIN, "AT&T <3");
        check("<t>a &lt;b>c&lt;/b></t>", Dialect::Rss, HTML, "a <b>c</b>");
        check("<t>a <br/> c</t>", Dialect::Rss, XHTML, "a <br> c");
        check("<t>a &lt;T>c&lt;/T></t>", Dialect::Rss, PLAIN, "a <T>c</T>");
    }

    #[test]
    fn nested_bases_are_applied() {
        check(
            "<t type='xhtml' xml:base='http://a.example/b/'><p xml:base='c/'><a href='d'>e</a></p></t>",
            Dialect::Atom10,
            XHTML,
            "<p><a href=\"http://a.example/b/c/d\">e</a></p>",
        );
    }

    #[test]
    fn what_is_too_long_is_cut_and_said() {
        let mut warnings = Warnings::default();
        let xml = format!("<t>{}</t>", "é".repeat(MAX_TITLE_BYTES));
        let text = text(&field(&xml), LINE, Dialect::Rss, &mut warnings).unwrap();
        assert_eq!(text.value.len(), MAX_TITLE_BYTES);
        assert_eq!(warnings.into_list().len(), 1);
    }

    #[test]
    fn an_empty_text_is_none() {
        assert!(text(&field("<t> </t>"), LINE, Dialect::Rss, &mut Warnings::default()).is_none());
    }
}
