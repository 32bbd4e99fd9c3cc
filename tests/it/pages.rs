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

/// Lets the wire list items of these guids and titles.
fn script(desk: &Desk, items: &[(String, String)]) {
    let items: Vec<(&str, &str, &str)> = items
        .iter()
        .map(|(guid, title)| (guid.as_str(), title.as_str(), "It is told here."))
        .collect();
    desk.origin.script("/wire", Answer::ok(feed(&items)));
}

fn items(desk: &Desk, count: usize) {
    let items: Vec<(String, String)> = (0..count)
        .map(|n| (format!("g{n}"), format!("Report number {n} of the harbour")))
        .collect();
    script(desk, &items);
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
fn that_no_source_answers_is_told_at_the_first_time() {
    let desk = Desk::new(&["wire", "other"]);
    desk.origin.script("/wire", Answer::status(500));
    desk.origin.script("/other", Answer::status(500));
    let daemon = start_polled(&desk);
    let told = |got: &Got| got.text().contains("No source answers");
    let page = daemon.until("status", told).text();
    assert!(page.contains("1 thing needs you") && page.contains("All 2 sources"), "{page}");
    let status = desk.ok(&["status"]);
    assert!(status.contains("No source answers"), "{status}");
    items(&desk, 1);
    desk.ok(&["poll", "wire"]);
    let page = daemon.until("status", |got| !told(got)).text();
    assert!(page.contains("All is well") || !page.contains("needs you"), "{page}");
    assert_eq!(between(&daemon.get("status.xml").text(), "<item>", "</item>").len(), 0);
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
fn the_longest_brief_is_read_in_parts_and_no_page_of_it_is_large() {
    let desk = Desk::new(&["wire"]);
    let items: Vec<(String, String)> = (0..60)
        .map(|n| (format!("g{n}"), format!("Report {n} &amp; {}", "long ".repeat(380))))
        .collect();
    script(&desk, &items);
    let daemon = start_polled(&desk);
    let urls: Vec<String> = (0..60).map(|n| format!("https://wire.example.org/g{n}")).collect();
    // One paragraph of 30 KB, then many; each word is known by its number.
    let words = |from: usize, to: usize| {
        (from..to).map(|n| format!("word{n}x")).collect::<Vec<_>>().join(" ")
    };
    let paragraphs: Vec<String> =
        (0..30).map(|n| words(3_000 + 100 * n, 3_100 + 100 * n)).collect();
    let post = format!("{}\n\n{}", words(0, 3_000), paragraphs.join("\n\n"));
    let point = serde_json::json!({"label": "Boat owners & others", "text": "Anchor elsewhere. ".repeat(50)});
    let question =
        serde_json::json!({"q": "How many?".repeat(20), "a": "So \"many\" & no more. ".repeat(50)});
    let brief = serde_json::json!({
        "id": "array", "title": "Tidal array", "summary": "It runs & turns. ".repeat(480), "urls": urls,
        "what_this_means": vec![point; 64], "original_post": post, "people_also_ask": vec![question; 64],
        "key_terms": (0..100).map(|n| format!("{n} {}", "term ".repeat(20).trim())).collect::<Vec<_>>(),
    });
    let kind = ("Content-Type", "application/json");
    let got = daemon.ask("PUT", "api/briefs/array", &[TOKEN, kind], brief.to_string().as_bytes());
    assert_eq!(got.status, 201, "{}", got.text());
    let id = between(&daemon.get("").text(), "href=\"/items/", "\"")[0].to_owned();
    for path in [format!("items/{id}"), "briefs/array".to_owned()] {
        let (mut next, mut text, mut pages) = (Some(path.clone()), String::new(), 0);
        while let Some(at) = next {
            let got = daemon.get(&at);
            assert_eq!(got.status, 200, "{at}");
            assert!(got.body.len() < 100_000, "{at}: {}", got.body.len());
            let page = got.text();
            let article = between(&page, "<div class=\"article\">", "</div>")[0].to_owned();
            assert!(!article.trim_end().ends_with("</h2>"), "{at} ends with a heading");
            text.push_str(&article);
            pages += 1;
            let links = between(&page, "<a rel=\"next\" href=\"/", "\"");
            next = links.iter().find(|link| link.contains("part=")).map(|link| (*link).to_owned());
            assert!(pages < 20, "{path}");
        }
        assert!(pages >= 4, "{path}: {pages} parts");
        let there: Vec<&str> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.starts_with("word")).collect();
        let whole = words(0, 6_000);
        assert!(there == whole.split(' ').collect::<Vec<_>>(), "{path}: {} words", there.len());
        assert_eq!(text.matches("<dt>").count(), 64, "{path}");
        assert_eq!(
            daemon.get(&format!("{path}?part=99")).status,
            200,
            "beyond the last is the last"
        );
    }
    for path in ["", "search?q=report", "search?q=tidal", "briefs/array?page=2", "terms/term"] {
        let got = daemon.get(path);
        assert_eq!(got.status, 200, "{path}");
        assert!(got.body.len() < 100_000, "{path}: {}", got.body.len());
    }
    let got = daemon.ask("GET", &format!("admin/items/{id}"), &[TOKEN], b"");
    assert!(got.status == 200 && got.body.len() < 100_000, "{}", got.body.len());
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
