//! A database that is opened is held to the journal: which groups of acts it has.
//!
//! A kill between the two leaves the journal one group ahead. More than one is an older state of the
//! database, which sled opens where it cannot read the newer; fewer is a journal that has lost its
//! end.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::changes::{Changes, GROUP};
use super::codec::Kind;
use super::journal::{self, Act, Survey};
use super::keys::{self, Tree};
use super::{Store, StoreError};
use crate::model::BriefId;

impl Store {
    /// Adds to the database the acts that a kill kept from it, or mends a journal that has lost
    /// some; an older state of the database is [`StoreError::Damaged`].
    pub(super) fn catch_up(&self) -> Result<(), StoreError> {
        let path = self.folder.join("journal.jsonl");
        let at = |source| StoreError::Io { what: format!("read {}", path.display()), source };
        let known = self.get(Tree::Meta, GROUP)?.as_deref().and_then(keys::item_of).unwrap_or(0);
        let survey = journal::survey(&path, known).map_err(at)?;
        if survey.groups > 1 {
            let groups = survey.groups;
            let what = format!("the database does not have the journal's last {groups} groups");
            return Err(StoreError::Damaged { what });
        }
        if survey.groups > 0 || survey.has_tail {
            self.bring(&path, &survey, known)?;
        }
        // Last: what it is written anew from has everything by now.
        if survey.unreadable > 0 || survey.last < known {
            self.mend_journal(survey, known)?;
        }
        Ok(())
    }

    /// Brings what stands in the journal alone, and notes which briefs items are to be decided on
    /// for.
    fn bring(&self, path: &Path, survey: &Survey, known: u64) -> Result<(), StoreError> {
        let at = |source| StoreError::Io { what: format!("read {}", path.display()), source };
        let mut acts = Vec::new();
        journal::replay_part(path, (survey.from, u64::MAX), |act| acts.push(act)).map_err(at)?;
        let mut changes = self.begin();
        let mut briefs = Vec::new();
        for act in acts {
            briefs.extend(brief_of(&act));
            match act {
                Act::Renamed { was, id, .. } => changes.replay_rename(&was, &id)?,
                act => changes.replay(act)?,
            }
        }
        changes.put_group(survey.last.max(known));
        let mut undecided = self.undecided()?;
        undecided.briefs.extend(briefs);
        changes.put_undecided(&undecided)?;
        changes.commit()?;
        self.reread_names()
    }

    /// Writes again what the journal has lost and the database knows.
    fn mend_journal(&self, survey: Survey, known: u64) -> Result<(), StoreError> {
        let (lines, groups) = (survey.unreadable, known.saturating_sub(survey.last));
        tracing::error!(
            lines,
            groups,
            "the journal was damaged: {lines} of its lines cannot be read and {groups} groups are \
             missing; it is written anew from the database, which has what they said"
        );
        self.write_journal_anew(known.max(survey.last))
    }

    /// Returns what has come into the store without a decision on items.
    pub fn undecided(&self) -> Result<Undecided, StoreError> {
        let record = self.record::<UndecidedRecord>(Tree::Meta, Kind::Meta, UNDECIDED)?;
        let Some(UndecidedRecord { briefs, all }) = record else {
            return Ok(Undecided::default());
        };
        let briefs = briefs.into_iter().filter_map(|id| BriefId::new(id).ok()).collect();
        Ok(Undecided { briefs, all })
    }
}

impl Changes<'_> {
    /// Notes what items have to be decided on for, until [`Changes::decided`].
    pub(super) fn put_undecided(&mut self, undecided: &Undecided) -> Result<(), StoreError> {
        let briefs = undecided.briefs.iter().map(ToString::to_string).collect();
        let record = UndecidedRecord { briefs, all: undecided.all };
        self.seal(Tree::Meta, Kind::Meta, UNDECIDED, &record)
    }

    /// Items have been decided on.
    pub fn decided(&mut self) -> Result<(), StoreError> {
        self.remove(Tree::Meta, Kind::Meta, UNDECIDED)
    }
}

/// What has come into the store without a decision on items; it stands until that is made, since
/// a kill may come in between.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undecided {
    /// Briefs whose changes only the journal had.
    pub briefs: BTreeSet<BriefId>,
    /// Whether the store was rebuilt: any item may be older than its brief.
    pub all: bool,
}

/// Where that stands in `meta`.
const UNDECIDED: &[u8] = b"undecided";

#[derive(Serialize, Deserialize)]
struct UndecidedRecord {
    briefs: Vec<String>,
    all: bool,
}

fn brief_of(act: &Act) -> Option<BriefId> {
    let id = match act {
        Act::Put { brief, .. } => brief.id.as_str(),
        Act::Removed { brief, .. } | Act::Ruled { brief, .. } => brief,
        _ => return None,
    };
    BriefId::new(id).ok()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::PathBuf;

    use super::*;
    use crate::model::{Brief, BriefOrigin};
    use crate::store::testing::{at, open, put, story};

    /// Stores these briefs, each in a group of its own.
    fn put_briefs(folder: &Path, names: &[&str]) {
        let (store, _) = open(folder);
        for name in names {
            let brief = Brief::new(BriefId::new(*name).unwrap(), "Title", "Summary.");
            let mut changes = store.begin();
            changes.put_brief(&brief, &BriefOrigin::Api, at(5)).unwrap();
            changes.commit().unwrap();
        }
    }

    fn briefs(store: &Store) -> Vec<String> {
        store.briefs().map(|stored| stored.unwrap().brief.id.to_string()).collect()
    }

    /// Puts the database away, and back in the place of a later one.
    struct Earlier(PathBuf);

    impl Earlier {
        fn keep(folder: &Path) -> Self {
            let kept = folder.join("kept");
            fs::create_dir(&kept).unwrap();
            for entry in fs::read_dir(folder.join("db")).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    fs::copy(&path, kept.join(path.file_name().unwrap())).unwrap();
                }
            }
            Self(kept)
        }

        fn put_back(self, folder: &Path) {
            fs::remove_dir_all(folder.join("db")).unwrap();
            fs::rename(self.0, folder.join("db")).unwrap();
        }
    }

    #[test]
    fn what_a_kill_kept_from_the_database_is_brought_from_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        put_briefs(folder.path(), &["a"]);
        let earlier = Earlier::keep(folder.path());
        put_briefs(folder.path(), &["b"]);
        earlier.put_back(folder.path());
        let (store, recovery) = open(folder.path());
        assert_eq!(recovery, None, "that is no damage");
        assert_eq!(briefs(&store), ["a", "b"]);
        let undecided = store.undecided().unwrap();
        assert_eq!(undecided.briefs, BTreeSet::from([BriefId::new("b").unwrap()]));
        drop(store);
        let (store, _) = open(folder.path());
        assert_eq!(store.undecided().unwrap(), undecided, "until it is decided");
        let mut changes = store.begin();
        changes.decided().unwrap();
        changes.commit().unwrap();
        assert_eq!(store.undecided().unwrap(), Undecided::default());
    }

    #[test]
    fn a_kill_and_a_damaged_journal_together_lose_nothing_either() {
        let folder = tempfile::tempdir().unwrap();
        put_briefs(folder.path(), &["a"]);
        let earlier = Earlier::keep(folder.path());
        put_briefs(folder.path(), &["b"]);
        earlier.put_back(folder.path());
        let path = folder.path().join("journal.jsonl");
        let text = fs::read_to_string(&path).unwrap().replacen("Summary.", "Summary!", 1);
        fs::write(&path, text).unwrap();
        let (store, recovery) = open(folder.path());
        assert_eq!((recovery, briefs(&store)), (None, vec!["a".to_owned(), "b".to_owned()]));
        drop(store);
        let expected = journal::survey(&path, u64::MAX).unwrap();
        assert_eq!(expected.unreadable, 0, "it is whole again");
        let (store, _) = open(folder.path());
        let group = store.get(Tree::Meta, GROUP).unwrap().as_deref().and_then(keys::item_of);
        assert_eq!(group, Some(expected.last), "both count alike");
    }

    #[test]
    fn an_older_state_of_the_database_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        put_briefs(folder.path(), &["a"]);
        let earlier = Earlier::keep(folder.path());
        put_briefs(folder.path(), &["b", "c"]);
        earlier.put_back(folder.path());
        let (store, recovery) = open(folder.path());
        assert_eq!(recovery.unwrap().briefs, 3);
        assert_eq!(briefs(&store), ["a", "b", "c"]);
    }

    #[test]
    fn a_journal_that_has_lost_lines_gets_them_from_the_database() {
        for damage in ["cut", "removed", "garbled"] {
            let folder = tempfile::tempdir().unwrap();
            put_briefs(folder.path(), &["a", "b", "c"]);
            let (store, _) = open(folder.path());
            put(&store, &[story("a", "1", 1)]);
            drop(store);
            let path = folder.path().join("journal.jsonl");
            let bytes = fs::read(&path).unwrap();
            match damage {
                "cut" => File::options().write(true).open(&path).unwrap().set_len(400).unwrap(),
                "removed" => fs::remove_file(&path).unwrap(),
                _ => {
                    let text = String::from_utf8(bytes).unwrap().replace("Summary.", "Summary!");
                    fs::write(&path, text).unwrap();
                }
            }
            let (store, recovery) = open(folder.path());
            assert_eq!(recovery, None, "{damage}: the database is whole");
            assert_eq!(briefs(&store), ["a", "b", "c"]);
            drop(store);
            fs::remove_dir_all(folder.path().join("db")).unwrap();
            let (store, recovery) = open(folder.path());
            let recovery = recovery.unwrap();
            assert_eq!((recovery.lost, recovery.items), (0, 1), "{damage}");
            assert_eq!(briefs(&store), ["a", "b", "c"], "{damage}");
        }
    }
}
