//! Hostile content of sources and briefs, in every field, through the real binary: nothing of it
//! may reach a document or a page. What was published is read by `inspecting`, not by our code.

use std::fmt::Write;

use serde_json::json;

use crate::desk::Desk;
use crate::inspecting::Faults;
use crate::origin::Answer;
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
        write!(
            out,
            "<item><guid>{number}</guid><title><![CDATA[{v}]]></title><description><![CDATA[{v}]]> and {v}</description>\
             <category><![CDATA[{v}]]></category><link>{v}</link><author>{v}</author></item>\n"
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
    let kinds = [("atom", true, VECTORS.to_vec()), ("json", false, some(2))];
    for (kind, is_honest, vectors) in kinds {
        for (number, vector) in vectors.into_iter().enumerate() {
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
        // A source's items are published together, once its poll has come to an end.
        let got = daemon.until(&path, |got| got.text().matches(item).count() >= count);
        faults.document(name, &got.body);
    }
    let briefs = documents.map(|(name, _, _)| {
        daemon.get(&format!("feeds/{name}")).text().matches("origin>stored<").count()
    });
    assert!(briefs[1] > 230, "{briefs:?} briefs are published");
    for term in some(0) {
        let path = format!("feeds/rss/terms/{}.xml", percent(term));
        let got = daemon.get(&path);
        if got.status == 200 {
            faults.xml("a term", &got.body);
        }
    }
    let items = desk.items();
    assert!(items.len() >= 640, "{} items", items.len());
    let of_items = items.iter().map(|item| format!("items/{}", item["item_id"].as_str().unwrap()));
    let of_briefs = (0..VECTORS.len()).map(|number| format!("briefs/atom-{number}"));
    let mut shown = 0;
    for path in
        of_items.chain(of_briefs).chain(["", "status", "briefs/%3Cscript%3E"].map(str::to_owned))
    {
        let got = daemon.get(&path);
        faults.page(&path, &got.text());
        shown += usize::from(got.status == 200);
    }
    assert!(shown > 870, "{shown} pages");
    faults.xml("opml", &daemon.get("opml").body);
    faults.assert_none();
}
