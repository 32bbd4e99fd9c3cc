//! Elements: tags matched, names made uniform, base and language inherited.
//!
//! The document never stands in memory as a tree. Its frame (`rss`, `channel`, `item`) is
//! walked element by element, and only one field at a time, a `title` or an `author`, is
//! gathered with all that is in it.

use std::rc::Rc;

use url::Url;

use super::names::usual_prefix;
use super::prose::MAX_RAW_BYTES;
use super::xml::{Tag, Token, Tokens};
use crate::text::html;

/// Elements may stand this deep; deeper tags are passed over, their text is kept.
const MAX_DEPTH: usize = 256;

/// Elements and texts kept of one field: a long article has under two thousand.
const MAX_NODES: usize = 20_000;

/// Bindings of prefixes in scope; real documents have under twenty.
const MAX_BINDINGS: usize = 128;

/// The longest base address that is joined with.
const MAX_BASE_BYTES: usize = 2048;

/// An element with all that is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    /// See `names`.
    pub(super) name: String,
    /// Names as elements have them, in document order.
    pub(super) attributes: Vec<(String, String)>,
    /// In document order.
    pub(super) children: Vec<Node>,
    /// Inherited `xml:base`, else the document's address.
    pub(super) base: Option<Rc<Url>>,
    /// Inherited `xml:lang`.
    pub(super) language: Option<Rc<str>>,
}

/// What stands in an element.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Characters.
    Text(String),
    /// An element.
    Element(Element),
}

impl Element {
    /// Returns the value of an attribute, trimmed, if it has one that is not empty.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(key, _)| key == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Returns the child elements.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Returns the first child element of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.name == name)
    }

    /// Returns all text in the element, trimmed.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.gather(&mut out);
        html::clean_chars(out.trim()).into_owned()
    }

    /// Returns all text in the element, if there is any.
    pub(super) fn some_text(&self) -> Option<String> {
        Some(self.text()).filter(|text| !text.is_empty())
    }

    fn gather(&self, out: &mut String) {
        for node in &self.children {
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Element(element) => element.gather(out),
            }
        }
    }

    /// Returns the absolute form of an address that the element names, or the address as it is
    /// if no base is known.
    pub(super) fn resolve(&self, address: &str) -> Option<String> {
        resolve(address, self.base.as_deref())
    }
}

/// Returns an address made absolute, as it is where no base is known, or `None` if its scheme
/// is one that runs something.
pub(super) fn resolve(address: &str, base: Option<&Url>) -> Option<String> {
    let cleaned: String = address.trim().chars().filter(|c| !c.is_control()).collect();
    if cleaned.is_empty() {
        return None;
    }
    if let Ok(url) = Url::parse(&cleaned) {
        return LINK_SCHEMES.contains(&url.scheme()).then_some(cleaned);
    }
    if !has_known_scheme(&cleaned) {
        return None;
    }
    let joined = base.and_then(|base| base.join(&cleaned).ok());
    Some(joined.map_or(cleaned, String::from))
}

fn has_known_scheme(address: &str) -> bool {
    // SECURITY: what does not parse here may still be run by a lenient reader.
    let Some((scheme, _)) = address.split_once(':') else { return true };
    scheme.contains(['/', '?', '#']) || LINK_SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
}

/// Schemes that a link may have; none of them runs anything.
const LINK_SCHEMES: &[&str] = &[
    "http", "https", "ftp", "feed", "mailto", "tel", "news", "nntp", "gopher", "magnet", "urn",
    "tag", "xmpp", "sip", "irc", "ircs", "webcal", "gemini", "rtsp", "mms", "ed2k",
];

/// What comes next in a document's frame.
pub(super) enum Step {
    /// An element begins; its children are not read yet.
    Open(Element),
    /// Something else happened; the depth may be less than before.
    Other,
}

/// An open element.
struct Scope<'a> {
    raw_name: &'a str,
    base: Option<Rc<Url>>,
    language: Option<Rc<str>>,
    /// How many bindings were in scope outside.
    bindings: usize,
}

/// Reads a document element by element.
pub(super) struct Reader<'a> {
    tokens: Tokens<'a>,
    scopes: Vec<Scope<'a>>,
    /// Prefixes and their usual forms, innermost last.
    bindings: Vec<(&'a str, String)>,
    base: Option<Rc<Url>>,
    language: Option<Rc<str>>,
    /// A token that comes before the next one of the document.
    pending: Option<Token<'a>>,
    /// The name and depth of the item that is open.
    item: Option<(&'a str, usize)>,
    /// Start tags passed over for depth whose end tags are still to come.
    unopened: usize,
    /// End tags without start tags, and the reverse.
    pub(super) mismatched: usize,
    /// Elements passed over because they stood too deep or were too many.
    pub(super) passed_over: usize,
}

impl<'a> Reader<'a> {
    /// Returns a reader at the start of a document.
    pub(super) fn new(xml: &'a str, base: Option<&Url>, language: Option<&str>) -> Self {
        Self {
            tokens: Tokens::new(xml),
            scopes: Vec::new(),
            bindings: Vec::new(),
            base: base.map(|url| Rc::new(url.clone())),
            language: language.map(Rc::from),
            pending: None,
            item: None,
            unopened: 0,
            mismatched: 0,
            passed_over: 0,
        }
    }

    /// Returns how many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.scopes.len()
    }

    /// Returns the tokens behind it, for what was repaired in them.
    pub(super) fn tokens(&self) -> &Tokens<'a> {
        &self.tokens
    }

    /// Makes a language the default for what follows, as `language` elements do.
    pub(super) fn speak(&mut self, language: &str) {
        self.language = Some(Rc::from(language));
        for scope in self.scopes.iter_mut().filter(|scope| scope.language.is_none()) {
            scope.language.clone_from(&self.language);
        }
    }

    /// Marks the element that was just opened as an item: another of its name cannot stand in
    /// it, so that an unclosed title does not swallow the items after it.
    pub(super) fn begin_item(&mut self) {
        self.item = self.scopes.last().map(|scope| (scope.raw_name, self.scopes.len()));
    }

    /// Returns the next step in the frame, or `None` at the end.
    pub(super) fn step(&mut self) -> Option<Step> {
        match self.token()? {
            Token::Open(tag) => {
                if let Some(depth) = self.ended_item(&tag) {
                    self.close_to(depth - 1);
                }
                Some(self.open(&tag).map_or(Step::Other, Step::Open))
            }
            Token::Close(name) => {
                self.close(name);
                Some(Step::Other)
            }
            Token::Text(_) => Some(Step::Other),
        }
    }

    /// Reads all that is in an element that was just opened.
    pub(super) fn fill(&mut self, head: Element) -> Element {
        let floor = self.scopes.len();
        let mut open = vec![head];
        let (mut nodes, mut bytes) = (0, 0_usize);
        while self.scopes.len() >= floor {
            let Some(token) = self.token() else { break };
            nodes += 1;
            match token {
                Token::Text(text) => {
                    // Of so long a text the end is cut anyway.
                    let end = text.floor_char_boundary(MAX_RAW_BYTES.saturating_sub(bytes));
                    bytes += end;
                    let text = text.get(..end).unwrap_or_default().to_owned();
                    push(&mut open, Node::Text(text), nodes);
                }
                Token::Close(name) => self.close(name),
                Token::Open(tag) if self.ends_field(&tag) => {
                    self.mismatched += 1;
                    self.pending = Some(Token::Open(tag));
                    self.close_to(floor - 1);
                }
                Token::Open(tag) => open.extend(self.open(&tag)),
            }
            fold(&mut open, (self.scopes.len() + 1).saturating_sub(floor), nodes);
        }
        self.passed_over += nodes.saturating_sub(MAX_NODES);
        fold(&mut open, 1, nodes);
        open.pop().unwrap_or_default()
    }

    fn token(&mut self) -> Option<Token<'a>> {
        self.pending.take().or_else(|| self.tokens.next())
    }

    /// Returns whether a tag cannot stand in a field, because items do not.
    fn ends_field(&self, tag: &Tag<'_>) -> bool {
        match self.item {
            Some(_) => self.ended_item(tag).is_some(),
            None => matches!(self.element_name(tag.name).as_str(), "item" | "entry"),
        }
    }

    /// Returns the depth of the open item if a tag begins the next one.
    fn ended_item(&self, tag: &Tag<'_>) -> Option<usize> {
        let (name, depth) = self.item?;
        (tag.name == name && self.scopes.len() >= depth).then_some(depth)
    }

    /// Opens an element, unless it stands too deep.
    fn open(&mut self, tag: &Tag<'a>) -> Option<Element> {
        if self.scopes.len() >= MAX_DEPTH {
            self.passed_over += 1;
            self.unopened += usize::from(!tag.empty);
            return None;
        }
        let bindings = self.bindings.len();
        self.bind(tag);
        let outer = self.scopes.last();
        let mut element = Element {
            name: self.element_name(tag.name),
            base: outer.map_or_else(|| self.base.clone(), |scope| scope.base.clone()),
            language: outer.map_or_else(|| self.language.clone(), |scope| scope.language.clone()),
            ..Element::default()
        };
        for (name, value) in &tag.attributes {
            element.attributes.push((self.attribute_name(name), value.to_string()));
        }
        inherit(&mut element);
        self.scopes.push(Scope {
            raw_name: tag.name,
            base: element.base.clone(),
            language: element.language.clone(),
            bindings,
        });
        if tag.empty {
            self.pending = Some(Token::Close(tag.name));
        }
        Some(element)
    }

    fn close(&mut self, name: &str) {
        if self.unopened > 0 {
            self.unopened -= 1;
            return;
        }
        let found = self.scopes.iter().rposition(|s| s.raw_name.eq_ignore_ascii_case(name));
        let Some(at) = found else {
            self.mismatched += 1;
            return;
        };
        self.mismatched += usize::from(at + 1 < self.scopes.len());
        self.close_to(at);
    }

    fn close_to(&mut self, depth: usize) {
        if let Some(scope) = self.scopes.get(depth) {
            self.bindings.truncate(scope.bindings);
            self.scopes.truncate(depth);
        }
    }

    fn bind(&mut self, tag: &Tag<'a>) {
        for (name, namespace) in &tag.attributes {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) => match rest.strip_prefix(':') {
                    Some(prefix) => prefix,
                    None => continue,
                },
                None => continue,
            };
            if self.bindings.len() < MAX_BINDINGS {
                // Of an unknown namespace the prefix is all there is to go by.
                let usual = usual_prefix(namespace).map(str::to_owned);
                self.bindings.push((prefix, usual.unwrap_or_else(|| prefix.to_ascii_lowercase())));
            }
        }
    }

    fn bound(&self, prefix: &str) -> Option<&str> {
        let (_, usual) = self.bindings.iter().rev().find(|(bound, _)| *bound == prefix)?;
        Some(usual)
    }

    fn element_name(&self, raw: &str) -> String {
        let (prefix, local) = raw.split_once(':').unwrap_or(("", raw));
        let usual = self.bound(prefix).map_or_else(|| unbound(prefix), str::to_owned);
        joined(&usual, local)
    }

    fn attribute_name(&self, raw: &str) -> String {
        let Some((prefix, local)) = raw.split_once(':') else { return raw.to_lowercase() };
        let usual = self.bound(prefix).map_or_else(|| prefix.to_lowercase(), str::to_owned);
        joined(&usual, local)
    }
}

/// Returns the usual form of a prefix that nothing declares.
fn unbound(prefix: &str) -> String {
    let prefix = prefix.to_lowercase();
    if matches!(prefix.as_str(), "atom" | "rss") { String::new() } else { prefix }
}

fn joined(prefix: &str, local: &str) -> String {
    let local = local.to_lowercase();
    if prefix.is_empty() { local } else { format!("{prefix}:{local}") }
}

/// Applies an element's own `xml:base` and `xml:lang`.
fn inherit(element: &mut Element) {
    // CDF's own attribute is older than `xml:base`.
    let cdf = element.attribute("base").filter(|_| element.name == "channel");
    if let Some(base) = element.attribute("xml:base").or(cdf) {
        let joined = match &element.base {
            Some(outer) => outer.join(base).ok(),
            None => Url::parse(base).ok(),
        };
        let joined = joined
            .filter(|url| url.as_str().len() <= MAX_BASE_BYTES && url.scheme().starts_with("http"));
        if let Some(url) = joined {
            element.base = Some(Rc::new(url));
        }
    }
    let language = element.attributes.iter().find(|(name, _)| name == "xml:lang");
    if let Some((_, language)) = language {
        let language = language.trim().replace('_', "-");
        element.language = Some(Rc::from(language.as_str()));
    }
}

fn push(open: &mut [Element], node: Node, nodes: usize) {
    if let Some(element) = open.last_mut().filter(|_| nodes <= MAX_NODES) {
        element.children.push(node);
    }
}

/// Puts elements that are closed into the ones around them.
fn fold(open: &mut Vec<Element>, depth: usize, nodes: usize) {
    while open.len() > depth.max(1) {
        if let Some(closed) = open.pop() {
            push(open, Node::Element(closed), nodes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows the frame down to `channel` and the fields in it.
    fn shown(xml: &str) -> String {
        let mut reader = Reader::new(xml, None, None);
        let mut out = Vec::new();
        while let Some(step) = reader.step() {
            let Step::Open(element) = step else { continue };
            let frame = format!("{}@{}", element.name, reader.depth());
            match element.name.as_str() {
                "rss" | "channel" => out.push(frame),
                "item" => {
                    reader.begin_item();
                    out.push(frame);
                }
                _ => {
                    let field = reader.fill(element);
                    out.push(format!("{}={}", field.name, field.text()));
                }
            }
        }
        out.join(" ")
    }

    #[track_caller]
    fn check(xml: &str, expected: &str) {
        assert_eq!(shown(xml).trim_end(), expected);
    }

    #[test]
    fn a_frame_is_walked_and_fields_are_filled() {
        check(
            "<rss><channel><title>a<b>b</b></title><item><link/><guid>c</guid></item></channel></rss>",
            "rss@1 channel@2 title=ab item@3 link= guid=c",
        );
    }

    #[test]
    fn prefixes_follow_their_namespaces() {
        check(
            "<rss xmlns:x='http://purl.org/dc/elements/1.1/' xmlns:a='http://www.w3.org/2005/Atom'>\
             <x:creator>c</x:creator><a:link/><y:z/></rss>",
            "rss@1 dc:creator=c link= y:z=",
        );
    }

    #[test]
    fn an_unclosed_field_ends_with_its_item() {
        check("<rss><item><title>a</item><item>", "rss@1 item@2 title=a item@2");
        check("<rss><item><title>a<item><title>b", "rss@1 item@2 title=a item@2 title=b");
        check("<rss><x>a</y></x></z><w>b", "rss@1 x=a w=b");
    }

    #[test]
    fn an_unclosed_field_of_the_feed_does_not_swallow_the_items() {
        check("<rss><x><x/><item><y>a</y></item><item/>", "rss@1 x= item@2 y=a item@2");
    }

    #[test]
    fn bases_join_and_languages_are_inherited() {
        let xml = "<a xml:base='http://example.org/b/' xml:lang='en_US'><c xml:base='d/'/><e/>";
        let mut reader = Reader::new(xml, None, None);
        let mut seen = Vec::new();
        while let Some(step) = reader.step() {
            if let Step::Open(element) = step {
                seen.push((element.resolve("f").unwrap(), element.language.unwrap().to_string()));
            }
        }
        let expected =
            ["http://example.org/b/f", "http://example.org/b/d/f", "http://example.org/b/f"];
        assert_eq!(seen, expected.map(|url| (url.to_owned(), "en-US".to_owned())));
    }

    #[test]
    fn depth_and_size_of_a_field_are_bounded() {
        let deep = format!("<a>{}x{}</a><b/>", "<c>".repeat(1000), "</c>".repeat(1000));
        let mut reader = Reader::new(&deep, None, None);
        let Some(Step::Open(head)) = reader.step() else { panic!("an element") };
        assert_eq!(reader.fill(head).text(), "x");
        assert!(reader.passed_over > 0);
        assert!(matches!(reader.step(), Some(Step::Open(b)) if b.name == "b"));

        let wide = format!("<a>{}</a>", "<c/>".repeat(50_000));
        let mut reader = Reader::new(&wide, None, None);
        let Some(Step::Open(head)) = reader.step() else { panic!("an element") };
        assert!(reader.fill(head).children.len() <= MAX_NODES);

        let long = format!("<a>{}<b>{}</b></a>", "x".repeat(MAX_RAW_BYTES), "y".repeat(9));
        let mut reader = Reader::new(&long, None, None);
        let Some(Step::Open(head)) = reader.step() else { panic!("an element") };
        assert_eq!(reader.fill(head).text(), "x".repeat(MAX_RAW_BYTES));
    }

    #[test]
    fn a_link_never_runs_anything() {
        assert_eq!(resolve("java\nscript:x", None), None);
        assert_eq!(resolve("data:text/html,x", None), None);
        assert_eq!(resolve("/a:b", None), Some("/a:b".to_owned()));
        assert_eq!(resolve(" http://example.org ", None), Some("http://example.org".to_owned()));
    }
}
