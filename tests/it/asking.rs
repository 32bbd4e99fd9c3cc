//! What an origin sees of us.

use crate::desk::{Desk, feed};
use crate::origin::Answer;

fn wire() -> String {
    feed(&[("a", "A", "Text of a.")])
}

#[test]
fn one_polite_request_a_poll() {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(wire()));
    desk.poll();
    let asked = desk.origin.take_asked("/wire");
    assert_eq!(asked.len(), 1);
    let agent = asked[0].header("User-Agent").unwrap();
    assert!(agent.starts_with("briefwire/") && agent.contains("(+http"), "{agent}");
    assert!(asked[0].header("Accept").unwrap().ends_with("*/*;q=0.1"));
    assert!(asked[0].header("Accept-Encoding").unwrap().contains("gzip"));
    for absent in
        ["Cookie", "Referer", "Cache-Control", "Pragma", "If-None-Match", "If-Modified-Since"]
    {
        assert_eq!(asked[0].header(absent), None, "{absent}");
    }
}

#[test]
fn validators_go_back_byte_for_byte_and_only_after_a_good_parse() {
    let desk = Desk::new(&["wire"]);
    let answer = |body: String| {
        Answer::ok(body).with("ETag", "W/\"odd, tag\"").with("Last-Modified", "yesterday")
    };
    desk.origin.script("/wire", answer(wire().replace("</channel></rss>", "")));
    desk.run(&["poll"]);
    desk.origin.script("/wire", answer(wire()));
    desk.later(86_400);
    desk.poll();
    let asked = desk.origin.take_asked("/wire");
    assert_eq!(asked[1].header("If-None-Match"), None, "the first body was cut off");
    desk.origin.script("/wire", Answer::status(304));
    desk.later(2 * 86_400);
    assert!(desk.ok(&["poll"]).contains("wire: not modified"));
    let asked = desk.origin.take_asked("/wire");
    assert_eq!(asked[0].header("If-None-Match"), Some("W/\"odd, tag\""));
    assert_eq!(asked[0].header("If-Modified-Since"), Some("yesterday"));
    desk.origin.script("/wire", Answer::status(500));
    desk.later(3 * 86_400);
    desk.run(&["poll"]);
    desk.later(4 * 86_400);
    desk.run(&["poll"]);
    let asked = desk.origin.take_asked("/wire");
    assert_eq!(asked[1].header("If-None-Match"), Some("W/\"odd, tag\""), "kept over errors");
}

#[test]
fn what_is_not_due_is_not_asked() {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(wire()).with("Cache-Control", "max-age=7200"));
    desk.ok(&["poll", "--due"]);
    assert_eq!(desk.origin.take_asked("/wire").len(), 1);
    desk.later(7000);
    desk.ok(&["poll", "--due"]);
    assert_eq!(desk.origin.take_asked("/wire").len(), 0);
    let why = desk.ok(&["why", "wire"]);
    assert!(why.contains("because of"), "{why}");
    desk.later(5 * 86_400);
    desk.ok(&["poll", "--due"]);
    assert_eq!(desk.origin.take_asked("/wire").len(), 1);
}

#[test]
fn redirects_are_followed_a_little_and_never_into_the_private_network() {
    let desk = Desk::new(&["moved", "loop", "away", "file"]);
    desk.origin.script("/moved", Answer::status(302).with("Location", "/feed"));
    desk.origin.script("/feed", Answer::ok(wire()));
    desk.origin.script("/loop", Answer::status(301).with("Location", "/loop"));
    let other = crate::origin::Origin::start();
    other.script("/secret", Answer::ok(wire()));
    desk.origin.script("/away", Answer::status(302).with("Location", &other.url("/secret")));
    desk.origin.script("/file", Answer::status(302).with("Location", "file:///etc/passwd"));
    let said = desk.ok(&["poll"]);
    assert!(said.contains("moved: 1 item, 1 new"), "{said}");
    assert!(said.contains("loop: more than 5 redirects"), "{said}");
    assert!(said.contains("away: `127.0.0.1` is not a public address"), "{said}");
    assert!(said.contains("file: a redirect leads to `file:`"), "{said}");
    assert!(desk.origin.take_asked("/loop").len() <= 6);
    assert!(other.take_asked("/secret").is_empty());
}

#[test]
fn a_feed_that_a_proxy_has_changed_on_the_way_is_read() {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::status(203).with_body(wire()));
    let said = desk.ok(&["poll"]);
    assert!(said.contains("wire: 1 item, 1 new"), "{said}");
}

#[test]
fn a_permanent_redirect_is_adopted_after_two_good_answers_an_hour_apart() {
    let desk = Desk::new(&["old"]);
    desk.origin.script("/old", Answer::status(301).with("Location", "/new"));
    desk.origin.script("/new", Answer::ok(wire()));
    desk.poll();
    desk.later(2 * 3600);
    desk.poll();
    assert_eq!(desk.origin.take_asked("/old").len(), 2);
    desk.later(4 * 3600);
    desk.poll();
    assert_eq!(desk.origin.take_asked("/old").len(), 0, "polls start at the new address");
    assert!(desk.ok(&["status"]).contains(&format!("url = \"{}\"", desk.origin.url("/new"))));
}

#[test]
fn what_is_gone_or_asks_for_a_pause_is_left_alone() {
    let desk = Desk::new(&["gone", "limited"]);
    desk.origin.script("/gone", Answer::status(410));
    desk.origin.script("/limited", Answer::status(429).with("Retry-After", "7200"));
    desk.run(&["poll"]);
    desk.later(6000);
    desk.run(&["poll"]);
    assert_eq!(desk.origin.take_asked("/gone").len(), 1);
    assert_eq!(desk.origin.take_asked("/limited").len(), 1);
    desk.later(3 * 7200);
    desk.run(&["poll", "--due"]);
    assert_eq!(desk.origin.take_asked("/gone").len(), 0);
    assert_eq!(desk.origin.take_asked("/limited").len(), 1);
}
