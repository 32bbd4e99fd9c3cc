//! The command line: what each command prints into a pipe, on a terminal, and for programs.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::desk::{Desk, Ran, feed, missing};
use crate::origin::Answer;

const WALL: (&str, &str, &str) = (
    "wall",
    "Harbour wall of Quillport gives way in the gale and forty boats are moved to Tarn Bay",
    "The northern wall of Quillport harbour gave way on Sunday night. Forty boats were moved to \
     Tarn Bay by the coastguard. Mayor Ada Brinlow said it will be rebuilt.",
);
const QUAKE: (&str, &str, &str) = (
    "quake",
    "東京で大きな地震がありました、交通機関に影響が出ており、多くの人が駅で待っています",
    "Text of the quake.",
);
const BRIEF: &str = "---\nid: wall-brief\ntitle: Quillport harbour wall\n\
    urls:\n  - https://wire.example.org/wall\n---\n\nSummary:\nThe wall of Quillport collapsed.\n\
    People Also Ask:\n- Q: Who pays?\n  A: The Café owners' fund.\n";

fn desk() -> Desk {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(feed(&[WALL, QUAKE])));
    desk
}

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_briefwire"));
    command.env_remove("RUNTIME_DIRECTORY").env("BRIEFWIRE_CONFIG", "/nowhere/briefwire.toml");
    command
}

/// Runs a command in a terminal that is that many columns wide, and returns what the terminal
/// was sent; `None` where no terminal can be made.
fn terminal(desk: &Desk, columns: u16, words: &str, variables: &str) -> Option<String> {
    if Command::new("script").arg("--version").output().is_err() {
        missing("script (util-linux)");
        return None;
    }
    let (binary, config) = (env!("CARGO_BIN_EXE_briefwire"), desk.path("c.toml"));
    let line = format!(
        "stty cols {columns} rows 24; {variables} '{binary}' {words} --config '{}'",
        config.display()
    );
    let ran = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Some(String::from_utf8(ran.stdout).unwrap().replace('\r', ""))
}

/// Returns the places that a line takes on a terminal, its colours taken off.
fn width(line: &str) -> usize {
    let is_wide = |c: char| matches!(c, '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FF60}');
    line.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn json(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn item(desk: &Desk, title: &str) -> String {
    let items = desk.items();
    let item = items.iter().find(|item| item["title"].as_str().unwrap().contains(title)).unwrap();
    item["item_id"].as_str().unwrap().to_owned()
}

/// Runs a command that reads a text.
fn feeding(desk: &Desk, words: &[&str], text: &str) -> Ran {
    let mut child = binary()
        .args(words)
        .arg("--config")
        .arg(desk.path("c.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn completions_and_manual_pages_need_no_configuration() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran: Ran = binary().args(["completions", shell]).output().unwrap().into();
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{shell}");
        assert!(ran.out.contains("promote") && ran.out.contains("--json"), "{shell}");
    }
    assert_eq!(binary().args(["completions", "cmd"]).output().unwrap().status.code(), Some(2));
    let main: Ran = binary().arg("man").output().unwrap().into();
    assert_eq!(main.code, 0, "{}", main.err);
    assert!(main.out.contains(".TH briefwire 1") && main.out.contains("briefwire 0."));
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("man1");
    let ran: Ran = binary().args(["man", "--dir"]).arg(&dir).output().unwrap().into();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let pages: BTreeSet<String> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for page in ["briefwire.1", "briefwire-brief-add.1", "briefwire-source-list.1"] {
        assert!(pages.contains(page), "{page}: {pages:?}");
    }
    for page in &pages {
        let text = fs::read_to_string(dir.join(page)).unwrap();
        assert!(text.contains(".SH EXAMPLES\nExample: "), "{page}: {text}");
        let listed = text.replace("\\-", "-");
        for named in listed.split_whitespace().filter_map(|word| word.strip_suffix("(1)")) {
            assert!(pages.contains(&format!("{named}.1")), "{page} names {named}");
        }
        let words: Vec<&str> = page.trim_end_matches(".1").split('-').skip(1).collect();
        let help: Ran = binary().args(&words).arg("--help").output().unwrap().into();
        assert!(help.out.contains("Example: "), "{words:?}: {}", help.out);
    }
}

#[test]
fn a_command_that_finds_no_store_says_so_once() {
    let desk = Desk::new(&[]);
    let ran = desk.run(&["status"]);
    let said = format!("no store was in {}: made", desk.path("store").display());
    assert!(ran.code == 0 && ran.err.contains(&said), "{}", ran.err);
    assert_eq!(desk.run(&["status"]).err, "");
}

#[test]
fn a_table_is_whole_in_a_pipe_and_as_wide_as_its_terminal() {
    let desk = desk();
    desk.write("briefs/wall.md", BRIEF);
    desk.poll();
    let piped = desk.ok(&["items"]);
    assert!(piped.contains(WALL.1) && piped.contains(QUAKE.1), "{piped}");
    assert!(!piped.contains('…') && !piped.contains('\u{1b}'), "{piped}");
    let id = item(&desk, "Harbour wall");
    for columns in [34, 60, 80, 100, 140] {
        for words in ["items", "brief list", "brief search wall", "source list", "status"] {
            let Some(shown) = terminal(&desk, columns, words, "NO_COLOR=1") else { return };
            for line in shown.lines() {
                assert!(width(line) <= usize::from(columns), "{words} at {columns}: {line}");
            }
            assert!(!shown.contains('\u{1b}'), "{words}: {shown:?}");
            let name = match words {
                "items" => id.as_str(),
                "source list" | "status" => "wire",
                _ => "wall-brief",
            };
            assert!(shown.lines().any(|line| line.starts_with(name)), "{words}: {shown}");
        }
    }
    let shown = terminal(&desk, 80, "items", "").unwrap();
    assert!(shown.contains("Harbour wall") && shown.contains('…'), "{shown}");
    let quake = shown.lines().find(|line| line.contains("東京")).unwrap();
    assert!(width(quake) >= 79, "the room is used: {quake}");
    assert!(shown.contains("wall-brief"), "{shown}");
    assert!(terminal(&desk, 200, "items", "").unwrap().contains("PLACEMENT"));
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let desk = desk();
    desk.origin.script("/wire", Answer::status(500));
    desk.run(&["poll"]);
    let red = "\u{1b}[31mwire";
    let Some(shown) = terminal(&desk, 80, "source list", "") else { return };
    assert!(shown.contains(red), "{shown:?}");
    assert!(terminal(&desk, 80, "status", "NO_COLOR=").unwrap().contains(red), "an empty one");
    for variables in ["NO_COLOR=1", "TERM=dumb"] {
        assert!(!terminal(&desk, 80, "status", variables).unwrap().contains('\u{1b}'));
    }
    assert!(!terminal(&desk, 80, "source list --json", "").unwrap().contains('\u{1b}'));
    assert!(!desk.ok(&["status"]).contains('\u{1b}'));
}

#[test]
fn what_a_publisher_writes_never_controls_a_terminal() {
    let desk = Desk::new(&["wire"]);
    let title = "Evil \\u001b]52;c;ZXZpbA==\\u0007 \\u001b[2J\\u009b31m \\u202e title\\u0000";
    let evil = format!(
        r#"{{"version": "https://jsonfeed.org/version/1.1", "title": "{title}", "items":
            [{{"id": "a", "title": "{title}", "content_text": "{title}. More \u001b[5m text."}}]}}"#
    );
    desk.write("evil.json", &evil);
    desk.origin.script("/wire", Answer::ok(evil).with("Content-Type", "application/feed+json"));
    desk.poll();
    let id = item(&desk, "Evil");
    let file = desk.path("evil.json").display().to_string();
    let harmless = |text: &str, what: &str| {
        let bad = text.chars().find(|c| {
            (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}')
        });
        assert_eq!(bad, None, "{what}: {text:?}");
    };
    for words in ["items", "status", "source list", &format!("why {id}"), &format!("parse {file}")]
    {
        harmless(&desk.ok(&words.split(' ').collect::<Vec<_>>()), words);
        let Some(shown) = terminal(&desk, 80, words, "NO_COLOR=1") else { return };
        harmless(&shown, words);
        let Some(shown) = terminal(&desk, 80, &format!("{words} --json"), "") else { return };
        let json = shown.replace('\u{202e}', "");
        if words != "status" && !words.starts_with("source") {
            harmless(&json, words);
        }
    }
    harmless(
        &terminal(&desk, 80, &format!("brief promote {id}"), "NO_COLOR=1").unwrap(),
        "promote",
    );
}

#[test]
fn sources_are_listed_with_what_is_known_of_them() {
    let desk = Desk::new(&["wire", "broken"]);
    let config = desk.configuration(&["wire", "broken"]);
    desk.write(
        "c.toml",
        &config.replace("id = \"wire\"", "id = \"wire\"\ntags = [\"news\", \"sea\"]"),
    );
    desk.origin.script("/wire", Answer::ok(feed(&[WALL])));
    desk.origin.script("/broken", Answer::status(500));
    let fresh = json(&desk.ok(&["source", "list", "--json"]));
    assert_eq!(fresh[0]["id"], "wire");
    assert!(fresh[0].get("outcome").is_none(), "it was never polled");
    desk.poll();
    let table = desk.ok(&["source", "list"]);
    let lines: Vec<&str> = table.lines().collect();
    let heads: Vec<&str> = lines[0].split("  ").map(str::trim).filter(|h| !h.is_empty()).collect();
    assert_eq!(heads, ["SOURCE", "TAGS", "LAST OUTCOME", "NEXT DUE", "FAILURES"]);
    assert!(lines[1].starts_with("wire") && lines[1].contains("news, sea"), "{table}");
    assert!(lines[1].contains("1 item, 1 new, 0 changed") && lines[1].ends_with('0'), "{table}");
    assert!(lines[2].contains("HTTP 500") && lines[2].ends_with('1'), "{table}");
    let listed = json(&desk.ok(&["source", "list", "--json"]));
    assert_eq!((&listed[1]["failures"], &listed[1]["ok"]), (&1.into(), &false.into()));
}

#[test]
fn briefs_are_found_by_all_their_words() {
    let desk = desk();
    desk.write("briefs/wall.md", BRIEF);
    desk.write("briefs/ferry.txt", "Summary:\nThe ferry of Quillport is late.\n");
    desk.poll();
    let found = |words: &[&str]| -> Vec<String> {
        let arguments = [&["brief", "search", "--json"], words].concat();
        let found = json(&desk.ok(&arguments));
        found.iter().map(|brief| brief["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(&["quillport"]), ["ferry", "wall-brief"]);
    assert_eq!(found(&["QUILLPORT", "wall"]), ["wall-brief"]);
    assert_eq!(found(&["cafe owners"]), ["wall-brief"], "in an answer, without its accent");
    assert_eq!(found(&["wall-brief"]), ["wall-brief"], "by id");
    assert_eq!(found(&["quillport", "--limit", "1"]), ["ferry"]);
    assert_eq!(found(&["wall", "late"]), [""; 0]);
    assert!(desk.ok(&["brief", "search", "ferry"]).contains("The ferry of Quillport is late."));
    assert_eq!(desk.run(&["brief", "search"]).code, 2);
    let daemon = desk.start();
    let token = ("Authorization", "Bearer a-token-for-tests");
    let got = daemon.ask("GET", "api/briefs?q=wall+caf%C3%A9&limit=5", &[token], b"");
    assert!(got.text().contains("wall-brief") && !got.text().contains("ferry"), "{}", got.text());
    assert_eq!(found(&["quillport"]).len(), 2, "asked of the daemon");
}

#[test]
fn a_promoted_brief_is_a_draft_that_passes_the_check_and_serves_once_it_is_active() {
    let desk = desk();
    desk.poll();
    let id = item(&desk, "Harbour wall");
    let draft = desk.ok(&["brief", "promote", &id]);
    for line in [
        "status: draft",
        "origin: extracted",
        "  - \"https://wire.example.org/wall\"",
        "lang: en",
        "The northern wall of Quillport harbour gave way on Sunday night.",
    ] {
        assert!(draft.contains(line), "{line}: {draft}");
    }
    assert!(draft.contains(WALL.1), "{draft}");
    desk.write("briefs/draft.md", &draft);
    let file = desk.path("briefs/draft.md").display().to_string();
    let checked = json(&desk.ok(&["brief", "check", "--json", &file]));
    assert_eq!(checked[0]["brief"]["status"], "draft");
    assert_eq!(checked[0]["warnings"][0]["code"], "origin-stored", "{checked:?}");
    assert!(!desk.poll().contains("<brief:origin>stored"), "a draft never matches");
    desk.write("briefs/draft.md", &draft.replace("status: draft", "status: active"));
    assert!(desk.poll().contains("<brief:origin>stored"));
    let as_json = json(&desk.ok(&["brief", "promote", "--json", &id]));
    assert_eq!(
        (&as_json[0]["status"], &as_json[0]["origin"]),
        (&"draft".into(), &"extracted".into())
    );
    let unknown = desk.run(&["brief", "promote", "00000000000000000000000000000000"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (1, ""), "{}", unknown.err);
}

#[test]
fn every_promoted_brief_of_the_demo_passes_the_check() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let desk = Desk::new(&[]);
    let text = fs::read_to_string(root.join("config/demo.toml")).unwrap();
    let demo = root.join("config/demo");
    desk.write(
        "c.toml",
        &text.replace("../target/demo", "store").replace("demo/", &format!("{}/", demo.display())),
    );
    desk.ok(&["poll"]);
    let mut files = vec!["brief".to_owned(), "check".to_owned(), "--json".to_owned()];
    for item in desk.items() {
        let id = item["item_id"].as_str().unwrap();
        let ran = desk.run(&["brief", "promote", id]);
        if item["extracted_summary"].as_array().unwrap().is_empty() {
            assert_eq!(ran.code, 1, "{}", ran.err);
            continue;
        }
        assert_eq!(ran.code, 0, "{}", ran.err);
        desk.write(&format!("{id}.md"), &ran.out);
        files.push(desk.path(&format!("{id}.md")).display().to_string());
    }
    assert!(files.len() > 40, "{}", files.len());
    desk.ok(&files.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn what_is_exported_and_put_back_is_equal() {
    let (desk, other, third) = (desk(), Desk::new(&[]), Desk::new(&[]));
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/demo/briefs");
    for entry in fs::read_dir(demo).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, desk.path("briefs").join(path.file_name().unwrap())).unwrap();
    }
    desk.write(
        "статья.txt",
        "Summary:\n- not a point, *not* emphasis: &amp; “quoted” #1\n\n\n1. x\n",
    );
    desk.ok(&["poll"]);
    desk.ok(&["brief", "add", desk.path("статья.txt").to_str().unwrap()]);
    let lines = desk.ok(&["brief", "export", "--json"]);
    assert_eq!(lines.lines().count(), 10);
    let dir = desk.path("saved/here").display().to_string();
    assert_eq!(
        desk.ok(&["brief", "export", "--dir", &dir]),
        format!("{dir}: 10 written, 0 unchanged\n")
    );
    let mut files: Vec<String> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .collect();
    files.sort();
    assert!(files.iter().all(|file| Path::new(file).extension().unwrap() == "md"), "{files:?}");
    let mut add = vec!["brief", "add", "--json"];
    add.extend(files.iter().map(String::as_str));
    let added = json(&other.ok(&add));
    assert!(added.iter().all(|brief| brief["changed"] == true), "{added:?}");
    assert_eq!(other.ok(&["brief", "export", "--json"]), lines, "by Markdown");
    let ran = feeding(&third, &["brief", "add", "-"], &lines);
    assert!(
        ran.code == 0 && ran.err.lines().all(|line| line.contains("made an empty one")),
        "{ran:?}"
    );
    assert_eq!(third.ok(&["brief", "export", "--json"]), lines, "by JSON lines");
    third.write("all.jsonl", &lines);
    let again = third.ok(&["brief", "add", third.path("all.jsonl").to_str().unwrap()]);
    assert_eq!(again.matches(": unchanged").count(), 10, "{again}");
}

#[test]
fn an_export_overwrites_nothing_unless_it_is_told_to() {
    let desk = desk();
    desk.write("briefs/wall.md", BRIEF);
    desk.write("briefs/ferry.txt", "Summary:\nThe ferry of Quillport is late.\n");
    desk.poll();
    let dir = desk.path("saved").display().to_string();
    fs::create_dir(&dir).unwrap();
    desk.write("saved/wall-brief.md", "my own words");
    let refused = desk.run(&["brief", "export", "--dir", &dir]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("wall-brief.md differs") && refused.err.contains("--force"));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nothing was written");
    assert_eq!(fs::read_to_string(desk.path("saved/wall-brief.md")).unwrap(), "my own words");
    desk.ok(&["brief", "export", "--dir", &dir, "--force"]);
    let same = desk.ok(&["brief", "export", "--dir", &dir]);
    assert!(same.ends_with("0 written, 2 unchanged\n"), "{same}");
    assert_eq!(desk.run(&["brief", "export"]).code, 2, "neither --dir nor --json");
}

#[test]
fn a_pin_and_a_block_are_taken_off_again() {
    let desk = desk();
    desk.write("briefs/wall.md", BRIEF);
    desk.poll();
    let (wall, quake) = (item(&desk, "Harbour wall"), item(&desk, "東京"));
    let brief_of = |id: &str| {
        let items = desk.items();
        items.iter().find(|item| item["item_id"] == *id).unwrap()["brief_id"].clone()
    };
    desk.ok(&["brief", "pin", &quake, "wall-brief"]);
    assert_eq!(brief_of(&quake), "wall-brief");
    // Taking a block off where there is a pin takes nothing off.
    let told = json(&desk.ok(&["brief", "unblock", &quake, "wall-brief", "--json"]));
    assert_eq!(told[0]["changed"], false);
    let told = json(&desk.ok(&["brief", "unpin", &quake, "wall-brief", "--json"]));
    assert_eq!(told[0]["items"], serde_json::json!([quake]));
    assert!(brief_of(&quake).is_null());
    desk.ok(&["brief", "block", &wall, "wall-brief"]);
    assert!(brief_of(&wall).is_null());
    desk.ok(&["brief", "unblock", &wall, "wall-brief"]);
    assert_eq!(brief_of(&wall), "wall-brief");
}

#[test]
fn programs_read_what_became_of_a_poll_and_of_each_document() {
    let desk = Desk::new(&["wire", "broken"]);
    desk.origin.script("/wire", Answer::ok(feed(&[WALL])));
    desk.origin.script("/broken", Answer::status(500));
    let mut polled = json(&desk.ok(&["poll", "--json"]));
    polled.sort_by_key(|source| source["source"].to_string());
    assert_eq!(polled.len(), 2);
    assert_eq!((&polled[0]["source"], &polled[0]["ok"]), (&"broken".into(), &false.into()));
    assert_eq!(polled[1]["outcome"], "1 item, 1 new, 0 changed");
    desk.write("good.md", BRIEF);
    desk.write("bad.json", "{\"title\": \"no summary\"}");
    desk.write("briefs/owned.txt", "Summary:\nOf a file.\n");
    desk.write("owned.txt", "Summary:\nOf the API.\n");
    desk.run(&["poll"]);
    let files =
        ["bad.json", "good.md", "owned.txt"].map(|name| desk.path(name).display().to_string());
    let [bad, good, owned] = files.each_ref().map(String::as_str);
    let ran = desk.run(&["brief", "add", "--json", bad, owned, good]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""), "one was refused, the others were not");
    let told = json(&ran.out);
    assert_eq!(told[0]["file"], bad);
    assert!(told[0]["brief"].is_null() && told[0]["errors"][0]["line"] == 1, "{told:?}");
    let message = told[1]["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("briefs/owned.txt"), "a file wins over the command: {message}");
    assert_eq!((&told[2]["brief"], &told[2]["changed"]), (&"wall-brief".into(), &true.into()));
    assert_eq!(told[2]["items"].as_array().unwrap().len(), 1);
    let ran = desk.run(&["brief", "add", bad, good]);
    assert!(ran.out.starts_with(&format!("{bad}:1:")), "{}", ran.out);
    assert!(ran.out.ends_with("wall-brief: unchanged, 0 items differ\n"), "{}", ran.out);
    let removed = json(&desk.ok(&["brief", "remove", "--json", "wall-brief"]));
    assert_eq!(removed[0]["brief"], "wall-brief");
}

#[test]
fn long_work_shows_a_bar_on_a_terminal_and_nowhere_else() {
    let desk = desk();
    desk.write("a.md", BRIEF);
    desk.write("b.txt", "Summary:\nThe ferry of Quillport is late.\n");
    let [a, b, saved, lines] =
        ["a.md", "b.txt", "saved", "items.jsonl"].map(|name| desk.path(name).display().to_string());
    let Some(shown) = terminal(&desk, 80, "poll", "") else { return };
    assert!(shown.contains("polling [") && shown.contains("1 polled, 0 failed"), "{shown:?}");
    assert!(!terminal(&desk, 80, "poll --json", "").unwrap().contains("polling"));
    let add = format!("brief add {a} {b}");
    assert!(terminal(&desk, 80, &add, "").unwrap().contains("storing ["));
    assert!(!terminal(&desk, 80, &format!("{add} --json"), "").unwrap().contains("storing"));
    let export = format!("brief export --dir {saved}");
    assert!(terminal(&desk, 80, &export, "").unwrap().contains("exporting ["));
    desk.write("items.jsonl", &desk.ok(&["items", "--json"]));
    let matching = format!("match --briefs {saved} --items {lines}");
    let shown = terminal(&desk, 80, &matching, "").unwrap();
    assert!(shown.contains("matching [") && shown.contains("wall-brief  url  1.00"), "{shown:?}");
    let quiet = desk.run(&["poll"]);
    assert!(!quiet.err.contains("polling") && !quiet.out.contains("polling"), "{}", quiet.err);
}
