//! Editors who change one brief, and must not overwrite each other.

use serde_json::Value;

use crate::desk::{Daemon, Desk, feed};
use crate::origin::{Answer, Got};
use crate::serving::TOKEN;

const JSON: (&str, &str) = ("Content-Type", "application/json");
const WALL: &str = "api/briefs/wall";

fn desk() -> Desk {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(feed(&[("wall", "Wall gives way", "Text.")])));
    desk
}

fn document(summary: &str) -> String {
    format!("{{\"summary\": \"{summary}\", \"date\": \"2026-11-01T10:00:00.123456789Z\"}}")
}

fn put(daemon: &Daemon, conditions: &[(&str, &str)], summary: &str) -> Got {
    let headers = [&[TOKEN, JSON], conditions].concat();
    daemon.ask("PUT", WALL, &headers, document(summary).as_bytes())
}

fn told(got: &Got) -> Value {
    serde_json::from_slice(&got.body).unwrap()
}

/// Returns the tag of the version that is stored.
fn tag(daemon: &Daemon) -> String {
    daemon.ask("GET", WALL, &[TOKEN], b"").header("ETag").unwrap()
}

#[test]
fn each_version_has_a_strong_tag_wherever_it_is_told() {
    let desk = desk();
    let daemon = desk.start();
    let first = put(&daemon, &[], "First.");
    assert_eq!((first.status, first.header("ETag")), (201, None), "it is not stored as it came");
    let one = tag(&daemon);
    assert!(one.starts_with('"') && one.ends_with('"'), "{one}");
    assert_eq!(told(&first)["etag"], one);
    let again = put(&daemon, &[], "First.");
    assert_eq!((again.status, &told(&again)["etag"]), (200, &one.as_str().into()));
    let markdown = daemon.ask("GET", &format!("{WALL}?format=markdown"), &[TOKEN], b"");
    assert_eq!(markdown.header("ETag"), Some(one.clone()));
    let listed = daemon.ask("GET", "api/briefs", &[TOKEN], b"");
    assert_eq!(told(&listed)[0]["etag"], one);
    let seen = daemon.ask("GET", WALL, &[TOKEN, ("If-None-Match", &one)], b"");
    assert_eq!((seen.status, seen.body.len(), seen.header("ETag")), (304, 0, Some(one.clone())));
    put(&daemon, &[], "Second.");
    assert_ne!(tag(&daemon), one);
    let seen = daemon.ask("GET", WALL, &[TOKEN, ("If-None-Match", &one)], b"");
    assert_eq!(seen.status, 200);
    daemon.terminate();
    let daemon = desk.start();
    put(&daemon, &[], "First.");
    assert_eq!(tag(&daemon), one, "a tag is of what is said, not of when");
}

#[test]
fn a_change_of_a_version_that_is_gone_is_refused_with_the_one_that_is_there() {
    let desk = desk();
    let daemon = desk.start();
    let missing = put(&daemon, &[("If-Match", "*")], "First.");
    assert_eq!((missing.status, &told(&missing)["etag"]), (412, &Value::Null));
    assert_eq!(put(&daemon, &[("If-None-Match", "*")], "First.").status, 201);
    let one = tag(&daemon);
    let taken = put(&daemon, &[("If-None-Match", "*")], "Other.");
    assert_eq!((taken.status, &told(&taken)["etag"]), (412, &one.as_str().into()));
    assert_eq!(put(&daemon, &[("If-Match", &format!("\"x\", {one}"))], "Second.").status, 200);
    let two = tag(&daemon);
    for stale in [one.as_str(), &format!("W/{two}")] {
        let refused = put(&daemon, &[("If-Match", stale)], "Third.");
        assert_eq!((refused.status, &told(&refused)["etag"]), (412, &two.as_str().into()));
        let why = told(&refused)["error"].as_str().unwrap().to_owned();
        assert!(why.contains("`wall` has another version by now"), "{why}");
        let kept = daemon.ask("DELETE", WALL, &[TOKEN, ("If-Match", stale)], b"");
        assert_eq!(kept.status, 412);
    }
    // Whose answer was lost asks again, and has what it asked for.
    assert_eq!(put(&daemon, &[("If-Match", &one)], "Second.").status, 200);
    for wrong in ["wall", "\"a", "W/"] {
        assert_eq!(put(&daemon, &[("If-Match", wrong)], "Third.").status, 400, "{wrong}");
    }
    assert!(daemon.ask("GET", WALL, &[TOKEN], b"").text().contains("Second."));
    let gone = daemon.ask("DELETE", WALL, &[TOKEN, ("If-Match", &two)], b"");
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert_eq!(daemon.ask("DELETE", WALL, &[TOKEN, ("If-Match", &two)], b"").status, 404);
}

#[test]
fn of_editors_who_change_one_version_at_once_one_wins() {
    let desk = desk();
    let daemon = desk.start();
    put(&daemon, &[], "Round 0.");
    for round in 1..6 {
        let seen = tag(&daemon);
        let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
            let editors: Vec<_> = (0..8)
                .map(|editor| {
                    let (daemon, seen) = (&daemon, &seen);
                    scope.spawn(move || {
                        let text = format!("Round {round} of {editor}.");
                        (put(daemon, &[("If-Match", seen)], &text).status, text)
                    })
                })
                .collect();
            editors.into_iter().map(|editor| editor.join().unwrap()).collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|(status, _)| *status == 200);
        assert_eq!(won.len(), 1, "{won:?}");
        assert!(lost.iter().all(|(status, _)| *status == 412), "{lost:?}");
        let stored = told(&daemon.ask("GET", WALL, &[TOKEN], b""));
        assert_eq!(stored["summary"], won[0].1);
    }
    // The same where there is nothing yet.
    let made: Vec<u16> = std::thread::scope(|scope| {
        let editors: Vec<_> = (0..8)
            .map(|editor| {
                let daemon = &daemon;
                scope.spawn(move || {
                    let headers = [TOKEN, JSON, ("If-None-Match", "*")];
                    let body = document(&format!("Of {editor}."));
                    daemon.ask("PUT", "api/briefs/new", &headers, body.as_bytes()).status
                })
            })
            .collect();
        editors.into_iter().map(|editor| editor.join().unwrap()).collect()
    });
    assert_eq!(made.iter().filter(|status| **status == 201).count(), 1, "{made:?}");
    assert_eq!(made.iter().filter(|status| **status == 412).count(), 7, "{made:?}");
}
