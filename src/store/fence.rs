//! The fences around opening sled: what it leaves behind, what damage does to it, and who else
//! holds it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::iter;
use std::path::{Path, PathBuf};

use crate::model::Timestamp;

use super::StoreError;
use crate::telemetry;

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
pub(super) fn probe(folder: &Path) -> Result<(), StoreError> {
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

/// Marks a store's database as damaged, so that it is put aside at the next opening.
pub(super) fn suspect(folder: &Path, why: &str) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create(marker(folder))?;
        writeln!(file, "{why}")?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|source| StoreError::Io {
        what: format!("write {}", marker(folder).display()),
        source,
    })
}

/// Takes the mark away, once the database that takes the other's place is complete.
pub(super) fn trust(folder: &Path) -> Result<(), StoreError> {
    match fs::remove_file(marker(folder)) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            let what = format!("remove {}", marker(folder).display());
            Err(StoreError::Io { what, source })
        }
        _ => Ok(()),
    }
}

/// Returns whether a database was found to be damaged, and nothing has taken its place yet.
pub(super) fn is_suspect(folder: &Path) -> bool {
    marker(folder).exists()
}

fn marker(folder: &Path) -> PathBuf {
    folder.join("db.suspect")
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
    // DURABILITY: what was found to be damaged is not opened again: sled would zero what it
    // cannot read, and may find an older state in the rest.
    if !is_suspect(folder) {
        if let Ok(db) = whole(&database, cache)? {
            return Ok(Opened { db, put_aside: None });
        }
        // DURABILITY: a snapshot only speeds an open up; without it sled reads its log from the
        // beginning, so a damaged one costs time and no data. `conf` says what we say anyway.
        move_snapshots_aside(&database)?;
        if let Ok(db) = whole(&database, cache)? {
            return Ok(Opened { db, put_aside: None });
        }
    }
    let aside = unused(folder, &format!("db.corrupt-{}", now.format("%Y%m%dT%H%M%SZ")));
    rename(&database, &aside)?;
    create(&database)?;
    match whole(&database, cache)? {
        Ok(db) => Ok(Opened { db, put_aside: Some(aside) }),
        Err(why) => Err(StoreError::Unusable { folder: database, why }),
    }
}

/// Returns a path that nothing stands at: the name, else with a number behind it.
fn unused(folder: &Path, name: &str) -> PathBuf {
    let numbered = (2..u32::MAX).map(|number| folder.join(format!("{name}-{number}")));
    let first = folder.join(name);
    iter::once(first.clone()).chain(numbered).find(|path| !path.exists()).unwrap_or(first)
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
    match telemetry::expecting(|| config.open()) {
        Some(Ok(db)) => Ok(db),
        Some(Err(sled::Error::Io(source))) if source.kind() != io::ErrorKind::UnexpectedEof => {
            Err(Failure::Io(source))
        }
        Some(Err(error)) => Err(Failure::Damaged(error.to_string())),
        None => Err(Failure::Damaged("the database panicked while opening".to_owned())),
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
    let mut found = snapshots(database).map_err(|source| StoreError::Io {
        what: format!("list {}", database.display()),
        source,
    })?;
    found.extend(Some(database.join("conf")).filter(|conf| conf.exists()));
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
