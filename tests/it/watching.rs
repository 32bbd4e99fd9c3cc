//! The watched directory of briefs.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::desk::{Daemon, Desk, eventually, feed, within};
use crate::origin::Answer;
use crate::serving::TOKEN;

fn brief(summary: &str) -> String {
    format!("Summary:\n{summary}\n")
}

fn ids(daemon: &Daemon) -> Vec<String> {
    let listed = daemon.ask("GET", "api/briefs", &[TOKEN], b"").text();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let id = |brief: &serde_json::Value| brief.get("id")?.as_str().map(str::to_owned);
    listed.as_array().unwrap().iter().filter_map(id).collect()
}

fn summary(daemon: &Daemon, id: &str) -> String {
    let got = daemon.ask("GET", &format!("api/briefs/{id}"), &[TOKEN], b"");
    let brief: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
    brief.get("summary").and_then(|s| s.as_str()).unwrap_or_default().to_owned()
}

fn desk() -> (Desk, Daemon) {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(feed(&[("a", "A", "Text of a.")])));
    let daemon = desk.start();
    (desk, daemon)
}

#[track_caller]
fn within_two_seconds(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    eventually(what, is_so);
    assert!(began.elapsed() < Duration::from_secs(2), "{what} took {:?}", began.elapsed());
}

#[test]
fn new_changed_and_renamed_files_count_within_two_seconds() {
    let (desk, daemon) = desk();
    desk.write("briefs/one.md", &brief("First."));
    within_two_seconds("new", || ids(&daemon) == ["one"]);
    desk.write("briefs/one.md", &brief("Second."));
    within_two_seconds("changed", || summary(&daemon, "one") == "Second.");
    let fixed = format!("---\nid: fixed\n---\n{}", brief("Third."));
    // As editors save: beside it, then over it.
    desk.write("briefs/.two.md.swp", "half of");
    desk.write("briefs/two.md~", &fixed);
    std::fs::rename(desk.path("briefs/two.md~"), desk.path("briefs/two.md")).unwrap();
    within_two_seconds("renamed into place", || ids(&daemon) == ["fixed", "one"]);
    std::fs::rename(desk.path("briefs/two.md"), desk.path("briefs/three.md")).unwrap();
    desk.write("briefs/three.md", &fixed.replace("Third", "Fourth"));
    within_two_seconds("under another name", || summary(&daemon, "fixed") == "Fourth.");
    assert_eq!(ids(&daemon), ["fixed", "one"]);
}

#[test]
fn a_file_is_read_once_its_writer_is_done() {
    let (desk, daemon) = desk();
    desk.write("briefs/calm.md", &brief("Calm."));
    let mut half = std::fs::File::create(desk.path("briefs/half.md")).unwrap();
    half.write_all(b"Summary:\nThe first half ").unwrap();
    half.flush().unwrap();
    eventually("a calm one", || ids(&daemon) == ["calm"]);
    // Another file's event, and with it a look at the directory, comes in between.
    desk.write("briefs/later.md", &brief("Later."));
    eventually("a later one", || ids(&daemon).contains(&"later".to_owned()));
    assert!(!ids(&daemon).contains(&"half".to_owned()), "it is still being written");
    half.write_all(b"and the second.\n").unwrap();
    drop(half);
    within_two_seconds("whole", || ids(&daemon).contains(&"half".to_owned()));
    assert_eq!(summary(&daemon, "half"), "The first half and the second.");
}

#[test]
fn a_bad_file_is_told_with_its_line_and_leaves_the_version_before_in_force() {
    let (desk, daemon) = desk();
    desk.write("briefs/b.md", &brief("Good."));
    eventually("good", || summary(&daemon, "b") == "Good.");
    desk.write("briefs/b.md", "Summary:\nx\nSummary:\ny\n");
    let told = daemon.until("status", |got| got.text().contains("b.md is refused")).text();
    assert!(told.contains("line 3: "), "{told}");
    assert_eq!(summary(&daemon, "b"), "Good.");
    assert!(desk.ok(&["status"]).contains("b.md is refused: line 3: "));
    desk.write("briefs/b.md", &brief("Good again."));
    eventually("good again", || summary(&daemon, "b") == "Good again.");
    daemon.until("status", |got| !got.text().contains("b.md is refused"));
}

#[test]
fn a_gone_file_withdraws_its_brief_after_a_minute_and_many_at_once_ask_first() {
    let (desk, daemon) = desk();
    for n in 0..9 {
        desk.write(&format!("briefs/b{n}.md"), &brief("Text."));
    }
    eventually("all nine", || ids(&daemon).len() == 9);
    std::fs::remove_file(desk.path("briefs/b0.md")).unwrap();
    desk.write("briefs/mark.md", &brief("It looked again."));
    eventually("a look", || ids(&daemon).contains(&"mark".to_owned()));
    assert!(ids(&daemon).contains(&"b0".to_owned()), "not at once");
    desk.later(61);
    eventually("withdrawn", || !ids(&daemon).contains(&"b0".to_owned()));

    for n in 1..9 {
        std::fs::remove_file(desk.path(&format!("briefs/b{n}.md"))).unwrap();
    }
    desk.later(200);
    let told = daemon.until("status", |got| got.text().contains("are gone at once")).text();
    assert!(told.contains("8 of 9 brief files"), "{told}");
    assert_eq!(ids(&daemon).len(), 9, "an unmounted share withdraws nothing");
    assert!(desk.ok(&["status"]).contains("briefwire brief remove --vanished"));
    assert_eq!(desk.ok(&["brief", "remove", "--vanished"]), "withdrawing 8 briefs\n");
    eventually("withdrawn", || ids(&daemon) == ["mark"]);
    daemon.until("status.xml", |got| !got.text().contains("are gone at once"));
}

#[test]
fn a_thousand_files_at_once_are_all_read() {
    let (desk, daemon) = desk();
    for n in 0..1000 {
        desk.write(&format!("briefs/b{n}.md"), &brief(&format!("Text number {n}.")));
    }
    within(Duration::from_secs(40), "all", || ids(&daemon).len() == 1000);
    assert_eq!(summary(&daemon, "b999"), "Text number 999.");
}
