//! A body: read within its limits on the wire, decoded within its limits in memory.

use std::io::Read;
use std::time::Duration;

use reqwest::Response;

use super::FetchError;
use super::patience::{Held, Patience, Room, SMALL_BYTES};

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

/// The limits of reading.
pub(super) struct Reading {
    pub(super) max_wire: u64,
    pub(super) idle: Duration,
}

impl Reading {
    /// Reads a body until its end, a pause that is too long, or a byte too many.
    ///
    /// A large one first waits for room in memory, which it holds until it is dropped.
    pub(super) async fn read(
        &self,
        mut response: Response,
        patience: &mut Patience,
        room: &Room,
    ) -> Result<(Vec<u8>, Held), FetchError> {
        let too_large = || FetchError::TooLarge { limit: self.max_wire, wire: true };
        let length = response.content_length();
        if length.is_some_and(|length| length > self.max_wire) {
            return Err(too_large());
        }
        let (mut wire, mut held) = (Vec::new(), None);
        loop {
            let what = "between two pieces of the body";
            let piece = patience.wait(self.idle, what, response.chunk()).await?;
            let broken = |source: reqwest::Error| FetchError::Broken(source.without_url());
            let Some(piece) = piece.map_err(broken)? else {
                return Ok((wire, held.unwrap_or_default()));
            };
            let total = wire.len() as u64 + piece.len() as u64;
            if total > self.max_wire {
                return Err(too_large());
            }
            if total > SMALL_BYTES && held.is_none() {
                let whole = length.unwrap_or(self.max_wire);
                held = Some(patience.wait_for_room(room, whole).await);
            }
            // By a quarter at a time: what is counted is what is held, nearly.
            if wire.capacity() - wire.len() < piece.len() {
                wire.reserve_exact(piece.len().max(wire.len() / 4));
            }
            wire.extend_from_slice(&piece);
        }
    }
}

/// Reads the beginning of a body that is looked at and not kept, whatever becomes of the rest.
pub(super) async fn beginning(mut response: Response, most: usize, idle: Duration) -> Vec<u8> {
    let mut page = Vec::new();
    while page.len() < most {
        let Ok(Ok(Some(piece))) = tokio::time::timeout(idle, response.chunk()).await else { break };
        page.extend_from_slice(&piece);
    }
    page
}

impl Body {
    /// Decodes the body (RFC 9110 8.4); costs CPU, so call it off the runtime.
    ///
    /// SECURITY: decoded bytes are counted while they appear. A gzip bomb's `Content-Length`
    /// says nothing, and its size in memory must not be the first thing we learn of it.
    pub fn decode(self) -> Result<Vec<u8>, FetchError> {
        decode(self.wire, self.encoding.as_deref(), self.max_decoded)
    }

    /// The same, if what comes out is at most `most` bytes; `None` is a larger one.
    pub fn decode_small(&self, most: u64) -> Option<Result<Vec<u8>, FetchError>> {
        if self.wire.len() as u64 > most {
            return None;
        }
        let limit = most.min(self.max_decoded);
        match decode(self.wire.clone(), self.encoding.as_deref(), limit) {
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
            "br" => limited(brotli::Decompressor::new(&bytes[..], 4096), max_decoded)?,
            "zstd" => zstd(&bytes, max_decoded)?,
            other => return Err(FetchError::Encoding(other.to_owned())),
        };
    }
    if bytes.len() as u64 > max_decoded {
        return Err(FetchError::TooLarge { limit: max_decoded, wire: false });
    }
    Ok(bytes)
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
