//! An item's journey through the user's door: the real binary, a real origin, the feed that a
//! reader would get.

use std::path::Path;

use crate::desk::{Desk, HEADINGS, between, copy, feed, needs};
use crate::origin::Answer;

const WALL: (&str, &str, &str) = (
    "wall",
    "Harbour wall of Quillport gives way in the gale",
    "The northern wall of Quillport harbour gave way on Sunday night. Forty boats were moved to \
     Tarn Bay by the coastguard. Mayor Ada Brinlow said it will be rebuilt.",
);
const CHOIR: (&str, &str, &str) =
    ("choir", "Choir wins prize", "The choir of Ostley won the regional prize in Marrow.");

const WALL_BRIEF: &str = "---\nid: wall-brief\ntitle: Quillport harbour wall collapse\nlang: en\n---\n\
    Summary:\nThe northern harbour wall of Quillport collapsed in the gale; Mayor Ada Brinlow promises \
    to rebuild it, and the coastguard has moved boats to Tarn Bay.\n\
    What This Means for You:\n- Boat owners: Ask the coastguard in Tarn Bay\n\
    Key Terms:\n- Quillport harbour wall\n- Tarn Bay coastguard\n";

fn desk_with_wall() -> Desk {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(feed(&[WALL, CHOIR])));
    desk
}

#[test]
fn an_item_gets_the_brief_of_its_story_and_the_other_an_extracted_one() {
    let desk = desk_with_wall();
    desk.write("briefs/wall.md", WALL_BRIEF);
    let document = desk.poll();
    let items = between(&document, "<item>", "</item>");
    let wall = items.iter().find(|item| item.contains("gives way")).unwrap();
    assert!(wall.contains("<li><strong>Boat owners:</strong> Ask the coastguard in Tarn Bay</li>"));
    assert!(wall.contains("<brief:origin>stored</brief:origin>"), "{wall}");
    assert!(wall.contains("<link>https://wire.example.org/wall</link>"), "tracking is gone");
    assert!(wall.contains("<category>Quillport harbour wall</category>"));
    let choir = items.iter().find(|item| item.contains("Choir wins")).unwrap();
    assert!(choir.contains("<brief:origin>extracted</brief:origin>"));
    assert!(choir.contains("Origin: extracted"));
    assert!(choir.contains("The choir of Ostley won the regional prize in Marrow."));
}

#[test]
fn a_poll_that_changes_nothing_and_a_restart_change_no_byte() {
    let desk = desk_with_wall();
    let at_home = "[server]\npublic_url = \"https://news.example.org\"";
    desk.write("c.toml", &desk.configuration(&["wire"]).replace("[server]", at_home));
    let first = desk.poll();
    assert!(first.contains("https://news.example.org/feeds/all.xml"));
    desk.later(7200);
    assert_eq!(desk.poll(), first);
    std::fs::remove_dir_all(desk.path("store/documents")).unwrap();
    assert_eq!(desk.poll(), first, "rendered anew from the store");
    let daemon = desk.start();
    assert_eq!(daemon.get("feeds/all.xml").text(), first);
    assert_eq!(daemon.get("status").status, 401, "the status page is the operator's in public");
}

#[test]
fn an_edited_item_is_updated_in_place() {
    let desk = desk_with_wall();
    let before = desk.poll();
    let edited = ("wall", "Harbour wall of Quillport destroyed", WALL.2);
    desk.origin.script("/wire", Answer::ok(feed(&[edited, CHOIR])));
    desk.later(7200);
    let after = desk.poll();
    assert!(after.contains("Harbour wall of Quillport destroyed"));
    assert!(!after.contains("gives way"));
    for (open, close) in
        [("<guid isPermaLink=\"false\">", "</guid>"), ("<item><title>", "</title>")]
    {
        assert_eq!(between(&after, open, close).len(), 2);
    }
    let guids = |document: &str| {
        let mut guids: Vec<String> = between(document, "<guid isPermaLink=\"false\">", "</guid>")
            .into_iter()
            .map(str::to_owned)
            .collect();
        guids.sort();
        guids
    };
    assert_eq!(guids(&after), guids(&before));
    let built =
        |document: &str| between(document, "<lastBuildDate>", "</lastBuildDate>")[0].to_owned();
    assert_ne!(built(&after), built(&before));
    let dates = between(&after, "</guid><pubDate>", "</pubDate>");
    assert_eq!(dates, ["Mon, 23 Nov 2026 08:00:00 +0000"; 2]);
}

#[test]
fn a_brief_that_comes_later_changes_its_item_and_one_that_goes_leaves_it() {
    let desk = desk_with_wall();
    assert!(!desk.poll().contains("stored"));
    desk.write("late.md", WALL_BRIEF);
    let late = desk.path("late.md");
    let said = desk.ok(&["brief", "add", late.to_str().unwrap()]);
    assert_eq!(said, "wall-brief: stored, 1 item differs\n");
    assert_eq!(
        desk.ok(&["brief", "add", late.to_str().unwrap()]),
        "wall-brief: unchanged, 0 items differ\n"
    );
    let on = |desk: &Desk| -> Vec<String> {
        let items = desk.items();
        items.iter().filter_map(|item| item["brief_id"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(on(&desk), ["wall-brief"]);
    assert!(desk.poll().contains("<brief:origin>stored</brief:origin>"));
    desk.ok(&["brief", "remove", "wall-brief"]);
    assert!(on(&desk).is_empty());
    assert!(!desk.poll().contains("<brief:origin>stored</brief:origin>"));
}

#[test]
fn a_pin_and_a_block_win_and_survive() {
    let desk = desk_with_wall();
    desk.write("briefs/wall.md", WALL_BRIEF);
    desk.poll();
    let id = |title: &str| {
        let items = desk.items();
        let item =
            items.iter().find(|item| item["title"].as_str().unwrap().contains(title)).unwrap();
        item["item_id"].as_str().unwrap().to_owned()
    };
    let brief_of = |id: &str| {
        let items = desk.items();
        items.iter().find(|item| item["item_id"] == *id).unwrap()["brief_id"].clone()
    };
    let (wall, choir) = (id("gives way"), id("Choir"));
    desk.ok(&["brief", "block", &wall, "wall-brief"]);
    assert!(brief_of(&wall).is_null());
    desk.ok(&["brief", "pin", &choir, "wall-brief"]);
    assert_eq!(brief_of(&choir), "wall-brief");
    let edited = ("choir", "Choir wins first prize", CHOIR.2);
    desk.origin.script("/wire", Answer::ok(feed(&[WALL, edited])));
    desk.later(7200);
    desk.poll();
    assert_eq!(brief_of(&choir), "wall-brief");
    assert!(brief_of(&wall).is_null());
    assert!(desk.ok(&["why", &choir]).contains("pin 1"));
}

#[test]
fn a_source_that_answers_garbage_does_not_disturb_the_others() {
    let desk = Desk::new(&["wire", "garbage", "refused", "broken", "page"]);
    desk.origin.script("/wire", Answer::ok(feed(&[WALL])));
    desk.origin.script("/garbage", Answer::ok(vec![0xC3, 0x28, 0x00, 0xFF, 0xFE, b'<', b'<']));
    desk.origin.script("/refused", Answer::status(403));
    desk.origin.script("/broken", Answer::ok("not gzip").with("Content-Encoding", "br"));
    desk.origin.script("/page", Answer::ok("<!doctype html><html><body>Hello</body></html>"));
    let said = desk.ok(&["poll"]);
    assert!(said.contains("wire: 1 item, 1 new, 0 changed"), "{said}");
    assert!(said.contains("refused: HTTP 403"), "{said}");
    assert!(said.ends_with("5 polled, 4 failed\n"), "{said}");
    assert!(desk.document("all").contains("gives way"));
    assert_eq!(desk.run(&["poll", "refused"]).code, 1);
}

#[test]
fn a_first_poll_brings_the_newest_and_later_polls_bring_everything_new() {
    let desk = Desk::new(&["wire"]);
    desk.write("c.toml", &desk.configuration(&["wire"]).replace("first = \"all\"", "first = 2"));
    let many: Vec<(String, String)> =
        (0..9).map(|n| (format!("g{n}"), format!("Title {n}"))).collect();
    let listed = |range: std::ops::Range<usize>| {
        let items: Vec<(&str, &str, &str)> = many
            .get(range)
            .unwrap()
            .iter()
            .map(|(g, t)| (g.as_str(), t.as_str(), "Text."))
            .collect();
        feed(&items)
    };
    desk.origin.script("/wire", Answer::ok(listed(0..6)));
    assert_eq!(between(&desk.poll(), "<item>", "</item>").len(), 2);
    assert_eq!(desk.items().len(), 6);
    desk.origin.script("/wire", Answer::ok(listed(0..9)));
    desk.later(7200);
    assert_eq!(between(&desk.poll(), "<item>", "</item>").len(), 5);
}

#[test]
fn the_demo_holds_what_the_readme_says() {
    let desk = Desk::new(&[]);
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    copy(&config.join("demo"), &desk.path("demo"));
    let text = std::fs::read_to_string(config.join("demo.toml")).unwrap();
    desk.write("c.toml", &text.replace("../target/demo", "store"));
    let said = desk.ok(&["poll"]);
    assert!(said.ends_with("6 polled, 0 failed\n"), "{said}");
    let document = desk.document("world");
    assert!(between(&document, "<item>", "</item>").len() >= 40);
    let edited = desk.document("edited");
    let strait = between(&edited, "<item>", "</item>")
        .into_iter()
        .find(|item| item.contains("brief=\"skerrow-strait-patrols\""))
        .expect("the brief in the seed's layout is on an item");
    assert!(strait.contains("method=\"text\""), "by its words");
    for heading in HEADINGS {
        assert!(strait.contains(&format!("<h3><strong>{heading}</strong></h3>")), "{heading}");
    }
    assert_eq!(between(strait, "<dt>", "</dt>").len(), 4);
}

#[test]
fn the_users_own_brief_comes_out_whole_on_its_item() {
    let Some(seed) = needs("../shared/seed-brief.txt") else { return };
    let desk = Desk::new(&["wire"]);
    std::fs::copy(seed, desk.path("briefs/seed-brief.txt")).unwrap();
    let story = (
        "seed",
        "Witkoff says Putin agreed at Trump summit to NATO-style protections for Ukraine",
        "Special envoy Steve Witkoff said Russia's Vladimir Putin accepted at his Alaska summit with \
         Donald Trump that the U.S. and Europe could give Ukraine security guarantees like NATO's \
         Article 5, short of membership in the alliance.",
    );
    let other = (
        "other",
        "Ukraine reports drone strikes on Odesa port",
        "Ukrainian officials said Russian drones struck grain stores in the port of Odesa overnight.",
    );
    desk.origin.script("/wire", Answer::ok(feed(&[story, other])));
    let document = desk.poll();
    let items = between(&document, "<item>", "</item>");
    let told = items.iter().find(|item| item.contains("Witkoff says")).unwrap();
    assert!(told.contains("brief=\"seed-brief\""), "{told}");
    assert_eq!(between(told, "<h3><strong>", "</strong></h3>").len(), 8);
    assert_eq!(between(told, "<dt>", "</dt>").len(), 4);
    assert!(told.contains("as part of an eventual…"));
    assert!(
        told.contains("– Dr. Natalia Arno, Senior Fellow at the Foreign Policy Research Institute")
    );
    assert!(told.contains("<li>Hybrid security agreements post-NATO expansion</li>"));
    let untold = items.iter().find(|item| item.contains("Odesa")).unwrap();
    assert!(untold.contains("<brief:origin>extracted</brief:origin>"), "another story of the war");
    let id =
        desk.items().iter().find(|i| i["guid"].as_str().is_some_and(|g| told.contains(g))).unwrap()
            ["item_id"]
            .as_str()
            .unwrap()
            .to_owned();
    let daemon = desk.start();
    let page = daemon.get(&format!("items/{id}"));
    assert_eq!(page.status, 200);
    assert!(between(&page.text(), "<h2>", "</h2>").len() >= 8);
}
