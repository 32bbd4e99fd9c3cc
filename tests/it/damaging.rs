//! Damage to every file of a store, and that nothing is lost or wrong without a word.
#![expect(clippy::indexing_slicing, reason = "fields of our own JSON; a missing one is null")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bustle::ask;
use crate::desk::{Desk, copy};
use crate::origin::Answer;
use crate::serving::TOKEN;

const ITEMS: usize = 240;
const BRIEFS: usize = 40;
/// A start, and all that it mends, has this long.
const START: Duration = Duration::from_secs(20);
/// What is missing has to be said within this.
const SAID: Duration = Duration::from_secs(10);
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    /// Nothing: the copy itself must be whole.
    None,
    Half,
    LastByte,
    OneByte,
    Empty,
    /// 4 KiB of zeros, at this share of the length (percent).
    Zeros(u64),
    /// One bit, at this share of the length (percent).
    Bit(u64),
    Removed,
    Junk,
}

impl Harm {
    const ALL: [Self; 17] = [
        Self::Half,
        Self::LastByte,
        Self::OneByte,
        Self::Empty,
        Self::Zeros(0),
        Self::Zeros(50),
        Self::Zeros(100),
        Self::Bit(0),
        Self::Bit(3),
        Self::Bit(20),
        Self::Bit(35),
        Self::Bit(50),
        Self::Bit(65),
        Self::Bit(80),
        Self::Bit(95),
        Self::Removed,
        Self::Junk,
    ];

    fn apply(self, path: &Path) {
        if self == Self::Removed {
            return std::fs::remove_file(path).unwrap();
        }
        let mut bytes = std::fs::read(path).unwrap();
        let length = bytes.len();
        let place = |percent: u64, size: usize| {
            let last = length.saturating_sub(size);
            usize::try_from(percent).unwrap() * last / 100
        };
        match self {
            Self::None | Self::Removed => {}
            Self::Half => bytes.truncate(length / 2),
            Self::LastByte => bytes.truncate(length.saturating_sub(1)),
            Self::OneByte => bytes.truncate(1),
            Self::Empty => bytes.clear(),
            Self::Zeros(percent) => {
                let from = place(percent, 4096);
                bytes.iter_mut().skip(from).take(4096).for_each(|byte| *byte = 0);
            }
            Self::Bit(percent) => {
                let at = place(percent, 1);
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0x10);
            }
            Self::Junk => bytes.extend((0..5000_u32).map(|n| u8::try_from(n * 7 % 251).unwrap())),
        }
        std::fs::write(path, bytes).unwrap();
    }
}

/// What a store says it holds.
#[derive(Debug, Clone, Default, PartialEq)]
struct Holding {
    /// By the publisher's guid.
    items: BTreeMap<String, Value>,
    briefs: BTreeMap<String, String>,
}

impl Holding {
    /// Reads it all from a daemon; `None` where it does not answer.
    fn of(base: &str) -> Option<Self> {
        let items = list(base, "api/items")?;
        let of_item = |item: &Value| {
            let kept = ["guid", "title", "summary", "link", "published", "first_seen", "brief_id"];
            let kept = kept.map(|field| item[field].clone());
            (item["publisher_guid"].as_str().unwrap().to_owned(), Value::from(kept.to_vec()))
        };
        let mut briefs = BTreeMap::new();
        for row in list(base, "api/briefs")? {
            let id = row["id"].as_str().unwrap().to_owned();
            let (status, text) = ask(base, "GET", &format!("api/briefs/{id}"), &[TOKEN], b"")?;
            let body = text.split_once("\r\n\r\n").filter(|_| status == 200)?.1.to_owned();
            briefs.insert(id, body);
        }
        Some(Self { items: items.iter().map(of_item).collect(), briefs })
    }

    /// Returns what of `whole` is missing here, and what differs from it.
    fn compare(&self, whole: &Self) -> (usize, usize, Vec<String>) {
        let missing = whole.items.keys().filter(|id| !self.items.contains_key(*id)).count();
        let briefs = whole.briefs.keys().filter(|id| !self.briefs.contains_key(*id)).count();
        let mut wrong = Vec::new();
        for (id, item) in &self.items {
            if whole.items.get(id) != Some(item) {
                wrong.push(format!("{id}: {item} was {:?}", whole.items.get(id)));
            }
        }
        for (id, brief) in &self.briefs {
            if whole.briefs.get(id) != Some(brief) {
                wrong.push(format!("{id}: {brief}"));
            }
        }
        (missing, briefs, wrong)
    }
}

fn list(base: &str, path: &str) -> Option<Vec<Value>> {
    let (status, text) = ask(base, "GET", path, &[TOKEN], b"")?;
    let body = text.split_once("\r\n\r\n").filter(|_| status == 200)?.1;
    serde_json::from_str(body).ok()
}

/// A daemon on a copy of a store.
struct Patient {
    child: Child,
    base: Option<String>,
    log: PathBuf,
    began: Instant,
}

impl Patient {
    fn start(desk: &Desk, log: &str) -> Self {
        let log = desk.path(log);
        let mut command = desk.command(&["run"]);
        command.stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap());
        let began = Instant::now();
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = lines.next().and_then(Result::ok);
        let base = base.and_then(|line| line.split_whitespace().last().map(str::to_owned));
        // Goes on printing to nobody.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base, log, began }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn get(&self, path: &str) -> Option<(u16, String)> {
        ask(self.base.as_deref()?, "GET", path, &[TOKEN], b"")
    }

    /// Waits until the store is open; returns whether it is.
    fn opens(&mut self) -> bool {
        while self.began.elapsed() < START {
            if self.get("api/items?limit=1").is_some_and(|(status, _)| status == 200)
                && self.get("readyz").is_some_and(|(_, text)| !text.contains("being"))
            {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        false
    }

    fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

/// A store as it was before it was damaged.
struct Healthy {
    desk: Desk,
    whole: Holding,
    /// Each with how the daemon ended before.
    stores: [(&'static str, PathBuf); 2],
}

impl Healthy {
    fn make() -> Self {
        let desk = Desk::new(&["wire", "post"]);
        let all: Vec<usize> = (0..ITEMS).collect();
        let (earlier, later) = all.split_at(ITEMS / 2);
        print(&desk, earlier);
        desk.poll();
        // What came first has left the feeds: only the store still has it.
        print(&desk, later);
        let daemon = desk.start();
        let base = daemon.url("");
        let items = || list(&base, "api/items").unwrap();
        crate::desk::within(Duration::from_secs(40), "all are stored", || {
            daemon.poll("wire");
            daemon.poll("post");
            items().len() == ITEMS
        });
        for n in 0..BRIEFS {
            let urls = if n % 4 == 3 {
                Vec::new()
            } else {
                vec![format!("https://wire.example.org/{}", n * 5)]
            };
            let body = serde_json::json!({ "summary": format!("Zither {n}."), "urls": urls,
                "original_post": noise(n, 200 + n * 100) });
            let path = format!("api/briefs/b-{n}");
            let put = ask(&base, "PUT", &path, &[TOKEN, JSON], body.to_string().as_bytes());
            assert_eq!(put.unwrap().0, 201);
        }
        for item in items() {
            let n: usize = item["publisher_guid"].as_str().unwrap()[2..].parse().unwrap();
            let (brief, id) = (n / 5, item["item_id"].as_str().unwrap());
            let kind = match (n % 5, brief % 4) {
                (0, 3) => "pins",
                (0, 2) => "blocks",
                _ => continue,
            };
            if brief < BRIEFS {
                let path = format!("api/{kind}/{id}/b-{brief}");
                assert_eq!(ask(&base, "PUT", &path, &[TOKEN], b"").unwrap().0, 200);
            }
        }
        let whole = Holding::of(&base).unwrap();
        assert_eq!((whole.items.len(), whole.briefs.len()), (ITEMS, BRIEFS));
        daemon.kill();
        let killed = desk.path("killed");
        copy(&desk.path("store"), &killed);
        let daemon = desk.start();
        assert_eq!(daemon.terminate().0, Some(0));
        let stopped = desk.path("stopped");
        copy(&desk.path("store"), &stopped);
        Self { desk, whole, stores: [("stopped", stopped), ("killed", killed)] }
    }

    /// Returns the files of a store, by their paths in it.
    fn files(store: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![store.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => folders.push(entry.path()),
                    kind if kind.is_file() => {
                        files.push(entry.path().strip_prefix(store).unwrap().to_owned());
                    }
                    // A socket.
                    _ => {}
                }
            }
        }
        files.sort();
        files
    }

    /// Damages a copy, starts a daemon on it, and says what came of it.
    fn treat(&self, store: &Path, file: &Path, harm: Harm) -> Finding {
        let place = self.desk.path("store");
        std::fs::remove_dir_all(&place).unwrap();
        copy(store, &place);
        harm.apply(&place.join(file));
        let mut patient = Patient::start(&self.desk, "log");
        let opened = patient.opens();
        let mut finding = Finding::default();
        let began = Instant::now();
        while let Some(base) = patient.base.as_deref().filter(|_| opened) {
            let held = Holding::of(base).unwrap_or_default();
            (finding.items, finding.briefs, finding.wrong) = held.compare(&self.whole);
            finding.is_said = patient.log().contains("ERROR");
            let is_whole = finding.items + finding.briefs + finding.wrong.len() == 0;
            if is_whole || began.elapsed() > SAID || (finding.is_said && finding.wrong.is_empty()) {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let told = patient.get("readyz").map(|(_, text)| text).unwrap_or_default();
        told.lines().last().unwrap_or_default().clone_into(&mut finding.told);
        finding.opened = opened;
        let log = patient.log();
        finding.panicked = log.contains("panicked at");
        finding.error =
            log.lines().filter(|line| line.contains("ERROR")).fold(String::new(), |all, line| {
                all + " | " + line.split_once("ERROR").unwrap().1.trim()
            });
        if !opened {
            finding.error += &format!(" (log: {})", log.lines().last().unwrap_or_default());
        }
        finding.code = if opened || patient.child.try_wait().unwrap().is_none() {
            patient.stop()
        } else {
            patient.child.wait().unwrap().code()
        };
        finding
    }
}

/// What came of one damage.
#[derive(Debug, Default)]
struct Finding {
    opened: bool,
    items: usize,
    briefs: usize,
    wrong: Vec<String>,
    is_said: bool,
    panicked: bool,
    told: String,
    error: String,
    code: Option<i32>,
}

impl Finding {
    /// Returns what is not as promised; empty where all is.
    fn faults(&self, file: &Path, harm: Harm) -> BTreeSet<&'static str> {
        let mut faults = BTreeSet::new();
        let mut note = |is_so: bool, fault| {
            if is_so {
                faults.insert(fault);
            }
        };
        note(self.panicked, "PANIC");
        note(!self.opened, "CLOSED");
        note(self.code != Some(0), "CODE");
        note(!self.wrong.is_empty(), "WRONG");
        note(self.items > 0 && !self.is_said, "SILENT");
        note(self.briefs > 0, "BRIEFS");
        note(self.items > 0 && !self.told.contains("rebuilt"), "READYZ");
        // The last byte ends a line, and is put back.
        let nothing = matches!(harm, Harm::None | Harm::LastByte);
        let journal = file.ends_with("journal.jsonl") && !nothing;
        note(journal && !self.is_said, "UNSAID");
        note(harm == Harm::None && self.is_said, "FALSE ALARM");
        faults
    }

    fn row(&self, file: &Path, harm: Harm) -> String {
        let faults = self.faults(file, harm).into_iter().collect::<Vec<_>>().join(" ");
        let faults = if faults.is_empty() { "fine".to_owned() } else { faults };
        let wrong = self.wrong.first().map(|text| text.chars().take(160).collect::<String>());
        format!(
            "{faults}; missing {} items, {} briefs, wrong {} {}; exit {:?}; readyz `{}`;{}",
            self.items,
            self.briefs,
            self.wrong.len(),
            wrong.unwrap_or_default(),
            self.code,
            self.told.trim(),
            self.error.chars().take(400).collect::<String>()
        )
    }
}

fn noise(seed: usize, words: usize) -> String {
    let mut state = seed as u64 + 1;
    let word = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("q{:x}", state >> 40)
    });
    word.take(words).collect::<Vec<_>>().join(" ")
}

/// Has the origin list these items; every twentieth has a long text.
fn print(desk: &Desk, numbers: &[usize]) {
    for (parity, source) in ["/wire", "/post"].into_iter().enumerate() {
        let mut xml = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>W</title>\
            <link>https://wire.example.org/</link><description>x</description>"
            .to_owned();
        for n in numbers.iter().filter(|n| *n % 2 == parity) {
            let words = if n % 40 < 2 { 3000 } else { 60 };
            xml += &format!(
                "<item><guid isPermaLink=\"false\">g-{n}</guid><title>Report {n}</title>\
                 <link>https://wire.example.org/{n}</link><description>{}</description></item>",
                noise(*n, words),
            );
        }
        desk.origin.script(source, Answer::ok(xml + "</channel></rss>"));
    }
}

#[test]
fn damage_to_a_store_is_mended_or_said() {
    let healthy = Healthy::make();
    let everything = std::env::var_os("BRIEFWIRE_ALL_DAMAGE").is_some();
    let mut faults = Vec::new();
    let mut count = 0;
    for (ended, store) in &healthy.stores {
        for file in Healthy::files(store) {
            for harm in [Harm::None].iter().chain(&Harm::ALL) {
                if !everything && !is_representative(ended, &file, *harm) {
                    continue;
                }
                let finding = healthy.treat(store, &file, *harm);
                let row = finding.row(&file, *harm);
                if everything {
                    eprintln!("{ended:8} {:28} {harm:?}: {row}", file.display());
                }
                if !finding.faults(&file, *harm).is_empty() {
                    faults.push(format!("{ended} {} {harm:?}: {row}", file.display()));
                }
                count += 1;
            }
        }
    }
    eprintln!("{count} damages, {} not as promised", faults.len());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Returns whether a damage is one of the few that every run of the suite tries.
fn is_representative(ended: &str, file: &Path, harm: Harm) -> bool {
    let name = file.to_string_lossy();
    let wanted: &[Harm] = match (ended, name.as_ref()) {
        ("stopped", "db/db") => &[Harm::None, Harm::Bit(20), Harm::Bit(65)],
        ("killed", "db/db") => &[Harm::Half, Harm::Bit(20)],
        ("stopped", "journal.jsonl" | "db/conf") => &[Harm::Half],
        _ => &[],
    };
    wanted.contains(&harm)
}
