//! What retention takes, and that it does not come back.

use crate::desk::{Desk, between, feed};
use crate::origin::Answer;

const DAY: i64 = 86_400;
const A: (&str, &str, &str) = ("a", "Wall gives way", "Text of a.");
const B: (&str, &str, &str) = ("b", "Ferry runs late", "Text of b.");
const C: (&str, &str, &str) = ("c", "Bridge opens", "Text of c.");

fn desk(store: &str) -> Desk {
    let desk = Desk::new(&["wire"]);
    let text = desk.configuration(&["wire"]).replace("[store]", &format!("[store]\n{store}"));
    desk.write("c.toml", &text);
    desk
}

/// Polls on a day, when the source lists these items, and returns the titles that are published.
#[track_caller]
fn poll_on(desk: &Desk, day: i64, listed: &[(&str, &str, &str)]) -> Vec<String> {
    desk.later(day * DAY);
    desk.origin.script("/wire", Answer::ok(feed(listed)));
    titles(&desk.poll())
}

fn titles(document: &str) -> Vec<String> {
    let items = document.split_once("<item>").map_or("", |(_, items)| items);
    let mut titles: Vec<String> =
        between(items, "<title>", "</title>").into_iter().map(str::to_owned).collect();
    titles.sort();
    titles
}

#[test]
fn an_item_that_is_listed_no_more_goes_in_its_time_and_does_not_come_back() {
    let desk = desk("max_age = \"7d\"");
    assert_eq!(poll_on(&desk, 0, &[A, B]), [B.1, A.1]);
    assert_eq!(poll_on(&desk, 10, &[B]), [B.1, A.1], "it was listed until now");
    assert_eq!(poll_on(&desk, 18, &[B, C]), [C.1, B.1]);
    assert_eq!(desk.items().len(), 2);
    assert_eq!(poll_on(&desk, 19, &[A, B, C]), [C.1, B.1], "it does not come back");
    let changed = ("a", "Wall gives way again", "Another text of a.");
    assert_eq!(poll_on(&desk, 200, &[changed, B, C]), [C.1, B.1], "however long it is listed");
    assert_eq!(desk.items().len(), 2);
}

#[test]
fn there_are_no_more_items_than_the_operator_wants() {
    let desk = desk("max_items_per_source = 2");
    assert_eq!(poll_on(&desk, 0, &[A]), [A.1]);
    assert_eq!(poll_on(&desk, 1, &[A, B]), [B.1, A.1]);
    assert_eq!(poll_on(&desk, 2, &[A, B, C]), [C.1, B.1]);
    desk.write(
        "c.toml",
        &desk.configuration(&["wire"]).replace("[store]", "[store]\nmax_items = 1"),
    );
    assert_eq!(poll_on(&desk, 3, &[A, B, C]), [C.1]);
}

#[test]
fn the_daemon_forgets_by_itself_and_its_document_follows() {
    let desk = desk("max_age = \"7d\"");
    assert_eq!(poll_on(&desk, 0, &[A, B]), [B.1, A.1]);
    assert_eq!(poll_on(&desk, 10, &[B]), [B.1, A.1]);
    desk.later(18 * DAY);
    // Nobody answers any more, and what was listed last has its time from then on.
    desk.origin.script("/wire", Answer::hangs_up());
    let daemon = desk.start();
    assert_eq!(titles(&daemon.get("feeds/all.xml").text()), [B.1, A.1]);
    desk.later(18 * DAY + 120);
    daemon.until("feeds/all.xml", |got| titles(&got.text()) == [B.1]);
    daemon.until("metrics", |got| got.text().contains("\nbriefwire_items 1\n"));
}
