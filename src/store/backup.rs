//! A backup: a store in one file of JSON lines, whole and checked.
//!
//! The first line is the header: `{"briefwire_backup":1,"version":"0.1.0","created":"2026-…",
//! "mint":{…},"counts":{…}}`, its counts being those at the beginning. Then there is one line a
//! record, `{"item":{…}}` and the like; a later line of the same record holds, and a `removed`
//! line says that it is gone. The last line is `{"end":{"counts":{…},"lines":{…},"xxh3_128":"…"}}`:
//! how many records the store held, how many lines of each kind there are, and the XXH3-128 hash
//! of all bytes before it. A file without this line is not whole.
//!
//! What is restored equals the store at one moment between two groups of changes, although the
//! writer goes on meanwhile (`touched` says how). Reading is `archive`'s duty.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::archive::{self, BackupError, Summary};
use super::keys::Tree;
use super::portable::{Portable, Walk};
use super::record::{MintRecord, hex};
use super::touched::Notes;
use super::{Store, StoreError};
use crate::model::Timestamp;

/// The format that this version writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;
/// Commits are kept out while the last records are read: at most about so many, …
const FEW: usize = 64;
/// … unless the writer touches more in each of so many rounds.
const MAX_ROUNDS: usize = 16;

/// How many records a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Items.
    pub items: u64,
    /// Briefs.
    pub briefs: u64,
    /// Pins and blocks.
    pub rulings: u64,
    /// Sources.
    pub sources: u64,
}

/// The first line.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) briefwire_backup: u32,
    pub(super) version: String,
    pub(super) created: String,
    pub(super) mint: MintRecord,
    pub(super) counts: Counts,
}

/// Any line but the first.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Last {
    End(Trailer),
}

/// The last line.
#[derive(Serialize, Deserialize)]
pub(super) struct Trailer {
    pub(super) counts: Counts,
    pub(super) lines: BTreeMap<String, u64>,
    #[serde(with = "hex")]
    pub(super) xxh3_128: u128,
}

impl Store {
    /// Returns how many records of each kind there are.
    pub fn count(&self) -> Counts {
        let counts = self.counts.get();
        Counts {
            items: counts.of(Tree::Items),
            briefs: counts.of(Tree::Briefs),
            rulings: counts.of(Tree::Rulings),
            sources: counts.of(Tree::Sources),
        }
    }

    /// Writes a backup while the writer goes on.
    ///
    /// A slow reader of `out` keeps nobody waiting: the writer waits only while the last few
    /// records are read into memory. Fails with [`StoreError::Busy`] while another is made.
    pub fn back_up(&self, out: &mut dyn Write, now: Timestamp) -> Result<(), StoreError> {
        let notes = Notes::begin(self)?;
        let mut walk = Walk::live(self)?;
        let mut lines = Lines::new(out);
        lines.write(&Header {
            briefwire_backup: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: now.to_rfc3339(),
            mint: MintRecord {
                authority: self.mint.authority.clone(),
                date: self.mint.date.clone(),
            },
            counts: self.count(),
        })?;
        walk.whole(&mut |portable| lines.record(&portable))?;
        for _round in 0..MAX_ROUNDS {
            let touched = notes.take();
            walk.touched(&touched, &mut |portable| lines.record(&portable))?;
            if touched.len() <= FEW {
                break;
            }
        }
        let (last, counts) = self.last_touched(&mut walk)?;
        drop(notes);
        last.iter().try_for_each(|portable| lines.record(portable))?;
        lines.end(counts)
    }

    /// Reads what was touched since, with commits kept out.
    fn last_touched(&self, walk: &mut Walk<'_>) -> Result<(Vec<Portable>, Counts), StoreError> {
        let mut noting = self.hold_commits();
        let touched = noting.as_mut().map(std::mem::take).unwrap_or_default();
        walk.settle();
        let mut last = Vec::new();
        walk.touched(&touched, &mut |portable| {
            last.push(portable);
            Ok(())
        })?;
        Ok((last, self.count()))
    }

    /// Writes a backup into a file, which is there only once it is whole, on the disk and read
    /// back.
    ///
    /// `tell` is given every piece that is written, and ends it by an error.
    pub fn back_up_to(
        &self,
        path: &Path,
        now: Timestamp,
        tell: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<Summary, ArchiveError> {
        let mut file = Unfinished::create(path)?;
        self.back_up(&mut Told { out: &mut file, tell }, now)?;
        file.finish()
    }
}

/// Why a backup was not made.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The store or the disk failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was written is not what is there.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// A backup that is being written, under another name until it is whole.
#[derive(Debug)]
pub struct Unfinished {
    file: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
}

impl Unfinished {
    /// Begins a file that only its owner can read.
    ///
    /// SECURITY: a backup holds the secrets that are shared with hubs.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        use std::os::unix::fs::OpenOptionsExt;
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let at = |source| StoreError::Io { what: format!("write {}", partial.display()), source };
        // What an earlier attempt left behind may be open to others.
        match fs::remove_file(&partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(error)),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&partial).map_err(at)?;
        Ok(Self { file: BufWriter::new(file), partial: partial.clone(), path: path.to_owned() })
    }

    /// Syncs the file, reads it back, and gives it its name.
    pub fn finish(mut self) -> Result<Summary, ArchiveError> {
        let (partial, path) = (self.partial.clone(), self.path.clone());
        let at = |source| StoreError::Io { what: format!("write {}", path.display()), source };
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).map_err(at)?;
        let summary = archive::verify(&partial)?;
        fs::rename(&partial, &path).map_err(at)?;
        sync_folder_of(&path).map_err(at)?;
        Ok(summary)
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone where it was finished; what stays behind has a name that says what it is.
        fs::remove_file(&self.partial).ok();
    }
}

/// DURABILITY: a new name is on the disk once its directory is.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Writes on, and tells of what is written.
struct Told<'t> {
    out: &'t mut dyn Write,
    tell: &'t mut dyn FnMut(&[u8]) -> io::Result<()>,
}

impl Write for Told<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.tell)(bytes)?;
        self.out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The lines of a backup that is being written.
struct Lines<'o> {
    out: &'o mut dyn Write,
    hash: Xxh3,
    kinds: BTreeMap<String, u64>,
}

impl<'o> Lines<'o> {
    fn new(out: &'o mut dyn Write) -> Self {
        Self { out, hash: Xxh3::new(), kinds: BTreeMap::new() }
    }

    fn record(&mut self, portable: &Portable) -> Result<(), StoreError> {
        *self.kinds.entry(portable.kind().to_owned()).or_default() += 1;
        self.write(portable)
    }

    fn end(mut self, counts: Counts) -> Result<(), StoreError> {
        let lines = std::mem::take(&mut self.kinds);
        let xxh3_128 = self.hash.digest128();
        self.write(&Last::End(Trailer { counts, lines, xxh3_128 }))?;
        self.out.flush().map_err(unwritten)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), StoreError> {
        let mut bytes = serde_json::to_vec(line).map_err(|error| unwritten(error.into()))?;
        bytes.push(b'\n');
        self.hash.update(&bytes);
        self.out.write_all(&bytes).map_err(unwritten)
    }
}

fn unwritten(source: io::Error) -> StoreError {
    StoreError::Io { what: "write the backup".to_owned(), source }
}
