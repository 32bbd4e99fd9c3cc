//! Subscribing, for real: feed readers with a memory poll the running daemon while its items are
//! edited, briefed and withdrawn.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::desk::{Daemon, Desk, feed, missing};
use crate::origin::Answer;
use crate::serving::TOKEN;

/// A program that subscribes and keeps what it has read in the desk's folder.
#[derive(Debug, Clone, Copy)]
enum Reader {
    Newsboat,
    /// Python's `reader`, by lemon24.
    Lemon,
    Feedparser,
}

/// An item as a reader shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Shown {
    title: String,
    date: i64,
    body: String,
    unread: bool,
}

/// Prints newsboat's cache, then marks all of it read.
const CACHE: &str = "
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
rows = db.execute('select guid, title, pubDate, content, unread from rss_item where deleted = 0')
print(json.dumps([[g, dict(title=t, date=d, body=b, unread=bool(u))] for g, t, d, b, u in rows]))
db.execute('update rss_item set unread = 0')
db.commit()
";

/// Updates a subscription of Python's reader, prints it, then marks all of it read.
const UPDATE: &str = "
import json, sys
from reader import make_reader
reader = make_reader(sys.argv[1])
reader.add_feed(sys.argv[2], exist_ok=True)
reader.update_feed(sys.argv[2])
body = lambda e: e.get_content(prefer_summary=False).value
view = lambda e: dict(title=e.title, date=int(e.published.timestamp()), body=body(e), unread=not e.read)
print(json.dumps([[e.id, view(e)] for e in reader.get_entries()]))
for entry in list(reader.get_entries(read=False)):
    reader.mark_entry_as_read(entry)
";

/// Prints a document; what was there the last time counts as read, by guid.
const PARSE: &str = "
import calendar, feedparser, json, os, sys
known = json.load(open(sys.argv[1])) if os.path.exists(sys.argv[1]) else []
feed = feedparser.parse(sys.argv[2])
assert feed.status == 200 and not feed.bozo, feed
date = lambda e: calendar.timegm(e.published_parsed)
view = lambda e: dict(title=e.title, date=date(e), body=e.content[0].value, unread=e.id not in known)
print(json.dumps([[e.id, view(e)] for e in feed.entries]))
json.dump([e.id for e in feed.entries], open(sys.argv[1], 'w'))
";

fn python(script: &str, arguments: [&Path; 2]) -> Vec<u8> {
    let output = Command::new("python3").args(["-c", script]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

impl Reader {
    /// Returns whether the program is there.
    fn is_there(self) -> bool {
        let (program, arguments, name): (_, &[&str], _) = match self {
            Self::Newsboat => {
                ("newsboat", &["--version"], "newsboat, or Python that reads its cache")
            }
            Self::Lemon => ("python3", &["-c", "import reader"], "Python's reader"),
            Self::Feedparser => ("python3", &["-c", "import feedparser"], "Python's feedparser"),
        };
        let runs = |program: &str, arguments: &[&str]| {
            let ran = Command::new(program).args(arguments).output();
            ran.is_ok_and(|output| output.status.success())
        };
        // What newsboat keeps is read by Python, too.
        let there = runs(program, arguments) && runs("python3", &["-c", "import sqlite3"]);
        if !there {
            missing(name);
        }
        there
    }

    /// Polls, returns every item by guid, and marks all read.
    #[track_caller]
    fn poll(self, desk: &Desk, url: &str) -> BTreeMap<String, Shown> {
        let memory = desk.path("memory");
        let printed = match self {
            Self::Newsboat => {
                desk.write("urls", url);
                desk.write("config", "");
                let mut command = Command::new("newsboat");
                for (option, file) in [("-u", "urls"), ("-C", "config"), ("-c", "memory")] {
                    command.arg(option).arg(desk.path(file));
                }
                let output = command
                    .args(["-q", "-x", "reload"])
                    .env("HOME", desk.path(""))
                    .output()
                    .unwrap();
                assert!(output.status.success(), "{output:?}");
                python(CACHE, [&memory, url.as_ref()])
            }
            Self::Lemon => python(UPDATE, [&memory, url.as_ref()]),
            Self::Feedparser => python(PARSE, [&memory, url.as_ref()]),
        };
        let listed: Vec<(String, Shown)> = serde_json::from_slice(&printed).unwrap();
        let count = listed.len();
        let shown: BTreeMap<String, Shown> = listed.into_iter().collect();
        assert_eq!(shown.len(), count, "a guid is there once");
        shown
    }
}

const WALL: &str = "The wall of Quillport harbour gave way on Sunday.";
const REBUILT: &str = "The wall of Quillport harbour will be rebuilt by spring.";
const TIDE: &str = "Turbines in the sound went on the grid.";
const BRIEF: &[u8] = br#"{
  "title": "Tide", "summary": "Two of twelve turbines feed the grid.",
  "what_this_means": [{"label": "Boat owners", "text": "Anchoring is forbidden near the cable."}],
  "people_also_ask": [{"q": "How many homes?", "a": "About 5,200."}],
  "expert_opinion": {"who": "Ada Merrow", "quote": "The cable is the part to watch."},
  "key_terms": ["tidal power"], "urls": ["https://wire.example.org/tide"]
}"#;
/// What only the brief says, section by section.
const SECTIONS: [&str; 4] = [
    "Two of twelve turbines",
    "Anchoring is forbidden",
    "About 5,200",
    "The cable is the part to watch",
];

/// Lets the daemon poll its source now.
#[track_caller]
fn poll_source(daemon: &Daemon) {
    let asked = daemon.ask("POST", "api/sources/wire/poll", &[TOKEN], b"");
    assert!(asked.status < 300, "{}", asked.text());
}

/// Checks that what was there is there still: each once, at its date, and read.
#[track_caller]
fn assert_stands(before: &BTreeMap<String, Shown>, after: &BTreeMap<String, Shown>) {
    for (guid, item) in before {
        let now = after.get(guid).expect(guid);
        assert_eq!(now.date, item.date, "{guid} has its date");
        assert!(!now.unread, "{guid} is unread again");
    }
}

#[track_caller]
fn by_title<'s>(shown: &'s BTreeMap<String, Shown>, title: &str) -> &'s Shown {
    let mut found = shown.values().filter(|item| item.title == title);
    let item = found.next().expect(title);
    assert!(found.next().is_none(), "{title} twice");
    item
}

/// A subscription over an edit, a late brief, a story that the publisher withdraws, and the brief
/// withdrawn again.
fn check(reader: Reader) {
    if !reader.is_there() {
        return;
    }
    let desk = Desk::new(&["wire"]);
    let ferry = ("ferry", "Ferry stays in port", "The ferry stays in port today.");
    let tide = ("tide", "Tide turns turbines", TIDE);
    let listed = [("wall", "Wall gives way", WALL), tide, ferry];
    desk.origin.script("/wire", Answer::ok(feed(&listed)));
    let daemon = desk.start();
    daemon.until("feeds/all.xml", |got| got.text().matches("<item>").count() == 3);
    let url = daemon.url("feeds/all.xml");
    let first = reader.poll(&desk, &url);
    assert_eq!(first.len(), 3, "{first:?}");
    assert!(first.values().all(|item| item.unread), "{first:?}");

    // An edit, a brief that comes late, and a story that the publisher no longer lists.
    let edited = ("wall", "Wall to be rebuilt", REBUILT);
    desk.origin.script("/wire", Answer::ok(feed(&[edited, tide])));
    let json = ("Content-Type", "application/json");
    assert_eq!(daemon.ask("PUT", "api/briefs/tide", &[json, TOKEN], BRIEF).status, 201);
    poll_source(&daemon);
    daemon.until("feeds/all.xml", |got| {
        got.text().contains("brief=\"tide\"") && got.text().contains("Wall to be rebuilt")
    });
    let second = reader.poll(&desk, &url);
    assert_eq!(second.len(), 3, "nothing doubled, nothing gone: {second:?}");
    assert_stands(&first, &second);
    let wall = by_title(&second, "Wall to be rebuilt");
    assert!(wall.body.contains("rebuilt by spring") && !wall.body.contains("gave way"), "{wall:?}");
    let told = &by_title(&second, "Tide turns turbines").body;
    for section in SECTIONS {
        assert!(told.contains(section), "{section} in {told}");
    }

    // The brief is withdrawn, and a story is new.
    assert_eq!(daemon.ask("DELETE", "api/briefs/tide", &[TOKEN], b"").status, 200);
    let comet = ("comet", "Comet seen", "A comet was seen at dusk.");
    desk.origin.script("/wire", Answer::ok(feed(&[comet, edited, tide])));
    poll_source(&daemon);
    daemon.until("feeds/all.xml", |got| {
        !got.text().contains("brief=\"tide\"") && got.text().contains("Comet seen")
    });
    let third = reader.poll(&desk, &url);
    assert_eq!(third.len(), 4, "{third:?}");
    assert_stands(&second, &third);
    assert!(by_title(&third, "Comet seen").unread);
    let told = &by_title(&third, "Tide turns turbines").body;
    assert!(told.contains(TIDE), "{told}");
    for section in SECTIONS {
        assert!(!told.contains(section), "{section} in {told}");
    }
}

#[test]
fn newsboat_sees_edits_in_place_nothing_doubled_and_nothing_unread_again() {
    check(Reader::Newsboat);
}

#[test]
fn pythons_reader_sees_edits_in_place_nothing_doubled_and_nothing_unread_again() {
    check(Reader::Lemon);
}

#[test]
fn feedparser_sees_edits_in_place_and_nothing_doubled_over_http() {
    check(Reader::Feedparser);
}
