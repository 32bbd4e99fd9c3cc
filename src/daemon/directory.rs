//! The directory of brief documents: read whole at a start, swept every few seconds after it.
//!
//! Files are never moved or edited. A refused file leaves the previous version of its brief in
//! force. A file that is gone withdraws its brief after a minute, and only if the directory is
//! readable and less than a third of the files vanished at once: an unmounted share must not
//! withdraw everything.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::TimeDelta;
use tokio::sync::{mpsc, oneshot};

use super::writer::Work;
use crate::briefs::{self, FallbackId, Form, Report};
use crate::model::{BriefId, BriefOrigin, Command, CommandError, Reply, Timestamp};
use crate::serve::{Order, Refusals};
use crate::store::{Store, StoreError};

const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// A file that was written less than this ago may be half written.
const SETTLES_AFTER: Duration = Duration::from_millis(200);
const WITHDRAWN_AFTER: TimeDelta = TimeDelta::seconds(60);
/// Of more files than this, a third at once is an accident.
const FEW_FILES: usize = 3;
/// Documents under way to the writer at once.
const BATCH: usize = 64;
/// The largest brief document.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// When a file was last written, and its length.
type Stamp = (SystemTime, u64);

/// What is known of the directory.
pub(super) struct Directory {
    folder: PathBuf,
    writer: mpsc::Sender<Work>,
    refusals: Arc<Refusals>,
    clock: fn() -> Timestamp,
    read: BTreeMap<PathBuf, Stamp>,
    owners: HashMap<BriefId, PathBuf>,
    missing: HashMap<PathBuf, Timestamp>,
    is_readable: bool,
}

impl Directory {
    /// Returns the directory as the store knows it: nothing is read yet.
    pub(super) fn new(
        folder: PathBuf,
        store: &Store,
        writer: mpsc::Sender<Work>,
        refusals: Arc<Refusals>,
        clock: fn() -> Timestamp,
    ) -> Result<Self, StoreError> {
        let mut owners = HashMap::new();
        for stored in store.briefs() {
            let stored = stored?;
            if let BriefOrigin::File(path) = stored.origin {
                owners.insert(stored.brief.id, path);
            }
        }
        Ok(Self {
            folder,
            writer,
            refusals,
            clock,
            read: BTreeMap::new(),
            owners,
            missing: HashMap::new(),
            is_readable: true,
        })
    }

    /// Sweeps until it is dropped.
    pub(super) async fn watch(mut self) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            self.sweep(SETTLES_AFTER).await;
        }
    }

    /// Reads what is new or changed, and withdraws what is gone; returns once it is durable.
    pub(super) async fn sweep(&mut self, settles_after: Duration) {
        let folder = self.folder.clone();
        let listed = tokio::task::spawn_blocking(move || list(&folder)).await;
        let files = match listed {
            Ok(Ok(files)) => files,
            Ok(Err(error)) => {
                if self.is_readable {
                    let folder = self.folder.display();
                    tracing::warn!(%error, %folder, "cannot read the directory of briefs; stored ones stay in force");
                }
                self.is_readable = false;
                return;
            }
            Err(_panic) => return,
        };
        self.is_readable = true;
        let fresh: Vec<PathBuf> = files
            .iter()
            .filter(|(path, stamp)| self.read.get(*path) != Some(stamp))
            .filter(|(_, (written, _))| written.elapsed().is_ok_and(|age| age >= settles_after))
            .map(|(path, _)| path.clone())
            .collect();
        for batch in fresh.chunks(BATCH) {
            self.take(batch, &files).await;
        }
        self.withdraw(&files).await;
    }

    /// Reads some files and stores what is in them.
    async fn take(&mut self, batch: &[PathBuf], files: &BTreeMap<PathBuf, Stamp>) {
        let mut under_way = Vec::new();
        for path in batch {
            let (path, now) = (path.clone(), (self.clock)());
            let stamp = files.get(&path).copied();
            let from = path.clone();
            let report = tokio::task::spawn_blocking(move || read(&from, now)).await;
            self.read.extend(stamp.map(|stamp| (path.clone(), stamp)));
            let brief = match report {
                Ok(Ok(Report { brief: Some(brief), .. })) => brief,
                Ok(Ok(refused)) => {
                    let line = |p: &briefs::Problem| format!("line {}: {}", p.line, p.message);
                    self.refuse(&path, refused.errors.iter().map(line).collect());
                    continue;
                }
                Ok(Err(why)) => {
                    self.refuse(&path, vec![why]);
                    continue;
                }
                Err(_panic) => {
                    self.refuse(&path, vec!["reading it panicked; please report it".to_owned()]);
                    continue;
                }
            };
            let owner = self.owners.get(&brief.id).filter(|owner| **owner != path);
            if let Some(owner) = owner.filter(|owner| files.contains_key(*owner)) {
                let why = format!("its id `{}` is that of {}", brief.id, owner.display());
                self.refuse(&path, vec![why]);
                continue;
            }
            self.owners.insert(brief.id.clone(), path.clone());
            let origin = BriefOrigin::File(path.clone());
            let command = Command::PutBrief { brief: Box::new(brief), origin };
            under_way.push((path, self.send(command).await));
        }
        for (path, answer) in under_way {
            match answer.await {
                Ok(Ok(reply)) => self.accept(&path, &reply),
                // The store says why in the log; the file is read again at the next sweep.
                Ok(Err(_)) | Err(_) => {
                    self.read.remove(&path);
                }
            }
        }
    }

    fn accept(&self, path: &Path, reply: &Reply) {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
        if reply.changed {
            tracing::info!(file = %path.display(), items = reply.items.len(), "brief stored");
        }
    }

    fn refuse(&self, path: &Path, why: Vec<String>) {
        tracing::warn!(file = %path.display(), why = why.join("; "), "brief refused");
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.insert(path.to_owned(), why);
    }

    /// Withdraws the briefs of files that have been gone for a minute.
    async fn withdraw(&mut self, files: &BTreeMap<PathBuf, Stamp>) {
        let now = (self.clock)();
        self.read.retain(|path, _| files.contains_key(path));
        self.refusals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|path, _| files.contains_key(path));
        let owners = self.owners.values();
        let gone: Vec<PathBuf> =
            owners.filter(|path| !files.contains_key(*path)).cloned().collect();
        self.missing.retain(|path, _| gone.contains(path));
        if self.owners.len() > FEW_FILES && gone.len() * 3 >= self.owners.len() {
            if self.missing.is_empty() && !gone.is_empty() {
                let (gone, all) = (gone.len(), self.owners.len());
                tracing::warn!(
                    gone,
                    all,
                    "a third or more of the brief files are gone at once; their briefs stay in force"
                );
            }
            self.missing.extend(gone.into_iter().map(|path| (path, Timestamp::MAX_UTC)));
            return;
        }
        for path in gone {
            let since = *self.missing.entry(path.clone()).or_insert(now);
            if since <= now && now - since < WITHDRAWN_AFTER {
                continue;
            }
            if since > now {
                // It vanished with many others, which are back: its minute begins now.
                self.missing.insert(path, now);
                continue;
            }
            let mine = self.owners.iter().find(|(_, owner)| **owner == path);
            let Some(brief) = mine.map(|(id, _)| id.clone()) else { continue };
            let origin = BriefOrigin::File(path.clone());
            let command = Command::RemoveBrief { brief: brief.clone(), origin };
            if matches!(self.send(command).await.await, Ok(Ok(_))) {
                tracing::info!(brief = %brief, file = %path.display(), "brief withdrawn: its file is gone");
                self.owners.remove(&brief);
                self.missing.remove(&path);
            }
        }
    }

    async fn send(&self, command: Command) -> oneshot::Receiver<Result<Reply, CommandError>> {
        let (answer, answered) = oneshot::channel();
        // If the writer has stopped, the answer's other end is dropped, and that says so.
        self.writer.send(Work::Order(Order { command, answer })).await.ok();
        answered
    }
}

/// Returns the brief documents of a directory and of those below it.
fn list(folder: &Path) -> std::io::Result<BTreeMap<PathBuf, Stamp>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Editors' temporary and backup files.
        let is_temporary = name.starts_with(['.', '#', '~']) || name.ends_with('~');
        if is_temporary || Form::of_name(&name).is_none() {
            continue;
        }
        // A file that vanishes between the listing and this is simply not there.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() {
            files.insert(entry.path(), (metadata.modified()?, metadata.len()));
        }
    }
    Ok(files)
}

fn read(path: &Path, now: Timestamp) -> Result<Report, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > MAX_FILE_BYTES {
        return Err(format!(
            "line 1: the file has {length} bytes; at most {MAX_FILE_BYTES} are read"
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let form = Form::of_name(&name).unwrap_or(Form::Text);
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    Ok(briefs::read(&bytes, form, FallbackId::Stem(stem), now))
}
