//! The fences around opening sled: what it leaves behind, what damage does to it, and who else
//! holds it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::model::Timestamp;

use super::StoreError;

/// What must fit on the disk before a database is opened there.
const PROBE_BYTES: usize = 4 << 20;

/// Held by the one process that may open the store; the database can be opened and closed
/// under it.
#[derive(Debug)]
pub struct Lock {
    /// Holds the lock for as long as it is open; a disk may not have let it be opened for writing.
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of a store's directory, which is created if it is not there.
    ///
    /// Fails with [`StoreError::InUse`] naming the holder when another process has it.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("lock");
        let what = format!("open {}", path.display());
        let at = |source| StoreError::Io { what: what.clone(), source };
        create(folder)?;
        let mut file = match open_lock(&path) {
            Ok(file) => file,
            // A lock can be held on a disk that cannot be written.
            Err(source) if source.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                File::open(&path).map_err(at)?
            }
            Err(source) => return Err(at(source)),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file, path }),
            Err(fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(at)?;
                let pid = holder.lines().next().unwrap_or_default().to_owned();
                Err(StoreError::InUse { folder: folder.to_owned(), pid })
            }
            Err(fs::TryLockError::Error(source)) => Err(at(source)),
        }
    }

    /// Writes into the lock file who holds the store, and where its control socket is, so that
    /// commands find it.
    pub fn announce(&self, socket: Option<&Path>) -> Result<(), StoreError> {
        let socket = socket.map(|path| path.display().to_string()).unwrap_or_default();
        let text = format!("{}\n{socket}\n", std::process::id());
        let write = || {
            let mut file = open_lock(&self.path)?;
            file.set_len(0)?;
            file.write_all(text.as_bytes())?;
            file.sync_data()
        };
        write().map_err(|source| StoreError::Io { what: "write the lock file".to_owned(), source })
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn create(folder: &Path) -> Result<(), StoreError> {
    let what = || format!("create {}", folder.display());
    fs::create_dir_all(folder).map_err(|source| StoreError::Io { what: what(), source })
}

/// Returns the bytes that are free on the file system of a directory.
pub fn free_space(folder: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// DURABILITY: sled takes a full disk for damage (it may panic while it opens), and what is
/// damaged is put aside. So the disk is asked first, with a file of ours.
fn probe(folder: &Path) -> Result<(), StoreError> {
    let path = folder.join("probe");
    let write = || {
        let mut file = File::create(&path)?;
        file.write_all(&vec![1; PROBE_BYTES])?;
        file.sync_data()
    };
    let written = write();
    // What stays behind is overwritten by the next probe.
    fs::remove_file(&path).ok();
    let what = || format!("write to {}", folder.display());
    written.map_err(|source| StoreError::Io { what: what(), source })
}

/// Returns the control socket that the holder of a store's lock names.
pub fn control_socket(folder: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(folder.join("lock")).ok()?;
    let path = text.lines().nth(1).filter(|line| !line.is_empty())?;
    Some(PathBuf::from(path))
}

/// An opened database, and whether a damaged one had to be put aside for it.
pub(super) struct Opened {
    pub(super) db: sled::Db,
    pub(super) put_aside: Option<PathBuf>,
}

/// Opens the database in `folder`, putting a damaged one aside.
pub(super) fn open(folder: &Path, cache: u64, now: Timestamp) -> Result<Opened, StoreError> {
    let database = folder.join("db");
    create(&database)?;
    probe(folder)?;
    if let Ok(db) = whole(&database, cache)? {
        return Ok(Opened { db, put_aside: None });
    }
    // DURABILITY: a snapshot only speeds an open up; without it sled reads its log from the
    // beginning, so a damaged one costs time and no data.
    move_snapshots_aside(&database)?;
    if let Ok(db) = whole(&database, cache)? {
        return Ok(Opened { db, put_aside: None });
    }
    let aside = folder.join(format!("db.corrupt-{}", now.format("%Y%m%dT%H%M%SZ")));
    rename(&database, &aside)?;
    create(&database)?;
    match whole(&database, cache)? {
        Ok(db) => Ok(Opened { db, put_aside: Some(aside) }),
        Err(why) => Err(StoreError::Unusable { folder: database, why }),
    }
}

/// Opens a database, or says how it is damaged; what the disk refuses is an error.
fn whole(database: &Path, cache: u64) -> Result<Result<sled::Db, String>, StoreError> {
    match attempt(database, cache) {
        Ok(db) => Ok(Ok(db)),
        Err(Failure::Damaged(why)) => Ok(Err(why)),
        Err(Failure::Io(source)) => {
            let what = format!("open the database in {}", database.display());
            Err(StoreError::Io { what, source })
        }
    }
}

pub(super) enum Failure {
    Io(io::Error),
    Damaged(String),
}

pub(super) fn attempt(database: &Path, cache: u64) -> Result<sled::Db, Failure> {
    remove_unfinished_snapshots(database).map_err(Failure::Io)?;
    let config = sled::Config::new()
        .path(database)
        .mode(sled::Mode::LowSpace)
        .cache_capacity(cache)
        .flush_every_ms(None)
        .use_compression(false);
    // Some damage panics inside sled instead of being an error (measured: a cut `db` file).
    match catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(source))) if source.kind() != io::ErrorKind::UnexpectedEof => {
            Err(Failure::Io(source))
        }
        Ok(Err(error)) => Err(Failure::Damaged(error.to_string())),
        Err(_panic) => Err(Failure::Damaged("the database panicked while opening".to_owned())),
    }
}

/// DURABILITY: a `snap.*.generating` that a kill left behind keeps sled from ever opening again.
fn remove_unfinished_snapshots(database: &Path) -> io::Result<()> {
    for path in snapshots(database)? {
        if path.extension().is_some_and(|e| e == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn move_snapshots_aside(database: &Path) -> Result<(), StoreError> {
    let found = snapshots(database).map_err(|source| StoreError::Io {
        what: format!("list {}", database.display()),
        source,
    })?;
    for path in found {
        if let Some(name) = path.file_name() {
            rename(&path, &database.join(format!("bad-{}", name.to_string_lossy())))?;
        }
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|source| StoreError::Io {
        what: format!("move {} to {}", from.display(), to.display()),
        source,
    })
}

pub(super) fn snapshots(database: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(database)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap.")) {
            found.push(path);
        }
    }
    Ok(found)
}
