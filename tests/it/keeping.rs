//! Backups, restores, checks and compacting, by the commands an operator has.

use std::os::unix::fs::PermissionsExt;
use std::time::UNIX_EPOCH;

use crate::desk::{Desk, eventually, feed};
use crate::origin::Answer;
use crate::serving::TOKEN;

const BRIEF: &str = "---\nid: wall\ntitle: The harbour wall\nurls: [https://wire.example.org/a]\n---\n\
    ## Summary\n\nThe harbour wall gave way.\n";

/// A desk with two sources, briefs of both kinds, and a pin.
fn desk() -> Desk {
    let desk = Desk::new(&["wire", "post"]);
    let items = [("a", "Wall gives way", "Text of a."), ("b", "Fares double", "Text of b.")];
    desk.origin.script("/wire", Answer::ok(feed(&items)));
    desk.origin.script("/post", Answer::ok(feed(&[("c", "A quiet day", "Text of c.")])));
    desk.write("c.toml", &configuration(&desk, "store"));
    desk.write("briefs/wall.md", BRIEF);
    desk
}

/// Feeds of one address, whatever the port.
fn configuration(desk: &Desk, store: &str) -> String {
    desk.configuration(&["wire", "post"])
        .replace("[server]", "[server]\npublic_url = \"https://news.example.org\"")
        .replace("path = \"store\"", &format!("path = \"{store}\""))
        + "[[channel]]\nid = \"edited\"\ntitle = \"Edited\"\nfrom = [\"*\"]\nonly = \"stored\"\n"
}

#[test]
fn feeds_of_a_restored_store_are_the_same_bytes() {
    let desk = desk();
    let daemon = desk.start();
    daemon.until("feeds/all.xml", |got| got.text().matches("<item>").count() == 3);
    desk.write("pinned.json", "{\"id\": \"quiet\", \"summary\": \"Nothing happened at all.\"}");
    desk.ok(&["brief", "add", desk.path("pinned.json").to_str().unwrap()]);
    let item = desk.items().into_iter().find(|item| item["title"] == "A quiet day").unwrap();
    desk.ok(&["brief", "pin", item["item_id"].as_str().unwrap(), "quiet"]);
    daemon.until("feeds/edited.xml", |got| got.text().matches("<item>").count() == 2);
    daemon.until("feeds/all.xml", |got| got.text().contains("brief=\"quiet\""));
    // A document is served before its date is stored, and a backup has what is stored.
    let dated = |channel: &str, date: &str| {
        let backup = desk.ok(&["backup", "-"]);
        let lines = backup.lines().map(|line| serde_json::from_str(line).unwrap());
        let mut looks = lines.map(|line: serde_json::Value| line["channel"].clone());
        let look = looks.find(|look| look["id"] == channel);
        let date = httpdate::parse_http_date(date).unwrap().duration_since(UNIX_EPOCH).unwrap();
        look.is_some_and(|look| {
            u128::from(look["record"]["changed"].as_u64().unwrap()) == date.as_millis()
        })
    };
    eventually("the documents' dates are stored", || {
        ["all", "edited"].into_iter().all(|channel| {
            let document = daemon.get(&format!("feeds/{channel}.xml"));
            dated(channel, &document.header("Last-Modified").unwrap())
        })
    });
    let backup = desk.path("b.jsonl");
    let backup = backup.to_str().unwrap();
    let told = desk.ok(&["backup", backup]);
    assert!(told.contains("b.jsonl: 3 items, 2 briefs, 1 pins and blocks, 2 sources, "), "{told}");
    let mode = std::fs::metadata(backup).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds secrets");
    let feeds = ["feeds/all.xml", "feeds/edited.xml"];
    let before = feeds.map(|path| daemon.get(path));
    daemon.terminate();

    for path in ["/wire", "/post"] {
        desk.origin.script(path, Answer::hangs_up());
    }
    desk.write("c.toml", &configuration(&desk, "elsewhere"));
    let told = desk.ok(&["restore", backup]);
    assert!(told.contains("elsewhere holds 3 items, 2 briefs, "), "{told}");
    assert!(told.contains("there was no store to replace"), "{told}");
    // Sources are overdue, and do not answer.
    desk.later(86_400);
    desk.ok(&["poll"]);
    let daemon = desk.start();
    for (path, before) in feeds.into_iter().zip(before) {
        let after = daemon.get(path);
        assert_eq!(after.text(), before.text(), "{path}");
        for header in ["ETag", "Last-Modified"] {
            assert_eq!(after.header(header), before.header(header), "{path}: {header}");
        }
    }
    let why = desk.ok(&["why", item["item_id"].as_str().unwrap()]);
    assert!(why.contains("pin"), "{why}");
}

#[test]
fn a_backup_on_standard_output_is_the_same_file() {
    let desk = desk();
    desk.poll();
    // Without a daemon the command opens the store itself.
    let printed = desk.ok(&["backup", "-"]);
    desk.write("b.jsonl", &printed);
    let backup = desk.path("b.jsonl");
    let told = desk.ok(&["restore", "--check", "--json", backup.to_str().unwrap()]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["items"], &told["briefs"]), (&3.into(), &1.into()), "{told}");
    desk.write("b.jsonl", printed.get(..printed.len() / 2).unwrap());
    let checked = desk.run(&["restore", "--check", backup.to_str().unwrap()]);
    assert_eq!(checked.code, 1);
    assert!(checked.err.contains("is cut off after line "), "{}", checked.err);
    let titles = desk.titles();
    let refused = desk.run(&["restore", backup.to_str().unwrap()]);
    assert_eq!(refused.code, 1);
    assert_eq!(desk.titles(), titles, "nothing was touched");
}

#[test]
fn a_restore_says_what_it_replaced_and_where_that_lies() {
    let desk = desk();
    desk.poll();
    let backup = desk.path("b.jsonl");
    let backup = backup.to_str().unwrap();
    desk.ok(&["backup", backup]);
    desk.origin.script("/post", Answer::ok(feed(&[("d", "Too much", "Text of d.")])));
    desk.later(90_000);
    desk.poll();
    assert_eq!(desk.items().len(), 4);
    let told = desk.ok(&["restore", "--json", backup]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let replaced = std::path::PathBuf::from(told["replaced"].as_str().unwrap());
    assert!(replaced.is_dir() && replaced.starts_with(desk.path("store")), "{told}");
    assert_eq!(desk.items().len(), 3);
}

#[test]
fn a_store_in_use_is_not_restored_or_compacted_but_checked() {
    let desk = desk();
    let daemon = desk.start();
    daemon.until("feeds/all.xml", |got| got.text().matches("<item>").count() == 3);
    let backup = desk.path("b.jsonl");
    let backup = backup.to_str().unwrap();
    desk.ok(&["backup", backup]);
    for command in [&["restore", backup][..], &["store", "compact"]] {
        let ran = desk.run(command);
        assert_eq!(ran.code, 75, "{command:?}: {}", ran.err);
        assert!(ran.err.contains(&format!("process {}", daemon.pid())), "{}", ran.err);
    }
    // What only its owner may read is not sent to whoever has the token.
    assert_eq!(daemon.ask("GET", "api/backup", &[TOKEN], b"").status, 404);
    let told = desk.ok(&["store", "check"]);
    assert!(told.contains("items: 3\n") && told.ends_with("nothing is damaged\n"), "{told}");
}

#[test]
fn a_compacted_store_serves_what_it_did() {
    let desk = desk();
    let before = desk.poll();
    let told = desk.ok(&["store", "compact", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert!(told["pairs"].as_u64().unwrap() > 10, "{told}");
    let replaced = std::path::PathBuf::from(told["replaced"].as_str().unwrap());
    assert!(replaced.is_dir());
    desk.origin.script("/wire", Answer::hangs_up());
    assert_eq!(desk.poll(), before);
    assert!(!replaced.exists(), "it is forgotten once the new one has opened");
    desk.ok(&["store", "check"]);
}

#[test]
fn a_backup_that_is_interrupted_leaves_no_file_that_looks_whole() {
    let desk = desk();
    desk.poll();
    let into = desk.path("nowhere/b.jsonl");
    let ran = desk.run(&["backup", into.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("b.jsonl.partial"), "{}", ran.err);
    let daemon = desk.start();
    let path = desk.path("b.jsonl");
    std::fs::write(&path, "an earlier one").unwrap();
    let mut command = desk.command(&["backup", path.to_str().unwrap()]);
    let mut child = command.spawn().unwrap();
    daemon.signal("STOP");
    let partial = desk.path("b.jsonl.partial");
    eventually("it has begun, or is done", || {
        partial.exists() || std::fs::read_to_string(&path).is_ok_and(|text| text.len() > 20)
    });
    let is_begun = partial.exists();
    let arguments = ["-INT".to_owned(), child.id().to_string()];
    std::process::Command::new("kill").args(arguments).status().unwrap();
    let code = child.wait().unwrap().code();
    daemon.signal("CONT");
    if is_begun && code != Some(0) {
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "an earlier one");
    }
    desk.ok(&["backup", path.to_str().unwrap()]);
    desk.ok(&["restore", "--check", path.to_str().unwrap()]);
}

fn with_backups(desk: &Desk, more: &str) {
    let text =
        configuration(desk, "store").replace("[fetch]", &format!("[backup]\n{more}\n[fetch]"));
    desk.write("c.toml", &text);
}

/// Returns the names of the backups that the daemon has made.
fn made(desk: &Desk) -> Vec<String> {
    let names = std::fs::read_dir(desk.path("store/backups")).into_iter().flatten();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.contains(".partial"));
    names.sort();
    names
}

#[test]
fn the_daemon_makes_backups_when_they_are_due_and_keeps_the_newest() {
    let desk = desk();
    with_backups(&desk, "every = \"1h\"");
    let mut seen = Vec::new();
    for (round, seconds) in [0, 4000, 8000].into_iter().enumerate() {
        desk.later(seconds);
        let daemon = desk.start();
        eventually("it makes one", || made(&desk).last() != seen.last());
        eventually("the oldest is removed", || made(&desk).len() == (round + 1).min(2));
        daemon.terminate();
        seen = made(&desk);
        let newest = desk.path("store/backups").join(seen.last().unwrap());
        desk.ok(&["restore", "--check", newest.to_str().unwrap()]);
    }
    // One that is not due is not made.
    desk.later(8100);
    let daemon = desk.start();
    daemon.poll("wire");
    daemon.terminate();
    assert_eq!(made(&desk), seen);
}

#[test]
fn a_backup_that_cannot_be_made_is_told_and_the_daemon_is_ready_all_the_same() {
    let desk = desk();
    desk.write("occupied", "a file where a directory should be");
    with_backups(&desk, "every = \"1h\"\ndir = \"occupied\"");
    let daemon = desk.start();
    eventually("it is told", || desk.ok(&["status"]).contains("No backup is made: cannot create "));
    let page = daemon.ask("GET", "status", &[TOKEN], b"").text();
    assert!(page.contains("No backup is made") && page.contains("cannot create "), "{page}");
    assert_eq!(daemon.get("readyz").text(), "ready\n");
    with_backups(&desk, "every = \"1h\"\ndir = \"elsewhere\"");
    let told = desk.ok(&["reload"]);
    assert!(told.contains("setting backup.dir changed"), "{told}");
}

#[test]
fn a_lost_database_comes_back_from_the_backups_of_the_daemon_and_says_so() {
    let desk = desk();
    with_backups(&desk, "every = \"24h\"");
    let before = desk.poll();
    let daemon = desk.start();
    eventually("it makes one", || made(&desk).len() == 1);
    daemon.kill();
    std::fs::remove_dir_all(desk.path("store/db")).unwrap();
    for path in ["/wire", "/post"] {
        desk.origin.script(path, Answer::hangs_up());
    }
    let daemon = desk.start();
    let ready = daemon.get("readyz");
    assert_eq!(ready.status, 200);
    let words = "3 items whole, 0 by guid and date, 1 briefs, 0 pins and blocks, 0 records lost";
    assert!(ready.text().starts_with("ready; rebuilt 20"), "{}", ready.text());
    assert!(ready.text().contains(words), "{}", ready.text());
    assert!(desk.ok(&["status"]).contains(words));
    assert!(daemon.ask("GET", "status", &[TOKEN], b"").text().contains(words));
    assert_eq!(daemon.get("feeds/all.xml").text(), before);
    desk.ok(&["store", "check"]);
}
