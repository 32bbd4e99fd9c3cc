//! A changed configuration, applied while everything runs.

use crate::desk::{Daemon, Desk, between, eventually, feed};
use crate::origin::Answer;

fn desk() -> Desk {
    let desk = Desk::new(&["wire", "post"]);
    desk.origin.script("/wire", Answer::ok(feed(&[("a", "Wall gives way", "Text of a.")])));
    desk.origin.script("/post", Answer::ok(feed(&[("b", "Choir wins", "Text of b.")])));
    desk
}

fn channel(id: &str, more: &str) -> String {
    format!("[[channel]]\nid = \"{id}\"\ntitle = \"{id}\"\nfrom = [\"wire\"]\n{more}\n")
}

/// Waits until both sources are in the feed, and returns it.
fn settled(daemon: &Daemon) -> String {
    let both = |text: &str| text.contains("Choir wins") && text.contains("Wall gives way");
    daemon.until("feeds/all.xml", |got| both(&got.text())).text()
}

fn guids(daemon: &Daemon, path: &str) -> Vec<String> {
    let text = daemon.get(path).text();
    let guids = between(&text, "<guid isPermaLink=\"false\">", "</guid>");
    guids.into_iter().map(str::to_owned).collect()
}

#[test]
fn sources_and_channels_come_go_and_change_their_names() {
    let desk = desk();
    let old = desk.configuration(&["wire", "post"]);
    desk.write("c.toml", &(old + &channel("one", "") + &channel("two", "")));
    let daemon = desk.start();
    daemon.until("feeds/one.xml", |got| got.text().contains("Wall gives way"));
    settled(&daemon);
    let before = guids(&daemon, "feeds/one.xml");
    desk.origin.script("/new", Answer::ok(feed(&[("c", "Gale to come", "Text of c.")])));

    let renamed = desk
        .configuration(&["wire", "new"])
        .replace("id = \"wire\"", "id = \"cable\"\nwas = [\"wire\"]")
        + &channel("uno", "was = [\"one\"]").replace("[\"wire\"]", "[\"cable\"]");
    desk.write("c.toml", &renamed);
    let said = desk.ok(&["reload"]);
    let mut lines: Vec<&str> = said.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "channel `one` is `uno` now; its address answers 301",
            "channel `two` removed; its address answers 410",
            "channel `uno` added",
            "source `new` added",
            "source `post` removed; its items stay",
            "source `wire` is `cable` now; its items go on under the new id",
        ]
    );
    // What is there at once needs no second look: documents are rendered before the answer.
    assert_eq!(
        guids(&daemon, "feeds/uno.xml"),
        before,
        "a renamed source's items keep their guids"
    );
    let moved = daemon.get("feeds/one.xml");
    assert_eq!(moved.status, 301);
    assert_eq!(moved.header("Location").unwrap(), daemon.url("feeds/uno.xml"));
    assert_eq!(daemon.get("feeds/two.xml").status, 410);
    assert_eq!(daemon.get("feeds/three.xml").status, 404);
    assert!(!desk.path("store/documents/two.xml").exists(), "a web server must not go on either");
    let all = daemon.until("feeds/all.xml", |got| got.text().contains("Gale to come")).text();
    assert!(all.contains("Choir wins"), "a removed source's items stay");
    assert_eq!(desk.ok(&["reload"]), "nothing has changed\n");

    drop(daemon);
    let daemon = desk.start();
    assert_eq!(daemon.get("feeds/two.xml").status, 410, "a restart does not forget it");
    assert_eq!(guids(&daemon, "feeds/uno.xml"), before);
}

#[test]
fn a_secret_channel_that_is_removed_was_never_there() {
    let desk = desk();
    let old = desk.configuration(&["wire", "post"]);
    desk.write("c.toml", &(old.clone() + &channel("hidden", "token_file = \"token\"")));
    let daemon = desk.start();
    let secret = "feeds/hidden.xml?token=a-token-for-tests";
    daemon.until(secret, |got| got.text().contains("Wall gives way"));
    assert_eq!(daemon.get("feeds/hidden.xml").status, 404);
    assert!(!desk.path("store/documents/hidden.xml").exists());
    assert!(desk.path("store/secret-documents/hidden.xml").exists(), "the next start serves it");
    desk.write("c.toml", &old);
    desk.ok(&["reload"]);
    assert_eq!(daemon.get("feeds/hidden.xml").status, 404);
    assert_eq!(daemon.get(secret).status, 404);
    assert!(!desk.path("store/secret-documents/hidden.xml").exists());
}

#[test]
fn a_wrong_file_changes_nothing_and_says_all_that_is_wrong() {
    let desk = desk();
    let daemon = desk.start();
    let before = settled(&daemon);
    let wrong = desk.configuration(&["wire"]).replace("title = \"All\"", "tilte = \"All\"");
    desk.write("c.toml", &(wrong + "[fetch.x]\n"));
    let ran = desk.run(&["reload"]);
    assert_eq!(ran.code, 78, "{}", ran.err);
    assert!(ran.err.contains("did you mean `title`?"), "{}", ran.err);
    assert!(daemon.get("feeds/all.xml").text() == before, "byte for byte");

    // The daemon itself finds it wrong as well: by a signal nobody reads it before.
    daemon.signal("HUP");
    daemon.until("metrics", |got| got.text().contains("reloads_total{result=\"refused\"} 1"));
    assert!(daemon.get("feeds/all.xml").text() == before, "byte for byte");
    assert_eq!(daemon.get("readyz").status, 200);
}

#[test]
fn a_signal_reloads_and_what_needs_a_restart_is_said() {
    let desk = desk();
    let daemon = desk.start();
    settled(&daemon);
    let changed =
        desk.configuration(&["wire", "post"]).replace("title = \"All\"", "title = \"Whole\"");
    desk.write("c.toml", &changed);
    daemon.signal("HUP");
    daemon.until("feeds/all.xml", |got| got.text().contains("<title>Whole</title>"));

    let restart = changed
        .replace("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:1\"")
        .replace("[fetch]", "[fetch]\nper_host = 3");
    desk.write("c.toml", &restart);
    let said = desk.ok(&["reload", "--json"]);
    let account: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(account["needs_restart"], serde_json::json!(["server.listen"]));
    assert_eq!(account["changes"], serde_json::json!(["setting fetch.per_host changed"]));
    assert_eq!(daemon.get("readyz").status, 200, "it listens where it did");
}

#[test]
fn no_request_is_lost_while_the_configuration_changes() {
    let desk = desk();
    let daemon = desk.start();
    settled(&daemon);
    let texts = [
        desk.configuration(&["wire", "post"]) + &channel("more", ""),
        desk.configuration(&["wire", "post"]),
    ];
    let stop = std::sync::atomic::AtomicBool::new(false);
    let ask_on = |path: &str| {
        let mut statuses = Vec::new();
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            statuses.push(daemon.get(path).status);
        }
        statuses
    };
    std::thread::scope(|scope| {
        let stays = scope.spawn(|| ask_on("feeds/all.xml"));
        let comes_and_goes = scope.spawn(|| ask_on("feeds/more.xml"));
        for round in 0..10 {
            desk.write("c.toml", &texts[round % 2]);
            desk.ok(&["reload"]);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let stays = stays.join().unwrap();
        assert!(stays.len() > 10 && stays.iter().all(|status| *status == 200), "{stays:?}");
        // A channel that is there has a document: it is rendered before it is announced.
        let seen = comes_and_goes.join().unwrap();
        assert!(seen.contains(&200) && seen.contains(&410), "{seen:?}");
        assert!(seen.iter().all(|status| matches!(status, 200 | 404 | 410)), "{seen:?}");
    });
}

#[test]
fn a_source_with_another_address_is_asked_there_at_once() {
    let desk = desk();
    let daemon = desk.start();
    settled(&daemon);
    desk.origin.script("/elsewhere", Answer::ok(feed(&[("d", "From elsewhere", "Text of d.")])));
    let text = desk.configuration(&["wire", "post"]);
    let text = text.replace(&desk.origin.url("/wire"), &desk.origin.url("/elsewhere"));
    desk.write("c.toml", &text);
    assert_eq!(desk.ok(&["reload"]), "source `wire` changed: url\n");
    daemon.until("feeds/all.xml", |got| got.text().contains("From elsewhere"));
    assert_eq!(desk.origin.take_asked("/post").len(), 1, "the others are not asked again");
}

#[test]
fn log_levels_and_an_admin_token_change_without_a_restart() {
    let desk = desk();
    let daemon = desk.start();
    desk.write("token2", "another-token-for-tests\n");
    let text = desk.configuration(&["wire", "post"]).replace("\"token\"", "\"token2\"");
    desk.write("c.toml", &(text + "[log]\nlevel = \"debug\"\n"));
    let said = desk.ok(&["reload"]);
    assert!(said.contains("setting server.admin_token_file changed"), "{said}");
    assert!(said.contains("setting log.level changed"), "{said}");
    let ask = |token: &str| {
        let token = format!("Bearer {token}");
        daemon.ask("GET", "api/briefs", &[("Authorization", &token)], b"").status
    };
    assert_eq!((ask("a-token-for-tests"), ask("another-token-for-tests")), (401, 200));
}

#[test]
fn nobody_to_reload_is_an_error() {
    let desk = desk();
    let ran = desk.run(&["reload"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("no daemon runs on the store in "), "{}", ran.err);
    let ran = desk.run(&["healthcheck"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let daemon = desk.start();
    assert_eq!(desk.ok(&["healthcheck"]), "ready\n");
    drop(daemon);
    eventually("it is down", || desk.run(&["healthcheck", "--json"]).code == 1);
}

#[test]
fn parameters_that_are_ignored_from_now_on_part_no_address() {
    let desk = desk();
    let brief = "---\nid: tide\nsource_url: https://wire.example.org/tide?rubric=sea\n---\n\
                 # Quite other words\n\n## Summary\n\nNothing of the item.\n";
    desk.write("briefs/tide.md", brief);
    let daemon = desk.start();
    settled(&daemon);
    let items = [
        ("a", "Wall gives way", "Text of a."),
        ("tide?rubric=front", "Gale to come", "Text of the gale."),
    ];
    desk.origin.script("/wire", Answer::ok(feed(&items)));
    desk.ok(&["poll", "wire"]);
    let told = |text: &str| text.contains("Gale to come");
    let before = daemon.until("feeds/all.xml", |got| told(&got.text())).text();
    assert!(!before.contains("brief=\"tide\""), "{before}");
    let ignoring = "[matching]\nignore_parameters = [\"Rubric\"]\n[fetch]";
    let text = desk.configuration(&["wire", "post"]).replace("[fetch]", ignoring);
    desk.write("c.toml", &text);
    assert_eq!(desk.ok(&["reload"]), "setting matching.ignore_parameters changed\n");
    let later = [("tide?rubric=top", "Gale is here", "Text of its landfall.")];
    desk.origin.script("/post", Answer::ok(feed(&later)));
    desk.ok(&["poll", "post"]);
    let is_there = |text: &str| text.contains("Gale is here");
    let after = daemon.until("feeds/all.xml", |got| is_there(&got.text())).text();
    assert!(
        after.contains("<brief:match brief=\"tide\" method=\"url\" score=\"1.00\">"),
        "{after}"
    );
}
