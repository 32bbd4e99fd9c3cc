//! The trees and the layouts of their keys. Numbers are big-endian, so that keys sort as they do.

use xxhash_rust::xxh3::xxh3_128;

use crate::model::{BriefId, CanonicalUrl, ItemId, Timestamp};

/// A tree of the database; its number is its place in [`Tree::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tree {
    /// Counters, the minted authority, what is known of channels.
    Meta,
    /// sequence → item.
    Items,
    /// The parts of records that do not fit into one value.
    Parts,
    /// item id → sequence.
    ById,
    /// time | sequence → source | flags.
    ByTime,
    /// source | time | sequence → flags | seconds when a document was found that lists it no more.
    BySource,
    /// source | hash of guid → the item, where its id does not follow from the guid, and what
    /// outlives an item.
    Guids,
    /// hash of canonical URL | sequence.
    ByUrl,
    /// brief id → brief.
    Briefs,
    /// brief id | 0 | sequence: the items a brief is on.
    Matches,
    /// item id | brief id → pinned or blocked.
    Rulings,
    /// source id → state.
    Sources,
    /// source → what its last document listed.
    Listings,
}

impl Tree {
    pub(super) const ALL: [(Self, &'static str); 13] = [
        (Self::Meta, "meta"),
        (Self::Items, "items"),
        (Self::Parts, "parts"),
        (Self::ById, "by_id"),
        (Self::ByTime, "by_time"),
        (Self::BySource, "by_source"),
        (Self::Guids, "guids"),
        (Self::ByUrl, "by_url"),
        (Self::Briefs, "briefs"),
        (Self::Matches, "matches"),
        (Self::Rulings, "rulings"),
        (Self::Sources, "sources"),
        (Self::Listings, "listings"),
    ];
}

/// The item is in its channels.
pub(super) const SHOWN: u8 = 1;
/// The item has a stored brief.
pub(super) const BRIEFED: u8 = 2;

/// A source's number, which an item's keys carry instead of its name.
pub(super) type SourceKey = u32;
/// An item's number, in the order of arrival.
pub(super) type Sequence = u64;

/// Returns seconds since 1970 so that earlier times sort first, negative ones too.
fn time(at: Timestamp) -> [u8; 8] {
    (at.timestamp().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

pub(super) fn sequence(sequence: Sequence) -> Vec<u8> {
    sequence.to_be_bytes().to_vec()
}

pub(super) fn by_id(id: ItemId) -> Vec<u8> {
    id.0.to_be_bytes().to_vec()
}

pub(super) fn by_time(at: Timestamp, item: Sequence) -> Vec<u8> {
    [&time(at)[..], &item.to_be_bytes()].concat()
}

/// Returns the key at which the times from `at` on begin.
pub(super) fn from_time(at: Timestamp) -> Vec<u8> {
    time(at).to_vec()
}

pub(super) fn by_source(source: SourceKey, at: Timestamp, item: Sequence) -> Vec<u8> {
    [&source.to_be_bytes()[..], &time(at), &item.to_be_bytes()].concat()
}

/// Returns the hash by which a guid is known.
pub(super) fn hash_of(guid: &str) -> u128 {
    xxh3_128(guid.as_bytes())
}

pub(super) fn guid(source: SourceKey, hash: u128) -> Vec<u8> {
    [&source.to_be_bytes()[..], &hash.to_be_bytes()].concat()
}

/// Returns the source and the guid's hash of a key of `guids`.
pub(super) fn guid_of(key: &[u8]) -> Option<(SourceKey, u128)> {
    let (source, hash) = key.split_first_chunk()?;
    let hash = hash.first_chunk()?;
    Some((SourceKey::from_be_bytes(*source), u128::from_be_bytes(*hash)))
}

pub(super) fn listing(source: SourceKey) -> Vec<u8> {
    source.to_be_bytes().to_vec()
}

/// Returns the value of an item in `by_source`.
pub(super) fn placed(flags: u8, delisted: Option<i64>) -> Vec<u8> {
    let seconds = delisted.map(i64::to_be_bytes);
    [&[flags][..], seconds.as_ref().map(|bytes| &bytes[..]).unwrap_or_default()].concat()
}

/// Returns when an item was found to be listed no more, in seconds since 1970.
pub(super) fn delisted(value: &[u8]) -> Option<i64> {
    value.split_first()?.1.first_chunk().map(|bytes| i64::from_be_bytes(*bytes))
}

pub(super) fn by_url(url: &CanonicalUrl) -> Vec<u8> {
    xxh3_128(url.as_str().as_bytes()).to_be_bytes().to_vec()
}

pub(super) fn by_url_item(url: &CanonicalUrl, item: Sequence) -> Vec<u8> {
    [&by_url(url)[..], &item.to_be_bytes()].concat()
}

/// Returns the prefix of a brief's items. No id holds a zero byte.
pub(super) fn matches(brief: &BriefId) -> Vec<u8> {
    [brief.as_str().as_bytes(), &[0]].concat()
}

pub(super) fn match_item(brief: &BriefId, item: Sequence) -> Vec<u8> {
    [&matches(brief)[..], &item.to_be_bytes()].concat()
}

pub(super) fn ruling(item: ItemId, brief: &BriefId) -> Vec<u8> {
    [&by_id(item)[..], brief.as_str().as_bytes()].concat()
}

/// Returns the key of a part of the record that stands at `owner`.
pub(super) fn part(kind: super::codec::Kind, owner: &[u8], number: u16) -> Vec<u8> {
    [&[kind as u8][..], owner, &[0], &number.to_be_bytes()].concat()
}

/// Returns the kind and the key of the record that a part belongs to, and the part's number.
pub(super) fn owner_of(part: &[u8]) -> Option<(u8, &[u8], u16)> {
    let (kind, rest) = part.split_first()?;
    let (rest, number) = rest.split_last_chunk()?;
    let (_zero, owner) = rest.split_last()?;
    Some((*kind, owner, u16::from_be_bytes(*number)))
}

/// Returns the last 8 bytes of a key as an item's number.
pub(super) fn item_of(key: &[u8]) -> Option<Sequence> {
    key.last_chunk().map(|bytes| Sequence::from_be_bytes(*bytes))
}

/// Returns the seconds since 1970 that a key's 8 bytes of time stand for.
pub(super) fn seconds(time: [u8; 8]) -> i64 {
    (u64::from_be_bytes(time) ^ (1 << 63)).cast_signed()
}

/// Returns the time that a key carries after its first `skip` bytes.
pub(super) fn time_of(key: &[u8], skip: usize) -> Option<[u8; 8]> {
    key.get(skip..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_times_sort_first_before_1970_too() {
        let at = |seconds| Timestamp::from_timestamp(seconds, 0).unwrap();
        let keys = [-5, -1, 0, 1, 1_700_000_000].map(|s| by_time(at(s), 1));
        assert!(keys.is_sorted());
        assert_eq!(item_of(&by_time(at(0), 7)), Some(7));
        for second in [-5, 0, 1_700_000_000] {
            assert_eq!(seconds(time(at(second))), second);
        }
    }

    #[test]
    fn one_brief_is_not_another_ones_prefix() {
        let id = |text: &str| BriefId::new(text).unwrap();
        assert!(!match_item(&id("ab"), 1).starts_with(&matches(&id("a"))));
    }
}
