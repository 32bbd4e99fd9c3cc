//! XML as a stream of tags and texts, read so that nothing in it is an error.
//!
//! What a conforming parser would stop at is read as its author meant it and counted: bare
//! ampersands, HTML's entities, brackets that open no tag, attributes without quotes. Of a
//! DOCTYPE only the entities that it writes out are read (see `doctype`); nothing is fetched.

use std::borrow::Cow;

use super::doctype::{self, Entities};
use crate::text::html;

/// Attributes kept of one tag; real ones have under twenty.
const MAX_ATTRIBUTES: usize = 64;

/// The longest entity name looked at, as in `text::html`.
const MAX_ENTITY_BYTES: usize = 32;

/// A piece of XML. Comments, instructions and declarations are passed over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A start tag.
    Open(Tag<'a>),
    /// An end tag's name, as written.
    Close(&'a str),
    /// Characters, with references resolved.
    Text(Cow<'a, str>),
}

/// A start tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// As written, prefix included.
    pub(super) name: &'a str,
    /// Names as written, values with references resolved, in document order.
    pub(super) attributes: Vec<(&'a str, Cow<'a, str>)>,
    /// Whether it is written `<x/>`.
    pub(super) empty: bool,
}

/// How often the reader had to guess.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repairs {
    /// `&` that begins no reference.
    pub(super) bare_ampersands: usize,
    /// References that only HTML defines.
    pub(super) html_entities: usize,
    /// `<` that begins no tag.
    pub(super) bare_brackets: usize,
    /// Tags, comments and sections that the end of the document cut off.
    pub(super) cut_off: usize,
    /// References to the document's own entities that would have made too much of it.
    pub(super) entities_refused: usize,
}

/// Reads XML token by token, in linear time.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// What had to be guessed so far.
    pub(super) repairs: Repairs,
    /// Whether a DOCTYPE was passed over.
    pub(super) has_doctype: bool,
    /// What the DOCTYPE defines.
    entities: Entities,
}

impl<'a> Tokens<'a> {
    /// Returns a reader at the start of the text.
    pub(super) fn new(xml: &'a str) -> Self {
        Self {
            rest: xml,
            repairs: Repairs::default(),
            has_doctype: false,
            entities: Entities::default(),
        }
    }

    /// Returns how many bytes are not read yet.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    fn open(&mut self, after_bracket: &'a str) -> Token<'a> {
        let end = after_bracket.find(ends_name).unwrap_or(after_bracket.len());
        let (name, rest) = after_bracket.split_at(end);
        let mut tag = Tag { name, attributes: Vec::new(), empty: false };
        self.rest = self.attributes(rest, &mut tag);
        Token::Open(tag)
    }

    fn attributes(&mut self, mut rest: &'a str, tag: &mut Tag<'a>) -> &'a str {
        loop {
            rest = rest.trim_start();
            let mut chars = rest.chars();
            match chars.next() {
                Some('>') => return chars.as_str(),
                Some('/') => {
                    rest = chars.as_str();
                    tag.empty = rest.starts_with('>');
                }
                // The bracket of the next tag: this one was never finished.
                Some('<') => return rest,
                Some(_) => rest = self.attribute(rest, tag),
                None => {
                    self.repairs.cut_off += 1;
                    return rest;
                }
            }
        }
    }

    fn attribute(&mut self, text: &'a str, tag: &mut Tag<'a>) -> &'a str {
        let end = text
            .char_indices()
            .skip(1)
            .find(|(_, c)| ends_name(*c) || matches!(c, '=' | '<'))
            .map_or(text.len(), |(at, _)| at);
        let (name, rest) = text.split_at(end);
        let Some(value) = rest.trim_start().strip_prefix('=') else { return rest };
        let (value, rest) = split_value(value.trim_start());
        if tag.attributes.len() < MAX_ATTRIBUTES {
            let value = self.resolve(value);
            tag.attributes.push((name, value));
        }
        rest
    }

    fn close(&mut self, after_slash: &'a str) -> Token<'a> {
        let end = after_slash.find(|c| ends_name(c) || c == '<').unwrap_or(after_slash.len());
        let (name, rest) = after_slash.split_at(end);
        self.rest = match rest.find(['>', '<']) {
            Some(at) => {
                let rest = rest.get(at..).unwrap_or_default();
                rest.strip_prefix('>').unwrap_or(rest)
            }
            None => self.cut_off(),
        };
        Token::Close(name)
    }

    /// Reads what begins with `<!` or `<?`; a CDATA section gives its text.
    fn declaration(&mut self, markup: &'a str) -> Option<Token<'a>> {
        if let Some(section) = markup.strip_prefix("<![CDATA[") {
            let (text, rest) = match section.split_once("]]>") {
                Some(parts) => parts,
                None => (section, self.cut_off()),
            };
            self.rest = rest;
            return Some(Token::Text(Cow::Borrowed(text)));
        }
        if has_prefix_ignoring_case(markup, "<!doctype") {
            self.has_doctype = true;
            let (subset, rest) = doctype::split(markup);
            self.entities.define(subset);
            self.rest = rest.unwrap_or_else(|| self.cut_off());
            return None;
        }
        let end = if markup.starts_with("<!--") {
            "-->"
        } else if markup.starts_with("<?") {
            "?>"
        } else {
            ">"
        };
        self.rest = match markup.split_once(end) {
            Some((_, rest)) => rest,
            None => self.cut_off(),
        };
        None
    }

    fn cut_off(&mut self) -> &'a str {
        self.repairs.cut_off += 1;
        ""
    }

    fn text(&mut self) -> Token<'a> {
        let end = self.text_end();
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Token::Text(self.resolve(text))
    }

    /// Returns where the text at the start ends: before the next `<` that opens markup.
    fn text_end(&mut self) -> usize {
        let mut from = 0;
        while let Some(at) = self.rest.get(from..).and_then(|tail| tail.find('<')) {
            let at = from + at;
            if self.rest.get(at + 1..).is_some_and(opens_markup) {
                return at;
            }
            self.repairs.bare_brackets += 1;
            from = at + 1;
        }
        self.rest.len()
    }

    /// Resolves references, once.
    fn resolve(&mut self, text: &'a str) -> Cow<'a, str> {
        let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
        let (head, mut rest) = text.split_at(first);
        let mut out = String::with_capacity(text.len());
        out.push_str(head);
        while let Some(body) = rest.strip_prefix('&') {
            let body = self.reference(&mut out, body);
            let next = body.find('&').unwrap_or(body.len());
            let (plain, tail) = body.split_at(next);
            out.push_str(plain);
            rest = tail;
        }
        Cow::Owned(out)
    }

    /// Resolves the reference whose text after `&` begins `body`; returns what follows it.
    fn reference(&mut self, out: &mut String, body: &'a str) -> &'a str {
        let length = body
            .bytes()
            .take(MAX_ENTITY_BYTES)
            .take_while(|b| b.is_ascii_alphanumeric() || b"#-_.:".contains(b))
            .count();
        let (name, rest) = body.split_at(length);
        let Some(rest) = rest.strip_prefix(';').filter(|_| !name.is_empty()) else {
            return self.bare(out, body);
        };
        match name {
            "amp" => out.push('&'),
            "lt" => out.push('<'),
            "gt" => out.push('>'),
            "quot" => out.push('"'),
            "apos" => out.push('\''),
            name if name.starts_with('#') => {
                out.push_str(&html::decode_entities(&format!("&{name};")));
            }
            name if self.entities.defines(name) => {
                let Some(characters) = self.entities.spend(name) else {
                    self.repairs.entities_refused += 1;
                    return self.bare(out, body);
                };
                out.push_str(characters);
            }
            name => match html::named_entity(name) {
                Some(characters) => {
                    self.repairs.html_entities += 1;
                    out.push_str(&characters);
                }
                None => return self.bare(out, body),
            },
        }
        rest
    }

    fn bare(&mut self, out: &mut String, body: &'a str) -> &'a str {
        self.repairs.bare_ampersands += 1;
        out.push('&');
        body
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let here = self.rest;
            if here.is_empty() {
                return None;
            }
            let Some(inside) = here.strip_prefix('<').filter(|inside| opens_markup(inside)) else {
                return Some(self.text());
            };
            if let Some(name) = inside.strip_prefix('/') {
                return Some(self.close(name));
            }
            if !inside.starts_with(['!', '?']) {
                return Some(self.open(inside));
            }
            if let Some(text) = self.declaration(here) {
                return Some(text);
            }
        }
    }
}

fn opens_markup(inside: &str) -> bool {
    let mut chars = inside.chars();
    match chars.next() {
        Some('!' | '?') => true,
        Some('/') => chars.next().is_some_and(begins_name),
        Some(c) => begins_name(c),
        None => false,
    }
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn ends_name(c: char) -> bool {
    c.is_whitespace() || matches!(c, '/' | '>')
}

/// Splits an attribute's value from what follows it.
fn split_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some((value, rest)) = text.strip_prefix(quote).and_then(|t| t.split_once(quote)) {
            return (value, rest);
        }
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len());
    let (value, rest) = text.split_at(end);
    let is_last = rest.starts_with('>') && value.ends_with('/');
    match value.strip_suffix('/').filter(|_| is_last) {
        Some(shorter) => text.split_at(shorter.len()),
        None => (value, rest),
    }
}

fn has_prefix_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(token: Token<'_>) -> String {
        match token {
            Token::Text(text) => format!("[{text}]"),
            Token::Close(name) => format!("</{name}>"),
            Token::Open(tag) => {
                let pairs = tag.attributes.iter().map(|(name, value)| format!(" {name}={value}"));
                let end = if tag.empty { "/>" } else { ">" };
                format!("<{}{}{end}", tag.name, pairs.collect::<String>())
            }
        }
    }

    #[track_caller]
    fn check(xml: &str, expected: &str) {
        assert_eq!(Tokens::new(xml).map(shown).collect::<String>(), expected);
    }

    #[test]
    fn well_formed_markup_is_read() {
        check("<?xml version='1.0'?><a b='1' c:d=\"2\"><e/>x</a >", "<a b=1 c:d=2><e/>[x]</a>");
        check("<a><!-- <b> --><![CDATA[<c> &amp;]]></a>", "<a>[<c> &amp;]</a>");
        check("<a b='x &amp;&#65; &lt;'/>", "<a b=x &A </>");
    }

    #[test]
    fn a_doctype_is_read_for_its_entities() {
        check("<!DOCTYPE a [<!ENTITY b \"c\">]><a d='&b;'>&b;&e;</a>", "<a d=c>[c&e;]</a>");
        check("<!DOCTYPE a [<!ENTITY copy 'c'>] ><a>&copy;</a>", "<a>[c]</a>");
        check("<!DOCTYPE rss PUBLIC \"-//x\" \"http://y\"><a/>", "<a/>");
    }

    #[test]
    fn what_is_broken_is_read_as_meant() {
        check("<a>x & y &nbsp;&bogus; 1 < 2</a>", "<a>[x & y \u{a0}&bogus; 1 < 2]</a>");
        check("<a b=1 c/>d", "<a b=1/>[d]");
        check("<a b=1/>d", "<a b=1/>[d]");
        check("<a b='1<c>", "<a b='1<c>");
        check("<a <b>", "<a><b>");
        check("<a>b</a", "<a>[b]</a>");
    }

    #[test]
    fn guesses_are_counted() {
        let mut tokens = Tokens::new("<a>x & &eacute; < <![CDATA[y");
        assert_eq!(tokens.by_ref().count(), 3);
        let expected = Repairs {
            bare_ampersands: 1,
            html_entities: 1,
            bare_brackets: 1,
            cut_off: 1,
            ..Repairs::default()
        };
        assert_eq!(tokens.repairs, expected);
    }
}
