//! A subscription as lists of subscriptions (OPML) carry it.

use std::fmt::Write;

use url::Url;

use super::SourceId;

/// A feed in a list of subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Our name for it, where a list of ours gives one.
    pub id: Option<SourceId>,
    /// What it is called.
    pub title: Option<String>,
    /// Where the feed is; http or https, without a login.
    pub url: Url,
    /// The site that it belongs to.
    pub site: Option<Url>,
    /// In order, each once.
    pub tags: Vec<String>,
}

/// Returns tags as one line with a comma between two, as the `category` of OPML and RSS has them.
///
/// A tag has no slash there, which would make a hierarchy of it; what would be read as something
/// else is percent-encoded.
pub fn tag_line(tags: &[String]) -> String {
    tags.iter().map(|tag| encoded(tag)).collect::<Vec<_>>().join(",")
}

/// Returns the tags of a line that [`tag_line`] wrote.
pub fn tags_of_line(line: &str) -> impl Iterator<Item = String> {
    line.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(decoded)
}

fn encoded(tag: &str) -> String {
    let last = tag.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(tag.len());
    for (at, c) in tag.chars().enumerate() {
        let is_edge = at == 0 || at == last;
        if is_plain(c) || (c == ' ' && !is_edge) {
            out.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            write!(out, "%{byte:02X}").ok();
        }
    }
    out
}

/// Returns whether a character stands in XML as it is, and parts nothing.
fn is_plain(c: char) -> bool {
    let is_unseen = matches!(c,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    !(c.is_control() || c.is_whitespace() || is_unseen || ",/%".contains(c))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.get(..2).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(b'%');
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tags: &[&str], line: &str) {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        assert_eq!(tag_line(&tags), line);
        assert_eq!(tags_of_line(line).collect::<Vec<_>>(), tags);
    }

    #[test]
    fn tags_come_back_from_their_line() {
        check(&[], "");
        check(
            &["world", "tech news", "wissenschaft-für-alle"],
            "world,tech news,wissenschaft-für-alle",
        );
        check(&["a,b", "c/d", "100%", " x "], "a%2Cb,c%2Fd,100%25,%20x%20");
        check(&["\u{202e}\n", " "], "%E2%80%AE%0A,%20");
    }

    #[test]
    fn a_line_that_we_did_not_write_is_read_as_it_is() {
        let read = |line: &str| tags_of_line(line).collect::<Vec<_>>();
        assert_eq!(read(" a , ,b%,c%zz,%"), ["a", "b%", "c%zz", "%"]);
        assert_eq!(read("%ff"), ["\u{fffd}"]);
    }
}
