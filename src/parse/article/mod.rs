//! The page that an item links to, read for its article.
//!
//! A page is judged against what its feed says of the item: what is no longer than that, tells
//! another story, or asks for money, consent or a human is refused, and the feed's own text
//! stays. Fetching the page is not done here. Where a page is too clever for the reader, the
//! answer is no article, never half of one.

mod judge;
mod paid;
mod veil;
mod walls;

use dom_smoothie::{Config, Readability};
use url::Url;

use self::walls::Wall;
use super::prose::MAX_CONTENT_BYTES;
use super::{Document, decode, page};
use crate::text::html::{self, List};

/// A longer page is not looked at.
const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Addresses made absolute are longer than they were; more than this is a hostile page.
const MAX_WRITTEN_BYTES: usize = 2 * MAX_PAGE_BYTES;
/// Tags that the tree is built of, and …
const MAX_TAGS: usize = 60_000;
/// … the nodes that may become of them. Pages of news have a tenth of it.
const MAX_NODES: usize = 120_000;

/// An article as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// Sanitised HTML with absolute addresses, without the headline.
    pub html: String,
    /// The same as plain text, a paragraph a line with an empty one between.
    pub text: String,
}

/// What the feed says of an item, as plain text; empty where it says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The headline.
    pub title: &'a str,
    /// The longer of content and summary.
    pub text: &'a str,
}

/// Why a page gave no article; readable after "no article for TITLE: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoArticle {
    /// Something else than HTML.
    #[error("the answer is `{mime}`, no page")]
    NotAPage {
        /// Its MIME type.
        mime: String,
    },
    /// Too many bytes, tags or nodes.
    #[error("the page is too large to be read")]
    TooLarge,
    /// Nothing in it reads like an article.
    #[error("no article is found in the page")]
    NotFound,
    /// It asks for consent to cookies first.
    #[error("the page asks for consent to cookies")]
    Consent,
    /// It asks for money or an account.
    #[error("the article is for subscribers")]
    Paywall,
    /// It asks for scripts, or for a proof that a person reads it.
    #[error("the page is not shown to programs")]
    Barred,
    /// The feed says nearly as much.
    #[error("the page has {chars} characters of the article, the feed {known}")]
    Worse {
        /// Characters of the article.
        chars: usize,
        /// Characters of the feed's own text.
        known: usize,
    },
    /// It shares too few words with the item.
    #[error("the page tells another story than the item")]
    Unrelated,
}

/// Returns the article of a page that is better than what the feed says of the item.
///
/// The same bytes always give the same article. A page of any shape costs time and memory in
/// proportion to its length.
pub fn article(
    html: &[u8],
    content_type: Option<&str>,
    url: &Url,
    item: &Known<'_>,
) -> Result<Article, NoArticle> {
    let page = Page::read(html, content_type, url)?;
    let article = page.article(item.title);
    judge::judge(&page, article.as_ref(), item)?;
    article.ok_or(NoArticle::NotFound)
}

/// A page, decoded.
struct Page {
    /// The markup as published.
    raw: String,
    /// What relative addresses are joined with.
    base: Url,
    /// What is left of it for the reader of articles.
    tame: String,
}

impl Page {
    fn read(bytes: &[u8], content_type: Option<&str>, url: &Url) -> Result<Self, NoArticle> {
        if let Some(mime) = content_type.map(essence).filter(|mime| !is_page(mime)) {
            return Err(NoArticle::NotAPage { mime });
        }
        // No encoding has characters of more than four bytes.
        if bytes.len() > 4 * MAX_PAGE_BYTES {
            return Err(NoArticle::TooLarge);
        }
        let (language, assume_timezone) = (None, None);
        let document = Document { bytes, content_type, url: Some(url), language, assume_timezone };
        let raw = decode::decode_page(&document);
        if raw.len() > MAX_PAGE_BYTES {
            return Err(NoArticle::TooLarge);
        }
        let base = page::base(&raw, url);
        // SECURITY: the library that builds a tree never sees what was published. Markup
        // written anew is balanced, at most 100 elements deep, and has few and short tags; of a
        // page that was deeper, the text is still there.
        let tame = html::sanitise_within(&raw, List::Page, Some(&base), MAX_WRITTEN_BYTES);
        // All other brackets are escaped.
        let tags = tame.bytes().filter(|byte| *byte == b'<').count();
        if tame.len() > MAX_WRITTEN_BYTES || tags > MAX_TAGS {
            return Err(NoArticle::TooLarge);
        }
        Ok(Self { raw, base, tame })
    }

    /// Returns what readability takes for the article, without its headline if it is the item's.
    fn article(&self, title: &str) -> Option<Article> {
        // Its own reading of JSON-LD and of titles would find less.
        let config = Config { disable_json_ld: true, ..Config::default() };
        let title = html::escape(title);
        let page = format!("<meta property=\"og:title\" content=\"{title}\">{}", self.tame);
        let mut readability = Readability::new(veil::veil(&page), None, Some(config)).ok()?;
        if readability.doc.tree.len() > MAX_NODES {
            return None;
        }
        let content = veil::unveil(&readability.parse().ok()?.content);
        let display = List::Display;
        let html = html::sanitise_within(&content, display, Some(&self.base), MAX_CONTENT_BYTES);
        let (html, _) = html::cut(&html, MAX_CONTENT_BYTES);
        Some(Article { text: html::plain(&html), html })
    }

    /// Returns all that the page says.
    fn text(&self) -> String {
        html::plain(&self.tame)
    }
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_page(mime: &str) -> bool {
    // Servers that do not know better say that it is text.
    matches!(mime, "" | "text/html" | "application/xhtml+xml" | "text/plain")
}

impl From<Wall> for NoArticle {
    fn from(wall: Wall) -> Self {
        match wall {
            Wall::Consent => Self::Consent,
            Wall::Paywall => Self::Paywall,
            Wall::Bar => Self::Barred,
        }
    }
}

#[cfg(test)]
mod tests;
