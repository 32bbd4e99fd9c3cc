//! Reading a backup: line by line, in bounded memory, and what exactly is wrong with it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use xxhash_rust::xxh3::Xxh3;

use super::backup::{Counts, FORMAT, Header, Last, Trailer};
use super::portable::Portable;

/// No record is longer: an item with its article takes less than a tenth of it.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// What is wrong with a backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The disk did not give it.
    #[error("cannot read {}", file.display())]
    Unreadable {
        /// The backup.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It does not begin as one.
    #[error("{} is no backup: its first line is not briefwire's", file.display())]
    NotOne {
        /// The file.
        file: PathBuf,
    },
    /// A later version made it.
    #[error(
        "{} was made by briefwire {version} in format {format}, and this version reads up to \
         format {FORMAT}: restore it with briefwire {version} or a later one", file.display()
    )]
    Newer {
        /// The backup.
        file: PathBuf,
        /// The version that made it.
        version: String,
        /// Its format.
        format: u64,
    },
    /// It has no last line.
    #[error(
        "{} is cut off after line {line}: its last line is missing; use another backup", file.display()
    )]
    Truncated {
        /// The backup.
        file: PathBuf,
        /// The last whole line.
        line: u64,
    },
    /// A line is damaged.
    #[error("line {line} of {} cannot be read: {why}; use another backup", file.display())]
    Line {
        /// The backup.
        file: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// Bytes were changed.
    #[error(
        "{} was changed after it was made: its hash is {found:032x} and should be \
         {expected:032x}; use another backup", file.display()
    )]
    Changed {
        /// The backup.
        file: PathBuf,
        /// The hash of its bytes.
        found: u128,
        /// The hash that its last line tells.
        expected: u128,
    },
    /// Lines are missing or too many.
    #[error(
        "{} has {found} lines of {kind}, and its last line tells {expected}; use another backup",
        file.display()
    )]
    Miscounted {
        /// The backup.
        file: PathBuf,
        /// Of which kind.
        kind: String,
        /// How many there are.
        found: u64,
        /// How many there should be.
        expected: u64,
    },
}

/// What a whole backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// When it was made, as it tells.
    pub created: String,
    /// By which version.
    pub version: String,
    /// How many records it holds.
    pub counts: Counts,
    /// How many bytes it has.
    pub bytes: u64,
}

/// Reads a backup whole; it is as it was made, or the error says what is wrong.
pub fn verify(path: &Path) -> Result<Summary, BackupError> {
    let mut archive = Archive::open(path)?;
    while archive.next_record()?.is_some() {}
    archive.summary()
}

/// Reads the first line, and says who made a backup and when; it need not be whole.
pub fn created(path: &Path) -> Result<String, BackupError> {
    Ok(Archive::open(path)?.header.created)
}

/// A backup that is being read.
pub(super) struct Archive {
    file: PathBuf,
    reader: BufReader<File>,
    header: Header,
    hash: Xxh3,
    /// Lines read so far, and their bytes.
    line: u64,
    bytes: u64,
    lines: BTreeMap<String, u64>,
    /// The counts of the last line, once it is read and right.
    counts: Option<Counts>,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self, BackupError> {
        let unreadable = |source| BackupError::Unreadable { file: path.to_owned(), source };
        let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
        let mut first = Vec::new();
        reader.by_ref().take(1 << 16).read_until(b'\n', &mut first).map_err(unreadable)?;
        let header = header(path, &first)?;
        let mut hash = Xxh3::new();
        hash.update(&first);
        Ok(Self {
            file: path.to_owned(),
            reader,
            header,
            hash,
            line: 1,
            bytes: first.len() as u64,
            lines: BTreeMap::new(),
            counts: None,
        })
    }

    /// Returns the next record; `None` is the end of a backup that is whole.
    pub(super) fn next_record(&mut self) -> Result<Option<Portable>, BackupError> {
        let file = self.file.clone();
        let mut bytes = Vec::new();
        let read = (&mut self.reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes);
        read.map_err(|source| BackupError::Unreadable { file: file.clone(), source })?;
        if self.counts.is_some() {
            return if bytes.is_empty() {
                Ok(None)
            } else {
                Err(self.bad("it follows the last one"))
            };
        }
        if !bytes.ends_with(b"\n") {
            if bytes.len() as u64 >= MAX_LINE_BYTES {
                return Err(self.bad("it is longer than 64 MiB"));
            }
            return Err(BackupError::Truncated { file, line: self.line });
        }
        if bytes.starts_with(b"{\"end\":") {
            let Last::End(trailer) =
                serde_json::from_slice(&bytes).map_err(|error| self.bad(&error.to_string()))?;
            self.check(&trailer)?;
            (self.counts, self.bytes) = (Some(trailer.counts), self.bytes + bytes.len() as u64);
            self.line += 1;
            return self.next_record();
        }
        let portable: Portable =
            serde_json::from_slice(&bytes).map_err(|error| self.bad(&error.to_string()))?;
        self.hash.update(&bytes);
        self.line += 1;
        self.bytes += bytes.len() as u64;
        *self.lines.entry(portable.kind().to_owned()).or_default() += 1;
        Ok(Some(portable))
    }

    fn bad(&self, why: &str) -> BackupError {
        BackupError::Line { file: self.file.clone(), line: self.line + 1, why: why.to_owned() }
    }

    fn check(&self, trailer: &Trailer) -> Result<(), BackupError> {
        let file = || self.file.clone();
        let count = |lines: &BTreeMap<String, u64>, kind| lines.get(kind).copied().unwrap_or(0);
        for kind in self.lines.keys().chain(trailer.lines.keys()) {
            let (found, expected) = (count(&self.lines, kind), count(&trailer.lines, kind));
            if found != expected {
                return Err(BackupError::Miscounted {
                    file: file(),
                    kind: kind.clone(),
                    found,
                    expected,
                });
            }
        }
        let (found, expected) = (self.hash.digest128(), trailer.xxh3_128);
        if found != expected {
            return Err(BackupError::Changed { file: file(), found, expected });
        }
        Ok(())
    }

    /// Returns what it holds, once it is read to its end.
    pub(super) fn summary(&self) -> Result<Summary, BackupError> {
        let truncated = || BackupError::Truncated { file: self.file.clone(), line: self.line };
        Ok(Summary {
            created: self.header.created.clone(),
            version: self.header.version.clone(),
            counts: self.counts.ok_or_else(truncated)?,
            bytes: self.bytes,
        })
    }
}

/// What the header of every format has.
#[derive(Deserialize)]
struct Maker {
    briefwire_backup: u64,
    #[serde(default)]
    version: String,
}

fn header(path: &Path, line: &[u8]) -> Result<Header, BackupError> {
    let file = || path.to_owned();
    let Ok(maker) = serde_json::from_slice::<Maker>(line) else {
        return Err(BackupError::NotOne { file: file() });
    };
    if maker.briefwire_backup > u64::from(FORMAT) {
        let (version, format) = (maker.version, maker.briefwire_backup);
        return Err(BackupError::Newer { file: file(), version, format });
    }
    if !line.ends_with(b"\n") {
        return Err(BackupError::Truncated { file: file(), line: 0 });
    }
    serde_json::from_slice(line).map_err(|error| BackupError::Line {
        file: file(),
        line: 1,
        why: error.to_string(),
    })
}
