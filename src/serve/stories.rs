//! Which items a channel holds: the newest that it takes, and with `merge_stories` one a story.

use std::collections::HashSet;

use super::Plan;
use crate::model::{Channel, ItemId, Only, Selector, Source, SourceId, Story};
use crate::reconcile;
use crate::store::{Listed, Store, StoreError};

/// An item that a channel shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// The item.
    pub story: Story,
    /// With `merge_stories`, the later items of its story that the channel takes as well, in the
    /// order they joined: it stands for them. Without their texts.
    pub others: Vec<Story>,
}

impl Taken {
    fn alone(story: Story) -> Self {
        Self { story, others: Vec::new() }
    }
}

/// Returns the newest items of a channel, at most `limit`: in its document and on every page.
pub fn taken(
    store: &Store,
    plan: &Plan,
    channel: &Channel,
    limit: usize,
) -> Result<Vec<Taken>, StoreError> {
    taken_where(store, plan, (channel, limit), None)
}

/// What decides on items beside the channel itself.
pub(super) type Accept<'a> = &'a dyn Fn(&Story) -> bool;

/// Returns the newest items of a channel that `accept` takes as well, at most so many.
///
/// With `accept` or filters it is asked of no more than 5,000 of them.
pub(super) fn taken_where(
    store: &Store,
    plan: &Plan,
    (channel, limit): (&Channel, usize),
    accept: Option<Accept<'_>>,
) -> Result<Vec<Taken>, StoreError> {
    let mut found = Vec::new();
    listing(plan, channel, |listed| {
        let listed = Listed { limit, ..*listed };
        let is_plain = channel.filters.is_empty() && accept.is_none();
        if is_plain && !channel.merge_stories {
            found = store.newest(&listed)?.into_iter().map(Taken::alone).collect();
            return Ok(());
        }
        let mut told: HashSet<ItemId> = HashSet::new();
        for item in store.each_newest(&listed)? {
            if found.len() >= limit {
                break;
            }
            let item = item?;
            if told.contains(&item.id) || accept.is_some_and(|accept| !accept(&item)) {
                continue;
            }
            let Some(taken) = members_taken(store, plan, channel, item)? else { continue };
            told.insert(taken.story.id);
            told.extend(taken.others.iter().map(|other| other.id));
            found.push(taken);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Hands over what is asked of the store for the items of a channel: without a limit.
pub(super) fn listing(
    plan: &Plan,
    channel: &Channel,
    ask: impl FnOnce(&Listed<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let takes = |source: &&Source| channel.takes(source);
    let sources: Vec<SourceId> =
        plan.sources.iter().filter(takes).map(|source| source.id.clone()).collect();
    // "*" takes the items of sources that have left the configuration, too.
    let sources = (!channel.from.contains(&Selector::All)).then_some(sources);
    let sources = sources.as_deref();
    ask(&Listed { sources, only: channel.only, shown: true, limit: usize::MAX })
}

/// Returns an item as the channel shows it, if the channel takes it: with `merge_stories` the
/// first of its story that the channel takes, which stands for the others.
///
/// The channel tells of the same items as without `merge_stories`. A story stands where its newest
/// item would, so that a late report is not lost because the first one has left the document.
pub(super) fn members_taken(
    store: &Store,
    plan: &Plan,
    channel: &Channel,
    item: Story,
) -> Result<Option<Taken>, StoreError> {
    let takes = |story: &Story| shows(plan, channel, story);
    if !takes(&item) {
        return Ok(None);
    }
    if !channel.merge_stories {
        return Ok(Some(Taken::alone(item)));
    }
    let mut members = members(store, item)?.into_iter().filter(takes);
    let Some(first) = members.next() else { return Ok(None) };
    Ok(Some(Taken { story: first, others: members.map(without_texts).collect() }))
}

/// Returns whether a channel would show an item, were its document long enough.
pub(super) fn shows(plan: &Plan, channel: &Channel, story: &Story) -> bool {
    let is_in = channel.from.contains(&Selector::All)
        || plan.source(story.source.as_str()).is_some_and(|source| channel.takes(source));
    is_in
        && story.shown_since().is_some()
        && (channel.only == Only::Any || story.brief.is_some())
        && reconcile::passes(&channel.filters, story)
}

/// Drops what is not said of an item that another one stands for: thirty texts of 256 KiB each
/// would be much to hold for a title and an address.
fn without_texts(mut story: Story) -> Story {
    (story.lead, story.article) = (None, None);
    // Where there is no title, the first sentence is one.
    if !story.title.is_empty() {
        story.html.clear();
    }
    story
}

/// Returns all items of an item's story, the first one first; itself where it is alone.
///
/// An item is in a story where it and the first one say so: of the two, retention may have taken
/// one, or a rebuild brought back one without the other.
pub(super) fn members(store: &Store, item: Story) -> Result<Vec<Story>, StoreError> {
    let first = match item.leader {
        None if item.followers.is_empty() => return Ok(vec![item]),
        None => item.clone(),
        Some(id) => match store.story(id)? {
            Some(first) if first.leader.is_none() => first,
            _ => return Ok(vec![item]),
        },
    };
    let (leader, followers) = (first.id, first.followers.clone());
    let mut members = vec![first];
    for id in followers {
        members.extend(store.story(id)?.filter(|follower| follower.leader == Some(leader)));
    }
    let is_in = members.iter().any(|member| member.id == item.id);
    Ok(if is_in { members } else { vec![item] })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{self, Environment};
    use crate::model::{BriefId, Placement, TrustedProxies};
    use crate::publish::Site;
    use crate::serve::OpenFiles;
    use crate::store::testing::{at, open, put, story};

    /// Returns a plan of the sources `a` to `d` with one channel that has these lines.
    fn plan(channel: &str) -> Plan {
        let source = |id: &str| {
            format!("[[source]]\nid = \"{id}\"\nurl = \"https://{id}.example.org/feed\"\n")
        };
        let sources: String = ["a", "b", "c", "d"].map(source).concat();
        let text = format!("{sources}[[channel]]\nid = \"all\"\ntitle = \"All\"\n{channel}\n");
        let environment = Environment::default();
        let none = |_: &Path| Err(std::io::Error::other("no files here"));
        let config =
            config::read(text.as_bytes(), Path::new("/c.toml"), &environment, none).unwrap();
        Plan {
            site: Site {
                base: "https://news.example.org/".parse().unwrap(),
                authority: "news.example.org".to_owned(),
                date: "2026-11-24".to_owned(),
                ttl: 30,
                image: None,
                hub: None,
            },
            sources: config.sources,
            channels: config.channels,
            token: None,
            max_delivery: 0,
            shows_generated: false,
            shelf: crate::serve::Shelf::default(),
            guarded: Vec::new(),
            model_budget: None,
            has_public_url: true,
            open_files: OpenFiles::default(),
            trusted_proxies: TrustedProxies::default(),
        }
    }

    /// Returns what a channel holds of these items: by each guid those that it stands for.
    fn held_of(stories: &[Story], channel: &str, limit: usize) -> Vec<(String, Vec<String>)> {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        put(&store, stories);
        let plan = plan(channel);
        let taken = taken(&store, &plan, &plan.channels[0], limit).unwrap();
        let guids = |others: &[Story]| others.iter().map(|other| other.guid.clone()).collect();
        taken.iter().map(|t| (t.story.guid.clone(), guids(&t.others))).collect()
    }

    #[track_caller]
    fn check(stories: &[Story], channel: &str, expected: &[(&str, &[&str])]) {
        let expected: Vec<(String, Vec<String>)> = expected
            .iter()
            .map(|(guid, others)| {
                ((*guid).to_owned(), others.iter().map(ToString::to_string).collect())
            })
            .collect();
        assert_eq!(held_of(stories, channel, 50), expected, "{channel}");
    }

    /// Returns the story that `a` told first, then `b`, then `c`, and another one of `d`.
    fn told() -> [Story; 4] {
        let mut stories =
            [story("a", "1", 1), story("b", "2", 2), story("c", "3", 3), story("d", "4", 4)];
        let [first, second, third, _] = &mut stories;
        assert!(first.admit(second) && first.admit(third));
        stories
    }

    const ALL: &str = "from = [\"*\"]\nmerge_stories = true";

    #[test]
    fn a_story_is_one_item_the_first_only_where_a_channel_asks() {
        check(&told(), ALL, &[("4", &[]), ("1", &["2", "3"])]);
        let apart: &[(&str, &[&str])] = &[("4", &[]), ("3", &[]), ("2", &[]), ("1", &[])];
        check(&told(), "from = [\"*\"]", apart);
    }

    #[test]
    fn the_first_that_the_channel_takes_stands_for_those_that_it_takes() {
        let of = |sources: &str| format!("from = [{sources}]\nmerge_stories = true");
        check(&told(), &of("\"b\", \"c\""), &[("2", &["3"])]);
        check(&told(), &of("\"a\", \"c\""), &[("1", &["3"])]);
        check(&told(), &of("\"c\""), &[("3", &[])]);
        let without =
            |word: &str| format!("{ALL}\ndrop = [{{ field = \"title\", term = \"{word}\" }}]");
        check(&told(), &without("of 1"), &[("4", &[]), ("2", &["3"])]);
        check(&told(), &without("of 2"), &[("4", &[]), ("1", &["3"])]);
        let mut stories = told();
        for story in &mut stories[1..] {
            story.brief = Some(BriefId::new("b").unwrap());
        }
        check(&stories, &format!("{ALL}\nonly = \"stored\""), &[("4", &[]), ("2", &["3"])]);
        let mut stories = told();
        stories[0].placement = Placement::Held;
        stories[2].placement = Placement::Waiting(at(9));
        check(&stories, ALL, &[("4", &[]), ("2", &[])]);
    }

    #[test]
    fn what_joins_changes_neither_guid_nor_date_of_the_item_that_stands() {
        let [mut first, ..] = told();
        first.followers.clear();
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        put(&store, &[first.clone()]);
        let plan = plan(ALL);
        let held = || taken(&store, &plan, &plan.channels[0], 1).unwrap().remove(0);
        let alone = held().story;
        for number in 0..40 {
            let mut late = story("b", &format!("late-{number}"), 10 + number);
            first.admit(&mut late);
            put(&store, &[first.clone(), late.clone()]);
            if late.leader.is_none() {
                assert_eq!(held().story.id, late.id, "the story is full: it stands alone");
                continue;
            }
            let now = held();
            assert_eq!((now.story.id, now.story.published), (alone.id, alone.published));
            assert_eq!(now.story.placement, alone.placement);
            assert_eq!(now.others.len(), usize::try_from(number + 1).unwrap());
        }
    }

    #[test]
    fn where_one_end_knows_nothing_of_the_other_both_stand_alone() {
        let [first, second, third, _] = told();
        let alone: &[(&str, &[&str])] = &[("3", &[]), ("2", &[])];
        check(&[second.clone(), third.clone()], ALL, alone);
        let forgot = Story { followers: vec![third.id], ..first.clone() };
        let stories = [forgot, second.clone(), third.clone()];
        check(&stories, ALL, &[("1", &["3"]), ("2", &[])]);
        let came_back = Story { leader: None, ..second.clone() };
        check(&[first.clone(), came_back, third.clone()], ALL, &[("1", &["3"]), ("2", &[])]);
        let follows = Story { leader: Some(third.id), ..first };
        check(&[follows, second, third], ALL, &[("3", &[]), ("2", &[]), ("1", &[])]);
    }

    #[test]
    fn a_document_is_full_and_a_late_report_brings_its_story_back() {
        let mut stories: Vec<Story> =
            (0..20).map(|n| story("a", &format!("a-{n}"), n * 10)).collect();
        for (n, at) in (0..20).zip((5..).step_by(10)) {
            let mut late = story("b", &format!("b-{n}"), at);
            assert!(stories[n].admit(&mut late));
            stories.push(late);
        }
        let mut latest = story("c", "latest", 1000);
        assert!(stories[0].admit(&mut latest));
        stories.push(latest);
        let held = held_of(&stories, ALL, 5);
        let guids: Vec<&str> = held.iter().map(|(guid, _)| guid.as_str()).collect();
        assert_eq!(guids, ["a-0", "a-19", "a-18", "a-17", "a-16"]);
        assert_eq!(held[0].1, ["b-0", "latest"]);
    }

    #[test]
    fn those_that_others_stand_for_keep_only_what_is_said_of_them() {
        let [first, mut second, mut third, _] = told();
        second.article = Some("<p>Long</p>".to_owned());
        third.title = String::new();
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        put(&store, &[first.clone(), second, third]);
        let plan = plan(ALL);
        let Taken { story, others } = taken(&store, &plan, &plan.channels[0], 1).unwrap().remove(0);
        assert_eq!(story, first);
        assert_eq!((others[0].article.as_deref(), others[0].html.as_str()), (None, ""));
        assert_eq!(others[1].html, "<p>Body</p>");
    }
}
