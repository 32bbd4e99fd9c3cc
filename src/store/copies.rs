//! Tests: what leaves a store and enters another is the same, whatever happens meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::intake::Wins;
use super::portable::{Gone, Portable, Walk};
use super::testing::{at, open, put, source, story};
use super::*;
use crate::model::{
    Address, Brief, BriefId, BriefOrigin, ChannelId, ItemId, Method, Placement, Standing, Story,
    Subscription,
};

/// Returns every record as its line, sorted.
pub(super) fn lines(store: &Store) -> Vec<String> {
    let mut lines = Vec::new();
    let each = &mut |portable: Portable| {
        lines.push(serde_json::to_string(&portable).unwrap());
        Ok(())
    };
    Walk::new(store).whole(each).unwrap();
    lines.sort();
    lines
}

pub(super) fn brief_id(n: usize) -> BriefId {
    BriefId::new(format!("b-{n:04}")).unwrap()
}

fn moment(n: usize) -> Timestamp {
    at(i64::try_from(n).unwrap())
}

/// The one source has another id after every seventh group.
pub(super) fn name_at(n: usize) -> SourceId {
    source(&format!("s-{}", n / 7))
}

pub(super) fn noise(seed: usize, length: usize) -> String {
    let mut seed = seed as u64 + 1;
    let bytes = std::iter::repeat_with(|| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        char::from(b' ' + u8::try_from(seed % 95).unwrap())
    });
    bytes.take(length).collect()
}

pub(super) fn item(guid: usize, group: usize) -> Story {
    let mut story = story("any", &guid.to_string(), i64::try_from(guid).unwrap());
    story.id = ItemId::mint(&source("a"), &guid.to_string());
    story.source = name_at(group);
    story.brief = Some(brief_id(guid));
    story.method = Method::Pin;
    story.score = 0.1 + 0.2 * f64::from(u32::try_from(group).unwrap());
    story.title = format!("As group {group} left it");
    // Of one part and of several, by turns.
    story.html = noise(group, (group % 3) * 20_000 + 10);
    story.changed = moment(group);
    let mut others = (0..Story::MAX_FOLLOWERS).map(|n| ItemId::mint(&source("b"), &n.to_string()));
    if group.is_multiple_of(2) {
        story.followers = others.collect();
    } else {
        story.leader = others.next_back();
    }
    story
}

/// Commits group `n`: it brings an item with its brief, rewrites another pair, and removes a third.
pub(super) fn commit(store: &Store, n: usize) {
    let mut changes = store.begin();
    if n.is_multiple_of(7) {
        changes.rename_source(&name_at(n - 1), &name_at(n), at(0)).unwrap();
    }
    for guid in [n, n / 2 + 1] {
        let mut brief = Brief::new(brief_id(guid), "Title", "Summary.");
        brief.title = format!("As group {n} left it");
        changes.put_brief(&brief, &BriefOrigin::Api, moment(n)).unwrap();
        changes.put_story(&item(guid, n), moment(n)).unwrap();
        changes.rule(item(guid, n).id, &brief.id, Some(n.is_multiple_of(2)), moment(n));
    }
    if n > 20 && n.is_multiple_of(2) {
        let guid = n - 11;
        let gone = item(guid, n).id;
        changes.remove_brief(&brief_id(guid), moment(n)).unwrap();
        changes.take_in(Portable::Removed(Gone::Item(gone.0)), Wins::Later).unwrap();
        changes.rule(gone, &brief_id(guid), None, moment(n));
        let record = record::GuidRecord {
            id: gone.0,
            item: None,
            published: 1,
            first_seen: 2,
            listed: 3,
            retired: false,
        };
        let (source, guid) = (name_at(n).to_string(), keys::hash_of(&guid.to_string()));
        let grave = Portable::Guid { source, guid, stored: false, record: Box::new(record) };
        changes.take_in(grave, Wins::Later).unwrap();
    }
    // What the group before listed besides is delisted.
    let listed = [n, n.saturating_sub(1), 9].map(|guid| guid.to_string());
    changes.put_listing(&name_at(n), &listed, moment(n)).unwrap();
    let mut state = SourceState::new(&Address::File(PathBuf::from("x")), moment(0));
    state.warnings = vec![noise(n, 9_000)];
    changes.put_state(&name_at(n), &state).unwrap();
    let archive = Some(Finished { page: n.to_string(), through: moment(n) });
    let look = Look { fingerprint: n as u128, changed: moment(n), is_secret: true, archive };
    changes.put_channel(&ChannelId::new("all").unwrap(), &look).unwrap();
    changes.commit().unwrap();
}

/// Reads slowly: waits for another group to be committed, again and again.
struct Slow<'t> {
    file: File,
    lines: usize,
    committed: &'t AtomicUsize,
}

impl Write for Slow<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines += 1;
        if self.lines.is_multiple_of(40) {
            let (before, began) = (self.committed.load(Ordering::SeqCst), Instant::now());
            while self.committed.load(Ordering::SeqCst) == before {
                assert!(began.elapsed() < Duration::from_secs(20), "the writer waits for us");
                std::thread::park_timeout(Duration::from_millis(1));
            }
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Ends the writer's thread, however the test ends.
struct Stop<'t>(&'t AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Restores a backup into a directory of its own, opens it, and looks.
fn restored<T>(backup: &Path, look: impl FnOnce(&Store) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    restore_into(folder.path(), backup).unwrap();
    let (store, recovery) = open(folder.path());
    assert_eq!(recovery, None);
    look(&store)
}

fn restore_into(folder: &Path, backup: &Path) -> Result<Restored, RestoreError> {
    let lock = Arc::new(Lock::take(folder).unwrap());
    restore(&options(folder), lock, backup, at(0))
}

pub(super) fn options(folder: &Path) -> Options<'_> {
    Options { folder, cache: 1 << 20, authority: None, backups: None }
}

#[test]
fn a_backup_is_the_store_between_two_groups_while_the_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    (1..=60).for_each(|n| commit(&store, n));
    let (committed, stop) = (AtomicUsize::new(60), AtomicBool::new(false));
    let backups: Vec<PathBuf> = (0..4).map(|n| folder.path().join(format!("{n}.jsonl"))).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let n = committed.load(Ordering::SeqCst) + 1;
                commit(&store, n);
                committed.store(n, Ordering::SeqCst);
            }
        });
        let _stop = Stop(&stop);
        for path in &backups {
            let file = File::create(path).unwrap();
            let mut slow = Slow { file, lines: 0, committed: &committed };
            store.back_up(&mut slow, at(0)).unwrap();
        }
    });

    let reference = tempfile::tempdir().unwrap();
    let (reference, _) = open(reference.path());
    let mut group = 0;
    for path in &backups {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains("{\"renamed\":") || path.ends_with("0.jsonl"), "it was disturbed");
        restored(path, |store| {
            let all = ChannelId::new("all").unwrap();
            let last = store.channel(&all).unwrap().unwrap().fingerprint;
            let last = usize::try_from(last).unwrap();
            assert!(last > group, "each backup is later than the one before");
            (group + 1..=last).for_each(|n| commit(&reference, n));
            group = last;
            let (found, expected) = (lines(store), lines(&reference));
            let differing: Vec<_> = found.iter().zip(&expected).filter(|(a, b)| a != b).collect();
            let short = |line: &String| line.chars().take(200).collect::<String>();
            let differing: Vec<_> =
                differing.iter().take(3).map(|(a, b)| (short(a), short(b))).collect();
            assert!(found == expected, "not group {last}: {differing:?}");
            assert_eq!(store.count(), reference.count());
        });
    }
}

/// A store with one of everything.
fn one_of_everything(folder: &Path) -> Store {
    let (store, _) = open(folder);
    (1..=30).for_each(|n| commit(&store, n));
    let mut changes = store.begin();
    changes.put_guid(&item(30, 30), "another guid", at(9)).unwrap();
    let subscription = Subscription {
        hub: "https://hub.example.org/".to_owned(),
        topic: "https://example.org/feed".to_owned(),
        token: "token".to_owned(),
        callback: "https://news.example.org/websub/token".to_owned(),
        secret: "secret".to_owned(),
        home: None,
        standing: Standing::Asked { at: at(1), attempts: 2 },
        delivered: None,
        missed: Some(at(3)),
    };
    changes.put_subscription(&name_at(30), &subscription).unwrap();
    changes.commit().unwrap();
    store
}

pub(super) fn back_up(store: &Store, path: &Path) -> Summary {
    store.back_up_to(path, at(0), &mut |_| Ok(())).unwrap()
}

#[test]
fn every_record_comes_back_and_every_index_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = one_of_everything(folder.path());
    let path = folder.path().join("b.jsonl");
    let summary = back_up(&store, &path);
    assert_eq!(summary, verify(&path).unwrap());
    assert_eq!(summary.counts, store.count());
    restored(&path, |copy| {
        assert_eq!(lines(copy), lines(&store));
        assert_eq!(copy.mint(), store.mint());
        for tree in [Tree::ById, Tree::ByTime, Tree::BySource, Tree::ByUrl, Tree::Matches] {
            let all = |store: &Store| {
                // Sources may have other numbers.
                let entries = store.tree(tree).iter().map(|entry| entry.unwrap().0);
                entries.map(|key| keys::item_of(&key)).collect::<Vec<_>>()
            };
            assert_eq!(all(copy).len(), all(&store).len(), "{tree:?}");
        }
        let listed =
            Listed { sources: None, only: crate::model::Only::Any, shown: true, limit: 99 };
        assert_eq!(copy.newest(&listed).unwrap(), store.newest(&listed).unwrap());
        assert_eq!(copy.subscriptions().unwrap().len(), 1);
        let known = copy.known(&name_at(30), "another guid").unwrap().unwrap();
        assert_eq!(known.story.unwrap().id, item(30, 30).id, "a further guid leads to its item");
        commit(copy, 31);
        assert!(copy.story(item(31, 31).id).unwrap().is_some(), "it takes changes");
    });
}

#[test]
fn only_its_owner_can_read_a_backup() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let path = folder.path().join("b.jsonl");
    fs::write(folder.path().join("b.jsonl.partial"), "left behind, and open to all").unwrap();
    back_up(&store, &path);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!folder.path().join("b.jsonl.partial").exists());
}

#[test]
fn a_backup_that_ends_early_has_no_name_and_lets_the_next_begin() {
    let folder = tempfile::tempdir().unwrap();
    let store = one_of_everything(folder.path());
    let path = folder.path().join("b.jsonl");
    let mut left = 5;
    let ended = store.back_up_to(&path, at(0), &mut |_| {
        left -= 1;
        if left == 0 { Err(io::Error::other("enough")) } else { Ok(()) }
    });
    ended.unwrap_err();
    assert!(!path.exists());
    back_up(&store, &path);
}

#[test]
fn what_is_wrong_with_a_backup_is_said_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let store = one_of_everything(folder.path());
    let path = folder.path().join("b.jsonl");
    back_up(&store, &path);
    let whole = fs::read_to_string(&path).unwrap();
    let count = whole.lines().count();
    let check = |text: &str, expected: &str| {
        fs::write(&path, text).unwrap();
        let said = verify(&path).unwrap_err().to_string();
        assert!(said.contains(expected), "{expected}: {said}");
        // Nothing is touched by a restore that cannot be.
        let target = tempfile::tempdir().unwrap();
        restore_into(target.path(), &path).unwrap_err();
        assert!(!target.path().join("db").exists() && !target.path().join("db.new").exists());
    };
    let all: Vec<&str> = whole.lines().collect();
    let cut = |lines: usize| all[..lines].join("\n") + "\n";
    check(&cut(count - 1), &format!("is cut off after line {}", count - 1));
    check(&cut(3), "is cut off after line 3");
    check(&format!("{}{{\"item\":{{\"half", cut(7)), "is cut off after line 7");
    check(whole.get(..20).unwrap(), "is no backup");
    check("", "is no backup");
    check("<rss/>", "is no backup");
    let later = whole.replacen(
        "\"briefwire_backup\":1,\"version\":\"",
        "\"briefwire_backup\":7,\"version\":\"9",
        1,
    );
    check(&later, "made by briefwire 90.1.0 in format 7, and this version reads up to format 1");
    check(&whole.replacen("\"title\":\"As", "\"title\":\"an", 1), "its hash is ");
    check(
        &whole.replacen("{\"item\":{", "{\"itum\":{", 1),
        " cannot be read: unknown variant `itum`",
    );
    let mut missing = all.clone();
    missing.remove(4);
    check(&(missing.join("\n") + "\n"), "its last line tells ");
    check(&format!("{whole}x"), &format!("line {} of ", count + 1));
}

#[test]
fn numbers_of_128_bits_are_text_that_other_programs_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = one_of_everything(folder.path());
    let all: Vec<BTreeMap<String, serde_json::Value>> =
        lines(&store).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let item = all.iter().find_map(|line| line.get("item")).unwrap();
    let id = item["record"]["id"].as_str().unwrap();
    assert_eq!((id.len(), id.parse::<ItemIdOf>().is_ok()), (32, true), "{id}");
    assert!(item["record"].get("source").is_none(), "numbers of sources stay");
}

/// An item's id as its text.
struct ItemIdOf;

impl std::str::FromStr for ItemIdOf {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        ItemId::parse(text).map(|_| Self).ok_or(())
    }
}

#[test]
fn a_restore_replaces_the_store_and_keeps_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.jsonl");
    let store = one_of_everything(folder.path());
    back_up(&store, &path);
    let before = lines(&store);
    commit(&store, 31);
    let after = lines(&store);
    drop(store);
    let replaced = restore_into(folder.path(), &path).unwrap().replaced.unwrap();
    let (store, recovery) = open(folder.path());
    assert_eq!((recovery, lines(&store)), (None, before));
    drop(store);
    // What was replaced can be put back by hand.
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    fs::rename(&replaced, folder.path().join("db")).unwrap();
    assert_eq!(lines(&open(folder.path()).0), after);
}

#[test]
fn no_more_than_two_replaced_stores_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.jsonl");
    let store = one_of_everything(folder.path());
    back_up(&store, &path);
    drop(store);
    let kept: Vec<PathBuf> =
        (0..4).map(|_| restore_into(folder.path(), &path).unwrap().replaced.unwrap()).collect();
    let there: Vec<bool> = kept.iter().map(|path| path.exists()).collect();
    assert_eq!(there, [false, false, true, true]);
}

#[test]
fn the_journal_after_a_restore_rebuilds_what_was_restored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.jsonl");
    let store = one_of_everything(folder.path());
    back_up(&store, &path);
    let (mint, rulings) = (store.mint().clone(), store.rulings().unwrap());
    let briefs: Vec<_> = store.briefs().map(Result::unwrap).collect();
    drop(store);
    let target = tempfile::tempdir().unwrap();
    restore_into(target.path(), &path).unwrap();
    fs::remove_dir_all(target.path().join("db")).unwrap();
    let (store, recovery) = open(target.path());
    assert!(recovery.is_some());
    assert_eq!(*store.mint(), mint);
    assert_eq!(store.rulings().unwrap(), rulings);
    assert_eq!(store.briefs().map(Result::unwrap).collect::<Vec<_>>(), briefs);
    let known = store.known(&name_at(30), "29").unwrap().unwrap();
    assert_eq!((known.id, known.published), (item(29, 1).id, item(29, 1).published));
}

#[test]
fn a_kill_in_a_restore_leaves_the_old_store_or_the_new_one() {
    let seed = tempfile::tempdir().unwrap();
    let path = seed.path().join("b.jsonl");
    let store = one_of_everything(seed.path());
    back_up(&store, &path);
    let new = lines(&store);
    for steps in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        put(&store, &[story("old", "1", 1)]);
        let old = lines(&store);
        drop(store);
        fs::write(folder.path().join("db.suspect"), "").unwrap();
        let lock = Arc::new(Lock::take(folder.path()).unwrap());
        let staged = restore::stage(&options(folder.path()), lock, &path, at(0)).unwrap();
        if steps == 0 {
            // Killed before it was complete.
            drop(staged);
            let (store, recovery) = open_suspect(folder.path());
            assert_eq!((recovery, lines(&store)), (None, old));
            assert!(!folder.path().join("db.new").exists(), "what was begun takes no room");
            continue;
        }
        staged.complete(switch::Aside::Restore, true, at(0)).unwrap();
        let taken = (1..steps).take_while(|_| switch::step(folder.path()).unwrap()).count();
        let (store, recovery) = open(folder.path());
        assert_eq!((recovery, lines(&store)), (None, new.clone()), "killed after {taken} steps");
        assert!(!folder.path().join("db.new").exists());
        assert!(!folder.path().join("db.suspect").exists());
        if taken + 1 < steps {
            assert!(taken >= 5, "{taken} steps in all");
            break;
        }
    }
}

/// Opens a store whose database was seen to be damaged, and is not.
fn open_suspect(folder: &Path) -> (Store, Option<Recovery>) {
    fs::remove_file(folder.join("db.suspect")).unwrap();
    open(folder)
}

#[test]
fn a_story_that_is_held_is_held_after_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let mut held = story("a", "held", 9);
    held.placement = Placement::Held;
    put(&store, &[held.clone()]);
    let path = folder.path().join("b.jsonl");
    back_up(&store, &path);
    restored(&path, |store| assert_eq!(store.story(held.id).unwrap(), Some(held)));
}

#[test]
fn a_record_that_is_being_rewritten_is_read_in_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    commit(&store, 1);
    let walked = |walk: &Walk<'_>| walk.whole(&mut |_| Ok(()));
    let notes = touched::Notes::begin(&store).unwrap();
    let walk = Walk::live(&store).unwrap();
    // The item is written in two parts, of which a reader may see one.
    let mut changes = store.begin();
    let mut long = item(1, 2);
    long.evidence = vec![noise(1, 20_000)];
    changes.put_story(&long, at(2)).unwrap();
    changes.commit().unwrap();
    let key = keys::part(Kind::Item, &keys::sequence(1), 0);
    store.tree(Tree::Parts).remove(key).unwrap().expect("a further part");
    walked(&walk).unwrap();
    notes.take();
    assert!(matches!(walked(&walk), Err(StoreError::Record { .. })), "nobody rewrites it");
}
