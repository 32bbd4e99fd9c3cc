//! Markup turned into text for people.

use super::chars::is_unwanted;
use super::entity::decode_entities;
use super::list::{hidden, hides_to_end, is_block, is_element};
use super::token::{Token, Tokens};

/// How often a title may have been escaped once too often.
const MAX_UNESCAPES: usize = 4;

/// Returns the text of some markup: entities decoded, white space collapsed, `<br>` and the
/// ends of blocks as line breaks, paragraphs parted by one empty line.
pub fn plain(html: &str) -> String {
    let mut writer = Writer { out: String::with_capacity(html.len() / 2), gap: Gap::None, pre: 0 };
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => writer.text(&text),
            Token::End(name) => writer.tag(&name, false),
            Token::Start(tag) => match hidden(&tag.name) {
                Some(_) if tag.closed => {}
                Some(name) => tokens.skip_element(name, hides_to_end(name)),
                None => writer.tag(&tag.name, !tag.closed),
            },
        }
    }
    writer.out
}

/// Returns a title on one line.
///
/// Markup is removed, entities are decoded and white space is collapsed. A title that was
/// escaped once too often is unescaped, because newsboat prints what is left of it raw and
/// Miniflux decodes it a second time. `a < b` and `AT&T` are no markup and stay.
pub fn plain_line(text: &str, is_markup: bool) -> String {
    let mut line = if is_markup { one_line(&plain(text)) } else { one_line(text) };
    for _ in 0..MAX_UNESCAPES {
        let cleaner = if has_tag(&line) {
            one_line(&plain(&line))
        } else {
            one_line(&decode_entities(&line))
        };
        if cleaner == line {
            break;
        }
        line = cleaner;
    }
    line
}

fn one_line(text: &str) -> String {
    let mut writer = Writer { out: String::with_capacity(text.len()), gap: Gap::None, pre: 0 };
    writer.text(text);
    writer.out
}

/// Returns whether the text holds a tag that HTML has, not just a sign that opens one.
fn has_tag(text: &str) -> bool {
    text.contains('<')
        && Tokens::new(text).any(|token| match token {
            Token::Text(_) => false,
            Token::Start(tag) => is_element(&tag.name),
            Token::End(name) => is_element(&name),
        })
}

/// What stands between the last character and the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
    Paragraph,
}

struct Writer {
    out: String,
    gap: Gap,
    /// Open `pre` elements.
    pre: usize,
}

impl Writer {
    fn text(&mut self, text: &str) {
        for (at, c) in text.char_indices() {
            match c {
                // A line end of some machines, though a control character.
                '\u{85}' => self.widen(Gap::Space),
                c if is_unwanted(text, at, c) => {}
                '\n' if self.pre > 0 => self.widen(Gap::Line),
                c if c.is_whitespace() => self.widen(Gap::Space),
                c => self.push(c),
            }
        }
    }

    fn widen(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    fn push(&mut self, c: char) {
        if !self.out.is_empty() {
            self.out.push_str(match self.gap {
                Gap::None => "",
                Gap::Space => " ",
                Gap::Line => "\n",
                Gap::Paragraph => "\n\n",
            });
        }
        self.gap = Gap::None;
        self.out.push(c);
    }

    fn tag(&mut self, name: &str, opens: bool) {
        match name {
            // Two line breaks in a row are how many authors part paragraphs.
            "br" if self.gap >= Gap::Line => self.widen(Gap::Paragraph),
            "br" => self.widen(Gap::Line),
            "td" | "th" => self.widen(Gap::Space),
            "pre" => {
                self.pre = if opens { self.pre + 1 } else { self.pre.saturating_sub(1) };
                self.widen(Gap::Paragraph);
            }
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "table" | "ul"
            | "ol" | "dl" | "hr" | "figure" => self.widen(Gap::Paragraph),
            name if is_block(name) => self.widen(Gap::Line),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        assert_eq!(plain(html), expected);
    }

    #[test]
    fn blocks_become_lines_and_paragraphs() {
        check("<p>a  b</p>\n<p>c<br>d</p>", "a b\n\nc\nd");
        check("<ul><li>a<li>b</ul><div>c</div>d", "a\nb\n\nc\nd");
        check("a<br><br/>b", "a\n\nb");
        check("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc");
        check("<pre>a\n  b</pre>c", "a\nb\n\nc");
    }

    #[test]
    fn entities_are_decoded_and_hidden_text_is_dropped() {
        check("a&nbsp;&amp;&#x202e;<script>x</script><style>y</style> &eacute;", "a & é");
        check("1 < 2 <b>x</b>", "1 < 2 x");
        check("", "");
    }

    #[track_caller]
    fn check_line(text: &str, is_markup: bool, expected: &str) {
        assert_eq!(plain_line(text, is_markup), expected);
    }

    #[test]
    fn a_title_is_one_clean_line() {
        check_line("a <b>b</b><br>c\n d", true, "a b c d");
        check_line(" a\t b ", false, "a b");
        check_line("Q&amp;amp;A &lt;b&gt;x&lt;/b&gt;", false, "Q&A x");
        check_line("&amp;lt;i&amp;gt;y&amp;lt;/i&amp;gt;", true, "y");
    }

    #[test]
    fn signs_that_are_no_markup_stay() {
        for title in ["a < b", "AT&T", "Vec<T> & co", "x <- y", "R&D; more"] {
            check_line(title, false, title);
        }
        check_line("a &lt; b &amp;&amp; c > d", true, "a < b && c > d");
    }
}
