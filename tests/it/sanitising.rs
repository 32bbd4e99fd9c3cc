//! Hostile content of sources and briefs, in every field, through the real binary: nothing of it
//! may reach a document or a page. What was published is read by `inspecting`, not by our code.
#![expect(clippy::indexing_slicing, reason = "a vector that is not there fails the test")]

use std::fmt::Write;
use std::time::Duration;

use briefwire::model::{
    Body, Brief, BriefId, DocumentFormat, Enclosure, Further, Opinion, Person, Point, Question,
    Story, Thumbnail,
};
use briefwire::publish::{Also, Entry, Publisher};
use briefwire::text::html::{List, sanitise};
use proptest::prelude::*;
use serde_json::json;

use crate::desk::{Desk, within};
use crate::inspecting::Faults;
use crate::origin::Answer;
use crate::readers::{rendered_entries, story};
use crate::vectors::VECTORS;

fn xml(text: &str) -> String {
    // As strict readers have it; what XML forbids is put in raw, as publishers do.
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const NAMESPACES: &str = "xmlns:atom='http://www.w3.org/2005/Atom' xmlns:content='http://purl.org/rss/1.0/modules/content/' \
    xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd' \
    xmlns:media='http://search.yahoo.com/mrss/'";

/// An RSS feed with a vector in every field of each item, and others in those of its channel.
fn rss(vectors: &[&str]) -> String {
    let all = |from: usize| xml(&vectors[from..from + 9].concat());
    let mut out = format!(
        "<?xml version='1.0'?><rss version='2.0' {NAMESPACES}><channel><title>{0}</title><link>{1}</link>\
         <description>{2}</description><copyright>{3}</copyright><language>{4}</language>\
         <image><url>{1}</url><title>{0}</title><link>{1}</link></image><itunes:author>{2}</itunes:author>",
        all(0),
        xml(vectors[170]),
        all(40),
        all(80),
        xml(vectors[1]),
    );
    for (number, vector) in vectors.iter().enumerate() {
        let v = xml(vector);
        let body = xml(&format!("{vector}<p>Text.</p>{vector}"));
        write!(
            out,
            "<item><title>{v}</title><link>{v}</link><guid>{v} {number}</guid><description>{v} It is said. {v}</description>\
             <content:encoded>{body}</content:encoded><author>{v}</author><dc:creator>{v}</dc:creator>\
             <category domain=\"{v}\">{v}</category><category>a {v}</category><comments>{v}</comments>\
             <enclosure url=\"{v}\" type=\"{v}\" length=\"{v}\"/><enclosure url=\"https://a.example/{number}?{v}\" type=\"audio/{v}\" length=\"1\"/>\
             <media:content url=\"{v}\" type=\"{v}\"><media:title>{v}</media:title></media:content>\
             <media:content url=\"https://b.example/{number}.jpg\" type=\"image/jpeg\"><media:title>{v}</media:title></media:content>\
             <media:thumbnail url=\"{v}\" width=\"{v}\" height=\"{v}\"/><media:thumbnail url=\"https://a.example/t?{v}\" width=\"{v}\" height=\"{v}\"/>\
             <itunes:image href=\"{v}\"/><itunes:author>{v}</itunes:author><itunes:subtitle>{v}</itunes:subtitle><itunes:duration>{v}</itunes:duration>\
             <dc:rights>{v}</dc:rights><source url=\"{v}\">{v}</source><pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate></item>",
        )
        .unwrap();
    }
    out + "</channel></rss>"
}

/// An Atom feed of the same kind; its items have addresses, by which briefs find them.
fn atom(vectors: &[&str]) -> String {
    let all = |from: usize| xml(&vectors[from..from + 9].concat());
    let mut out = format!(
        "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom' {NAMESPACES}><title type='html'>{0}</title>\
         <subtitle type='html'>{1}</subtitle><id>{2}</id><link href=\"{2}\"/><link rel='self' href=\"{2}\"/><rights type='html'>{1}</rights>\
         <logo>{2}</logo><icon>{2}</icon><author><name>{0}</name><uri>{2}</uri><email>{1}</email></author>",
        all(10),
        all(50),
        xml(vectors[171]),
    );
    for (number, vector) in vectors.iter().enumerate() {
        let v = xml(vector);
        let kind = ["html", "text", "xhtml", "text/html"][number % 4];
        write!(
            out,
            "<entry><title type='{kind}'>{v}</title><id>{v} {number}</id><link href='https://wire.example.org/atom/{number}'/>\
             <link rel='related' href=\"{v}\" title=\"{v}\"/><link rel='replies' href=\"{v}\"/>\
             <link rel='enclosure' href=\"{v}\" type=\"{v}\" title=\"{v}\"/><link rel='enclosure' href='https://a.example/{number}' title=\"{v}\"/>\
             <summary type='html'>{v}</summary><content type='{kind}'>{v}<div>Text.</div>{v}</content>\
             <author><name>{v}</name><uri>{v}</uri><email>{v}</email></author><contributor><name>{v}</name></contributor>\
             <category term=\"{v}\" label=\"{v}\" scheme=\"{v}\"/><rights>{v}</rights><source><title>{v}</title><id>{v}</id></source>\
             <media:thumbnail url=\"{v}\"/><updated>2026-11-23T08:00:00Z</updated></entry>",
        )
        .unwrap();
    }
    out + "</feed>"
}

/// A JSON Feed of the same kind.
fn json_feed(vectors: &[&str]) -> String {
    let item = |(number, v): (usize, &&str)| {
        json!({
            "id": format!("{v} {number}"), "url": format!("https://wire.example.org/json/{number}"), "external_url": v,
            "title": v, "content_html": format!("{v}<p>Text.</p>{v}"), "content_text": v, "summary": v, "image": v,
            "banner_image": v, "language": v, "tags": [v, format!("a {v}")], "authors": [{"name": v, "url": v, "avatar": v}],
            "attachments": [{"url": v, "mime_type": v, "title": v}, {"url": format!("https://a.example/{number}"), "mime_type": v, "title": v}],
            "date_published": "2026-11-23T08:00:00Z",
        })
    };
    let v = vectors[32];
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1", "title": vectors[20..40].concat(), "home_page_url": v, "feed_url": v, "icon": v,
        "description": vectors[30], "authors": [{"name": vectors[31]}], "language": v, "hubs": [{"type": v, "url": v}],
        "items": vectors.iter().enumerate().map(item).collect::<Vec<_>>(),
    });
    feed.to_string()
}

/// An RSS feed whose vectors are not escaped, or stand in CDATA sections.
fn raw(vectors: &[&str]) -> String {
    let mut out = "<rss version='2.0'><channel><title>Raw</title>".to_owned();
    for (number, v) in vectors.iter().enumerate() {
        writeln!(
            out,
            "<item><guid>{number}</guid><title><![CDATA[{v}]]></title><description><![CDATA[{v}]]> and {v}</description>\
             <category><![CDATA[{v}]]></category><link>{v}</link><author>{v}</author></item>"
        )
        .unwrap();
    }
    out + "</channel></rss>"
}

/// A brief with the vector in every field; in its addresses unless they are honest.
fn brief(vector: &str, is_honest: bool, url: &str) -> String {
    let short: String = vector.chars().take(100).collect();
    let address = if is_honest { "https://a.example/b" } else { vector };
    json!({
        "title": vector, "summary": format!("{vector}\n\nIt is said. {vector}"), "original_post": format!("{vector}\n{vector}"),
        "what_this_means": [{"label": vector, "text": vector}, {"text": vector}],
        "extra_information": [{"title": vector, "url": address, "why": vector}, {"title": vector}],
        "people_also_ask": [{"q": vector, "a": format!("{vector}\n\n{vector}")}, {"q": vector}],
        "expert_opinion": {"who": vector, "role": vector, "quote": vector},
        "key_terms": [short, format!("a {short}")], "source_url": address, "author": vector, "urls": [url],
    })
    .to_string()
}

/// Returns every fourth vector.
fn some(first: usize) -> Vec<&'static str> {
    VECTORS.iter().skip(first).step_by(4).copied().collect()
}

/// Puts briefs for the items with addresses into the directory.
fn put_briefs(desk: &Desk) {
    let kinds = [("atom", true, VECTORS.to_vec(), 2), ("json", false, some(2), 1)];
    for (kind, is_honest, vectors, step) in kinds {
        for (number, vector) in vectors.into_iter().enumerate().step_by(step) {
            let url = format!("https://wire.example.org/{kind}/{number}");
            desk.write(&format!("briefs/{kind}-{number}.json"), &brief(vector, is_honest, &url));
        }
    }
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02x}"))
}

#[test]
fn no_known_vector_reaches_a_document_or_a_page() {
    let sources = ["rss", "atom", "json", "raw"];
    let desk = Desk::new(&sources);
    let channel = |id: &str, from: &str| {
        format!(
            "[[channel]]\nid = \"{id}\"\ntitle = \"All <b onclick=x>news\"\nfrom = [{from}]\nitems = 5000\n\
             body = \"brief+original\"\nformats = [\"{id}\"]\n"
        )
    };
    // Each document once: that all formats say the same is checked below.
    let channels = [channel("atom", "\"atom\""), channel("json", "\"json\", \"raw\"")].concat();
    let all = "id = \"all\"\ntitle = \"All\"\nfrom = [\"*\"]\n";
    let first = channel("rss", "\"rss\"");
    let configuration =
        desk.configuration(&sources).replace(all, first.trim_start_matches("[[channel]]\n"));
    desk.write("c.toml", &(configuration + &channels));
    for (name, body) in [
        ("rss", rss(VECTORS)),
        ("atom", atom(VECTORS)),
        ("json", json_feed(&some(3))),
        ("raw", raw(&some(1))),
    ] {
        desk.origin.script(&format!("/{name}"), Answer::ok(body));
    }
    put_briefs(&desk);
    let daemon = desk.start();
    let mut faults = Faults::default();
    let documents = [
        ("rss.xml", "<item>", 266),
        ("atom.atom", "<entry>", 266),
        ("json.json", "\"content_html\"", 110),
    ];
    for (name, item, count) in documents {
        let path = format!("feeds/{name}");
        let mut got = None;
        within(Duration::from_mins(1), "every item is published", || {
            let asked = daemon.get(&path);
            let is_whole = asked.text().matches(item).count() >= count;
            got = Some(asked).filter(|_| is_whole);
            is_whole
        });
        let got = got.unwrap();
        faults.document(name, &got.body);
    }
    let briefs = documents.map(|(name, _, _)| {
        daemon.get(&format!("feeds/{name}")).text().matches("origin>stored<").count()
    });
    assert!(briefs[1] > 115, "{briefs:?} briefs are published");
    // Each reads the whole store.
    for term in some(0).into_iter().step_by(9) {
        let path = format!("feeds/rss/terms/{}.xml", percent(term));
        let got = daemon.get(&path);
        if got.status == 200 {
            faults.xml("a term", &got.body);
        }
    }
    let items = desk.items();
    assert!(items.len() >= 640, "{} items", items.len());
    let of_items =
        items.iter().step_by(3).map(|item| format!("items/{}", item["item_id"].as_str().unwrap()));
    let of_briefs = (0..VECTORS.len()).step_by(2).map(|number| format!("briefs/atom-{number}"));
    let mut shown = 0;
    for path in of_items.chain(of_briefs).chain(
        ["", "status", "search?q=%3Cscript%3E", "terms/%3Cscript%3E", "briefs/%3Cscript%3E"]
            .map(str::to_owned),
    ) {
        let got = daemon.get(&path);
        faults.page(&path, &got.text());
        shown += usize::from(got.status == 200);
    }
    assert!(shown > 330, "{shown} pages");
    faults.xml("opml", &daemon.get("opml").body);
    faults.assert_none();
}

/// Returns an item that says a text wherever a source may, as if nothing but its body had been
/// looked at before.
fn said(number: u128, text: &str) -> Story {
    let some = || Some(text.to_owned());
    let enclosure =
        |url: &str| Enclosure { url: url.to_owned(), mime: some(), length: None, title: some() };
    Story {
        html: sanitise(text, List::Display, Some(&"https://a.example/".parse().unwrap())),
        url: some(),
        guid: text.to_owned(),
        authors: vec![Person { name: some(), ..Person::default() }],
        enclosures: vec![enclosure(text), enclosure(&format!("https://a.example/{text}"))],
        thumbnail: Some(Thumbnail {
            url: format!("https://a.example/{text}"),
            width: some(),
            height: some(),
        }),
        image: some(),
        comments: some(),
        evidence: vec![text.to_owned()],
        brief: BriefId::new("b").ok(),
        ..story(number, text, text)
    }
}

fn told(text: &str) -> Brief {
    let some = || Some(text.to_owned());
    Brief {
        points: vec![Point { label: some(), text: text.to_owned() }],
        original_post: some(),
        further: vec![Further { title: text.to_owned(), url: None, why: some() }],
        questions: vec![Question { question: text.to_owned(), answer: some() }],
        opinion: Some(Opinion { who: text.to_owned(), role: some(), quote: text.to_owned() }),
        key_terms: vec![text.to_owned()],
        ..Brief::new(BriefId::new("b").unwrap(), text, text)
    }
}

/// Renders the texts as items, as briefs of them too, and checks all formats.
fn check(texts: &[String]) -> Faults {
    let mut faults = Faults::default();
    let items: Vec<(Story, Brief)> =
        (0..).zip(texts).map(|(number, text)| (said(number, text), told(text))).collect();
    let publisher = |text: &String| Publisher {
        name: text.clone(),
        rights: Some(text.clone()),
        ..Publisher::default()
    };
    let publishers: Vec<Publisher> = texts.iter().map(publisher).collect();
    let also = |text: &String| Also {
        publisher: text.clone(),
        title: text.clone(),
        link: "https://a.example/".to_owned(),
    };
    let also: Vec<Also> = texts.iter().map(also).collect();
    for format in DocumentFormat::ALL {
        // Without a brief, categories, lead and rights are shown that stand behind one otherwise.
        let is_briefed = format != DocumentFormat::Atom;
        let entry = |(number, (story, brief))| Entry {
            story,
            brief: is_briefed.then_some(brief),
            publisher: &publishers[number],
            also: &also[number..=number],
        };
        let entries: Vec<Entry<'_>> =
            items.iter().map(|(story, brief)| (story, brief)).enumerate().map(entry).collect();
        let name = format!("a.{}", format.extension());
        faults.document(&name, &rendered_entries(format, &entries, Body::BriefAndOriginal));
    }
    faults
}

/// Parts of vectors, and what stands between them.
fn fragments() -> Vec<&'static str> {
    let ends = |v: &&'static str| {
        let middle = v.ceil_char_boundary(v.len() / 2);
        [*v, &v[..middle], &v[middle..]]
    };
    let glue = [
        "", " ", "\n", "\"", "'", "`", "<", ">", "/>", "-->", "]]>", "&", "&lt;", "&amp;", "&#",
        ";", "=", "\u{0}", "text", "<p>", "<td>", "</", "<!--",
    ];
    VECTORS.iter().flat_map(ends).chain(glue).collect()
}

#[test]
fn every_vector_is_harmless_in_every_format() {
    let texts: Vec<String> = VECTORS.iter().map(|&vector| vector.to_owned()).collect();
    for part in texts.chunks(30) {
        check(part).assert_none();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mixture_of_vectors_passes(
        mixtures in prop::collection::vec(prop::collection::vec(prop::sample::select(fragments()), 1..8), 1..4),
    ) {
        let texts: Vec<String> = mixtures.iter().map(|parts| parts.concat()).collect();
        check(&texts).assert_none();
    }
}

/// The longest titles and the deepest markup, and bytes that are no text.
#[test]
fn length_depth_and_broken_bytes_are_bounded_and_harmless() {
    let sources = ["long", "deep", "bytes", "latin"];
    let desk = Desk::new(&sources);
    let long = "A title <b onclick=x>without</b> an end. ".repeat(5 << 20 >> 5);
    let item = |title: &str, other: &str, text: &str| {
        format!(
            "<rss version='2.0'><channel><title>{other}</title><item><guid>1</guid><title>{title}</title>\
             <category>{other}</category><author>{other}</author><rights>{other}</rights><description>{text}</description></item></channel></rss>"
        )
    };
    let deep = ["&lt;div>", "&lt;b onclick=x>", "&lt;table>&lt;td>", "&lt;a href=javascript:x>"]
        .map(|tag| tag.repeat(25_000))
        .concat();
    let broken = [b"<rss version='2.0'><channel><title>\xc0\xbcscript\xc0\xbe</title><item><guid>1</guid><title>a \xed\xa0\x80\xed\xb0\x80 \xf8\x88\x80\x80\xbc \xff\xfe".as_slice(), b" &lt;i\xc2mg src=x onerror=alert(1)></title><description>\xe2\x80&lt;script>x&lt;/script\xc0>\xf4\x90\x80\x80 b</description></item></channel></rss>"].concat();
    desk.origin.script(
        "/long",
        Answer::ok(item(&xml(&long[..5 << 20]), &xml(&long[..128 << 10]), "Text.")),
    );
    desk.origin.script("/deep", Answer::ok(item("Deep", "Deep", &deep)));
    desk.origin.script("/bytes", Answer::ok(broken.clone()));
    desk.origin
        .script("/latin", Answer::ok(broken).with("Content-Type", "text/xml; charset=utf-7"));
    let told = desk.outcomes(&[]);
    assert!(told.values().all(|told| told.ok), "{told:?}");
    let document = desk.document("all");
    assert_eq!(document.matches("<item>").count(), 4, "{document}");
    let mut faults = Faults::default();
    faults.xml("long and deep", document.as_bytes());
    faults.assert_none();
}
