//! What a browser or a feed reader would find in our documents and pages, seen by parsers that are
//! not ours: quick-xml, `serde_json`, and html5ever's tree as browsers build it.
#![expect(clippy::panic, reason = "what no reader can read fails the test")]

use dom_query::{Document, NodeRef};
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;
use url::Url;

/// What may stand in a body; every other element is a fault.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "address",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "m",
    "main",
    "map",
    "mark",
    "menu",
    "multicol",
    "nav",
    "nextid",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "source",
    "spacer",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// What a page of ours has beside them.
const OF_PAGES: &[&str] = &[
    "html", "head", "body", "meta", "link", "title", "article", "aside", "form", "input", "button",
    "svg", "rect",
];

/// The classes of our style.
const CLASSES: &[&str] = &[
    "article",
    "bad",
    "channel",
    "chart",
    "facts",
    "feeds",
    "filter",
    "good",
    "home",
    "items",
    "mark",
    "none",
    "panel",
    "quiet",
    "scroll cards",
    "search",
    "skip",
    "trouble",
    "trouble well",
    "warn",
    "wide",
];

/// Attributes that run, load or reach into the page.
const ATTRIBUTES: &[&str] = &[
    "action",
    "archive",
    "autofocus",
    "background",
    "class",
    "classid",
    "code",
    "codebase",
    "contenteditable",
    "data",
    "dynsrc",
    "for",
    "form",
    "formaction",
    "http-equiv",
    "id",
    "is",
    "lowsrc",
    "manifest",
    "name",
    "ping",
    "profile",
    "slot",
    "srcdoc",
    "srcset",
    "style",
    "tabindex",
    "target",
    "usemap",
    "xmlns",
];

const ADDRESSES: &[&str] = &["cite", "href", "longdesc", "poster", "src"];

/// How long a title or another line may be: what `parse` keeps of one, and what stands around it.
const MAX_LINE_BYTES: usize = 5000;

/// Faults, each with the place where it was found.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, place: &str, what: &str, text: &str) {
        let shown: String = text.escape_debug().take(300).collect();
        self.0.push(format!("{place}: {what}: {shown}"));
    }

    #[track_caller]
    pub(crate) fn assert_none(&self) {
        let shown = self.0.iter().take(60).map(String::as_str).collect::<Vec<_>>();
        assert!(self.0.is_empty(), "{} faults:\n{}", self.0.len(), shown.join("\n"));
    }

    /// Checks an RSS, Atom or OPML document.
    pub(crate) fn xml(&mut self, place: &str, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).unwrap();
        let mut walk = Walk { faults: self, place, open: Vec::new(), roots: 0 };
        walk.document(text);
    }

    /// Checks a document by its name.
    pub(crate) fn document(&mut self, name: &str, bytes: &[u8]) {
        match name.rsplit_once('.') {
            Some((_, "json")) => self.json(name, bytes),
            _ => self.xml(name, bytes),
        }
    }

    /// Checks a JSON Feed.
    pub(crate) fn json(&mut self, place: &str, bytes: &[u8]) {
        let value: Value = serde_json::from_slice(bytes).unwrap();
        self.json_value(place, "", &value);
    }

    fn json_value(&mut self, place: &str, key: &str, value: &Value) {
        match value {
            Value::String(text) => {
                let kind = match key {
                    "content_html" => Kind::Html,
                    // A JSON Feed's type and version are no addresses to follow.
                    "url" | "home_page_url" | "feed_url" | "next_url" | "icon" | "image"
                    | "comments" => Kind::Address,
                    _ => Kind::Line,
                };
                self.text(&format!("{place} {key}"), kind, text);
            }
            Value::Array(list) => list.iter().for_each(|value| self.json_value(place, key, value)),
            Value::Object(map) => {
                map.iter().for_each(|(key, value)| self.json_value(place, key, value));
            }
            _ => {}
        }
    }

    fn text(&mut self, place: &str, kind: Kind, text: &str) {
        if text.chars().any(is_forbidden) || has_stray_tag_character(text) {
            self.add(place, "a forbidden character", text);
        }
        match kind {
            Kind::Html => self.body(place, text),
            Kind::Address => self.address(place, text),
            Kind::Line => self.line(place, text),
        }
    }

    fn address(&mut self, place: &str, text: &str) {
        let scheme = Url::parse(text).map(|url| url.scheme().to_owned()).unwrap_or_default();
        if !matches!(scheme.as_str(), "http" | "https") {
            self.add(place, "an address", text);
        }
    }

    /// Checks plain text as readers see it that take it for HTML, and again as those do that
    /// unescape what they then have.
    fn line(&mut self, place: &str, text: &str) {
        if text.len() > MAX_LINE_BYTES {
            self.add(place, &format!("{} bytes", text.len()), text);
        }
        let mut shown = text.to_owned();
        for time in ["once", "twice"] {
            if !shown.contains(['<', '&']) {
                break;
            }
            let document = Document::from(format!("<!doctype html><body>{shown}"));
            let is_ours = |node: &NodeRef<'_>| matches!(&*name(node), "html" | "head" | "body");
            if let Some(node) = elements(&document).find(|node| !is_ours(node)) {
                return self.add(
                    place,
                    &format!("<{}> where HTML is read {time}", name(&node)),
                    text,
                );
            }
            shown = document.text().to_string();
        }
    }

    /// Checks a body as a reader shows it: in a block of its own.
    pub(crate) fn body(&mut self, place: &str, html: &str) {
        let page = format!("<!doctype html><body><div>{html}</div><wbr>");
        let document = Document::from(page);
        for node in elements(&document) {
            self.element(place, &node, ELEMENTS, html);
        }
        // What stands behind the block is all that does.
        let outside = document.body().unwrap().children();
        let names: Vec<String> = outside.iter().map(name).collect();
        if names != ["div", "wbr"] {
            self.add(place, "something is left open", html);
        }
    }

    /// Checks a page.
    pub(crate) fn page(&mut self, place: &str, html: &str) {
        if html.chars().any(is_forbidden) || has_stray_tag_character(html) {
            self.add(place, "a forbidden character", html);
        }
        let document = Document::from(html);
        let all: Vec<_> = elements(&document).collect();
        let count = |tag: &str| all.iter().filter(|node| name(node) == tag).count();
        if count("link") == 0 || count("form") > 1 || count("main") != 1 {
            self.add(place, "another page than ours", html);
        }
        for node in &all {
            self.element(place, node, &[ELEMENTS, OF_PAGES].concat(), html);
        }
    }

    fn element(&mut self, place: &str, node: &NodeRef<'_>, allowed: &[&str], html: &str) {
        let tag = name(node);
        if !allowed.contains(&tag.as_str()) && !matches!(tag.as_str(), "html" | "head" | "body") {
            self.add(place, &format!("<{tag}>"), html);
        }
        for attribute in node.attrs() {
            let (key, value) = (attribute.name.local.as_ref(), attribute.value.as_ref());
            if !is_own(&tag, key, value)
                && (key.starts_with("on") || key.contains(':') || ATTRIBUTES.contains(&key))
            {
                self.add(place, &format!("<{tag} {key}>"), value);
            }
            let bare: String = value.chars().filter(|c| *c > ' ' && !c.is_control()).collect();
            let bare = bare.to_ascii_lowercase();
            let scheme = Url::parse(value).map(|url| url.scheme().to_owned()).unwrap_or_default();
            let is_followed = matches!(scheme.as_str(), "http" | "https" | "mailto" | "tel");
            let is_path =
                allowed.contains(&"html") && value.starts_with('/') && !value.starts_with("//");
            let is_skip = (tag.as_str(), value) == ("a", "#main");
            if ADDRESSES.contains(&key) && !is_followed && !is_path && !is_skip {
                self.add(place, &format!("<{tag} {key}>"), value);
            }
            if ADDRESSES.contains(&key)
                && ["javascript:", "vbscript:", "data:", "livescript:"]
                    .iter()
                    .any(|scheme| bare.starts_with(scheme))
            {
                self.add(place, "a script", value);
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Html,
    Address,
    Line,
}

/// Returns whether the frame of our pages has the attribute.
fn is_own(tag: &str, key: &str, value: &str) -> bool {
    match key {
        "class" => CLASSES.contains(&value),
        "id" => {
            matches!(value, "main" | "why" | "wrong" | "sources" | "channels")
                || value.starts_with("channel-")
        }
        "action" => (tag, value) == ("form", "/search"),
        "autofocus" => tag == "input",
        "tabindex" => (tag, value) == ("div", "0"),
        "name" if tag == "input" => value == "q",
        "name" => tag == "meta" && matches!(value, "viewport" | "robots"),
        _ => false,
    }
}

fn elements(document: &Document) -> impl Iterator<Item = NodeRef<'_>> {
    document.root().descendants().into_iter().filter(NodeRef::is_element)
}

fn name(node: &NodeRef<'_>) -> String {
    node.node_name().map(|name| name.to_string()).unwrap_or_default()
}

/// Returns whether no document or page may hold the character.
fn is_forbidden(c: char) -> bool {
    matches!(u32::from(c),
        0..=8 | 0xb | 0xc | 0xe..=0x1f | 0x7f..=0x9f
        | 0x202a..=0x202e | 0x2066..=0x2069 | 0xfeff | 0xfffe | 0xffff)
}

/// Returns whether an invisible letter stands outside a flag.
fn has_stray_tag_character(text: &str) -> bool {
    let mut in_flag = false;
    text.chars().any(|c| {
        let is_tag = matches!(c, '\u{e0000}'..='\u{e007f}');
        in_flag = c == '\u{1f3f4}' || (in_flag && is_tag);
        is_tag && !in_flag
    })
}

/// A document's elements, one after another, as strictly as XML 1.0 has it.
struct Walk<'w> {
    faults: &'w mut Faults,
    place: &'w str,
    open: Vec<(String, String)>,
    roots: usize,
}

impl Walk<'_> {
    fn document(&mut self, xml: &str) {
        let mut reader = quick_xml::Reader::from_str(xml);
        reader.config_mut().expand_empty_elements = true;
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(start) => self.start(&start),
                Event::End(_) => self.end(),
                Event::Text(text) => {
                    assert!(!text.contains("]]>"), "{}: {}", self.place, &*text);
                    self.push(&text);
                }
                Event::CData(text) => self.push(&text),
                Event::GeneralRef(reference) => {
                    let text = format!("&{};", &*reference);
                    self.push(&quick_xml::escape::unescape(&text).unwrap());
                }
                Event::Decl(_) => {}
                other => panic!("{}: {other:?}", self.place),
            }
        }
        assert!(self.open.is_empty() && self.roots == 1, "{}", self.place);
    }

    fn start(&mut self, start: &BytesStart<'_>) {
        self.roots += usize::from(self.open.is_empty());
        let element = start.name().as_ref().to_owned();
        let mut is_html = false;
        for attribute in start.attributes() {
            let attribute = attribute.unwrap();
            let key = attribute.key.as_ref().to_owned();
            if attribute.value.contains('<') {
                let place = format!("{} {element} {key}", self.place);
                self.faults.add(&place, "a bracket in an attribute", &attribute.value);
            }
            let value = quick_xml::escape::unescape(&attribute.value);
            let value = value.unwrap_or_else(|error| panic!("{}: {error}", self.place));
            is_html |= (element.as_str(), key.as_str(), &*value) == ("content", "type", "html");
            let kind = match key.as_str() {
                "url" | "href" | "xmlUrl" | "htmlUrl" => Kind::Address,
                _ => Kind::Line,
            };
            self.faults.text(&format!("{} {element} {key}", self.place), kind, &value);
        }
        let element = if is_html { "content:encoded".to_owned() } else { element };
        self.open.push((element, String::new()));
    }

    fn push(&mut self, text: &str) {
        if let Some((_, known)) = self.open.last_mut() {
            known.push_str(text);
        }
    }

    fn end(&mut self) {
        let (element, text) = self.open.pop().unwrap();
        let kind = match element.as_str() {
            "content:encoded" => Kind::Html,
            "link" | "comments" | "icon" | "url" if !text.is_empty() => Kind::Address,
            _ => Kind::Line,
        };
        self.faults.text(&format!("{} {element}", self.place), kind, &text);
    }
}

#[test]
fn what_must_not_pass_is_seen() {
    let seen = |what: &str, check: &dyn Fn(&mut Faults)| {
        let mut faults = Faults::default();
        check(&mut faults);
        assert!(!faults.0.is_empty(), "{what}");
    };
    for html in [
        "<script>x</script>",
        "<p onclick=x>",
        "<x-y>",
        "<a href=' java\tscript:x'>",
        "<b style=x>",
        "<svg>",
        "<a href=b>",
        "</div>a",
        "<b>",
        "<b",
    ] {
        seen(html, &|faults| faults.text("", Kind::Html, html));
    }
    for line in ["<b>a", "&lt;x y>", "a\u{202e}", "\u{e0041}", "\u{85}", "<image>"] {
        seen(line, &|faults| faults.text("", Kind::Line, line));
    }
    seen("title", &|faults| faults.xml("", b"<rss><title>&lt;i></title></rss>"));
    seen("link", &|faults| faults.xml("", b"<rss><link>javascript:x</link></rss>"));
    seen("json", &|faults| faults.json("", b"{\"content_html\": \"<i onx>\"}"));
    seen("page", &|faults| faults.page("", "<style>x"));
    let mut faults = Faults::default();
    faults.body("", "<p>a <a href='https://a.example/'>b</a></p>");
    faults.text("", Kind::Line, "a < b && c <\u{2060}T> \u{1f3f4}\u{e0067}\u{e007f}");
    faults.assert_none();
}
