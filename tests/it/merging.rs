//! `merge_stories`: items that tell one story, as one item of a document.
//!
//! The links are set by hand here; which items tell one story is the writer's to say.

use std::sync::Arc;

use briefwire::model::{SourceId, Timestamp};
use briefwire::store::{Lock, Options, Store};

use crate::desk::{Desk, feed};
use crate::origin::Answer;

/// A desk with one item of each of three sources, a channel that merges stories and one that
/// does not.
fn desk() -> Desk {
    let desk = Desk::new(&["wire", "dock", "gull"]);
    let merged = "[[channel]]\nid = \"merged\"\ntitle = \"Merged\"\nfrom = [\"*\"]\n\
                  merge_stories = true\n";
    desk.write("c.toml", &(desk.configuration(&["wire", "dock", "gull"]) + merged));
    for (name, title) in [("wire", "Wall gives way"), ("dock", "Wall is gone"), ("gull", "Wet")] {
        let path = format!("/{name}");
        desk.origin.script(&path, Answer::ok(feed(&[(name, title, "The wall gave way.")])));
    }
    desk.ok(&["poll"]);
    desk
}

/// Lets the only item of one source join the story of another's.
fn join(desk: &Desk, first: &str, later: &str) {
    let folder = desk.path("store");
    let options = Options { folder: &folder, cache: 1 << 20, authority: None, backups: None };
    let lock = Arc::new(Lock::take(&folder).unwrap());
    let now = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
    let (store, _) = Store::open(&options, lock, now).unwrap();
    let item = |name: &str| {
        let known = store.known(&SourceId::new(name).unwrap(), name).unwrap().unwrap();
        known.story.unwrap()
    };
    let (mut first, mut later) = (item(first), item(later));
    assert!(first.admit(&mut later));
    let mut changes = store.begin();
    changes.put_story(&first, now).unwrap();
    changes.put_story(&later, now).unwrap();
    changes.commit().unwrap();
}

/// Returns title, guid and date of a document's items, in the order of their titles.
fn listed(document: &str) -> Vec<[String; 3]> {
    let channel = ::rss::Channel::read_from(document.as_bytes()).unwrap();
    let mut items: Vec<[String; 3]> = channel
        .items
        .into_iter()
        .map(|item| [item.title.unwrap(), item.guid.unwrap().value, item.pub_date.unwrap()])
        .collect();
    items.sort();
    items
}

#[test]
fn a_channel_that_merges_shows_the_first_as_it_was_and_names_the_other() {
    let desk = desk();
    let before = listed(&desk.document("merged"));
    assert_eq!(before.len(), 3);
    join(&desk, "wire", "dock");
    desk.ok(&["poll"]);
    let merged = desk.document("merged");
    let after = listed(&merged);
    let kept: Vec<_> = before.iter().filter(|[title, ..]| title != "Wall is gone").collect();
    assert_eq!(after.iter().collect::<Vec<_>>(), kept, "guids and dates stand");
    let (_, others) = merged.split_once("Also reported by</strong></h3><ul><li>").unwrap();
    let (named, _) = others.split_once("</li></ul>").unwrap();
    assert!(named.ends_with(">Wall is gone</a>"), "{named}");
    assert!(merged.contains("title=\"Wall is gone\""), "{merged}");
    let apart = desk.document("all");
    assert_eq!(listed(&apart), before, "nothing is hidden");
    assert!(!apart.contains("Also reported by"));
    desk.ok(&["poll"]);
    assert_eq!(desk.document("merged"), merged, "the same store gives the same bytes");
}

#[test]
fn an_edit_of_either_leaves_them_one_story() {
    let desk = desk();
    join(&desk, "wire", "dock");
    for (name, title) in [("wire", "Wall gave way"), ("dock", "Wall was gone")] {
        let path = format!("/{name}");
        desk.origin.script(&path, Answer::ok(feed(&[(name, title, "The wall gave way, then.")])));
    }
    desk.later(7200);
    desk.ok(&["poll"]);
    let merged = desk.document("merged");
    let titles: Vec<String> = listed(&merged).into_iter().map(|[title, ..]| title).collect();
    assert_eq!(titles, ["Wall gave way", "Wet"]);
    assert!(merged.contains("title=\"Wall was gone\""), "{merged}");
    let items = desk.items();
    let of = |feed: &str| items.iter().find(|item| item["feed"] == feed).unwrap();
    assert_eq!(of("dock")["same_story_as"], of("wire")["item_id"]);
    assert_eq!(of("wire")["also_reported_by"][0], of("dock")["item_id"]);
}

#[test]
fn one_story_of_several_publishers_is_found_and_shown_once() {
    let desk = Desk::new(&["wire", "dock", "gull"]);
    let merged = "[[channel]]\nid = \"merged\"\ntitle = \"Merged\"\nfrom = [\"*\"]\n\
                  merge_stories = true\n";
    desk.write("c.toml", &(desk.configuration(&["wire", "dock", "gull"]) + merged));
    let say = |name: &str, items: &[(&str, &str, &str)]| {
        desk.origin.script(&format!("/{name}"), Answer::ok(feed(items)));
    };
    say(
        "wire",
        &[(
            "wire",
            "Lindhaven harbour wall collapses in storm, ferries to Skerrow cancelled",
            "Lindhaven's harbour wall collapsed early on Tuesday after a night of storm surges, and \
         ferries to Skerrow were cancelled until further notice, harbour master Maren Solheim said.",
        )],
    );
    desk.ok(&["poll"]);
    let before = listed(&desk.document("merged"));
    say(
        "dock",
        &[(
            "dock",
            "Ferries to Skerrow cancelled after Lindhaven harbour wall collapses",
            "Storm surges brought down the harbour wall of Lindhaven overnight. Harbour master Maren \
         Solheim cancelled all ferries to Skerrow until further notice on Tuesday.",
        )],
    );
    say(
        "gull",
        &[(
            "gull",
            "Lindhaven choir sings for Skerrow school",
            "The choir of Lindhaven gave a concert in Skerrow on Tuesday, and the proceeds go to the \
         island's school, its conductor said after a long evening of songs.",
        )],
    );
    desk.later(3600);
    desk.ok(&["poll"]);
    let document = desk.document("merged");
    let after = listed(&document);
    assert_eq!(after.len(), 2, "{document}");
    assert_eq!(after[1], before[0], "who told it first stands as before");
    assert!(document.contains("Also reported by"), "{document}");
    assert_eq!(listed(&desk.document("all")).len(), 3);
    let items = desk.items();
    let of = |feed: &str| items.iter().find(|item| item["feed"] == feed).unwrap();
    assert_eq!(of("dock")["same_story_as"], of("wire")["item_id"]);
    assert!(of("gull").get("same_story_as").is_none());
}
