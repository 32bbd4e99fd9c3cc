//! `full_text`: the articles that items link to, fetched, used, and shown where a channel asks.

use crate::desk::{Desk, eventually};
use crate::origin::Answer;

const STORY: &str = "The harbour board of Skarne has decided to rebuild the northern mole before \
    the winter storms. The work will cost four million crowns and takes until March. Engineers had \
    found cracks in nine of the caissons after the gale of October, when waves broke over the wall \
    and flooded the fish market for two days. ";

fn page() -> String {
    let part = |n| format!("<p>{STORY}Part {n} of the report names the caissons one by one.</p>");
    let paragraphs = (0..6).map(part).collect::<Vec<_>>().concat();
    format!(
        "<!doctype html><html><head><title>Board rebuilds the northern mole</title></head><body>\
         <nav><a href=/>Home</a><a href=/sport>Sport</a></nav><article><h1>Board rebuilds the \
         northern mole</h1>{paragraphs}</article><footer>All rights reserved</footer></body></html>"
    )
}

fn feed(origin: &str, paths: &[&str]) -> String {
    let item = |path: &&str| {
        format!(
            "<item><guid isPermaLink=\"false\">{path}</guid><title>Board rebuilds the northern \
             mole</title><link>{origin}{path}</link><description>The harbour board of Skarne has \
             decided to rebuild the mole.</description></item>"
        )
    };
    let items = paths.iter().map(item).collect::<Vec<_>>().concat();
    format!("<rss version=\"2.0\"><channel><title>Skarne</title>{items}</channel></rss>")
}

/// A desk with `full_text`, a channel that shows articles and one that does not.
fn desk() -> Desk {
    let desk = Desk::new(&["wire"]);
    let channel = "[[channel]]\nid = \"long\"\ntitle = \"Long\"\nfrom = [\"*\"]\n\
                   body = \"brief+original\"\nfull_text = true\n\
                   [[channel]]\nid = \"short\"\ntitle = \"Short\"\nfrom = [\"*\"]\n\
                   body = \"brief+original\"\n";
    let text =
        desk.configuration(&["wire"]).replace("[[channel]]", &format!("{channel}[[channel]]"));
    desk.write("c.toml", &(text + "full_text = true\n"));
    desk.origin.script("/wire", Answer::ok(feed(&desk.origin.url(""), &["/mole"])));
    desk
}

#[test]
fn an_article_is_fetched_once_used_and_shown_where_a_channel_asks() {
    let desk = desk();
    desk.origin.script("/mole", Answer::ok(page()).with("content-type", "text/html"));
    desk.poll();
    let asked = desk.origin.take_asked("/mole");
    assert_eq!(asked.len(), 1);
    assert!(asked[0].header("accept").unwrap().starts_with("text/html"));
    assert!(asked[0].header("cookie").is_none() && asked[0].header("referer").is_none());
    let part = "Part 4 of the report names the caissons";
    assert!(desk.document("long").contains(part));
    assert!(!desk.document("short").contains(part), "it did not ask for it");
    assert!(!desk.document("long").contains("All rights reserved"));
    let item = desk.items().remove(0);
    assert_eq!(item["full_text"], true);
    let summary = item["extracted_summary"].to_string();
    assert!(summary.contains("caissons") || summary.contains("crowns"), "{summary}");

    // The publisher's edit keeps it; nothing is asked for again, by a second source either.
    let edited = feed(&desk.origin.url(""), &["/mole"]).replace("to rebuild the mole", "to build");
    desk.origin.script("/wire", Answer::ok(edited));
    desk.later(7200);
    desk.poll();
    assert!(desk.document("long").contains(part));
    assert!(desk.origin.take_asked("/mole").is_empty());
}

#[test]
fn a_wall_and_a_broken_page_leave_the_feeds_own_text() {
    let desk = desk();
    let paths = ["/wall", "/gone", "/bomb"];
    desk.origin.script("/wire", Answer::ok(feed(&desk.origin.url(""), &paths)));
    let wall = "<html><body><h1>We value your privacy</h1><p>Accept all cookies to go on, or \
                subscribe to continue reading.</p></body></html>";
    desk.origin.script("/wall", Answer::ok(wall).with("content-type", "text/html"));
    desk.origin.script("/bomb", Answer::ok("<div>".repeat(600_000)));
    let document = desk.poll();
    assert_eq!(document.matches("<item>").count(), 3, "all are shown");
    assert!(!document.contains("privacy"));
    assert!(desk.items().iter().all(|item| item["full_text"] == false));
}

#[test]
fn a_new_item_is_shown_with_its_article_or_after_a_minute_without() {
    let desk = desk();
    let text = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    let patient = text.replace("header_timeout = \"3s\"", "header_timeout = \"50s\"");
    desk.write("c.toml", &patient.replace("total_timeout = \"5s\"", "total_timeout = \"50s\""));
    desk.origin.script("/mole", Answer::ok(page()).with("content-type", "text/html"));
    let daemon = desk.start();
    let shown = |path: &str, text: &str| daemon.get(path).text().contains(text);
    eventually("the first item", || shown("feeds/long.xml", "Part 4 of the report"));
    // One whose page does not answer waits no longer than a minute.
    desk.origin.script("/wire", Answer::ok(feed(&desk.origin.url(""), &["/mole", "/slow"])));
    desk.origin.script("/slow", Answer::ok(page()).after(std::time::Duration::from_secs(50)));
    desk.ok(&["poll", "wire"]);
    eventually("it is stored", || desk.items().len() == 2);
    let slow = |item: &serde_json::Value| item["publisher_guid"] == "/slow";
    let placement = desk.items().into_iter().find(slow).unwrap()["placement"].clone();
    assert_eq!(placement, "waiting", "for its article");
    assert!(!shown("feeds/long.xml", "/slow"));
    desk.later(61);
    eventually("it is shown", || shown("feeds/long.xml", "/slow"));
}
