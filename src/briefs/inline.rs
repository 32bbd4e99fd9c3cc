//! Inline Markdown to plain text: emphasis, links, code and entities reduce to their text, raw
//! HTML is dropped.
//!
//! Works on one paragraph at a time. Structure (headings, bullets, labels) is found on the raw
//! text before it comes here, so a backslash before a mark is all it takes to hide it.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Put before a paragraph so that its first characters are never read as a block's. A full
/// stop, because emphasis may open after punctuation.
const SHIELD: &str = ".";

/// A paragraph as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reduced {
    /// Trimmed.
    pub(super) text: String,
    /// Whether raw HTML was dropped.
    pub(super) html: bool,
}

/// A link in raw text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// From its first bracket to its last.
    pub(super) span: Range<usize>,
    /// What it shows.
    pub(super) text: String,
    /// Where it goes, with escapes and entities resolved.
    pub(super) url: String,
}

/// Returns the text of one paragraph of inline Markdown.
pub(super) fn reduce(raw: &str) -> Reduced {
    let raw = collapse(raw);
    if !raw.contains(['\\', '`', '*', '_', '[', '<', '&']) {
        return Reduced { text: raw, html: false };
    }
    let shielded = format!("{SHIELD}{raw}");
    let mut reducer = Reducer::default();
    for event in Parser::new_ext(&shielded, Options::empty()) {
        reducer.take(&event);
    }
    let text = reducer.text.strip_prefix(SHIELD).unwrap_or(&reducer.text);
    Reduced { text: text.trim().to_owned(), html: reducer.html }
}

/// Returns the Markdown links and autolinks of one paragraph, in order.
pub(super) fn links(raw: &str) -> Vec<Link> {
    if !raw.contains(['[', '<']) {
        return Vec::new();
    }
    let shielded = format!("{SHIELD}{raw}");
    let mut found = Vec::new();
    let mut open: Option<(Link, Reducer)> = None;
    for (event, span) in Parser::new_ext(&shielded, Options::empty()).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                let span = span.start - SHIELD.len()..span.end - SHIELD.len();
                let link = Link { span, text: String::new(), url: dest_url.into_string() };
                open = Some((link, Reducer::default()));
            }
            Event::End(TagEnd::Link) => {
                let closed = open.take();
                found.extend(closed.map(|(link, shown)| Link { text: shown.text, ..link }));
            }
            event => {
                if let Some((_, shown)) = open.as_mut() {
                    shown.take(&event);
                }
            }
        }
    }
    found
}

/// Returns `text` trimmed, with every run of spaces, tabs and line ends as one space.
///
/// No-break spaces stay: they are typography.
pub(super) fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out.trim().to_owned()
}

/// Gathers the text of inline events.
#[derive(Default)]
struct Reducer {
    text: String,
    html: bool,
    /// The element whose content is dropped with its tags: `script` or `style`.
    dropped: Option<&'static str>,
}

impl Reducer {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Html(tag) | Event::InlineHtml(tag) => self.drop_tag(tag),
            _ if self.dropped.is_some() => {}
            Event::Text(text) | Event::Code(text) => self.push(text),
            Event::SoftBreak | Event::HardBreak => self.push(" "),
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        // A dropped tag between two spaces leaves one.
        let doubled = self.html && self.text.ends_with(' ');
        self.text.push_str(if doubled { text.trim_start_matches(' ') } else { text });
    }

    fn drop_tag(&mut self, tag: &str) {
        self.html = true;
        let tag = tag.trim_start_matches('<').to_ascii_lowercase();
        if let Some(name) = self.dropped {
            if tag.strip_prefix('/').is_some_and(|rest| rest.starts_with(name)) {
                self.dropped = None;
            }
            return;
        }
        self.dropped = ["script", "style"].into_iter().find(|name| tag.starts_with(name));
        let name = tag.trim_start_matches('/');
        let breaks = ["br", "p>", "p ", "div", "li", "hr"].iter().any(|b| name.starts_with(b));
        if breaks && !self.text.ends_with([' ', '.']) {
            self.text.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        assert_eq!(reduce(raw).text, expected);
    }

    #[test]
    fn markdown_reduces_to_its_text() {
        check("a *b* **c** _d_ __e__", "a b c d e");
        check("_a_ b", "a b");
        check("[text](https://x.org/a?b=c) and <https://y.org>", "text and https://y.org");
        check("![alt](x.png) rest", "alt rest");
        check("AT&amp;T &copy; &#8217;", "AT&T © ’");
        check("`a *b* <i>`", "a *b* <i>");
        check(r"\*a\* \# \\", r"*a* # \");
    }

    #[test]
    fn what_looks_like_a_block_stays_text() {
        for raw in ["# a & b", "1. a & b", "> a & b", "- a & b", "+ a &", "=== &", "~~~ &"] {
            check(raw, raw);
        }
    }

    #[test]
    fn raw_html_is_dropped_and_its_text_stays() {
        let reduced = reduce("a <b>bold</b> c<br>d <!-- x --> e");
        assert_eq!(reduced, Reduced { text: "a bold c d e".into(), html: true });
        check("a <script>alert(1)</script> b", "a b");
        assert!(!reduce("a < b > c & d").html);
        check("a < b > c & d", "a < b > c & d");
    }

    #[test]
    fn white_space_collapses_and_no_break_spaces_stay() {
        check("  a \t b\u{a0}: c  ", "a b\u{a0}: c");
    }

    #[test]
    fn links_are_found_where_they_stand() {
        let raw = r"see [a \[b\]](<https://x.org/(1)>) – why";
        let found = links(raw);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].text, "a [b]");
        assert_eq!(found[0].url, "https://x.org/(1)");
        assert_eq!(raw.get(found[0].span.clone()), Some(r"[a \[b\]](<https://x.org/(1)>)"));
    }
}
