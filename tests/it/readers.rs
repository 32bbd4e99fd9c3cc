//! What other programs read from our documents.

use std::process::Command;

use briefwire::model::{
    Body, BriefId, Channel, ChannelId, Correction, DocumentFormat, Enclosure, Filters, ItemId,
    KeyTerm, Method, Only, Placement, Section, Selector, SourceId, Story, Timestamp,
};
use briefwire::publish::{Also, Entry, Place, Prepared, Publisher, Rendering, Site, also_reported};
use proptest::prelude::*;

use crate::desk::{Desk, between, feed, missing};
use crate::origin::Answer;

/// Returns an item that says a text in every field that is not checked on the way.
pub(crate) fn story(number: u128, title: &str, text: &str) -> Story {
    let at = Timestamp::from_timestamp(1_763_000_000 + i64::try_from(number).unwrap(), 0).unwrap();
    Story {
        id: ItemId(number),
        source: SourceId::new("s").unwrap(),
        guid: number.to_string(),
        title: briefwire::text::html::plain_line(title, false),
        url: Some(format!("https://example.org/{number}")),
        html: format!("<p>{}</p>", briefwire::text::html::escape(text)),
        lead: None,
        article: None,
        lang: Some("en".to_owned()),
        authors: Vec::new(),
        categories: vec![text.to_owned()],
        enclosures: Vec::new(),
        thumbnail: None,
        image: None,
        comments: None,
        rights: Some(text.to_owned()),
        duration: None,
        updated: None,
        published: at,
        first_seen: at,
        changed: at,
        content: number,
        placement: Placement::Shown(at),
        correction: None,
        brief: None,
        method: Method::None,
        score: 0.0,
        evidence: Vec::new(),
        summary: vec![text.to_owned()],
        key_terms: vec![KeyTerm { term: title.to_owned(), score: 0.5 }],
        generated: None,
        asked: None,
        leader: None,
        followers: Vec::new(),
    }
}

fn rendered(stories: &[Story]) -> Vec<u8> {
    rendered_with(stories, &[], Body::BriefAndOriginal)
}

fn site() -> Site {
    Site {
        base: "https://news.example.org/".parse().unwrap(),
        authority: "news.example.org".to_owned(),
        date: "2026-11-23".to_owned(),
        ttl: 30,
        image: None,
        hub: None,
    }
}

/// Renders items each of which stands for the same others.
fn rendered_with(stories: &[Story], also: &[Also], body: Body) -> Vec<u8> {
    rendered_as(DocumentFormat::Rss, stories, also, body)
}

fn rendered_as(format: DocumentFormat, stories: &[Story], also: &[Also], body: Body) -> Vec<u8> {
    let publisher = Publisher { name: "Wire".to_owned(), ..Publisher::default() };
    let entries: Vec<Entry<'_>> = stories
        .iter()
        .map(|story| Entry { story, brief: None, publisher: &publisher, also })
        .collect();
    rendered_entries(format, &entries, body)
}

/// Renders a channel that takes all.
pub(crate) fn rendered_entries(
    format: DocumentFormat,
    entries: &[Entry<'_>],
    body: Body,
) -> Vec<u8> {
    let channel = Channel {
        id: ChannelId::new("all").unwrap(),
        was: Vec::new(),
        title: "All".to_owned(),
        description: None,
        language: None,
        from: vec![Selector::All],
        filters: Filters::default(),
        only: Only::Any,
        items: 50,
        body,
        formats: DocumentFormat::ALL.to_vec(),
        full_text: false,
        merge_stories: false,
        token: None,
    };
    let changed = Timestamp::from_timestamp(1_763_100_000, 0).unwrap();
    let (place, site) = (Place::Current { earlier: None }, site());
    let rendering = Rendering { channel: &channel, place, entries, site: &site };
    Prepared::new(rendering).render(format, changed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_published_reads_back_the_same(
        texts in proptest::collection::vec(("\\PC{1,40}", "[\\PC\u{0}\u{8}\u{B}\u{202E}\\]>&<]{0,80}"), 1..6),
    ) {
        let stories: Vec<Story> = (1..)
            .zip(&texts)
            .map(|(number, (title, text))| story(number, title, &format!("{text}]]>")))
            .collect();
        let bytes = rendered(&stories);
        prop_assert_eq!(&bytes, &rendered(&stories));
        let by_rss = ::rss::Channel::read_from(bytes.as_slice()).unwrap();
        let by_feed_rs = feed_rs::parser::parse(bytes.as_slice()).unwrap();
        prop_assert_eq!(by_rss.items.len(), stories.len());
        prop_assert_eq!(by_feed_rs.entries.len(), stories.len());
        for (item, entry) in by_rss.items.iter().zip(&by_feed_rs.entries) {
            let guid = &item.guid.as_ref().unwrap().value;
            let story = stories.iter().find(|s| guid.ends_with(&s.id.to_string())).unwrap();
            prop_assert_eq!(&entry.id, guid);
            prop_assert_eq!(entry.published.map(|at| at.timestamp()), Some(story.published.timestamp()));
            let date = story.published.format("%a, %d %b %Y %H:%M:%S +0000").to_string();
            prop_assert_eq!(item.pub_date.as_deref(), Some(date.as_str()));
            if !story.title.is_empty() {
                // A word joiner keeps what looks like a tag from being one.
                let title = item.title.as_deref().map(|title| title.replace('\u{2060}', ""));
                prop_assert_eq!(title.as_deref().map(str::trim), Some(story.title.trim()));
            }
            prop_assert!(item.content.as_ref().is_some_and(|content| content.contains("Origin: extracted")));
        }
        let other = |format| rendered_as(format, &stories, &[], Body::BriefAndOriginal);
        let atom = other(DocumentFormat::Atom);
        prop_assert_eq!(&atom, &other(DocumentFormat::Atom));
        let entries = feed_rs::parser::parse(atom.as_slice()).unwrap().entries;
        let by_atom = atom_syndication::Feed::read_from(atom.as_slice()).unwrap();
        let json: serde_json::Value =
            serde_json::from_slice(&other(DocumentFormat::Json)).unwrap();
        let by_json = json["items"].as_array().unwrap();
        prop_assert_eq!((entries.len(), by_json.len()), (stories.len(), stories.len()));
        for (number, item) in by_rss.items.iter().enumerate() {
            let (entry, told) = (&by_atom.entries[number], &by_json[number]);
            let guid = &item.guid.as_ref().unwrap().value;
            prop_assert_eq!((&entry.id, told["id"].as_str()), (guid, Some(guid.as_str())));
            prop_assert_eq!(entries[number].id.as_str(), guid.as_str());
            let body = item.content.as_deref();
            prop_assert_eq!(told["content_html"].as_str(), body);
            prop_assert_eq!(entry.content.as_ref().and_then(|content| content.value.as_deref()), body);
            let line = item.description.as_deref();
            prop_assert_eq!(told["summary"].as_str(), line);
            prop_assert_eq!(entry.summary.as_ref().map(|text| text.value.as_str()), line);
            let names: Vec<&str> = item.categories.iter().map(|c| c.name.as_str()).collect();
            let terms: Vec<&str> = entry.categories.iter().map(|c| c.term.as_str()).collect();
            prop_assert_eq!(names, terms);
        }
    }
}

#[test]
fn a_document_looks_as_it_was_reviewed() {
    let mut told = story(7, "A wall & a gale", "The wall gave way. It will be rebuilt.");
    told.categories = vec!["news".to_owned()];
    told.duration = Some(3661);
    told.enclosures = ["mp3", "pdf"]
        .map(|ending| Enclosure {
            url: format!("https://example.org/wall.{ending}"),
            mime: None,
            length: (ending == "mp3").then_some(1234),
            title: None,
        })
        .to_vec();
    told.comments = Some("https://example.org/7/comments".to_owned());
    for format in DocumentFormat::ALL {
        let bytes = rendered_as(format, std::slice::from_ref(&told), &[], Body::BriefAndOriginal);
        let text = String::from_utf8(bytes).unwrap().replace("><", ">\n<");
        insta::assert_snapshot!(format!("reviewed_{}", format.as_str()), text);
    }
}

/// Returns others of the same story, whose words and addresses are no friendlier than usual.
fn others(count: u128) -> Vec<Also> {
    let of = |number: u128| {
        let name = format!("Wire <{number}> & \"Sons\"");
        let mut told = story(number, &format!("Wall \"gives\" way & {number} more"), "Text.");
        told.url = Some(format!("https://example.org/{number}?utm_source=rss&page=2&x=\"'"));
        also_reported(&told, &Publisher { name, ..Publisher::default() }, &site())
    };
    let untitled =
        Story { title: String::new(), url: None, ..story(1, "", "A wall fell. So it did.") };
    let publisher = Publisher { name: "Dock".to_owned(), ..Publisher::default() };
    let first = also_reported(&untitled, &publisher, &site());
    std::iter::once(first).chain((2..=count).map(of)).collect()
}

#[test]
fn an_item_that_stands_for_a_story_looks_as_it_was_reviewed() {
    let mut told = story(7, "A wall & a gale", "The wall gave way. It will be rebuilt.");
    told.lang = Some("de".to_owned());
    let bytes = rendered_with(&[told], &others(3), Body::Brief);
    insta::assert_snapshot!(String::from_utf8(bytes).unwrap().replace("><", ">\n<"));
}

#[test]
fn ten_others_are_named_in_every_kind_of_body() {
    let told = story(7, "A wall & a gale", "The wall gave way. It will be rebuilt.");
    for body in [Body::Brief, Body::BriefAndOriginal, Body::Original] {
        let bytes = rendered_with(std::slice::from_ref(&told), &others(30), body);
        assert_eq!(bytes, rendered_with(std::slice::from_ref(&told), &others(30), body));
        let channel = ::rss::Channel::read_from(bytes.as_slice()).unwrap();
        let alone = ::rss::Channel::read_from(rendered(std::slice::from_ref(&told)).as_slice());
        let (item, alone) = (&channel.items[0], &alone.unwrap().items[0]);
        assert_eq!((&item.guid, &item.pub_date), (&alone.guid, &alone.pub_date));
        let html = item.content.as_ref().unwrap();
        let (_, section) = html.split_once("<strong>Also reported by</strong></h3>").unwrap();
        let (list, rest) = section.split_once("</ul>").unwrap();
        assert_eq!(list.matches("<li>").count(), 10, "{list}");
        assert!(rest.contains("<strong>Key Terms</strong>"), "{rest}");
        assert!(rest.contains("<strong>Original Source</strong>"), "{rest}");
        let named = &item.extensions["brief"]["also"];
        assert_eq!(named.len(), 10);
        assert_eq!(named[1].value.as_deref(), Some("Wire <2> & \"Sons\""));
        assert_eq!(named[1].attrs["title"], "Wall \"gives\" way & 2 more");
        assert!(!named.iter().any(|also| also.attrs["url"].contains("utm_")), "{named:?}");
    }
    let alone = String::from_utf8(rendered(&[told])).unwrap();
    assert!(!alone.contains("Also reported by") && !alone.contains("brief:also"));
}

#[test]
fn feedparser_sees_an_edit_in_place_and_nothing_doubled() {
    let has = Command::new("python3").args(["-c", "import feedparser"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        return missing("Python's feedparser");
    }
    let desk = Desk::new(&["wire"]);
    let items = [("a", "Wall gives way", "The wall gave way."), ("b", "B", "Text of b.")];
    desk.origin.script("/wire", Answer::ok(feed(&items)));
    desk.poll();
    std::fs::copy(desk.path("store/documents/all.xml"), desk.path("before.xml")).unwrap();
    let edited = [("a", "Wall rebuilt", "The wall was rebuilt."), items[1]];
    desk.origin.script("/wire", Answer::ok(feed(&edited)));
    desk.later(7200);
    desk.poll();
    let script = "import feedparser, json, sys\n\
        read = lambda name: feedparser.parse(open(name, 'rb').read())\n\
        view = lambda d: {e.id: [e.title, e.published, e.link, bool(e.content[0].value)] for e in d.entries}\n\
        a, b = read(sys.argv[1]), read(sys.argv[2])\n\
        print(json.dumps([a.bozo, b.bozo, len(a.entries), view(a), view(b)]))\n";
    let output = Command::new("python3")
        .args(["-c", script])
        .args([desk.path("before.xml"), desk.path("store/documents/all.xml")])
        .output()
        .unwrap();
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&seen[0], &seen[1], &seen[2]), (&false.into(), &false.into(), &2.into()), "{seen}");
    let (before, after) = (seen[3].as_object().unwrap(), seen[4].as_object().unwrap());
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let titles: Vec<&str> = after.values().map(|item| item[0].as_str().unwrap()).collect();
    assert!(titles.contains(&"Wall rebuilt") && titles.contains(&"B"), "{titles:?}");
    for (id, item) in before {
        assert_eq!(item[1], after[id][1], "dates stand still");
    }
}

/// The elements of our namespace, by the schema that the README gives.
#[test]
fn the_namespace_is_as_its_schema_says() {
    if !Command::new("xmllint").arg("--version").output().is_ok_and(|run| run.status.success()) {
        return missing("xmllint");
    }
    let readme = include_str!("../../README.md");
    let schema = between(readme, "```xml\n<grammar ", "```")[0];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schema.rng");
    std::fs::write(&path, format!("<grammar {schema}")).unwrap();
    let mut told = story(7, "A wall & a gale", "The wall gave way. It will be rebuilt.");
    told.correction = Some(Correction {
        at: told.published,
        sections: vec![Section::Summary, Section::KeyTerms],
    });
    told.brief = Some(BriefId::new("wall").unwrap());
    (told.method, told.score, told.evidence) = (Method::Text, 0.97, vec!["gale".to_owned()]);
    let check = |format: DocumentFormat, (open, close): (&str, &str)| {
        let bytes = rendered_as(format, std::slice::from_ref(&told), &others(3), Body::Brief);
        let text = String::from_utf8(bytes).unwrap();
        let item = between(&text, open, close)[0];
        let start = item.find("<brief:").unwrap();
        let end = item.rfind("</brief:").unwrap();
        let end = end + item[end..].find('>').unwrap() + 1;
        let elements = &item[start..end];
        let item =
            format!("<item xmlns:brief=\"{}\">{elements}</item>", briefwire::publish::NAMESPACE);
        let file = folder.path().join("item.xml");
        std::fs::write(&file, item).unwrap();
        let run = Command::new("xmllint")
            .args(["--noout", "--relaxng", path.to_str().unwrap(), file.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    };
    check(DocumentFormat::Rss, ("<item>", "</item>"));
    check(DocumentFormat::Atom, ("<entry>", "</entry>"));
}
