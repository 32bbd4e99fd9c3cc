//! What the kernel tells of a directory (inotify(7)).
//!
//! It tells nothing of what other machines do to a network share, and drops what comes too fast,
//! so it only brings forward what a sweep would find.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use futures_util::StreamExt;
use inotify::{EventMask, EventStream, Inotify, WatchMask};

/// Room for some hundred events; more wait in the kernel.
const BUFFER_BYTES: usize = 32 * 1024;

/// What has happened in a watched directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// Somebody writes to this file and has not closed it.
    Written(OsString),
    /// This file is complete: closed after writing, or moved here.
    Complete(OsString),
    /// This file has come or gone.
    Touched(OsString),
    /// Something was missed, or the directory itself has moved.
    Lost,
}

/// A directory that is being watched.
pub(super) struct Watch {
    events: EventStream<Vec<u8>>,
    /// Device and inode: another directory may take its place.
    identity: (u64, u64),
}

impl Watch {
    /// Begins to watch a directory.
    pub(super) fn begin(folder: &Path) -> io::Result<Self> {
        let inotify = Inotify::init()?;
        let mask = WatchMask::CREATE
            | WatchMask::MODIFY
            | WatchMask::CLOSE_WRITE
            | WatchMask::MOVED_FROM
            | WatchMask::MOVED_TO
            | WatchMask::DELETE
            | WatchMask::DELETE_SELF
            | WatchMask::MOVE_SELF
            | WatchMask::ONLYDIR;
        inotify.watches().add(folder, mask)?;
        let identity = identity(folder)?;
        Ok(Self { events: inotify.into_event_stream(vec![0; BUFFER_BYTES])?, identity })
    }

    /// Returns whether this is still the directory of that name.
    pub(super) fn is_of(&self, folder: &Path) -> bool {
        identity(folder).is_ok_and(|identity| identity == self.identity)
    }

    /// Waits for something to happen; cancelling loses nothing.
    pub(super) async fn next(&mut self) -> Happened {
        match self.events.next().await {
            Some(Ok(event)) => read(event.mask, event.name),
            Some(Err(_)) | None => Happened::Lost,
        }
    }
}

fn read(mask: EventMask, name: Option<OsString>) -> Happened {
    let Some(name) = name else { return Happened::Lost };
    if mask.intersects(EventMask::CLOSE_WRITE | EventMask::MOVED_TO) {
        Happened::Complete(name)
    } else if mask.contains(EventMask::MODIFY) {
        Happened::Written(name)
    } else {
        Happened::Touched(name)
    }
}

fn identity(folder: &Path) -> io::Result<(u64, u64)> {
    let metadata = std::fs::metadata(folder)?;
    Ok((metadata.dev(), metadata.ino()))
}
