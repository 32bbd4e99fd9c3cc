//! Rendered documents on disk: a web server can serve them, and the next start does.
//!
//! A document's file carries the time of its last change as its own, so that a web server says
//! the same `Last-Modified`, and a restart does too.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::archive::PageName;
use crate::model::{Channel, ChannelId, DocumentFormat, Timestamp};
use crate::publish::{Document, Edition};

/// Where documents lie.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// A web server may serve this directory.
    open: PathBuf,
    /// SECURITY: a secret channel's file would be served from there without its token.
    secret: PathBuf,
}

impl Shelf {
    /// Returns the shelf of a directory for all, and of the store's directory for what is secret.
    pub fn new(open: &Path, store: &Path) -> Self {
        Self { open: open.to_owned(), secret: store.join("secret-documents") }
    }

    fn folder(&self, channel: &Channel) -> &Path {
        if channel.token.is_some() { &self.secret } else { &self.open }
    }

    /// Returns a page of a channel's archive.
    ///
    /// SECURITY: `page` comes from outside; it is held to be the name of a page before.
    pub(super) fn page(
        &self,
        channel: &Channel,
        page: &PageName,
        format: DocumentFormat,
    ) -> Option<Document> {
        read(&self.page_path(channel, page, format), format)
    }

    fn page_path(&self, channel: &Channel, page: &PageName, format: DocumentFormat) -> PathBuf {
        let folder = self.folder(channel).join(channel.id.as_str());
        folder.join(format!("{page}.{}", format.extension()))
    }

    /// Returns whether a page of a channel's archive is there.
    pub fn has_page(&self, channel: &Channel, page: &PageName) -> bool {
        self.page_path(channel, page, channel.main_format()).exists()
    }

    /// Writes a page of a channel's archive.
    pub fn write_page(
        &self,
        channel: &Channel,
        page: &PageName,
        edition: &Edition,
    ) -> io::Result<()> {
        self.prepare(channel)?;
        for (format, document) in edition.documents() {
            let path = self.page_path(channel, page, format);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            place(&path, document)?;
        }
        Ok(())
    }

    /// Removes the pages of a channel's archive that `is_kept` does not keep.
    pub fn prune(&self, channel: &Channel, is_kept: impl Fn(&PageName) -> bool) {
        let folder = self.folder(channel).join(channel.id.as_str());
        // A directory that is not there holds nothing.
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let plain = name.strip_suffix(GZIP).or(name.strip_suffix(BROTLI)).unwrap_or(&name);
            let page = DocumentFormat::part(plain).and_then(|(stem, _)| PageName::parse(stem));
            if page.is_some_and(|page| !is_kept(&page)) {
                remove(&entry.path());
            }
        }
    }

    fn prepare(&self, channel: &Channel) -> io::Result<()> {
        std::fs::create_dir_all(self.folder(channel))?;
        if channel.token.is_some() {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&self.secret, std::fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }

    /// Returns the documents that the last run wrote, those that are there whole.
    pub fn read(&self, channel: &Channel) -> Option<Edition> {
        let folder = self.folder(channel);
        let read = |format: DocumentFormat| {
            let path = folder.join(format!("{}.{}", channel.id, format.extension()));
            Some((format, Arc::new(read(&path, format)?)))
        };
        let documents: Vec<_> = channel.formats.iter().copied().filter_map(read).collect();
        (!documents.is_empty()).then(|| Edition::of(documents))
    }

    /// Writes documents beside their compressed forms.
    pub fn write(&self, channel: &Channel, edition: &Edition) -> io::Result<()> {
        self.prepare(channel)?;
        let folder = self.folder(channel);
        for (format, document) in edition.documents() {
            place(&folder.join(format!("{}.{}", channel.id, format.extension())), document)?;
        }
        Ok(())
    }

    /// Returns the channels of which a file is there.
    pub fn ids(&self) -> Vec<ChannelId> {
        let mut ids = Vec::new();
        for folder in [&self.open, &self.secret] {
            // A directory that is not there holds nothing.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let id = DocumentFormat::part(&name).and_then(|(id, _)| ChannelId::new(id).ok());
                ids.extend(id.filter(|id| !ids.contains(id)));
            }
        }
        ids
    }

    /// Removes the files of a channel, its archive included, but those that it has in the configuration.
    pub fn clear(&self, id: &ChannelId, configured: Option<&Channel>) {
        for folder in [&self.open, &self.secret] {
            if configured.is_none_or(|channel| self.folder(channel) != folder) {
                remove_pages(&folder.join(id.as_str()));
            }
            for format in DocumentFormat::ALL {
                let is_kept = |channel: &Channel| {
                    channel.formats.contains(&format) && self.folder(channel) == folder
                };
                if configured.is_some_and(is_kept) {
                    continue;
                }
                let path = folder.join(format!("{id}.{}", format.extension()));
                for path in [beside(&path, GZIP), beside(&path, BROTLI), path] {
                    remove(&path);
                }
            }
        }
    }
}

/// The names that web servers look for beside a document.
const GZIP: &str = ".gz";
const BROTLI: &str = ".br";

fn read(path: &Path, format: DocumentFormat) -> Option<Document> {
    let plain = std::fs::read(path).ok()?;
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    let modified = Timestamp::from_timestamp(Timestamp::from(modified).timestamp(), 0)?;
    let packed = |ending| std::fs::read(beside(path, ending)).unwrap_or_default();
    let packed = (packed(GZIP), packed(BROTLI));
    Some(Document::restored(plain, packed, format.content_type(), modified))
}

/// Writes a document and its compressed forms.
fn place(path: &Path, document: &Document) -> io::Result<()> {
    // The compressed ones first: at a start, plain bytes that they do not fit are compressed
    // anew, so a kill in between costs nothing.
    replace(&beside(path, GZIP), &document.gzip, document.modified)?;
    replace(&beside(path, BROTLI), &document.brotli, document.modified)?;
    replace(path, &document.plain, document.modified)
}

/// Removes the pages in a folder, and the folder if nothing else is in it.
fn remove_pages(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.split_once('.').is_some_and(|(stem, _)| PageName::parse(stem).is_some()) {
            remove(&entry.path());
        }
    }
    // It stays where somebody else's files are in it.
    std::fs::remove_dir(folder).ok();
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::error!(%error, file = %path.display(), "cannot remove a document");
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
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
