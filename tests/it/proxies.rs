//! Behind a proxy: a path before ours, and whose word is taken on who asks.

use std::process::Command;

use crate::desk::{Daemon, Desk, between, eventually, feed};
use crate::origin::Answer;

/// Starts a daemon with more lines in `[server]`.
fn daemon(server: &str) -> (Desk, Daemon) {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(feed(&[("a", "Wall gives way", "Text of a.")])));
    let text = desk.configuration(&["wire"]).replace("[server]", &format!("[server]\n{server}"));
    desk.write("c.toml", &format!("{text}[log.modules]\nserve = \"debug\"\n"));
    desk.poll();
    let run = desk.command(&["run"]);
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$@\" 2>\"$LOG\"", "sh"]).arg(run.get_program());
    command.args(run.get_args()).env("LOG", desk.path("log"));
    let daemon = Desk::start_by(command);
    (desk, daemon)
}

#[test]
fn the_path_of_the_public_url_is_before_every_link_and_may_be_asked_for() {
    let (_desk, daemon) = daemon("public_url = \"https://example.org/news/\"");
    let home = daemon.get("").text();
    let id = between(&home, "<a href=\"/news/items/", "\"")[0].to_owned();
    assert!(
        home.contains("<a href=\"/news/status\">") && !home.contains("href=\"/items"),
        "{home}"
    );
    assert!(home.contains("href=\"https://example.org/news/feeds/all.xml\""), "{home}");
    for path in ["", "feeds/all.xml", &format!("items/{id}")] {
        let (with, without) = (daemon.get(&format!("news/{path}")), daemon.get(path));
        assert_eq!((with.status, &with.body), (200, &without.body), "{path}");
    }
    assert!(daemon.get(&format!("items/{id}")).text().contains("href=\"/news/\""));
    assert!(daemon.get("items/none").text().contains("<a href=\"/news/\">"));
    // What needs the token needs it by either name.
    assert_eq!((daemon.get("status").status, daemon.get("news/status").status), (401, 401));
    assert_eq!(daemon.get("news/nothing").status, 404);
}

const FORWARDED: [(&str, &str); 4] = [
    ("X-Forwarded-For", "203.0.113.7, 198.51.100.1"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "news.example.org"),
    ("X-Forwarded-Prefix", "/wire"),
];

#[test]
fn a_trusted_proxy_says_who_asks_and_where_links_lead() {
    let (desk, daemon) = daemon("trusted_proxies = [\"127.0.0.0/8\"]");
    let home = daemon.ask("GET", "?token=hidden", &FORWARDED, b"").text();
    assert!(home.contains("<a href=\"/wire/items/"), "{home}");
    assert!(home.contains("href=\"https://news.example.org/wire/feeds/all.xml\""), "{home}");
    daemon.ask("GET", "websub/hidden", &FORWARDED, b"");
    let log = || std::fs::read_to_string(desk.path("log")).unwrap();
    eventually("it is logged", || log().contains("path=/websub/…"));
    let line = log().lines().find(|line| line.contains("198.51.100.1")).unwrap().to_owned();
    assert!(line.contains("answered method=GET path=/ ") && line.contains("status=200"), "{line}");
    assert!(!log().contains("hidden"), "no query and no token is logged: {}", log());
}

#[test]
fn what_anybody_else_says_is_ignored() {
    let (desk, daemon) = daemon("trusted_proxies = [\"192.0.2.0/24\", \"unix\"]");
    let home = daemon.ask("GET", "", &FORWARDED, b"").text();
    assert!(home.contains("<a href=\"/items/") && !home.contains("wire/items"), "{home}");
    assert!(!home.contains("news.example.org"), "{home}");
    let log = || std::fs::read_to_string(desk.path("log")).unwrap();
    eventually("it is logged", || log().contains("path=/ "));
    assert!(log().contains("client=127.0.0.1") && !log().contains("198.51.100.1"), "{}", log());
}
