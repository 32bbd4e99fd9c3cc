//! When a source is asked again: as its publisher wishes, less often while it fails, and after a
//! pause when its host is busy.

use std::collections::BTreeMap;

use chrono::{Datelike, TimeDelta, Timelike};

use crate::desk::{Desk, eventually, undated};
use crate::origin::{Answer, Origin};

/// Without a wish of the publisher's a source is due within this many seconds: an hour, jitter
/// included.
const REGULAR: i64 = 4000;

/// Returns a desk whose sources have these answers, one after the other.
fn desk(cases: &[(&str, Vec<Answer>)]) -> Desk {
    let desk = Desk::new(&[]);
    let source = |(name, _): &(&str, Vec<Answer>)| {
        ((*name).to_owned(), desk.origin.url(&format!("/{name}")))
    };
    desk.configure("", &cases.iter().map(source).collect::<Vec<_>>());
    for (name, turns) in cases {
        desk.origin.script_turns(&format!("/{name}"), turns.clone());
    }
    desk
}

/// Asks what is due at a time and returns how often each source was asked.
#[track_caller]
fn asked_at(desk: &Desk, seconds: i64) -> BTreeMap<String, usize> {
    desk.later(seconds);
    desk.ok(&["poll", "--due"]);
    let mut asked = BTreeMap::new();
    for request in desk.origin.take_all() {
        *asked.entry(request.path.trim_start_matches('/').to_owned()).or_default() += 1;
    }
    asked
}

/// Checks which sources are asked at a time, once each.
#[track_caller]
fn check<'n>(desk: &Desk, seconds: i64, expected: impl IntoIterator<Item = &'n str>) {
    let expected = expected.into_iter().map(|name| (name.to_owned(), 1)).collect();
    assert_eq!(asked_at(desk, seconds), expected, "after {seconds} s");
}

/// Returns a time from now as HTTP writes it.
fn date(seconds: i64) -> String {
    let at = briefwire::daemon::now() + TimeDelta::seconds(seconds);
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn read(more: &str) -> Answer {
    Answer::ok(undated("A", more))
}

fn kept(seconds: &str) -> Answer {
    read("").with("Cache-Control", &format!("max-age={seconds}"))
}

const SY: &str =
    "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>12</sy:updateFrequency>";

// Rows: floor.maxage, floor.expires, floor.ttl, floor.sy
#[test]
fn no_request_comes_before_the_time_that_the_publisher_names() {
    let weekly =
        "<sy:updatePeriod>weekly</sy:updatePeriod><sy:updateFrequency>84</sy:updateFrequency>";
    let cases = [
        ("max-age", vec![kept("7200")]),
        ("quoted", vec![kept("\"7200\"")]),
        (
            "among-others",
            vec![read("").with("Cache-Control", "public, s-maxage=5, Max-Age=7200, immutable")],
        ),
        (
            "two-lines",
            vec![read("").with("Cache-Control", "public").with("Cache-Control", "max-age=7200")],
        ),
        ("aged", vec![kept("9000").with("Age", "1800")]),
        ("expires", vec![read("").with("Expires", &date(7200))]),
        ("max-age-wins", vec![kept("7200").with("Expires", &date(-10))]),
        ("ttl", vec![read("<ttl>120</ttl>")]),
        ("ttl-and-less", vec![read("<ttl>120</ttl>").with("Cache-Control", "max-age=60")]),
        ("less-and-max-age", vec![read("<ttl>5</ttl>").with("Cache-Control", "max-age=7200")]),
        ("sy", vec![read(SY)]),
        ("sy-weekly", vec![read(weekly)]),
    ];
    let names: Vec<&str> = cases.iter().map(|(name, _)| *name).collect();
    let plain = [
        ("plain", vec![read("")]),
        ("stale", vec![kept("0").with("Expires", "0")]),
        ("short", vec![read("<ttl>15</ttl>").with("Cache-Control", "max-age=900")]),
    ];
    let usual = plain.clone().map(|(name, _)| name);
    let desk = desk(&cases.into_iter().chain(plain).collect::<Vec<_>>());
    check(&desk, 0, names.iter().copied().chain(usual));
    check(&desk, REGULAR, usual);
    check(&desk, 7100, []);
    check(&desk, 8000, names.into_iter().chain(usual));
}

// Rows: floor.maxage304, floor.maxage, floor.ttl, floor.sy
#[test]
fn what_a_publisher_wishes_holds_on_while_nothing_changes() {
    let tagged = |answer: Answer| answer.with("ETag", "\"1\"");
    let bare = || Answer::status(304);
    let cases = [
        ("max-age", vec![tagged(kept("7200")), bare()]),
        ("ttl", vec![tagged(read("<ttl>120</ttl>")), bare()]),
        ("sy", vec![tagged(read(SY)), bare()]),
        ("ttl-same-body", vec![read("<ttl>120</ttl>")]),
        ("sy-same-body", vec![read(SY)]),
    ];
    let names = cases.clone().map(|(name, _)| name);
    let given = vec![tagged(read("")), bare().with("Cache-Control", "max-age=7200"), bare()];
    let desk = desk(&cases.into_iter().chain([("given-by-304", given)]).collect::<Vec<_>>());
    check(&desk, 0, names.into_iter().chain(["given-by-304"]));
    check(&desk, REGULAR, ["given-by-304"]);
    check(&desk, 8000, names);
    check(&desk, REGULAR + 7100, []);
    check(&desk, REGULAR + 8000, ["given-by-304"]);
    check(&desk, 8000 + 7100, []);
    check(&desk, 16_400, names);
}

/// Skipped hours end within so many seconds, for each source at its own time.
const AFTER: i64 = 310;

/// Returns a feed that skips hours, counted from this one.
fn skipping(hours_from_now: &[u32]) -> Answer {
    let now = briefwire::daemon::now().hour();
    let hours: Vec<_> = hours_from_now.iter().map(|h| ((now + h) % 24).to_string()).collect();
    read(&format!("<skipHours><hour>{}</hour></skipHours>", hours.join("</hour><hour>")))
}

/// Returns in how many seconds an hour of the clock begins, counted from this one.
fn begins(hours_from_now: i64) -> i64 {
    let now = briefwire::daemon::now().num_seconds_from_midnight();
    3600 * hours_from_now - i64::from(now % 3600)
}

// Rows: floor.skiphours
#[test]
fn no_request_falls_due_in_a_skipped_hour() {
    let desk = desk(&[("wire", vec![skipping(&[1, 2])])]);
    check(&desk, 0, ["wire"]);
    for late in [begins(2) - 60, begins(2) + 1800, begins(3) - 60] {
        check(&desk, late, []);
    }
    check(&desk, begins(3) + AFTER, ["wire"]);
}

// Rows: floor.skiphours
#[test]
fn what_was_due_before_a_skipped_hour_waits_for_its_end() {
    let desk = desk(&[("wire", vec![skipping(&[2])])]);
    check(&desk, 0, ["wire"]);
    check(&desk, begins(2) + 1800, []);
    check(&desk, begins(3) + AFTER, ["wire"]);
}

// Rows: floor.skiphours
#[test]
fn hours_are_skipped_on_while_nothing_changes() {
    let hours = skipping(&[1, 2, 4, 5]);
    let tagged = hours.clone().with("ETag", "\"1\"");
    let desk = desk(&[("same", vec![hours]), ("tagged", vec![tagged, Answer::status(304)])]);
    let both = ["same", "tagged"];
    check(&desk, 0, both);
    check(&desk, begins(3) + AFTER, both);
    check(&desk, begins(5) + 1800, []);
    check(&desk, begins(6) + AFTER, both);
}

// Rows: floor.skiphours
#[test]
fn no_request_comes_on_a_skipped_day() {
    let now = briefwire::daemon::now();
    let midnight = 86_400 - i64::from(now.num_seconds_from_midnight());
    let tomorrow = (now + TimeDelta::days(1)).weekday();
    let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let name = names.into_iter().nth(tomorrow.num_days_from_monday() as usize).unwrap();
    let desk = desk(&[("wire", vec![read(&format!("<skipDays><day>{name}</day></skipDays>"))])]);
    check(&desk, midnight - 1800, ["wire"]);
    check(&desk, midnight + 43_200, []);
    check(&desk, midnight + 86_340, []);
    check(&desk, midnight + 86_400 + AFTER, ["wire"]);
}

// Rows: sched.restart
#[test]
fn a_restart_right_after_a_poll_asks_for_nothing_again() {
    let desk = desk(&[("wire", vec![read("")]), ("down", vec![Answer::status(500)])]);
    let source = |name: &str| (name.to_owned(), desk.origin.url(&format!("/{name}")));
    let daemon = desk.start();
    daemon.until("status", |got| got.text().contains("HTTP 500"));
    daemon.until("feeds/all.xml", |got| got.text().contains("<item>"));
    assert_eq!(desk.origin.take_all().len(), 2);
    // Ended in both ways; a source that is new by then shows that what is due has been asked.
    daemon.terminate();
    for new in ["new", "newer"] {
        desk.origin.script(&format!("/{new}"), read(""));
        desk.configure("", &["wire", "down", new].map(source));
        let daemon = desk.start();
        let mut asked = Vec::new();
        eventually("the new one is asked", || {
            asked.extend(desk.origin.take_all().into_iter().map(|asked| asked.path));
            !asked.is_empty()
        });
        assert_eq!(asked, [format!("/{new}")]);
        eventually("it is stored", || daemon.told()[new].ok);
        daemon.kill();
    }
    check(&desk, 30, []);
}

// Rows: err.403, err.404, err.500, err.410
#[test]
fn what_keeps_failing_is_asked_less_often_and_what_is_gone_never() {
    let statuses = [400, 401, 402, 403, 404, 405, 418, 451, 500, 501, 502, 503, 504, 204, 206];
    let names: Vec<String> = statuses.iter().map(|status| format!("s{status}")).collect();
    let feed = || undated("An error page", "");
    let mut cases: Vec<(&str, Vec<Answer>)> = names
        .iter()
        .zip(statuses)
        .map(|(name, status)| {
            let answer = Answer::status(status);
            let body = if status == 204 { String::new() } else { feed() };
            (name.as_str(), vec![answer.with_body(body)])
        })
        .collect();
    cases.extend([
        ("healthy", vec![read("")]),
        ("no-feed", vec![Answer::ok("busy")]),
        ("hangs-up", vec![Answer::hangs_up()]),
        ("gone", vec![Answer::status(410)]),
        ("gone-later", vec![read(""), Answer::status(410)]),
    ]);
    let desk = desk(&cases);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let rounds = 10;
    for round in 0..rounds {
        for (name, times) in asked_at(&desk, round * REGULAR) {
            *counts.entry(name).or_default() += times;
        }
    }
    let healthy = counts.remove("healthy").unwrap();
    assert_eq!(i64::try_from(healthy).unwrap(), rounds);
    assert_eq!((counts.remove("gone"), counts.remove("gone-later")), (Some(1), Some(2)));
    assert_eq!(counts.len(), cases.len() - 3);
    for (name, times) in counts {
        assert!((2..=healthy / 2).contains(&times), "{name}: {times} of {healthy}");
    }
    assert_eq!(desk.titles().keys().collect::<Vec<_>>(), ["gone-later", "healthy"]);
    desk.later(400 * 86_400);
    desk.ok(&["poll"]);
    let asked: Vec<_> = desk.origin.take_all().into_iter().map(|asked| asked.path).collect();
    assert!(asked.len() > 10 && !asked.iter().any(|path| path.starts_with("/gone")), "{asked:?}");
}

// Rows: err.recover
#[test]
fn a_source_that_stumbled_is_back_within_a_day() {
    let stumbles = [
        ("s503", Answer::status(503)),
        ("s500", Answer::status(500)),
        ("s404", Answer::status(404)),
        ("no-feed", Answer::ok("busy")),
        ("hangs-up", Answer::hangs_up()),
    ];
    let names = stumbles.clone().map(|(name, _)| name);
    let well = || Answer::ok(undated("Back again", ""));
    let desk = desk(&stumbles.map(|(name, stumble)| (name, vec![read(""), stumble, well()])));
    check(&desk, 0, names);
    check(&desk, REGULAR, names);
    check(&desk, REGULAR + 86_400, names);
    let titles = desk.titles();
    assert!(names.iter().all(|name| titles[*name].contains("Back again")), "{titles:?}");
    check(&desk, 2 * REGULAR + 86_400, names);
}

/// Polls sources that are asked for a pause at `begin`, each on a host of its own.
#[track_caller]
fn check_pauses(begin: i64, cases: &[(u16, Option<String>, i64)]) {
    let desk = Desk::new(&[]);
    let origin = |n: usize| Origin::start_on(&format!("127.0.0.{}", n + 2)).unwrap();
    let origins: Vec<Origin> = (0..cases.len()).map(origin).collect();
    let source = |(n, origin): (usize, &Origin)| (format!("s{n}"), origin.url("/wire"));
    desk.configure("", &origins.iter().enumerate().map(source).collect::<Vec<_>>());
    for (origin, (status, after, _)) in origins.iter().zip(cases) {
        let mut limited = Answer::status(*status);
        if let Some(after) = after {
            limited = limited.with("Retry-After", after);
        }
        let before = if begin > 0 { vec![read("")] } else { Vec::new() };
        let back = Answer::ok(undated("Back again", ""));
        origin.script_turns("/wire", before.into_iter().chain([limited, back]));
    }
    let asked = |at: i64, which: &[&str]| {
        desk.later(at);
        desk.outcomes(which);
        origins.iter().map(|origin| origin.take_asked("/wire").len()).collect::<Vec<_>>()
    };
    if begin > 0 {
        assert_eq!(asked(0, &["--due"]), vec![1; cases.len()]);
    }
    assert_eq!(asked(begin, &["--due"]), vec![1; cases.len()], "the request that is refused");
    for early in [REGULAR, 7000, 89_000] {
        let late: Vec<usize> = cases.iter().map(|case| usize::from(case.2 <= early)).collect();
        assert_eq!(asked(begin + early, &["--due"]), late, "after {early} s of {cases:?}");
    }
    // Who polls all means all but those.
    let wait = cases.iter().map(|case| usize::from(case.2 <= 89_000)).collect::<Vec<_>>();
    assert_eq!(asked(begin + 89_100, &[]), wait);
    // Polls go on as before.
    let last = asked(begin + 200_000, &["--due"]);
    assert_eq!(last, vec![1; cases.len()]);
    assert_eq!(asked(begin + 200_000 + REGULAR, &["--due"]), vec![1; cases.len()]);
    assert!(desk.titles().values().all(|titles| titles.contains("Back again")));
}

/// Pauses asked for at a time from now: status, `Retry-After`, seconds after which the source is
/// asked again at the latest.
fn pauses(at: i64) -> Vec<(u16, Option<String>, i64)> {
    vec![
        (429, Some("7200".into()), 8000),
        (429, Some(date(at + 7200)), 8000),
        (503, Some("7200".into()), 8000),
        (503, Some(date(at + 7200)), 8000),
        (429, Some("90000".into()), 100_000),
        (503, Some(date(at + 90_000)), 100_000),
        (429, Some("  7200  ".into()), 8000),
        (429, Some("soon".into()), 8000),
        (429, None, 8000),
    ]
}

// Rows: rate.429.secs, rate.429.date, rate.503.secs, rate.429.bare
#[test]
fn a_source_is_left_alone_for_as_long_as_it_asks() {
    check_pauses(REGULAR, &pauses(REGULAR));
}

// Rows: rate.429.first
#[test]
fn a_pause_asked_for_at_the_very_first_request_is_kept_too() {
    check_pauses(0, &pauses(0));
}

// Rows: rate.429.secs
#[test]
fn a_429_gives_its_whole_host_a_pause() {
    let limited = Answer::status(429).with("Retry-After", "7200");
    let cases = [("first", vec![read(""), limited, read("")]), ("second", vec![read("")])];
    let desk = desk(&cases);
    let text = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    desk.write("c.toml", &text.replace("id = \"second\"", "id = \"second\"\nevery = \"75m\""));
    check(&desk, 0, ["first", "second"]);
    check(&desk, REGULAR, ["first"]);
    check(&desk, 5000, []);
    check(&desk, REGULAR + 3800, ["second"]);
}

#[test]
fn what_waits_for_its_host_says_so_before_it_was_ever_asked() {
    let desk = Desk::new(&["first", "second"]);
    let limited = || Answer::status(429).with("Retry-After", "7200");
    let slow = limited().after(std::time::Duration::from_secs(1));
    for path in ["/first", "/second"] {
        desk.origin.script(path, slow.clone());
    }
    let text = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    desk.write("c.toml", &text.replace("[fetch]", "[fetch]\nper_host = 1"));
    let _daemon = desk.start();
    let why = |source| desk.ok(&["why", source]);
    let parked = |source| {
        let why = why(source);
        why.contains("not asked yet") && why.contains("next due")
    };
    eventually("the other waits", || parked("first") || parked("second"));
}
