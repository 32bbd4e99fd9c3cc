//! What a channel publishes beside its current document: archives, feeds of a term and of a source,
//! deltas, corrections; and that what is published stands still.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk::{Daemon, Desk, between, feed, missing};
use crate::origin::{Answer, Got};

const DAY: i64 = 24 * 3600;
const BRIEF: &str = "# Wall\n\n## Summary\n\nThe wall of Quillport harbour gave way.\n\n## Key Terms\n\n- Quillport\n- harbour wall\n\n## Original Source\n\nhttps://wire.example.org/wall\n";

/// Returns what a document lists, by guid: its date, and its whole item.
fn items(document: &str) -> BTreeMap<String, (String, String)> {
    let items = between(document, "<item>", "</item>");
    items
        .into_iter()
        .map(|item| {
            let one = |open, close| (*between(item, open, close).first().unwrap()).to_owned();
            let date = one("<pubDate>", "</pubDate>");
            (one("<guid isPermaLink=\"false\">", "</guid>"), (date, item.to_owned()))
        })
        .collect()
}

fn link(document: &str, relation: &str) -> Option<String> {
    let links = between(document, "<atom:link ", ">");
    let found = links.into_iter().find(|link| link.contains(&format!("rel=\"{relation}\"")))?;
    between(found, "href=\"", "\"").first().map(|address| (*address).to_owned())
}

/// Returns the part of an address that a daemon's own may stand before.
fn path(address: &str) -> &str {
    address.splitn(4, '/').nth(3).unwrap()
}

/// Names an address for subscribers, which a restart keeps.
fn public(configuration: &str) -> String {
    let named = "[server]\npublic_url = \"https://news.example.org\"\nopen = [\"/metrics\"]";
    configuration.replacen("[server]", named, 1)
}

/// A desk whose channel holds six items, with this many items of one poll a day, one day after the
/// other; today is the day after the last.
fn desk_of_days(days: i64) -> Desk {
    let desk = Desk::new(&["wire"]);
    let six =
        desk.configuration(&["wire"]).replace("title = \"All\"", "title = \"All\"\nitems = 6");
    desk.write("c.toml", &public(&six));
    let mut listed = Vec::new();
    for day in 0..days {
        desk.later((day - days) * DAY);
        for number in 0..3 {
            let guid = format!("{day}-{number}");
            listed.push((guid.clone(), format!("Item {guid}"), format!("Text of {guid}.")));
        }
        let latest: Vec<(&str, &str, &str)> = listed
            .iter()
            .rev()
            .take(9)
            .map(|(guid, title, text)| (guid.as_str(), title.as_str(), text.as_str()))
            .collect();
        let dated = feed(&latest).replace("<pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate>", "");
        desk.origin.script("/wire", Answer::ok(dated));
        desk.poll();
    }
    desk.later(0);
    desk
}

#[test]
fn every_item_is_in_the_document_or_on_a_page_and_pages_never_change() {
    let desk = desk_of_days(40);
    let daemon = desk.start();
    let current = daemon.until("feeds/all.xml", |got| got.status == 200).text();
    assert_eq!(items(&current).len(), 6);
    let mut seen: BTreeSet<String> = items(&current).into_keys().collect();
    let mut pages = BTreeMap::new();
    let mut next = link(&current, "prev-archive");
    while let Some(address) = next {
        let got = daemon.get(path(&address));
        assert_eq!(got.status, 200, "{address}");
        assert!(got.header("Cache-Control").unwrap().contains("max-age=86400"));
        let text = got.text();
        assert!(
            text.contains("<fh:archive></fh:archive>") || text.contains("<fh:archive/>"),
            "{text}"
        );
        assert_eq!(link(&text, "self").as_deref(), Some(address.as_str()));
        assert_eq!(
            link(&text, "current").map(|url| path(&url).to_owned()).as_deref(),
            Some("feeds/all.xml")
        );
        let name = path(&address).strip_prefix("feeds/all/").unwrap().to_owned();
        assert!(!items(&text).is_empty());
        seen.extend(items(&text).into_keys());
        next = link(&text, "prev-archive");
        assert!(pages.insert(name, text).is_none(), "the pages go round in a circle");
    }
    assert_eq!(seen.len(), 120, "nothing is lost: {:?}", pages.keys());
    let months: BTreeSet<&str> = pages.keys().map(|name| &name[..7]).collect();
    assert!(months.len() >= 2, "{months:?}");
    // Each of them stands on disk, for a web server, in all formats, also compressed.
    for name in pages.keys() {
        let file = desk.path("store/documents/all").join(name);
        assert!(file.with_extension("xml.gz").exists() && file.with_extension("atom.br").exists());
        let json = std::fs::read(file.with_extension("json")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["_briefwire"]["archive"], true);
    }
    // A brief that comes later changes no page; neither does a restart.
    let put = b"{\"summary\": \"S.\", \"urls\": [\"https://wire.example.org/5-1\"]}";
    let token = ("Authorization", "Bearer a-token-for-tests");
    assert_eq!(daemon.ask("PUT", "api/briefs/late", &[token], put).status, 201);
    daemon.terminate();
    let daemon = desk.start();
    for (name, text) in &pages {
        assert_eq!(daemon.get(&format!("feeds/all/{name}")).text(), *text, "{name}");
    }
    assert_eq!(daemon.get("feeds/all/2020-01.xml").status, 404);
    assert_eq!(daemon.get("feeds/all/..%2Fall.xml").status, 404);
}

#[test]
fn a_quiet_channel_has_a_page_a_month_and_one_that_keeps_none_has_none() {
    let desk = Desk::new(&["wire"]);
    desk.later(-40 * DAY);
    let undated = |titles: &[&str]| {
        let listed: Vec<(&str, &str, &str)> = titles.iter().map(|t| (*t, *t, "Text.")).collect();
        feed(&listed).replace("<pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate>", "")
    };
    desk.origin.script("/wire", Answer::ok(undated(&["a"])));
    assert_eq!(link(&desk.poll(), "prev-archive"), None);
    desk.later(0);
    desk.origin.script("/wire", Answer::ok(undated(&["a", "b"])));
    let current = desk.poll();
    assert_eq!(items(&current).len(), 2, "it stays in the document, too");
    let address = link(&current, "prev-archive").unwrap();
    let page = desk.path("store/documents").join(path(&address).strip_prefix("feeds/").unwrap());
    assert_eq!(items(&std::fs::read_to_string(page).unwrap()).len(), 1);
    let none = desk.configuration(&["wire"]) + "[publish]\narchive = \"0s\"\n";
    let desk = Desk::new(&["wire"]);
    desk.write("c.toml", &none);
    desk.later(-40 * DAY);
    desk.poll();
    desk.later(0);
    assert_eq!(link(&desk.poll(), "prev-archive"), None);
}

/// A running desk with two sources, two items each, a stored brief, and a secret channel.
fn desk() -> (Desk, Daemon) {
    let desk = Desk::new(&["wire", "dock"]);
    desk.write("secret", "a-token-of-a-channel\n");
    let secret = "[[channel]]\nid = \"hidden\"\ntitle = \"Hidden\"\nfrom = [\"*\"]\ntoken_file = \"secret\"\n\
                  [[channel]]\nid = \"dock\"\ntitle = \"Dock\"\nfrom = [\"dock\"]\nformats = [\"atom\"]\n";
    desk.write("c.toml", &public(&(desk.configuration(&["wire", "dock"]) + secret)));
    desk.write("briefs/wall.md", BRIEF);
    let wire = [
        ("wall", "Wall gives way", "The wall gave way."),
        ("b", "Fog horns", "Fog horns sounded."),
    ];
    desk.origin.script("/wire", Answer::ok(feed(&wire)));
    desk.origin
        .script("/dock", Answer::ok(feed(&[("c", "Crane falls", "A crane fell on the quay.")])));
    desk.poll();
    let daemon = desk.start();
    daemon.until("feeds/all.xml", |got| got.text().contains("Quillport"));
    (desk, daemon)
}

fn titles(got: &Got) -> Vec<String> {
    assert_eq!(got.status, 200, "{}", got.text());
    let text = got.text();
    let items = between(&text, "<item>", "</item>");
    items
        .iter()
        .map(|item| (*between(item, "<title>", "</title>").first().unwrap()).to_owned())
        .collect()
}

#[test]
fn a_term_and_a_source_have_feeds_of_their_own() {
    let (desk, daemon) = desk();
    let term = "feeds/all/terms/harbour%20wall.xml";
    let got = daemon.get(term);
    assert_eq!(titles(&got), ["Wall gives way"]);
    assert_eq!(between(&got.text(), "<title>", "</title>")[0], "All: harbour wall");
    let own = link(&got.text(), "self").unwrap();
    assert_eq!(path(&own), term);
    assert_eq!(
        titles(&daemon.get("feeds/all/terms/QUILLPORT.xml")),
        ["Wall gives way"],
        "any case"
    );
    let none = daemon.get("feeds/all/terms/nothing%2F%20of%20that.xml");
    assert!(titles(&none).is_empty(), "a reader may subscribe before there is an item");
    assert_eq!(titles(&daemon.get("feeds/all/sources/dock.xml")), ["Crane falls"]);
    let atom = daemon.get("feeds/dock/sources/dock.atom");
    assert!(atom.text().contains("<title>Dock: The Wire</title>"), "{}", atom.text());
    for absent in [
        "feeds/dock/sources/wire.atom",
        "feeds/dock/sources/dock.xml",
        "feeds/all/sources/none.xml",
        "feeds/none/terms/a.xml",
        "feeds/hidden/terms/quillport.xml",
        "feeds/hidden/sources/dock.xml",
        "feeds/all/terms/.xml",
    ] {
        assert_eq!(daemon.get(absent).status, 404, "{absent}");
    }
    let secret = daemon.get("feeds/hidden/sources/dock.xml?token=a-token-of-a-channel");
    assert_eq!(titles(&secret), ["Crane falls"]);
    assert!(link(&secret.text(), "self").unwrap().ends_with("?token=a-token-of-a-channel"));
    // The same bytes again, a 304, and what changes is seen at once.
    let again = daemon.get(term);
    assert_eq!(again.text(), got.text());
    let tag = got.header("ETag").unwrap();
    let known = daemon.ask("GET", term, &[("If-None-Match", &tag)], b"");
    assert_eq!(known.status, 304);
    desk.write("briefs/wall.md", &BRIEF.replace("gave way", "was rebuilt"));
    let edited = daemon.until(term, |got| got.text().contains("was rebuilt"));
    assert_eq!(
        items(&edited.text()).into_keys().collect::<Vec<_>>(),
        items(&got.text()).into_keys().collect::<Vec<_>>()
    );
    daemon.terminate();
    let daemon = desk.start();
    let restarted = daemon.until(term, |got| got.status == 200);
    assert_eq!(restarted.text(), edited.text(), "a restart gives the same bytes");
}

#[test]
fn a_corrected_brief_or_item_says_so_once_and_keeps_its_guid_and_date() {
    let (desk, daemon) = desk();
    let before = daemon.get("feeds/all.xml").text();
    assert!(!before.contains("Updated 20"), "a first brief is no correction");
    let atom = |daemon: &Daemon| {
        let text = daemon.get("feeds/all.atom").text();
        let entries = between(&text, "<entry>", "</entry>");
        let entry = entries.into_iter().find(|entry| entry.contains(">Wall")).unwrap();
        let one =
            |name: &str| between(entry, &format!("<{name}>"), &format!("</{name}>"))[0].to_owned();
        (one("published"), one("updated"))
    };
    let first = atom(&daemon);
    desk.later(3600);
    desk.write(
        "briefs/wall.md",
        &BRIEF.replace("gave way", "was rebuilt").replace("- harbour wall\n", "- quay\n"),
    );
    let after = daemon.until("feeds/all.xml", |got| got.text().contains("was rebuilt")).text();
    assert_eq!(after.matches("Updated 20").count(), 1, "{after}");
    let line = between(&after, "<p>Updated ", "</p>")[0];
    assert!(line.ends_with(" UTC: Summary, Key Terms"), "{line}");
    assert!(after.contains(">summary key-terms</brief:correction>"));
    let second = atom(&daemon);
    assert_eq!(first.0, second.0, "published stands");
    assert!(first.1 < second.1, "{first:?} {second:?}");
    let json = daemon.get("feeds/all.json").text();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let told = json["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["title"] == "Wall gives way")
        .unwrap();
    assert_eq!(
        told["_briefwire"]["correction"]["sections"],
        serde_json::json!(["summary", "key-terms"])
    );
    assert!(told["date_modified"].as_str() > told["date_published"].as_str());
    let dates = |text: &str| {
        items(text).into_iter().map(|(guid, (date, _))| (guid, date)).collect::<Vec<_>>()
    };
    assert_eq!(dates(&before), dates(&after));
    // The publisher corrects its headline and its text.
    let wire = [
        ("wall", "Wall stands", "The wall stands again."),
        ("b", "Fog horns", "Fog horns sounded."),
    ];
    desk.origin.script("/wire", Answer::ok(feed(&wire)));
    daemon.poll("wire");
    let corrected = daemon.until("feeds/all.xml", |got| got.text().contains("Wall stands")).text();
    assert!(corrected.contains(" UTC: Headline, Original Post</p>"), "{corrected}");
    assert_eq!(corrected.matches("Updated 20").count(), 1, "one line an item");
    assert_eq!(dates(&before), dates(&corrected));
}

#[test]
fn a_reader_that_asks_for_what_is_new_gets_only_that() {
    let (desk, daemon) = desk();
    let whole = daemon.get("feeds/all.xml");
    let tag = whole.header("ETag").unwrap();
    let delta = |tag: &str, more: &[(&str, &str)]| {
        let headers = [&[("A-IM", "feed"), ("If-None-Match", tag)], more].concat();
        daemon.ask("GET", "feeds/all.xml", &headers, b"")
    };
    assert_eq!(delta(&tag, &[]).status, 304);
    let wire = [
        ("wall", "Wall gives way", "The wall gave way."),
        ("b", "Fog horns", "Fog horns sounded all night."),
        ("d", "Dredger sails", "A dredger sailed."),
    ];
    desk.origin.script("/wire", Answer::ok(feed(&wire)));
    daemon.poll("wire");
    let now = daemon.until("feeds/all.xml", |got| got.text().contains("Dredger"));
    let got = delta(&tag, &[]);
    assert_eq!((got.status, got.header("IM").as_deref()), (226, Some("feed")));
    assert_eq!(titles_of(&got), ["Dredger sails", "Fog horns"]);
    for (name, value) in
        [("Cache-Control", "no-store"), ("ETag", now.header("ETag").unwrap().as_str())]
    {
        assert_eq!(got.header(name).as_deref(), Some(value));
    }
    let vary = got.header("Vary").unwrap();
    assert!(vary.contains("A-IM") && vary.contains("If-None-Match"), "{vary}");
    assert_eq!(delta(&got.header("ETag").unwrap(), &[]).status, 304);
    assert_eq!(delta("\"00000000000000000000000000000000\"", &[]).status, 200, "not of ours");
    assert_eq!(daemon.ask("GET", "feeds/all.xml", &[("If-None-Match", &tag)], b"").status, 200);
    let atom = daemon.get("feeds/all.atom");
    let gzip = [("Accept-Encoding", "gzip")];
    let packed = delta(&tag, &gzip);
    let weak = format!("W/{tag}");
    assert_eq!(packed.status, 200, "so small a whole, compressed, is less than what is new of it");
    assert_eq!(delta(&weak, &[]).status, 226);
    assert_eq!(atom.status, 200);
    let json =
        daemon.ask("GET", "feeds/all.json", &[("A-IM", "feed"), ("If-None-Match", "\"1\"")], b"");
    assert_eq!(json.status, 200);
}

fn titles_of(got: &Got) -> Vec<String> {
    let text = got.text();
    let items = between(&text, "<item>", "</item>");
    let mut titles: Vec<String> = items
        .iter()
        .map(|item| (*between(item, "<title>", "</title>").first().unwrap()).to_owned())
        .collect();
    titles.sort();
    titles
}

/// Returns a feed of some items and thirty others, whose whole is more to send than a few.
fn long(items: &[(&str, &str, &str)]) -> String {
    let mut state = 1_u64;
    let mut word = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:x}", state >> 24)
    };
    let others: Vec<(String, String)> = (0..30)
        .map(|number| {
            (format!("Filler {number}"), (0..40).map(|_| word()).collect::<Vec<_>>().join(" "))
        })
        .collect();
    let others = others.iter().map(|(title, text)| (title.as_str(), title.as_str(), text.as_str()));
    feed(&items.iter().copied().chain(others).collect::<Vec<_>>()).replace("Filler ", "Filler-")
}

/// Returns what newsboat's cache of a desk lists.
fn cached(desk: &Desk) -> Vec<String> {
    let script = "import sqlite3, sys\nfor t, in sqlite3.connect(sys.argv[1]).execute('select title from rss_item order by title'): print(t)\n";
    let output = std::process::Command::new("python3")
        .args(["-c", script, desk.path("cache.db").to_str().unwrap()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.starts_with("Filler")).map(str::to_owned).collect()
}

#[test]
fn readers_that_ask_for_deltas_lose_and_double_nothing() {
    let has = std::process::Command::new("python3").args(["-c", "import reader"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        return missing("Python's reader");
    }
    let (desk, daemon) = desk();
    let wire = [
        ("wall", "Wall gives way", "The wall gave way."),
        ("b", "Fog horns", "Fog horns sounded."),
    ];
    desk.origin.script("/wire", Answer::ok(long(&wire)));
    daemon.poll("wire");
    daemon.until("feeds/all.xml", |got| got.text().matches("<item>").count() == 33);
    let read = |name: &str| {
        let script = "import sys\nfrom reader import make_reader\n\
            r = make_reader(sys.argv[1])\nr.add_feed(sys.argv[2], exist_ok=True)\nr.update_feeds(scheduled=False)\n\
            for e in r.get_entries(): print(e.title, '|', e.read); r.mark_entry_as_read(e)\n";
        let output = std::process::Command::new("python3")
            .args(["-c", script])
            .args([desk.path(name).to_str().unwrap(), &daemon.url("feeds/all.xml")])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("Filler"));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort();
        assert!(!lines.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        lines
    };
    let newsboat = |name: &str| {
        desk.write("urls", &format!("{}\n", daemon.url("feeds/all.xml")));
        let run = std::process::Command::new("newsboat")
            .args(["-u", "urls", "-C", "/dev/null", "-c", name, "-x", "reload"])
            .current_dir(desk.path(""))
            .env("HOME", desk.path(""))
            .output();
        run.is_ok_and(|output| output.status.success())
    };
    let has_newsboat = newsboat("cache.db");
    if !has_newsboat {
        missing("newsboat");
    }
    assert_eq!(
        read("r.db"),
        ["Crane falls | False", "Fog horns | False", "Wall gives way | False"]
    );
    let wire = [
        ("wall", "Wall gives way", "The wall gave way."),
        ("b", "Fog horns again", "Fog horns sounded all night."),
        ("d", "Dredger sails", "A dredger sailed."),
    ];
    desk.origin.script("/wire", Answer::ok(long(&wire)));
    daemon.poll("wire");
    daemon.until("feeds/all.xml", |got| got.text().contains("Dredger"));
    let expected = [
        "Crane falls | True",
        "Dredger sails | False",
        "Fog horns again | True",
        "Wall gives way | True",
    ];
    assert_eq!(read("r.db"), expected);
    assert_eq!(read("r.db").len(), 4);
    if has_newsboat {
        assert!(newsboat("cache.db"));
        let listed = cached(&desk);
        assert_eq!(listed, ["Crane falls", "Dredger sails", "Fog horns again", "Wall gives way"]);
    }
    let counted = daemon.get("metrics").text();
    let deltas = counted.lines().find(|line| line.contains("status=\"226\""));
    assert!(deltas.is_some(), "somebody was sent a delta:\n{counted}");
}

#[test]
fn a_document_may_be_kept_until_the_next_poll() {
    let (desk, daemon) = desk();
    daemon.terminate();
    let text = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    desk.write("c.toml", &text.replace("first = \"all\"", "first = \"all\"\nevery = \"20m\""));
    desk.later(4000);
    desk.poll();
    let daemon = desk.start();
    let age = |got: &Got| -> u64 {
        let value = got.header("Cache-Control").unwrap();
        value.strip_prefix("public, max-age=").unwrap().parse().unwrap()
    };
    // A minute, as long as it is not known when its sources are asked: in 20 minutes and up to a
    // tenth more, since that was done just now.
    let age = age(&daemon.until("feeds/all.xml", |got| got.status == 200 && age(got) > 60));
    assert!((1100..=1320).contains(&age), "{age}");
}
