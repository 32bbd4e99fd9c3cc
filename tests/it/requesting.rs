//! What an origin sees of a poll: one plain request, and the validators that it gave before.

use crate::decoding::gzip;
use crate::desk::{Desk, undated};
use crate::origin::{Answer, Asked, Then};

fn names<N: AsRef<str>>(cases: impl IntoIterator<Item = N>, desk: &Desk) -> Vec<(String, String)> {
    let source =
        |name: N| (name.as_ref().to_owned(), desk.origin.url(&format!("/{}", name.as_ref())));
    cases.into_iter().map(source).collect()
}

/// A feed that names all sorts of other addresses of its origin.
fn talkative(desk: &Desk) -> String {
    let url = |path: &str| desk.origin.url(path);
    undated(
        "A",
        &format!(
            "<link>{site}</link><image><url>{icon}</url><title>i</title><link>{site}</link></image>\
             <docs>{docs}</docs><atom:link rel=\"self\" href=\"{own}\"/>\
             <atom:link rel=\"next\" href=\"{next}\"/>",
            site = url("/"),
            icon = url("/icon.png"),
            docs = url("/docs"),
            own = url("/self"),
            next = url("/page2"),
        ),
    )
}

// Rows: req.single, req.noextra, req.noquery, req.nocookie, req.noreferer, req.nocachebust
#[test]
fn a_poll_is_one_request_with_nothing_added_to_it() {
    let desk = Desk::new(&[]);
    let paths = ["/wire", "/feed?a=b&c=%7E%2f&d", "/empty?", "/moved"];
    let sources: Vec<_> = paths
        .iter()
        .zip(["a", "b", "c", "d"])
        .map(|(p, n)| (n.into(), desk.origin.url(p)))
        .collect();
    desk.configure("", &sources);
    let cookies = |answer: Answer| {
        answer.with("Set-Cookie", "id=1; Path=/; Max-Age=9999").with("Set-Cookie", "who=you")
    };
    for path in paths {
        desk.origin.script(path, cookies(Answer::ok(talkative(&desk))));
    }
    desk.origin.script("/moved", cookies(Answer::status(302).with("Location", "/there")));
    desk.origin.script("/there", cookies(Answer::ok(talkative(&desk))));
    for round in 0..2 {
        assert!(desk.outcomes(&[]).values().all(|told| told.ok));
        let asked = desk.origin.take_all();
        let mut seen: Vec<_> = asked.iter().map(|a| format!("{} {}", a.method, a.path)).collect();
        seen.sort();
        let expected =
            ["GET /empty?", "GET /feed?a=b&c=%7E%2f&d", "GET /moved", "GET /there", "GET /wire"];
        assert_eq!(seen, expected, "poll {round}");
        let unwanted = ["Cookie", "Referer", "Cache-Control", "Pragma", "Authorization", "Range"];
        for (name, asked) in unwanted.iter().flat_map(|n| asked.iter().map(move |a| (n, a))) {
            assert_eq!(asked.header(name), None, "{name} to {} in poll {round}", asked.path);
        }
    }
}

// Rows: req.ua, req.accept, req.gzip
#[test]
fn a_request_says_who_asks_and_what_is_taken() {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(undated("A", "")));
    let ask = || {
        desk.ok(&["poll"]);
        desk.origin.take_asked("/wire").remove(0)
    };
    let asked = ask();
    let agent = asked.header("User-Agent").unwrap();
    let (product, contact) = agent.split_once(" (+").unwrap();
    assert_eq!(product, format!("briefwire/{}", env!("CARGO_PKG_VERSION")));
    assert!(contact.starts_with("https://") && contact.ends_with(')'), "{agent}");
    assert!(!agent.contains("Mozilla"), "{agent}");
    let accept = asked.header("Accept").unwrap();
    for kind in ["application/rss+xml", "application/atom+xml"] {
        assert!(accept.contains(kind), "{kind} in {accept}");
    }
    let last = accept.rsplit(',').next().unwrap().trim();
    assert!(last.starts_with("*/*"), "{accept}");
    let codings: Vec<&str> =
        asked.header("Accept-Encoding").unwrap().split(',').map(str::trim).collect();
    assert!(codings.contains(&"gzip"), "{codings:?}");

    desk.configure("contact = \"mailto:desk@news.example\"", &names(["wire"], &desk));
    let agent = ask().header("User-Agent").unwrap().to_owned();
    assert!(agent.ends_with(" (+mailto:desk@news.example)"), "{agent}");
}

type Fields<'f> = (Option<&'f [u8]>, Option<&'f [u8]>);

fn fields(asked: &Asked) -> Fields<'_> {
    (asked.header_bytes("If-None-Match"), asked.header_bytes("If-Modified-Since"))
}

fn tagged(answer: Answer, (etag, modified): Fields<'_>) -> Answer {
    let answer = match etag {
        Some(etag) => answer.with_bytes("ETag", etag),
        None => answer,
    };
    match modified {
        Some(modified) => answer.with_bytes("Last-Modified", modified),
        None => answer,
    }
}

// Rows: cond.etag, cond.lm, cond.both, cond.etag.weak, cond.etag.unquoted, cond.etag.odd,
// Rows: cond.etag.long, cond.lm.iso
#[test]
fn validators_go_back_byte_for_byte() {
    let long = format!("\"{}\"", "0123456789abcdef".repeat(250));
    let cases: Vec<Fields<'_>> = vec![
        (Some(b"\"abc\""), None),
        (None, Some(b"Mon, 23 Nov 2026 08:00:00 GMT")),
        (Some(b"\"abc\""), Some(b"Mon, 23 Nov 2026 08:00:00 GMT")),
        (Some(b"W/\"abc\""), None),
        (Some(b"w/\"abc\""), None),
        (Some(b"abc"), None),
        (Some(b"W/abc"), None),
        (Some(b"\"a, \"b\", c"), None),
        (Some(b"\"with \\\" quote; and = marks\""), None),
        (Some(b"'single'"), None),
        (Some(b"\"\""), None),
        (Some(b"*"), None),
        (Some(b"\"abc-gzip\""), None),
        (Some(b"\"a\tb  c\""), None),
        (Some("\"caf\u{e9} \u{2603}\"".as_bytes()), None),
        (Some(b"\"caf\xe9\x80\xff\""), Some(b"\xff")),
        (Some(long.as_bytes()), None),
        (None, Some(b"2026-11-23T08:00:00Z")),
        (None, Some(b"2026-11-23 08:00:00")),
        (None, Some(b"Monday, 23-Nov-26 08:00:00 GMT")),
        (None, Some(b"Mon Nov 23 08:00:00 2026")),
        (None, Some(b"Mon, 23 Nov 2026 09:00:00 +0100")),
        (None, Some(b"Fri, 01 Jan 2100 00:00:00 GMT")),
        (None, Some(b"1763884800")),
        (None, Some(b"0")),
        (None, Some(b"yesterday, or so")),
    ];
    let desk = Desk::new(&[]);
    let paths: Vec<String> = (0..cases.len()).map(|n| format!("c{n}")).collect();
    desk.configure("", &names(&paths, &desk));
    for (path, case) in paths.iter().zip(&cases) {
        let turns = [tagged(Answer::ok(undated("A", "")), *case), Answer::status(304)];
        desk.origin.script_turns(&format!("/{path}"), turns);
    }
    desk.ok(&["poll"]);
    let told = desk.outcomes(&[]);
    for (path, case) in paths.iter().zip(&cases) {
        let asked = desk.origin.take_asked(&format!("/{path}"));
        assert_eq!(asked.iter().map(fields).collect::<Vec<_>>(), [(None, None), *case]);
        assert_eq!(told[path].words, "not modified", "{case:?}");
    }
}

const NONE: Fields<'_> = (None, None);
const ONE: Fields<'_> = (Some(b"\"1\""), Some(b"Mon, 23 Nov 2026 08:00:01 GMT"));
const TWO: Fields<'_> = (Some(b"\"2\""), Some(b"Mon, 23 Nov 2026 08:00:02 GMT"));

/// Answers in turn, the last again and again, and the validators that the requests must carry.
type Turns = (&'static str, Vec<Answer>, Vec<Fields<'static>>);

fn read(title: &str, fields: Fields<'_>) -> Answer {
    tagged(Answer::ok(undated(title, "")), fields)
}

fn not_modified(fields: Fields<'_>) -> Answer {
    tagged(Answer::status(304), fields)
}

fn after_a_200() -> Vec<Turns> {
    let date = "Mon, 23 Nov 2026 08:00:00 GMT";
    let more = format!("<lastBuildDate>{date}</lastBuildDate><pubDate>{date}</pubDate>");
    let dated = Answer::ok(undated("A", &more)).with("Date", date).with("Expires", date);
    let (tag, day) = ((TWO.0, None), (None, TWO.1));
    vec![
        ("updated", vec![read("A", ONE), read("B", TWO)], vec![NONE, ONE, TWO]),
        ("beside the same body", vec![read("A", ONE), read("A", TWO)], vec![NONE, ONE, TWO]),
        ("only a tag is left", vec![read("A", ONE), read("B", tag)], vec![NONE, ONE, tag]),
        ("only a date is left", vec![read("A", ONE), read("B", day)], vec![NONE, ONE, day]),
        ("dropped", vec![read("A", ONE), read("B", NONE)], vec![NONE, ONE, NONE, NONE]),
        ("dropped, same body", vec![read("A", ONE), read("A", NONE)], vec![NONE, ONE, NONE]),
        ("nothing is invented", vec![dated], vec![NONE; 4]),
    ]
}

fn after_a_304() -> Vec<Turns> {
    let (old, new) = ((None, ONE.1), (None, TWO.1));
    let newer = (ONE.0, TWO.1);
    vec![
        ("bare", vec![read("A", ONE), not_modified(NONE)], vec![NONE, ONE, ONE, ONE]),
        ("repeated", vec![read("A", ONE), not_modified(ONE)], vec![NONE, ONE, ONE, ONE]),
        ("a new date", vec![read("A", ONE), not_modified(newer)], vec![NONE, ONE, newer]),
        ("a new date alone", vec![read("A", old), not_modified(new)], vec![NONE, old, new]),
        ("both anew", vec![read("A", ONE), not_modified(TWO)], vec![NONE, ONE, TWO]),
        ("nobody asked for it", vec![not_modified(NONE), read("A", ONE)], vec![NONE, NONE, ONE]),
    ]
}

fn after_other_statuses() -> Vec<Turns> {
    let statuses = [400, 401, 403, 404, 405, 408, 418, 451, 500, 502, 503, 504, 599];
    let errors = statuses.map(|status| {
        let turns = vec![read("A", ONE), tagged(Answer::status(status), TWO)];
        ("an error changes nothing", turns, vec![NONE, ONE, ONE, ONE])
    });
    let others = [201, 202, 204, 206, 226, 300].map(|status| {
        let body = if status == 204 { String::new() } else { undated("B", "") };
        let turns = vec![read("A", ONE), tagged(Answer::status(status).with_body(body), TWO)];
        ("what is no 200 changes nothing", turns, vec![NONE, ONE, ONE])
    });
    errors.into_iter().chain(others).collect()
}

// Rows: cond.update, cond.drop, cond.noinvent, cond.304keep, cond.304update, cond.onerror
#[test]
fn each_answer_decides_what_the_next_request_carries() {
    let cases = [after_a_200(), after_a_304(), after_other_statuses()].concat();
    let desk = Desk::new(&[]);
    let paths: Vec<String> = (0..cases.len()).map(|n| format!("c{n}")).collect();
    desk.configure("", &names(&paths, &desk));
    for (path, (_, turns, _)) in paths.iter().zip(&cases) {
        desk.origin.script_turns(&format!("/{path}"), turns.clone());
    }
    for _ in 0..4 {
        desk.ok(&["poll"]);
    }
    for (path, (what, turns, expected)) in paths.iter().zip(&cases) {
        let asked = desk.origin.take_asked(&format!("/{path}"));
        let seen: Vec<_> = asked.iter().map(fields).take(expected.len()).collect();
        assert_eq!(seen, *expected, "{what}: {turns:?}");
    }
}

// Rows: cond.304keep
#[test]
fn a_304_keeps_the_stored_items() {
    let desk = Desk::new(&["wire"]);
    let read = tagged(Answer::ok(undated("Wall gives way", "")), ONE);
    desk.origin.script_turns("/wire", [read, Answer::status(304)]);
    let before = desk.poll();
    assert!(before.contains("Wall gives way"));
    for _ in 0..2 {
        desk.later(86_400);
        assert_eq!(desk.poll(), before, "byte for byte");
        assert_eq!(desk.items().len(), 1);
    }
}

/// Bodies of a 200 that are no whole feed, by what is wrong.
fn broken() -> Vec<(&'static str, Answer)> {
    let whole = undated("Half", "");
    let zipped = gzip(whole.as_bytes());
    let part = |bytes: &[u8], length: usize| bytes.get(..length).unwrap().to_vec();
    let half = part(whole.as_bytes(), whole.len() - 40);
    let raw = |head: &str, body: &[u8]| {
        let tags = "ETag: \"broken\"\r\nLast-Modified: Tue, 24 Nov 2026 08:00:00 GMT\r\n";
        let head = format!("HTTP/1.1 200 OK\r\n{tags}{head}\r\n\r\n");
        Answer::raw([head.as_bytes(), body].concat(), Then::Closes)
    };
    let ok = |body: &[u8], coding: &str| {
        let answer =
            tagged(Answer::ok(body), (Some(b"\"broken\""), Some(b"Tue, 24 Nov 2026 08:00:00 GMT")));
        if coding.is_empty() { answer } else { answer.with("Content-Encoding", coding) }
    };
    let mut wrong_sum = zipped.clone();
    let sum = wrong_sum.len() - 8;
    *wrong_sum.get_mut(sum).unwrap() ^= 0xff;
    let chunk = format!("{:x}\r\n{}\r\n", half.len(), String::from_utf8(half.clone()).unwrap());
    let chunked = "Transfer-Encoding: chunked";
    vec![
        ("no feed at all", ok(b"Database error: too many connections", "")),
        ("nothing", ok(b"", "")),
        ("blanks", ok(b" \n ", "")),
        ("a page", ok(b"<!DOCTYPE html><html><body><p>Be right back.</body></html>", "")),
        ("other XML", ok(b"<?xml version='1.0'?><urlset><url/></urlset>", "")),
        ("other JSON", ok(b"{\"error\": \"busy\"}", "")),
        (
            "JSON that breaks off",
            ok(b"{\"version\": \"https://jsonfeed.org/version/1.1\", \"items\": [{\"id\"", ""),
        ),
        ("XML that breaks off", ok(&half, "")),
        ("shorter than announced", raw(&format!("Content-Length: {}", whole.len()), &half)),
        ("whole, and yet shorter than announced", raw("Content-Length: 9999", whole.as_bytes())),
        ("no last chunk", raw(chunked, chunk.as_bytes())),
        ("a chunk that breaks off", raw(chunked, &part(chunk.as_bytes(), chunk.len() - 20))),
        ("a chunk without a length", raw(chunked, &[b"zz\r\n", half.as_slice()].concat())),
        ("gzip that breaks off", ok(&part(&zipped, zipped.len() / 2), "gzip")),
        ("gzip without its end", ok(&part(&zipped, zipped.len() - 8), "gzip")),
        ("gzip with a wrong sum", ok(&wrong_sum, "gzip")),
        ("gzip that nobody announced", ok(&zipped, "identity, x-nonsense")),
        ("plain, called brotli", ok(whole.as_bytes(), "br")),
        ("plain, called zstd", ok(whole.as_bytes(), "zstd")),
        ("gzip, called deflate", ok(&zipped, "deflate")),
        ("a coding that nobody offered", ok(whole.as_bytes(), "compress")),
    ]
}

// Rows: cond.badbody, cond.truncated
#[test]
fn validators_of_what_is_no_whole_feed_are_not_kept() {
    let desk = Desk::new(&[]);
    let broken = broken();
    let (firsts, laters): (Vec<_>, Vec<_>) =
        (0..broken.len()).map(|n| (format!("first{n}"), format!("later{n}"))).unzip();
    desk.configure("", &names(firsts.iter().chain(&laters), &desk));
    let whole = || Answer::ok(undated("Whole again", ""));
    for (n, (_, answer)) in broken.iter().enumerate() {
        desk.origin.script_turns(&format!("/{}", firsts[n]), [answer.clone(), whole()]);
        let good = tagged(Answer::ok(undated("Before", "")), ONE);
        desk.origin.script_turns(&format!("/{}", laters[n]), [good, answer.clone(), whole()]);
    }
    for _ in 0..3 {
        desk.ok(&["poll"]);
    }
    let titles = desk.titles();
    for (n, (what, _)) in broken.iter().enumerate() {
        let first = desk.origin.take_asked(&format!("/{}", firsts[n]));
        assert_eq!(first.iter().map(fields).collect::<Vec<_>>(), [NONE; 3], "{what}");
        let later = desk.origin.take_asked(&format!("/{}", laters[n]));
        // What was good before may be asked for; what was broken may not.
        let third = fields(&later[2]);
        assert!(third == ONE || third == NONE, "{what}: {third:?}");
        for source in [&firsts[n], &laters[n]] {
            assert!(titles[source].contains("Whole again"), "{what}: {:?}", titles[source]);
        }
        assert!(titles[&laters[n]].contains("Before"), "{what}: nothing is lost");
    }
}

// Rows: cond.redirect
#[test]
fn after_a_redirect_each_address_receives_its_own_validators() {
    let desk = Desk::new(&["wire"]);
    let to = |path: &str| tagged(Answer::status(302).with("Location", path), TWO);
    desk.origin.script_turns("/wire", [to("/one"), to("/one"), to("/two")]);
    desk.origin.script("/one", read("A", ONE));
    desk.origin.script("/two", read("B", TWO));
    for _ in 0..4 {
        desk.ok(&["poll"]);
    }
    let seen = |path: &str| {
        let asked = desk.origin.take_asked(path);
        asked.iter().map(|a| fields(a).0.map(<[u8]>::to_vec)).collect::<Vec<_>>()
    };
    let (one, two) = (ONE.0.map(<[u8]>::to_vec), TWO.0.map(<[u8]>::to_vec));
    assert_eq!(seen("/wire"), [None, None, None, None], "a redirect has nothing to be unchanged");
    assert_eq!(seen("/one"), [None, one]);
    assert_eq!(seen("/two"), [None, two], "the tag of another address says nothing");
}
