//! `/terms/TERM`: the newest items that have a key term.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use super::listing::Row;
use super::{FeedLink, Frame, Links, failed, feed_links, missing, page, site_for};
use crate::publish::Place;
use crate::serve::stories::shows;
use crate::serve::{Served, View};
use crate::store::StoreError;

const ITEMS: usize = 50;
const MAX_TERM_CHARS: usize = 100;
/// Channels whose feed of the term is offered.
const FEEDS: usize = 10;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/terms/{term}", get(term))
}

#[derive(Template)]
#[template(path = "term.html", config = "src/serve/askama.toml")]
struct TermPage {
    frame: Frame,
    term: String,
    /// As it stands in a query.
    query: String,
    rows: Vec<Row>,
    feeds: Vec<FeedLink>,
}

async fn term(
    State(served): State<Arc<Served>>,
    links: Links,
    Path(term): Path<String>,
) -> Response {
    let term = term.split_whitespace().collect::<Vec<_>>().join(" ");
    if term.is_empty() || term.chars().count() > MAX_TERM_CHARS {
        return missing("term", &links);
    }
    let for_page = links.clone();
    match served.search(move |view| view.term_page(term, &for_page)).await {
        Ok(page_of_term) => page(&page_of_term),
        Err(failure) => failed(failure, &links),
    }
}

impl View {
    fn term_page(&self, term: String, links: &Links) -> Result<TermPage, StoreError> {
        let sought = term.to_lowercase();
        let stories = self.public_items(ITEMS, &|story| self.is_about(story, &sought))?;
        let site = site_for(self, links);
        let public = self.plan.channels.iter().filter(|channel| channel.token.is_none());
        let holding =
            public.filter(|channel| stories.iter().any(|story| shows(&self.plan, channel, story)));
        let feeds = holding.take(FEEDS).filter_map(|channel| {
            let first = feed_links(&site, channel, Place::Term(&term)).into_iter().next()?;
            Some(FeedLink { name: format!("{} in {}", term, channel.title), ..first })
        });
        Ok(TermPage {
            frame: Frame::new(links, format!("{term}: items")),
            query: url::form_urlencoded::byte_serialize(term.as_bytes()).collect(),
            feeds: feeds.collect(),
            rows: self.rows(&stories, |_| None)?,
            term,
        })
    }
}
