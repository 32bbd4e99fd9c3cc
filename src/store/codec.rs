//! How a record becomes bytes: `magic | kind | schema | flags | parts | crc32 | payload`.
//!
//! The payload is named MessagePack, lz4 above 1 KiB. What is still over 7 KiB is cut into
//! parts, because sled writes a page over about 128 KiB to `blobs/`, which nothing syncs.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::Tree;

const MAGIC: [u8; 2] = *b"bw";
const HEADER: usize = 11;
const COMPRESSED: u8 = 1;
const COMPRESS_ABOVE: usize = 1024;

/// DURABILITY: no stored value is longer (DESIGN.md section 3).
pub(super) const MAX_VALUE_BYTES: usize = 7 * 1024;

/// The schema number that this version writes; a later one is refused.
pub(super) const SCHEMA: u8 = 1;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Meta = b'M',
    Item = b'I',
    Guid = b'G',
    Brief = b'B',
    Source = b'S',
    Channel = b'C',
    Subscription = b'W',
    Listing = b'L',
    Spent = b'$',
}

impl Kind {
    /// Every kind with the tree that its records stand in.
    pub(super) const ALL: [(Tree, Self); 9] = [
        (Tree::Meta, Self::Meta),
        (Tree::Items, Self::Item),
        (Tree::Guids, Self::Guid),
        (Tree::Briefs, Self::Brief),
        (Tree::Sources, Self::Source),
        (Tree::Meta, Self::Channel),
        (Tree::Meta, Self::Subscription),
        (Tree::Listings, Self::Listing),
        (Tree::Meta, Self::Spent),
    ];
}

/// Why a record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes are damaged.
    #[error("is damaged ({0})")]
    Damaged(&'static str),
    /// A later version wrote it.
    #[error("has schema {0}, and this version reads up to {SCHEMA}: use the version that wrote it")]
    Newer(u8),
}

/// A record as it is stored: the first value, and the parts that did not fit into it.
pub(super) struct Sealed {
    pub(super) first: Vec<u8>,
    pub(super) rest: Vec<Vec<u8>>,
}

/// Turns a record into bytes.
pub(super) fn seal<T: Serialize>(kind: Kind, record: &T) -> Sealed {
    let plain = rmp_serde::to_vec_named(record)
        .expect("records hold strings, numbers and lists: all of them MessagePack");
    let (flags, payload) = if plain.len() > COMPRESS_ABOVE {
        (COMPRESSED, lz4_flex::compress_prepend_size(&plain))
    } else {
        (0, plain)
    };
    let mut pieces = payload.chunks(MAX_VALUE_BYTES - HEADER);
    let head = pieces.next().unwrap_or_default();
    let rest: Vec<Vec<u8>> = pieces.map(<[u8]>::to_vec).collect();
    let parts = u16::try_from(rest.len()).unwrap_or(u16::MAX);
    let mut first = Vec::with_capacity(HEADER + head.len());
    first.extend_from_slice(&MAGIC);
    first.extend_from_slice(&[kind as u8, SCHEMA, flags]);
    first.extend_from_slice(&parts.to_be_bytes());
    let crc = checksum(kind, SCHEMA, flags, parts, &payload);
    first.extend_from_slice(&crc.to_be_bytes());
    first.extend_from_slice(head);
    Sealed { first, rest }
}

/// Returns the checksum of a whole record, its header included.
fn checksum(kind: Kind, schema: u8, flags: u8, parts: u16, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind as u8, schema, flags]);
    hasher.update(&parts.to_be_bytes());
    hasher.update(payload);
    hasher.finalize()
}

/// The fields of a first value.
struct Head<'v> {
    schema: u8,
    flags: u8,
    parts: u16,
    crc: u32,
    payload: &'v [u8],
}

fn head(kind: Kind, value: &[u8]) -> Result<Head<'_>, CodecError> {
    let Some(([m0, m1, stored_kind, schema, flags, p0, p1, c0, c1, c2, c3], payload)) =
        value.split_first_chunk::<HEADER>()
    else {
        return Err(CodecError::Damaged("too short"));
    };
    if [*m0, *m1] != MAGIC || *stored_kind != kind as u8 {
        return Err(CodecError::Damaged("not a record of this kind"));
    }
    if *schema > SCHEMA {
        return Err(CodecError::Newer(*schema));
    }
    Ok(Head {
        schema: *schema,
        flags: *flags,
        parts: u16::from_be_bytes([*p0, *p1]),
        crc: u32::from_be_bytes([*c0, *c1, *c2, *c3]),
        payload,
    })
}

/// Returns how many further parts belong to a first value.
pub(super) fn parts(kind: Kind, value: &[u8]) -> Result<u16, CodecError> {
    Ok(head(kind, value)?.parts)
}

/// Turns bytes back into a record; `part` gives the parts that did not fit into the first value.
pub(super) fn open<T: DeserializeOwned>(
    kind: Kind,
    value: &[u8],
    mut part: impl FnMut(u16) -> Option<Vec<u8>>,
) -> Result<T, CodecError> {
    let head = head(kind, value)?;
    let mut payload = head.payload.to_vec();
    for number in 0..head.parts {
        payload.extend(part(number).ok_or(CodecError::Damaged("a part is missing"))?);
    }
    if checksum(kind, head.schema, head.flags, head.parts, &payload) != head.crc {
        return Err(CodecError::Damaged("its checksum is wrong"));
    }
    if head.flags & COMPRESSED != 0 {
        payload = lz4_flex::decompress_size_prepended(&payload)
            .map_err(|_cause| CodecError::Damaged("it does not decompress"))?;
    }
    rmp_serde::from_slice(&payload)
        .map_err(|_cause| CodecError::Damaged("it is not a record of this version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str) -> (usize, usize) {
        let sealed = seal(Kind::Item, &text);
        let longest = sealed.rest.iter().map(Vec::len).chain([sealed.first.len()]).max();
        let part = |n: u16| sealed.rest.get(usize::from(n)).cloned();
        let back: String = open(Kind::Item, &sealed.first, part).unwrap();
        assert_eq!(back, text);
        (sealed.rest.len(), longest.unwrap())
    }

    #[test]
    fn a_record_of_any_size_comes_back_and_no_value_is_over_the_limit() {
        let mut seed = 88_172_645_463_325_252_u64;
        let noise = std::iter::repeat_with(|| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            char::from(b' ' + u8::try_from(seed % 95).unwrap())
        });
        let noise: String = noise.take(300_000).collect();
        for length in [0, 10, 2000, 20_000, 300_000] {
            let (parts, longest) = round_trip(noise.get(..length).unwrap());
            assert!(longest <= MAX_VALUE_BYTES);
            assert_eq!(parts > 0, length >= 20_000, "{length}: {parts}");
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_wrong_value() {
        let sealed = seal(Kind::Item, &"a".repeat(100));
        let read = |value: &[u8]| open::<String>(Kind::Item, value, |_| None);
        for at in 0..sealed.first.len() {
            let mut bad = sealed.first.clone();
            bad[at] ^= 0x20;
            assert!(read(&bad).is_err(), "byte {at}");
        }
        assert!(read(&sealed.first[..50]).is_err());
        assert!(open::<String>(Kind::Brief, &sealed.first, |_| None).is_err());
    }

    #[test]
    fn a_later_schema_is_named() {
        let mut sealed = seal(Kind::Item, &1_u8).first;
        sealed[3] = SCHEMA + 1;
        assert_eq!(open::<u8>(Kind::Item, &sealed, |_| None), Err(CodecError::Newer(2)));
    }
}
