//! WebSub: a hub is asked for news, proves itself, and is believed only with our secret.

use std::collections::{BTreeSet, HashMap};
use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ring::hmac;

use crate::desk::{Daemon, Desk, eventually, undated};
use crate::origin::{Answer, Asked, Got};

pub(crate) const PUBLIC: &str = "https://news.example.org";
pub(crate) const DAY: &str = "86400";

/// Returns a desk whose sources name a hub of their origin and an address of their own.
fn desk(sources: &[&str]) -> Desk {
    let desk = Desk::new(&[]);
    configure(&desk, sources);
    for name in sources {
        desk.origin.script(&format!("/{name}"), Answer::ok(hubbed(&desk, name, "First")));
    }
    desk.origin.script("/hub", Answer::status(202));
    desk
}

fn configure(desk: &Desk, sources: &[&str]) {
    let public = format!("[server]\npublic_url = \"{PUBLIC}\"");
    let text = desk.configuration(sources).replace("[server]", &public);
    desk.write("c.toml", &text.replace("[fetch]", "[fetch]\nwebsub = true"));
}

fn topic(desk: &Desk, name: &str) -> String {
    desk.origin.url(&format!("/{name}/canonical?a=b&c"))
}

fn hubbed(desk: &Desk, name: &str, title: &str) -> String {
    let links = format!(
        "<atom:link rel=\"hub\" href=\"{}\"/><atom:link rel=\"self\" href=\"{}\"/>",
        desk.origin.url("/hub"),
        topic(desk, name).replace('&', "&amp;")
    );
    undated(title, &links)
}

/// What we asked a hub for.
pub(crate) struct Subscription {
    form: HashMap<String, String>,
}

impl Subscription {
    /// Waits until the hub is asked for a topic.
    #[track_caller]
    pub(crate) fn next(desk: &Desk, mode: &str, topic: &str) -> Self {
        let is_wanted = |asked: &Asked| {
            let form = asked.form();
            let is = |key: &str, value: &str| form.get(key).is_some_and(|found| found == value);
            asked.path.split('?').next() == Some("/hub")
                && is("hub.mode", mode)
                && is("hub.topic", topic)
        };
        let mut found = None;
        eventually(&format!("{mode} to {topic}"), || {
            found = desk.origin.take(is_wanted).first().map(Asked::form);
            found.is_some()
        });
        Self { form: found.unwrap() }
    }

    /// Returns the callback's path below the daemon's own address.
    fn callback(&self) -> &str {
        self.form.get("hub.callback").unwrap().strip_prefix(&format!("{PUBLIC}/")).unwrap()
    }

    pub(crate) fn secret(&self) -> &str {
        self.form.get("hub.secret").unwrap()
    }

    /// Asks as a hub that wants to know whether this was meant.
    pub(crate) fn verify(&self, daemon: &Daemon, mode: &str, topic: &str, lease: &str) -> Got {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("hub.mode", mode)
            .append_pair("hub.topic", topic)
            .append_pair("hub.challenge", "abc")
            .append_pair("hub.lease_seconds", lease)
            .finish();
        daemon.get(&format!("{}?{query}", self.callback()))
    }

    /// Delivers a body with a signature, if any.
    pub(crate) fn deliver(&self, daemon: &Daemon, body: &str, signature: Option<&str>) -> u16 {
        let mut headers = vec![("Content-Type", "application/rss+xml")];
        headers.extend(signature.map(|signature| ("X-Hub-Signature", signature)));
        daemon.ask("POST", self.callback(), &headers, body.as_bytes()).status
    }
}

pub(crate) fn sign(method: &str, secret: &str, body: &str) -> String {
    let algorithm = match method {
        "sha1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "sha384" => hmac::HMAC_SHA384,
        "sha512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), body.as_bytes());
    let hex: Vec<String> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{method}={}", hex.concat())
}

/// Starts a daemon and a subscription of `wire` that the hub has verified.
#[track_caller]
fn subscribed(desk: &Desk) -> (Daemon, Subscription) {
    let daemon = desk.start();
    let topic = topic(desk, "wire");
    let subscription = Subscription::next(desk, "subscribe", &topic);
    let got = subscription.verify(&daemon, "subscribe", &topic, DAY);
    assert_eq!((got.status, got.text().as_str()), (200, "abc"));
    (daemon, subscription)
}

/// Polls a source and returns the reason of its next poll, once that is as wanted.
#[track_caller]
fn reason(desk: &Desk, daemon: &Daemon, wanted: impl Fn(&str) -> bool) {
    desk.origin.take_asked("/wire");
    daemon.poll("wire");
    eventually("it is polled", || !desk.origin.take_asked("/wire").is_empty());
    let mut why = String::new();
    eventually("the reason is as wanted", || {
        why = desk.ok(&["why", "wire"]);
        wanted(&why)
    });
}

// Rows: websub.subscribe, websub.secret, websub.callback
#[test]
fn the_advertised_hub_is_asked_for_the_topic_that_the_feed_names() {
    let desk = desk(&["wire", "post"]);
    let daemon = desk.start();
    let mut posted: Vec<Asked> = Vec::new();
    eventually("the hub is asked for both", || {
        posted.extend(desk.origin.take_posted("/hub"));
        posted.len() >= 2
    });
    let mut random = BTreeSet::new();
    for asked in &posted {
        let kind = asked.header("Content-Type").unwrap();
        assert!(kind.starts_with("application/x-www-form-urlencoded"), "{kind}");
        assert!(asked.header("User-Agent").unwrap().starts_with("briefwire/"));
        let form = asked.form();
        assert_eq!(form["hub.mode"], "subscribe");
        let callback = form["hub.callback"].strip_prefix(&format!("{PUBLIC}/websub/")).unwrap();
        assert!(callback.len() >= 16, "{callback}");
        let secret = &form["hub.secret"];
        assert!((16..200).contains(&secret.len()), "{secret}");
        random.extend([callback.to_owned(), secret.clone()]);
    }
    assert_eq!(random.len(), 4, "each is of its own: {random:?}");
    let topics: BTreeSet<_> =
        posted.iter().map(|asked| asked.form()["hub.topic"].clone()).collect();
    assert_eq!(topics, ["wire", "post"].map(|name| topic(&desk, name)).into());
    // A secret callback stands nowhere that others can read.
    let seen = [daemon.get("feeds/all.xml"), daemon.get("")].map(|got| got.text()).concat();
    assert!(random.iter().all(|secret| !seen.contains(secret)));
}

// Rows: websub.subscribe
#[test]
fn a_hub_named_in_the_header_is_asked_too() {
    let desk = desk(&["wire"]);
    let link =
        format!("<{}>; rel=\"hub\", <{}>; rel=self", desk.origin.url("/hub"), topic(&desk, "wire"));
    desk.origin.script("/wire", Answer::ok(undated("First", "")).with("Link", &link));
    let _daemon = desk.start();
    Subscription::next(&desk, "subscribe", &topic(&desk, "wire"));
}

// Rows: websub.verify, websub.intruder
#[test]
fn a_hub_is_confirmed_what_was_asked_of_it_and_nothing_else() {
    let desk = desk(&["wire"]);
    let daemon = desk.start();
    let own = topic(&desk, "wire");
    let subscription = Subscription::next(&desk, "subscribe", &own);
    let status = |mode, topic: &str| subscription.verify(&daemon, mode, topic, DAY).status;
    assert_eq!(status("subscribe", &desk.origin.url("/other")), 404);
    assert_eq!(status("subscribe", ""), 404);
    assert_eq!(status("subscribe", &own.to_uppercase()), 404);
    assert_eq!(status("unsubscribe", &own), 404, "nobody wants to leave");
    assert_ne!(status("nonsense", &own), 200);
    let query = format!("hub.mode=subscribe&hub.topic={own}&hub.challenge=abc");
    for unknown in ["websub/", "websub/0123456789abcdef0123456789abcdef", "websub"] {
        assert_eq!(daemon.get(&format!("{unknown}?{query}")).status, 404, "{unknown}");
    }
    assert_ne!(daemon.get(subscription.callback()).status, 200);
    let got = subscription.verify(&daemon, "subscribe", &own, DAY);
    assert_eq!((got.status, got.text().as_str()), (200, "abc"));
    // A challenge is a stranger's text; no browser may take it for a page.
    let odd = "hub.challenge=%3Cscript%3E+%26+%C3%A9&hub.mode=subscribe&hub.lease_seconds=600";
    let topic: String = url::form_urlencoded::byte_serialize(own.as_bytes()).collect();
    let got = daemon.get(&format!("{}?{odd}&hub.topic={topic}", subscription.callback()));
    assert_eq!((got.status, got.text().as_str()), (200, "<script> & \u{e9}"));
    assert!(got.header("Content-Type").unwrap().starts_with("text/plain"));
}

// Rows: websub.content
#[test]
fn a_signed_delivery_brings_its_items() {
    let desk = desk(&["wire"]);
    let (daemon, subscription) = subscribed(&desk);
    daemon.until("feeds/all.xml", |got| got.text().contains("First"));
    let polls = desk.origin.take_asked("/wire").len();
    for method in ["sha256", "sha1", "sha384", "sha512"] {
        let body = hubbed(&desk, "wire", &format!("News by {method}"));
        let signature = sign(method, subscription.secret(), &body);
        let status = subscription.deliver(&daemon, &body, Some(&signature));
        assert!((200..300).contains(&status), "{method}: {status}");
        daemon.until("feeds/all.xml", |got| got.text().contains(&format!("News by {method}")));
    }
    assert_eq!(desk.titles()["wire"].len(), 5, "what was there before stays");
    assert_eq!((polls, desk.origin.take_asked("/wire").len()), (1, 0), "nothing is fetched for it");
}

#[test]
fn what_a_hub_tells_of_a_paused_source_is_read_when_it_goes_on() {
    let desk = desk(&["wire"]);
    let (daemon, subscription) = subscribed(&desk);
    daemon.until("feeds/all.xml", |got| got.text().contains("First"));
    desk.ok(&["source", "pause", "wire"]);
    let body = hubbed(&desk, "wire", "News");
    let signature = sign("sha256", subscription.secret(), &body);
    assert_eq!(
        subscription.deliver(&daemon, &body, Some(&signature)),
        202,
        "it need not try again"
    );
    assert_eq!(desk.titles()["wire"], ["First".to_owned()].into(), "and nothing is read");
    desk.ok(&["source", "resume", "wire"]);
    let signature = sign("sha256", subscription.secret(), &body);
    assert_eq!(subscription.deliver(&daemon, &body, Some(&signature)), 202);
    daemon.until("feeds/all.xml", |got| got.text().contains("News"));
}

// Rows: websub.content
#[test]
fn a_hub_that_sends_slowly_keeps_no_other_waiting() {
    let desk = desk(&["wire", "post"]);
    let (daemon, wire) = subscribed(&desk);
    let topic = topic(&desk, "post");
    let post = Subscription::next(&desk, "subscribe", &topic);
    assert_eq!(post.verify(&daemon, "subscribe", &topic, DAY).status, 200);
    let address = daemon.url("").replace("http://", "");
    let head =
        format!("POST /{} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n<", wire.callback());
    let connect = || {
        let mut stream = TcpStream::connect(address.trim_end_matches('/')).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let _slow: Vec<TcpStream> = (0..9).map(|_| connect()).collect();
    let began = Instant::now();
    for n in 0..3 {
        let body = hubbed(&desk, "post", &format!("News {n}"));
        let signature = sign("sha256", post.secret(), &body);
        assert_eq!(post.deliver(&daemon, &body, Some(&signature)), 202);
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

// Rows: websub.badsig
#[test]
fn a_delivery_that_is_not_signed_with_our_secret_is_ignored() {
    let desk = desk(&["wire"]);
    let (daemon, subscription) = subscribed(&desk);
    let forged = |n: usize| hubbed(&desk, "wire", &format!("Forged {n}"));
    let secret = subscription.secret();
    let good = |n: usize| sign("sha256", secret, &forged(n));
    let cases: Vec<Option<String>> = vec![
        None,
        Some(String::new()),
        Some("sha256=".to_owned()),
        Some("sha256".to_owned()),
        Some(format!("sha256={}", "0".repeat(64))),
        Some(sign("sha256", "another secret", &forged(5))),
        Some(sign("sha256", "", &forged(6))),
        Some(sign("sha256", secret, "another body")),
        Some(good(8).replace("sha256=", "sha512=")),
        Some(good(9).replace("sha256=", "md5=")),
        Some(good(10).replace("sha256=", "")),
        Some(good(11)[..40].to_owned()),
        Some(good(12) + "00"),
        Some(sign("sha1", secret, &forged(13)).replace("sha1", "sha256")),
    ];
    for (n, signature) in cases.iter().enumerate() {
        let status = subscription.deliver(&daemon, &forged(n), signature.as_deref());
        assert!((200..300).contains(&status), "{n}: {status} for {signature:?}");
    }
    // Signed, and no feed: the subscription goes on.
    let broken = "<html><p>busy";
    subscription.deliver(&daemon, broken, Some(&sign("sha256", secret, broken)));
    let body = hubbed(&desk, "wire", "Genuine");
    subscription.deliver(&daemon, &body, Some(&sign("sha256", secret, &body)));
    daemon.until("feeds/all.xml", |got| got.text().contains("Genuine"));
    assert_eq!(desk.titles()["wire"], ["First", "Genuine"].map(str::to_owned).into());
}

// Rows: websub.content, websub.subscribe
#[test]
fn a_subscription_outlives_a_restart() {
    let desk = desk(&["wire", "post"]);
    let (daemon, subscription) = subscribed(&desk);
    let other = Subscription::next(&desk, "subscribe", &topic(&desk, "post"));
    other.verify(&daemon, "subscribe", &topic(&desk, "post"), DAY);
    daemon.kill();
    let daemon = desk.start();
    let body = hubbed(&desk, "wire", "After the restart");
    let signature = sign("sha256", subscription.secret(), &body);
    // A hub may have to come again while the store is read; that we know nothing of it, never.
    eventually("the delivery is taken", || {
        let status = subscription.deliver(&daemon, &body, Some(&signature));
        assert!((200..300).contains(&status) || status == 503, "{status}");
        status != 503
    });
    daemon.until("feeds/all.xml", |got| got.text().contains("After the restart"));
    assert!(desk.origin.take_posted("/hub").is_empty(), "it need not be asked again");
}

/// Changes the configuration so that `wire` is not subscribed to any more, and checks that its hub
/// is told.
#[track_caller]
fn check_leaving(change: impl Fn(&Desk)) {
    let desk = desk(&["wire", "post"]);
    let (daemon, subscription) = subscribed(&desk);
    change(&desk);
    desk.ok(&["reload"]);
    let own = topic(&desk, "wire");
    let leaving = Subscription::next(&desk, "unsubscribe", &own);
    assert_eq!(leaving.callback(), subscription.callback());
    let got = leaving.verify(&daemon, "unsubscribe", &own, "0");
    assert_eq!((got.status, got.text().as_str()), (200, "abc"));
    assert_ne!(leaving.verify(&daemon, "subscribe", &own, DAY).status, 200);
}

// Rows: websub.subscribe
#[test]
fn a_hub_is_left_once_its_source_has_gone() {
    check_leaving(|desk| configure(desk, &["post"]));
}

// Rows: websub.subscribe
#[test]
fn a_hub_is_left_once_hubs_are_not_wanted() {
    check_leaving(|desk| desk.write("c.toml", &desk.configuration(&["wire", "post"])));
}

#[test]
fn a_hub_that_is_asked_again_is_told_of_rather_than_the_one_that_is_left() {
    let desk = desk(&["wire"]);
    let (_daemon, _) = subscribed(&desk);
    let on = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    let topic = topic(&desk, "wire");
    for (text, mode) in [(on.replace("websub = true", ""), "unsubscribe"), (on, "subscribe")] {
        desk.write("c.toml", &text);
        desk.ok(&["reload"]);
        Subscription::next(&desk, mode, &topic);
    }
    let why = desk.ok(&["why", "wire"]);
    assert!(why.contains(": asked "), "{why}");
    assert_eq!(why, desk.ok(&["why", "wire"]));
}

// Rows: websub.verify
#[test]
fn a_lease_is_renewed_before_it_ends_and_polls_are_rarer_while_it_holds() {
    let desk = desk(&["wire"]);
    let (daemon, _) = subscribed(&desk);
    reason(&desk, &daemon, |why| why.contains("6 h"));
    desk.later(60_000);
    reason(&desk, &daemon, |why| why.contains("6 h"));
    assert!(desk.origin.take_posted("/hub").is_empty(), "not before four fifths of it");
    desk.later(72_000);
    let own = topic(&desk, "wire");
    let renewed = Subscription::next(&desk, "subscribe", &own);
    assert!(renewed.callback().starts_with("websub/"));
    assert_eq!(renewed.verify(&daemon, "subscribe", &own, DAY).status, 200);
    desk.later(100_000);
    reason(&desk, &daemon, |why| why.contains("6 h"));
    // The hub has gone, and its lease ends.
    desk.origin.script("/hub", Answer::status(500));
    desk.later(72_000 + 90_000);
    reason(&desk, &daemon, |why| !why.contains("6 h") && why.contains("interval of 1 h"));
}

// Rows: websub.subscribe
#[test]
fn a_hub_that_refuses_changes_nothing_about_polls() {
    let desk = desk(&["wire"]);
    desk.origin.script("/hub", Answer::status(400).with_body("no"));
    let daemon = desk.start();
    eventually("it is asked", || !desk.origin.take_posted("/hub").is_empty());
    reason(&desk, &daemon, |why| why.contains("interval of 1 h"));
    assert!(daemon.told()["wire"].ok);
}

#[test]
fn a_hub_that_forgets_an_item_is_not_relied_upon_until_it_delivers_again() {
    let desk = desk(&["wire"]);
    let (daemon, subscription) = subscribed(&desk);
    reason(&desk, &daemon, |why| why.contains("its hub tells what is new"));
    // Six hours later a poll finds what was published three hours before.
    let published = briefwire::daemon::now() + chrono::TimeDelta::hours(3);
    let item = format!(
        "<item><title>Forgotten</title><guid>f</guid><pubDate>{}</pubDate></item></channel>",
        published.to_rfc2822()
    );
    let with_it = hubbed(&desk, "wire", "First").replace("</channel>", &item);
    desk.origin.script("/wire", Answer::ok(with_it));
    desk.later(6 * 3600 + 600);
    reason(&desk, &daemon, |why| {
        why.contains("it did not tell of an item") && !why.contains("so only every 6 h")
    });
    let body = hubbed(&desk, "wire", "Told of");
    let signature = sign("sha256", subscription.secret(), &body);
    assert_eq!(subscription.deliver(&daemon, &body, Some(&signature)), 202);
    // The delivery is answered before it is dealt with; until then a poll goes by the old word.
    eventually("the hub is relied upon again", || {
        daemon.poll("wire");
        desk.ok(&["why", "wire"]).contains("its hub tells what is new")
    });
}
