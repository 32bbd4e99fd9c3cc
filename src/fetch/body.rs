//! A body: read within its limits on the wire, decoded within its limits in memory.

use std::io::Read;
use std::time::Duration;

use reqwest::Response;

use super::FetchError;

/// A body as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Still encoded.
    pub wire: Vec<u8>,
    /// The `Content-Encoding` field, as it came.
    pub encoding: Option<String>,
    /// The limit on decoded bytes.
    pub max_decoded: u64,
}

/// Reads a body until its end, a pause that is too long, or a byte too many.
pub(super) async fn read(
    mut response: Response,
    max_wire: u64,
    idle: Duration,
) -> Result<Vec<u8>, FetchError> {
    let too_large = FetchError::TooLarge { limit: max_wire, wire: true };
    if response.content_length().is_some_and(|length| length > max_wire) {
        return Err(too_large);
    }
    let mut wire = Vec::new();
    loop {
        let piece = tokio::time::timeout(idle, response.chunk()).await;
        let piece =
            piece.map_err(|_elapsed| FetchError::Timeout("between two pieces of the body"))?;
        let Some(piece) = piece.map_err(|source| FetchError::Broken(source.without_url()))? else {
            return Ok(wire);
        };
        if wire.len() as u64 + piece.len() as u64 > max_wire {
            return Err(too_large);
        }
        wire.extend_from_slice(&piece);
    }
}

impl Body {
    /// Decodes the body (RFC 9110 8.4); costs CPU, so call it off the runtime.
    ///
    /// SECURITY: decoded bytes are counted while they appear. A gzip bomb's `Content-Length`
    /// says nothing, and its size in memory must not be the first thing we learn of it.
    pub fn decode(self) -> Result<Vec<u8>, FetchError> {
        let mut bytes = self.wire;
        let encodings = self.encoding.unwrap_or_default().to_ascii_lowercase();
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
                        limited(flate2::read::MultiGzDecoder::new(&bytes[..]), self.max_decoded)?
                    } else {
                        bytes
                    }
                }
                "deflate" => deflate(&bytes, self.max_decoded)?,
                "br" => limited(brotli::Decompressor::new(&bytes[..], 4096), self.max_decoded)?,
                "zstd" => zstd(&bytes, self.max_decoded)?,
                other => return Err(FetchError::Encoding(other.to_owned())),
            };
        }
        if bytes.len() as u64 > self.max_decoded {
            return Err(FetchError::TooLarge { limit: self.max_decoded, wire: false });
        }
        Ok(bytes)
    }
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
        Body { wire, encoding: Some(encoding.to_owned()), max_decoded }.decode()
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
    fn what_cannot_be_decoded_is_an_error() {
        assert!(matches!(decode(vec![1, 2, 3], "br", 100), Err(FetchError::Decode(_))));
        assert!(matches!(decode(vec![1], "compress", 100), Err(FetchError::Encoding(_))));
        let mut cut = gzip(b"hello hello hello");
        cut.truncate(15);
        assert!(matches!(decode(cut, "gzip", 100), Err(FetchError::Decode(_))));
    }
}
