//! The pages without a browser: what stands on them, who may see it, how large they are.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::desk::{Daemon, Desk, between, feed, missing, source};
use crate::origin::{Answer, Got};
use crate::serving::TOKEN;

fn put_brief(daemon: &Daemon, id: &str, more: &str, summary: &str) {
    let body =
        format!("{{\"id\":\"{id}\",\"title\":\"Tidal array\",\"summary\":\"{summary}\"{more}}}");
    let kind = ("Content-Type", "application/json");
    let got = daemon.ask("PUT", &format!("api/briefs/{id}"), &[TOKEN, kind], body.as_bytes());
    assert!([200, 201].contains(&got.status), "{}", got.text());
}

fn start_polled(desk: &Desk) -> Daemon {
    desk.run(&["poll"]);
    desk.start()
}

fn items(desk: &Desk, count: usize) {
    let items: Vec<(String, String)> = (0..count)
        .map(|n| (format!("g{n}"), format!("Report number {n} of the harbour")))
        .collect();
    let items: Vec<(&str, &str, &str)> = items
        .iter()
        .map(|(guid, title)| (guid.as_str(), title.as_str(), "It is told here."))
        .collect();
    desk.origin.script("/wire", Answer::ok(feed(&items)));
}

#[test]
fn an_earlier_version_of_a_brief_can_be_read() {
    let desk = Desk::new(&["wire"]);
    items(&desk, 1);
    let daemon = start_polled(&desk);
    let pin = ",\"urls\":[\"https://wire.example.org/g0\"]";
    put_brief(&daemon, "array", pin, "Two turbines run.");
    put_brief(&daemon, "array", pin, "Three turbines run.");
    let id = between(&daemon.get("").text(), "href=\"/items/", "\"")[0].to_owned();
    let item = daemon.get(&format!("items/{id}")).text();
    assert!(item.contains("Three turbines run.") && !item.contains("Two turbines run."), "{item}");
    let version = between(&item, "href=\"/briefs/array?version=", "\"")[0].to_owned();
    assert!(item.contains("before a change of Summary"), "{item}");
    let earlier = daemon.get(&format!("briefs/array?version={version}")).text();
    assert!(
        earlier.contains("Two turbines run.") && earlier.contains("earlier version"),
        "{earlier}"
    );
    assert_eq!(daemon.get("briefs/array?version=7").status, 404);
    let backup = desk.path("backup");
    desk.ok(&["backup", backup.to_str().unwrap()]);
    drop(daemon);
    desk.ok(&["restore", backup.to_str().unwrap()]);
    let daemon = desk.start();
    let restored = daemon.get(&format!("briefs/array?version={version}")).text();
    assert!(restored.contains("Two turbines run."), "{restored}");
}

#[test]
fn a_draft_is_for_those_who_have_the_token() {
    let desk = Desk::new(&["wire"]);
    let text = desk.configuration(&["wire"]);
    desk.write("c.toml", &text.replace("[server]", "[server]\npublic_url = \"https://n.example\""));
    items(&desk, 1);
    let daemon = start_polled(&desk);
    put_brief(&daemon, "draft", ",\"status\":\"draft\"", "Not for everybody yet.");
    assert_eq!(daemon.get("briefs/draft").status, 404);
    assert!(!daemon.get("search?q=everybody").text().contains("briefs/draft"));
    assert_eq!(daemon.ask("GET", "briefs/draft", &[TOKEN], b"").status, 200);
    for path in ["status", "status.xml", "metrics", "admin/"] {
        assert_eq!(daemon.get(path).status, 401, "{path}");
        assert_eq!(daemon.ask("GET", path, &[TOKEN], b"").status, 200, "{path}");
    }
}

#[test]
fn what_only_a_secret_channel_shows_is_on_no_list() {
    let desk = Desk::new(&[]);
    let wire = source("wire", &desk.origin.url("/wire"));
    let text =
        desk.configuration(&[]).replace("from = [\"*\"]", "from = []\ntoken_file = \"token\"");
    let text = text.replace("from = []", "from = [\"wire\"]");
    desk.write("c.toml", &(text + &wire));
    items(&desk, 3);
    let daemon = start_polled(&desk);
    for path in ["", "search?q=harbour", "terms/harbour", "opml"] {
        let page = daemon.get(path).text();
        assert!(!page.contains("Report number") && !page.contains("a-token"), "{path}: {page}");
    }
    assert!(daemon.get("feeds/all.xml?token=a-token-for-tests").text().contains("Report number"));
}

#[test]
fn the_feed_of_troubles_holds_what_is_wrong_and_nothing_else() {
    let desk = Desk::new(&["wire", "lost"]);
    items(&desk, 1);
    desk.origin.script("/lost", Answer::status(410));
    desk.write("briefs/bad.md", "## Key Terms\n\n- no summary\n");
    let daemon = start_polled(&desk);
    let wrong = |got: &Got| between(&got.text(), "<item>", "</item>").len() == 2;
    let first = daemon.until("status.xml", wrong).text();
    assert!(first.contains("lost is gone") && first.contains("bad.md is refused"), "{first}");
    assert_eq!(daemon.get("status.xml").text(), first, "it stands still while nothing changes");
    let page = daemon.get("status").text();
    assert!(page.contains("2 things need you"), "{page}");
    let gone = daemon.get("status?show=gone").text();
    assert!(gone.contains(">lost</a>") && !gone.contains(">wire</a>"), "{gone}");
    desk.write("briefs/bad.md", "## Summary\n\nIt has one now.\n");
    daemon.until("status.xml", |got| between(&got.text(), "<item>", "</item>").len() == 1);
}

#[test]
fn lists_have_pages_and_no_page_is_large() {
    let names: Vec<String> = (0..60).map(|number| format!("source-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let desk = Desk::new(&names);
    for name in &names {
        desk.origin.script(&format!("/{name}"), Answer::ok(feed(&[(name, name, "A text of it.")])));
    }
    let channel =
        |n| format!("[[channel]]\nid = \"c{n}\"\ntitle = \"Channel {n}\"\nfrom = [\"*\"]\n");
    let channels = (0..25).map(channel).collect::<Vec<_>>().concat();
    desk.write("c.toml", &(desk.configuration(&names) + &channels));
    let daemon = start_polled(&desk);
    assert_eq!(daemon.told().values().filter(|told| told.ok).count(), names.len());
    for path in
        ["", "?page=2", "status", "status?page=2", "search?q=text", "search?q=source", "admin/"]
    {
        let got = daemon.ask("GET", path, &[TOKEN], b"");
        assert_eq!(got.status, 200, "{path}");
        assert!(got.body.len() < 100_000, "{path}: {}", got.body.len());
        assert!(!got.text().contains("<script") && !got.text().contains(" style="), "{path}");
    }
    let second = daemon.get("status?page=2").text();
    assert!(second.contains("source-59") && !second.contains("source-0<"), "{second}");
    assert!(daemon.get("?page=2").text().contains("Channel 24"));
}

#[test]
fn a_form_of_another_site_changes_nothing() {
    let desk = Desk::new(&["wire"]);
    items(&desk, 1);
    let daemon = start_polled(&desk);
    let evil = ("Origin", "https://evil.example");
    let ask =
        |headers: &[(&str, &str)]| daemon.ask("POST", "admin/sources/wire/pause", headers, b"");
    assert_eq!(ask(&[]).status, 401);
    assert_eq!(ask(&[TOKEN, evil]).status, 403);
    assert_eq!(ask(&[TOKEN, ("Sec-Fetch-Site", "cross-site")]).status, 403);
    let own = daemon.url("");
    let got = ask(&[TOKEN, ("Origin", own.trim_end_matches('/'))]);
    assert_eq!(
        (got.status, got.header("location")),
        (303, Some("/admin/sources/wire?done=pause".to_owned()))
    );
    let page = daemon.ask("GET", "admin/sources/wire?done=pause", &[TOKEN], b"").text();
    assert!(page.contains("It is paused.") && page.contains("Resume"), "{page}");
    // Addresses can be written by anybody: what a page says after a form is of a closed set.
    let page = daemon.ask("GET", "admin/?done=%3Cb%3Eowned", &[TOKEN], b"").text();
    assert!(!page.contains("owned"), "{page}");
}

#[test]
fn a_parser_reads_the_metrics() {
    let script = "import sys\n\
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as read\n\
        for family in read(sys.stdin.read()):\n    print(family.name, family.type, len(family.samples))\n";
    let has = Command::new("python3").args(["-c", "import prometheus_client"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        return missing("Python's prometheus_client");
    }
    let desk = Desk::new(&["wire"]);
    items(&desk, 3);
    let daemon = start_polled(&desk);
    let listed = |got: &Got| got.text().contains("briefwire_index_items 3");
    let text = daemon.until("metrics", listed).text();
    let mut parser = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    parser.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let read = parser.wait_with_output().unwrap();
    assert!(read.status.success());
    let read = String::from_utf8(read.stdout).unwrap();
    for family in [
        "briefwire_items gauge 1",
        "briefwire_queue_depth gauge 3",
        "briefwire_index_briefs gauge 1",
    ] {
        assert!(read.lines().any(|line| line.starts_with(family)), "{family}: {read}");
    }
    let readme = include_str!("../../README.md");
    for line in read.lines() {
        let name = line.split(' ').next().unwrap().trim_start_matches("briefwire_");
        assert!(readme.contains(&format!("`{name}")), "README says nothing of {name}");
    }
}
