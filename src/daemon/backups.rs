//! Backups that the daemon makes by itself, when the newest is old enough by the wall clock.
//!
//! They lie in one directory under names of their own, `briefwire-TIME.jsonl`; of these, and of
//! no other files, the oldest are removed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::log::with_causes;
use crate::config::{self, Config};
use crate::model::Timestamp;
use crate::serve::Served;
use crate::store::{ArchiveError, Store, Summary, free_space};

/// The directory is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After a failure it is tried again, but not at once.
const RETRY_AFTER: Duration = Duration::from_mins(10);
/// The clock may have been set back since the newest was made, by no more than this.
const SKEW: TimeDelta = TimeDelta::minutes(1);

const NAME: &str = "briefwire-%Y%m%dT%H%M%SZ.jsonl";

/// What makes backups while the store is open.
pub(super) struct Backups {
    pub(super) store: Arc<Store>,
    pub(super) served: Arc<Served>,
    pub(super) config: watch::Receiver<Arc<Config>>,
    pub(super) clock: fn() -> Timestamp,
}

/// Why no backup is made.
#[derive(Debug, thiserror::Error)]
enum BackupsError {
    #[error("cannot {what} {}", folder.display())]
    Folder {
        what: &'static str,
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{free} bytes are free on the disk of {}, and a backup may take {needed}", folder.display())]
    NoRoom { folder: PathBuf, free: u64, needed: u64 },
    #[error("it cannot be written")]
    Failed(#[from] ArchiveError),
    #[error("it panicked")]
    Panicked,
}

impl Backups {
    /// Makes backups for ever; whoever drops it ends the one that is being made.
    pub(super) async fn run(self) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut not_before = Instant::now();
        loop {
            looks.tick().await;
            let wanted = self.config.borrow().backup.clone();
            let Some(every) = wanted.every else {
                self.served.backups.well();
                continue;
            };
            if Instant::now() < not_before {
                continue;
            }
            match self.make_if_due(wanted, every).await {
                Ok(made) => {
                    self.served.backups.well();
                    if let Some((path, summary)) = made {
                        let (file, bytes) = (path.display().to_string(), summary.bytes);
                        tracing::info!(file, bytes, items = summary.counts.items, "backup made");
                    }
                }
                Err(error) => {
                    not_before = Instant::now() + RETRY_AFTER;
                    let why = with_causes(&error);
                    if self.served.backups.failed(why.clone()) {
                        tracing::warn!("no backup is made: {why}");
                    }
                }
            }
        }
    }

    async fn make_if_due(
        &self,
        wanted: config::Backup,
        every: Duration,
    ) -> Result<Option<(PathBuf, Summary)>, BackupsError> {
        let stop = StopOnDrop::default();
        let (store, now) = (Arc::clone(&self.store), (self.clock)());
        let stopped = Arc::clone(&stop.0);
        let work = move || -> Result<_, BackupsError> {
            let every = TimeDelta::from_std(every).unwrap_or(TimeDelta::MAX);
            let there = list(&wanted.dir)?;
            if !is_due(&there, every, now) {
                return Ok(None);
            }
            remove_partial(&wanted.dir);
            require_room(&wanted.dir, there.last().map(|(_, path)| path.as_path()))?;
            let path = wanted.dir.join(now.format(NAME).to_string());
            let goes_on = &mut |_: &[u8]| {
                let is_stopped = stopped.load(Ordering::Relaxed);
                if is_stopped { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
            };
            let summary = store.back_up_to(&path, now, goes_on)?;
            remove_oldest(&list(&wanted.dir)?, &path, wanted.keep);
            Ok(Some((path, summary)))
        };
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(BackupsError::Panicked))
    }
}

/// Ends the work of a thread that nobody waits for any more.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns the backups of a directory by their time, oldest first; creates the directory.
fn list(folder: &Path) -> Result<Vec<(Timestamp, PathBuf)>, BackupsError> {
    let failed =
        |what| move |source| BackupsError::Folder { what, folder: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(failed("create"))?;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed("list"))? {
        let path = entry.map_err(failed("list"))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let time = name.and_then(|name| NaiveDateTime::parse_from_str(&name, NAME).ok());
        found.extend(time.map(|time| (time.and_utc(), path)));
    }
    found.sort();
    Ok(found)
}

/// Removes what a kill left behind of ours: the store's lock lets nobody else make one here.
fn remove_partial(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = name
            .strip_suffix(".partial")
            .is_some_and(|name| NaiveDateTime::parse_from_str(name, NAME).is_ok());
        if is_ours {
            // It is in nobody's way but for its size.
            std::fs::remove_file(entry.path()).ok();
        }
    }
}

fn is_due(there: &[(Timestamp, PathBuf)], every: TimeDelta, now: Timestamp) -> bool {
    let newest = there.iter().rev().find(|(time, _)| *time <= now + SKEW);
    newest.is_none_or(|(time, _)| now - *time >= every)
}

/// A backup is about as large as the last one; twice that leaves the store some room.
fn require_room(folder: &Path, last: Option<&Path>) -> Result<(), BackupsError> {
    let size = last.and_then(|last| std::fs::metadata(last).ok()).map_or(0, |file| file.len());
    let needed = size.saturating_mul(2);
    // Where the file system does not tell, a write will.
    let free = free_space(folder).unwrap_or(u64::MAX);
    if free < needed {
        return Err(BackupsError::NoRoom { folder: folder.to_owned(), free, needed });
    }
    Ok(())
}

/// Removes all but the newest, and never the one that was made just now.
fn remove_oldest(there: &[(Timestamp, PathBuf)], made: &Path, keep: usize) {
    let many = there.len().saturating_sub(keep);
    let others = there.iter().filter(|(_, path)| path != made);
    for (_, old) in others.take(many) {
        if let Err(error) = std::fs::remove_file(old) {
            let file = old.display().to_string();
            tracing::warn!(%error, file, "an old backup is not removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_timestamp(1_700_000_000 + hours * 3600, 0).unwrap()
    }

    fn name(hours: i64) -> String {
        at(hours).format(NAME).to_string()
    }

    #[test]
    fn a_backup_is_due_by_the_name_of_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let due = |now| is_due(&list(folder.path()).unwrap(), TimeDelta::hours(24), at(now));
        assert!(due(0), "there is none");
        for file in [name(0), "briefwire-latest.jsonl".to_owned(), name(9) + ".partial"] {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        assert_eq!([1, 23, 24, 99].map(due), [false, false, true, true]);
        // A clock that was set back by years does not end the backups.
        assert!(due(-9000));
    }

    #[test]
    fn the_oldest_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let all = [name(1), name(2), name(3), name(4), "mine.jsonl".to_owned()];
        for file in &all {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        remove_oldest(&list(folder.path()).unwrap(), &folder.path().join(name(4)), 2);
        let there = all.map(|file| folder.path().join(file).exists());
        assert_eq!(there, [false, false, true, true, true]);
        // Made before the others by a clock that was set back.
        remove_oldest(&list(folder.path()).unwrap(), &folder.path().join(name(3)), 1);
        assert!(folder.path().join(name(3)).exists() && !folder.path().join(name(4)).exists());
    }

    #[test]
    fn what_a_kill_left_behind_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let all = [name(1) + ".partial", name(2), "mine.jsonl.partial".to_owned()];
        for file in &all {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        remove_partial(folder.path());
        assert_eq!(all.map(|file| folder.path().join(file).exists()), [false, true, true]);
    }

    #[test]
    fn without_room_none_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let last = folder.path().join(name(0));
        let huge = std::fs::File::create(&last).unwrap();
        huge.set_len(1 << 50).ok();
        if huge.metadata().unwrap().len() == 1 << 50 {
            let said = require_room(folder.path(), Some(&last)).unwrap_err().to_string();
            assert!(said.contains("bytes are free on the disk of"), "{said}");
        }
        require_room(folder.path(), None).unwrap();
    }
}
