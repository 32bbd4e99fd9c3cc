//! A source that a person has paused: who asks it all the same, who does not, and for how long it
//! holds.

use crate::desk::{Daemon, Desk, eventually, feed};
use crate::origin::{Answer, Got};
use crate::serving::TOKEN;

fn desk() -> Desk {
    let desk = Desk::new(&["wire", "post"]);
    for name in ["wire", "post"] {
        desk.origin.script(&format!("/{name}"), Answer::ok(feed(&[(name, name, "Text.")])));
    }
    desk
}

/// Returns which sources were asked since this was asked last.
fn asked(desk: &Desk) -> Vec<String> {
    let mut asked: Vec<String> = desk.origin.take_all().into_iter().map(|a| a.path).collect();
    asked.sort();
    asked
}

fn told(got: &Got) -> serde_json::Value {
    assert_eq!(got.status, 200, "{}", got.text());
    serde_json::from_slice(&got.body).unwrap()
}

fn pause(daemon: &Daemon, method: &str) -> serde_json::Value {
    told(&daemon.ask(method, "api/sources/wire/pause", &[TOKEN], b""))
}

#[test]
fn a_paused_source_is_asked_by_name_only() {
    let desk = desk();
    desk.poll();
    let said = desk.ok(&["source", "pause", "wire"]);
    assert!(said.starts_with("wire: paused since 20"), "{said}");
    asked(&desk);
    for (poll, expected) in [
        (vec!["poll", "--due"], vec!["/post"]),
        (vec!["poll"], vec!["/post"]),
        (vec!["poll", "wire"], vec!["/wire"]),
        (vec!["poll"], vec!["/post"]),
    ] {
        desk.later(86_400);
        desk.ok(&poll);
        assert_eq!(asked(&desk), expected, "{poll:?}");
    }
    for table in ["source list", "status"] {
        let words: Vec<&str> = table.split(' ').collect();
        let shown = desk.ok(&words);
        let line = shown.lines().find(|line| line.contains("wire")).unwrap();
        assert!(line.contains("paused"), "{table}: {line}");
    }
    let why = desk.ok(&["why", "wire"]);
    assert!(why.contains("paused since 20") && !why.contains("next due"), "{why}");
    let known: serde_json::Value =
        serde_json::from_str(&desk.ok(&["why", "wire", "--json"])).unwrap();
    assert!(known["paused"].is_string() && known.get("due").is_none(), "{known}");
    assert_eq!(desk.ok(&["source", "resume", "wire"]), "wire: not paused\n");
    assert_eq!(desk.ok(&["source", "resume", "wire"]), "wire: not paused\n");
    desk.later(2 * 86_400);
    desk.ok(&["poll", "--due"]);
    assert_eq!(asked(&desk), ["/post", "/wire"]);
    let unknown = desk.run(&["source", "pause", "none"]);
    assert_eq!((unknown.code, unknown.err.contains("no such source")), (1, true), "{unknown:?}");
}

#[test]
fn a_daemon_heeds_a_pause_and_its_end_at_once() {
    let desk = desk();
    // It was never asked, and the others are asked all the same.
    desk.ok(&["source", "pause", "wire"]);
    let daemon = desk.start();
    let counts = |paused: usize, well: usize| {
        daemon.until("metrics", |got| {
            let text = got.text();
            [("paused", paused), ("well", well), ("failing", 0)].iter().all(|(state, count)| {
                text.contains(&format!("briefwire_sources{{state=\"{state}\"}} {count}\n"))
            })
        });
    };
    counts(1, 1);
    daemon.until("feeds/all.xml", |got| got.text().contains(">post<"));
    assert_eq!(desk.ok(&["poll"]), "the daemon polls 1 source now\n");
    assert_eq!(pause(&daemon, "PUT")["changed"], false);
    let state = told(&daemon.ask("GET", "api/sources/wire", &[TOKEN], b""));
    assert_eq!(state["due_because"], "paused");
    assert!(!asked(&desk).contains(&"/wire".to_owned()));
    let resumed = pause(&daemon, "DELETE");
    assert_eq!((&resumed["changed"], &resumed["paused"]), (&true.into(), &().into()));
    daemon.until("feeds/all.xml", |got| got.text().contains(">wire<"));
    counts(0, 2);
    desk.origin.script("/wire", Answer::status(500));
    daemon.poll("wire");
    eventually("it fails", || !daemon.told()["wire"].ok);
    assert!(pause(&daemon, "PUT")["paused"].is_string());
    counts(1, 1);
    assert_eq!(daemon.ask("PUT", "api/sources/none/pause", &[TOKEN], b"").status, 404);
}

#[test]
fn a_pause_outlives_kills_reloads_backups_and_a_lost_database() {
    let desk = desk();
    let daemon = desk.start();
    let since = pause(&daemon, "PUT")["paused"].clone();
    daemon.kill();
    let daemon = desk.start();
    desk.write("c.toml", &(desk.configuration(&["wire", "post"]) + "title = \"Another\"\n"));
    desk.ok(&["reload"]);
    let shown = |daemon: &Daemon| told(&daemon.ask("GET", "api/sources/wire", &[TOKEN], b""));
    assert_eq!(shown(&daemon)["paused"], since);
    let backup = desk.path("b.jsonl");
    desk.ok(&["backup", backup.to_str().unwrap()]);
    daemon.terminate();
    std::fs::remove_dir_all(desk.path("store/db")).unwrap();
    assert_eq!(shown(&desk.start())["paused"], since, "the journal has it");
    std::fs::remove_dir_all(desk.path("store")).unwrap();
    desk.ok(&["restore", backup.to_str().unwrap()]);
    assert_eq!(shown(&desk.start())["paused"], since, "the backup has it");
    std::fs::remove_dir_all(desk.path("store/db")).unwrap();
    assert_eq!(shown(&desk.start())["paused"], since, "and the journal of what was restored");
}
