//! Everything durable, in sled: keys, records, codecs, indexes, fences, journal.
//!
//! The public face is domain operations (record a poll, put a brief, newest of a channel), not
//! key-value calls, so that another engine can stand behind it. There is one writer: whoever
//! calls [`Store::begin`]. Reading is free for all, and a reader may see a group of changes
//! just before it is durable, never a part of one.
//!
//! What is left out on purpose: deciding anything. The writer in `daemon` decides, this module
//! remembers.

mod changes;
mod codec;
mod fence;
mod guard;
mod journal;
mod keys;
mod noted;
mod read;
mod record;
mod scrub;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::model::{BriefId, SourceId, SourceState, Timestamp};

pub use changes::Changes;
pub use codec::CodecError;
pub use fence::{Lock, control_socket, free_space};
pub use read::{Known, Listed, Look, Ruling, StoredBrief};

use codec::Kind;
use journal::{Act, Journal};
use keys::{SourceKey, Tree};
use noted::Noted;
use record::{MintRecord, SourceRecord};

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
    /// The database contradicts itself, or panicked.
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
            Self::Database(_) => true,
            _ => false,
        }
    }
}

/// What opening found, for the log and the status page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Where a damaged database was moved; `None` where it had opened as an empty one.
    pub put_aside: Option<PathBuf>,
    /// Briefs that came back from the journal.
    pub briefs: usize,
    /// Items whose guid and date came back from the journal.
    pub items: usize,
    /// Lines of the journal that could not be read.
    pub lost: u64,
}

impl std::fmt::Display for Recovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { briefs, items, lost, .. } = self;
        write!(
            f,
            "the database was damaged and has been rebuilt: {briefs} briefs are there; {items} \
             items come back as themselves while their sources list them; {lost} lines of the \
             journal could not be read"
        )
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

/// The open store.
pub struct Store {
    db: sled::Db,
    trees: Vec<sled::Tree>,
    /// DURABILITY: sled's `flush` is `sync_file_range`; this handle is what is really synced.
    database_file: File,
    journal: Mutex<Journal>,
    folder: PathBuf,
    /// Held by whoever opened it, and for as long as it is open.
    _lock: Arc<Lock>,
    names: RwLock<Names>,
    /// States that are written together, within a second.
    noted: Noted,
    /// How it was found to be damaged.
    damage: Mutex<Option<String>>,
    /// Briefs whose changes only the journal had.
    caught_up: Vec<BriefId>,
    /// What opening it found.
    recovery: Option<Recovery>,
    mint: Mint,
}

/// The sources' numbers, both ways.
#[derive(Default)]
struct Names {
    keys: HashMap<SourceId, SourceKey>,
    ids: HashMap<SourceKey, SourceId>,
}

impl Names {
    fn insert(&mut self, id: &SourceId, key: SourceKey) {
        self.keys.insert(id.clone(), key);
        self.ids.insert(key, id.clone());
    }
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
}

impl Store {
    /// Opens the store, and creates or rebuilds it where there is none that can be read.
    ///
    /// [`Recovery`] is given where a damaged database was put aside and a new one was filled
    /// from the journal. `lock` is that of the same directory.
    pub fn open(
        options: &Options<'_>,
        lock: Arc<Lock>,
        now: Timestamp,
    ) -> Result<(Self, Option<Recovery>), StoreError> {
        let opened = guard::guarded(|| {
            let (store, recovery) = Self::open_once(options, Arc::clone(&lock), now)?;
            store.check_if_small()?;
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
        let at = |what: &str| {
            let what = format!("{what} {}", folder.display());
            move |source| StoreError::Io { what, source }
        };
        let opened = fence::open(folder, options.cache, now)?;
        let mut trees = Vec::new();
        for (_, name) in Tree::ALL {
            trees.push(opened.db.open_tree(name)?);
        }
        let journal_path = folder.join("journal.jsonl");
        let mut store = Self {
            db: opened.db,
            trees,
            database_file: File::open(folder.join("db/db")).map_err(at("open the database of"))?,
            journal: Mutex::new(Journal::open(&journal_path).map_err(at("open the journal of"))?),
            folder: folder.to_owned(),
            _lock: lock,
            names: RwLock::new(Names::default()),
            noted: Noted::default(),
            damage: Mutex::default(),
            caught_up: Vec::new(),
            recovery: None,
            mint: Mint { authority: String::new(), date: String::new() },
        };
        // DURABILITY: sled takes some damage (a zeroed or overwritten log) for an empty database
        // and opens it without a word. A journal without a mint beside it tells the two apart.
        let emptied = store.record::<MintRecord>(Tree::Meta, Kind::Meta, MINT)?.is_none()
            && fs::metadata(&journal_path).map_err(at("read the journal of"))?.len() > 0;
        let recovery = if opened.put_aside.is_some() || emptied {
            Some(store.rebuild(&journal_path, opened.put_aside)?)
        } else {
            None
        };
        store.reread_names()?;
        if recovery.is_none() {
            store.catch_up()?;
        }
        store.mint = store.minted(options.authority, now)?;
        fence::trust(folder)?;
        store.recovery.clone_from(&recovery);
        Ok((store, recovery))
    }

    /// Returns what opening it had to mend.
    pub fn recovery(&self) -> Option<&Recovery> {
        self.recovery.as_ref()
    }

    /// Returns authority and date of the guids.
    pub fn mint(&self) -> &Mint {
        &self.mint
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

    /// Returns the bytes of the database on disk.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        Ok(self.db.size_on_disk()?)
    }

    fn tree(&self, tree: Tree) -> &sled::Tree {
        self.trees.get(tree as usize).expect("every tree of `Tree::ALL` was opened, in its order")
    }

    /// Reads the sources' names again, after a group that may have changed them has failed.
    pub fn reread_names(&self) -> Result<(), StoreError> {
        let mut names = Names::default();
        for entry in self.walk(self.tree(Tree::Sources).iter()) {
            let (name, value) = entry?;
            let record: SourceRecord = self.decode(Tree::Sources, Kind::Source, &name, &value)?;
            let id = std::str::from_utf8(&name).ok().and_then(|name| SourceId::new(name).ok());
            if let Some(id) = id {
                names.insert(&id, record.key);
            }
        }
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = names;
        Ok(())
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

    /// Fills an empty database from the journal.
    fn rebuild(&self, journal: &Path, put_aside: Option<PathBuf>) -> Result<Recovery, StoreError> {
        let mut recovery = Recovery { put_aside, ..Recovery::default() };
        let mut acts: Vec<Act> = Vec::new();
        let mut failure = None;
        let lost = journal::replay(journal, |act| {
            acts.push(act);
            if acts.len() >= 1000 && failure.is_none() {
                failure = self.replay(std::mem::take(&mut acts), &mut recovery).err();
            }
        });
        let lost = lost.map_err(|source| StoreError::Io {
            what: format!("read {}", journal.display()),
            source,
        })?;
        if let Some(error) = failure {
            return Err(error);
        }
        self.replay(acts, &mut recovery)?;
        let length = fs::metadata(journal).map_or(0, |meta| meta.len());
        let mut changes = self.begin();
        changes.put_journalled(length);
        changes.commit()?;
        recovery.lost = lost;
        recovery.briefs = self.counts().1;
        Ok(recovery)
    }

    fn replay(&self, acts: Vec<Act>, recovery: &mut Recovery) -> Result<(), StoreError> {
        let mut changes = self.begin();
        for act in acts {
            if matches!(act, Act::Shown { .. }) {
                recovery.items += 1;
            }
            changes.replay(act)?;
        }
        changes.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Brief, BriefOrigin, ItemId, Method, Only, Placement, Story};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    fn open(folder: &Path) -> (Store, Option<Recovery>) {
        let options = Options { folder, cache: 1 << 20, authority: Some("news.example.org") };
        let lock = Lock::take(folder).unwrap();
        lock.announce(None).unwrap();
        Store::open(&options, Arc::new(lock), at(0)).unwrap()
    }

    fn source(name: &str) -> SourceId {
        SourceId::new(name).unwrap()
    }

    fn story(name: &str, guid: &str, seconds: i64) -> Story {
        Story {
            id: ItemId::mint(&source(name), guid),
            source: source(name),
            guid: guid.to_owned(),
            title: format!("Title of {guid}"),
            url: Some(format!("https://example.org/{guid}?utm_source=x")),
            html: "<p>Body</p>".to_owned(),
            lead: None,
            article: None,
            lang: Some("en".to_owned()),
            authors: Vec::new(),
            categories: vec!["news".to_owned()],
            enclosures: Vec::new(),
            thumbnail: None,
            image: None,
            comments: None,
            rights: None,
            duration: Some(61),
            updated: None,
            published: at(seconds),
            first_seen: at(seconds),
            changed: at(seconds),
            content: 7,
            placement: Placement::Shown(at(seconds)),
            brief: None,
            method: Method::None,
            score: 0.25,
            evidence: Vec::new(),
            summary: vec!["Body.".to_owned()],
            key_terms: Vec::new(),
        }
    }

    fn put(store: &Store, stories: &[Story]) {
        let mut changes = store.begin();
        for story in stories {
            changes.put_story(story, at(0)).unwrap();
        }
        changes.commit().unwrap();
    }

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
        assert_eq!(store.tree(Tree::Bodies).len(), 1, "the parts of the longer body are gone");
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
        assert!(changes.rename_source(&source("old"), &source("new")).unwrap());
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
        let put_aside = rebuilds_after(|db| fence::suspect(db.parent().unwrap(), "x").unwrap());
        assert!(put_aside.is_some());
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
        assert_eq!((recovery.briefs, recovery.items, recovery.lost), (1, 1, 0));
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
