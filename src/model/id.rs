//! Identities: the operator's names for sources and channels, the editor's for briefs, and
//! the item id that every published guid is made of.

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing, or more than 128 characters.
    #[error("an id has 1 to 128 characters, this one has {0}")]
    Length(usize),
    /// A character that a file name or a URL path would not carry unharmed.
    #[error("`{0}` cannot stand in an id: use letters, digits, `.`, `_`, `~` and `-`")]
    Character(char),
    /// `.` and `..` mean folders.
    #[error("`.` and `..` are not ids")]
    Dots,
}

fn check(text: &str) -> Result<(), IdError> {
    let length = text.chars().count();
    if !(1..=128).contains(&length) {
        return Err(IdError::Length(length));
    }
    if let Some(bad) = text.chars().find(|c| !(c.is_alphanumeric() || ".~_-".contains(*c))) {
        return Err(IdError::Character(bad));
    }
    if matches!(text, "." | "..") {
        return Err(IdError::Dots);
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// Returns the id if `text` is 1–128 letters, digits, `. _ ~ -`, not `.` or `..`.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            /// Returns the id as the person wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The operator's name for a source.
    SourceId
}
name! {
    /// The operator's name for a channel; part of its URL.
    ChannelId
}
name! {
    /// The editor's name for a brief; the stem of its file.
    BriefId
}

/// An item's own key: the hash in its guid and in its page's address.
///
/// xxh3-128 of the source id and the item's identity at first sight. It is minted once and
/// stored; a later title, URL, source name or publisher's guid does not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub u128);

impl ItemId {
    /// Mints the id of an item that is seen for the first time.
    pub fn mint(source: &SourceId, identity: &str) -> Self {
        let mut bytes = Vec::with_capacity(source.as_str().len() + identity.len() + 1);
        bytes.extend_from_slice(source.as_str().as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(identity.as_bytes());
        Self(xxh3_128(&bytes))
    }

    /// Reads the 32 hexadecimal digits that [`fmt::Display`] prints.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        plain.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Self)
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_what_a_file_name_and_a_url_carry() {
        for good in ["bbc-world", "a", "2024.11_x~", "статья", "記事"] {
            assert!(BriefId::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "a\n", &"x".repeat(129)] {
            assert!(BriefId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_item_id_survives_printing() {
        let id = ItemId::mint(&SourceId::new("s").expect("an id"), "guid-1");
        assert_eq!(ItemId::parse(&id.to_string()), Some(id));
        assert_eq!(ItemId::parse("+0000000000000000000000000000001"), None);
    }

    #[test]
    fn source_and_identity_do_not_run_into_each_other() {
        let id = |source: &str, identity: &str| {
            ItemId::mint(&SourceId::new(source).expect("an id"), identity)
        };
        assert_ne!(id("ab", "c"), id("a", "bc"));
    }
}
