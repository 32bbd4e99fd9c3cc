//! Enclosures and thumbnails: Media RSS, and the links with `rel=enclosure` that `draft` makes
//! of RSS's and Atom's own.

use super::tree::Element;
use crate::model::{Enclosure, Link, Thumbnail};

/// Files of one item; a gallery has under a hundred.
const MAX_FILES: usize = 200;

/// The media of an item.
#[derive(Debug, Default)]
pub(super) struct Media {
    /// In document order, each address once.
    pub(super) enclosures: Vec<Enclosure>,
    /// In document order.
    pub(super) thumbnails: Vec<Thumbnail>,
}

impl Media {
    /// Takes what a field says of media; returns whether it is about media.
    pub(super) fn read(&mut self, field: &Element) -> bool {
        match field.name.as_str() {
            "media:thumbnail" => self.push_thumbnail(field),
            "media:content" => {
                self.push(enclosure(field));
                self.read_inner(field);
            }
            "media:group" => self.read_inner(field),
            _ => return false,
        }
        true
    }

    /// Takes a link with `rel=enclosure`.
    pub(super) fn push_link(&mut self, link: &Link) {
        self.push(Some(Enclosure {
            url: link.href.clone(),
            mime: link.mime.clone(),
            length: link.length,
            title: link.title.clone(),
        }));
    }

    fn read_inner(&mut self, field: &Element) {
        for child in field.elements() {
            self.read(child);
        }
    }

    fn push(&mut self, enclosure: Option<Enclosure>) {
        let Some(enclosure) = enclosure.filter(|_| self.enclosures.len() < MAX_FILES) else {
            return;
        };
        match self.enclosures.iter_mut().find(|known| known.url == enclosure.url) {
            // Media RSS often names the file of an enclosure again, without its length.
            Some(known) => {
                known.mime = known.mime.take().or(enclosure.mime);
                known.length = known.length.or(enclosure.length);
                known.title = known.title.take().or(enclosure.title);
            }
            None => self.enclosures.push(enclosure),
        }
    }

    fn push_thumbnail(&mut self, field: &Element) {
        let Some(url) = address(field).filter(|_| self.thumbnails.len() < MAX_FILES) else {
            return;
        };
        let named = |name: &str| field.attribute(name).map(str::to_owned);
        self.thumbnails.push(Thumbnail { url, width: named("width"), height: named("height") });
    }
}

fn enclosure(field: &Element) -> Option<Enclosure> {
    let title = field.child("media:title").and_then(Element::some_text);
    Some(Enclosure {
        url: address(field)?,
        mime: field.attribute("type").map(str::to_owned),
        length: field.attribute("filesize").and_then(|bytes| bytes.parse().ok()),
        title: title.or_else(|| field.attribute("title").map(str::to_owned)),
    })
}

fn address(field: &Element) -> Option<String> {
    let named = ["url", "href"].iter().find_map(|name| field.attribute(name));
    named.and_then(|url| field.resolve(url)).or_else(|| field.resolve(&field.some_text()?))
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Reader, Step};
    use super::*;

    #[test]
    fn each_file_is_taken_once_wherever_it_stands() {
        let xml = "<media:group xmlns:media='http://search.yahoo.com/mrss/'>\
            <media:content url='http://a.example/v.mp4' type='video/mp4'>\
            <media:thumbnail url='http://a.example/t.jpg' width='75'/></media:content>\
            <media:content url='http://a.example/v.mp4' fileSize='5'/></media:group>";
        let mut reader = Reader::new(xml, None, None);
        let Some(Step::Open(head)) = reader.step() else { panic!("an element") };
        let mut media = Media::default();
        assert!(media.read(&reader.fill(head)));
        let file = Enclosure {
            url: "http://a.example/v.mp4".to_owned(),
            mime: Some("video/mp4".to_owned()),
            length: Some(5),
            title: None,
        };
        assert_eq!(media.enclosures, [file]);
        assert_eq!(media.thumbnails.len(), 1);
    }
}
