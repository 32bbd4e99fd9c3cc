//! In whatever order items and briefs come, the same briefs end on the same items.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::desk::{Desk, Edited};
use super::queue::Queue;
use crate::config::Matching;
use crate::model::{Brief, BriefId, BriefOrigin, ItemId, Placement, Story, Timestamp};
use crate::store::testing::{at, open, story};
use crate::store::{Changes, Store};
use crate::text::html;

/// Words of news that mean little, and the names of each of some stories.
const COMMON: &str = "government people plan week report state president court election health";
const STORIES: [&str; 5] = [
    "Lindhaven harbour wall Solheim Skerrow ferries surge storm collapse rebuild engineers",
    "Skerrow cables seabed patrols frigate Velmark sabotage strait admiral undersea guard",
    "Orrin glacier lake flood Tavik valley evacuation warning siren melt outburst",
    "Quenby vaccine trial fever Astrel laboratory doses children results placebo",
    "Marrowick strike bakers union bread prices wages picket Dunmore ovens",
];

/// What happens to a desk.
#[derive(Debug, Clone)]
enum Event {
    Item(usize, String, String),
    Brief(usize, Box<Brief>),
    Withdraw(usize),
}

impl Event {
    /// Events of one subject keep their order; all others can change places.
    fn subject(&self) -> (bool, usize) {
        match self {
            Self::Item(number, ..) => (false, *number),
            Self::Brief(number, _) | Self::Withdraw(number) => (true, *number),
        }
    }
}

fn prose(words: usize) -> impl Strategy<Value = String> {
    let word = (0..10_usize, 0..STORIES.len(), any::<prop::sample::Index>());
    let common: Vec<&str> = COMMON.split(' ').collect();
    (0..STORIES.len(), prop::collection::vec(word, words)).prop_map(move |(story, words)| {
        let chosen = words.iter().map(|(kind, other, index)| match kind {
            0..2 => *index.get(&common),
            2 => *index.get(&STORIES[*other].split(' ').collect::<Vec<_>>()),
            _ => *index.get(&STORIES[story].split(' ').collect::<Vec<_>>()),
        });
        chosen.collect::<Vec<_>>().join(" ")
    })
}

fn brief(number: usize) -> impl Strategy<Value = Brief> {
    let traits =
        (prose(5), prose(14), prop::option::of(prose(12)), 0..12_usize, 0..8_usize, 0..9_i64);
    traits.prop_map(move |(title, summary, post, url, lang, days)| {
        let id = BriefId::new(format!("b{number}")).unwrap();
        let mut brief = Brief::new(id, title, summary);
        brief.lang = Some(if lang == 0 { "de" } else { "en" }.to_owned());
        brief.original_post = post;
        brief.source_url = (url < 6).then(|| format!("https://example.org/i{url}"));
        brief.date = Some(at(days * 86_400));
        brief
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let item =
        (0..6_usize, prose(6), prose(16)).prop_map(|(n, title, lead)| Event::Item(n, title, lead));
    let brief = (0..8_usize)
        .prop_flat_map(|n| brief(n).prop_map(move |brief| Event::Brief(n, Box::new(brief))));
    let withdraw = (0..8_usize).prop_map(Event::Withdraw);
    prop::collection::vec(prop_oneof![3 => item, 5 => brief, 1 => withdraw], 4..40)
}

/// Puts the events in another order that keeps those of each subject in theirs.
fn shuffled(events: &[Event], keys: &[u32]) -> Vec<Event> {
    let mut queues: BTreeMap<(bool, usize), Vec<Event>> = BTreeMap::new();
    for event in events.iter().rev() {
        queues.entry(event.subject()).or_default().push(event.clone());
    }
    let mut order = Vec::new();
    for key in keys.iter().cycle() {
        let waiting: Vec<(bool, usize)> = queues
            .iter()
            .filter(|(_, queue)| !queue.is_empty())
            .map(|(subject, _)| *subject)
            .collect();
        if waiting.is_empty() {
            break;
        }
        let subject = waiting[*key as usize % waiting.len()];
        order.extend(queues.get_mut(&subject).and_then(Vec::pop));
    }
    order
}

fn settings() -> Matching {
    Matching {
        wait: Duration::ZERO,
        threshold: 0.65,
        recent: Duration::from_hours(30 * 24),
        recent_items: 20_000,
        ignore_parameters: Vec::new(),
    }
}

/// A desk whose changes are gathered in one group.
struct Board<'s> {
    desk: Desk,
    changes: Changes<'s>,
    briefs: BTreeMap<usize, Brief>,
    items: BTreeSet<ItemId>,
}

impl<'s> Board<'s> {
    fn new(store: &'s Store) -> Self {
        let desk = Desk::load(store, settings(), &Queue::default(), now()).unwrap();
        Self { desk, changes: store.begin(), briefs: BTreeMap::new(), items: BTreeSet::new() }
    }

    fn happen(&mut self, event: &Event) {
        let mut put = None;
        let concerned = match event {
            Event::Item(number, title, lead) => return self.arrive(*number, title, lead),
            Event::Brief(number, brief) => {
                let earlier = self.briefs.insert(*number, brief.as_ref().clone());
                // An edit has a bonus where it stands already, which is history.
                put = earlier.is_none().then(|| brief.id.clone());
                self.changes.put_brief(brief, &BriefOrigin::Api, now()).unwrap();
                self.desk.put(brief, earlier.as_ref())
            }
            Event::Withdraw(number) => {
                let Some(brief) = self.briefs.remove(number) else { return };
                self.changes.remove_brief(&brief.id, now()).unwrap();
                self.desk.remove(&brief)
            }
        };
        let id = BriefId::new(format!("b{}", event.subject().1)).unwrap();
        let mut concerned: BTreeSet<ItemId> = concerned.into_iter().collect();
        concerned.extend(
            self.links().into_iter().filter(|(_, on)| *on == Some(id.clone())).map(|(i, _)| i),
        );
        self.desk.review(&mut self.changes, concerned, put.as_ref().map(edited), now()).unwrap();
    }

    fn arrive(&mut self, number: usize, title: &str, lead: &str) {
        let guid = format!("i{number}");
        let mut story = Story {
            title: title.to_owned(),
            html: format!("<p>{}</p>", html::escape(lead)),
            ..story("wire", &guid, 0)
        };
        if let Some(stored) = self.changes.story(story.id).unwrap() {
            story.brief = stored.brief;
        }
        assert!(matches!(story.placement, Placement::Shown(_)));
        self.desk.settle(&mut story, now());
        self.changes.put_story(&story, now()).unwrap();
        self.items.insert(story.id);
    }

    /// Returns which brief is on each item.
    fn links(&mut self) -> BTreeMap<ItemId, Option<BriefId>> {
        let items = self.items.clone().into_iter();
        items.map(|id| (id, self.changes.story(id).unwrap().unwrap().brief)).collect()
    }
}

fn edited(brief: &BriefId) -> Edited<'_> {
    Edited { brief, sections: &[] }
}

fn now() -> Timestamp {
    at(4 * 86_400)
}

fn links(store: &Store, events: &[Event]) -> BTreeMap<ItemId, Option<BriefId>> {
    let mut board = Board::new(store);
    for event in events {
        board.happen(event);
    }
    board.links()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_does_not_matter(
        events in events(),
        keys in prop::collection::vec(any::<u32>(), 40),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        let one = links(&store, &events);
        let other = links(&store, &shuffled(&events, &keys));
        prop_assert_eq!(&one, &other);
        // And as if every brief had been there before the first item.
        let (briefs, items): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| event.subject().0);
        let last = links(&store, &[briefs, items].concat());
        prop_assert_eq!(&one, &last);
    }
}

/// The property above must not hold because nothing ever matches.
#[test]
fn the_texts_of_the_property_do_match() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let mut runner = TestRunner::deterministic();
    let (mut linked, mut all) = (0, 0);
    for _ in 0..20 {
        let events = events().new_tree(&mut runner).unwrap().current();
        let links = links(&store, &events);
        all += links.len();
        linked += links.values().flatten().count();
    }
    assert!(linked * 5 > all && linked * 10 < all * 9, "{linked} of {all}");
}
