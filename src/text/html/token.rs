//! HTML as a stream of tags and texts.
//!
//! A tokenizer of our own because the usual one compares each attribute of a tag with all
//! before it, which is quadratic in a hostile tag. It may differ from a browser's reading of
//! broken markup: nothing is passed through, everything is written anew from its tokens.

use std::borrow::Cow;

use super::entity::decode_entities;

/// Attributes kept of one tag; real ones have under twenty.
const MAX_ATTRIBUTES: usize = 64;

/// A piece of HTML. Comments, declarations and processing instructions are passed over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Characters, with references resolved.
    Text(Cow<'a, str>),
    /// A start tag.
    Start(Tag<'a>),
    /// An end tag, its name in lower case.
    End(Cow<'a, str>),
}

/// A start tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// In lower case.
    pub(super) name: Cow<'a, str>,
    /// Names in lower case, values with references resolved, in document order.
    pub(super) attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Whether it is written `<x/>`.
    pub(super) closed: bool,
}

impl Tag<'_> {
    /// Returns the value of the first attribute of that name.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }
}

/// Reads HTML token by token, in linear time.
pub(super) struct Tokens<'a> {
    html: &'a str,
    rest: &'a str,
    /// Where the next `</name` of a name that was asked for stands.
    closers: Vec<(&'static str, Option<usize>)>,
    /// Whether a comment was found that nothing ends; then no later one is ended either.
    has_open_comment: bool,
}

impl<'a> Tokens<'a> {
    /// Returns a reader at the start of the text.
    pub(super) fn new(html: &'a str) -> Self {
        Self { html, rest: html, closers: Vec::new(), has_open_comment: false }
    }

    /// Goes behind the end tag of an element whose start tag was just read, or to the end of
    /// the text if it has none and `to_end` says so. What lies between is not tokenised.
    pub(super) fn skip_element(&mut self, name: &'static str, to_end: bool) {
        match self.closer(name) {
            Some(at) => {
                let tail = self.html.get(at..).unwrap_or_default();
                self.rest = tail.split_once('>').map_or("", |(_, after)| after);
            }
            None if to_end => self.rest = "",
            None => {}
        }
    }

    /// Finds the next end tag of a name. Each stretch of text is searched once per name, since
    /// a find ahead of the reader stays valid and a miss stays a miss.
    fn closer(&mut self, name: &'static str) -> Option<usize> {
        let from = self.html.len() - self.rest.len();
        let known = self.closers.iter().find(|(key, _)| *key == name).map(|(_, at)| *at);
        match known {
            Some(None) => return None,
            Some(Some(at)) if at >= from => return Some(at),
            _ => self.closers.retain(|(key, _)| *key != name),
        }
        let found = find_closer(self.rest, name).map(|at| from + at);
        self.closers.push((name, found));
        found
    }

    fn tag(&mut self, after_bracket: &'a str) -> Token<'a> {
        let (name, rest) = split_name(after_bracket);
        let mut tag = Tag { name, attributes: Vec::new(), closed: false };
        self.rest = read_attributes(rest, &mut tag);
        Token::Start(tag)
    }

    fn end_tag(&mut self, after_slash: &'a str) -> Token<'a> {
        let (name, rest) = split_name(after_slash);
        let mut tag = Tag { name, attributes: Vec::new(), closed: false };
        self.rest = read_attributes(rest, &mut tag);
        Token::End(tag.name)
    }

    /// Reads a comment, declaration or instruction; a CDATA section gives its text, and so does
    /// what begins like one of these and never ends: else the rest of an article would be lost.
    fn declaration(&mut self, markup: &'a str) -> Option<Token<'a>> {
        if let Some(section) = markup.strip_prefix("<![CDATA[") {
            let (text, after) = section.split_once("]]>").unwrap_or((section, ""));
            self.rest = after;
            return Some(Token::Text(Cow::Borrowed(text)));
        }
        let after = match markup.strip_prefix("<!--") {
            Some(comment) => self.after_comment(comment),
            None => markup.split_once('>').map(|(_, after)| after),
        };
        self.rest = after.unwrap_or_default();
        if after.is_some() || markup.starts_with("<!--") {
            return None;
        }
        Some(Token::Text(decode_entities(markup)))
    }

    /// Returns what follows a comment, `None` if nothing does. A comment that is never closed
    /// ends with its first bracket.
    fn after_comment(&mut self, comment: &'a str) -> Option<&'a str> {
        if let Some(rest) = comment.strip_prefix('>').or_else(|| comment.strip_prefix("->")) {
            return Some(rest);
        }
        if !self.has_open_comment {
            if let Some((_, after)) = comment.split_once("-->") {
                return Some(after);
            }
            self.has_open_comment = true;
        }
        comment.split_once('>').map(|(_, after)| after)
    }

    fn text(&mut self) -> Token<'a> {
        let end = text_end(self.rest);
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Token::Text(decode_entities(text))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let here = self.rest;
            let mut bytes = here.bytes();
            match (bytes.next()?, bytes.next(), bytes.next()) {
                (b'<', Some(b), _) if b.is_ascii_alphabetic() => {
                    return Some(self.tag(here.get(1..).unwrap_or_default()));
                }
                (b'<', Some(b'/'), Some(b)) if b.is_ascii_alphabetic() => {
                    return Some(self.end_tag(here.get(2..).unwrap_or_default()));
                }
                (b'<', Some(b'!' | b'?' | b'/'), _) => {
                    if let Some(token) = self.declaration(here) {
                        return Some(token);
                    }
                }
                _ => return Some(self.text()),
            }
        }
    }
}

/// Returns where the text at the start ends: before the next `<` that opens a tag.
fn text_end(text: &str) -> usize {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|tail| tail.find('<')) {
        let at = from + at;
        let next = text.as_bytes().get(at + 1);
        if at > 0 && next.is_some_and(|b| b.is_ascii_alphabetic() || b"/!?".contains(b)) {
            return at;
        }
        from = at + 1;
    }
    text.len()
}

fn find_closer(text: &str, name: &str) -> Option<usize> {
    text.match_indices("</").map(|(at, _)| at).find(|at| {
        let tail = text.as_bytes().get(at + 2..).unwrap_or_default();
        let (found, after) = tail.split_at_checked(name.len()).unwrap_or_default();
        found.eq_ignore_ascii_case(name.as_bytes())
            && after.first().is_none_or(|b| b"/> \t\n\r\x0c".contains(b))
    })
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

fn split_name(text: &str) -> (Cow<'_, str>, &str) {
    let end = text.find(|c| is_space(c) || matches!(c, '/' | '>')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (lower(name), rest)
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Reads attributes up to and with the `>`; returns what follows.
fn read_attributes<'a>(mut rest: &'a str, tag: &mut Tag<'a>) -> &'a str {
    loop {
        let trimmed = rest.trim_start_matches(|c| is_space(c) || c == '/');
        if let Some(after) = trimmed.strip_prefix('>') {
            // By length: comparing what is trimmed with the rest would be quadratic.
            let gap = rest.get(..rest.len() - trimmed.len());
            tag.closed = gap.is_some_and(|gap| gap.ends_with('/'));
            return after;
        }
        if trimmed.is_empty() {
            return trimmed;
        }
        let (name, after) = split_attribute_name(trimmed);
        let (value, after) = attribute_value(after);
        if tag.attributes.len() < MAX_ATTRIBUTES {
            tag.attributes.push((lower(name), decode_entities(value)));
        }
        rest = after;
    }
}

fn split_attribute_name(text: &str) -> (&str, &str) {
    // A leading `=` is part of the name (HTML 13.2.5.32), which also assures progress.
    let end = text
        .char_indices()
        .skip(1)
        .find(|(_, c)| is_space(*c) || matches!(c, '/' | '>' | '='))
        .map_or(text.len(), |(at, _)| at);
    text.split_at(end)
}

fn attribute_value(text: &str) -> (&str, &str) {
    let Some(value) = text.trim_start_matches(is_space).strip_prefix('=') else {
        return ("", text);
    };
    let value = value.trim_start_matches(is_space);
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    value.split_at(value.find(|c| is_space(c) || c == '>').unwrap_or(value.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(token: Token<'_>) -> String {
        match token {
            Token::Text(text) => format!("[{text}]"),
            Token::End(name) => format!("</{name}>"),
            Token::Start(tag) => {
                let pairs = tag.attributes.iter().map(|(name, value)| format!(" {name}={value}"));
                let end = if tag.closed { "/>" } else { ">" };
                format!("<{}{}{end}", tag.name, pairs.collect::<String>())
            }
        }
    }

    #[track_caller]
    fn check(html: &str, expected: &str) {
        let out: String = Tokens::new(html).map(shown).collect();
        assert_eq!(out, expected);
    }

    #[test]
    fn tags_and_texts_alternate() {
        check("a<B C=1 d='2' E=\"3\" f>g</B x>", "[a]<b c=1 d=2 e=3 f=>[g]</b>");
        check("<br/><hr />", "<br/><hr/>");
        check("<a href=x/>", "<a href=x/>");
    }

    #[test]
    fn a_bracket_that_opens_no_tag_is_text() {
        check("a < b <3 <", "[a < b <3 <]");
        check("<", "[<]");
        check("1 <\u{e9}>", "[1 <\u{e9}>]");
    }

    #[test]
    fn comments_and_declarations_are_passed_over() {
        check("a<!-- <b> -->c<!doctype x>d<?php e?>f<!-->g", "[a][c][d][f][g]");
        check("<![CDATA[x <b> &amp;]]>y", "[x <b> &amp;][y]");
        check("a<!-- open", "[a]");
        check("a<!-- -- open>b<!-- c>d", "[a][b][d]");
        check("a<!doctype b", "[a][<!doctype b]");
    }

    #[test]
    fn an_open_tag_or_quote_ends_with_the_text() {
        check("a<b", "[a]<b>");
        check("a<b c=\"d>", "[a]<b c=d>>");
        check("<a =b>c", "<a =b=>[c]");
    }

    #[test]
    fn a_tag_keeps_a_bounded_number_of_attributes() {
        let html = format!("<a {}>", "b ".repeat(1000));
        let Some(Token::Start(tag)) = Tokens::new(&html).next() else { panic!("a tag") };
        assert_eq!(tag.attributes.len(), MAX_ATTRIBUTES);
    }

    #[test]
    fn an_element_is_skipped_to_its_end_tag() {
        let mut tokens = Tokens::new("<xmp><b></xmpx></XMP >c");
        assert!(tokens.next().is_some());
        tokens.skip_element("xmp", false);
        assert_eq!(tokens.next(), Some(Token::Text("c".into())));
    }
}
