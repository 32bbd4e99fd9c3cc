//! A document's final bytes, in every coding it is served in, each with its own strong `ETag`.

use std::io::{Read, Write};

use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::Compression;
use xxhash_rust::xxh3::xxh3_128;

use crate::model::Timestamp;

/// Smaller by 1 % than at 6, in twice the time.
const GZIP_LEVEL: u32 = 7;
/// Above, a document takes ten times as long and gets smaller by a tenth; its readers wait.
const BROTLI_LEVEL: i32 = 5;

/// An immutable document: rendered and compressed once per change, then only handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Such as `application/rss+xml; charset=utf-8`.
    pub content_type: &'static str,
    /// When its content last changed.
    pub modified: Timestamp,
    /// As it was rendered.
    pub plain: Bytes,
    /// RFC 1952, without a time stamp, so that it is byte-stable too.
    pub gzip: Bytes,
    /// RFC 7932
    pub brotli: Bytes,
    hash: u128,
}

/// A coding that a document is served in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// No `Content-Encoding`.
    Identity,
    /// `gzip`
    Gzip,
    /// `br`
    Brotli,
}

impl Coding {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Identity, Self::Gzip, Self::Brotli];

    /// Returns its name in HTTP.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }
}

impl Document {
    /// Compresses and hashes rendered bytes.
    pub fn new(plain: Vec<u8>, content_type: &'static str, modified: Timestamp) -> Self {
        let hash = xxh3_128(&plain);
        let (gzip, brotli) = (gzipped(&plain).into(), brotlied(&plain).into());
        Self { content_type, modified, plain: plain.into(), gzip, brotli, hash }
    }

    /// Puts a document together from what was written to disk; compressed bytes that are not
    /// those of the plain ones are made anew.
    pub fn restored(
        plain: Vec<u8>,
        (gzip, brotli): (Vec<u8>, Vec<u8>),
        content_type: &'static str,
        modified: Timestamp,
    ) -> Self {
        let ungzip = flate2::read::GzDecoder::new(gzip.as_slice());
        let gzip = if holds(ungzip, &plain) { gzip } else { gzipped(&plain) };
        let unbrotli = brotli::Decompressor::new(brotli.as_slice(), 4096);
        let brotli = if holds(unbrotli, &plain) { brotli } else { brotlied(&plain) };
        let hash = xxh3_128(&plain);
        let (gzip, brotli) = (gzip.into(), brotli.into());
        Self { content_type, modified, plain: plain.into(), gzip, brotli, hash }
    }

    /// Returns a hash of the plain bytes, which is a part of every tag.
    pub fn hash(&self) -> u128 {
        self.hash
    }

    /// Returns the bytes in a coding.
    pub fn bytes(&self, coding: Coding) -> &Bytes {
        match coding {
            Coding::Identity => &self.plain,
            Coding::Gzip => &self.gzip,
            Coding::Brotli => &self.brotli,
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
            Coding::Brotli => format!("\"{:032x}-br\"", self.hash),
        }
    }
}

fn gzipped(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
    encoder
        .write_all(plain)
        .and_then(|()| encoder.finish())
        .expect("writing into a vector does not fail")
}

fn brotlied(plain: &[u8]) -> Vec<u8> {
    let parameters = BrotliEncoderParams {
        quality: BROTLI_LEVEL,
        size_hint: plain.len(),
        ..BrotliEncoderParams::default()
    };
    let mut out = Vec::new();
    let mut input = plain;
    brotli::BrotliCompress(&mut input, &mut out, &parameters)
        .expect("writing into a vector does not fail");
    out
}

/// Returns whether a decoder yields exactly these bytes.
fn holds(decoder: impl Read, plain: &[u8]) -> bool {
    let mut unpacked = Vec::with_capacity(plain.len());
    let room = u64::try_from(plain.len()).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(room).read_to_end(&mut unpacked).is_ok() && unpacked == plain
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
        let tags: std::collections::HashSet<String> =
            Coding::ALL.into_iter().map(|coding| a.etag(coding)).collect();
        assert_eq!(tags.len(), 3);
        assert_ne!(a.etag(Coding::Gzip), document("two").etag(Coding::Gzip));
        assert!(holds(flate2::read::GzDecoder::new(a.bytes(Coding::Gzip).as_ref()), b"one"));
        assert!(holds(brotli::Decompressor::new(a.bytes(Coding::Brotli).as_ref(), 64), b"one"));
        let again = |gzip: &[u8], brotli: &[u8]| {
            let packed = (gzip.to_vec(), brotli.to_vec());
            Document::restored(b"one".to_vec(), packed, "text/plain", Timestamp::default())
        };
        assert_eq!(again(&a.gzip, &a.brotli), a);
        let other = document("one more");
        assert_eq!(again(&other.gzip, &other.brotli), a, "another document's bytes");
        assert_eq!(again(b"junk", b""), a);
    }
}
