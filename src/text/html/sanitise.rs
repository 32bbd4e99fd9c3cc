//! Markup made safe: written anew from its tokens by an allow-list.
//!
//! No tree is built, so time and memory are linear. The stack of open elements is all that is
//! remembered; it closes what was left open, drops what was never opened, and applies the few
//! end tags that HTML lets authors leave out.

use url::Url;

use super::address::absolute;
use super::chars::push_escaped;
use super::list::{List, hidden, hides_to_end, is_address, is_block, is_void};
use super::token::{Tag, Token, Tokens};

/// Elements may stand this deep; deeper ones lose their tags and keep their text.
const MAX_DEPTH: usize = 256;
/// In a page for a program, which may walk up from each element; real ones are under 60 deep.
const MAX_PAGE_DEPTH: usize = 100;

/// Returns the markup reduced to what the list allows, balanced, with absolute addresses.
///
/// Only http, https, mailto and tel addresses survive; relative ones need a base. Pictures of
/// one pixel are dropped. Sanitising the result again changes nothing.
pub fn sanitise(html: &str, list: List, base: Option<&Url>) -> String {
    sanitise_within(html, list, base, usize::MAX)
}

/// Returns the same, or a longer beginning of it than `max_bytes`: what is cut to that length
/// anyway need not be written, and addresses made absolute can be much longer than they were.
pub fn sanitise_within(html: &str, list: List, base: Option<&Url>, max_bytes: usize) -> String {
    let mut writer = Writer {
        list,
        base,
        out: String::with_capacity(html.len().min(max_bytes)),
        open: Vec::new(),
        unopened: 0,
    };
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        if writer.out.len() > max_bytes {
            break;
        }
        match token {
            Token::Text(text) => {
                let end = text.floor_char_boundary(max_bytes.saturating_add(1));
                push_escaped(&mut writer.out, text.get(..end).unwrap_or_default(), false);
            }
            Token::End(name) => writer.end(&name),
            Token::Start(tag) => match hidden(&tag.name) {
                Some(_) if tag.closed => {}
                Some(name) => tokens.skip_element(name, hides_to_end(name)),
                None => writer.start(&tag),
            },
        }
    }
    writer.close_to(0);
    writer.out
}

struct Writer<'a> {
    list: List,
    base: Option<&'a Url>,
    out: String,
    open: Vec<&'static str>,
    /// Start tags dropped for depth whose end tags are still to come.
    unopened: usize,
}

impl Writer<'_> {
    fn start(&mut self, tag: &Tag<'_>) {
        if self.list == List::Readers && matches!(&*tag.name, "audio" | "source" | "video") {
            self.medium(tag);
            return;
        }
        let Some(name) = self.list.element(&tag.name) else { return };
        if is_void(name) {
            self.void(name, tag);
            return;
        }
        self.close_implied(name);
        let max_depth = if self.list == List::Page { MAX_PAGE_DEPTH } else { MAX_DEPTH };
        if self.open.len() >= max_depth {
            self.unopened += usize::from(!tag.closed);
            return;
        }
        self.write_tag(name, tag);
        self.open.push(name);
        // `<a name="x"/>` and `<p/>` are written by authors who think in XML.
        if tag.closed {
            self.close_to(self.open.len() - 1);
        }
    }

    /// Writes a link to what many readers do not play.
    fn medium(&mut self, tag: &Tag<'_>) {
        let source = tag.attributes.iter().find(|(key, _)| *key == "src");
        let Some(url) = source.and_then(|(_, value)| self.address("src", value)) else { return };
        if self.open.contains(&"a") {
            return;
        }
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(path).to_owned();
        self.out.push_str("<a");
        self.write_attribute("href", &url);
        self.out.push('>');
        push_escaped(&mut self.out, &name, false);
        self.out.push_str("</a> ");
    }

    fn void(&mut self, name: &'static str, tag: &Tag<'_>) {
        if name == "img" && is_tracking_pixel(tag) {
            return;
        }
        let before = self.out.len();
        let written = self.write_tag(name, tag);
        let shows_something = match name {
            "img" => written.contains(&"src") || written.contains(&"alt"),
            "source" => written.contains(&"src"),
            _ => true,
        };
        if !shows_something {
            self.out.truncate(before);
        }
    }

    /// Writes a start tag; returns the attributes it has.
    fn write_tag(&mut self, name: &'static str, tag: &Tag<'_>) -> Vec<&'static str> {
        self.out.push('<');
        self.out.push_str(name);
        let mut written: Vec<&'static str> = Vec::new();
        for (key, value) in &tag.attributes {
            let Some(key) = self.list.attribute(name, key) else { continue };
            if written.contains(&key) {
                continue;
            }
            if is_address(key) {
                let Some(address) = self.address(key, value) else { continue };
                self.write_attribute(key, &address);
            } else {
                self.write_attribute(key, value);
            }
            written.push(key);
        }
        self.out.push('>');
        written
    }

    fn address(&self, key: &str, value: &str) -> Option<String> {
        absolute(value, self.base).filter(|url| key == "href" || url.starts_with("http"))
    }

    fn write_attribute(&mut self, key: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(key);
        self.out.push_str("=\"");
        push_escaped(&mut self.out, value, true);
        self.out.push('"');
    }

    fn end(&mut self, name: &str) {
        let Some(name) = self.list.element(name) else { return };
        if is_void(name) {
            // Browsers read `</br>` as `<br>`; authors of `<br></br>` mean one.
            if name == "br" && !self.out.ends_with("<br>") {
                self.out.push_str("<br>");
            }
            return;
        }
        if self.unopened > 0 {
            self.unopened -= 1;
            return;
        }
        if let Some(at) = self.find_open(&[name], |open| bars_end(open, name)) {
            self.close_to(at);
        }
    }

    /// Closes the elements whose end tags HTML lets authors leave out before this one.
    fn close_implied(&mut self, name: &str) {
        let Some((closes, barriers)) = implied(name) else {
            if is_block(name) {
                self.close_paragraph();
            }
            return;
        };
        while let Some(at) = self.find_open(closes, |open| barriers.contains(&open)) {
            self.close_to(at);
        }
    }

    /// Closes an open paragraph before a block; for a program that reads a page as browsers do,
    /// with whatever else is open in it, for people only if nothing is.
    fn close_paragraph(&mut self) {
        let at = match self.list {
            List::Page => self.find_open(&["p"], is_block),
            List::Display | List::Brief | List::Readers => self.open.len().checked_sub(1),
        };
        if let Some(at) = at.filter(|at| self.open.get(*at) == Some(&"p")) {
            self.close_to(at);
        }
    }

    /// Returns where the innermost open element of these names stands, unless a barrier stands
    /// further in.
    fn find_open(&self, names: &[&str], is_barrier: impl Fn(&str) -> bool) -> Option<usize> {
        for (at, open) in self.open.iter().enumerate().rev() {
            if names.contains(open) {
                return Some(at);
            }
            if is_barrier(open) {
                return None;
            }
        }
        None
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(name) = self.open.pop() {
                self.out.push_str("</");
                self.out.push_str(name);
                self.out.push('>');
            }
        }
    }
}

/// Returns what a start tag closes, and what stops it from closing that (HTML 13.1.2.4).
fn implied(name: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match name {
        "a" => (&["a"], &["td", "th", "table", "caption"]),
        "li" => (&["li"], &["ul", "ol", "menu", "dir", "td", "th"]),
        "dt" | "dd" => (&["dt", "dd"], &["dl", "td", "th"]),
        "td" | "th" => (&["td", "th", "caption"], &["tr", "table"]),
        "tr" => (&["tr", "caption", "colgroup"], &["table"]),
        "tbody" | "thead" | "tfoot" => {
            (&["tbody", "thead", "tfoot", "caption", "colgroup"], &["table"])
        }
        _ => return None,
    })
}

/// Returns whether an open element keeps an end tag from reaching further out.
fn bars_end(open: &str, name: &str) -> bool {
    let is_cell = matches!(open, "td" | "th" | "caption");
    let is_part_of_table =
        matches!(name, "table" | "tbody" | "thead" | "tfoot" | "tr" | "td" | "th" | "caption");
    if is_cell || open == "table" {
        return !is_part_of_table || open == "table";
    }
    // An inline end tag inside a paragraph may close the paragraph with it, but no list.
    !is_block(name) && is_block(open) && !matches!(open, "p" | "summary")
}

/// Returns whether a picture is not there to be seen.
fn is_tracking_pixel(tag: &Tag<'_>) -> bool {
    let style = tag.attribute("style").unwrap_or_default();
    if style.split(';').any(hides) {
        return true;
    }
    ["width", "height"].iter().any(|side| {
        let value = tag.attribute(side).unwrap_or_default().trim();
        let digits = value.trim_end_matches("px").trim_end();
        digits.parse::<f64>().is_ok_and(|pixels| pixels <= 1.0)
    })
}

fn hides(rule: &str) -> bool {
    rule.split_once(':').is_some_and(|(name, value)| {
        let value = value.trim();
        name.trim().eq_ignore_ascii_case("display") && value.eq_ignore_ascii_case("none")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        let base = Url::parse("https://example.org/a/").unwrap();
        let out = sanitise(html, List::Display, Some(&base));
        assert_eq!(out, expected);
        assert_eq!(sanitise(&out, List::Display, Some(&base)), out);
    }

    #[test]
    fn what_is_open_is_closed_and_crossing_tags_are_repaired() {
        check("<p>a<b>b<i>c", "<p>a<b>b<i>c</i></b></p>");
        check("<b>1<i>2</b>3</i>", "<b>1<i>2</i></b>3");
        check("</p>a</div>", "a");
        check("a<br></br>b</br>", "a<br>b<br>");
        check("<td>a</table>b", "<td>ab</td>");
        check("<b><table><tr><td></b>x", "<b><table><tr><td>x</td></tr></table></b>");
    }

    #[test]
    fn what_some_readers_drop_becomes_what_all_of_them_show() {
        for (html, expected) in [
            ("<strike>a</strike> <font color=red>b</font>", "<del>a</del> b"),
            ("<details><summary>s</summary><p>t</p></details>", "<div><div>s</div><p>t</p></div>"),
            (
                "<table><colgroup><col><col></colgroup><tr><td>a</td></tr></table>",
                "<table><tr><td>a</td></tr></table>",
            ),
            (
                "<video controls poster=p.jpg><source src=/m/a.mp4?x=1 type=video/mp4>No video.</video>",
                "<a href=\"https://example.org/m/a.mp4?x=1\">a.mp4</a> No video.",
            ),
            ("<audio src='javascript:x'>t</audio><video src=data:video/mp4,x></video>", "t"),
        ] {
            let base = Url::parse("https://example.org/a/").unwrap();
            let out = sanitise(html, List::Readers, Some(&base));
            assert_eq!(out, expected);
            assert_eq!(sanitise(&out, List::Readers, Some(&base)), out);
        }
    }

    #[test]
    fn omitted_end_tags_are_written() {
        check("<p>a<p>b<ul><li>c<li>d</ul>e", "<p>a</p><p>b</p><ul><li>c</li><li>d</li></ul>e");
        check("<dl><dt>a<dd>b</dl>", "<dl><dt>a</dt><dd>b</dd></dl>");
        check(
            "<table><tr><td>a<td>b<tr><td>c</table>",
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
        );
        check("<th>a<caption><td>b", "<th>a<caption></caption></th><td>b</td>");
        check(
            "<a href=/x>a<a href=/y>b",
            r#"<a href="https://example.org/x">a</a><a href="https://example.org/y">b</a>"#,
        );
    }

    #[test]
    fn what_is_hidden_goes_with_its_content() {
        check("a<script>x<b></script>b<style>y", "ab");
        check("a<svg><a href=x>t</a></svg>b", "ab");
        check("a<object data=x> b", "a b");
        check("<title>t</title><textarea><b></textarea>c", "c");
    }

    #[test]
    fn what_is_there_for_want_of_something_else_stays() {
        check("a<noscript><b>n</b></noscript><iframe src=x>f</iframe>", "a<b>n</b>f");
        check("<noscript><img src=/t height=1></noscript>", "");
    }

    #[test]
    fn attributes_pass_by_list_and_addresses_by_scheme() {
        check("<p onclick=x style=y class=z dir=rtl>a", "<p dir=\"rtl\">a</p>");
        check("<a href='&#106;avascript:x'>a</a>", "<a>a</a>");
        check("<a href=\"java\nscript:x\" title='\"<'>a</a>", "<a title=\"&quot;&lt;\">a</a>");
        check("<a href=b>a</a>", "<a href=\"https://example.org/a/b\">a</a>");
        check("<img src=mailto:x><img src=data:image/png,x alt=y>", "<img alt=\"y\">");
        assert_eq!(sanitise("<a href=b>a</a><img src=c>", List::Display, None), "<a>a</a>");
    }

    #[test]
    fn pictures_of_one_pixel_are_dropped() {
        check("<img src=/a width=1 height=1><img src=/b height=0px>", "");
        check("<img src=/a style='border:0; display : none'>", "");
        check("<img src=/a width=10>", "<img src=\"https://example.org/a\" width=\"10\">");
    }

    #[test]
    fn no_more_is_written_than_is_asked_for() {
        let html = "<p>abcdefgh</p><p>i</p>".repeat(100);
        let out = sanitise_within(&html, List::Display, None, 50);
        assert!((51..100).contains(&out.len()), "{}", out.len());
        assert_eq!(sanitise_within("<b>a", List::Display, None, 8), "<b>a</b>");
    }

    #[test]
    fn the_brief_list_is_the_short_one() {
        let html = "<div><em>a</em> <strong>b</strong></div><hr><p class=x>c</p>";
        assert_eq!(sanitise(html, List::Brief, None), "a <strong>b</strong><p>c</p>");
    }

    #[test]
    fn the_page_list_keeps_what_tells_an_article_from_the_rest() {
        let page = |html: &str| {
            let base = Url::parse("https://example.org/a/").unwrap();
            sanitise(html, List::Page, Some(&base))
        };
        assert_eq!(
            page("<div class=x id=y role=main style=z onclick=z>a</div>"),
            "<div class=\"x\" id=\"y\" role=\"main\" style=\"z\">a</div>"
        );
        assert_eq!(
            page("<form><button>a</button><input></form>"),
            "<form><button>a</button></form>"
        );
        assert_eq!(page("<b id=1><font color=red>a</font></b>"), "<b>a</b>");
        assert_eq!(
            page("<img src='data:,x' data-src=/i.png>"),
            "<img src=\"https://example.org/i.png\">"
        );
        assert_eq!(page("<p><b><i>a<p>b"), "<p><b><i>a</i></b></p><p>b</p>");
        assert_eq!(page("<p><b>a<div>b"), "<p><b>a</b></p><div>b</div>");
    }

    #[test]
    fn unwanted_characters_go_and_signs_are_escaped() {
        check("a\u{0}b\u{202e}c &lt;b&gt; & d", "abc &lt;b&gt; &amp; d");
    }

    #[test]
    fn depth_is_capped_and_the_text_stays() {
        let html = format!("{}x{}y", "<div>".repeat(300), "</div>".repeat(300));
        let out = sanitise(&html, List::Display, None);
        assert_eq!(out.matches("<div>").count(), MAX_DEPTH);
        assert!(out.contains('x') && out.ends_with("</div>y"));
    }

    const PIECES: &[&str] = &[
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<a href='x'>",
        "</a>",
        "<table>",
        "<tr>",
        "<td>",
        "<caption>",
        "</table>",
        "<ul>",
        "<li>",
        "</ul>",
        "<script>",
        "</script>",
        "<!--",
        "<!x",
        "-->",
        "&amp;",
        "&#13;",
        "&lt;p&gt;",
        "<img src=/i>",
        "<br/>",
        "</br>",
        "<div/>",
        "text ",
        "\r\n",
        "<",
        ">",
        "\"",
        "'",
        "=",
        "/",
        "<![CDATA[",
        "]]>",
        "<svg>",
        "\u{202e}",
        "<a href=\"http://[x\">",
        "<a title=&quot;>",
    ];

    proptest! {
        #[test]
        fn sanitising_twice_is_sanitising_once(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)
        ) {
            let base = Url::parse("https://example.org/a/").unwrap();
            for list in [List::Display, List::Brief] {
                let once = sanitise(&pieces.concat(), list, Some(&base));
                prop_assert_eq!(sanitise(&once, list, Some(&base)), once);
            }
        }

        #[test]
        fn any_text_is_sanitised(html in "\\PC{0,200}") {
            let once = sanitise(&html, List::Display, None);
            prop_assert_eq!(sanitise(&once, List::Display, None), once);
        }
    }
}
