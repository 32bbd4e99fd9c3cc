//! What pages and the API read of items: the story, its brief, its publisher.

use super::material::publisher_of;
use super::{Plan, View};
use crate::contract;
use crate::model::{BriefId, FeedFacts, ItemId, Method, Only, Origin, Source, Story};
use crate::publish::{Publisher, has_term};
use crate::store::{Listed, StoreError, StoredBrief};
use crate::text::html;

/// Words of an item's lead that `items --json` prints.
const LEAD_WORDS: usize = 90;

/// An item with all that is shown around it.
pub(super) struct Shown {
    pub(super) story: Story,
    pub(super) brief: Option<StoredBrief>,
    pub(super) publisher: Publisher,
}

impl View {
    pub(super) fn shown(&self, id: ItemId) -> Result<Option<Shown>, StoreError> {
        let Some(story) = self.store.story(id)? else { return Ok(None) };
        let brief = match &story.brief {
            Some(id) => self.store.brief(id)?,
            None => None,
        };
        let publisher = self.publisher_of(&story)?;
        Ok(Some(Shown { story, brief, publisher }))
    }

    /// Returns whether an item has a key term, which is given in lower case.
    pub(super) fn is_about(&self, story: &Story, term: &str) -> bool {
        let of_brief = |id: &BriefId| {
            self.store.brief(id).ok().flatten().is_some_and(|stored| has_term(&stored.brief, term))
        };
        match (&story.brief, self.plan.generated(story)) {
            (Some(id), _) => of_brief(id),
            (None, Some(brief)) => has_term(brief, term),
            (None, None) => story.key_terms.iter().any(|known| known.term.to_lowercase() == term),
        }
    }

    pub(super) fn publisher_of(&self, story: &Story) -> Result<Publisher, StoreError> {
        publisher_of(&self.store, &self.plan, &story.source)
    }
}

/// Returns the newest items whatever their placement.
pub(super) fn newest(view: &View, limit: usize) -> Result<Vec<Story>, StoreError> {
    view.store.newest(&Listed { sources: None, only: Only::Any, shown: false, limit })
}

/// Returns why an item has the brief that it has, or none.
pub(super) fn because(method: Method) -> &'static str {
    match method {
        Method::Pin => "a pin names the item",
        Method::Url => "the brief and the item have one canonical URL",
        Method::Guid => "the brief names the publisher's guid",
        Method::Excerpt => "the brief's original post stands in the item",
        Method::Text => "the words of both agree; the evidence stands in both",
        Method::Ambiguous => "two briefs lie too close together to choose",
        Method::Blocked => "the only brief that is near is blocked for this item",
        Method::Lang => "the only brief that is near is in another language",
        Method::None => "no stored brief is near enough",
    }
}

/// Returns an item as `items --json` prints it.
pub(super) fn item_json(plan: &Plan, story: &Story) -> serde_json::Value {
    let lead = html::plain(story.lead.as_deref().unwrap_or(&story.html));
    let lead: Vec<&str> = lead.split_whitespace().take(LEAD_WORDS).collect();
    let generated = plan.generated(story).map(|brief| &brief.origin);
    let origin = if story.brief.is_some() { Origin::Stored } else { Origin::Extracted };
    let origin = generated.unwrap_or(&origin).to_string();
    contract::item::item(story, &origin, &plan.site.guid(story.id), &lead.join(" "))
}

/// Returns what documents say of a source: its name, its site, its feed if that is public.
///
/// SECURITY: see [`Source::is_secret`].
pub fn publisher(source: Option<&Source>, id: &str, facts: &FeedFacts) -> Publisher {
    let web = |url: &Option<String>| url.as_deref().and_then(html::web);
    let own = web(&facts.self_link).filter(|url| !url.contains(['?', '@']));
    // Of a file its self link is what the publisher says in public, wherever the copy came from.
    let own = own.filter(|_| source.is_some_and(|source| !source.is_secret()));
    let link = web(&facts.link);
    let named = source.and_then(|source| source.title.clone()).or_else(|| facts.title.clone());
    Publisher {
        name: named.filter(|name| !name.is_empty()).unwrap_or_else(|| id.to_owned()),
        feed: own.or_else(|| link.clone()),
        link,
        rights: facts.rights.clone().filter(|rights| !rights.is_empty()),
    }
}
