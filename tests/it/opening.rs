//! Stores that are opened by this version: earlier ones, later ones, and places where none can be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::desk::{Desk, copy, feed, missing};
use crate::origin::Answer;
use crate::serving::TOKEN;

/// Where stores lie that were written by released versions, or by one about to be.
const STORES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores");

/// Everything that a store tells.
fn told(desk: &Desk) -> String {
    let items = desk.ok(&["items", "--json"]);
    let briefs = desk.ok(&["brief", "list", "--json"]);
    // Tags are of the version that tells them.
    let untagged = briefs.lines().filter_map(|row| row.split_once(",\"etag\":"));
    let briefs: String = untagged.flat_map(|(row, _)| [row, "}\n"]).collect();
    let kept = desk.ok(&["brief", "show", "wall", "--json"]);
    format!("{items}{briefs}{kept}")
}

#[test]
fn a_store_of_every_version_is_read() {
    let mut versions = 0;
    for version in std::fs::read_dir(STORES).unwrap() {
        let version = version.unwrap().path();
        let desk = Desk::new(&["renamed"]);
        copy(&version.join("store"), &desk.path("store"));
        let expected = std::fs::read_to_string(version.join("told.jsonl")).unwrap();
        assert_eq!(told(&desk), expected, "{}", version.display());
        let checked = desk.ok(&["store", "check"]);
        assert!(checked.contains("nothing is damaged"), "{checked}");

        let restored = Desk::new(&["renamed"]);
        let backup = version.join("backup.jsonl").display().to_string();
        restored.ok(&["restore", &backup]);
        assert_eq!(told(&restored), expected, "{backup}");
        versions += 1;
    }
    assert!(versions > 0);
}

/// `tests/long/fixture` runs it, once for each schema of the store.
#[test]
#[ignore = "writes what later versions must read"]
fn the_fixture_of_this_version_is_written() {
    let desk = Desk::new(&["wire"]);
    let text =
        desk.configuration(&["wire"]).replace("[store]", "[store]\nmax_items_per_source = 3");
    desk.write("c.toml", &text);
    let words: Vec<String> = (0..9_000_u32).map(|n| format!("word{}", n * 7919 % 10_007)).collect();
    let long = words.join(" ");
    let items = [
        ("a", "Harbour wall gives way in the night storm", "The old harbour wall gave way."),
        ("b", "Ferry runs late after the storm", long.as_str()),
        ("c", "Bridge opens to ramblers", "The rebuilt bridge is open."),
        ("d", "Council votes on the pier", "The council has voted."),
    ];
    desk.origin.script("/wire", Answer::ok(feed(items.get(..3).unwrap())));
    desk.poll();
    desk.write(
        "briefs/wall.md",
        "---\nurls: [\"https://wire.example.org/a\"]\n---\nSummary:\nThe wall is gone.\n",
    );
    desk.write("pier.md", "---\nid: pier\n---\nSummary:\nThe pier is to be sold.\n");
    desk.ok(&["brief", "add", &desk.path("pier.md").display().to_string()]);
    desk.origin.script("/wire", Answer::ok(feed(&items)));
    desk.poll();
    let item = |title: &str| {
        let found = desk.items().into_iter().find(|item| item.to_string().contains(title));
        let found = found.unwrap();
        found.get("item_id").and_then(|id| id.as_str()).unwrap().to_owned()
    };
    desk.ok(&["brief", "pin", &item("Council votes"), "pier"]);
    desk.ok(&["brief", "block", &item("Bridge opens"), "pier"]);
    let renamed = text.replace("id = \"wire\"", "id = \"renamed\"\nwas = [\"wire\"]");
    desk.write("c.toml", &renamed);
    desk.poll();

    let schema = std::fs::read_to_string(desk.path("store/schema")).unwrap();
    let version = PathBuf::from(STORES).join(schema.trim());
    std::fs::create_dir_all(&version).unwrap();
    desk.ok(&["backup", &version.join("backup.jsonl").display().to_string()]);
    std::fs::write(version.join("told.jsonl"), told(&desk)).unwrap();
    for leftover in ["documents", "lock"] {
        let path = desk.path("store").join(leftover);
        std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path)).unwrap();
    }
    std::fs::remove_dir_all(version.join("store")).ok();
    copy(&desk.path("store"), &version.join("store"));
}

/// Returns every file below a directory but the lock, with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.ends_with("lock") {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

/// Runs what opens the store, which refuses in one line that has these words.
#[track_caller]
fn check_refused(desk: &Desk, words: &[&str]) {
    for arguments in [&["run"][..], &["poll"], &["status"], &["store", "compact"]] {
        let ran = desk.run(arguments);
        assert_eq!(ran.code, 1, "{arguments:?}: {}{}", ran.out, ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{arguments:?}: {}", ran.err);
        for word in words {
            assert!(ran.err.contains(word), "{arguments:?}: {word}: {}", ran.err);
        }
    }
}

#[test]
fn a_store_of_a_later_version_is_refused_and_not_touched() {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(feed(&[("a", "Wall gives way", "Text.")])));
    desk.poll();
    desk.write("store/schema", "99\n");
    let before = files(&desk.path("store"));
    check_refused(&desk, &["later version", "schema 99", "use that version"]);
    assert!(files(&desk.path("store")) == before, "something was touched");
    // A file that is lost is written again.
    std::fs::remove_file(desk.path("store/schema")).unwrap();
    desk.poll();
    assert_eq!(std::fs::read_to_string(desk.path("store/schema")).unwrap(), "1\n");
}

#[test]
fn a_place_where_no_store_can_be_is_named_in_one_line() {
    let desk = Desk::new(&["wire"]);
    desk.write("file", "x");
    for path in ["file", "file/store", "/proc/briefwire/store"] {
        let text = desk
            .configuration(&["wire"])
            .replace("path = \"store\"", &format!("path = \"{path}\""));
        desk.write("c.toml", &text);
        check_refused(&desk, &["cannot create", path]);
    }
    assert_eq!(std::fs::read_to_string(desk.path("file")).unwrap(), "x");
}

#[test]
fn a_directory_that_is_not_there_is_made() {
    let desk = Desk::new(&["wire"]);
    let text = desk.configuration(&["wire"]).replace("path = \"store\"", "path = \"a/b/store\"");
    desk.write("c.toml", &text);
    desk.origin.script("/wire", Answer::ok(feed(&[("a", "Wall gives way", "Text.")])));
    desk.ok(&["poll"]);
    assert_eq!(desk.items().len(), 1);
}

#[test]
fn a_read_only_disk_is_served_from_until_it_can_be_written() {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(feed(&[("a", "Wall gives way", "Text.")])));
    // Links begin with the public address, wherever the daemon happens to listen.
    let public = "[server]\npublic_url = \"https://news.example.org\"";
    desk.write("c.toml", &desk.configuration(&["wire"]).replace("[server]", public));
    let before = desk.poll();
    let store = desk.path("store").display().to_string();
    let script = format!("mount --bind {store} {store} && mount -o remount,ro,bind {store}");
    let tried = Command::new("unshare").args(["-m", "sh", "-c", &script]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        return missing("a mount namespace (unshare -m)");
    }
    let inner = desk.command(&["run"]);
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &format!("{script} && exec \"$@\""), "sh"]);
    command.arg(inner.get_program()).args(inner.get_args());
    command.env("BRIEFWIRE_TEST_CLOCK", desk.path("clock")).env_remove("RUNTIME_DIRECTORY");
    let daemon = Desk::spawn(command);
    let told = daemon.until("readyz", |got| got.text().contains("the store cannot be opened"));
    assert!(told.text().contains("ead-only"), "{}", told.text());
    assert_eq!(daemon.get("feeds/all.xml").text(), before, "byte for byte");
    let files = files(&desk.path("store"));

    let pid = daemon.pid().to_string();
    let remount = ["-t", &pid, "-m", "mount", "-o", "remount,rw,bind", &store];
    assert!(Command::new("nsenter").args(remount).status().unwrap().success());
    daemon.until("readyz", |got| got.status == 200);
    assert_eq!(daemon.get("feeds/all.xml").text(), before, "byte for byte");
    let json = ("Content-Type", "application/json");
    let put = daemon.ask("PUT", "api/briefs/b", &[TOKEN, json], br#"{"summary": "Gone."}"#);
    assert_eq!(put.status, 201, "it takes changes without a restart");
    assert!(files.keys().all(|path| path.exists()), "nothing was put aside");
}
