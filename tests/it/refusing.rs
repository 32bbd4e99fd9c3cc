//! Addresses that nobody vouched for: no connection is made to them, whoever names them.

use crate::desk::{Desk, eventually, undated};
use crate::origin::{Answer, Origin};

/// An origin beside the one that the operator allows; it must see no connection.
struct Forbidden {
    v4: Origin,
    /// Where this machine has IPv6.
    v6: Option<Origin>,
}

impl Forbidden {
    fn start() -> Self {
        let secret = |origin: Origin| {
            origin.script("/secret", Answer::ok(undated("Secret", "")));
            origin
        };
        Self { v4: secret(Origin::start()), v6: Origin::start_on("::1").ok().map(secret) }
    }

    /// Returns addresses of it in all their spellings.
    fn urls(&self) -> Vec<String> {
        let hosts = [
            "127.0.0.1",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0x0.0x0.0x1",
            "017700000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "127.000.000.001",
            "0.0.0.0",
            "0",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:ffff:127.0.0.1]",
            "[::127.0.0.1]",
            "%31%32%37.0.0.1",
            "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
            "\u{2460}\u{2461}\u{2466}\u{3002}0\u{3002}0\u{3002}1",
            "user:password@127.0.0.1",
            "127.0.0.1:80@127.0.0.1",
        ];
        let v4 = hosts.iter().map(|host| format!("http://{host}:{}/secret", self.v4.port()));
        let v6 = self.v6.iter().flat_map(|origin| {
            ["[::1]", "[0:0::1]", "[::0.0.0.1]", "[::]"]
                .map(|host| format!("http://{host}:{}/secret", origin.port()))
        });
        v4.chain(v6).collect()
    }

    #[track_caller]
    fn is_untouched(&self) {
        assert_eq!(self.v4.connections(), 0, "{:?}", self.v4.take_all());
        let v6 = self.v6.as_ref().map_or(0, Origin::connections);
        assert_eq!(v6, 0);
    }
}

fn desk(paths: &[String]) -> Desk {
    let desk = Desk::new(&[]);
    let source = |path: &String| (path.clone(), desk.origin.url(&format!("/{path}")));
    desk.configure("", &paths.iter().map(source).collect::<Vec<_>>());
    desk
}

// Rows: ssrf.port, ssrf.name, ssrf.mapped
#[test]
fn a_redirect_leads_to_no_private_address_but_the_sources_own() {
    let forbidden = Forbidden::start();
    let urls = forbidden.urls();
    let direct: Vec<String> = (0..urls.len()).map(|n| format!("direct{n}")).collect();
    let behind: Vec<String> = (0..urls.len()).map(|n| format!("behind{n}")).collect();
    let desk = desk(&[direct.clone(), behind.clone(), vec!["own".to_owned()]].concat());
    for (n, url) in urls.iter().enumerate() {
        let status = [301, 302, 303, 307, 308][n % 5];
        let away = Answer::status(status).with("Location", url);
        desk.origin.script(&format!("/{}", direct[n]), away.clone());
        // Through the allowed place first.
        let step = Answer::status(302).with("Location", &format!("/step{n}"));
        desk.origin.script(&format!("/{}", behind[n]), step);
        desk.origin.script(&format!("/step{n}"), away);
    }
    desk.origin.script("/own", Answer::status(302).with("Location", "/own-new"));
    desk.origin.script("/own-new", Answer::ok(undated("Own", "")));
    let told = desk.outcomes(&[]);
    forbidden.is_untouched();
    for (url, name) in urls.iter().zip(&direct).chain(urls.iter().zip(&behind)) {
        assert!(!told[name].ok, "{url}: {:?}", told[name]);
    }
    assert!(told["own"].ok, "its own host and port are allowed: {:?}", told["own"]);
    assert_eq!(desk.titles().keys().collect::<Vec<_>>(), ["own"]);
}

// Rows: ssrf.port, ssrf.name, ssrf.mapped
#[test]
fn a_source_without_leave_asks_no_private_address_at_all() {
    let forbidden = Forbidden::start();
    let desk = Desk::new(&[]);
    let urls = forbidden.urls();
    // No addresses for a configuration, or with a login, which has a place of its own there.
    let sources: Vec<_> = urls
        .into_iter()
        .filter(|url| url::Url::parse(url).is_ok() && !url.contains('@'))
        .enumerate()
        .map(|(n, url)| (format!("s{n}"), url))
        .collect();
    desk.configure("", &sources);
    let text = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    desk.write("c.toml", &text.replace("allow_private = true\n", ""));
    let told = desk.outcomes(&[]);
    forbidden.is_untouched();
    assert_eq!(told.len(), sources.len());
    for (id, url) in &sources {
        assert!(!told[id].ok, "{url}: {:?}", told[id]);
    }
}

// Rows: ssrf.port, ssrf.name
#[test]
fn leave_for_one_source_is_no_leave_for_another() {
    let forbidden = Forbidden::start();
    let desk = Desk::new(&[]);
    // The second is vouched for where the first is not; connections are not shared either.
    let public = desk.origin.url("/from");
    let allowed = forbidden.v4.url("/secret");
    desk.configure("", &[("from".to_owned(), public), ("there".to_owned(), allowed.clone())]);
    desk.origin.script("/from", Answer::status(302).with("Location", &allowed));
    for _ in 0..2 {
        let told = desk.outcomes(&[]);
        assert!(told["there"].ok && !told["from"].ok, "{told:?}");
    }
    assert_eq!(forbidden.v4.take_asked("/secret").len(), 2, "each for itself");
}

// Rows: ssrf.port, disc.alternate, page.archive
#[test]
fn a_page_or_a_feed_that_names_a_private_address_is_not_followed_there() {
    let forbidden = Forbidden::start();
    let urls = forbidden.urls();
    let pages: Vec<String> = (0..urls.len()).map(|n| format!("page{n}")).collect();
    let feeds: Vec<String> = (0..urls.len()).map(|n| format!("feed{n}")).collect();
    let desk = desk(&[pages.clone(), feeds.clone()].concat());
    let text = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    desk.write("c.toml", &text.replace("allow_private", "backfill = 3\nallow_private"));
    for (n, url) in urls.iter().enumerate() {
        let html = format!(
            "<!DOCTYPE html><title>x</title><link rel=alternate type=application/rss+xml href=\"{url}\">"
        );
        desk.origin.script(&format!("/{}", pages[n]), Answer::ok(html));
        let link = format!("<atom:link rel=\"prev-archive\" href=\"{url}\"/>");
        let stepping = format!("<atom:link rel=\"prev-archive\" href=\"/step{n}\"/>");
        let feed = undated("Own", if n % 2 == 0 { &link } else { &stepping });
        desk.origin.script(&format!("/{}", feeds[n]), Answer::ok(feed));
        desk.origin.script(&format!("/step{n}"), Answer::status(302).with("Location", url));
    }
    let told = desk.outcomes(&[]);
    forbidden.is_untouched();
    for (page, feed) in pages.iter().zip(&feeds) {
        assert!(!told[page].ok, "{page}: {:?}", told[page]);
        assert!(told[feed].ok, "{feed}: {:?}", told[feed]);
    }
}

// Rows: ssrf.hub
#[test]
fn a_hub_at_a_private_address_is_not_contacted() {
    let forbidden = Forbidden::start();
    let urls = forbidden.urls();
    let names: Vec<String> = (0..urls.len()).map(|n| format!("s{n}")).collect();
    let desk = desk(&[names.clone(), vec!["own".to_owned(), "around".to_owned()]].concat());
    let text = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    let text = text.replace("[fetch]", "[fetch]\nwebsub = true");
    let public = "[server]\npublic_url = \"https://news.example.org\"";
    desk.write("c.toml", &text.replace("[server]", public));
    let hubbed = |hub: &str, own: &str| {
        let own = desk.origin.url(own);
        let links = format!(
            "<atom:link rel=\"hub\" href=\"{hub}\"/><atom:link rel=\"self\" href=\"{own}\"/>"
        );
        Answer::ok(undated("A", &links))
    };
    for (name, url) in names.iter().zip(&urls) {
        desk.origin.script(&format!("/{name}"), hubbed(url, &format!("/{name}")));
    }
    desk.origin.script("/own", hubbed(&desk.origin.url("/hub"), "/own"));
    desk.origin.script("/hub", Answer::status(202));
    // The hub of its own host sends us on.
    desk.origin.script("/around", hubbed(&desk.origin.url("/hop"), "/around"));
    desk.origin.script("/hop", Answer::status(307).with("Location", &forbidden.v4.url("/secret")));
    let daemon = desk.start();
    eventually("every source is read", || daemon.told().values().all(|told| told.ok));
    eventually("the hub of its own is asked", || !desk.origin.take_posted("/hub").is_empty());
    eventually("and the other", || !desk.origin.take_posted("/hop").is_empty());
    forbidden.is_untouched();
    daemon.terminate();
    forbidden.is_untouched();
}
