//! The harness: a temporary folder, the real binary, an origin.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::origin::{Got, Origin, request};

/// What a loaded machine is waited for. It is no claim about how fast anything is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The headings of a whole brief, in their order.
pub(crate) const HEADINGS: [&str; 8] = [
    "Summary",
    "What This Means for You",
    "Original Post",
    "Extra Information",
    "People Also Ask",
    "Expert Opinion",
    "Key Terms",
    "Original Source",
];

/// A temporary folder with a configuration, and the binary that is run on it.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    pub(crate) origin: Origin,
}

/// What a run of the binary left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// What came of one source's poll.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) ok: bool,
    pub(crate) words: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Desk {
    /// Makes a desk whose sources are paths of its origin, one channel `all`, and a directory of
    /// briefs.
    pub(crate) fn new(sources: &[&str]) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), origin: Origin::start() };
        std::fs::create_dir(desk.path("briefs")).unwrap();
        desk.write("token", "a-token-for-tests\n");
        desk.write("c.toml", &desk.configuration(sources));
        desk
    }

    pub(crate) fn configuration(&self, sources: &[&str]) -> String {
        let mut text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_token_file = \"token\"\n\
            [store]\npath = \"store\"\n[fetch]\nhost_spacing = \"0s\"\nheader_timeout = \"3s\"\n\
            total_timeout = \"5s\"\n[briefs]\ndir = \"briefs\"\n\
            [[channel]]\nid = \"all\"\ntitle = \"All\"\nfrom = [\"*\"]\n"
            .to_owned();
        for name in sources {
            text += &source(name, &self.origin.url(&format!("/{name}")));
        }
        text
    }

    /// Configures other sources (ids and addresses), with more lines in `[fetch]`.
    pub(crate) fn configure(&self, fetch: &str, sources: &[(String, String)]) {
        let sources: String = sources.iter().map(|(id, url)| source(id, url)).collect();
        let text = self.configuration(&[]).replace("[fetch]", &format!("[fetch]\n{fetch}"));
        self.write("c.toml", &(text + &sources));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Returns the command that runs the binary on this desk's configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_briefwire"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.path("c.toml"))
            .env("BRIEFWIRE_TEST_CLOCK", self.path("clock"))
            .env_remove("RUNTIME_DIRECTORY")
            .env("RUST_BACKTRACE", "0");
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs a command that must succeed, and returns what it printed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    /// Sets the clock of the next runs forward, in debug builds.
    pub(crate) fn later(&self, seconds: i64) {
        self.write("clock", &seconds.to_string());
    }

    /// Polls every source once and returns the document of channel `all`.
    #[track_caller]
    pub(crate) fn poll(&self) -> String {
        self.ok(&["poll"]);
        self.document("all")
    }

    /// Polls by a command and returns what came of each source that was asked.
    #[track_caller]
    pub(crate) fn outcomes(&self, which: &[&str]) -> BTreeMap<String, Told> {
        let printed = self.ok(&[&["poll", "--json"], which].concat());
        let told = printed.lines().map(|line| {
            let told: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| told.get(key).and_then(|value| value.as_str()).unwrap();
            let ok = told.get("ok").and_then(serde_json::Value::as_bool).unwrap();
            (text("source").to_owned(), Told { ok, words: text("outcome").to_owned() })
        });
        told.collect()
    }

    /// Returns the titles of the stored items, by source.
    #[track_caller]
    pub(crate) fn titles(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut titles: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for item in self.items() {
            let text = |key: &str| item.get(key).and_then(|value| value.as_str()).unwrap();
            titles.entry(text("feed").to_owned()).or_default().insert(text("title").to_owned());
        }
        titles
    }

    pub(crate) fn document(&self, channel: &str) -> String {
        std::fs::read_to_string(self.path(&format!("store/documents/{channel}.xml"))).unwrap()
    }

    /// Returns the stored items as JSON.
    #[track_caller]
    pub(crate) fn items(&self) -> Vec<serde_json::Value> {
        let printed = self.ok(&["items", "--json"]);
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Starts the daemon and waits until it says that it is up.
    pub(crate) fn start(&self) -> Daemon {
        Self::start_by(self.command(&["run"]))
    }

    /// Starts the daemon by a command of the caller's, and waits until it is ready.
    pub(crate) fn start_by(command: Command) -> Daemon {
        let daemon = Self::spawn(command);
        daemon.until("readyz", |got| got.status == 200);
        daemon
    }

    /// Starts the daemon by a command of the caller's, and waits until it listens.
    pub(crate) fn spawn(mut command: Command) -> Daemon {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().expect("the daemon prints where it is").unwrap();
        let base = first.split_whitespace().last().unwrap().to_owned();
        Daemon { child, base, _lines: lines }
    }
}

/// A running daemon; killed when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    base: String,
    /// Kept open, so that the daemon can go on printing.
    _lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Daemon {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn get(&self, path: &str) -> Got {
        self.ask("GET", path, &[], b"")
    }

    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Got {
        request(method, &self.url(path), headers, body)
    }

    /// Asks until the answer is as wanted; fails once patience ends.
    #[track_caller]
    pub(crate) fn until(&self, path: &str, wanted: impl Fn(&Got) -> bool) -> Got {
        let began = Instant::now();
        loop {
            let got = self.get(path);
            if wanted(&got) {
                return got;
            }
            assert!(began.elapsed() < PATIENCE, "{path}: {}", got.text());
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Has a source polled now.
    #[track_caller]
    pub(crate) fn poll(&self, source: &str) {
        let token = ("Authorization", "Bearer a-token-for-tests");
        let path = format!("api/sources/{source}/poll");
        assert_eq!(self.ask("POST", &path, &[token], b"").status, 200);
    }

    /// Returns what came of each source so far.
    #[track_caller]
    pub(crate) fn told(&self) -> BTreeMap<String, Told> {
        let token = ("Authorization", "Bearer a-token-for-tests");
        let listed = self.ask("GET", "api/sources", &[token], b"");
        let listed: Vec<serde_json::Value> = serde_json::from_slice(&listed.body).unwrap();
        let text = |source: &serde_json::Value, key: &str| {
            source.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
        };
        let told = |source: &serde_json::Value| {
            let ok = source.get("ok").and_then(serde_json::Value::as_bool).unwrap_or(false);
            (text(source, "id"), Told { ok, words: text(source, "outcome") })
        };
        listed.iter().map(told).collect()
    }

    /// Returns the most memory it has held so far, in bytes.
    pub(crate) fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib << 10
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let arguments = [format!("-{name}"), self.pid().to_string()];
        assert!(Command::new("kill").args(arguments).status().unwrap().success());
    }

    /// Sends SIGTERM and returns the exit code and how long it took.
    pub(crate) fn terminate(mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        self.signal("TERM");
        (self.child.wait().unwrap().code(), began.elapsed())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Already gone where the test ended it.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits until something is so; fails once patience ends.
#[track_caller]
pub(crate) fn eventually(what: &str, is_so: impl FnMut() -> bool) {
    within(PATIENCE, what, is_so);
}

/// Waits until something is so; fails once its time is up.
#[track_caller]
pub(crate) fn within(limit: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < limit, "{what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Returns the `[[source]]` of an id and an address in this machine.
pub(crate) fn source(id: &str, url: &str) -> String {
    format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\nallow_private = true\nfirst = \"all\"\n")
}

/// Returns an RSS feed of one item without a date, with more elements in its channel.
///
/// Its rhythm stays unknown, so that it is due by the default interval, whatever the day.
pub(crate) fn undated(title: &str, more: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" \
         xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\"><channel><title>The Wire</title>\
         {more}<item><guid isPermaLink=\"false\">{title}</guid><title>{title}</title></item>\
         </channel></rss>"
    )
}

/// Returns a place that a test needs; where it is missing the test is skipped, and fails in CI.
pub(crate) fn needs(path: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if place.exists() {
        return Some(place);
    }
    missing(path);
    None
}

/// Says in one line that a test was skipped for want of something, and fails in CI.
pub(crate) fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} is missing, and CI must have it");
    eprintln!("skipped: {what} is missing");
}

/// Copies a directory with all files that are below it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy(&entry.path(), &target),
            kind if kind.is_file() => drop(std::fs::copy(entry.path(), target).unwrap()),
            // A socket is somebody else's.
            _ => {}
        }
    }
}

/// Returns an RSS feed of items: guid, title, text.
pub(crate) fn feed(items: &[(&str, &str, &str)]) -> String {
    let mut xml = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>The Wire</title>\
        <link>https://wire.example.org/</link><description>x</description><language>en</language>"
        .to_owned();
    for (guid, title, text) in items {
        xml += &format!(
            "<item><guid isPermaLink=\"false\">{guid}</guid><title>{title}</title>\
             <link>https://wire.example.org/{guid}?utm_source=rss</link>\
             <pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate><description>{text}</description></item>"
        );
    }
    xml + "</channel></rss>"
}

/// Returns the text between two marks, each time they stand in a text.
pub(crate) fn between<'t>(text: &'t str, open: &str, close: &str) -> Vec<&'t str> {
    text.split(open).skip(1).filter_map(|rest| rest.split(close).next()).collect()
}
