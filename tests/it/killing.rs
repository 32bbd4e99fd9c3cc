//! SIGKILL at moments drawn by a seed, and what must hold after each.

use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use crate::bustle::{Beat, Bustle, Dice, SOURCES, ask, report_of};
use crate::desk::Desk;
use crate::serving::TOKEN;

/// A start has this long until the feed is served, and until everything is ready.
const START: Duration = Duration::from_secs(10);
/// A daemon that is gone is looked for this often.
const LOOK: Duration = Duration::from_millis(1);

/// One life of the daemon, between its start and a kill.
struct Life {
    child: Child,
    lines: Receiver<String>,
    began: Instant,
}

impl Life {
    fn begin(desk: &Desk) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(desk.path("log"));
        let mut command = desk.command(&["run"]);
        command.stdout(Stdio::piped()).stderr(log.unwrap());
        let began = Instant::now();
        let mut child = command.spawn().unwrap();
        let printed = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = sync_channel(64);
        std::thread::spawn(move || {
            for line in printed.lines().map_while(Result::ok) {
                sender.send(line).ok();
            }
        });
        Self { child, lines, began }
    }

    /// Waits until it listens, and returns where; `None` where it does not.
    fn base(&self) -> Option<String> {
        let line = self.lines.recv_timeout(START).ok()?;
        Some(line.split_whitespace().last()?.to_owned())
    }

    /// Waits for an answer of 200 and returns how long after the start it came.
    #[track_caller]
    fn until_well(&self, base: &str, path: &str) -> Duration {
        loop {
            let answer = ask(base, "GET", path, &[], b"");
            if answer.as_ref().is_some_and(|(status, _)| *status == 200) {
                return self.began.elapsed();
            }
            let told = answer.map(|(_, text)| text).unwrap_or_default();
            assert!(self.began.elapsed() < START, "{path} after {START:?}: {told}");
            self.lines.recv_timeout(LOOK).ok();
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // Already gone where it was killed.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What was measured.
#[derive(Default)]
struct Account {
    kills: usize,
    at_start: usize,
    destroyed: usize,
    slowest_feed: Duration,
    slowest_ready: Duration,
}

#[test]
fn nothing_that_was_promised_is_lost_by_kills() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let chance = std::collections::hash_map::RandomState::new().hash_one(0);
    let seed = number("BRIEFWIRE_KILL_SEED").unwrap_or(chance);
    let kills = number("BRIEFWIRE_KILLS").unwrap_or(5);
    let destroy_every = number("BRIEFWIRE_DESTROY_EVERY").unwrap_or(4);
    eprintln!("BRIEFWIRE_KILL_SEED={seed}");
    let desk = Desk::new(&[]);
    let bustle = Bustle::new(&desk);
    let mut trial = Trial { desk: &desk, bustle, dice: Dice(seed), account: Account::default() };
    for kill in 1..=kills {
        // The first start has nothing to serve yet, and nothing to lose.
        if kill > 1 && trial.dice.below(3) == 0 {
            trial.kill_at_start();
        }
        trial.live();
        if kill % destroy_every == 0 {
            trial.destroy();
        }
    }
    trial.end();
}

struct Trial<'d> {
    desk: &'d Desk,
    bustle: Bustle<'d>,
    dice: Dice,
    account: Account,
}

impl Trial<'_> {
    /// Starts, holds the daemon to everything promised before, lets everybody work, and kills.
    fn live(&mut self) {
        let life = Life::begin(self.desk);
        let base = life.base().expect("it listens");
        self.account.slowest_feed =
            self.account.slowest_feed.max(life.until_well(&base, "feeds/all.xml"));
        self.account.slowest_ready =
            self.account.slowest_ready.max(life.until_well(&base, "readyz"));
        self.bustle.hold(&base, false);
        self.work(&base, life);
        self.account.kills += 1;
    }

    fn work(&mut self, base: &str, life: Life) {
        let (events, observed) = sync_channel(4096);
        let stop = AtomicBool::new(false);
        let seed = u64::try_from(self.dice.below(usize::MAX)).unwrap();
        let beat =
            |number| Beat { base, stop: &stop, events: events.clone(), dice: Dice(seed ^ number) };
        let moments = 5 + self.dice.below(60);
        let by_journal = self.dice.below(2) == 0;
        let journal = self.desk.path("store/journal.jsonl");
        let bustle = &self.bustle;
        std::thread::scope(|scope| {
            let people = [
                scope.spawn(|| bustle.report(beat(1))),
                scope.spawn(|| bustle.edit(beat(2), 0)),
                scope.spawn(|| bustle.edit(beat(3), 1)),
                scope.spawn(|| bustle.subscribe(&beat(4))),
            ];
            for _ in 0..moments {
                // Whoever has failed tells nothing more; the scope says so below.
                if observed.recv_timeout(START).is_err() {
                    break;
                }
            }
            if by_journal {
                let before = length(&journal);
                let mut looks = 0;
                while length(&journal) == before && looks < 200 {
                    observed.recv_timeout(LOOK).ok();
                    looks += 1;
                }
            }
            life.kill();
            stop.store(true, Ordering::Relaxed);
            for person in people {
                if let Err(panic) = person.join() {
                    std::panic::resume_unwind(panic);
                }
            }
        });
    }

    /// Kills while it starts: at once, or when something is seen to have happened.
    fn kill_at_start(&mut self) {
        let store = self.desk.path("store");
        let before = Marks::of(&store);
        let life = Life::begin(self.desk);
        let pid = life.child.id().to_string();
        let (wanted, more) = (self.dice.below(6), self.dice.below(30));
        let has_happened = |printed: bool| {
            let now = Marks::of(&store);
            match wanted {
                0 => true,
                1 => std::fs::read_to_string(store.join("lock"))
                    .is_ok_and(|text| text.lines().next() == Some(&pid)),
                2 => now.probe,
                3 => now.database != before.database,
                4 => now.snapshots != before.snapshots,
                _ => printed,
            }
        };
        let mut printed = false;
        while !has_happened(printed) && life.began.elapsed() < Duration::from_secs(1) {
            printed |= life.lines.recv_timeout(LOOK).is_ok();
        }
        for _ in 0..more {
            if life.lines.recv_timeout(LOOK) == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
        life.kill();
        self.account.kills += 1;
        self.account.at_start += 1;
    }

    /// Destroys the database under a killed daemon, and holds the next one to what the journal,
    /// the sources and every second time a backup still know.
    fn destroy(&mut self) {
        let kept = self.back_up();
        let database = self.desk.path("store/db");
        if self.dice.below(2) == 0 {
            let noise: Vec<u8> = std::iter::repeat_n(0x5a, 1 << 20).collect();
            std::fs::write(database.join("db"), noise).unwrap();
        } else {
            std::fs::remove_dir_all(&database).unwrap();
        }
        self.bustle.forget_what_is_not_listed(kept.as_ref());
        std::fs::remove_file(self.desk.path("log")).unwrap();
        let life = Life::begin(self.desk);
        let base = life.base().expect("it listens");
        life.until_well(&base, "feeds/all.xml");
        life.until_well(&base, "readyz");
        let log = std::fs::read_to_string(self.desk.path("log")).unwrap();
        let told = log.lines().find(|line| line.contains("ERROR") && line.contains("rebuilt"));
        let told = told.unwrap_or_default();
        assert!(told.contains("briefs="), "{log}");
        assert_eq!(told.contains("with the backup"), kept.is_some(), "{log}");
        for source in SOURCES {
            let path = format!("api/sources/{source}/poll");
            assert_eq!(ask(&base, "POST", &path, &[TOKEN], b"").unwrap().0, 200);
        }
        while !self.bustle.is_caught_up(&base) {
            assert!(life.began.elapsed() < START, "its sources still list everything");
            let (_, text) = ask(&base, "GET", "feeds/all.xml", &[], b"").unwrap();
            self.bustle.take_document(&text);
        }
        self.bustle.hold(&base, true);
        life.kill();
        self.account.destroyed += 1;
    }

    /// Makes a backup, or not, and lets a life pass; returns the reports that the backup has.
    fn back_up(&mut self) -> Option<HashSet<usize>> {
        let folder = self.desk.path("store/backups");
        if self.account.destroyed % 2 == 1 {
            // What an earlier one holds is no more than the sources list.
            std::fs::remove_dir_all(&folder).ok();
            return None;
        }
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("briefwire-{}.jsonl", self.account.destroyed));
        self.desk.ok(&["backup", &path.display().to_string()]);
        let kept = self.desk.items().iter().map(report_of).collect();
        self.live();
        Some(kept)
    }

    fn end(mut self) {
        let life = Life::begin(self.desk);
        let base = life.base().expect("it listens");
        let ready = life.until_well(&base, "readyz");
        self.account.slowest_ready = self.account.slowest_ready.max(ready);
        self.bustle.hold(&base, true);
        life.kill();
        let log = std::fs::read_to_string(self.desk.path("log")).unwrap();
        assert!(!log.contains("panicked at"), "{log}");
        let Account { kills, at_start, destroyed, slowest_feed, slowest_ready } = self.account;
        eprintln!(
            "{kills} kills, {at_start} of them at a start; {destroyed} databases destroyed; \
             slowest start: feed {slowest_feed:?}, ready {slowest_ready:?}; {} changes \
             acknowledged, {} items published, 0 of them lost; {} items went with a destroyed \
             database, their sources do not list them",
            self.bustle.acknowledged.load(Ordering::Relaxed),
            self.bustle.published(),
            self.bustle.lost.load(Ordering::Relaxed),
        );
    }
}

/// What a start leaves in the store's directory.
#[derive(Debug, PartialEq, Eq)]
struct Marks {
    probe: bool,
    database: Option<SystemTime>,
    snapshots: BTreeMap<PathBuf, u64>,
}

impl Marks {
    fn of(store: &Path) -> Self {
        let written = std::fs::metadata(store.join("db/db")).and_then(|meta| meta.modified());
        let listed = std::fs::read_dir(store.join("db")).into_iter().flatten().flatten();
        let snapshots = listed.map(|entry| entry.path());
        let snapshots = snapshots.filter(|path| path.to_string_lossy().contains("snap."));
        Self {
            probe: store.join("probe").exists(),
            database: written.ok(),
            snapshots: snapshots.map(|path| (path.clone(), length(&path))).collect(),
        }
    }
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}
