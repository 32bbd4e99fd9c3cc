//! What has come of a body: a little in memory, and all of a larger one in a file without a name.
//!
//! So what polls hold in memory does not grow with what origins send, and no poll waits for
//! another to give memory back: origins that send slowly could keep all others waiting.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::FetchError;

/// Bytes of a body that are held in memory.
const SMALL_BYTES: usize = 256 << 10;

/// A body as it came over the wire.
#[derive(Debug)]
pub(super) struct Spool {
    /// All of a small body, the end of a larger one while it is read.
    recent: Vec<u8>,
    file: Option<File>,
    length: u64,
}

impl Spool {
    pub(super) fn new() -> Self {
        Self { recent: Vec::new(), file: None, length: 0 }
    }

    /// Returns how long the body is so far.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Returns whether it is best written to its file now.
    pub(super) fn is_full(&self) -> bool {
        self.recent.len() > SMALL_BYTES
    }

    /// Returns whether some of it is in a file and some is not.
    pub(super) fn is_parted(&self) -> bool {
        self.file.is_some() && !self.recent.is_empty()
    }

    pub(super) fn add(&mut self, piece: &[u8]) {
        self.recent.extend_from_slice(piece);
        self.length += piece.len() as u64;
    }

    /// Writes what is in memory to the file.
    pub(super) async fn write_down(mut self, folder: &Path) -> Result<Self, FetchError> {
        let folder = folder.to_owned();
        let written = tokio::task::spawn_blocking(move || {
            let mut file = match self.file.take() {
                Some(file) => file,
                None => tempfile::tempfile_in(&folder).or_else(|_| tempfile::tempfile())?,
            };
            file.write_all(&self.recent)?;
            self.recent.clear();
            self.file = Some(file);
            Ok(self)
        });
        let written = written.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        written.map_err(FetchError::Spool)
    }

    /// Returns all of it.
    pub(super) fn read(&self) -> Result<Vec<u8>, FetchError> {
        let Some(mut file) = self.file.as_ref() else { return Ok(self.recent.clone()) };
        let mut bytes = Vec::with_capacity(usize::try_from(self.length).unwrap_or(0));
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(FetchError::Spool)?;
        Ok(bytes)
    }
}

impl From<Vec<u8>> for Spool {
    fn from(bytes: Vec<u8>) -> Self {
        Self { length: bytes.len() as u64, recent: bytes, file: None }
    }
}
