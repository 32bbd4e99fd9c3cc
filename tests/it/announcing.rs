//! WebSub, the publisher's side: a hub is told of each change, and of nothing else.

use std::time::{Duration, Instant};

use crate::desk::{Daemon, Desk, eventually, feed, within};
use crate::origin::Answer;
use crate::pushing::{DAY, PUBLIC, Subscription, sign};

/// An item, by its number.
fn items(count: usize) -> String {
    let texts: Vec<(String, String)> =
        (0..count).map(|n| (format!("g{n}"), format!("Story number {n}"))).collect();
    let items: Vec<(&str, &str, &str)> =
        texts.iter().map(|(guid, title)| (guid.as_str(), title.as_str(), "Its text.")).collect();
    feed(&items)
}

/// Returns a desk under `public` whose hub is its origin's `/hub`, and whose documents lie on disk.
fn desk(public: &str, more: &str) -> Desk {
    let desk = Desk::new(&[]);
    desk.origin.script("/wire", Answer::ok(items(1)));
    desk.origin.script("/hub?for=us", Answer::status(202));
    let hub = desk.origin.url("/hub?for=us");
    let public = if public.is_empty() { desk.origin.url("") } else { public.to_owned() };
    let text = desk
        .configuration(&["wire"])
        .replace("[server]", &format!("[server]\npublic_url = \"{public}\"\nopen = [\"/metrics\"]"))
        .replace("[briefs]", &format!("[publish]\nhub = \"{hub}\"\n[briefs]"))
        .replace("from = [\"*\"]", "from = [\"*\"]\nformats = [\"rss\"]");
    desk.write("c.toml", &(text + more));
    desk.poll();
    desk
}

/// Brings the source to `count` items, and waits until the channel has them.
#[track_caller]
fn bring(desk: &Desk, daemon: &Daemon, count: usize) {
    desk.origin.script("/wire", Answer::ok(items(count)));
    eventually(&format!("{count} items are there"), || {
        // A wish to poll what is being polled is no further poll.
        daemon.poll("wire");
        daemon.get("feeds/all.xml").text().matches("<item>").count() == count
    });
}

/// Returns the topics that the hub was told of since the last time.
fn told(desk: &Desk) -> Vec<String> {
    let posted = desk.origin.take_posted("/hub?for=us");
    let topic = |asked: &crate::origin::Asked| {
        let form = asked.form();
        let mode = form.get("hub.mode").map(String::as_str);
        assert_eq!((mode, form.len()), (Some("publish"), 2), "{form:?}");
        let kind = asked.header("Content-Type").unwrap();
        assert!(kind.starts_with("application/x-www-form-urlencoded"), "{kind}");
        form.get("hub.url").unwrap().clone()
    };
    posted.iter().map(topic).collect()
}

/// Waits for the next words to the hub, and checks that they are of channel `all` alone.
#[track_caller]
fn told_once(desk: &Desk) {
    let mut topics = Vec::new();
    eventually("the hub is told", || {
        topics.extend(told(desk));
        !topics.is_empty()
    });
    assert_eq!(topics, [format!("{PUBLIC}/feeds/all.xml")]);
}

#[test]
fn a_hub_is_told_once_of_each_change_and_of_nothing_else() {
    let desk = desk(PUBLIC, "");
    assert!(told(&desk).is_empty(), "a pass of the command line tells nobody");
    let daemon = desk.start();
    // What was so before, the start itself and a poll without news among it, would be told first.
    desk.origin.take_asked("/wire");
    daemon.poll("wire");
    eventually("it is polled", || !desk.origin.take_asked("/wire").is_empty());
    bring(&desk, &daemon, 2);
    told_once(&desk);
    let document = daemon.get("feeds/all.xml").text();
    let hub = desk.origin.url("/hub?for=us");
    for (rel, href) in [("hub", hub), ("self", format!("{PUBLIC}/feeds/all.xml"))] {
        let link = document.split("<atom:link").find(|l| l.contains(&format!("rel=\"{rel}\"")));
        assert!(link.is_some_and(|link| link.contains(&format!("href=\"{href}\""))), "{document}");
    }
    daemon.poll("wire");
    bring(&desk, &daemon, 3);
    told_once(&desk);

    // A restart with the same bytes is no change.
    assert_eq!(daemon.terminate().0, Some(0));
    let daemon = desk.start();
    bring(&desk, &daemon, 4);
    told_once(&desk);
    let accepted = "briefwire_hub_pings_total{outcome=\"accepted\"} 1";
    daemon.until("metrics", |got| got.text().contains(accepted));
    assert!(told(&desk).is_empty());
}

#[test]
fn a_start_tells_of_what_differs_from_the_documents_on_disk() {
    let desk = desk(PUBLIC, "");
    let text = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    desk.write("c.toml", &text.replace("title = \"All\"", "title = \"All of it\""));
    let _daemon = desk.start();
    told_once(&desk);
}

#[test]
fn a_hub_that_fails_is_told_again_and_of_two_changes_once() {
    let desk = desk(PUBLIC, "");
    desk.origin.script_turns("/hub?for=us", [Answer::status(500), Answer::status(202)]);
    let daemon = desk.start();
    bring(&desk, &daemon, 2);
    told_once(&desk);
    let status =
        || -> serde_json::Value { serde_json::from_str(&desk.ok(&["status", "--json"])).unwrap() };
    eventually("its failure is shown", || status()["hub"]["trouble"].is_string());
    let trouble = status()["hub"]["trouble"].as_str().unwrap().to_owned();
    assert_eq!(trouble, format!("HTTP 500 for {PUBLIC}/feeds/all.xml"));
    assert_eq!(status()["hub"]["url"], desk.origin.url("/hub"), "without its query");
    assert!(desk.ok(&["status"]).contains("1 document to tell of"));
    bring(&desk, &daemon, 3);
    told_once(&desk);
    eventually("nothing waits", || status()["hub"]["waiting"] == 0);
    assert!(status()["hub"]["trouble"].is_null());
    bring(&desk, &daemon, 4);
    told_once(&desk);
    // It is counted once the hub's answer is there.
    let accepted = "briefwire_hub_pings_total{outcome=\"accepted\"} 2";
    let metrics = daemon.until("metrics", |got| got.text().contains(accepted)).text();
    assert!(metrics.contains("briefwire_hub_pings_total{outcome=\"refused\"} 1"), "{metrics}");
}

#[test]
fn a_hub_that_asks_for_a_pause_gets_it() {
    let desk = desk(PUBLIC, "");
    let busy = Answer::status(429).with("Retry-After", "7");
    desk.origin.script_turns("/hub?for=us", [busy, Answer::status(202)]);
    let daemon = desk.start();
    bring(&desk, &daemon, 2);
    told_once(&desk);
    let began = Instant::now();
    within(Duration::from_secs(20), "it is told again", || !told(&desk).is_empty());
    assert!(began.elapsed() > Duration::from_secs(6), "{:?}", began.elapsed());
    assert_eq!(daemon.get("feeds/all.xml").status, 200);
}

#[test]
fn each_format_is_a_topic_and_names_the_hub() {
    let desk = desk(PUBLIC, "");
    let text = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    desk.write("c.toml", &text.replace("formats = [\"rss\"]\n", ""));
    desk.poll();
    let daemon = desk.start();
    bring(&desk, &daemon, 2);
    let mut topics = Vec::new();
    eventually("the hub is told of all", || {
        topics.extend(told(&desk));
        topics.len() >= 3
    });
    topics.sort();
    let all = ["atom", "json", "xml"].map(|ending| format!("{PUBLIC}/feeds/all.{ending}"));
    assert_eq!(topics, all);
    let hub = desk.origin.url("/hub?for=us");
    assert!(daemon.get("feeds/all.atom").text().contains(&format!("href=\"{hub}\" rel=\"hub\"")));
    let json: serde_json::Value =
        serde_json::from_str(&daemon.get("feeds/all.json").text()).unwrap();
    assert_eq!(json["hubs"][0], serde_json::json!({ "type": "WebSub", "url": hub }));
}

#[test]
fn a_secret_channel_is_never_named() {
    let secret = "[[channel]]\nid = \"hidden\"\ntitle = \"Hidden\"\nfrom = [\"*\"]\ntoken_file = \"token\"\n";
    let desk = desk(PUBLIC, secret);
    let daemon = desk.start();
    let address = "feeds/hidden.xml?token=a-token-for-tests";
    for count in 2..4 {
        bring(&desk, &daemon, count);
        let got = daemon.until(address, |got| got.text().matches("<item>").count() == count);
        assert!(!got.text().contains("rel=\"hub\""), "{}", got.text());
        assert!(daemon.get("feeds/all.xml").text().contains("rel=\"hub\""));
        told_once(&desk);
    }
}

#[test]
fn a_reload_changes_whom_to_tell() {
    let desk = desk(PUBLIC, "");
    let text = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    let none: String =
        text.lines().filter(|l| !l.starts_with("hub = ")).map(|l| l.to_owned() + "\n").collect();
    desk.write("c.toml", &none);
    desk.poll();
    let daemon = desk.start();
    bring(&desk, &daemon, 2);
    assert!(!daemon.get("feeds/all.xml").text().contains("rel=\"hub\""));
    assert!(told(&desk).is_empty());
    desk.write("c.toml", &text);
    assert!(desk.ok(&["reload"]).contains("publish.hub"));
    told_once(&desk);
}

/// The origin stands for the proxy before the first briefwire, and for the hub.
#[test]
fn an_item_goes_from_one_briefwire_to_another_through_a_hub_without_a_poll() {
    let first = desk("", "");
    let topic = first.origin.url("/feeds/all.xml");
    let publisher = first.start();
    let proxy = |publisher: &Daemon| {
        let got = publisher.get("feeds/all.xml");
        let kind = got.header("Content-Type").unwrap();
        first
            .origin
            .script("/feeds/all.xml", Answer::ok(got.body.clone()).with("Content-Type", &kind));
        got.text()
    };
    proxy(&publisher);

    let second = Desk::new(&[]);
    second.configure("websub = true", &[("upstream".to_owned(), topic.clone())]);
    let text = std::fs::read_to_string(second.path("c.toml")).unwrap();
    let public = format!("[server]\npublic_url = \"{PUBLIC}\"");
    second.write("c.toml", &text.replace("[server]", &public));
    let subscriber = second.start();
    subscriber.until("feeds/all.xml", |got| got.text().contains("Story number 0"));
    let subscription = Subscription::next(&first, "subscribe", &topic);
    assert_eq!(subscription.verify(&subscriber, "subscribe", &topic, DAY).status, 200);
    first.origin.take_all();

    bring(&first, &publisher, 2);
    let mut topics = Vec::new();
    eventually("the hub is told", || {
        topics.extend(told(&first));
        !topics.is_empty()
    });
    assert_eq!(topics, [topic]);
    let body = proxy(&publisher);
    let signature = sign("sha256", subscription.secret(), &body);
    assert_eq!(subscription.deliver(&subscriber, &body, Some(&signature)), 202);
    subscriber.until("feeds/all.xml", |got| got.text().contains("Story number 1"));
    assert!(first.origin.take_asked("/feeds/all.xml").is_empty(), "nothing was fetched for it");
}
