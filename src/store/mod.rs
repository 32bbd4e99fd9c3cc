//! Everything durable, in sled: keys, records, codecs, indexes, fences, journal.
//!
//! The public face is domain operations (record a poll, put a brief, newest of a channel), not
//! key-value calls, so that another engine can stand behind it. There is one writer: whoever
//! calls [`Store::begin`]. Reading is free for all, and a reader may see a group of changes
//! just before it is durable, never a part of one.
//!
//! What is left out on purpose: deciding anything. The writer in `daemon` decides, this module
//! remembers.

mod addresses;
mod archive;
mod backup;
mod catching;
mod changes;
mod check;
mod codec;
mod compact;
mod counts;
mod fence;
mod guard;
mod history;
mod intake;
mod items;
mod journal;
mod keys;
mod names;
mod noted;
mod portable;
mod read;
mod rebuild;
mod record;
mod renames;
mod restore;
mod retention;
mod salvage;
mod scan;
mod schema;
mod sources;
mod switch;
#[cfg(test)]
pub(crate) mod testing;
mod touched;
mod wear;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::model::{SourceId, SourceState, Timestamp};

pub use archive::{BackupError, Summary, created, verify};
pub use backup::{ArchiveError, Counts, Unfinished};
pub use catching::Undecided;
pub use changes::Changes;
pub use check::{Checked, Damage};
pub use codec::CodecError;
pub use compact::{Compacted, compact};
pub use fence::{Lock, control_socket, free_space};
pub use history::EarlierVersion;
pub use read::{Finished, Known, Listed, Look, MAX_LOOKED_AT, Ruling, StoredBrief};
pub use rebuild::Recovery;
pub use restore::{RestoreError, Restored, restore};
pub use retention::{Kept, Retired};

use codec::Kind;
use counts::Current;
use journal::Journal;
use keys::Tree;
use names::Names;
use noted::Noted;
use record::MintRecord;
use scan::Scan;
use touched::Noting;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("the store in {} is in use by process {pid}", folder.display())]
    InUse {
        /// The store's directory.
        folder: PathBuf,
        /// Who has it.
        pid: String,
    },
    /// The disk or the file system refused.
    #[error("cannot {what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it did not work.
        #[source]
        source: io::Error,
    },
    /// One record cannot be read.
    #[error("the record `{key}` of {tree} {source}")]
    Record {
        /// Which tree.
        tree: &'static str,
        /// Which key, in hexadecimal.
        key: String,
        /// What is wrong with it.
        #[source]
        source: CodecError,
    },
    /// The database itself failed.
    #[error("the database failed")]
    Database(#[from] sled::Error),
    /// The database is not what was written, or panicked.
    #[error("{what}")]
    Damaged {
        /// What was found.
        what: String,
    },
    /// The disk is nearly full; nothing was written.
    #[error("{free} bytes are free on the disk of {}; below {least} nothing is stored", folder.display())]
    Full {
        /// The store's directory.
        folder: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that must be.
        least: u64,
    },
    /// A later version wrote it.
    #[error(
        "the store in {} was written by a later version of briefwire (schema {found}, this one \
         reads up to {known}): use that version, or restore a backup of an earlier one into \
         another directory",
        folder.display()
    )]
    Newer {
        /// The store's directory.
        folder: PathBuf,
        /// The schema that was found.
        found: u32,
        /// The last one that this version reads.
        known: u8,
    },
    /// A version from before the first release wrote it.
    #[error(
        "the store in {} was written by a version before 0.1: move its `db` away, and briefs, pins \
         and guids come back from the journal",
        folder.display()
    )]
    Unnumbered {
        /// The store's directory.
        folder: PathBuf,
    },
    /// Only one backup is made at a time.
    #[error("a backup is being made already; try again when it is done")]
    Busy,
    /// Not even an empty database opens.
    #[error("no database can be opened in {}: {why}", folder.display())]
    Unusable {
        /// The database's directory.
        folder: PathBuf,
        /// What the database said.
        why: String,
    },
}

impl StoreError {
    /// Returns whether the store may do it later, when there is room on the disk again.
    pub fn is_transient(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match self {
            Self::Io { source, .. } | Self::Database(sled::Error::Io(source)) => {
                matches!(source.kind(), StorageFull | ReadOnlyFilesystem | QuotaExceeded)
            }
            Self::Full { .. } => true,
            _ => false,
        }
    }

    /// Returns whether the database takes nothing more until it is opened anew.
    pub fn is_broken(&self) -> bool {
        // sled remembers its first error and answers everything with it from then on.
        matches!(self, Self::Database(_)) || self.is_damage()
    }

    /// Returns whether the database is damaged, so that it has to be rebuilt.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Record { source, .. } => matches!(source, CodecError::Damaged(_)),
            Self::Database(sled::Error::Io(source)) => {
                source.kind() == io::ErrorKind::UnexpectedEof
            }
            Self::Database(_) | Self::Damaged { .. } => true,
            _ => false,
        }
    }
}

/// Authority and date of every guid of this store; minted once, never derived again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mint {
    /// `public_url`'s host, else a random label under `.invalid`.
    pub authority: String,
    /// The day of the store's creation.
    pub date: String,
}

/// Where the mint stands in `meta`.
const MINT: &[u8] = b"mint";
/// Where the number of the newest item stands in `meta`.
const NEXT_ITEM: &[u8] = b"next_item";

/// A database up to this size is read whole when it is opened.
const SMALL: u64 = 64 << 20;

/// The open store.
pub struct Store {
    db: sled::Db,
    trees: Vec<sled::Tree>,
    /// DURABILITY: sled's `flush` is `sync_file_range`; this handle is what is really synced.
    database_file: File,
    journal: Mutex<Journal>,
    /// Held while a group is committed: whoever has it sees no part of one.
    commits: Mutex<()>,
    folder: PathBuf,
    /// Held by whoever opened it, and for as long as it is open.
    lock: Arc<Lock>,
    names: RwLock<Names>,
    /// States that are written together, within a second.
    noted: Noted,
    counts: Current,
    /// Held while a group of changes appears.
    noting: Noting,
    /// What is read to see whether everything is there.
    scan: Mutex<Option<Scan>>,
    /// How it was found to be damaged.
    damage: Mutex<Option<String>>,
    mint: Mint,
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options<'o> {
    /// Its directory; created if it is not there.
    pub folder: &'o Path,
    /// The database's cache, in bytes.
    pub cache: u64,
    /// The authority of the guids of a store that is created now.
    pub authority: Option<&'o str>,
    /// Where backups lie that a damaged store is rebuilt from.
    pub backups: Option<&'o Path>,
}

impl Store {
    /// Opens the store, and creates or rebuilds it where there is none that can be read.
    ///
    /// [`Recovery`] is given where a damaged database was put aside and a new one was filled from
    /// a backup, from what could be read of it, and from the journal. `lock` is that of the same directory.
    pub fn open(
        options: &Options<'_>,
        lock: Arc<Lock>,
        now: Timestamp,
    ) -> Result<(Self, Option<Recovery>), StoreError> {
        let opened = guard::guarded(|| {
            let (store, recovery) = Self::open_once(options, Arc::clone(&lock), now)?;
            store.verify_if_small()?;
            Ok((store, recovery))
        });
        match opened.map_err(|error| guard::unless_full(options.folder, error)) {
            Err(error) if error.is_damage() => {
                if !fence::is_suspect(options.folder) {
                    guard::mark(options.folder, &error);
                }
                guard::guarded(|| Self::open_once(options, lock, now))
            }
            opened => opened,
        }
    }

    fn open_once(
        options: &Options<'_>,
        lock: Arc<Lock>,
        now: Timestamp,
    ) -> Result<(Self, Option<Recovery>), StoreError> {
        let folder = options.folder;
        schema::check(folder)?;
        let was_switched = switch::finish(folder)?;
        let opened = fence::open(folder, options.cache, now)?;
        let mut store = Self::around(opened.db, &folder.join("db"), folder, lock)?;
        store.reread_counts()?;
        store.settle_schema()?;
        // DURABILITY: sled takes some damage (a zeroed or overwritten log) for an empty database
        // and opens it without a word. A journal without a mint beside it tells the two apart.
        let emptied = store.record::<MintRecord>(Tree::Meta, Kind::Meta, MINT)?.is_none()
            && fs::metadata(folder.join("journal.jsonl")).is_ok_and(|journal| journal.len() > 0);
        let unfinished = store.unfinished_rebuild()?;
        let recovery = if opened.put_aside.is_some() || emptied || unfinished.is_some() {
            let aside = opened.put_aside.or(unfinished.and_then(|rebuilding| rebuilding.aside));
            Some(store.rebuild(options, aside, now)?)
        } else {
            None
        };
        store.reread_names()?;
        if recovery.is_none() {
            store.catch_up()?;
        }
        store.settle_addresses()?;
        store.mint = store.minted(options.authority, now)?;
        fence::trust(folder)?;
        let tidied = match recovery {
            Some(_) => switch::tidy(folder),
            None if was_switched => Ok(()),
            None => switch::forget_uncompacted(folder),
        };
        if let Err(error) = tidied {
            tracing::warn!(%error, "old databases are not removed");
        }
        Ok((store, recovery))
    }

    /// Reads a small database whole before it is used; a larger one is read beside its use.
    fn verify_if_small(&self) -> Result<(), StoreError> {
        if self.database_file.metadata().map_or(0, |file| file.len()) <= SMALL {
            self.verify(&mut || true)?;
        }
        Ok(())
    }

    /// Returns a store around an open database, without sources' names and mint.
    fn around(
        db: sled::Db,
        database: &Path,
        folder: &Path,
        lock: Arc<Lock>,
    ) -> Result<Self, StoreError> {
        let at = |what: &str| {
            let what = format!("{what} {}", folder.display());
            move |source| StoreError::Io { what, source }
        };
        let mut trees = Vec::new();
        for (_, name) in Tree::ALL {
            trees.push(db.open_tree(name)?);
        }
        let journal = Journal::open(&folder.join("journal.jsonl"));
        Ok(Self {
            db,
            trees,
            database_file: File::open(database.join("db")).map_err(at("open the database of"))?,
            journal: Mutex::new(journal.map_err(at("open the journal of"))?),
            commits: Mutex::default(),
            folder: folder.to_owned(),
            lock,
            names: RwLock::new(Names::default()),
            noted: Noted::default(),
            counts: Current::default(),
            noting: Noting::default(),
            scan: Mutex::default(),
            damage: Mutex::default(),
            mint: Mint { authority: String::new(), date: String::new() },
        })
    }

    /// Returns authority and date of the guids.
    pub fn mint(&self) -> &Mint {
        &self.mint
    }

    /// Returns whether what could not be written to the journal could be now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] with why not.
    pub fn retry_journal(&self) -> Result<(), StoreError> {
        self.with_journal(Journal::retry)
    }

    /// Writes to the journal.
    fn with_journal<T>(
        &self,
        write: impl FnOnce(&mut Journal) -> io::Result<T>,
    ) -> Result<T, StoreError> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        write(&mut journal)
            .map_err(|source| StoreError::Io { what: "write the journal".to_owned(), source })
    }

    /// Fails with [`StoreError::Full`] where less than `least` bytes are free on the disk.
    ///
    /// DURABILITY: asked before every group, so that sled never meets a full disk: its first
    /// error is its last word until it is opened anew.
    pub fn require_space(&self, least: u64) -> Result<(), StoreError> {
        // Where the file system does not tell, a write will.
        let free = free_space(&self.folder).unwrap_or(u64::MAX);
        if free < least {
            return Err(StoreError::Full { folder: self.folder.clone(), free, least });
        }
        Ok(())
    }

    /// Begins a group of changes. There is one writer.
    pub fn begin(&self) -> Changes<'_> {
        Changes::new(self)
    }

    /// Keeps the state of a source whose poll brought no news, to be written with others by
    /// [`Changes::put_noted`]; [`Store::state`] returns it from now on. A kill loses it.
    pub fn note_state(&self, id: &SourceId, state: SourceState) {
        self.noted.set(id, state);
    }

    fn forget_noted(&self, id: &SourceId) {
        self.noted.take(id);
    }

    /// Returns the bytes of the database on disk.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        Ok(self.db.size_on_disk()?)
    }

    fn tree(&self, tree: Tree) -> &sled::Tree {
        self.trees.get(tree as usize).expect("every tree of `Tree::ALL` was opened, in its order")
    }

    /// Reads the mint, or makes it.
    fn minted(&self, authority: Option<&str>, now: Timestamp) -> Result<Mint, StoreError> {
        if let Some(record) = self.record::<MintRecord>(Tree::Meta, Kind::Meta, MINT)? {
            return Ok(Mint { authority: record.authority, date: record.date });
        }
        // Uniqueness, not secrecy, is what the label is for: two stores must not share it.
        let chance = std::hash::BuildHasher::hash_one(
            &std::collections::hash_map::RandomState::new(),
            now.timestamp_nanos_opt(),
        );
        let authority = authority.map_or_else(|| format!("{chance:016x}.invalid"), str::to_owned);
        let record = MintRecord { authority, date: now.format("%Y-%m-%d").to_string() };
        let mut changes = self.begin();
        changes.put_mint(&record);
        changes.commit()?;
        Ok(Mint { authority: record.authority, date: record.date })
    }
}

#[cfg(test)]
mod copies;

#[cfg(test)]
mod rebuilding;

#[cfg(test)]
mod tests {
    use super::testing::{at, open, put, source, story};
    use super::*;
    use crate::model::{Address, Brief, BriefId, BriefOrigin, Only, Placement, Story};

    fn newest(store: &Store, sources: Option<&[SourceId]>, limit: usize) -> Vec<String> {
        let listed = Listed { sources, only: Only::Any, shown: true, limit };
        store.newest(&listed).unwrap().into_iter().map(|story| story.guid).collect()
    }

    #[test]
    fn a_story_comes_back_whole_after_a_reopen() {
        let folder = tempfile::tempdir().unwrap();
        let mut long = story("a", "1", 0);
        long.html =
            (0..40_000).map(|n| (n * 7919 % 10_007).to_string()).collect::<Vec<_>>().join(" ");
        let (store, recovery) = open(folder.path());
        assert_eq!(recovery, None);
        put(&store, &[long.clone()]);
        drop(store);
        let (store, _) = open(folder.path());
        assert_eq!(store.story(long.id).unwrap(), Some(long.clone()));
        let known = store.known(&source("a"), "1").unwrap().unwrap();
        assert_eq!(known.story.as_deref(), Some(&long));
        long.html = "<p>Short now</p>".to_owned();
        put(&store, &[long.clone()]);
        assert_eq!(store.story(long.id).unwrap(), Some(long));
        assert_eq!(store.tree(Tree::Parts).len(), 0, "the parts of the longer body are gone");
    }

    #[test]
    fn the_newest_of_some_sources_are_merged_by_time() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        let mut held = story("a", "held", 9);
        held.placement = Placement::Held;
        put(
            &store,
            &[story("a", "1", 1), story("b", "2", 2), story("a", "3", 3), story("c", "4", 4), held],
        );
        assert_eq!(newest(&store, None, 10), ["4", "3", "2", "1"]);
        let two = [source("a"), source("b"), source("a"), source("nobody")];
        assert_eq!(newest(&store, Some(&two), 10), ["3", "2", "1"]);
        assert_eq!(newest(&store, Some(&two), 2), ["3", "2"]);
    }

    #[test]
    fn the_newest_that_are_accepted_are_sought_further_down() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        let stories: Vec<Story> = (1..=9).map(|n| story("a", &n.to_string(), n)).collect();
        put(&store, &stories);
        let sources = [source("a")];
        for sources in [None, Some(sources.as_slice())] {
            let listed = Listed { sources, only: Only::Any, shown: true, limit: 2 };
            let asked = std::cell::Cell::new(0);
            let accept = |story: &Story| {
                asked.set(asked.get() + 1);
                matches!(story.guid.as_str(), "7" | "4" | "2")
            };
            let found = store.newest_accepted(&listed, &accept).unwrap();
            assert_eq!(found.iter().map(|s| s.guid.as_str()).collect::<Vec<_>>(), ["7", "4"]);
            assert_eq!(asked.get(), 6, "no further than it must");
        }
    }

    #[test]
    fn an_item_is_found_by_its_address_and_by_its_brief() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        let brief = BriefId::new("b-1").unwrap();
        let mut one = story("a", "1", 1);
        one.brief = Some(brief.clone());
        put(&store, &[one.clone(), story("a", "2", 2)]);
        let url = crate::model::CanonicalUrl::parse("http://www.example.org/1/").unwrap();
        assert_eq!(store.stories_at(&url, 9).unwrap(), [one.clone()]);
        assert_eq!(store.stories_with(&brief, 9).unwrap(), [one.clone()]);
        one.brief = None;
        put(&store, &[one]);
        assert_eq!(store.stories_with(&brief, 9).unwrap(), []);
    }

    #[test]
    fn a_renamed_source_keeps_its_items_and_its_state() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        put(&store, &[story("old", "1", 1)]);
        let mut changes = store.begin();
        let address = Address::File(PathBuf::from("x"));
        changes.put_state(&source("old"), &SourceState::new(&address, at(0))).unwrap();
        changes.commit().unwrap();
        let mut changes = store.begin();
        assert!(changes.rename_source(&source("old"), &source("new"), at(1)).unwrap());
        changes.commit().unwrap();
        assert_eq!(newest(&store, Some(&[source("new")]), 9), ["1"]);
        assert_eq!(newest(&store, Some(&[source("old")]), 9), [""; 0]);
        assert!(store.state(&source("new")).unwrap().is_some());
        let known = store.known(&source("new"), "1").unwrap().unwrap();
        assert_eq!(known.id, story("old", "1", 1).id, "the guid does not change");
    }

    #[test]
    fn a_second_process_is_told_who_holds_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let (_store, _) = open(folder.path());
        let refused = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(
            refused.ends_with(&format!("in use by process {}", std::process::id())),
            "{refused}"
        );
    }

    #[test]
    fn a_database_that_was_found_to_be_damaged_is_not_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        put(&store, &[story("a", "1", 1)]);
        drop(store);
        fence::suspect(folder.path(), "a test says so").unwrap();
        let (store, recovery) = open(folder.path());
        let recovery = recovery.unwrap();
        assert!(recovery.put_aside.unwrap().is_dir());
        assert_eq!(recovery.whole, 1, "what can be read of it is kept");
        assert!(store.verify(&mut || true).unwrap());
        drop(store);
        let (_store, recovery) = open(folder.path());
        assert_eq!(recovery, None, "the one in its place is trusted");
    }

    #[test]
    fn settings_of_the_database_that_are_damaged_cost_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        put(&store, &[story("a", "1", 1)]);
        drop(store);
        fs::write(folder.path().join("db/conf"), b"use_compression: true\n").unwrap();
        let (store, recovery) = open(folder.path());
        assert_eq!((store.counts().0, recovery), (1, None));
    }

    #[test]
    fn a_database_that_sled_takes_for_an_empty_one_is_rebuilt() {
        let put_aside = rebuilds_after(|db| fs::write(db.join("db"), vec![0; 100_000]).unwrap());
        assert_eq!(put_aside, None);
    }

    /// Fills a store, damages its database, opens it again, and checks what the journal gives.
    fn rebuilds_after(damage: impl FnOnce(&Path)) -> Option<PathBuf> {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        put(&store, &[story("a", "1", 1)]);
        let brief = Brief::new(BriefId::new("b-1").unwrap(), "Title", "Summary.");
        let mut changes = store.begin();
        changes.put_brief(&brief, &BriefOrigin::Api, at(5)).unwrap();
        changes.rule(story("a", "1", 1).id, &brief.id, Some(true), at(6));
        changes.commit().unwrap();
        let mint = store.mint().clone();
        drop(store);
        for snapshot in fence::snapshots(&folder.path().join("db")).unwrap() {
            fs::remove_file(snapshot).unwrap();
        }
        damage(&folder.path().join("db"));

        let (store, recovery) = open(folder.path());
        let recovery = recovery.unwrap();
        assert_eq!((recovery.briefs, recovery.items + recovery.whole, recovery.lost), (1, 1, 0));
        assert_eq!(*store.mint(), mint, "guids keep their authority and date");
        assert_eq!(store.brief(&brief.id).unwrap().unwrap().brief, brief);
        assert_eq!(store.rulings().unwrap().len(), 1);
        let known = store.known(&source("a"), "1").unwrap().unwrap();
        assert_eq!((known.id, known.published), (story("a", "1", 1).id, at(1)));
        assert_eq!(known.story, None);
        recovery.put_aside.filter(|path| path.is_dir())
    }

    #[test]
    fn what_a_kill_leaves_behind_does_not_keep_the_store_shut() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()));
        fs::write(folder.path().join("db/snap.0000000000000001.generating"), b"x").unwrap();
        let (_store, recovery) = open(folder.path());
        assert_eq!(recovery, None);
    }

    #[test]
    fn a_story_keeps_who_told_it_first_and_who_joined() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        let (mut first, mut late) = (story("a", "1", 1), story("b", "2", 2));
        assert!(first.admit(&mut late));
        put(&store, &[first.clone(), late.clone()]);
        drop(store);
        let (store, _) = open(folder.path());
        assert_eq!(store.story(first.id).unwrap(), Some(first));
        assert_eq!(store.story(late.id).unwrap(), Some(late));
    }

    #[test]
    fn no_value_reaches_the_blobs_that_nothing_syncs() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        for round in 0..3_u64 {
            for n in 0..20_u64 {
                let mut big = story("a", &n.to_string(), 1);
                let mut seed = round * 1000 + n + 1;
                let noise = std::iter::repeat_with(|| {
                    seed ^= seed << 13;
                    seed ^= seed >> 7;
                    seed ^= seed << 17;
                    char::from(b' ' + u8::try_from(seed % 95).unwrap())
                });
                big.html = noise.take(256 * 1024).collect();
                put(&store, &[big]);
            }
        }
        let blobs = fs::read_dir(folder.path().join("db/blobs")).unwrap().count();
        assert_eq!(blobs, 0);
    }
}
