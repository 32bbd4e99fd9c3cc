//! Secrets: read from their files, or from what systemd gives a unit as credentials.
//!
//! A command that is run from a shell gets no credentials, and one that the unit runs may not be
//! allowed to read them. Unless it needs them it goes on
//! without: the API's token is then absent, and a secret channel has a token nobody knows.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use super::Place;
use super::table::{Found, Table};
use crate::model::Secret;

const CREDENTIAL: &str = "credential:";

/// Reads a token from its file or credential: one line, at least 8 characters, no white space.
///
/// `None` is a mistake that was recorded, or a credential that is absent where none is needed.
pub(super) fn secret(
    table: &Table<'_, '_>,
    key: &str,
    file: &Found<String>,
    place: &Place,
) -> Option<Secret> {
    let accepted = "a file that holds one line of at least 8 characters is accepted";
    let (path, text) = match read(table, key, (file, accepted), place) {
        Held::Text(path, text) => (path, text),
        Held::Absent(_) | Held::Wrong => return None,
    };
    let token = text.trim();
    let one_word = token.chars().all(|c| c.is_ascii_graphic());
    if token.len() < 8 || !one_word {
        let found = format!("{} holds no usable token", path.display());
        table.wrong(&file.span, key, found, accepted);
        return None;
    }
    Some(Secret::new(token))
}

/// What a file or credential holds.
pub(super) enum Held {
    /// Where, and the text.
    Text(PathBuf, String),
    /// A credential that this process was not given, and does not need.
    Absent(String),
    /// A mistake that was recorded.
    Wrong,
}

/// Reads a file, or a credential, whatever it holds.
pub(super) fn read(
    table: &Table<'_, '_>,
    key: &str,
    (file, accepted): (&Found<String>, &str),
    place: &Place,
) -> Held {
    let path = match file.value.strip_prefix(CREDENTIAL) {
        Some(name) => {
            let before = table.mistakes();
            match credential(table, key, (name, file), place) {
                Some(path) => path,
                None if table.mistakes() > before => return Held::Wrong,
                None => return Held::Absent(name.to_owned()),
            }
        }
        None => place.path(&file.value),
    };
    match (place.read_token)(&path) {
        Ok(text) => Held::Text(path, text),
        // systemd 252 names the directory to `ExecReload=`, too, and does not let it in.
        Err(error) if is_shut(&error) && !place.needs_credentials && is_credential(file) => {
            Held::Absent(file.value.trim_start_matches(CREDENTIAL).to_owned())
        }
        Err(error) => {
            let found = format!("cannot read {}: {error}", path.display());
            table.wrong(&file.span, key, found, accepted);
            Held::Wrong
        }
    }
}

fn is_shut(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::PermissionDenied
}

fn is_credential(file: &Found<String>) -> bool {
    file.value.starts_with(CREDENTIAL)
}

/// Returns the file of a credential.
fn credential(
    table: &Table<'_, '_>,
    key: &str,
    (name, file): (&str, &Found<String>),
    place: &Place,
) -> Option<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        let accepted = "`credential:` and a name of letters, digits, `.`, `_` and `-` is accepted";
        table.wrong(&file.span, key, format!("found \"{}\"", file.value), accepted);
        return None;
    }
    if place.credentials.is_none() && place.needs_credentials {
        let found = format!("no credential `{name}`: $CREDENTIALS_DIRECTORY is not set");
        let accepted = format!(
            "`LoadCredential={name}:FILE` in the systemd unit gives it; without systemd, the path \
             of a file is accepted"
        );
        table.wrong(&file.span, key, found, accepted);
    }
    place.credentials.as_ref().map(|folder| folder.join(name))
}

/// Returns a token that nobody knows.
///
/// SECURITY: a secret channel whose token is absent must not become a public one, so it gets
/// this. 128 bits of a hash whose keys the operating system drew.
pub(super) fn unguessable() -> Secret {
    let keys = RandomState::new();
    Secret::new(format!("{:016x}{:016x}", keys.hash_one(0), keys.hash_one(1)))
}
