//! `keep` and `drop`: what an operator's filters let into the store and into a channel.

use crate::desk::Desk;
use crate::origin::Answer;

/// Guid, title, category.
type Listed<'l> = (&'l str, &'l str, &'l str);

const ITEMS: [Listed<'_>; 4] = [
    ("wall", "Harbour wall gives way", "Local"),
    ("ad", "SPONSORED: Ten boats you can afford", "Local"),
    ("shop", "A shop for sails", "Advertising"),
    ("choir", "Choir of Quillport wins in Zürich", "Culture"),
];

fn feed(items: &[Listed<'_>]) -> String {
    let item = |(guid, title, category): &Listed<'_>| {
        format!(
            "<item><guid isPermaLink=\"false\">{guid}</guid><title>{title}</title>\
             <link>https://wire.example.org/{guid}</link><category>{category}</category>\
             <pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate><description>Text of {guid}.\
             </description></item>"
        )
    };
    let items: Vec<String> = items.iter().map(item).collect();
    format!(
        "<rss version=\"2.0\"><channel><title>Wire</title><link>https://wire.example.org/</link>\
         {}</channel></rss>",
        items.concat()
    )
}

/// Returns a desk whose source `wire` has these lines more.
fn desk(source: &str) -> Desk {
    let desk = Desk::new(&["wire"]);
    desk.write("c.toml", &(desk.configuration(&["wire"]) + source));
    desk.origin.script("/wire", Answer::ok(feed(&ITEMS)));
    desk
}

fn channel(id: &str, more: &str) -> String {
    format!("\n[[channel]]\nid = \"{id}\"\ntitle = \"{id}\"\nfrom = [\"wire\"]\n{more}\n")
}

/// Returns the guids of `ITEMS` whose titles are in a text.
fn held(text: &str) -> Vec<&'static str> {
    let held = ITEMS.iter().filter(|(_, title, _)| text.contains(title));
    held.map(|(guid, _, _)| *guid).collect()
}

fn stored(desk: &Desk) -> Vec<&'static str> {
    held(&serde_json::Value::Array(desk.items()).to_string())
}

const DROP: &str = "drop = [{ field = \"title\", regex = \"(?i)^sponsored\" }, \
    { field = \"category\", term = \"advertising\" }]\n";

#[test]
fn what_a_sources_filters_drop_is_never_stored() {
    let desk = desk(DROP);
    assert_eq!(held(&desk.poll()), ["wall", "choir"]);
    assert_eq!(stored(&desk), ["wall", "choir"]);
}

#[test]
fn what_a_sources_filters_do_not_keep_is_never_stored() {
    let keep = "keep = [{ term = \"zurich\" }, { field = \"url\", regex = '/(shop|ad)$' }]\n";
    let desk = desk(&format!("{keep}drop = [{{ field = \"title\", term = \"ten boats\" }}]\n"));
    assert_eq!(held(&desk.poll()), ["shop", "choir"]);
    assert_eq!(stored(&desk), ["shop", "choir"]);
}

#[test]
fn what_is_stored_stays_and_what_was_dropped_comes_when_the_filters_change() {
    let desk = desk(DROP);
    desk.poll();
    let other = "drop = [{ term = \"harbour\" }]\n";
    desk.write("c.toml", &(desk.configuration(&["wire"]) + other));
    let more = [&ITEMS[..], &[("fog", "Fog in the harbour", "Local")]].concat();
    desk.origin.script("/wire", Answer::ok(feed(&more)));
    let document = desk.poll();
    assert_eq!(held(&document), ["wall", "ad", "shop", "choir"]);
    assert!(!document.contains("Fog in the harbour"));
}

#[test]
fn a_channel_holds_the_newest_that_pass_its_filters() {
    let desk = desk("");
    let narrow = channel("local", "items = 1\nkeep = [{ field = \"category\", term = \"local\" }]")
        + &channel("clean", DROP);
    desk.write("c.toml", &(desk.configuration(&["wire"]) + &narrow));
    assert_eq!(held(&desk.poll()), ["wall", "ad", "shop", "choir"]);
    assert_eq!(held(&desk.document("local")).len(), 1, "of two, past those that do not pass");
    assert_eq!(held(&desk.document("clean")), ["wall", "choir"]);

    let daemon = desk.start();
    let page = daemon.until("", |page| page.text().contains("Choir")).text();
    let (_, clean) = page.split_once(">clean</h2>").unwrap();
    assert_eq!(held(clean), ["wall", "choir"], "the page agrees with the document");
}

#[test]
fn changed_filters_hold_after_a_reload() {
    let desk = desk("");
    let plain = desk.configuration(&["wire"]);
    desk.write("c.toml", &(plain.clone() + &channel("clean", "")));
    let daemon = desk.start();
    daemon.until("feeds/clean.xml", |got| held(&got.text()).len() == 4);

    desk.write("c.toml", &(plain.clone() + &channel("clean", DROP)));
    assert_eq!(desk.ok(&["reload"]), "channel `clean` changed: drop\n");
    assert_eq!(held(&daemon.get("feeds/clean.xml").text()), ["wall", "choir"]);
    assert_eq!(held(&daemon.get("feeds/all.xml").text()).len(), 4);

    let keep = "keep = [{ term = \"choir\" }]\n";
    desk.write("c.toml", &(plain + keep + &channel("clean", "")));
    let mut said: Vec<String> = desk.ok(&["reload"]).lines().map(str::to_owned).collect();
    said.sort();
    assert_eq!(said, ["channel `clean` changed: drop", "source `wire` changed: keep"]);
    assert_eq!(held(&daemon.get("feeds/clean.xml").text()).len(), 4, "what is stored stays");
}

#[test]
fn a_test_of_a_source_shows_what_its_filters_drop() {
    let desk = desk(DROP);
    let shown = desk.ok(&["source", "test", "wire"]);
    assert!(
        shown.contains(
            "dropped by title regex \"(?i)^sponsored\": SPONSORED: Ten boats you can afford\n\
             dropped by category term \"advertising\": A shop for sails\n\
             a first poll would store 2 items and show 2 of them\n"
        ),
        "{shown}"
    );
    let told: serde_json::Value =
        serde_json::from_str(&desk.ok(&["source", "test", "wire", "--json"])).unwrap();
    assert_eq!(
        told["dropped"][1],
        serde_json::json!({ "title": "A shop for sails", "by": "category term \"advertising\"" })
    );
    desk.write("c.toml", &(desk.configuration(&["wire"]) + "keep = [{ term = \"wall\" }]\n"));
    let shown = desk.ok(&["source", "test", "wire"]);
    assert!(shown.contains("\ndropped by keep: Choir of Quillport wins in Zürich\n"), "{shown}");
}

/// Returns what `check` says of a source with one line more, from the line's number on.
fn said(line: &str) -> String {
    let desk = Desk::new(&[]);
    let text = "[[source]]\nid = \"wire\"\nurl = \"https://wire.example.org/\"\n";
    desk.write("c.toml", &format!("{text}{line}\n"));
    let ran = desk.run(&["check"]);
    assert_eq!(ran.code, 78, "{line}: {}{}", ran.out, ran.err);
    ran.err.replace(&format!("{}:", desk.path("c.toml").display()), "")
}

#[track_caller]
fn check(line: &str, expected: &str) {
    assert_eq!(said(line), format!("{expected}\n"), "{line}");
}

#[test]
fn a_wrong_filter_is_shown_at_its_place() {
    let expression = "; an expression as https://docs.rs/regex describes it is accepted";
    let unclosed = |place: &str| format!("{place}: source.drop.regex: unclosed group{expression}");
    check("drop = [{ regex = '(?i)^spon(sored' }]", &unclosed("4:29"));
    check("drop = [{ regex = \"(?i)^spon(sored\" }]", &unclosed("4:29"));
    check("drop = [{ regex = \"\\\\d(sored\" }]", &unclosed("4:19"));
    check("drop = [\n  { term = \"x\" },\n  { regex = 'é(' },\n]", &unclosed("6:15"));
    check(
        "keep = [{ regex = '(a{1000}){1000}' }]",
        &format!("4:20: source.keep.regex: it is larger than 1 MiB once compiled{expression}"),
    );
    check(
        "keep = [{ regex = '' }]",
        "4:19: source.keep.regex: found nothing; an expression is accepted",
    );
    check(
        "keep = [{ field = 'headline', term = ' ' }]",
        "4:19: source.keep.field: found \"headline\"; \"title\" or \"text\" or \"author\" or \
         \"category\" or \"url\" or \"any\" is accepted\n\
         4:38: source.keep.term: found nothing; a word or several are accepted",
    );
    let either = "; either `regex` or `term` is accepted";
    check(
        "keep = [{ regex = 'a', term = 'b' }, { field = 'title' }]",
        &format!(
            "4:9: source.keep.regex: found `regex` and `term`{either}\n\
             4:38: source.keep.regex: missing{either}"
        ),
    );
    check(
        "keep = [{ trem = 'a' }]",
        &format!(
            "4:9: source.keep.regex: missing{either}\n\
             4:11: source.keep.trem: unknown key `trem`; did you mean `term`?"
        ),
    );
    let list = "; a list such as [{ field = \"title\", regex = \"(?i)^sponsored\" }] is accepted";
    check("keep = 'a'", &format!("4:8: source.keep: found \"a\"{list}"));
    check("keep = ['a']", &format!("4:9: source.keep: found \"a\"{list}"));
}
