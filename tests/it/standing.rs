//! What subscribers have seen of an item stands still, whatever comes: guid, date, the order of its
//! categories; and where nothing comes, every byte.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::desk::{Desk, between};
use crate::origin::Answer;

/// What may happen to the item of that number, or to all.
#[derive(Debug, Clone)]
enum Event {
    Title(usize),
    Link(usize),
    Text(usize),
    Category(usize),
    /// It leaves its feed, or comes back.
    Listed(usize),
    /// A brief is put, or edited.
    Brief(usize),
    Withdrawn(usize),
    /// Another publisher tells the same story.
    Told(usize),
    Pause,
}

const NAMES: [&str; 4] = ["quillport", "skerrow", "ellery", "carrow"];

fn name(number: usize) -> &'static str {
    NAMES.get(number).unwrap()
}

/// An item as its publisher has it by now.
#[derive(Debug, Clone, Default)]
struct Published {
    edits: usize,
    title: usize,
    link: usize,
    text: usize,
    category: usize,
    is_gone: bool,
    is_told: bool,
    brief: Option<usize>,
}

fn item(number: usize, published: &Published, source: &str) -> String {
    let name = name(number);
    let Published { title, link, text, category, .. } = published;
    let story = format!(
        "The {name} harbour board voted on Monday to rebuild the old {name} breakwater before winter, and \
         engineers of the {name} dredging company begin in March. Version {text} of this report says so."
    );
    format!(
        "<item><guid isPermaLink=\"false\">{source}-{name}</guid>\
         <title>{name} harbour board votes to rebuild breakwater {title}</title>\
         <link>https://{source}.example.org/{name}/{link}</link>\
         <category>Category {category}</category><description>{story}</description></item>"
    )
}

fn feed(items: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Wire</title>\
         <link>https://wire.example.org/</link><description>x</description>{items}</channel></rss>"
    )
}

/// Writes what there is by now where the desk finds it.
fn publish(desk: &Desk, items: &[Published]) {
    let listed = |source: &str, is_in: fn(&Published) -> bool| {
        let of = items.iter().enumerate().filter(|(_, published)| is_in(published));
        of.map(|(number, published)| item(number, published, source)).collect::<String>()
    };
    desk.origin.script("/wire", Answer::ok(feed(&listed("wire", |item| !item.is_gone))));
    desk.origin.script("/dock", Answer::ok(feed(&listed("dock", |item| item.is_told))));
    for (number, published) in items.iter().enumerate() {
        let path = desk.path(&format!("briefs/{}.json", name(number)));
        match published.brief {
            Some(version) => {
                let name = name(number);
                let brief = serde_json::json!({
                    "summary": format!("Brief {version} on {name}."),
                    "key_terms": [format!("{name} harbour"), "breakwater", "dredging"],
                    "guids": [format!("wire-{name}")],
                });
                std::fs::write(path, brief.to_string()).unwrap();
            }
            None => drop(std::fs::remove_file(path)),
        }
    }
}

/// Returns each item's guid with its date and its categories.
fn seen(document: &str) -> BTreeMap<String, (String, Vec<String>)> {
    let items = between(document, "<item>", "</item>");
    items
        .into_iter()
        .map(|item| {
            let one = |open, close| (*between(item, open, close).first().unwrap()).to_owned();
            let categories = between(item, "<category>", "</category>");
            let categories = categories.into_iter().map(str::to_owned).collect();
            let guid = one("<guid isPermaLink=\"false\">", "</guid>");
            (guid, (one("<pubDate>", "</pubDate>"), categories))
        })
        .collect()
}

/// Returns the bytes and the time of every file that subscribers are given.
fn files(desk: &Desk) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let folder = desk.path("store/documents");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    files
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            let modified = entry.metadata().unwrap().modified().unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, (std::fs::read(entry.path()).unwrap(), modified))
        })
        .collect()
}

fn event() -> impl Strategy<Value = Event> {
    let number = 0..NAMES.len();
    prop_oneof![
        number.clone().prop_map(Event::Title),
        number.clone().prop_map(Event::Link),
        number.clone().prop_map(Event::Text),
        number.clone().prop_map(Event::Category),
        number.clone().prop_map(Event::Listed),
        number.clone().prop_map(Event::Brief),
        number.clone().prop_map(Event::Withdrawn),
        number.prop_map(Event::Told),
        Just(Event::Pause),
    ]
}

fn happen(items: &mut [Published], event: &Event) {
    let (Event::Title(at)
    | Event::Link(at)
    | Event::Text(at)
    | Event::Category(at)
    | Event::Listed(at)
    | Event::Brief(at)
    | Event::Withdrawn(at)
    | Event::Told(at)) = event
    else {
        return;
    };
    let item = items.get_mut(*at).unwrap();
    item.edits += 1;
    match event {
        Event::Title(_) => item.title = item.edits,
        Event::Link(_) => item.link = item.edits,
        Event::Text(_) => item.text = item.edits,
        Event::Category(_) => item.category = item.edits,
        Event::Listed(_) => item.is_gone = !item.is_gone,
        Event::Brief(_) => item.brief = Some(item.edits),
        Event::Withdrawn(_) => item.brief = None,
        Event::Told(_) | Event::Pause => item.is_told = true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn guids_dates_and_the_order_of_categories_stand(
        events in proptest::collection::vec(event(), 6..9),
    ) {
        let desk = Desk::new(&["wire", "dock"]);
        let merged = "[[channel]]\nid = \"merged\"\ntitle = \"Merged\"\nfrom = [\"*\"]\nmerge_stories = true\n\
                      [[channel]]\nid = \"two\"\ntitle = \"Two\"\nfrom = [\"*\"]\nitems = 2\n";
        let text = desk.configuration(&["wire", "dock"]) + merged;
        desk.write("c.toml", &text.replace("[server]", "[server]\npublic_url = \"https://news.example.org\""));
        let mut items = vec![Published::default(); NAMES.len()];
        let mut known: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
        for (round, event) in (0..).zip(std::iter::once(&Event::Pause).chain(&events)) {
            happen(&mut items, event);
            publish(&desk, &items);
            desk.later(round * 7200);
            // Each run reads the store anew: a poll is a restart, too.
            desk.poll();
            for channel in ["all", "merged", "two"] {
                for (guid, (date, categories)) in seen(&desk.document(channel)) {
                    if let Some((first, order)) = known.get(&guid) {
                        prop_assert_eq!(&date, first, "{}: {:?}", guid, event);
                        let mut sorted = [categories.clone(), order.clone()];
                        for list in &mut sorted {
                            list.sort();
                        }
                        prop_assert!(sorted[0] != sorted[1] || categories == *order, "{categories:?} {order:?}");
                    }
                    known.insert(guid, (date, categories));
                }
            }
            let before = files(&desk);
            desk.later(round * 7200 + 3700);
            desk.poll();
            let after = files(&desk);
            for (name, (bytes, modified)) in &before {
                let (again, later) = &after[name];
                prop_assert!(bytes == again && modified == later, "{name} changed with nothing new: {event:?}");
            }
        }
        // Four items, and each told by another at most: whatever happened made no further guid.
        let told = items.iter().filter(|item| item.is_told).count();
        prop_assert_eq!(known.len(), NAMES.len() + told, "{:?}", known.keys());
    }
}
