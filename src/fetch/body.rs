//! A body: read within its limits on the wire, decoded within its limits in memory.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use reqwest::Response;

use super::FetchError;
use super::patience::Patience;
use super::spool::Spool;

/// A body as it came over the wire.
#[derive(Debug)]
pub struct Body {
    /// Still encoded.
    wire: Spool,
    /// The `Content-Encoding` field, as it came.
    encoding: Option<String>,
    /// The limit on decoded bytes.
    max_decoded: u64,
}

/// The limits of reading, and where what is read is kept.
pub(super) struct Reading<'r> {
    pub(super) max_wire: u64,
    pub(super) idle: Duration,
    pub(super) folder: &'r Path,
}

impl Reading<'_> {
    /// Reads a body until its end, a pause that is too long, or a byte too many.
    pub(super) async fn read(
        &self,
        mut response: Response,
        patience: &Patience,
    ) -> Result<Spool, FetchError> {
        let too_large = || FetchError::TooLarge { limit: self.max_wire, wire: true };
        if response.content_length().is_some_and(|length| length > self.max_wire) {
            return Err(too_large());
        }
        let mut wire = Spool::new();
        loop {
            let what = "between two pieces of the body";
            let piece = patience.wait(self.idle, what, response.chunk()).await?;
            let broken = |source: reqwest::Error| FetchError::Broken(source.without_url());
            let piece = piece.map_err(broken)?;
            let Some(piece) = piece else { break };
            if wire.length() + piece.len() as u64 > self.max_wire {
                return Err(too_large());
            }
            wire.add(&piece);
            if wire.is_full() {
                wire = self.write_down(wire, patience).await?;
            }
        }
        if wire.is_parted() { self.write_down(wire, patience).await } else { Ok(wire) }
    }

    async fn write_down(&self, wire: Spool, patience: &Patience) -> Result<Spool, FetchError> {
        patience.wait(self.idle, "for the disk", wire.write_down(self.folder)).await?
    }
}

/// Reads the beginning of a body that is looked at and not kept, whatever becomes of the rest; the
/// caller says for how long.
pub(super) async fn beginning(mut response: Response, most: usize) -> Vec<u8> {
    let mut page = Vec::new();
    while page.len() < most {
        let Ok(Some(piece)) = response.chunk().await else { break };
        page.extend_from_slice(&piece);
    }
    page
}

impl Body {
    pub(super) fn new(wire: Spool, encoding: Option<String>, max_decoded: u64) -> Self {
        Self { wire, encoding, max_decoded }
    }

    /// Decodes the body (RFC 9110 8.4); costs CPU, so call it off the runtime.
    ///
    /// SECURITY: decoded bytes are counted while they appear. A gzip bomb's `Content-Length`
    /// says nothing, and its size in memory must not be the first thing we learn of it.
    pub fn decode(self) -> Result<Vec<u8>, FetchError> {
        decode(self.wire.read()?, self.encoding.as_deref(), self.max_decoded)
    }

    /// The same, if what comes out is at most `most` bytes and takes little more to decode; `None`
    /// is a larger one.
    pub fn decode_small(&self, most: u64) -> Option<Result<Vec<u8>, FetchError>> {
        if self.wire.length() > most {
            return None;
        }
        let limit = most.min(self.max_decoded);
        let wire = match self.wire.read() {
            Ok(wire) => wire,
            Err(error) => return Some(Err(error)),
        };
        let encoding = self.encoding.as_deref().unwrap_or_default();
        let is_large_brotli = encoding.eq_ignore_ascii_case("br") && window(&wire) > Window::Usual;
        // What is encoded twice may have anything inside.
        if is_large_brotli || encoding.contains(',') {
            return None;
        }
        match decode(wire, self.encoding.as_deref(), limit) {
            Err(FetchError::TooLarge { .. }) if limit < self.max_decoded => None,
            decoded => Some(decoded),
        }
    }
}

fn decode(wire: Vec<u8>, encoding: Option<&str>, max_decoded: u64) -> Result<Vec<u8>, FetchError> {
    let mut bytes = wire;
    let encodings = encoding.unwrap_or_default().to_ascii_lowercase();
    let layers: Vec<&str> = encodings.split(',').map(str::trim).collect();
    if layers.len() > 3 {
        return Err(FetchError::Encoding(encodings));
    }
    // Applied in the order listed, so taken off from the last.
    for layer in layers.into_iter().rev() {
        bytes = match layer {
            "" | "identity" => bytes,
            "gzip" | "x-gzip" => {
                // Some origins label a plain body.
                if bytes.starts_with(&[0x1F, 0x8B]) {
                    limited(flate2::read::MultiGzDecoder::new(&bytes[..]), max_decoded)?
                } else {
                    bytes
                }
            }
            "deflate" => deflate(&bytes, max_decoded)?,
            "br" => brotli(&bytes, max_decoded)?,
            "zstd" => zstd(&bytes, max_decoded)?,
            other => return Err(FetchError::Encoding(other.to_owned())),
        };
    }
    if bytes.len() as u64 > max_decoded {
        return Err(FetchError::TooLarge { limit: max_decoded, wire: false });
    }
    Ok(bytes)
}

/// How much a brotli decoder has to remember (RFC 7932 9.1).
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Window {
    /// At most 4 MiB, which is what servers use.
    Usual,
    /// 8 or 16 MiB.
    Large,
    /// Up to 1 GiB, which is no `br`.
    Foreign,
}

fn window(wire: &[u8]) -> Window {
    match wire.first() {
        Some(first) if first & 0x7F == 0x11 => Window::Foreign,
        Some(first) if matches!(first & 0x0F, 0b1101 | 0b1111) => Window::Large,
        _ => Window::Usual,
    }
}

fn brotli(bytes: &[u8], limit: u64) -> Result<Vec<u8>, FetchError> {
    if window(bytes) == Window::Foreign {
        return Err(FetchError::Decode(std::io::Error::other("a window beyond RFC 7932")));
    }
    limited(brotli::Decompressor::new(bytes, 4096), limit)
}

/// `deflate` is zlib (RFC 9110 8.4.1.2), and bare deflate from origins that took the name at its
/// word.
fn deflate(bytes: &[u8], limit: u64) -> Result<Vec<u8>, FetchError> {
    match limited(flate2::read::ZlibDecoder::new(bytes), limit) {
        Err(FetchError::Decode(_)) => limited(flate2::read::DeflateDecoder::new(bytes), limit),
        result => result,
    }
}

fn zstd(bytes: &[u8], limit: u64) -> Result<Vec<u8>, FetchError> {
    let mut decoder = zstd::stream::read::Decoder::new(bytes).map_err(FetchError::Decode)?;
    // RFC 8878 3.1.1.1.2 recommends to support 8 MiB; a frame may ask for gigabytes.
    decoder.window_log_max(23).map_err(FetchError::Decode)?;
    limited(decoder, limit)
}

fn limited(decoder: impl Read, limit: u64) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    decoder.take(limit + 1).read_to_end(&mut bytes).map_err(FetchError::Decode)?;
    if bytes.len() as u64 > limit {
        return Err(FetchError::TooLarge { limit, wire: false });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn decode(wire: Vec<u8>, encoding: &str, max_decoded: u64) -> Result<Vec<u8>, FetchError> {
        Body::new(wire.into(), Some(encoding.to_owned()), max_decoded).decode()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_encoding_that_is_offered_is_decoded() {
        let text = b"<rss/>".to_vec();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(&text).unwrap();
        let mut raw =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        raw.write_all(&text).unwrap();
        let mut brotli = Vec::new();
        brotli::CompressorWriter::new(&mut brotli, 4096, 5, 20).write_all(&text).unwrap();
        let cases = [
            ("gzip", gzip(&text)),
            ("X-GZIP", gzip(&text)),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
            ("br", brotli),
            ("zstd", zstd::encode_all(&text[..], 3).unwrap()),
            ("gzip, gzip", gzip(&gzip(&text))),
            ("identity", text.clone()),
            ("", text.clone()),
            ("gzip", text.clone()),
        ];
        for (encoding, wire) in cases {
            assert_eq!(decode(wire, encoding, 100).unwrap(), text, "{encoding}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit_on_decoded_bytes() {
        let bomb = gzip(&vec![0; 10_000_000]);
        assert!(bomb.len() < 20_000);
        let refused = decode(bomb, "gzip", 100_000);
        assert!(matches!(refused, Err(FetchError::TooLarge { limit: 100_000, wire: false })));
    }

    #[test]
    fn brotli_with_a_window_of_many_megabytes_is_not_read_among_the_small() {
        let encoded = |bits| {
            let mut brotli = Vec::new();
            let mut encoder = brotli::CompressorWriter::new(&mut brotli, 4096, 5, bits);
            encoder.write_all(&b"<rss/>".repeat(100)).unwrap();
            drop(encoder);
            Body::new(brotli.into(), Some("BR".to_owned()), 10_000)
        };
        assert!(encoded(22).decode_small(1000).is_some());
        for bits in [23, 24] {
            assert!(encoded(bits).decode_small(1000).is_none(), "{bits}");
            assert_eq!(encoded(bits).decode().unwrap().len(), 600);
        }
        assert_eq!(window(&[0x11, 0x1E]), Window::Foreign);
        assert!(matches!(decode(vec![0x11, 0x1E, 3], "br", 100), Err(FetchError::Decode(_))));
    }

    #[test]
    fn what_cannot_be_decoded_is_an_error() {
        assert!(matches!(decode(vec![1, 2, 3], "br", 100), Err(FetchError::Decode(_))));
        assert!(matches!(decode(vec![1], "compress", 100), Err(FetchError::Encoding(_))));
        let mut cut = gzip(b"hello hello hello");
        cut.truncate(15);
        assert!(matches!(decode(cut, "gzip", 100), Err(FetchError::Decode(_))));
    }
}
