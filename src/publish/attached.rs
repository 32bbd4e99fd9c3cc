//! What is attached to an item, as documents of every format name it.
//!
//! SECURITY: a source may name any address and any words as a type or a width. Readers load,
//! follow and print them, so only addresses of the web, media types and lengths pass.

use crate::model::{Enclosure, Story, Thumbnail};
use crate::text::html::{inert, web};

/// Files, pictures and comments.
pub(super) struct Attached {
    /// With a media type each.
    pub(super) enclosures: Vec<Enclosure>,
    pub(super) thumbnail: Option<Thumbnail>,
    pub(super) image: Option<String>,
    pub(super) comments: Option<String>,
}

/// Returns what of an item's attachments documents name.
pub(super) fn attached(story: &Story) -> Attached {
    let length =
        |text: &String| text.trim().bytes().all(|b| b.is_ascii_digit() || b"%.px".contains(&b));
    let thumbnail = |found: &Thumbnail| {
        Some(Thumbnail {
            url: web(&found.url)?,
            width: found.width.clone().filter(length),
            height: found.height.clone().filter(length),
        })
    };
    Attached {
        enclosures: story.enclosures.iter().filter_map(enclosure).collect(),
        thumbnail: story.thumbnail.as_ref().and_then(thumbnail),
        image: story.image.as_deref().and_then(web),
        comments: story.comments.as_deref().and_then(web),
    }
}

fn enclosure(found: &Enclosure) -> Option<Enclosure> {
    let url = web(&found.url)?;
    let mime = found.mime.as_deref().filter(|mime| is_media_type(mime));
    let mime = mime.unwrap_or_else(|| type_by_ending(&url)).to_owned();
    let title = found.title.as_deref().map(inert);
    Some(Enclosure { url, mime: Some(mime), length: found.length, title })
}

/// Returns whether a text is a media type (RFC 6838 section 4.2), maybe with parameters.
fn is_media_type(text: &str) -> bool {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let is_name = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$^_.+-".contains(&b))
    };
    let is_plain = |c: char| matches!(c, ' '..='~') && !"<>&'`".contains(c);
    name.split_once('/').is_some_and(|(kind, of)| is_name(kind) && is_name(of.trim_end()))
        && parameters.chars().all(is_plain)
}

/// Returns what an address's ending says of its type, where the publisher gave none.
fn type_by_ending(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    match path.rsplit('.').next().map(str::to_ascii_lowercase).as_deref() {
        Some("mp3") => "audio/mpeg",
        Some("m4a") => "audio/mp4",
        Some("ogg" | "oga" | "opus") => "audio/ogg",
        Some("mp4" | "m4v") => "video/mp4",
        Some("webm") => "video/webm",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("pdf") => "application/pdf",
        _ => "application/octet-stream",
    }
}

/// Returns the media type of an enclosure that documents name.
pub(super) fn media_type(enclosure: &Enclosure) -> &str {
    enclosure.mime.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, mime: Option<&str>, expected: Option<(&str, &str)>) {
        let mime = mime.map(str::to_owned);
        let found = Enclosure { url: url.to_owned(), mime, length: None, title: None };
        let found = enclosure(&found);
        assert_eq!(found.as_ref().map(|found| (found.url.as_str(), media_type(found))), expected);
    }

    #[test]
    fn files_are_of_the_web_and_have_a_type() {
        let url = "https://a.example/b.mp3?c=1&d";
        check(url, Some("audio/x-m4a"), Some((url, "audio/x-m4a")));
        check(url, Some("video/mp4; codecs=\"avc1\""), Some((url, "video/mp4; codecs=\"avc1\"")));
        for mime in [None, Some("mp3"), Some("a/<b>"), Some("a/b;<c>"), Some("a/"), Some("a/b c")] {
            check(url, mime, Some((url, "audio/mpeg")));
        }
        for url in ["magnet:?x", "feed:javascript:x", "data:,x", "b.mp3", "mailto:a@b.example"] {
            check(url, None, None);
        }
        let quoted = "https://a.example/%22onload=%22x%22.gif";
        check("https://a.example/\"onload=\"x\".gif", None, Some((quoted, "image/gif")));
    }
}
