//! Sources asked without being stored, and what was repaired in them, where an operator looks.

use crate::desk::Desk;
use crate::origin::Answer;

const BROKEN: &str = "<rss version='2.0'><channel><title>Wire</title><item><title>Tea & toast</title>\
    <guid>1</guid><pubDate>Blursday</pubDate></item>";

#[test]
fn a_source_is_tried_and_nothing_is_stored() {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::status(301).with("location", "/moved"));
    desk.origin.script("/moved", Answer::ok(BROKEN).with("content-type", "text/xml"));
    let shown = desk.ok(&["source", "test", "wire"]);
    let (first, moved) = (desk.origin.url("/wire"), desk.origin.url("/moved"));
    for line in [
        format!("> GET {first}"),
        ">   accept-encoding: gzip, br, zstd, deflate".to_owned(),
        "< HTTP/1.1 301 after ".to_owned(),
        "<   location: /moved".to_owned(),
        format!("> GET {moved}"),
        "<   content-type: text/xml".to_owned(),
        format!("200 from {moved}: text/xml"),
        "a first poll would store 1 item and show 1 of them".to_owned(),
        " because of the default interval of 1 h".to_owned(),
    ] {
        assert!(shown.contains(&line), "{line} in {shown}");
    }
    assert!(shown.contains("Wire: rss20 in utf-8, 1 item"), "{shown}");
    assert!(shown.contains("Tea & toast"), "{shown}");
    for warning in ["bare-ampersand: 1", "bad-date: Blursday", "unclosed-end: "] {
        assert!(shown.contains(&format!("warning: {warning}")), "{warning} in {shown}");
    }
    assert!(desk.items().is_empty());

    desk.write("feed.xml", BROKEN);
    let file = desk.path("feed.xml");
    let json = desk.ok(&["source", "test", "--json", file.to_str().unwrap()]);
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(told["feed"]["items"][0]["title"], "Tea & toast");
    assert_eq!(told["feed"]["warnings"].as_array().unwrap().len(), 3);
}

#[test]
fn a_source_that_cannot_be_read_is_told_why() {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::status(404));
    desk.origin
        .script("/page", Answer::ok("<html><link rel=alternate type=application/rss+xml href=/f>"));
    let failed = |what: &str| {
        let ran = desk.run(&["source", "test", what]);
        assert_eq!(ran.code, 1, "{what}");
        assert!(ran.out.contains("it would be asked again") || what == "nobody", "{}", ran.out);
        ran.err
    };
    assert!(failed("wire").contains("there is nothing at this address"));
    // An address that no source vouches for is not asked in a private network.
    assert!(failed(&desk.origin.url("/page")).contains("private"));
    assert!(failed("nobody").contains("`nobody` is no configured source"));
    desk.write("page.html", "<html><p>x");
    assert!(failed(desk.path("page.html").to_str().unwrap()).contains("an HTML page, no feed"));
}

#[test]
fn the_status_page_lists_what_was_repaired() {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(BROKEN));
    let daemon = desk.start();
    let page = daemon.until("status", |page| page.text().contains("unclosed-end"));
    assert!(
        page.text().contains("bad-date: Blursday</small>")
            && page.text().contains("bare-ampersand: 1</small>"),
        "{}",
        page.text()
    );
}
