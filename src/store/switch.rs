//! A new database takes the place of another, and a kill at any moment leaves one of them whole.
//!
//! What is new is made in `db.new`: a database `db` and, where that changes too, a
//! `journal.jsonl`. Once both are on the disk a file `complete` beside them says so, and under
//! which names the old ones are kept. From then on every open first takes the steps that are
//! left; before it, every open removes `db.new`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fence;
use super::{Lock, Store, StoreError};
use crate::model::Timestamp;

const NEW: &str = "db.new";
const COMPLETE: &str = "complete";
const JOURNAL: &str = "journal.jsonl";
/// Says that the database was seen to be damaged; it does not say so of another.
const SUSPECT: &str = "db.suspect";
/// Old databases of each kind that are kept.
const KEPT: usize = 2;

/// Why a database is put aside, as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aside {
    Restore,
    Compact,
}

impl Aside {
    fn word(self) -> &'static str {
        match self {
            Self::Restore => "before-restore",
            Self::Compact => "before-compact",
        }
    }
}

/// A store that is being made beside the one in force.
pub(super) struct Staging {
    folder: PathBuf,
    pub(super) store: Store,
}

impl Staging {
    /// Begins an empty one.
    pub(super) fn begin(
        folder: &Path,
        cache: u64,
        lock: Arc<Lock>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let new = folder.join(NEW);
        remove(&new)?;
        fs::create_dir_all(&new).map_err(at("create", &new))?;
        let opened = fence::open(&new, cache, now)?;
        let store = Store::around(opened.db, &new.join("db"), &new, lock)?;
        Ok(Self { folder: folder.to_owned(), store })
    }

    /// Puts it in the place of the one in force, and returns where that lies now.
    ///
    /// `has_journal` tells whether the journal is replaced too.
    pub(super) fn finish(
        self,
        aside: Aside,
        has_journal: bool,
        now: Timestamp,
    ) -> Result<Option<PathBuf>, StoreError> {
        let folder = self.folder.clone();
        let old = self.complete(aside, has_journal, now)?;
        finish(&folder)?;
        Ok(Some(old).filter(|old| old.exists()))
    }

    /// Marks it as complete: from here on it takes the place of the one in force, whatever comes.
    /// Returns where that one will lie.
    pub(super) fn complete(
        self,
        aside: Aside,
        has_journal: bool,
        now: Timestamp,
    ) -> Result<PathBuf, StoreError> {
        let Self { folder, store } = self;
        let new = folder.join(NEW);
        store.db.flush()?;
        drop(store);
        if !has_journal {
            remove(&new.join(JOURNAL))?;
        }
        // DURABILITY: what the mark vouches for is on the disk before the mark is.
        sync_all(&new).map_err(at("sync", &new))?;
        let name = free_name(&folder, aside, now);
        let mark = new.join(COMPLETE);
        fs::write(&mark, &name).map_err(at("write", &mark))?;
        File::open(&mark).and_then(|file| file.sync_all()).map_err(at("sync", &mark))?;
        sync(&new)?;
        sync(&folder)?;
        Ok(folder.join(format!("db.{name}")))
    }
}

/// One step of a switch.
#[derive(Debug)]
enum Step {
    Move(PathBuf, PathBuf),
    Remove(PathBuf),
}

/// Takes the steps of a switch that are left, and returns whether there were any.
pub(super) fn finish(folder: &Path) -> Result<bool, StoreError> {
    let mut any = false;
    while step(folder)? {
        any = true;
    }
    Ok(any)
}

/// Takes the next step, and returns whether there was one.
pub(super) fn step(folder: &Path) -> Result<bool, StoreError> {
    let Some(step) = next_step(folder)? else { return Ok(false) };
    take(folder, &step)?;
    Ok(true)
}

/// Returns the next step, by what is there.
fn next_step(folder: &Path) -> Result<Option<Step>, StoreError> {
    let new = folder.join(NEW);
    if !new.exists() {
        return Ok(None);
    }
    let mark = new.join(COMPLETE);
    let name = match fs::read_to_string(&mark) {
        Ok(name) => name,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some(Step::Remove(new)));
        }
        Err(error) => return Err(at("read", &mark)(error)),
    };
    let suspect = folder.join(SUSPECT);
    let moves = [("db", format!("db.{name}")), (JOURNAL, format!("journal.{name}.jsonl"))];
    for (what, aside) in moves {
        let (from, to) = (new.join(what), folder.join(what));
        if !from.exists() {
            continue;
        }
        return Ok(Some(if to.exists() {
            Step::Move(to, folder.join(aside))
        } else if suspect.exists() {
            Step::Remove(suspect)
        } else {
            Step::Move(from, to)
        }));
    }
    Ok(Some(Step::Remove(new)))
}

fn take(folder: &Path, step: &Step) -> Result<(), StoreError> {
    match step {
        Step::Move(from, to) => {
            fs::rename(from, to).map_err(at("move", from))?;
            // DURABILITY: where it goes first; a step that is on the disk by half is there twice.
            sync(folder)?;
            let new = folder.join(NEW);
            sync(&new)
        }
        Step::Remove(path) => {
            remove(path)?;
            sync(folder)
        }
    }
}

/// Removes what earlier switches and damage left, but the newest of each kind.
pub(super) fn tidy(folder: &Path) -> io::Result<()> {
    for prefix in ["db.before-restore-", "journal.before-restore-", "db.corrupt-"] {
        let names = names(folder, prefix)?;
        let many = names.len().saturating_sub(KEPT);
        for old in names.iter().take(many) {
            remove_any(old)?;
        }
    }
    Ok(())
}

/// Removes what was kept until the first clean start after it was compacted.
pub(super) fn forget_uncompacted(folder: &Path) -> io::Result<()> {
    names(folder, "db.before-compact-")?.iter().try_for_each(|old| remove_any(old))
}

/// Returns what is in a directory under names that begin so, oldest first.
fn names(folder: &Path, prefix: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Returns a name that nothing has yet.
fn free_name(folder: &Path, aside: Aside, now: Timestamp) -> String {
    let name = format!("{}-{}", aside.word(), now.format("%Y%m%dT%H%M%SZ"));
    let is_free = |name: &String| {
        !folder.join(format!("db.{name}")).exists()
            && !folder.join(format!("journal.{name}.jsonl")).exists()
    };
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    remove_any(path).map_err(at("remove", path))
}

fn remove_any(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at("sync", folder))
}

/// Syncs everything below a directory, and the directory.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else {
            File::open(&path)?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}

fn at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let what = format!("{what} {}", path.display());
    move |source| StoreError::Io { what, source }
}
