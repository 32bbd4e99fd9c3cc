//! A document's final bytes, in every coding it is served in, each with its own strong `ETag`.

use std::io::{Read, Write};

use flate2::Compression;
use xxhash_rust::xxh3::xxh3_128;

use crate::model::Timestamp;

/// An immutable document: rendered and compressed once per change, then only handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Such as `application/rss+xml; charset=utf-8`.
    pub content_type: &'static str,
    /// When its content last changed.
    pub modified: Timestamp,
    /// As it was rendered.
    pub plain: Vec<u8>,
    /// RFC 1952, without a time stamp, so that it is byte-stable too.
    pub gzip: Vec<u8>,
    hash: u128,
}

/// A coding that a document is served in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// No `Content-Encoding`.
    Identity,
    /// `gzip`
    Gzip,
}

impl Coding {
    /// Returns its name in HTTP.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
        }
    }
}

impl Document {
    /// Compresses and hashes rendered bytes.
    pub fn new(plain: Vec<u8>, content_type: &'static str, modified: Timestamp) -> Self {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        let gzip = encoder
            .write_all(&plain)
            .and_then(|()| encoder.finish())
            .expect("writing into a vector does not fail");
        let hash = xxh3_128(&plain);
        Self { content_type, modified, plain, gzip, hash }
    }

    /// Puts a document together from what was written to disk, or returns `None` where the
    /// compressed bytes are not those of the plain ones.
    pub fn restored(
        plain: Vec<u8>,
        gzip: Vec<u8>,
        content_type: &'static str,
        modified: Timestamp,
    ) -> Option<Self> {
        let mut unpacked = Vec::with_capacity(plain.len());
        let room = u64::try_from(plain.len()).ok()?.checked_add(1)?;
        let decoder = flate2::read::GzDecoder::new(gzip.as_slice());
        decoder.take(room).read_to_end(&mut unpacked).ok()?;
        let hash = xxh3_128(&plain);
        (unpacked == plain).then_some(Self { content_type, modified, plain, gzip, hash })
    }

    /// Returns the bytes in a coding.
    pub fn bytes(&self, coding: Coding) -> &[u8] {
        match coding {
            Coding::Identity => &self.plain,
            Coding::Gzip => &self.gzip,
        }
    }

    /// Returns the strong `ETag` of a coding, quoted.
    ///
    /// Each coding has its own: they are different representations (RFC 9110 8.8.3.3), and one
    /// tag for both lets a cache hand out the wrong one.
    pub fn etag(&self, coding: Coding) -> String {
        match coding {
            Coding::Identity => format!("\"{:032x}\"", self.hash),
            Coding::Gzip => format!("\"{:032x}-gzip\"", self.hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_give_the_same_document_and_each_coding_its_own_tag() {
        let document = |text: &str| {
            Document::new(text.as_bytes().to_vec(), "text/plain", Timestamp::default())
        };
        let (a, b) = (document("one"), document("one"));
        assert_eq!(a, b);
        assert_ne!(a.etag(Coding::Identity), a.etag(Coding::Gzip));
        assert_ne!(a.etag(Coding::Gzip), document("two").etag(Coding::Gzip));
        let mut back = String::new();
        flate2::read::GzDecoder::new(a.bytes(Coding::Gzip)).read_to_string(&mut back).unwrap();
        assert_eq!(back, "one");
        let again = |gzip: &[u8]| {
            let (plain, gzip) = (a.plain.clone(), gzip.to_vec());
            Document::restored(plain, gzip, "text/plain", Timestamp::default())
        };
        assert_eq!(again(&a.gzip), Some(a.clone()));
        assert_eq!(again(&document("one more").gzip), None);
        assert_eq!(again(b"junk"), None);
    }
}
