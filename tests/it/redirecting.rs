//! Where a poll is led to: redirects, pages that name a feed, archives.

use std::collections::BTreeSet;

use crate::desk::{Desk, undated};
use crate::origin::Answer;

/// Returns a desk whose sources are these paths of its origin.
fn desk(paths: &[String]) -> Desk {
    let desk = Desk::new(&[]);
    let source = |path: &String| (path.clone(), desk.origin.url(&format!("/{path}")));
    desk.configure("", &paths.iter().map(source).collect::<Vec<_>>());
    desk
}

fn to(status: u16, location: &str) -> Answer {
    Answer::status(status).with("Location", location)
}

fn asked(desk: &Desk, path: &str) -> usize {
    desk.origin.take_asked(path).len()
}

// Rows: redir.302, redir.303, redir.307
#[test]
fn a_temporary_redirect_moves_no_source() {
    let statuses = [302, 303, 307];
    let desk = desk(&statuses.map(|status| format!("from{status}")));
    for status in statuses {
        desk.origin.script(&format!("/from{status}"), to(status, &format!("/to{status}")));
        desk.origin.script(&format!("/to{status}"), Answer::ok(undated("A", "")));
    }
    for poll in 0..4 {
        desk.later(poll * 2 * 3600);
        assert!(desk.outcomes(&[]).values().all(|told| told.ok));
        for status in statuses {
            for path in [format!("/from{status}"), format!("/to{status}")] {
                let requests = desk.origin.take_all_of(&path);
                let methods: Vec<_> = requests.iter().map(|a| a.method.as_str()).collect();
                assert_eq!(methods, ["GET"], "{path} in poll {poll}");
            }
        }
    }
}

// Rows: redir.301, redir.308
#[test]
fn a_permanent_redirect_moves_a_source_by_the_third_poll() {
    let statuses = [301, 308];
    let desk = desk(&statuses.map(|status| format!("old{status}")));
    for status in statuses {
        desk.origin.script(&format!("/old{status}"), to(status, &format!("/new{status}")));
        desk.origin.script(&format!("/new{status}"), Answer::ok(undated("A", "")));
    }
    for poll in 0..4 {
        desk.later(poll * 2 * 3600);
        assert_eq!(desk.outcomes(&["--due"]).len(), 2, "poll {poll}");
        for status in statuses {
            assert_eq!(asked(&desk, &format!("/old{status}")), usize::from(poll < 2), "{status}");
            assert_eq!(asked(&desk, &format!("/new{status}")), 1, "{status}");
        }
    }
}

// Rows: redir.301, redir.308
#[test]
fn a_source_moves_only_to_where_a_feed_has_been_for_an_hour() {
    let cases = ["page", "nothing", "away-again", "temporary-first", "temporary-then", "brief"];
    let desk = desk(&cases.map(str::to_owned));
    let read = || Answer::ok(undated("A", ""));
    let page = Answer::ok("<!DOCTYPE html><html><body><p>This domain is for sale.</body></html>");
    for (path, answer) in [
        ("/page", to(301, "/page-new")),
        ("/page-new", page),
        ("/nothing", to(308, "/nothing-new")),
        ("/temporary-first", to(302, "/middle")),
        ("/middle", to(301, "/temporary-first-new")),
        ("/temporary-first-new", read()),
        ("/temporary-then", to(301, "/lasting")),
        ("/lasting", to(302, "/temporary-then-new")),
        ("/temporary-then-new", read()),
        ("/brief", to(301, "/brief-new")),
        ("/brief-new", read()),
        ("/away-new", read()),
    ] {
        desk.origin.script(path, answer);
    }
    let turns = [to(301, "/away-new"), read(), read(), to(301, "/away-new")];
    desk.origin.script_turns("/away-again", turns);
    for seconds in [0, 1000, 2000, 9200] {
        desk.later(seconds);
        desk.outcomes(&[]);
        for case in ["temporary-then", "brief"] {
            assert_eq!(asked(&desk, &format!("/{case}")), 1, "{case} after {seconds} s");
        }
    }
    desk.later(20_000);
    desk.outcomes(&[]);
    for case in ["page", "nothing", "temporary-first"] {
        assert_eq!(asked(&desk, &format!("/{case}")), 5, "{case}");
    }
    assert_eq!(asked(&desk, "/away-again"), 5, "it was back in between");
    assert_eq!(asked(&desk, "/temporary-then"), 0);
    assert_eq!(asked(&desk, "/lasting"), 5, "the redirect behind the lasting one is temporary");
    assert_eq!(asked(&desk, "/brief"), 0);
}

// Rows: redir.loop, redir.pingpong
#[test]
fn a_chain_without_an_end_is_left_soon() {
    let cases = ["self", "ping", "chain0", "mixed0", "growing", "wire"].map(str::to_owned);
    let desk = desk(&cases);
    desk.origin.script("/self", to(302, "/self"));
    desk.origin.script("/ping", to(302, "/pong"));
    desk.origin.script("/pong", to(302, "/ping"));
    for n in 0..60 {
        desk.origin.script(&format!("/chain{n}"), to(302, &format!("/chain{}", n + 1)));
        let status = [301, 302, 303, 307, 308][n % 5];
        desk.origin.script(&format!("/mixed{n}"), to(status, &format!("/mixed{}", (n + 1) % 7)));
        let query = |n: usize| if n == 0 { String::new() } else { format!("?{}", "x".repeat(n)) };
        desk.origin.script(&format!("/growing{}", query(n)), to(301, &query(n + 1)));
    }
    desk.origin.script("/wire", Answer::ok(undated("A", "")));
    let told = desk.outcomes(&[]);
    let requests = desk.origin.take_all();
    for start in ["/self", "/p", "/chain", "/mixed", "/growing"] {
        let hops = requests.iter().filter(|asked| asked.path.starts_with(start)).count();
        assert!((2..=20).contains(&hops), "{start}: {hops}");
    }
    for case in &cases[..5] {
        assert!(!told[case].ok && told[case].words.contains("redirects"), "{:?}", told[case]);
    }
    assert!(told["wire"].ok);
}

// Rows: redir.file, redir.data
#[test]
fn a_redirect_to_what_is_not_on_the_web_is_not_followed() {
    let held = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(held.path(), undated("From a file", "")).unwrap();
    let file = held.path().display();
    let data = "data:application/rss+xml,<rss version='2.0'><channel><item><title>From%20data";
    let locations = [
        format!("file://{file}"),
        format!("file:{file}"),
        format!("FILE://localhost{file}"),
        format!("view-source:file://{file}"),
        data.to_owned(),
        data.replace("data:application/rss+xml,", "DATA:,"),
        "ftp://127.0.0.1/feed".to_owned(),
        "gopher://127.0.0.1/feed".to_owned(),
        "javascript:alert(1)".to_owned(),
        "about:blank".to_owned(),
        "unix:/run/x.sock".to_owned(),
        "feed:wire".to_owned(),
        "http://".to_owned(),
        "http://[::1".to_owned(),
        "http://a b/".to_owned(),
        "https://:443/".to_owned(),
    ];
    let paths: Vec<String> = (0..locations.len()).map(|n| format!("r{n}")).collect();
    let desk = desk(&[paths.clone(), vec!["no-location".to_owned()]].concat());
    for (path, location) in paths.iter().zip(&locations) {
        desk.origin.script(&format!("/{path}"), to(301, location));
    }
    desk.origin.script("/no-location", Answer::status(302));
    let told = desk.outcomes(&[]);
    for (path, location) in paths.iter().zip(&locations) {
        assert!(!told[path].ok, "{location}: {:?}", told[path]);
    }
    assert!(!told["no-location"].ok);
    assert_eq!(desk.origin.take_all().len(), paths.len() + 1, "each was asked once");
    assert!(desk.items().is_empty());
}

// Rows: redir.302
#[test]
fn a_location_is_read_in_every_form() {
    let cases = [
        ("/plain-new", "/plain-new"),
        ("sibling", "/folder/sibling"),
        ("../up", "/up"),
        ("?page=1", "/folder/c3?page=1"),
        ("./?", "/folder/?"),
        ("//HOST/schemeless", "/schemeless"),
        ("HTTP://HOST/upper", "/upper"),
        ("http://HOST/fragment#part", "/fragment"),
        ("/with space", "/with%20space"),
        ("/caf\u{e9}", "/caf%C3%A9"),
        ("/kept%2Fas%20is", "/kept%2Fas%20is"),
        (" /padded ", "/padded"),
    ];
    let paths: Vec<String> = (0..cases.len()).map(|n| format!("folder/c{n}")).collect();
    let desk = Desk::new(&[]);
    let host = desk.origin.url("").replace("http://", "");
    let sources: Vec<_> = paths
        .iter()
        .map(|path| (path.replace('/', "-"), desk.origin.url(&format!("/{path}"))))
        .collect();
    desk.configure("", &sources);
    for (path, (location, target)) in paths.iter().zip(cases) {
        desk.origin.script(&format!("/{path}"), to(302, &location.replace("HOST", &host)));
        desk.origin.script(target, Answer::ok(undated(target, "")));
    }
    let told = desk.outcomes(&[]);
    for ((id, _), (location, target)) in sources.iter().zip(cases) {
        assert!(told[id].ok, "{location}: {:?}", told[id]);
        assert_eq!(asked(&desk, target), 1, "{location}");
    }
}

fn page(links: &str) -> Answer {
    let html = format!(
        "<!DOCTYPE html><html><head><title>Site</title>{links}</head><body><p>x</body></html>"
    );
    Answer::ok(html).with("Content-Type", "text/html; charset=utf-8")
}

// Rows: disc.alternate
#[test]
fn a_new_source_that_is_a_page_leads_to_the_feed_it_names() {
    let desk = desk(&["rss", "atom", "moved", "none", "broken"].map(str::to_owned));
    let rss = "<link rel=\"stylesheet\" href=\"/s.css\"><link rel=\"icon\" href=\"/favicon.ico\">\
               <link rel=\"alternate\" hreflang=\"de\" href=\"/de\">\
               <link rel=\"alternate\" type=\"application/rss+xml\" title=\"News\" href=\"/feed\">";
    desk.origin.script("/rss", page(rss));
    let atom = "<LINK TYPE=application/atom+xml HREF=deep/er REL='home ALTERNATE'>";
    desk.origin.script("/atom", page(atom));
    desk.origin.script("/moved", page("<link rel=alternate type=application/rss+xml href=/hop>"));
    desk.origin.script("/hop", to(302, "/behind"));
    desk.origin.script("/none", page(""));
    desk.origin.script("/broken", page("<link rel=alternate type=application/rss+xml href=/404>"));
    for (path, title) in [("/feed", "By RSS"), ("/deep/er", "By Atom"), ("/behind", "By a hop")] {
        desk.origin.script(path, Answer::ok(undated(title, "")));
    }
    let told = desk.outcomes(&[]);
    for (source, title) in [("rss", "By RSS"), ("atom", "By Atom"), ("moved", "By a hop")] {
        assert!(told[source].ok, "{source}: {:?}", told[source]);
        assert_eq!(desk.titles()[source], BTreeSet::from([title.to_owned()]));
    }
    assert!(!told["none"].ok && !told["broken"].ok, "{told:?}");
    let mut paths: Vec<_> = desk.origin.take_all().into_iter().map(|asked| asked.path).collect();
    paths.sort();
    let expected = [
        "/404", "/atom", "/behind", "/broken", "/deep/er", "/feed", "/hop", "/moved", "/none",
        "/rss",
    ];
    assert_eq!(paths, expected, "each once, and nothing else of the page");
}

// Rows: disc.alternate
#[test]
fn a_page_where_a_feed_was_leads_to_a_new_one_only_after_it_was_read_twice() {
    let desk = desk(&["wire".to_owned()]);
    let login = page("<link rel=alternate type=application/rss+xml href=/login-news>");
    desk.origin.script_turns("/wire", [Answer::ok(undated("A", "")), login]);
    desk.origin.script("/login-news", Answer::ok(undated("B", "")));
    desk.outcomes(&[]);
    for seconds in [7200, 7300] {
        desk.later(seconds);
        let told = desk.outcomes(&[]);
        assert!(!told["wire"].ok, "an hour has not passed");
        assert!(told["wire"].words.contains("an HTML page; it offers"), "{told:?}");
        assert_eq!(desk.titles()["wire"], BTreeSet::from(["A".to_owned()]));
    }
    desk.origin.take_all();
    desk.later(7200 + 3700);
    assert!(desk.outcomes(&[])["wire"].ok, "it was a feed twice, an hour apart");
    assert_eq!(desk.titles()["wire"], BTreeSet::from(["A".to_owned(), "B".to_owned()]));
    let status = desk.ok(&["status"]);
    let line = format!("its line is now: url = \"{}\"", desk.origin.url("/login-news"));
    assert!(status.contains(&line), "{status}");
    assert_eq!(asked(&desk, "/wire"), 1);

    // From now on polls start there; when it refuses, the configured address counts again.
    desk.origin.take_all();
    desk.later(20_000);
    desk.outcomes(&[]);
    assert_eq!((asked(&desk, "/wire"), asked(&desk, "/login-news")), (0, 1));
    desk.origin.script("/login-news", Answer::status(404));
    desk.origin.script("/wire", Answer::ok(undated("A", "")));
    desk.later(40_000);
    let told = desk.outcomes(&[]);
    assert!(told["wire"].words.contains("the configured one is asked next"), "{told:?}");
    desk.later(80_000);
    assert!(desk.outcomes(&[])["wire"].ok);
}

fn archived(title: &str, previous: &str) -> String {
    undated(title, &format!("<atom:link rel=\"prev-archive\" href=\"{previous}\"/>"))
}

// Rows: page.archive
#[test]
fn archives_are_read_once_and_as_far_back_as_wanted() {
    let desk = Desk::new(&["rss", "atom", "circle", "unwanted", "gone"]);
    let text = desk.configuration(&["rss", "atom", "circle", "gone", "unwanted"]);
    let mut backfill = ["2", "3", "9", "3"].into_iter();
    let blocks: Vec<String> = text
        .split("[[source]]")
        .enumerate()
        .map(|(n, block)| match n {
            0 => block.to_owned(),
            _ => match backfill.next() {
                Some(pages) => format!("[[source]]\nbackfill = {pages}{block}"),
                None => format!("[[source]]{block}"),
            },
        })
        .collect();
    desk.write("c.toml", &blocks.concat());
    for (path, body) in [
        ("/rss", archived("now", "/r3")),
        ("/r3", archived("three", "r2")),
        ("/r2", archived("two", "r1")),
        ("/r1", archived("one", "r0")),
        ("/a1", undated("older", "")),
        ("/circle", archived("now", "/c1")),
        ("/c1", archived("round", "/c2")),
        ("/c2", archived("and round", "/c1")),
        ("/unwanted", archived("now", "/u1")),
        ("/gone", archived("now", "/g1")),
    ] {
        desk.origin.script(path, Answer::ok(body));
    }
    let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><id>urn:f</id><title>F</title>\
        <updated>2026-11-23T08:00:00Z</updated><link rel='prev-archive' href='/a1'/>\
        <entry><id>urn:now</id><title>now</title><updated>2026-11-23T08:00:00Z</updated></entry></feed>";
    desk.origin.script("/atom", Answer::ok(atom));
    for poll in 0..3 {
        desk.later(poll * 7200);
        assert!(
            desk.outcomes(&[]).values().all(|told| told.ok),
            "an archive's absence is no failure"
        );
    }
    for (path, times) in [
        ("/r3", 1),
        ("/r2", 1),
        ("/r1", 0),
        ("/a1", 1),
        ("/c1", 1),
        ("/c2", 1),
        ("/u1", 0),
        ("/circle", 3),
    ] {
        assert_eq!(asked(&desk, path), times, "{path}");
    }
    assert!(asked(&desk, "/g1") >= 1);
    let titles = desk.titles();
    let set = |titles: &[&str]| titles.iter().map(|t| (*t).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(titles["rss"], set(&["now", "three", "two"]));
    assert_eq!(titles["atom"], set(&["now", "older"]));
    assert_eq!(titles["circle"], set(&["now", "round", "and round"]));
    assert_eq!(titles["unwanted"], set(&["now"]));
}
