//! Tests: what a damaged store comes back with, and what a check says of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::codec::Kind;
use super::copies::{back_up, brief_id, commit, item, lines, name_at};
use super::intake::Wins;
use super::portable::Portable;
use super::rebuild::{REBUILDING, RebuildingRecord};
use super::salvage::salvage;
use super::testing::{at, put, story};
use super::*;

fn open(folder: &Path) -> (Store, Option<Recovery>) {
    open_at(folder, at(0))
}

fn open_at(folder: &Path, now: Timestamp) -> (Store, Option<Recovery>) {
    let backups = folder.join("backups");
    let options =
        Options { folder, cache: 1 << 20, authority: None, backups: Some(backups.as_path()) };
    Store::open(&options, Arc::new(Lock::take(folder).unwrap()), now).unwrap()
}

fn filled(folder: &Path, groups: usize) -> Store {
    let (store, _) = open(folder);
    (1..=groups).for_each(|n| commit(&store, n));
    store
}

/// Backs up under a name that a rebuild looks for.
fn keep(store: &Store, folder: &Path, name: &str) -> PathBuf {
    fs::create_dir_all(folder.join("backups")).unwrap();
    let path = folder.join(format!("backups/briefwire-{name}.jsonl"));
    back_up(store, &path);
    path
}

#[test]
fn a_lost_database_comes_back_from_the_newest_whole_backup_and_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), 10);
    let good = keep(&store, folder.path(), "20261101T000000Z");
    (11..=12).for_each(|n| commit(&store, n));
    let mut changes = store.begin();
    changes.remove_brief(&brief_id(3), at(99)).unwrap();
    changes.rule(item(4, 7).id, &brief_id(4), None, at(99));
    changes.commit().unwrap();
    let broken = keep(&store, folder.path(), "20261102T000000Z");
    let text = fs::read_to_string(&broken).unwrap();
    fs::write(&broken, text.get(..text.len() - 9).unwrap()).unwrap();
    let (mint, briefs) =
        (store.mint().clone(), store.briefs().map(Result::unwrap).collect::<Vec<_>>());
    let rulings = store.rulings().unwrap();
    drop(store);
    fs::remove_dir_all(folder.path().join("db")).unwrap();

    let (store, recovery) = open(folder.path());
    let recovery = recovery.unwrap();
    assert_eq!(recovery.backup, Some(good), "the newer one is not whole");
    assert_eq!((recovery.whole, recovery.items, recovery.lost), (10, 2, 0), "{recovery:?}");
    assert_eq!(*store.mint(), mint);
    assert_eq!(store.briefs().map(Result::unwrap).collect::<Vec<_>>(), briefs);
    assert_eq!(store.rulings().unwrap(), rulings, "the journal has the last word");
    let known = store.known(&name_at(12), "12").unwrap().unwrap();
    assert_eq!((known.id, known.story), (item(12, 12).id, None));
    assert_eq!(store.check().damaged, 0, "{:?}", store.check());
    drop(store);
    let (_, recovery) = open(folder.path());
    assert_eq!(recovery, None, "once");
}

#[test]
fn what_a_damaged_database_still_gives_wins_where_it_is_newer() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), 10);
    keep(&store, folder.path(), "20261101T000000Z");
    (11..=19).for_each(|n| commit(&store, n));
    let all = lines(&store);
    let mint = store.record(Tree::Meta, Kind::Meta, MINT).unwrap().unwrap();
    drop(store);
    let aside = folder.path().join("db.corrupt-20261103T000000Z");
    fs::rename(folder.path().join("db"), &aside).unwrap();
    // As a kill in the middle of the rebuild leaves it.
    {
        let opened = fence::open(folder.path(), 1 << 20, at(0)).unwrap();
        let lock = Arc::new(Lock::take(folder.path()).unwrap());
        let store =
            Store::around(opened.db, &folder.path().join("db"), folder.path(), lock).unwrap();
        let mut changes = store.begin();
        let rebuilding = RebuildingRecord { aside: Some(aside.clone()) };
        changes.seal(Tree::Meta, Kind::Meta, REBUILDING, &rebuilding).unwrap();
        // It looks like a whole store but for that.
        changes.take_in(Portable::Mint(mint), Wins::Newer).unwrap();
        changes.commit().unwrap();
    }
    let (store, recovery) = open(folder.path());
    let recovery = recovery.unwrap();
    assert_eq!(recovery.put_aside, Some(aside));
    assert_eq!((recovery.whole, recovery.items, recovery.lost), (19, 0, 0), "{recovery:?}");
    assert_eq!(lines(&store), all);
    assert_eq!(store.check().damaged, 0);
}

#[test]
fn a_rebuild_is_told_for_a_week() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path(), 3));
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    let (store, recovery) = open(folder.path());
    let words = recovery.unwrap().words();
    assert!(words.starts_with("0 items whole, 3 by guid and date, 3 briefs, "), "{words}");
    let told = |days: i64| store.rebuilt(at(days * 86_400 - 1)).unwrap();
    let expected = format!("rebuilt 2023-11-14T22:13:20Z: {words}");
    assert_eq!((told(1), told(7)), (Some(expected.clone()), Some(expected)));
    assert_eq!(store.rebuilt(at(7 * 86_400)).unwrap(), None);
}

#[test]
fn damage_anywhere_in_a_database_costs_what_it_hit_and_no_more_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), 40);
    let all: BTreeSet<String> = lines(&store).into_iter().collect();
    drop(store);
    let whole = fs::read(folder.path().join("db/db")).unwrap();
    let mut most = 0;
    for round in 0..12 {
        let damaged = folder.path().join(format!("damaged-{round}"));
        copy(&folder.path().join("db"), &damaged);
        let mut bytes = whole.clone();
        let at = bytes.len() / 12 * round + 100;
        bytes[at..at + 64].fill(0xA5);
        fs::write(damaged.join("db"), bytes).unwrap();
        let lock = Arc::new(Lock::take(&damaged).unwrap());
        let mut found = BTreeSet::new();
        let salvaged = salvage(&damaged, 1 << 20, lock, &mut |portable| {
            found.insert(serde_json::to_string(&portable).unwrap());
            Ok(())
        });
        let salvaged = salvaged.unwrap();
        most = most.max(salvaged.read);
        assert_eq!(salvaged.read, found.len() as u64, "nothing is given twice");
        println!("round {round}: {salvaged:?} of {}", all.len());
    }
    assert!(most > 0, "something was read");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

#[test]
fn a_check_finds_each_kind_of_damage() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), 5);
    assert_eq!(store.check().damaged, 0, "{:?}", store.check());
    let check = |tree: Tree, damage: &dyn Fn(&sled::Tree, &[u8]), expected: &str| {
        let inner = store.tree(tree);
        let (key, value) = inner.first().unwrap().unwrap();
        damage(inner, &key);
        let told: Vec<String> = store.check().damages.into_iter().map(|d| d.what).collect();
        assert!(told.iter().any(|what| what == expected), "{expected}: {told:?}");
        inner.insert(key, value).unwrap();
        assert_eq!(store.check().damaged, 0);
    };
    let gone: &dyn Fn(&sled::Tree, &[u8]) = &|tree, key| drop(tree.remove(key).unwrap());
    let garbled: &dyn Fn(&sled::Tree, &[u8]) = &|tree, key| {
        let mut value = tree.get(key).unwrap().unwrap().to_vec();
        *value.last_mut().unwrap() ^= 1;
        tree.insert(key, value).unwrap();
    };
    for tree in [Tree::Items, Tree::Sources, Tree::Briefs, Tree::Guids] {
        check(tree, garbled, "is damaged (its checksum is wrong)");
    }
    check(Tree::Items, gone, "it leads to no item");
    check(Tree::Items, gone, "it leads to no item of this id");
    check(Tree::Items, gone, "it is a part of no record");
    check(Tree::ById, gone, "it is not found by its id");
    check(Tree::ByTime, gone, "its entry in by_time is missing or wrong");
    check(Tree::BySource, gone, "its entry in by_source is missing or wrong");
    check(Tree::ByUrl, gone, "its entry in by_url is missing or wrong");
    check(Tree::Matches, gone, "its entry in matches is missing or wrong");
    check(Tree::ByTime, garbled, "the item that it leads to does not say so");
}

#[test]
fn a_check_of_a_store_that_changes_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), 30);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let more = (31..).take_while(|_| !stop.load(std::sync::atomic::Ordering::SeqCst));
            more.for_each(|n| commit(&store, n));
        });
        for _ in 0..3 {
            assert_eq!(store.check().damages, []);
        }
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
    });
}

#[test]
fn at_most_two_damaged_databases_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    put(&store, &[story("a", "1", 1)]);
    drop(store);
    for round in 0..4 {
        for snapshot in fence::snapshots(&folder.path().join("db")).unwrap() {
            fs::remove_file(snapshot).unwrap();
        }
        fence::suspect(folder.path(), "a test says so").unwrap();
        let (_, recovery) = open_at(folder.path(), at(round));
        assert!(recovery.unwrap().put_aside.unwrap().is_dir());
    }
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let kept = names.filter(|name| name.to_string_lossy().starts_with("db.corrupt-")).count();
    assert_eq!(kept, 2);
}

#[test]
fn garbled_bytes_anywhere_lose_no_brief_and_leave_a_whole_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), 40);
    let briefs: Vec<_> = store.briefs().map(Result::unwrap).collect();
    drop(store);
    let whole = fs::read(folder.path().join("db/db")).unwrap();
    let mut put_aside = 0;
    for round in 0..12 {
        let damaged = tempfile::tempdir().unwrap();
        copy(&folder.path().join("db"), &damaged.path().join("db"));
        fs::copy(folder.path().join("journal.jsonl"), damaged.path().join("journal.jsonl"))
            .unwrap();
        let mut bytes = whole.clone();
        let at = bytes.len() / 12 * round + 100;
        bytes[at..at + 64].fill(0xA5);
        fs::write(damaged.path().join("db/db"), bytes).unwrap();
        let (store, recovery) = open(damaged.path());
        put_aside += usize::from(recovery.is_some_and(|recovery| recovery.put_aside.is_some()));
        assert_eq!(store.briefs().map(Result::unwrap).collect::<Vec<_>>(), briefs, "{round}");
        assert!(store.verify(&mut || true).unwrap());
        assert_eq!(store.check().damaged, 0, "{round}: {:?}", store.check());
    }
    assert!(put_aside > 0, "some of it was damage");
}
