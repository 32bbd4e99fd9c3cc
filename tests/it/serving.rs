//! What a subscriber, an editor and an operator get over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::time::Duration;

use crate::connections::connect;
use crate::desk::{Daemon, Desk, between, feed};
use crate::origin::{Answer, Got};

const BRIEF: &[u8] = br#"{"title": "Wall", "summary": "The wall of Quillport harbour gave way.", "urls": ["https://wire.example.org/wall"]}"#;
pub(crate) const TOKEN: (&str, &str) = ("Authorization", "Bearer a-token-for-tests");

fn desk() -> Desk {
    let desk = Desk::new(&["wire"]);
    let items =
        feed(&[("wall", "Wall gives way", "The wall gave way on Sunday."), ("b", "B", "C.")]);
    desk.origin.script("/wire", Answer::ok(items));
    desk.poll();
    desk
}

#[test]
fn a_document_has_a_tag_for_each_coding_and_answers_304() {
    let desk = desk();
    let daemon = desk.start();
    let plain = daemon.get("feeds/all.xml");
    assert_eq!(plain.status, 200);
    assert_eq!(plain.header("Content-Type").unwrap(), "application/rss+xml; charset=utf-8");
    let gzip = daemon.ask("GET", "feeds/all.xml", &[("Accept-Encoding", "gzip")], b"");
    assert_eq!(gzip.header("Content-Encoding").unwrap(), "gzip");
    let mut decoded = Vec::new();
    flate2::read::GzDecoder::new(gzip.body.as_slice()).read_to_end(&mut decoded).unwrap();
    assert_eq!(decoded, plain.body);
    let (tag, gzip_tag) = (plain.header("ETag").unwrap(), gzip.header("ETag").unwrap());
    assert_ne!(tag, gzip_tag);
    for headers in [
        vec![("If-None-Match", tag.as_str())],
        vec![("If-None-Match", gzip_tag.as_str()), ("Accept-Encoding", "gzip")],
        vec![("If-Modified-Since", plain.header("Last-Modified").unwrap().leak())],
    ] {
        let again = daemon.ask("GET", "feeds/all.xml", &headers, b"");
        assert_eq!((again.status, again.body.len()), (304, 0), "{headers:?}");
        assert!(again.header("ETag").is_some() && again.header("Cache-Control").is_some());
    }
    let head = daemon.ask("HEAD", "feeds/all.xml", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("ETag"), plain.header("ETag"));
    assert_eq!(daemon.get("feeds/none.xml").status, 404);
}

#[test]
fn two_documents_never_carry_one_date() {
    let desk = desk();
    let daemon = desk.start();
    let mut dates = vec![daemon.get("feeds/all.xml").header("Last-Modified").unwrap()];
    for round in 0..3 {
        // Faster than a second each: readers that go by the date alone must see every change.
        let text = format!("The wall gave way, version {round}.");
        let body =
            format!("{{\"summary\": \"{text}\", \"urls\": [\"https://wire.example.org/wall\"]}}");
        daemon.ask("PUT", "api/briefs/wall", &[TOKEN], body.as_bytes());
        let got = daemon.until("feeds/all.xml", |got| got.text().contains(&text));
        dates.push(got.header("Last-Modified").unwrap());
    }
    let mut unique = dates.clone();
    unique.dedup();
    assert_eq!(unique, dates);
}

#[test]
fn pages_lead_from_the_channels_to_an_item() {
    let desk = desk();
    let daemon = desk.start();
    let home = daemon.get("");
    assert!(home.text().contains("type=\"application/rss+xml\""), "autodiscovery");
    assert!(home.header("Content-Security-Policy").unwrap().contains("default-src 'none'"));
    let id = between(&home.text(), "<a href=\"/items/", "\"")[0].to_owned();
    let item = daemon.get(&format!("items/{id}"));
    assert_eq!(item.status, 200);
    assert!(item.text().contains("<link rel=\"canonical\" href=\"https://wire.example.org/"));
    assert!(daemon.get("status").text().contains("/admin/sources/wire\">wire</a>"));
    assert_eq!(daemon.get("healthz").text(), "alive\n");
    assert_eq!(daemon.get("items/00000000000000000000000000000000").status, 404);
    assert_eq!(daemon.get("briefs/none").status, 404);
}

#[test]
fn an_editor_puts_reads_and_removes_a_brief_over_the_api() {
    let desk = desk();
    let daemon = desk.start();
    let json = ("Content-Type", "application/json");
    assert_eq!(daemon.ask("PUT", "api/briefs/wall", &[json], BRIEF).status, 401);
    let wrong = ("Authorization", "Bearer a-token-for-testz");
    assert_eq!(daemon.ask("PUT", "api/briefs/wall", &[json, wrong], BRIEF).status, 401);
    let put = daemon.ask("PUT", "api/briefs/wall", &[json, TOKEN], BRIEF);
    assert_eq!(put.status, 201, "{}", put.text());
    assert_eq!(put.text().matches("\"items\":[\"").count(), 1, "{}", put.text());
    daemon.until("feeds/all.xml", |got| got.text().contains("brief=\"wall\""));
    assert_eq!(daemon.ask("PUT", "api/briefs/wall", &[json, TOKEN], BRIEF).status, 200);
    let got = daemon.ask("GET", "api/briefs/wall?format=markdown", &[TOKEN], b"");
    assert!(got.text().contains("The wall of Quillport harbour gave way."));
    let refused = daemon.ask("PUT", "api/briefs/x", &[json, TOKEN], b"{\"title\": 1}");
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("summary"), "{}", refused.text());
    assert_eq!(daemon.ask("DELETE", "api/briefs/wall", &[TOKEN], b"").status, 200);
    daemon.until("feeds/all.xml", |got| !got.text().contains("brief=\"wall\""));
    assert_eq!(daemon.ask("DELETE", "api/briefs/wall", &[TOKEN], b"").status, 404);
}

#[test]
fn a_file_wins_over_the_api_for_its_id() {
    let desk = desk();
    desk.write("briefs/wall.json", std::str::from_utf8(BRIEF).unwrap());
    let daemon = desk.start();
    daemon.until("feeds/all.xml", |got| got.text().contains("brief=\"wall\""));
    let refused = daemon.ask("DELETE", "api/briefs/wall", &[TOKEN], b"");
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("wall.json"));
}

#[test]
fn commands_reach_the_running_daemon_and_a_second_one_is_refused() {
    let desk = desk();
    let daemon = desk.start();
    desk.write("b.json", std::str::from_utf8(BRIEF).unwrap());
    let file = desk.path("b.json");
    let said = desk.ok(&["brief", "add", file.to_str().unwrap()]);
    assert_eq!(said, "b: stored, 1 item differs\n");
    daemon.until("feeds/all.xml", |got| got.text().contains("brief=\"b\""));
    assert!(desk.ok(&["status"]).contains("wire"));
    let second = desk.run(&["run"]);
    assert_eq!(second.code, 75, "{}", second.err);
    assert!(second.err.contains("in use by process"), "{}", second.err);
}

#[test]
fn a_kill_loses_nothing_that_was_acknowledged() {
    let desk = desk();
    let before = desk.document("all");
    for round in 0..3 {
        let daemon = desk.start();
        let path = format!("api/briefs/brief-{round}");
        let json = ("Content-Type", "application/json");
        assert_eq!(daemon.ask("PUT", &path, &[json, TOKEN], BRIEF).status, 201);
        daemon.kill();
    }
    let listed = desk.ok(&["brief", "list", "--json"]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    let guids = |document: &str| between(document, "<guid isPermaLink=\"false\">", "</guid>").len();
    assert_eq!(guids(&desk.poll()), guids(&before));
}

#[test]
fn a_stop_is_quick_and_clean() {
    let desk = desk();
    let daemon = desk.start();
    daemon.get("feeds/all.xml");
    let (code, took) = daemon.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// Asks on a connection that stays open, without a field that a feed reader would not send.
fn plainly(daemon: &Daemon, method: &str, path: &str, headers: &[(&str, &str)]) -> Got {
    let mut stream = connect(daemon);
    let mut head = format!("{method} /{path} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut headers).unwrap(), 0, "{headers}");
    }
    let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
    let mut got = Got { status, headers: headers.trim_end().to_owned(), body: Vec::new() };
    if method != "HEAD" && status != 304 {
        let length = got.header("Content-Length").map_or(0, |text| text.parse().unwrap());
        reader.take(length).read_to_end(&mut got.body).unwrap();
    }
    got
}

/// Returns an answer without what differs between two daemons: each has tags and dates of its own.
fn comparable(got: &Got) -> (u16, Vec<String>, bool) {
    let bare = |line: &str| {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let own = ["etag", "last-modified", "date", "content-length"].contains(&name.as_str());
        let rest = line.split("max-age=").next().unwrap_or_default().to_owned();
        if own { name } else { rest }
    };
    let mut lines: Vec<String> = got.headers.lines().map(bare).collect();
    // axum gives a HEAD's 304 the length 0 of its own body.
    lines.retain(|line| got.status != 304 || line != "content-length");
    lines.sort();
    (got.status, lines, got.body.is_empty())
}

#[test]
fn a_document_is_answered_alike_on_the_short_way_and_on_the_long_one() {
    let short = desk();
    // Who logs requests takes the long way, through the routes.
    let long = desk();
    let text = long.configuration(&["wire"]);
    long.write("c.toml", &format!("{text}[log.modules]\nserve = \"debug\"\n"));
    let (short, long) = (short.start(), long.start());
    let tag = |daemon: &Daemon, coding| {
        let got = daemon.ask("GET", "feeds/all.xml", &[("Accept-Encoding", coding)], b"");
        got.header("ETag").unwrap()
    };
    for (method, path) in [
        ("GET", "feeds/all.xml"),
        ("HEAD", "feeds/all.xml"),
        ("GET", "feeds/all.xml?token=x"),
        ("GET", "feeds/all%2Exml"),
        ("POST", "feeds/all.xml"),
        ("GET", "feeds/none.xml"),
        ("GET", "feeds/all"),
        ("GET", "feeds/"),
    ] {
        for coding in ["gzip", "br", "identity"] {
            for condition in ["", "W/\"x\", %", "*", "date"] {
                let header = |daemon: &Daemon| match condition {
                    "" => ("Accept", "*/*".to_owned()),
                    "date" => ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT".to_owned()),
                    tags => ("If-None-Match", tags.replace('%', &tag(daemon, coding))),
                };
                let [a, b] = [&short, &long].map(|daemon| {
                    let (name, value) = header(daemon);
                    let headers = [("Accept-Encoding", coding), (name, value.as_str())];
                    comparable(&plainly(daemon, method, path, &headers))
                });
                assert_eq!(a, b, "{method} {path} {coding} {condition}");
            }
        }
    }
    let counted = short.get("metrics").text();
    let counted = |status: u16| {
        let line = format!("briefwire_requests_total{{kind=\"feed\",status=\"{status}\"}} ");
        between(&counted, &line, "\n")[0].parse::<u32>().unwrap()
    };
    assert!(counted(200) > 20 && counted(304) > 20 && counted(404) > 20 && counted(405) > 10);
}
