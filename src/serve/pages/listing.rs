//! Items in lists: what is said of one in a line, which of them the public sees, and lists by the page.

use std::collections::HashMap;

use crate::model::{Only, SourceId, Story};
use crate::publish::{Entry, Publisher, publish_item, shorten};
use crate::serve::stories::shows;
use crate::serve::{Plan, View};
use crate::store::{Listed, StoreError};
use crate::text::{direction, html};

/// Of an article on one page; with the longest lists beside it the page has less than 100 KB.
const PART_BYTES: usize = 40_000;
/// A title in a list is a line to know the item by.
const TITLE_CHARS: usize = 200;
const PUBLISHER_CHARS: usize = 80;

/// An item in a list.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Row {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) publisher: String,
    pub(super) at: String,
    pub(super) date: String,
    pub(super) lang: Option<String>,
    pub(super) is_briefed: bool,
    /// Why it has the brief.
    pub(super) why: Option<String>,
}

impl Row {
    pub(super) fn dir(&self) -> &'static str {
        self.lang.as_deref().map_or("ltr", direction)
    }
}

/// Which page of a list it is, and where the others are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) struct Turn {
    /// From 1.
    pub(super) page: usize,
    pub(super) of: usize,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

impl Turn {
    /// Returns the place in a list of `all` entries, `each` a page, and the number of the first entry;
    /// none where all stand on one page. A page beyond the last is the last.
    pub(super) fn of(
        asked: Option<usize>,
        (all, each): (usize, usize),
        href: impl Fn(usize) -> String,
    ) -> (Option<Self>, usize) {
        let of = all.div_ceil(each.max(1)).max(1);
        let page = asked.unwrap_or(1).clamp(1, of);
        let turn = Self {
            page,
            of,
            before: (page > 1).then(|| href(page - 1)),
            after: (page < of).then(|| href(page + 1)),
        };
        ((of > 1).then_some(turn), (page - 1) * each)
    }
}

/// Returns the part of an article that is asked for, so that no page is large, and the place of
/// that part among the others where there are any.
pub(super) fn part_of(
    article: &str,
    asked: Option<usize>,
    href: impl Fn(usize) -> String,
) -> (String, Option<Turn>) {
    let mut parts = html::parts(article, PART_BYTES);
    let (turn, index) = Turn::of(asked, (parts.len(), 1), href);
    (parts.swap_remove(index.min(parts.len().saturating_sub(1))), turn)
}

impl View {
    /// Returns what lists say of items.
    pub(super) fn rows<'s>(
        &self,
        stories: impl IntoIterator<Item = &'s Story>,
        why: impl Fn(&Story) -> Option<String>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut publishers: HashMap<SourceId, Publisher> = HashMap::new();
        let mut rows = Vec::new();
        for story in stories {
            if !publishers.contains_key(&story.source) {
                publishers.insert(story.source.clone(), self.publisher_of(story)?);
            }
            let Some(publisher) = publishers.get(&story.source) else { continue };
            let entry = Entry { story, brief: None, publisher, also: &[] };
            let item = publish_item(&entry, &self.plan.site);
            rows.push(Row {
                id: story.id.to_string(),
                title: shorten(&item.title, TITLE_CHARS),
                publisher: shorten(&publisher.name, PUBLISHER_CHARS),
                at: story.published.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
                date: story.published.format("%Y-%m-%d %H:%M UTC").to_string(),
                lang: story.lang.clone(),
                is_briefed: story.brief.is_some(),
                why: why(story),
            });
        }
        Ok(rows)
    }

    /// Returns the newest items that public channels show and `accept` takes, at most so many of the
    /// newest [`MAX_LOOKED_AT`](crate::store::MAX_LOOKED_AT).
    pub(super) fn public_items(
        &self,
        limit: usize,
        accept: &dyn Fn(&Story) -> bool,
    ) -> Result<Vec<Story>, StoreError> {
        let listed = Listed { sources: None, only: Only::Any, shown: true, limit };
        let accept = |story: &Story| accept(story) && is_public(&self.plan, story);
        self.store.newest_accepted(&listed, &accept)
    }
}

/// SECURITY: what only channels with a token show is on no list that anybody can read.
pub(super) fn is_public(plan: &Plan, story: &Story) -> bool {
    plan.channels.iter().any(|channel| channel.token.is_none() && shows(plan, channel, story))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_pages_where_it_is_long() {
        let turn = |asked, all| Turn::of(asked, (all, 10), |page| format!("?page={page}"));
        assert_eq!(turn(None, 10), (None, 0));
        assert_eq!(turn(Some(7), 0), (None, 0));
        let (first, from) = turn(None, 21);
        let expected = Turn { page: 1, of: 3, before: None, after: Some("?page=2".to_owned()) };
        assert_eq!((first, from), (Some(expected), 0));
        let (last, from) = turn(Some(99), 21);
        let expected = Turn { page: 3, of: 3, before: Some("?page=2".to_owned()), after: None };
        assert_eq!((last, from), (Some(expected), 20));
    }
}
