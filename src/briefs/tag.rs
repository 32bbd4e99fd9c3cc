//! The tag of a stored version of a brief, for editors who must not overwrite each other.

use xxhash_rust::xxh3::Xxh3;

use super::json::to_json;
use crate::model::Brief;

/// Returns a strong entity tag, quotation marks included: another one for every other version.
///
/// All that is sent of a brief follows from its JSON form and from this program, whose version is
/// in the tag, too: bytes of one tag are the same bytes (RFC 9110 8.8.1).
pub fn tag(brief: &Brief) -> String {
    let mut hash = Xxh3::new();
    hash.update(env!("CARGO_PKG_VERSION").as_bytes());
    hash.update(to_json(brief).to_string().as_bytes());
    format!("\"{:032x}\"", hash.digest128())
}
