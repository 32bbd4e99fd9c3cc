//! What is no feed: a page that may offer some, or nothing of use.

use url::Url;

use super::ParseError;
use super::xml::{Tag, Token, Tokens};

/// Tags looked at for links; they stand in a page's head.
const MAX_TAGS: usize = 2000;

/// Feeds offered; real pages offer under ten.
const MAX_OFFERS: usize = 20;

/// Returns the error that says what a document is instead of a feed.
pub(super) fn not_a_feed(text: &str, url: Option<&Url>) -> ParseError {
    let mut feeds = Vec::new();
    let mut first = None;
    let mut base = url.cloned();
    let tags = Tokens::new(text).filter_map(|token| match token {
        Token::Open(tag) => Some(tag),
        Token::Close(_) | Token::Text(_) => None,
    });
    for tag in tags.take(MAX_TAGS) {
        let name = tag.name.to_ascii_lowercase();
        if name == "base" {
            base = attribute(&tag, "href").and_then(|href| Url::parse(href).ok()).or(base);
        }
        if name == "link" && feeds.len() < MAX_OFFERS {
            feeds.extend(offer(&tag, base.as_ref()).filter(|feed| !feeds.contains(feed)));
        }
        first.get_or_insert(name);
    }
    let what = match first.as_deref() {
        Some("html" | "head" | "body") => "an HTML page".to_owned(),
        Some(name) => {
            format!("XML that begins with `{}`", name.chars().take(40).collect::<String>())
        }
        None => "text without any tag".to_owned(),
    };
    ParseError::NotAFeed { what, feeds }
}

/// Returns what a page's relative addresses are joined with: its `base`, else its own address.
pub(super) fn base(text: &str, url: &Url) -> Url {
    let href = Tokens::new(text)
        .filter_map(|token| match token {
            Token::Open(tag) => Some(tag),
            Token::Close(_) | Token::Text(_) => None,
        })
        .take(MAX_TAGS)
        .find(|tag| tag.name.eq_ignore_ascii_case("base"))
        .and_then(|tag| url.join(attribute(&tag, "href")?).ok());
    href.filter(|base| matches!(base.scheme(), "http" | "https")).unwrap_or_else(|| url.clone())
}

/// Returns the address of a feed that a `link` offers.
fn offer(tag: &Tag<'_>, base: Option<&Url>) -> Option<String> {
    let rel = attribute(tag, "rel")?.to_ascii_lowercase();
    let mime = attribute(tag, "type")?.to_ascii_lowercase();
    let is_feed = ["rss", "atom", "feed+json", "rdf"].iter().any(|kind| mime.contains(kind));
    let is_offer = rel.split_whitespace().any(|word| matches!(word, "alternate" | "feed"));
    if !is_feed || !is_offer {
        return None;
    }
    crate::text::html::absolute(attribute(tag, "href")?, base).filter(|url| url.starts_with("http"))
}

fn attribute<'a>(tag: &'a Tag<'_>, name: &str) -> Option<&'a str> {
    let (_, value) = tag.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let url = Url::parse("https://example.org/a/").unwrap();
        assert_eq!(not_a_feed(text, Some(&url)).to_string(), expected);
    }

    #[test]
    fn a_page_offers_its_feeds() {
        check(
            "<!doctype html><html><link rel=alternate type='application/rss+xml' href='f.xml'>\
             <LINK REL='Alternate' TYPE='application/atom+xml' HREF='/b'><link rel=stylesheet href=c>",
            "the document is an HTML page; it offers `https://example.org/a/f.xml`, \
             `https://example.org/b`",
        );
    }

    #[test]
    fn a_page_may_name_another_base() {
        let url = Url::parse("https://example.org/a/").unwrap();
        let based = |text: &str| base(text, &url).to_string();
        assert_eq!(based("<html><head><BASE href='/b/'><base href=/c/>"), "https://example.org/b/");
        assert_eq!(based("<base target=x>"), "https://example.org/a/");
        assert_eq!(based("<base href='javascript:x'>"), "https://example.org/a/");
        assert_eq!(based(""), "https://example.org/a/");
    }

    #[test]
    fn what_it_is_instead_is_said() {
        check("<svg/>", "the document is XML that begins with `svg`, no feed");
        check("hello", "the document is text without any tag, no feed");
    }
}
