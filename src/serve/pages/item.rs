//! `/items/ID`: an item as its brief's sections, with why it has that brief.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::listing::{Turn, is_public, part_of};
use super::{
    FeedLink, Frame, Links, VersionLink, failed, feed_links, missing, page, site_for, version_links,
};
use crate::model::{ItemId, Story};
use crate::publish::{Also, Entry, Place, also_reported, item_article, publish_item};
use crate::serve::items::{Shown, because};
use crate::serve::stories::{members, shows};
use crate::serve::{Served, View};
use crate::store::StoreError;

/// Channels that are named as feeds of the item.
const FEEDS: usize = 5;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/items/{id}", get(item))
}

#[derive(Template)]
#[template(path = "item.html", config = "src/serve/askama.toml")]
struct ItemPage {
    frame: Frame,
    id: String,
    link: String,
    publisher: String,
    creator: Option<String>,
    at: String,
    date: String,
    /// Made by `publish`, which escapes.
    body: String,
    /// Of a long brief.
    part: Option<Turn>,
    feeds: Vec<FeedLink>,
    brief: Option<String>,
    brief_title: String,
    because: &'static str,
    method: &'static str,
    score: String,
    evidence: Vec<String>,
    versions: Vec<VersionLink>,
    origin: String,
    may_act: bool,
}

#[derive(Deserialize)]
struct Asked {
    part: Option<usize>,
}

async fn item(
    State(served): State<Arc<Served>>,
    links: Links,
    Path(id): Path<String>,
    Query(Asked { part }): Query<Asked>,
) -> Response {
    let Some(id) = ItemId::parse(&id) else { return missing("item", &links) };
    let for_page = links.clone();
    match served.read(move |view| view.item_page(id, (&for_page, part))).await {
        Ok(Some(item)) => page(&item),
        Ok(None) => missing("item", &links),
        Err(failure) => failed(failure, &links),
    }
}

impl View {
    fn item_page(
        &self,
        id: ItemId,
        (links, asked): (&Links, Option<usize>),
    ) -> Result<Option<ItemPage>, StoreError> {
        let Some(Shown { story, brief, publisher }) = self.shown(id)? else { return Ok(None) };
        let also = self.also(&story)?;
        let stored = brief.as_ref().map(|stored| &stored.brief);
        let brief = stored.or_else(|| self.plan.generated(&story));
        let entry = Entry { story: &story, brief, publisher: &publisher, also: &also };
        let item = publish_item(&entry, &self.plan.site);
        let lang = brief.and_then(|brief| brief.lang.as_deref()).or(story.lang.as_deref());
        let versions = match stored {
            Some(brief) => version_links(&self.store.earlier_versions(&brief.id)?, brief),
            None => Vec::new(),
        };
        let origin = match brief {
            Some(brief) => format!(
                "No stored brief is on this item. A language model, {}, has written one from the item's text.",
                brief.origin.to_string().trim_start_matches("model ")
            ),
            None => format!(
                "No stored brief is on this item: {}. Its summary and key terms are the publisher's own words.",
                because(story.method)
            ),
        };
        let href = |part| format!("{}/items/{id}?part={part}", links.root);
        let (body, part) = part_of(&item_article(&entry, &item, &links.root), asked, href);
        Ok(Some(ItemPage {
            body,
            part,
            frame: Frame::new(links, item.title).in_language(lang),
            id: id.to_string(),
            link: item.link,
            publisher: publisher.name.clone(),
            creator: item.creator,
            at: story.published.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            date: story.published.format("%Y-%m-%d %H:%M UTC").to_string(),
            feeds: self.feeds_with(&story, links),
            brief: stored.map(|brief| brief.id.to_string()),
            brief_title: stored.map(|brief| brief.title.clone()).unwrap_or_default(),
            because: because(story.method),
            method: story.method.as_str(),
            score: format!("{:.2}", story.score),
            evidence: story.evidence.clone(),
            versions,
            origin,
            may_act: self.plan.token.is_some(),
        }))
    }

    /// Returns who else tells the story, as far as anybody may know it.
    fn also(&self, story: &Story) -> Result<Vec<Also>, StoreError> {
        let mut also = Vec::new();
        for member in members(&self.store, story.clone())? {
            // SECURITY: it may stand in a secret channel alone.
            if member.id != story.id && is_public(&self.plan, &member) {
                let publisher = self.publisher_of(&member)?;
                also.push(also_reported(&member, &publisher, &self.plan.site));
            }
        }
        Ok(also)
    }

    /// Returns the feeds of public channels that show an item.
    fn feeds_with(&self, story: &Story, links: &Links) -> Vec<FeedLink> {
        let site = site_for(self, links);
        let channels = self.plan.channels.iter().filter(|channel| channel.token.is_none());
        let showing = channels.filter(|channel| shows(&self.plan, channel, story)).take(FEEDS);
        let named = showing.flat_map(|channel| {
            let links = feed_links(&site, channel, Place::Current { earlier: None });
            links
                .into_iter()
                .map(|link| FeedLink { name: format!("{} ({})", channel.title, link.name), ..link })
        });
        named.collect()
    }
}
