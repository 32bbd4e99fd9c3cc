//! The sanitiser's cases of the Python feedparser project (kurtmckee/feedparser, BSD-2-Clause), read from
//! where they are and not copied: what it removes we remove, and the text that it keeps we keep.
//!
//! Markup is compared as trees that html5ever builds, white space collapsed. Where ours is another by
//! design, the table below says why; of those cases too the words must be the same and nothing harmful may
//! be left.
#![expect(clippy::panic, reason = "a case that is compared with nothing fails the test")]

use std::path::Path;

use briefwire::model::{Body, DocumentFormat, Feed, Prose, Story, Text};
use briefwire::parse::{Document, parse};
use briefwire::publish::{Entry, Publisher};
use dom_query::NodeRef;

use crate::desk::needs;
use crate::inspecting::Faults;
use crate::readers::{rendered_entries, story};

/// Where ours differs: how names of cases begin or end, and why.
const DECIDED: &[(&[&str], &str)] = &[
    (
        &["style_", "_style"],
        "no style survives: what is republished looks alike in every reader, and no text covers another",
    ),
    (
        &[
            "attribute_accept-charset",
            "attribute_action",
            "attribute_challenge",
            "attribute_checked",
            "attribute_default",
            "attribute_disabled",
            "attribute_for",
            "attribute_form",
            "attribute_inputmode",
            "attribute_keytype",
            "attribute_list",
            "attribute_maxlength",
            "attribute_pattern",
            "attribute_prompt",
            "attribute_readonly",
            "attribute_replace",
            "attribute_required",
            "attribute_selected",
            "element_button",
            "element_command",
            "element_datagrid",
            "element_datalist",
            "element_form",
            "element_input",
            "element_label",
            "element_optgroup",
            "element_output",
            "element_progress",
            "element_select",
        ],
        "forms ask people for something, and an item has nothing to ask",
    ),
    (
        &[
            "attribute_background",
            "attribute_data",
            "attribute_datafld",
            "attribute_dynsrc",
            "attribute_ping",
            "attribute_usemap",
            "element_event-source",
        ],
        "it loads or tells something behind the back of who reads",
    ),
    (
        &[
            "attribute_accesskey",
            "attribute_bgproperties",
            "attribute_contenteditable",
            "attribute_draggable",
            "attribute_hidefocus",
            "attribute_id",
            "attribute_tabindex",
            "attribute_target",
        ],
        "it reaches into the page around the item",
    ),
    (
        &["attribute_cite", "attribute_src", "title_unacceptable_uri"],
        "an address that leads nowhere goes with its attribute",
    ),
    (
        &["element_canvas", "element_img", "element_noscript", "element_sound", "element_source"],
        "without an address or a script it shows nothing; what is in it stays",
    ),
    (&["script_nested_cdata"], "a section within a section is the text that it holds"),
    (&["_crazy"], "the title of a whole page and the code of a script go with their elements"),
];

/// Of these the words are others, too.
const OTHER_WORDS: [&str; 2] = ["script_nested_cdata", "_crazy"];

/// A case that can be compared: where the text stands, and what feedparser makes of it.
struct Case {
    name: String,
    path: String,
    expected: String,
}

#[test]
fn what_feedparser_removes_is_removed_and_what_it_keeps_is_kept() {
    let Some(folder) = needs("../shared/corpus/feedparser-tests/wellformed/sanitize") else {
        return;
    };
    let (mut faults, mut differences, mut stories) = (Faults::default(), Vec::new(), Vec::new());
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut same, mut decided) = (0, 0);
    let mut used = vec![false; DECIDED.len()];
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        let feed = parse(&Document {
            bytes: &bytes,
            content_type: None,
            url: None,
            language: None,
            assume_timezone: None,
        })
        .unwrap();
        for text in texts(&feed) {
            faults.body(&file.display().to_string(), &text.value);
            stories.push(published(stories.len(), text));
        }
        let Some(case) = case(file, &String::from_utf8_lossy(&bytes)) else { continue };
        let found = found(&feed, &case.path).map(|text| text.value.clone()).unwrap_or_default();
        let is_of = |part: &&str| case.name.starts_with(part) || case.name.ends_with(part);
        let reason = DECIDED.iter().position(|(parts, _)| parts.iter().any(&is_of));
        let keeps_words = words(&found) == words(&case.expected)
            || OTHER_WORDS.iter().any(|part| case.name.ends_with(part));
        if tree(&found) == tree(&case.expected) {
            same += 1;
        } else if let Some(reason) = reason.filter(|_| keeps_words) {
            decided += 1;
            used[reason] = true;
        } else {
            differences.push(format!("{}: {found}, not {}", case.name, case.expected));
        }
    }
    let wire = Publisher { name: "Wire".to_owned(), ..Publisher::default() };
    let entries: Vec<Entry<'_>> = stories
        .iter()
        .map(|story| Entry { story, brief: None, publisher: &wire, also: &[] })
        .collect();
    let document = rendered_entries(DocumentFormat::Rss, &entries, Body::BriefAndOriginal);
    faults.xml("all cases", &document);
    faults.assert_none();
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(used.iter().all(|used| *used), "a reason without a case: {used:?}");
    // One says only that it can be read.
    assert_eq!((files.len(), same, decided), (509, 394, 114));
}

fn published(number: usize, text: &Text) -> Story {
    let line: String = text.value.chars().take(500).collect();
    Story { html: text.value.clone(), ..story(number as u128, &line, &line) }
}

/// Returns every text of a document.
fn texts(feed: &Feed) -> Vec<&Text> {
    let of_feed = [&feed.title, &feed.description, &feed.info, &feed.rights].into_iter().flatten();
    let mut texts: Vec<&Text> = of_feed.map(|prose: &Prose| &prose.detail).collect();
    for item in &feed.items {
        texts.extend(item.title.iter().map(|prose| &prose.detail));
        texts.extend(item.summary.iter().chain(&item.content).chain(&item.rights));
    }
    texts
}

/// Returns the text that feedparser has under a name.
fn found<'f>(feed: &'f Feed, path: &str) -> Option<&'f Text> {
    let item = feed.items.first();
    let detail = |prose: &'f Option<Prose>| prose.as_ref().map(|prose| &prose.detail);
    match path {
        "feed['title']" => detail(&feed.title),
        "feed['tagline']" | "feed['subtitle']" | "feed['description']" => detail(&feed.description),
        "feed['info']" => detail(&feed.info),
        "feed['copyright']" | "feed['rights']" => detail(&feed.rights),
        "entries[0]['title']" => detail(&item?.title),
        "entries[0]['content'][0]['value']" => item?.content.first(),
        "entries[0]['description']" | "entries[0]['summary']" => {
            let item = item?;
            item.summary.as_ref().or(item.content.first())
        }
        other => panic!("{other} is compared with nothing"),
    }
}

/// Reads what a case expects, a Python expression.
fn case(file: &Path, text: &str) -> Option<Case> {
    let expression = text.split("Expect:").nth(1)?.split("-->").next()?;
    let comparison = expression.split_once(" and ")?.1;
    let (path, literal) = comparison.split_once(" == ")?;
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    Some(Case { name, path: path.trim().to_owned(), expected: python(literal) })
}

/// Returns what a Python string means; several are joined.
fn python(literal: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut chars = literal.trim().chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some(_), '\\') => out.push(match chars.next().unwrap() {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            (Some(_), c) => out.push(c),
            (None, _) => {}
        }
    }
    out
}

/// Returns what people read of some markup.
fn words(html: &str) -> String {
    let document = dom_query::Document::from(format!("<!doctype html><body>{html}"));
    document.text().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns markup as a browser reads it, in one spelling.
fn tree(html: &str) -> String {
    let document = dom_query::Document::from(format!("<!doctype html><body>{html}"));
    let mut out = String::new();
    document.body().unwrap().children().iter().for_each(|node| write_node(&mut out, node));
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn write_node(out: &mut String, node: &NodeRef<'_>) {
    if node.is_text() {
        out.push_str(&node.text());
    }
    if !node.is_element() {
        return;
    }
    let mut attributes: Vec<String> =
        node.attrs().iter().map(|a| format!(" {}={:?}", a.name.local, &*a.value)).collect();
    attributes.sort();
    let name = node.node_name().unwrap();
    out.push_str(&format!("<{name}{}>", attributes.concat()));
    node.children().iter().for_each(|child| write_node(out, child));
    out.push_str(&format!("</{name}>"));
}
