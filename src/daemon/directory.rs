//! The directory of brief documents: read whole at a start, watched and swept after it.
//!
//! Files are never moved or edited. A file is read once nobody writes to it any more. A refused
//! file leaves the previous version of its brief in force. A file that is gone withdraws its
//! brief after a minute, and only if the directory is readable and less than a third of the
//! files vanished at once: an unmounted share must not withdraw everything.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::TimeDelta;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, interval_at, sleep, sleep_until};

use super::watch::{Happened, Watch};
use super::writer::Work;
use crate::briefs::{self, FallbackId, Form, Report};
use crate::config::Config;
use crate::model::{BriefId, BriefOrigin, Command, CommandError, Expected, Reply, Timestamp};
use crate::serve::{Order, Vanished, Watched};
use crate::store::{Store, StoreError};

/// The kernel tells nothing of what other machines do to a network share.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// Something waits to settle or to be withdrawn, or the kernel tells nothing at all.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// After an event, more of them may follow at once.
const QUIET: Duration = Duration::from_millis(100);
/// A file that was written less than this ago may be half written.
const SETTLES_AFTER: Duration = Duration::from_millis(250);
/// A file that stays open, or empty, is read all the same after this.
const READ_AFTER: Duration = Duration::from_secs(30);
/// How long a start waits for files to settle.
const START_PATIENCE: Duration = Duration::from_secs(2);
const WITHDRAWN_AFTER: TimeDelta = TimeDelta::seconds(60);
/// Of more files than this, a third at once is an accident.
const FEW_FILES: usize = 3;
/// Documents under way to the writer at once.
const BATCH: usize = 64;
/// More than this many at once are told in one line.
const TOLD_EACH: usize = 10;
/// The largest brief document.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// When a file was last written, and its length.
type Stamp = (SystemTime, u64);

/// A file as it lies there.
#[derive(Debug, Clone, Copy)]
struct Lying {
    stamp: Stamp,
    /// Since when we know it to look like this.
    since: Instant,
    /// Whether somebody has it open and writes.
    is_written: bool,
    /// Whether it is known to be complete.
    is_complete: bool,
}

/// What is known of the directory.
pub(super) struct Directory {
    folder: Option<PathBuf>,
    config: watch::Receiver<Arc<Config>>,
    writer: mpsc::Sender<Work>,
    watched: Arc<Watched>,
    clock: fn() -> Timestamp,
    watch: Option<Watch>,
    files: BTreeMap<PathBuf, Lying>,
    read: HashMap<PathBuf, Stamp>,
    owners: HashMap<BriefId, PathBuf>,
    missing: HashMap<PathBuf, Timestamp>,
    is_readable: bool,
}

impl Directory {
    /// Returns the directory as the store knows it: nothing is read yet.
    pub(super) fn new(
        store: &Store,
        watched: Arc<Watched>,
        (config, writer): (watch::Receiver<Arc<Config>>, mpsc::Sender<Work>),
        clock: fn() -> Timestamp,
    ) -> Result<Self, StoreError> {
        let mut owners = HashMap::new();
        for stored in store.briefs() {
            let stored = stored?;
            if let BriefOrigin::File(path) = stored.origin {
                owners.insert(stored.brief.id, path);
            }
        }
        let folder = config.borrow().briefs_dir.clone();
        Ok(Self {
            folder,
            config,
            writer,
            watched,
            clock,
            watch: None,
            files: BTreeMap::new(),
            read: HashMap::new(),
            owners,
            missing: HashMap::new(),
            is_readable: true,
        })
    }

    /// Reads everything that lies there; a file that is being written is waited for a little.
    pub(super) async fn read_whole(&mut self) {
        // Watched first: what comes between the listing and the watch would be missed.
        self.begin_watch();
        let until = Instant::now() + START_PATIENCE;
        self.list_whole().await;
        while self.has_unsettled() && Instant::now() < until {
            sleep(SETTLES_AFTER / 2).await;
            self.list_whole().await;
        }
        self.settle().await;
    }

    /// Watches until it is dropped.
    pub(super) async fn watch(mut self) {
        let mut sweeps = interval_at(Instant::now() + SWEEP_EVERY, SWEEP_EVERY);
        let mut looks = interval_at(Instant::now() + LOOK_AGAIN, LOOK_AGAIN);
        let (mut touched, mut quiet_at) = (HashSet::new(), None);
        let watched = Arc::clone(&self.watched);
        loop {
            let quiet = quiet_at.unwrap_or_else(Instant::now);
            tokio::select! {
                happened = next(self.watch.as_mut()) => {
                    quiet_at = quiet_at.or(Some(Instant::now() + QUIET));
                    self.note(happened, &mut touched);
                }
                () = sleep_until(quiet), if quiet_at.is_some() => {
                    quiet_at = None;
                    self.look_at(touched.drain().collect()).await;
                    self.settle().await;
                }
                _ = sweeps.tick() => self.sweep().await,
                _ = looks.tick() => self.look_again().await,
                () = watched.confirmed.notified() => self.withdraw_vanished().await,
                Ok(()) = self.config.changed() => self.follow().await,
            }
        }
    }

    /// Goes on with the directory that the configuration names now.
    async fn follow(&mut self) {
        let folder = self.config.borrow_and_update().briefs_dir.clone();
        if folder == self.folder {
            return;
        }
        self.folder = folder;
        self.watch = None;
        self.files.clear();
        self.read.clear();
        self.is_readable = true;
        self.sweep().await;
    }

    fn begin_watch(&mut self) {
        let Some(folder) = &self.folder else { return };
        if self.watch.as_ref().is_some_and(|watch| watch.is_of(folder)) {
            return;
        }
        self.watch = match Watch::begin(folder) {
            Ok(watch) => Some(watch),
            Err(error) => {
                let folder = folder.display();
                tracing::debug!(%error, %folder, "the directory of briefs is swept, not watched");
                None
            }
        };
    }

    /// Takes note of an event; an empty set of touched files stands for all of them.
    fn note(&mut self, happened: Happened, touched: &mut HashSet<PathBuf>) {
        let Some(folder) = &self.folder else { return };
        let (name, is_written, is_complete) = match happened {
            Happened::Written(name) => (name, true, false),
            Happened::Complete(name) => (name, false, true),
            Happened::Touched(name) => (name, false, false),
            Happened::Lost => {
                self.watch = None;
                return;
            }
        };
        let path = folder.join(name);
        if !is_document(&path) {
            return;
        }
        if let Some(lying) = self.files.get_mut(&path) {
            lying.is_written = is_written;
            lying.is_complete = is_complete;
        } else if is_written || is_complete {
            let stamp = (SystemTime::UNIX_EPOCH, 0);
            let since = Instant::now();
            self.files.insert(path.clone(), Lying { stamp, since, is_written, is_complete });
        }
        touched.insert(path);
    }

    /// Reads what is new or changed, and withdraws what is gone; returns once it is durable.
    async fn sweep(&mut self) {
        self.begin_watch();
        self.list_whole().await;
        self.settle().await;
    }

    /// Sweeps before its time where something is left to do.
    async fn look_again(&mut self) {
        if self.has_unfinished() {
            self.sweep().await;
        }
    }

    async fn list_whole(&mut self) {
        let Some(folder) = self.folder.clone() else {
            self.files.clear();
            return;
        };
        let listed = tokio::task::spawn_blocking(move || list(&folder)).await;
        let stamps = match listed {
            Ok(Ok(stamps)) => stamps,
            Ok(Err(error)) => {
                if self.is_readable {
                    let folder = self.folder.as_deref().unwrap_or(Path::new("")).display();
                    tracing::warn!(%error, %folder, "cannot read the directory of briefs; stored ones stay in force");
                }
                self.is_readable = false;
                return;
            }
            Err(_panic) => return,
        };
        self.is_readable = true;
        self.files.retain(|path, _| stamps.contains_key(path));
        for (path, stamp) in stamps {
            self.see(path, stamp);
        }
    }

    /// Looks at some files only; none stands for all.
    async fn look_at(&mut self, paths: Vec<PathBuf>) {
        if paths.is_empty() {
            self.begin_watch();
            self.list_whole().await;
            return;
        }
        let look = move || {
            paths.into_iter().map(|path| (stamp(&path), path)).collect::<Vec<(Option<Stamp>, _)>>()
        };
        for (stamp, path) in tokio::task::spawn_blocking(look).await.unwrap_or_default() {
            match stamp {
                Some(stamp) => self.see(path, stamp),
                None => {
                    self.files.remove(&path);
                }
            }
        }
    }

    fn see(&mut self, path: PathBuf, stamp: Stamp) {
        let since = Instant::now();
        let fresh = Lying { stamp, since, is_written: false, is_complete: false };
        let lying = self.files.entry(path).or_insert(fresh);
        if lying.stamp != stamp {
            (lying.stamp, lying.since) = (stamp, since);
        }
    }

    fn has_unsettled(&self) -> bool {
        let fresh = |path: &PathBuf, lying: &Lying| self.read.get(path) != Some(&lying.stamp);
        self.files.iter().any(|(path, lying)| fresh(path, lying) && !lying.is_settled())
    }

    /// Returns whether something needs a look before the next sweep.
    fn has_unfinished(&self) -> bool {
        let is_blind = self.folder.is_some() && self.watch.is_none();
        is_blind || !self.missing.is_empty() || self.has_unsettled()
    }

    /// Reads the files that are new or changed and complete, and withdraws what is gone.
    async fn settle(&mut self) {
        if !self.is_readable || self.folder.is_none() {
            return;
        }
        let fresh: Vec<PathBuf> = self
            .files
            .iter()
            .filter(|(path, lying)| self.read.get(*path) != Some(&lying.stamp))
            .filter(|(_, lying)| lying.is_settled())
            .map(|(path, _)| path.clone())
            .collect();
        let mut stored = Vec::new();
        for batch in fresh.chunks(BATCH) {
            stored.extend(self.take(batch).await);
        }
        if stored.len() > TOLD_EACH {
            let items: usize = stored.iter().map(|(_, items)| items).sum();
            tracing::info!(briefs = stored.len(), items, "briefs stored");
        } else {
            for (path, items) in &stored {
                tracing::info!(file = %path.display(), items, "brief stored");
            }
        }
        self.withdraw().await;
    }

    /// Reads some files and stores what is in them; returns those that changed something, and on
    /// how many items.
    async fn take(&mut self, batch: &[PathBuf]) -> Vec<(PathBuf, usize)> {
        let mut under_way = Vec::new();
        for path in batch {
            let (path, now) = (path.clone(), (self.clock)());
            let from = path.clone();
            let report = tokio::task::spawn_blocking(move || read(&from, now)).await;
            let stamp = self.files.get(&path).map(|lying| lying.stamp);
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
            if let Some(owner) = owner.filter(|owner| self.files.contains_key(*owner)) {
                let why = format!("its id `{}` is that of {}", brief.id, owner.display());
                self.refuse(&path, vec![why]);
                continue;
            }
            self.owners.insert(brief.id.clone(), path.clone());
            let origin = BriefOrigin::File(path.clone());
            let expected = Expected::default();
            let command = Command::PutBrief { brief: Box::new(brief), origin, expected };
            under_way.push((path, self.send(command).await));
        }
        let mut stored = Vec::new();
        for (path, answer) in under_way {
            match answer.await {
                Ok(Ok(reply)) => {
                    self.watched.refused().remove(&path);
                    if reply.changed {
                        stored.push((path, reply.items.len()));
                    }
                }
                // The store says why in the log; the file is read again at the next sweep.
                Ok(Err(_)) | Err(_) => {
                    self.read.remove(&path);
                }
            }
        }
        stored
    }

    fn refuse(&self, path: &Path, why: Vec<String>) {
        tracing::warn!(file = %path.display(), why = why.join("; "), "brief refused");
        self.watched.refused().insert(path.to_owned(), why);
    }

    /// Withdraws the briefs of files that have been gone for a minute.
    async fn withdraw(&mut self) {
        let now = (self.clock)();
        self.read.retain(|path, _| self.files.contains_key(path));
        self.watched.refused().retain(|path, _| self.files.contains_key(path));
        let gone = self.gone();
        self.missing.retain(|path, _| gone.contains(path));
        let of = self.owners.len();
        if of > FEW_FILES && gone.len() * 3 >= of {
            let known =
                std::mem::replace(&mut *self.watched.vanished(), Vanished { gone: gone.len(), of });
            if known.gone == 0 {
                tracing::warn!(
                    gone = gone.len(),
                    of,
                    "a third or more of the brief files are gone at once; their briefs stay in force"
                );
            }
            self.missing.extend(gone.into_iter().map(|path| (path, Timestamp::MAX_UTC)));
            return;
        }
        *self.watched.vanished() = Vanished::default();
        for path in gone {
            let since = *self.missing.entry(path.clone()).or_insert(now);
            if since > now {
                // It vanished with many others, which are back, or the clock was set: its
                // minute begins now.
                self.missing.insert(path, now);
            } else if now - since >= WITHDRAWN_AFTER {
                self.withdraw_one(&path).await;
            }
        }
    }

    /// Returns the files whose briefs are stored and that do not lie there.
    fn gone(&self) -> Vec<PathBuf> {
        let owners = self.owners.values();
        owners.filter(|path| !self.files.contains_key(*path)).cloned().collect()
    }

    /// A person has said that the vanished files are meant to be gone.
    async fn withdraw_vanished(&mut self) {
        self.list_whole().await;
        for path in self.gone() {
            self.withdraw_one(&path).await;
        }
        *self.watched.vanished() = Vanished::default();
    }

    async fn withdraw_one(&mut self, path: &Path) {
        let mine = self.owners.iter().find(|(_, owner)| *owner == path);
        let Some(brief) = mine.map(|(id, _)| id.clone()) else { return };
        let origin = BriefOrigin::File(path.to_owned());
        let expected = Expected::default();
        let command = Command::RemoveBrief { brief: brief.clone(), origin, expected };
        match self.send(command).await.await {
            Ok(Ok(_)) => {
                tracing::info!(brief = %brief, file = %path.display(), "brief withdrawn: its file is gone");
            }
            Ok(Err(CommandError::NotFound { .. })) => {}
            // It is tried again at the next sweep.
            Ok(Err(_)) | Err(_) => return,
        }
        self.owners.remove(&brief);
        self.missing.remove(path);
    }

    async fn send(&self, command: Command) -> oneshot::Receiver<Result<Reply, CommandError>> {
        let (answer, answered) = oneshot::channel();
        // If the writer has stopped, the answer's other end is dropped, and that says so.
        self.writer.send(Work::Order(Order { command, answer })).await.ok();
        answered
    }
}

impl Lying {
    /// Returns whether nobody writes to it any more, as far as can be known.
    fn is_settled(&self) -> bool {
        let (written, length) = self.stamp;
        let stands = self.since.elapsed();
        if self.is_written || length == 0 {
            return stands >= READ_AFTER;
        }
        // A time to come says nothing: some clock is wrong.
        let is_old = written.elapsed().is_ok_and(|age| age >= SETTLES_AFTER);
        self.is_complete || is_old || stands >= SETTLES_AFTER
    }
}

/// Waits for what happens in a watched directory; for ever where none is.
async fn next(watch: Option<&mut Watch>) -> Happened {
    match watch {
        Some(watch) => watch.next().await,
        None => std::future::pending().await,
    }
}

/// Returns the brief documents of a directory.
fn list(folder: &Path) -> std::io::Result<BTreeMap<PathBuf, Stamp>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        // A file that vanishes between the listing and this is simply not there.
        if is_document(&path)
            && let Some(stamp) = stamp(&path)
        {
            files.insert(path, stamp);
        }
    }
    Ok(files)
}

/// Returns whether a file of this name is a document, and not an editor's temporary or backup.
fn is_document(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_temporary = name.starts_with(['.', '#', '~']) || name.ends_with('~');
    !is_temporary && Form::of_name(&name).is_some()
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    metadata.is_file().then_some(())?;
    Some((metadata.modified().ok()?, metadata.len()))
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
