//! The API as schemathesis sees it: what it makes up by `openapi.json`, sound and unsound, with every check it
//! has.

use std::process::Command;

use crate::desk::{Desk, feed, missing};
use crate::origin::Answer;
use crate::serving::TOKEN;

/// Each request is another client's: none asks too often, and none has guessed the token before.
const HOOKS: &str = r#"
import itertools

import schemathesis

numbers = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(numbers)
    case.headers = case.headers or {}
    case.headers["X-Forwarded-For"] = f"198.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
"#;

/// What is sound by the schema may still be refused by what no schema can say (422), by what is there
/// (404, 409, 412), and without the token.
const SETTINGS: &str = r#"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "401", "404", "409", "412", "422"]

[auth.openapi.token]
bearer = "a-token-for-tests"
"#;

#[test]
fn schemathesis_finds_nothing() {
    let version = Command::new("schemathesis").arg("--version").output();
    if version.is_err() {
        return missing("schemathesis, from PyPI");
    }
    let desk = Desk::new(&["wire", "post"]);
    let items = [("wall", "Wall gives way", "The wall gave way."), ("b", "Fares double", "Text.")];
    desk.origin.script("/wire", Answer::ok(feed(&items)));
    desk.origin.script("/post", Answer::ok(feed(&[("c", "A quiet day", "Nothing.")])));
    let proxied = "[server]\ntrusted_proxies = [\"127.0.0.1\"]";
    desk.write("c.toml", &desk.configuration(&["wire", "post"]).replace("[server]", proxied));
    desk.write("briefs/filed.md", "## Summary\n\nFrom a file.\n");
    desk.poll();
    let daemon = desk.start();
    let wall = br#"{"id": "wall", "summary": "It gave way."}"#;
    assert_eq!(daemon.ask("POST", "api/briefs", &[TOKEN], wall).status, 201);
    let document = daemon.ask("GET", "api/openapi.json", &[TOKEN], b"").text();
    desk.write("openapi.json", &document);
    desk.write("hooks.py", HOOKS);
    let item = desk.items()[0]["item_id"].as_str().unwrap().to_owned();
    let there = format!("\n[parameters]\n\"path.item\" = \"{item}\"\n\"path.brief\" = \"wall\"\n");
    desk.write("schemathesis.toml", &(SETTINGS.to_owned() + &there));
    let found = Command::new("schemathesis")
        .args(["run", "openapi.json", "--url", daemon.url("").trim_end_matches('/')])
        .args(["--checks", "all", "--max-examples", "5", "--seed", "1", "--no-color"])
        .args(["--max-time", "15", "--continue-on-failure", "--output-sanitize", "false"])
        .current_dir(desk.path(""))
        .env("PYTHONPATH", desk.path(""))
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .output()
        .unwrap();
    let (said, erred) =
        (String::from_utf8_lossy(&found.stdout), String::from_utf8_lossy(&found.stderr));
    assert!(found.status.success(), "{said}{erred}");
    assert!(said.contains("No issues found") || said.contains("generated"), "{said}");
    assert_eq!(daemon.get("healthz").text(), "alive\n");
}
