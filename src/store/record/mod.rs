//! What is written: one type a tree, apart from the model so that each can change alone.
//!
//! Fields that later versions add carry `#[serde(default)]`. Times are milliseconds since 1970.

mod brief;
pub(super) mod hex;
mod item;
mod source;
mod subscription;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Mint;
use super::keys::{Sequence, SourceKey};
use crate::model::Timestamp;

pub(super) use brief::{BriefRecord, EarlierRecord, OriginRecord, VersionRecord};
pub(super) use item::ItemRecord;
pub(super) use source::SourceRecord;
pub(super) use subscription::SubscriptionRecord;

pub(super) type Millis = i64;

pub(super) fn millis(at: Timestamp) -> Millis {
    at.timestamp_millis()
}

/// Returns the moment; a number no calendar has becomes 1970.
pub(super) fn moment(millis: Millis) -> Timestamp {
    Timestamp::from_timestamp_millis(millis).unwrap_or_default()
}

/// Returns whether a source's number is that of none.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(super) fn is_nobody(key: &SourceKey) -> bool {
    *key == 0
}

/// What is minted once, at the creation of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MintRecord {
    pub(super) authority: String,
    pub(super) date: String,
}

impl From<Mint> for MintRecord {
    fn from(mint: Mint) -> Self {
        Self { authority: mint.authority, date: mint.date }
    }
}

/// What a language model has cost on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SpentRecord {
    pub(super) day: i64,
    pub(super) requests: u64,
    pub(super) tokens: u64,
    #[serde(default)]
    pub(super) rest: Option<Millis>,
}

/// What is remembered of a channel's document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChannelRecord {
    #[serde(with = "hex")]
    pub(super) fingerprint: u128,
    pub(super) changed: Millis,
    #[serde(default)]
    pub(super) is_secret: bool,
    /// The last finished page of its archive, and until when it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) archive: Option<(String, Millis)>,
}

/// A guid that its item's id does not follow from, or what outlives an item, so that it comes
/// back as itself, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GuidRecord {
    #[serde(with = "hex")]
    pub(super) id: u128,
    /// `None` once the item itself is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<Sequence>,
    pub(super) published: Millis,
    pub(super) first_seen: Millis,
    /// When the guid was last seen in a document, or found in one no more.
    pub(super) listed: Millis,
    /// Whether retention took the item: it does not come back.
    pub(super) retired: bool,
}

/// What the last whole document of a source listed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct ListingRecord {
    /// Stored items, ascending.
    pub(super) items: Vec<Sequence>,
    /// Hashes of guids whose items are gone, ascending.
    pub(super) guids: Vec<u128>,
}

/// How much there is: entries by tree, and their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct CountsRecord {
    pub(super) entries: BTreeMap<String, u64>,
    /// Of all keys and values.
    pub(super) bytes: u64,
    /// The sum of their hashes, wrapping.
    pub(super) sum: u128,
}
