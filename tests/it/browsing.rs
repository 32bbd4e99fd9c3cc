//! The pages in a real browser: what people see, with a keyboard, on a phone, in the dark.

use std::path::Path;

use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::Value;

use crate::browser::{Browser, axe};
use crate::desk::{Daemon, Desk, HEADINGS, between, copy};

/// Returns the demo with a token, a source that fails, and one whose feed is repaired.
fn demo() -> Desk {
    let desk = Desk::new(&[]);
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    copy(&config.join("demo"), &desk.path("demo"));
    let text = std::fs::read_to_string(config.join("demo.toml")).unwrap();
    let text = text
        .replace("../target/demo", "store")
        .replace("127.0.0.1:8420", "127.0.0.1:0")
        .replace("[server]", "[server]\nadmin_token_file = \"token\"");
    desk.write(
        "broken.xml",
        "<rss><channel><title>Broken</title><item><title>One & two</title></item>",
    );
    let more = "[[source]]\nid = \"absent\"\nurl = \"file:absent.xml\"\n\
                [[source]]\nid = \"broken\"\nurl = \"file:broken.xml\"\n";
    desk.write("c.toml", &(text + more));
    desk
}

fn demo_running(desk: &Desk) -> Daemon {
    desk.run(&["poll"]);
    desk.start()
}

/// Returns the path of the item that the seed-like brief is on.
fn strait(daemon: &Daemon) -> String {
    let found = daemon.get("search?q=skerrow+ostmark+drops").text();
    let ids = between(&found, "href=\"/items/", "\"");
    format!("items/{}", ids.first().unwrap())
}

fn in_browser(test: impl AsyncFnOnce(Browser)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if let Some(browser) = Browser::start().await {
            test(browser).await;
        }
    });
}

const PUBLIC: [&str; 7] = [
    "",
    "briefs/skerrow-strait-patrols",
    "terms/armed%20cable%20patrols",
    "search",
    "search?q=tidal",
    "status",
    "items/none",
];

#[test]
fn every_page_is_fit_for_everybody() {
    let Some(axe) = axe() else { return };
    let desk = demo();
    let daemon = demo_running(&desk);
    let strait = strait(&daemon);
    in_browser(async |browser| {
        let admin = daemon.url("").replace("http://", "http://me:a-token-for-tests@");
        let mut pages: Vec<String> = PUBLIC.iter().map(|path| daemon.url(path)).collect();
        pages.push(daemon.url(&strait));
        for path in ["admin/", "admin/sources/absent", &format!("admin/{strait}")] {
            pages.push(format!("{admin}{path}"));
        }
        for (width, is_dark) in [(380, true), (1280, false)] {
            browser.look(width, is_dark).await;
            for page in &pages {
                browser.page.goto(page).await.unwrap();
                let at = format!("{page} at {width}");
                let script =
                    "return [document.documentElement.scrollWidth, innerWidth, document.title,
                    matchMedia('(prefers-color-scheme: dark)').matches]";
                let looks = browser.ask(script).await;
                assert!(looks[0].as_u64() <= looks[1].as_u64(), "{at} scrolls sideways: {looks}");
                assert_eq!(looks[1], width, "{at}");
                assert_eq!(looks[3], is_dark, "{at}");
                let console = browser.console().await;
                let is_ours = page.ends_with("items/none");
                assert!(is_ours || console.is_empty(), "{at}: {console:?}");
                let violations = violations(&browser, &axe).await;
                assert!(violations.is_empty(), "{at}: {violations:#?}");
            }
        }
    });
}

/// Returns what axe-core criticises in the page.
async fn violations(browser: &Browser, axe: &str) -> Vec<Value> {
    browser.ask(axe).await;
    let script = "const done = arguments[arguments.length - 1];
        axe.run().then(found => done(found.violations.map(v => [v.id, v.help, v.nodes.map(n => n.html)])),
                       error => done([[String(error)]]));";
    let found = browser.page.execute_async(script, Vec::new()).await.unwrap();
    found.as_array().cloned().unwrap()
}

#[test]
fn all_sections_of_a_brief_are_there_to_read_in_their_order() {
    let desk = demo();
    let daemon = demo_running(&desk);
    let strait = strait(&daemon);
    in_browser(async |browser| {
        browser.look(380, false).await;
        for path in [strait.as_str(), "briefs/skerrow-strait-patrols"] {
            browser.page.goto(&daemon.url(path)).await.unwrap();
            let script = "return [...document.querySelectorAll('.article h2')]
                .filter(h => h.checkVisibility() && h.getBoundingClientRect().height > 0
                             && h.nextElementSibling.getBoundingClientRect().height > 0)
                .map(h => [h.textContent, h.getBoundingClientRect().top])";
            let seen = browser.ask(script).await;
            let seen = seen.as_array().unwrap();
            let names: Vec<&str> =
                seen.iter().map(|heading| heading[0].as_str().unwrap()).collect();
            assert_eq!(names, HEADINGS, "{path}");
            assert!(seen.is_sorted_by(|one, next| one[1].as_f64() < next[1].as_f64()), "{path}");
        }
    });
}

#[test]
fn a_keyboard_reaches_everything_in_the_order_it_is_read() {
    let desk = demo();
    let daemon = demo_running(&desk);
    in_browser(async |browser| {
        browser.look(1280, false).await;
        for path in ["", "status", "search?q=tidal"] {
            browser.page.goto(&daemon.url(path)).await.unwrap();
            let script =
                "const all = 'a[href], button, input, textarea, select, summary, [tabindex=\"0\"]';
                window.order = [...document.querySelectorAll(all)].filter(e => e.checkVisibility());
                document.activeElement.blur(); return order.length";
            let count = browser.ask(script).await.as_u64().unwrap();
            assert!(count > 5, "{path}");
            for place in 0..count {
                let body = browser.page.active_element().await.unwrap();
                body.send_keys(&char::from(Key::Tab).to_string()).await.unwrap();
                let script = "const e = document.activeElement, box = e.getBoundingClientRect();
                    return [order.indexOf(e), box.width > 0 && box.left >= 0, getComputedStyle(e).outlineStyle,
                            e.outerHTML.slice(0, 100)]";
                let found = browser.ask(script).await;
                assert_eq!(found[0], place, "{path}: {found}");
                assert_eq!(found[1], true, "what has the focus is seen; {path}: {found}");
                assert_ne!(found[2], "none", "{path}: {found}");
            }
        }
    });
}

#[test]
fn a_reader_finds_the_feeds_of_a_page() {
    let desk = demo();
    let daemon = demo_running(&desk);
    let strait = strait(&daemon);
    in_browser(async |browser| {
        for (path, least) in
            [("", 12), (strait.as_str(), 3), ("terms/armed%20cable%20patrols", 1), ("status", 1)]
        {
            browser.page.goto(&daemon.url(path)).await.unwrap();
            let script = "return [...document.querySelectorAll('link[rel=alternate]')]
                .map(link => [link.href, link.type, link.title])";
            let found = browser.ask(script).await;
            let found = found.as_array().unwrap();
            assert!(found.len() >= least, "{path}: {found:?}");
            for link in found {
                let address = link[0].as_str().unwrap().replace(&daemon.url(""), "");
                let got = daemon.get(&address);
                let kind = got.header("content-type").unwrap_or_default();
                assert_eq!(got.status, 200, "{address}");
                assert!(kind.starts_with(link[1].as_str().unwrap()), "{address}: {kind}");
                assert_ne!(link[2], "", "{address}");
            }
        }
    });
}

#[test]
fn an_editor_uploads_a_brief_and_pins_it() {
    let desk = demo();
    let daemon = demo_running(&desk);
    let strait = strait(&daemon);
    in_browser(async |browser| {
        let admin = daemon.url("").replace("http://", "http://me:a-token-for-tests@");
        let page = &browser.page;
        page.goto(&format!("{admin}admin/")).await.unwrap();
        let text = page.find(Locator::Id("text")).await.unwrap();
        text.send_keys("Key Terms:\n- nothing else\n").await.unwrap();
        let store = Locator::XPath("//button[.='Store the brief']");
        page.find(store).await.unwrap().click().await.unwrap();
        let refused = page.find(Locator::Css("[role=alert]")).await.unwrap().text().await.unwrap();
        assert!(refused.contains("refused") && refused.contains("summary"), "{refused}");
        assert_eq!(browser.console().await.len(), 1, "the 422 itself");
        let text = page.find(Locator::Id("text")).await.unwrap();
        assert_eq!(text.prop("value").await.unwrap().unwrap(), "Key Terms:\n- nothing else\n");
        text.clear().await.unwrap();
        text.send_keys("Summary:\nThe strait has a new harbour master.\n").await.unwrap();
        page.find(Locator::Id("name")).await.unwrap().send_keys("harbour-master").await.unwrap();
        page.find(store).await.unwrap().click().await.unwrap();
        assert_eq!(page.current_url().await.unwrap().path(), "/briefs/harbour-master");
        page.goto(&format!("{admin}admin/{strait}")).await.unwrap();
        page.find(Locator::Id("brief")).await.unwrap().send_keys("harbour-master").await.unwrap();
        let pin = Locator::XPath("//button[.='Pin it to this item']");
        page.find(pin).await.unwrap().click().await.unwrap();
        let done = page.find(Locator::Css("[role=status]")).await.unwrap().text().await.unwrap();
        assert_eq!(done, "The brief is pinned.");
        page.goto(&daemon.url(&strait)).await.unwrap();
        let main = page.find(Locator::Css("main")).await.unwrap().text().await.unwrap();
        assert!(main.contains("The strait has a new harbour master."), "{main}");
        page.goto(&format!("{admin}admin/sources/fieldnotes")).await.unwrap();
        for (button, done) in [
            ("Pause", "It is paused."),
            ("Resume", "It is asked again."),
            ("Poll now", "It is being polled."),
        ] {
            let button = format!("//button[.='{button}']");
            page.find(Locator::XPath(&button)).await.unwrap().click().await.unwrap();
            let status = format!("//*[@role='status'][contains(., '{done}')]");
            page.wait().for_element(Locator::XPath(&status)).await.expect(done);
        }
        assert_eq!(browser.console().await, Vec::<String>::new());
    });
}
