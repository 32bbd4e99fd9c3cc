//! Rendered documents on disk: a web server can serve them, and the next start does.
//!
//! A document's file carries the time of its last change as its own, so that a web server says
//! the same `Last-Modified`, and a restart does too.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::channels::RSS;
use crate::model::{Channel, ChannelId, Timestamp};
use crate::publish::Document;

/// Where documents lie.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    /// A web server may serve this directory.
    open: PathBuf,
    /// SECURITY: a secret channel's file would be served from there without its token.
    secret: PathBuf,
}

impl Shelf {
    pub(super) fn new(open: &Path, store: &Path) -> Self {
        Self { open: open.to_owned(), secret: store.join("secret-documents") }
    }

    fn path(&self, channel: &Channel) -> PathBuf {
        let folder = if channel.token.is_some() { &self.secret } else { &self.open };
        folder.join(format!("{}.xml", channel.id))
    }

    /// Returns the document that the last run wrote, if it is there whole.
    pub(super) fn read(&self, channel: &Channel) -> Option<Document> {
        let path = self.path(channel);
        let plain = std::fs::read(&path).ok()?;
        let modified = std::fs::metadata(&path).ok()?.modified().ok()?;
        let modified = Timestamp::from_timestamp(Timestamp::from(modified).timestamp(), 0)?;
        let gzip = std::fs::read(compressed(&path)).unwrap_or_default();
        let restored = Document::restored(plain.clone(), gzip, RSS, modified);
        Some(restored.unwrap_or_else(|| Document::new(plain, RSS, modified)))
    }

    /// Writes a document beside its compressed form.
    pub(super) fn write(&self, channel: &Channel, document: &Document) -> io::Result<()> {
        let path = self.path(channel);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        if channel.token.is_some() {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&self.secret, std::fs::Permissions::from_mode(0o700))?;
        }
        // The compressed one first: at a start, plain bytes that it does not fit are compressed
        // anew, so a kill in between costs nothing.
        replace(&compressed(&path), &document.gzip, document.modified)?;
        replace(&path, &document.plain, document.modified)
    }

    /// Returns the channels of which a file is there.
    pub(super) fn ids(&self) -> Vec<ChannelId> {
        let mut ids = Vec::new();
        for folder in [&self.open, &self.secret] {
            // A directory that is not there holds nothing.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let id = name.strip_suffix(".xml").and_then(|id| ChannelId::new(id).ok());
                ids.extend(id);
            }
        }
        ids
    }

    /// Removes the files of a channel, but those that it has in the configuration.
    pub(super) fn clear(&self, id: &ChannelId, configured: Option<&Channel>) {
        let kept = configured.map(|channel| self.path(channel));
        for folder in [&self.open, &self.secret] {
            let path = folder.join(format!("{id}.xml"));
            if kept.as_ref() == Some(&path) {
                continue;
            }
            for path in [compressed(&path), path] {
                if let Err(error) = std::fs::remove_file(&path)
                    && error.kind() != io::ErrorKind::NotFound
                {
                    tracing::error!(%error, file = %path.display(), "cannot remove a document");
                }
            }
        }
    }
}

fn compressed(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    PathBuf::from(name)
}

/// Replaces a file in one step, if its bytes or its time differ.
fn replace(path: &Path, bytes: &[u8], modified: Timestamp) -> io::Result<()> {
    let modified = SystemTime::from(modified);
    let dated = std::fs::metadata(path).and_then(|m| m.modified()).is_ok_and(|at| at == modified);
    if dated && std::fs::read(path).is_ok_and(|known| known == bytes) {
        return Ok(());
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let mut file = std::fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.set_modified(modified)?;
    file.sync_data()?;
    std::fs::rename(temporary, path)
}
