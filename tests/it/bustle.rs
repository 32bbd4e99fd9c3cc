//! A busy newsroom around one daemon: sources that grow, editors, a subscriber; and a ledger of
//! what each of them was promised.
//!
//! What becomes of a report is fixed by its number, so that what must hold after a kill can be
//! said exactly: a brief that names its address, or none, or a pin, and no second thought.
#![expect(
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "reports are numbered by their place in the ledger, which only grows"
)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use serde_json::Value;

use crate::desk::{Desk, between};
use crate::origin::Answer;
use crate::serving::TOKEN;

pub(crate) const SOURCES: [&str; 3] = ["wire", "post", "cable"];
/// Items that a source lists; the others have left its feed.
const LISTED: usize = 30;
/// Items that the channel holds.
pub(crate) const CHANNEL: usize = 60;
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Numbers that one seed determines.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// What editors do about a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nothing.
    Plain,
    /// A brief for its address, over the API.
    Put,
    /// A brief for its address, as a file.
    Filed,
    /// A brief for its address, which is removed again.
    Withdrawn,
    /// A brief that only a pin leads to.
    Pinned,
    /// A brief for its address, which is blocked.
    Blocked,
}

fn fate(report: usize) -> Fate {
    let fates = [Fate::Put, Fate::Filed, Fate::Plain, Fate::Withdrawn, Fate::Pinned, Fate::Blocked];
    fates[(report / SOURCES.len()) % fates.len()]
}

fn brief_id(report: usize) -> String {
    format!("brief-{report}")
}

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Step {
    #[default]
    Open,
    /// It was sent, and no answer came: it may or may not count.
    Asked,
    Acknowledged,
}

/// What was promised of one report.
#[derive(Debug, Clone, Default)]
struct Report {
    /// Its guid and date, once a subscriber has seen it.
    seen: Option<(String, String)>,
    /// It went with a destroyed database, and its source does not list it; the document that
    /// stands may still have it.
    is_lost: bool,
    /// Its brief is there.
    put: Step,
    /// Its brief is removed, pinned or blocked.
    then: Step,
}

impl Report {
    /// Returns the briefs that the item may carry now.
    fn allowed(&self, fate: Fate) -> [bool; 2] {
        let [without, with] = match (fate, self.put, self.then) {
            (Fate::Plain, ..) => [true, false],
            (Fate::Put | Fate::Filed, put, _) => [put != Step::Acknowledged, put != Step::Open],
            (Fate::Pinned, _, then) => [then != Step::Acknowledged, then != Step::Open],
            (_, Step::Acknowledged, then) => [then != Step::Open, then != Step::Acknowledged],
            (_, put, _) => [true, put != Step::Open],
        };
        [without, with]
    }

    /// Returns whether its brief is stored for certain, and whether it may be.
    fn stored(&self, fate: Fate) -> (bool, bool) {
        let removed = if fate == Fate::Withdrawn { self.then } else { Step::Open };
        let certain = self.put == Step::Acknowledged && removed == Step::Open;
        (certain, self.put != Step::Open && removed != Step::Acknowledged)
    }
}

/// One item of a served document.
#[derive(Debug, Clone)]
pub(crate) struct Printed {
    report: usize,
    guid: String,
    date: String,
    brief: Option<String>,
}

/// The newsroom and its ledger.
pub(crate) struct Bustle<'d> {
    desk: &'d Desk,
    reports: Mutex<Vec<Report>>,
    /// The last document that the subscriber took, and its tag.
    document: Mutex<(Vec<Printed>, String)>,
    /// Briefs whose content was read back and was right.
    checked: Mutex<BTreeSet<usize>>,
    pub(crate) acknowledged: AtomicUsize,
    pub(crate) lost: AtomicUsize,
}

/// What a thread of the newsroom works with.
#[derive(Clone)]
pub(crate) struct Beat<'b> {
    pub(crate) base: &'b str,
    pub(crate) stop: &'b AtomicBool,
    pub(crate) events: SyncSender<()>,
    pub(crate) dice: Dice,
}

impl Beat<'_> {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Tells that something was observed; nobody need listen any more.
    fn tell(&self) {
        self.events.try_send(()).ok();
    }
}

impl<'d> Bustle<'d> {
    pub(crate) fn new(desk: &'d Desk) -> Self {
        let text = desk.configuration(&SOURCES);
        let text = text
            .replace("[fetch]", "[fetch]\nevery = \"1s\"\nmin_every = \"1s\"")
            .replace("from = [\"*\"]", &format!("from = [\"*\"]\nitems = {CHANNEL}"));
        desk.write("c.toml", &text);
        let bustle = Self {
            desk,
            reports: Mutex::default(),
            document: Mutex::default(),
            checked: Mutex::default(),
            acknowledged: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
        };
        for _ in 0..SOURCES.len() * 4 {
            bustle.reports.lock().unwrap().push(Report::default());
        }
        (0..SOURCES.len()).for_each(|source| bustle.print(source));
        bustle
    }

    fn numbers(&self, source: usize) -> Vec<usize> {
        let count = self.reports.lock().unwrap().len();
        let own: Vec<usize> = (0..count).filter(|n| n % SOURCES.len() == source).collect();
        own[own.len().saturating_sub(LISTED)..].to_vec()
    }

    /// Has the origin answer with what a source lists now.
    ///
    /// Items have no date, so that the one they are given is ours to keep.
    fn print(&self, source: usize) {
        let mut xml = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>W</title>\
            <link>https://wire.example.org/</link><description>x</description>"
            .to_owned();
        for n in self.numbers(source).iter().rev() {
            xml += &format!(
                "<item><guid isPermaLink=\"false\">g-{n}</guid><title>Report {n}</title>\
                 <link>https://wire.example.org/{n}</link><description>{}</description></item>",
                format!("Quay news number {n}. ").repeat(1 + n % 40),
            );
        }
        let answer = Answer::ok(xml + "</channel></rss>");
        self.desk.origin.script(&format!("/{}", SOURCES[source]), answer);
    }

    /// Lets sources grow, and has each polled at once.
    pub(crate) fn report(&self, mut beat: Beat<'_>) {
        while beat.goes_on() {
            let source = beat.dice.below(SOURCES.len());
            for _ in 0..=beat.dice.below(2) * SOURCES.len() {
                self.reports.lock().unwrap().push(Report::default());
            }
            (0..SOURCES.len()).for_each(|source| self.print(source));
            let path = format!("/{}", SOURCES[source]);
            self.desk.origin.take_asked(&path);
            let poll = format!("api/sources/{}/poll", SOURCES[source]);
            if ask(beat.base, "POST", &poll, &[TOKEN], b"").is_none() {
                return;
            }
            // A poll that was under way already takes the place of the one that was asked for.
            for _ in 0..50 {
                if !beat.goes_on() || !self.desk.origin.take_asked(&path).is_empty() {
                    break;
                }
                std::thread::park_timeout(Duration::from_millis(2));
            }
            beat.tell();
        }
    }

    /// Puts, removes, pins and blocks, until the daemon is gone.
    ///
    /// An editor has reports of its own, so that no late request of another undoes what was done.
    pub(crate) fn edit(&self, mut beat: Beat<'_>, desk: usize) {
        while beat.goes_on() {
            let mut open = self.open_work();
            open.retain(|report| report % 2 == desk);
            if open.is_empty() {
                std::thread::park_timeout(Duration::from_millis(5));
                continue;
            }
            let report = open[beat.dice.below(open.len())];
            if self.work_on(report, beat.base).is_none() {
                return;
            }
            beat.tell();
        }
    }

    fn open_work(&self) -> Vec<usize> {
        let reports = self.reports.lock().unwrap();
        let is_open = |(n, report): &(usize, &Report)| match fate(*n) {
            Fate::Plain => false,
            Fate::Put => report.put != Step::Acknowledged,
            Fate::Filed => report.put == Step::Open,
            Fate::Withdrawn => report.then != Step::Acknowledged,
            Fate::Pinned | Fate::Blocked => {
                report.put != Step::Acknowledged
                    || (report.then != Step::Acknowledged && report.seen.is_some())
            }
        };
        reports.iter().enumerate().filter(is_open).map(|(n, _)| n).collect()
    }

    /// Takes the next step for a report; `None` where the daemon is gone.
    fn work_on(&self, n: usize, base: &str) -> Option<()> {
        let report = self.reports.lock().unwrap()[n].clone();
        let brief = brief_id(n);
        if report.put != Step::Acknowledged {
            self.reports.lock().unwrap()[n].put = Step::Asked;
            if fate(n) == Fate::Filed {
                self.desk.write(&format!("briefs/{brief}.tmp"), &filed(n));
                let [from, to] =
                    ["tmp", "md"].map(|end| self.desk.path(&format!("briefs/{brief}.{end}")));
                std::fs::rename(from, to).unwrap();
            } else {
                let (status, text) =
                    ask(base, "PUT", &format!("api/briefs/{brief}"), &[TOKEN, JSON], &put(n))?;
                assert!(matches!(status, 200 | 201), "{brief}: {status} {text}");
                self.acknowledge(|report| report.put = Step::Acknowledged, n);
            }
            return Some(());
        }
        self.reports.lock().unwrap()[n].then = Step::Asked;
        let item = report.seen.map(|(guid, _)| guid.rsplit(':').next().unwrap().to_owned());
        let (method, path) = match (fate(n), item) {
            (Fate::Withdrawn, _) => ("DELETE", format!("api/briefs/{brief}")),
            (Fate::Pinned, Some(item)) => ("PUT", format!("api/pins/{item}/{brief}")),
            (_, Some(item)) => ("PUT", format!("api/blocks/{item}/{brief}")),
            (..) => unreachable!("only what was seen is ruled"),
        };
        let (status, text) = ask(base, method, &path, &[TOKEN], b"")?;
        // Asked again where no answer came the first time.
        let gone_already = fate(n) == Fate::Withdrawn && status == 404;
        assert!(status == 200 || gone_already, "{method} {path}: {status} {text}");
        self.acknowledge(|report| report.then = Step::Acknowledged, n);
        Some(())
    }

    fn acknowledge(&self, change: impl FnOnce(&mut Report), n: usize) {
        change(&mut self.reports.lock().unwrap()[n]);
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// Asks for the channel as a feed reader does, until the daemon is gone.
    pub(crate) fn subscribe(&self, beat: &Beat<'_>) {
        while beat.goes_on() {
            let tag = self.document.lock().unwrap().1.clone();
            let known = ("If-None-Match", tag.as_str());
            let Some((status, text)) = ask(beat.base, "GET", "feeds/all.xml", &[known], b"") else {
                return;
            };
            if status == 200 {
                self.take_document(&text);
                beat.tell();
            }
            std::thread::park_timeout(Duration::from_millis(3));
        }
    }

    /// Notes what a document says, and holds it to what an earlier one said.
    #[track_caller]
    pub(crate) fn take_document(&self, text: &str) {
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(body.trim_end().ends_with("</rss>"), "a whole document: {body}");
        let printed = printed(body);
        let guids: HashSet<&String> = printed.iter().map(|item| &item.guid).collect();
        let titles: HashSet<usize> = printed.iter().map(|item| item.report).collect();
        assert_eq!(guids.len(), printed.len(), "no guid twice: {printed:?}");
        assert_eq!(titles.len(), printed.len(), "no title twice: {printed:?}");
        let mut document = self.document.lock().unwrap();
        assert!(!printed.is_empty() || document.0.is_empty(), "the feed is empty: {body}");
        let mut reports = self.reports.lock().unwrap();
        let printed: Vec<Printed> =
            printed.into_iter().filter(|item| !reports[item.report].is_lost).collect();
        for item in &printed {
            let report = &mut reports[item.report];
            let now = (item.guid.clone(), item.date.clone());
            let before = report.seen.get_or_insert_with(|| now.clone());
            assert_eq!(*before, now, "report {} is the same item for ever", item.report);
            if let Some(brief) = &item.brief {
                assert_eq!(*brief, brief_id(item.report), "report {}", item.report);
                let known = if fate(item.report) == Fate::Pinned {
                    &mut report.then
                } else {
                    &mut report.put
                };
                assert_ne!(*known, Step::Open, "nobody gave report {} a brief", item.report);
                // It was published with its brief, so the brief counts.
                if matches!(fate(item.report), Fate::Put | Fate::Filed | Fate::Pinned) {
                    *known = Step::Acknowledged;
                }
            }
        }
        let tag = text.lines().find(|line| line.to_lowercase().starts_with("etag:"));
        let tag = tag.and_then(|line| line.split_once(": ")).unwrap().1.to_owned();
        *document = (printed, tag);
    }

    /// Holds a daemon that is ready to everything that was promised; `all` reads every brief.
    #[track_caller]
    pub(crate) fn hold(&self, base: &str, all: bool) {
        let before = self.document.lock().unwrap().0.clone();
        let (_, text) = ask(base, "GET", "feeds/all.xml", &[], b"").unwrap();
        self.take_document(&text);
        // Files are read whole before it is ready.
        for (n, report) in self.reports.lock().unwrap().iter_mut().enumerate() {
            if fate(n) == Fate::Filed && report.put == Step::Asked {
                report.put = Step::Acknowledged;
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.hold_items(base, &before);
        self.hold_briefs(base, all);
    }

    #[track_caller]
    fn hold_items(&self, base: &str, before: &[Printed]) {
        let items = list(base, "api/items");
        let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let mut stored = BTreeMap::new();
        for item in &items {
            let n = report_of(item);
            let known = stored.insert(n, item);
            assert!(known.is_none(), "report {n} is there twice");
        }
        let reports = self.reports.lock().unwrap();
        for (n, report) in reports.iter().enumerate() {
            let Some(item) = stored.get(&n) else {
                assert_eq!(report.seen, None, "report {n} was published and is gone");
                continue;
            };
            let brief = text(item, "brief_id");
            assert!(brief.is_empty() || brief == brief_id(n), "report {n}: {brief}");
            let [without, with] = report.allowed(fate(n));
            let fits = if brief.is_empty() { without } else { with };
            assert!(fits, "report {n} ({:?}) with brief `{brief}`: {report:?}", fate(n));
            let Some((guid, date)) = &report.seen else { continue };
            assert_eq!(text(item, "guid"), *guid, "report {n}");
            let printed = chrono::DateTime::parse_from_rfc2822(date).unwrap();
            let kept = chrono::DateTime::parse_from_rfc3339(&text(item, "published")).unwrap();
            assert_eq!(printed, kept, "report {n}");
        }
        drop(reports);
        let now = self.document.lock().unwrap().0.clone();
        let is_in = |list: &[Printed], n: usize| list.iter().any(|item| item.report == n);
        let came = now.iter().filter(|item| !is_in(before, item.report)).count();
        let went = before.iter().filter(|item| !is_in(&now, item.report)).count();
        let room = CHANNEL - before.len();
        assert!(went <= came.saturating_sub(room), "{went} went for {came} that came");
    }

    #[track_caller]
    fn hold_briefs(&self, base: &str, all: bool) {
        let listed = list(base, "api/briefs");
        let listed: BTreeSet<&str> = listed.iter().filter_map(|row| row["id"].as_str()).collect();
        let reports = self.reports.lock().unwrap().clone();
        let mut checked = self.checked.lock().unwrap();
        for (n, report) in reports.iter().enumerate() {
            let (certain, possible) = report.stored(fate(n));
            let is_there = listed.contains(brief_id(n).as_str());
            assert!(is_there || !certain, "{} was acknowledged: {report:?}", brief_id(n));
            assert!(!is_there || possible, "{} was removed: {report:?}", brief_id(n));
            if certain && (all || checked.insert(n)) {
                let path = format!("api/briefs/{}", brief_id(n));
                let (_, text) = ask(base, "GET", &path, &[TOKEN], b"").unwrap();
                assert!(text.contains(&summary(n)), "{}: {text}", brief_id(n));
            }
        }
    }

    /// Forgets the items that no source lists any more and no backup has: a lost database takes
    /// them along.
    pub(crate) fn forget_what_is_not_listed(&self, kept: Option<&HashSet<usize>>) {
        let mut listed: HashSet<usize> =
            (0..SOURCES.len()).flat_map(|source| self.numbers(source)).collect();
        listed.extend(kept.into_iter().flatten());
        let mut reports = self.reports.lock().unwrap();
        for (n, report) in reports.iter_mut().enumerate() {
            report.is_lost |= !listed.contains(&n);
            if report.is_lost && report.seen.take().is_some() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        let mut document = self.document.lock().unwrap();
        document.0.retain(|item| listed.contains(&item.report));
        self.checked.lock().unwrap().clear();
    }

    /// Returns how many items subscribers know.
    pub(crate) fn published(&self) -> usize {
        let reports = self.reports.lock().unwrap();
        let known = reports.iter().filter(|report| report.seen.is_some()).count();
        known + self.lost.load(Ordering::Relaxed)
    }

    /// Returns whether everything that sources list is stored.
    pub(crate) fn is_caught_up(&self, base: &str) -> bool {
        let stored = list(base, "api/items");
        let guids: HashSet<&str> =
            stored.iter().filter_map(|item| item["publisher_guid"].as_str()).collect();
        (0..SOURCES.len())
            .flat_map(|source| self.numbers(source))
            .all(|n| guids.contains(format!("g-{n}").as_str()))
    }
}

/// Returns the number of the report that a stored item is.
pub(crate) fn report_of(item: &Value) -> usize {
    let guid = item["publisher_guid"].as_str().unwrap();
    guid.trim_start_matches("g-").parse().unwrap()
}

fn summary(n: usize) -> String {
    format!("Zither {n} xylem.")
}

fn put(n: usize) -> Vec<u8> {
    let urls = match fate(n) {
        Fate::Pinned => Vec::new(),
        _ => vec![format!("https://wire.example.org/{n}")],
    };
    serde_json::json!({ "title": "Zither", "summary": summary(n), "urls": urls })
        .to_string()
        .into_bytes()
}

fn filed(n: usize) -> String {
    format!("---\nurls: [\"https://wire.example.org/{n}\"]\n---\nSummary:\n{}\n", summary(n))
}

fn printed(body: &str) -> Vec<Printed> {
    let items = between(body, "<item>", "</item>");
    items
        .into_iter()
        .map(|item| {
            let first = |open: &str, close: &str| between(item, open, close).first().copied();
            let title = first("<title>", "</title>").unwrap();
            Printed {
                report: title.trim_start_matches("Report ").parse().unwrap(),
                guid: first("<guid isPermaLink=\"false\">", "</guid>").unwrap().to_owned(),
                date: first("<pubDate>", "</pubDate>").unwrap().to_owned(),
                brief: first(" brief=\"", "\"").map(str::to_owned),
            }
        })
        .collect()
}

/// Returns a list of the API.
#[track_caller]
fn list(base: &str, path: &str) -> Vec<Value> {
    let (status, text) = ask(base, "GET", path, &[TOKEN], b"").unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Sends one request; `None` where no whole answer came. The text begins with the header.
pub(crate) fn ask(
    base: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<(u16, String)> {
    let host = base.strip_prefix("http://")?.trim_end_matches('/');
    let mut stream = TcpStream::connect(host).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut head = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let text = String::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let is_whole = status == 304 || length.is_none_or(|length| length == body.len());
    is_whole.then_some((status, text))
}
