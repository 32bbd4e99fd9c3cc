//! Which version of us a store was written by.
//!
//! The number stands in a file beside the database, so that it can be read before the database is
//! opened, which writes to it; and in `meta`, should the file be lost.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::keys::Tree;
use super::{Store, StoreError};

/// The layout of trees and keys that this version writes. Records have schema numbers of their own.
const SCHEMA: u8 = 1;

const FILE: &str = "schema";
const KEY: &[u8] = b"schema";
/// A tree that only versions before the first release had.
const UNNUMBERED: &[u8] = b"by_guid";

/// Fails with [`StoreError::Newer`] where a later version wrote the store; nothing is touched.
pub(super) fn check(folder: &Path) -> Result<(), StoreError> {
    // A file that cannot be read says nothing; `meta` will.
    let text = fs::read_to_string(folder.join(FILE)).unwrap_or_default();
    text.trim().parse().map_or(Ok(()), |found| compare(folder, found))
}

fn compare(folder: &Path, found: u32) -> Result<(), StoreError> {
    if found > u32::from(SCHEMA) {
        return Err(StoreError::Newer { folder: folder.to_owned(), found, known: SCHEMA });
    }
    Ok(())
}

impl Store {
    /// Checks what the database says of itself, and writes down who writes it from now on.
    pub(super) fn settle_schema(&self) -> Result<(), StoreError> {
        if self.db.tree_names().iter().any(|name| &name[..] == UNNUMBERED) {
            return Err(StoreError::Unnumbered { folder: self.folder.clone() });
        }
        if let Some([found]) = self.tree(Tree::Meta).get(KEY)?.as_deref() {
            compare(&self.folder, u32::from(*found))?;
        } else {
            let mut changes = self.begin();
            changes.set(Tree::Meta, KEY.to_vec(), vec![SCHEMA]);
            if self.tree(Tree::Items).is_empty() {
                changes.put_address_rules();
            }
            changes.commit()?;
        }
        let path = self.folder.join(FILE);
        let text = format!("{SCHEMA}\n");
        if fs::read_to_string(&path).is_ok_and(|known| known == text) {
            return Ok(());
        }
        write(&path, &text).map_err(|source| {
            let what = format!("write {}", path.display());
            StoreError::Io { what, source }
        })
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(temporary, path)
}
