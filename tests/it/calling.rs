//! What the API answers to those who ask wrongly, too often, or without a right to.

use std::io::{Read, Write};

use crate::connections::connect;
use crate::desk::{Daemon, Desk, feed};
use crate::origin::{Answer, Got};
use crate::serving::TOKEN;

const JSON: (&str, &str) = ("Content-Type", "application/json");
const WRONG: (&str, &str) = ("Authorization", "Bearer another-token");

fn desk() -> Desk {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(feed(&[("wall", "Wall gives way", "Text.")])));
    desk
}

/// Checks status and words of an error, and returns it.
#[track_caller]
fn refused(got: Got, status: u16, words: &str) -> Got {
    assert_eq!(got.status, status, "{}", got.text());
    assert_eq!(got.header("Content-Type").as_deref(), Some("application/json"));
    let told: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
    let why = told.get("error").and_then(serde_json::Value::as_str).expect("what and why");
    assert!(why.contains(words), "{why}");
    got
}

#[test]
fn every_error_is_json_and_says_what_is_accepted() {
    let desk = desk();
    let daemon = desk.start();
    let ask = |method: &str, path: &str| daemon.ask(method, path, &[TOKEN], b"");
    for path in ["api", "api/nothing", "api/briefs/none", "api/sources/none", "api/briefs/a/b/c"] {
        refused(ask("GET", path), 404, "there is no such");
    }
    let item = "api/items/00000000000000000000000000000000";
    refused(ask("GET", item), 404, "there is no such item");
    refused(ask("GET", "api/items/xyz"), 400, "32 hexadecimal digits");
    for path in ["api/briefs?limit=x", "api/items?limit=-1", "api/briefs?limit=1&limit=2"] {
        refused(ask("GET", path), 400, "limit");
    }
    refused(ask("GET", "api/briefs/a?format=xml"), 400, "markdown");
    refused(ask("GET", "api/briefs/%FF"), 400, "UTF-8");
    for (method, path, allowed) in [
        ("PATCH", "api/briefs/a", "PUT"),
        ("POST", "api/items", "GET"),
        ("BREW", "api/reload", "POST"),
    ] {
        let got = refused(ask(method, path), 405, &format!("{method} means nothing here"));
        assert!(got.header("Allow").unwrap().split(',').any(|known| known == allowed), "{got:?}");
    }
    let put = |kind: &str, body: &str| {
        daemon.ask("PUT", "api/briefs/a", &[TOKEN, ("Content-Type", kind)], body.as_bytes())
    };
    for kind in ["application/x-www-form-urlencoded", "text/html", "text/plain; charset=utf-16"] {
        refused(put(kind, "{\"summary\": \"S.\"}"), 415, "text/markdown");
    }
    assert_eq!(put("text/markdown; charset=\"UTF-8\"", "## Summary\n\nS.\n").status, 201);
    refused(put("application/json", "{\"title\": 1}"), 422, "summary");
    let large = format!("{{\"summary\": \"{}\"}}", "x".repeat(1 << 20));
    refused(put("application/json", &large), 413, "1048576 bytes");
    let other =
        daemon.ask("PUT", "api/briefs/a", &[TOKEN, JSON], b"{\"id\": \"b\", \"summary\": \"S.\"}");
    refused(other, 422, "the address says `a`");
    let got = refused(daemon.get("api/briefs"), 401, "token");
    assert!(!got.headers.contains("Basic"), "a browser must not send a password here");
    let basic = ("Authorization", "Basic YW55Ym9keTphLXRva2VuLWZvci10ZXN0cw==");
    refused(daemon.ask("POST", "api/reload", &[basic], b""), 401, "token");
}

#[test]
fn a_guarded_page_takes_the_token_as_a_password() {
    let desk = desk();
    let public = "[server]\npublic_url = \"https://news.example.org\"";
    desk.write("c.toml", &desk.configuration(&["wire"]).replace("[server]", public));
    let daemon = desk.start();
    for path in ["status", "metrics"] {
        let got = daemon.get(path);
        assert_eq!(got.status, 401);
        let challenges = got.headers.to_lowercase();
        assert!(challenges.contains("www-authenticate: basic realm=\"briefwire\""), "{challenges}");
        assert!(
            challenges.contains("www-authenticate: bearer realm=\"briefwire\""),
            "{challenges}"
        );
        // `anybody:a-token-for-tests` and `anybody:wrong`.
        for (given, status) in [
            ("Basic YW55Ym9keTphLXRva2VuLWZvci10ZXN0cw==", 200),
            ("Basic YW55Ym9keTp3cm9uZw==", 401),
            ("Bearer a-token-for-tests", 200),
        ] {
            let got = daemon.ask("GET", path, &[("Authorization", given)], b"");
            assert_eq!(got.status, status, "{path} {given}");
        }
    }
}

/// Returns the seconds that an answer asks to wait.
fn wait(got: &Got) -> u64 {
    got.header("Retry-After").unwrap().parse().unwrap()
}

#[test]
fn who_guesses_the_token_has_to_wait_and_nobody_else() {
    let desk = desk();
    let proxied =
        "[server]\ntrusted_proxies = [\"127.0.0.1\"]\npublic_url = \"https://news.example.org\"";
    desk.write("c.toml", &desk.configuration(&["wire"]).replace("[server]", proxied));
    let daemon = desk.start();
    let ask = |path: &str, from: &str, token| {
        daemon.ask("GET", path, &[("X-Forwarded-For", from), token], b"")
    };
    for number in 0..10 {
        // Guesses count together, wherever they are made.
        let path = ["api/status", "status", "metrics"][number % 3];
        assert_eq!(ask(path, "2001:db8::1", WRONG).status, 401, "{number}");
    }
    let got = refused(ask("api/status", "2001:db8::2", WRONG), 429, "too many wrong tokens");
    assert!((1..=60).contains(&wait(&got)), "{}", got.headers);
    assert_eq!(ask("status", "2001:db8::1", TOKEN).status, 429, "a right guess is one, too");
    assert_eq!(ask("api/status", "2001:db8:0:1::1", TOKEN).status, 200);
    assert_eq!(
        daemon.ask("GET", "api/status", &[("X-Forwarded-For", "2001:db8::1")], b"").status,
        401
    );
    assert_eq!(ask("feeds/all.xml", "2001:db8::1", WRONG).status, 200);
    assert!(desk.ok(&["status"]).contains("wire"), "a command comes through the socket");
}

#[test]
fn who_asks_too_often_has_to_wait_but_for_commands() {
    let desk = desk();
    let daemon = desk.start();
    let answers = burst(&daemon, 6_050);
    let late = answers.matches("HTTP/1.1 429 ").count();
    // A minute may begin in between.
    assert!((1..=50).contains(&late), "{late}");
    assert!(answers.contains("at most 6000 requests a minute are answered; ask again in "));
    refused(daemon.ask("GET", "api/health", &[TOKEN], b""), 429, "ask again in");
    assert!(desk.ok(&["status"]).contains("wire"), "a command comes through the socket");
    assert_eq!(daemon.get("feeds/all.xml").status, 200);
}

/// Asks so often on one connection, and returns all that is answered.
fn burst(daemon: &Daemon, count: usize) -> String {
    let mut stream = connect(daemon);
    let mut writer = stream.try_clone().unwrap();
    let head = format!("Host: localhost\r\n{}: {}\r\n", TOKEN.0, TOKEN.1);
    let writing = std::thread::spawn(move || {
        let request = format!("GET /api/health HTTP/1.1\r\n{head}\r\n");
        writer.write_all(request.repeat(count - 1).as_bytes()).unwrap();
        let last = request.replace("Host:", "Connection: close\r\nHost:");
        writer.write_all(last.as_bytes()).unwrap();
    });
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    writing.join().unwrap();
    answers
}
