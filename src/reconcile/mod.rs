//! A parsed feed against what is known: new, changed or unchanged items, and which of the new
//! ones subscribers see.
//!
//! Pure. It does not look anything up: the caller gives what the store knows of each guid.
//! Which brief an item gets, and what is extracted from it, comes later.

mod draft;
mod filter;
mod placement;

pub use draft::{Draft, drafts};
pub use filter::{Dropped, dropped, passes};
pub use placement::{Arrival, place};

use crate::model::{ItemId, Story, Timestamp};
use crate::text::fold;

/// What the store knows of a guid that a source lists.
#[derive(Debug, Clone)]
pub struct Seen<'k> {
    /// The item's own key.
    pub id: ItemId,
    /// The date it was first published with.
    pub published: Timestamp,
    /// When we first saw it.
    pub first_seen: Timestamp,
    /// The item, if it is still stored.
    pub story: Option<&'k Story>,
}

/// What a listed item is to us.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Never seen, or seen and forgotten.
    New(Box<Story>),
    /// Known, and the publisher says something else now.
    Changed(Box<Story>),
    /// Known, and the same.
    Unchanged,
}

/// Compares a listed item with what is known of it.
///
/// A changed item keeps id, date, placement, brief, its place in a story, and its article while its
/// address stands; they are matched anew by the caller.
pub fn compare(draft: Draft, seen: Option<&Seen<'_>>) -> Verdict {
    match seen.map(|seen| (seen, seen.story)) {
        None => Verdict::New(Box::new(draft.story)),
        Some((_, Some(known))) if known.content == draft.story.content => Verdict::Unchanged,
        Some((seen, known)) => {
            let mut story = draft.story;
            story.id = seen.id;
            story.published = seen.published;
            story.first_seen = seen.first_seen;
            let Some(known) = known else { return Verdict::New(Box::new(story)) };
            story.placement = known.placement;
            if story.url == known.url {
                story.article.clone_from(&known.article);
            }
            story.brief.clone_from(&known.brief);
            story.method = known.method;
            story.score = known.score;
            story.evidence.clone_from(&known.evidence);
            story.stay_in_story(known);
            Verdict::Changed(Box::new(story))
        }
    }
}

/// Returns whether a known item of the same source and address is the listed one under a guid
/// that its publisher has changed.
///
/// Only the same headline says so: there are feeds whose items all have one address.
pub fn is_same_under_another_guid(draft: &Draft, known: &Story, listed: &[String]) -> bool {
    let title = |text: &str| text.split_whitespace().map(fold).collect::<Vec<_>>();
    !known.title.is_empty()
        && title(&known.title) == title(&draft.story.title)
        && !listed.contains(&known.guid)
}
