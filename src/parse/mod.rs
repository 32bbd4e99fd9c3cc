//! A document's bytes read into a feed: every dialect, however broken.
//!
//! Order of the parts: `decode` makes text of the bytes; `xml` makes tokens of the text,
//! repairing as it goes; `tree` makes elements; `draft` takes what each field says; `complete`
//! decides what the dialect leaves open; `second` asks feed-rs where that left gaps. The same bytes always give the same feed, ids
//! included. It fetches nothing and knows no other document of the source. `article` and `opml` stand
//! apart: the one reads the page that an item links to, the other a list of subscriptions.

mod article;
mod complete;
mod dates;
mod decode;
mod doctype;
mod document;
mod draft;
mod json;
mod limits;
mod loose;
mod media;
mod names;
mod opml;
mod page;
mod people;
mod prose;
mod second;
mod tree;
mod warnings;
mod xml;

pub use article::{Article, Known, NoArticle, article};
pub use opml::{Listed, NoSubscription, NotOpml, Subscriptions, opml};

use chrono::{FixedOffset, Offset, Utc};
use url::Url;

use self::warnings::Warnings;
use crate::model::Feed;

/// What a source answered with, and what is known of it from outside.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// The body, decompressed.
    pub bytes: &'a [u8],
    /// The HTTP `Content-Type`.
    pub content_type: Option<&'a str>,
    /// Where it came from, after redirects; relative addresses are joined with it.
    pub url: Option<&'a Url>,
    /// The HTTP `Content-Language`.
    pub language: Option<&'a str>,
    /// The zone of dates that name none; UTC if this is `None`.
    pub assume_timezone: Option<FixedOffset>,
}

impl Document<'_> {
    fn zone(&self) -> FixedOffset {
        self.assume_timezone.unwrap_or_else(|| Utc.fix())
    }
}

/// Why a document gave no feed; readable after "failed to parse lwn: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// No bytes, or white space only.
    #[error("the document is empty")]
    Empty,
    /// Something else than a feed.
    #[error("the document is {what}{}", offered(.feeds))]
    NotAFeed {
        /// Such as `an HTML page`.
        what: String,
        /// The feeds that a page offers by `rel=alternate`, absolute.
        feeds: Vec<String>,
    },
    /// A feed that is too broken to be read.
    #[error("the document is broken: {why}")]
    Broken {
        /// What and where.
        why: String,
    },
}

fn offered(feeds: &[String]) -> String {
    if feeds.is_empty() {
        ", no feed".to_owned()
    } else {
        format!("; it offers `{}`", feeds.join("`, `"))
    }
}

/// Reads a document of any format into a feed.
///
/// What had to be repaired or dropped is in the feed's warnings. Items are in document order.
pub fn parse(document: &Document<'_>) -> Result<Feed, ParseError> {
    let mut warnings = Warnings::default();
    let decoded = decode::decode(document, &mut warnings);
    let text = decoded.text.trim_start();
    if text.is_empty() {
        return Err(ParseError::Empty);
    }
    if text.starts_with(['{', '[']) {
        return json::read(text, decoded.label, document, warnings);
    }
    document::read(&decoded.text, decoded.label, document, warnings)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn document(bytes: &[u8]) -> Document<'_> {
        Document { bytes, content_type: None, url: None, language: None, assume_timezone: None }
    }

    fn parsed(text: &str) -> Feed {
        parse(&document(text.as_bytes())).unwrap()
    }

    const RSS: &str = "<?xml version='1.0'?><rss version='2.0' \
        xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel><title>A &amp; B</title>\
        <link>http://a.example/</link><ttl>60</ttl><skipHours><hour>24</hour></skipHours>\
        <skipDays><day>Sunday</day></skipDays><item><title>One &lt;b&gt;x&lt;/b&gt;</title>\
        <guid isPermaLink='true'>http://a.example/1</guid><author>jo@a.example (Jo)</author>\
        <pubDate>Thu, 01 Jan 2004 19:48:21 GMT</pubDate><description><![CDATA[<p>a<br>b]]>\
        </description><enclosure url='http://a.example/1.mp3' length='5' type='audio/mpeg'/>\
        <itunes:duration>1:00</itunes:duration><source url='http://b.example/f'>B</source></item>\
        <item><description>c</description></item></channel></rss>";

    const ATOM: &str = "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='de' \
        xml:base='http://a.example/'><title type='html'>A &lt;i>b&lt;/i></title><link href='/'/>\
        <link rel='hub' href='http://h.example/'/><link rel='next' href='?p=2'/><entry><id>e</id>\
        <title>One</title><link href='1'/><updated>2024-01-02T03:04:05Z</updated>\
        <content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><a href='2'>x</a></div>\
        </content></entry></feed>";

    const JSON: &str = r#"{"version":"https://jsonfeed.org/version/1.1","title":"A","items":[
        {"id":"1","url":"http://a.example/1","content_text":"x < y","tags":["t"]}]}"#;

    #[test]
    fn a_feed_of_rss_is_read() {
        let feed = parsed(RSS);
        assert_eq!((feed.version.as_str(), feed.ttl), ("rss20", Some(60)));
        assert_eq!((feed.skip_hours.as_slice(), feed.skip_days.len()), ([0].as_slice(), 1));
        assert_eq!(feed.title.unwrap().plain, "A & B");
        let item = &feed.items[0];
        assert_eq!(item.url.as_deref(), Some("http://a.example/1"));
        assert_eq!(item.title.as_ref().unwrap().plain, "One x");
        assert_eq!(item.authors[0].email.as_deref(), Some("jo@a.example"));
        assert_eq!(item.summary.as_ref().unwrap().value, "<p>a<br>b</p>");
        assert_eq!(item.enclosures[0].length, Some(5));
        assert_eq!(item.duration, Some(60));
        assert_eq!(item.source.as_ref().unwrap().url.as_deref(), Some("http://b.example/f"));
        assert!(feed.items[1].id_is_generated);
        assert!(feed.warnings.is_empty());
    }

    #[test]
    fn a_feed_of_atom_is_read() {
        let feed = parsed(ATOM);
        assert_eq!(feed.version, "atom10");
        assert_eq!(feed.link.as_deref(), Some("http://a.example/"));
        assert_eq!(feed.hub.as_deref(), Some("http://h.example/"));
        assert_eq!(feed.next.as_deref(), Some("http://a.example/?p=2"));
        let item = &feed.items[0];
        assert_eq!(item.url.as_deref(), Some("http://a.example/1"));
        assert_eq!(item.content[0].value, "<a href=\"http://a.example/2\">x</a>");
        assert_eq!(item.language.as_deref(), Some("de"));
        assert_eq!((item.published, item.updated.is_some()), (None, true));
    }

    #[test]
    fn what_only_media_rss_says_is_read() {
        let feed = parsed(
            "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:media='http://search.yahoo.com/mrss/'>\
             <entry><id>a</id><media:group><media:title>T</media:title>\
             <media:content url='http://a.example/v'/><media:description>D</media:description>\
             </media:group></entry></feed>",
        );
        let item = &feed.items[0];
        assert_eq!(item.title.as_ref().unwrap().plain, "T");
        assert_eq!(item.summary.as_ref().unwrap().value, "D");
        assert_eq!(item.enclosures.len(), 1);
    }

    #[test]
    fn broken_documents_give_their_good_items_and_say_so() {
        let feed = parsed("junk<rss><channel><item><title>a & b</title><item><title>c</titl");
        let titles = feed.items.iter().map(|i| i.title.as_ref().unwrap().plain.as_str());
        assert_eq!(titles.collect::<Vec<_>>(), ["a & b", "c"]);
        let codes: Vec<_> = feed.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(
            codes,
            ["junk-before-document", "bare-ampersand", "mismatched-tag", "unclosed-end"]
        );
    }

    #[test]
    fn what_is_no_feed_is_an_error_that_says_what_it_is() {
        let error = |text: &str| parse(&document(text.as_bytes())).unwrap_err().to_string();
        assert_eq!(error(" \n"), "the document is empty");
        assert_eq!(error("<html><p>x"), "the document is an HTML page, no feed");
        assert_eq!(error("{\"a\":1}"), "the document is JSON of another kind, no feed");
        assert!(error("{").starts_with("the document is broken: "));
    }

    #[test]
    fn hostile_documents_cost_little() {
        let deep = "<a xml:base='x/'>".repeat(100_000);
        let cases = [
            format!("<rss><channel><item><title>{deep}"),
            format!("<rss>{}", "<item>".repeat(100_000)),
            format!("<rss><item><title>{}", "&amp;".repeat(200_000)),
            format!("<rss><item><description>{}", "&lt;div>".repeat(100_000)),
            format!("<rss><item><description>{}", "&lt;iframe>".repeat(100_000)),
            format!("<rss><item a='{}'", "x".repeat(1_000_000)),
            format!(
                "<rss {}>",
                (0..50_000).map(|n| format!("a{n}='' ")).collect::<Vec<_>>().concat()
            ),
            format!(
                "<rss>{}",
                (0..20_000).map(|n| format!("<x xmlns:n{n}='y'>")).collect::<Vec<_>>().concat()
            ),
            format!("<rss><item>{}", "<link>http://a.example/</link>".repeat(20_000)),
            format!("<rss><item>{}", "</x>".repeat(200_000)),
            format!("<rss>{}", "<!--".repeat(200_000)),
            format!("<rss>{}", "<![CDATA[".repeat(200_000)),
            format!("<rss><item><itunes:duration>{}", "9".repeat(100_000)),
            "[".repeat(200_000),
        ];
        for case in cases {
            let begun = std::time::Instant::now();
            let first = parse(&document(case.as_bytes()));
            let head: String = case.chars().take(40).collect();
            // Linear work takes tens of milliseconds here; quadratic work takes minutes.
            assert!(begun.elapsed().as_secs() < 10, "{head}");
            assert_eq!(parse(&document(case.as_bytes())), first, "{head}");
        }
    }

    #[test]
    fn a_document_cut_anywhere_is_read() {
        for text in [RSS, ATOM, JSON] {
            for end in 0..text.len() {
                let bytes = text.as_bytes().get(..end).unwrap();
                assert_eq!(parse(&document(bytes)), parse(&document(bytes)));
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_alike_each_time(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(parse(&document(&bytes)), parse(&document(&bytes)));
        }

        #[test]
        fn mutated_documents_are_read_alike_each_time(
            which in 0..3_usize,
            edits in prop::collection::vec((0..1000_usize, any::<u8>(), 0..3_u8), 1..8),
        ) {
            let mut bytes = [RSS, ATOM, JSON][which].as_bytes().to_vec();
            for (at, byte, kind) in edits {
                let at = at % bytes.len();
                match kind {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            prop_assert_eq!(parse(&document(&bytes)), parse(&document(&bytes)));
        }
    }
}
