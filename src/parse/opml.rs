//! Lists of subscriptions: OPML of any version, as other programs really write it.
//!
//! Read by the reader that feeds are read by, so that what is broken is read as meant. What an
//! entry says that no subscription has (`include`, `type="link"`) is passed over.

use std::collections::HashSet;

use url::Url;

use super::decode::decode_list;
use super::tree::{Element, Reader, Step};
use super::{Document, page};
use crate::model::{Outline, SourceId, tags_of_line};
use crate::text::slug;

/// Folders on the way to an entry that become tags; deeper ones do not.
const MAX_FOLDERS: usize = 16;
/// Tags of one entry.
const MAX_TAGS: usize = 64;
/// Characters of a tag that is made of a folder's name.
const MAX_TAG_CHARS: usize = 64;
/// Characters of a title; what is longer is none.
const MAX_TITLE_CHARS: usize = 500;

/// What a list holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscriptions {
    /// In the order of the document.
    pub entries: Vec<Listed>,
    /// Entries that stand too deep to be read.
    pub too_deep: usize,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where it begins, from 1.
    pub line: usize,
    /// What it is called; possibly nothing.
    pub name: String,
    /// What is subscribed to.
    pub outline: Result<Outline, NoSubscription>,
}

/// Why an entry cannot be subscribed to; readable after its name and a colon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSubscription {
    /// No `xmlUrl`, or an empty one.
    #[error("it has no `xmlUrl`")]
    NoAddress,
    /// Something that is no absolute address.
    #[error("`{0}` is no address")]
    NotAnAddress(String),
    /// Such as `file:` or `gopher:`.
    #[error("its address is of the scheme `{0}`; http and https are accepted")]
    Scheme(String),
    /// A user or a password.
    ///
    /// SECURITY: it is not repeated.
    #[error("its address holds a login; put that into a file, and name the file by `auth`")]
    Login,
}

/// Why a document is no list of subscriptions; readable after "cannot read FILE: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOpml {
    /// No bytes, or white space only.
    #[error("the document is empty")]
    Empty,
    /// Something else.
    #[error("{0}, and no OPML")]
    Other(String),
}

/// Reads a list.
///
/// Folders on an entry's way become its tags, and so do its categories. What a list of our own
/// says (`brief:id`) is taken as it is.
pub fn opml(bytes: &[u8]) -> Result<Subscriptions, NotOpml> {
    let document =
        Document { bytes, content_type: None, url: None, language: None, assume_timezone: None };
    let xml = decode_list(&document);
    if xml.trim().is_empty() {
        return Err(NotOpml::Empty);
    }
    let mut walk = Walk {
        lines: Lines { text: &xml, at: 0, line: 1 },
        reader: Reader::new(&xml, None, None),
        folders: Vec::new(),
        is_opml: false,
        found: Subscriptions::default(),
    };
    walk.run();
    let Walk { reader, is_opml, mut found, .. } = walk;
    if !is_opml && found.entries.is_empty() {
        let what = page::not_a_feed(&xml, None).to_string();
        let what = what.strip_suffix(", no feed").unwrap_or(&what).to_owned();
        return Err(NotOpml::Other(what));
    }
    found.too_deep = reader.passed_over;
    Ok(found)
}

/// A walk through a list.
struct Walk<'x> {
    reader: Reader<'x>,
    lines: Lines<'x>,
    /// Those that are open, the outermost first.
    folders: Vec<Folder>,
    is_opml: bool,
    found: Subscriptions,
}

/// An open folder.
struct Folder {
    depth: usize,
    /// Its name as a tag; possibly nothing.
    tag: String,
    /// The same of its name as it is written, without undoing what other programs escape twice.
    written: String,
}

impl Walk<'_> {
    fn run(&mut self) {
        loop {
            let before = self.lines.text.len() - self.reader.tokens().left();
            let Some(step) = self.reader.step() else { return };
            let depth = self.reader.depth();
            let Step::Open(element) = step else {
                self.folders.retain(|folder| folder.depth <= depth);
                continue;
            };
            self.folders.retain(|folder| folder.depth < depth);
            match element.name.as_str() {
                "opml" => self.is_opml = true,
                "outline" => {
                    let after = self.lines.text.len() - self.reader.tokens().left();
                    self.outline(&element, depth, before..after);
                }
                _ => {}
            }
        }
    }

    fn outline(&mut self, element: &Element, depth: usize, at: std::ops::Range<usize>) {
        let name = name(element);
        if !is_entry(element) {
            if self.folders.len() < MAX_FOLDERS {
                let written = element.attribute("text").unwrap_or_default();
                let [tag, written] = [&name, written].map(|name| slug(name, MAX_TAG_CHARS));
                self.folders.push(Folder { depth, tag, written });
            }
            return;
        }
        let outline = address(element).map(|url| {
            let id = element.attribute("brief:id").and_then(|id| SourceId::new(id).ok());
            let own = element.attribute("title").map(str::to_owned);
            Outline {
                title: if id.is_some() { own } else { given_title(&name) },
                site: element.attribute("htmlurl").and_then(|url| web(url).ok()),
                tags: self.tags(element, id.is_some()),
                url,
                id,
            }
        });
        let line = self.lines.of(at);
        self.found.entries.push(Listed { line, name, outline });
    }

    /// Returns the tags of an entry, each once.
    ///
    /// Of a list of ours the categories are the tags themselves, and the folder of the first of
    /// them says nothing new; one that it was moved to by another program does.
    fn tags(&self, element: &Element, is_ours: bool) -> Vec<String> {
        let line = element.attribute("category").unwrap_or_default();
        let mut tags: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        if is_ours {
            let own = tags_of_line(line).filter(|tag| seen.insert(tag.clone()));
            tags.extend(own.take(MAX_TAGS));
            seen = tags.iter().map(|tag| slug(tag, MAX_TAG_CHARS)).collect();
        }
        let folders =
            self.folders.iter().filter(|folder| !is_ours || !seen.contains(&folder.written));
        let folders: Vec<String> = folders.map(|folder| folder.tag.clone()).collect();
        let categories = line.split([',', '/']).filter(|_| !is_ours);
        let categories = categories.map(|category| slug(category, MAX_TAG_CHARS));
        let made = folders.into_iter().chain(categories);
        let made = made.filter(|tag| !tag.is_empty() && seen.insert(tag.clone()));
        tags.extend(made.take(MAX_TAGS));
        tags
    }
}

/// Returns whether an outline stands for a feed; what does not is a folder.
fn is_entry(element: &Element) -> bool {
    let has = |name: &str| element.attributes.iter().any(|(key, _)| key == name);
    let kind = element.attribute("type").unwrap_or_default().to_ascii_lowercase();
    has("xmlurl") || has("htmlurl") || matches!(kind.as_str(), "rss" | "atom" | "feed")
}

/// Returns what an outline is called, on one line.
fn name(element: &Element) -> String {
    let named = ["title", "text"].into_iter().find_map(|key| element.attribute(key));
    crate::text::html::plain_line(named.unwrap_or_default(), false)
}

/// Returns a title that somebody gave; programs that know none write the address.
fn given_title(name: &str) -> Option<String> {
    let is_address = name.starts_with("http://") || name.starts_with("https://");
    let is_title = !name.is_empty() && !is_address && name.chars().count() <= MAX_TITLE_CHARS;
    is_title.then(|| name.to_owned())
}

fn address(element: &Element) -> Result<Url, NoSubscription> {
    let written = ["xmlurl", "url"].into_iter().find_map(|key| element.attribute(key));
    web(written.ok_or(NoSubscription::NoAddress)?)
}

fn web(written: &str) -> Result<Url, NoSubscription> {
    // `feed://a` is `http://a`, `feed:https://a` is `https://a`.
    let feed = written.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("feed:"));
    let written = match feed.and_then(|_| written.get(5..)) {
        Some(rest) if rest.starts_with("//") => format!("http:{rest}"),
        Some(rest) => rest.to_owned(),
        None => written.to_owned(),
    };
    let Ok(url) = Url::parse(&written) else {
        // SECURITY: an address that is written badly may hold a login all the same.
        let shown = written.split(['?', '@']).next().filter(|_| !written.contains('@'));
        let shown: String = shown.unwrap_or("…").chars().take(100).collect();
        return Err(NoSubscription::NotAnAddress(shown));
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NoSubscription::Scheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NoSubscription::Login);
    }
    Ok(url)
}

/// Counts lines as far as it is asked.
struct Lines<'x> {
    text: &'x str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// Returns the line of the last tag that begins in a range; ranges come in order.
    fn of(&mut self, range: std::ops::Range<usize>) -> usize {
        let read = self.text.get(range.clone()).unwrap_or_default();
        let start = range.start + read.rfind('<').unwrap_or(0);
        let passed = self.text.get(self.at..start).unwrap_or_default();
        self.line += passed.matches('\n').count();
        self.at = self.at.max(start);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::publish;
    use crate::text::html::clean_chars;

    fn read(xml: &str) -> Vec<Listed> {
        opml(xml.as_bytes()).unwrap().entries
    }

    /// Shows entries as `line title url [tags]`, or as what is wrong with them.
    #[track_caller]
    fn check(xml: &str, expected: &[&str]) {
        let shown = |listed: Listed| match listed.outline {
            Ok(outline) => format!(
                "{} {} {} {:?}",
                listed.line,
                outline.title.as_deref().unwrap_or("-"),
                outline.url,
                outline.tags
            ),
            Err(why) => format!("{} {}: {why}", listed.line, listed.name),
        };
        assert_eq!(read(xml).into_iter().map(shown).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn folders_on_the_way_are_tags() {
        check(
            "<opml version='1.1'><head/><body>\n<outline text='News'>\n\
             <outline text='World &amp; Politics'>\n<outline text='A' xmlUrl='http://a.example/f'/>\n\
             </outline>\n<outline title='B' text='b' xmlUrl='http://b.example/'></outline></outline>\n\
             <outline text='C' type='rss' xmlUrl='https://c.example/' category='/Boston/Weather,Sport'/>\
             </body></opml>",
            &[
                "4 A http://a.example/f [\"news\", \"world-politics\"]",
                "6 B http://b.example/ [\"news\"]",
                "7 C https://c.example/ [\"boston\", \"weather\", \"sport\"]",
            ],
        );
    }

    #[test]
    fn what_is_broken_is_read_as_meant() {
        check(
            "\u{feff}<opml><body><outline title=AT&T's text=\"x\" XMLURL='http://a.example/?a=1&b=2' foo>\
             <OUTLINE Text='★'><outline text='http://b.example/f' xmlurl='feed://b.example/f'>\
             <outline text='C &nbsp; D' xmlUrl='feed:https://c.example/'",
            &[
                "1 AT&T's http://a.example/?a=1&b=2 []",
                "1 - http://b.example/f []",
                "1 C D https://c.example/ []",
            ],
        );
    }

    #[test]
    fn what_is_no_subscription_is_told_with_its_line() {
        check(
            "<opml><body>\n<outline text='No address' type='rss'/>\n<outline text='Empty' xmlUrl=' '/>\n\
             <!-- <outline> -->\n<outline text='File' xmlUrl='file:///etc/passwd'/>\n\
             <outline text='Login'\n xmlUrl='http://me:secret@a.example/'/>\n\
             <outline text='Relative' xmlUrl='/feed.xml?token=x'/><outline text='Note'/>\n</body></opml>",
            &[
                "2 No address: it has no `xmlUrl`",
                "3 Empty: it has no `xmlUrl`",
                "5 File: its address is of the scheme `file`; http and https are accepted",
                "6 Login: its address holds a login; put that into a file, and name the file by `auth`",
                "8 Relative: `/feed.xml` is no address",
            ],
        );
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let why = |bytes: &[u8]| opml(bytes).unwrap_err().to_string();
        assert_eq!(why(b" \n"), "the document is empty");
        assert_eq!(why(b"<!doctype html><html>"), "the document is an HTML page, and no OPML");
        assert_eq!(why(b"hello"), "the document is text without any tag, and no OPML");
        assert_eq!(opml(b"<opml><body/></opml>").unwrap(), Subscriptions::default());
    }

    #[test]
    fn other_encodings_are_read() {
        let xml = "<?xml version='1.0' encoding='windows-1251'?><opml><outline text='\u{4}' xmlUrl='http://a.example/'/></opml>";
        let mut bytes = xml.as_bytes().to_vec();
        let at = bytes.iter().position(|byte| *byte == 4).unwrap();
        bytes[at] = 0xcc;
        assert_eq!(opml(&bytes).unwrap().entries[0].name, "М");
        let wide: Vec<u8> = "<opml><outline text='é' xmlUrl='http://a.example/'/></opml>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(opml(&[&[0xff, 0xfe], wide.as_slice()].concat()).unwrap().entries[0].name, "é");
    }

    #[test]
    fn depth_and_tags_are_bounded() {
        let name = "long ".repeat(1000);
        let open = format!("<outline text='{name}'>").repeat(1000);
        let deep = opml(format!("<opml>{open}<outline xmlUrl='http://a.example/'/>").as_bytes());
        assert!(deep.unwrap().too_deep > 0);
        let open: Vec<String> = (0..100).map(|n| format!("<outline text='f{n}'>")).collect();
        let open = open.concat();
        let entries = read(&format!("<opml>{open}<outline xmlUrl='http://a.example/'/>"));
        assert_eq!(entries[0].outline.as_ref().unwrap().tags.len(), MAX_FOLDERS);
        let many: Vec<String> = (0..5000).map(|n| format!("t{n}")).collect();
        let many = many.join(",");
        let entries =
            read(&format!("<opml><outline xmlUrl='http://a.example/' category='{many}'/>"));
        assert_eq!(entries[0].outline.as_ref().unwrap().tags.len(), MAX_TAGS);
    }

    #[test]
    fn an_entity_that_grows_is_not_expanded() {
        let xml = "<!DOCTYPE opml [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>\
            <opml><outline text='&b;' xmlUrl='http://a.example/'/></opml>";
        assert!(read(xml)[0].name.len() <= 40);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_exported_is_imported_the_same(
            rows in proptest::collection::vec(
                (
                    proptest::option::of("[\\PC\u{0}\t\n\u{85}\u{202e}&<>\"'\\]Ã©%,/]{0,20}"),
                    proptest::collection::btree_set("[\\PC\u{0}\n\u{202e}&<>\"',/% ]{1,8}", 0..4),
                ),
                0..6,
            ),
        ) {
            let outlines: Vec<Outline> = (0..)
                .zip(rows)
                .map(|(number, (title, tags))| Outline {
                    id: SourceId::new(format!("s{number}")).ok(),
                    title,
                    url: format!("https://example.org/{number}?a=1&b=%20é").parse().unwrap(),
                    site: None,
                    tags: tags.into_iter().collect(),
                })
                .collect();
            let xml = publish::opml("Sources", &outlines);
            let read = opml(xml.as_bytes()).unwrap();
            let mut back: Vec<Outline> =
                read.entries.into_iter().map(|listed| listed.outline.unwrap()).collect();
            back.sort_by(|a, b| a.id.cmp(&b.id));
            let expected: Vec<Outline> = outlines
                .into_iter()
                .map(|outline| Outline {
                    title: outline.title.map(|t| clean_chars(&t).trim().to_owned()).filter(|t| !t.is_empty()),
                    ..outline
                })
                .collect();
            prop_assert_eq!(back, expected);
        }

        #[test]
        fn no_input_makes_it_panic(text in "[<>/='\"&; a-zé\n]{0,200}", tail in any::<Vec<u8>>()) {
            opml(&[format!("<opml><outline xmlUrl='{text}").as_bytes(), &tail].concat()).ok();
        }
    }
}
