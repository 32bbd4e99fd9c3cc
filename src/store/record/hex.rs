//! Numbers of 128 bits: as they are in the database, as 32 hexadecimal digits in text.
//!
//! JSON has no numbers of that size that other programs read.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

pub(in crate::store) fn serialize<S: Serializer>(
    number: &u128,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.collect_str(&format_args!("{number:032x}"))
    } else {
        serializer.serialize_u128(*number)
    }
}

pub(in crate::store) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<u128, D::Error> {
    if !deserializer.is_human_readable() {
        return u128::deserialize(deserializer);
    }
    let text = Cow::<str>::deserialize(deserializer)?;
    let number = u128::from_str_radix(&text, 16).ok().filter(|_| text.len() == 32);
    number.ok_or_else(|| D::Error::custom(format!("`{text}` is not 32 hexadecimal digits")))
}

/// A number among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Hex(pub(in crate::store) u128);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Self)
    }
}

/// The same for a number that may be absent.
pub(in crate::store) mod option {
    use super::{Deserialize, Deserializer, Hex, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(in crate::store) fn serialize<S: Serializer>(
        number: &Option<u128>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        number.map(Hex).serialize(serializer)
    }

    pub(in crate::store) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u128>, D::Error> {
        Ok(Option::<Hex>::deserialize(deserializer)?.map(|hex| hex.0))
    }
}
