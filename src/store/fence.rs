//! The fences around opening sled: what it leaves behind, what damage does to it, and who else
//! holds it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::model::Timestamp;

use super::StoreError;

/// Held for as long as the store is open.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the store's lock file, and writes into it who holds it.
    ///
    /// Fails with [`StoreError::InUse`] naming the holder when another process has it.
    pub(super) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("lock");
        let at = |source| StoreError::Io { what: format!("open {}", path.display()), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(at)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(at)?;
                let pid = holder.lines().next().unwrap_or_default().to_owned();
                return Err(StoreError::InUse { folder: folder.to_owned(), pid });
            }
            Err(fs::TryLockError::Error(source)) => return Err(at(source)),
        }
        let mut lock = Self { file };
        lock.write(None).map_err(at)?;
        Ok(lock)
    }

    /// Writes who holds the store, and where its control socket is.
    pub(super) fn write(&mut self, socket: Option<&Path>) -> io::Result<()> {
        let socket = socket.map(|path| path.display().to_string()).unwrap_or_default();
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(format!("{}\n{socket}\n", std::process::id()).as_bytes())?;
        self.file.sync_data()
    }
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
    fs::create_dir_all(&database).map_err(|source| StoreError::Io {
        what: format!("create {}", database.display()),
        source,
    })?;
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
    fs::create_dir_all(&database).map_err(|source| StoreError::Io {
        what: format!("create {}", database.display()),
        source,
    })?;
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

enum Failure {
    Io(io::Error),
    Damaged(String),
}

fn attempt(database: &Path, cache: u64) -> Result<sled::Db, Failure> {
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
