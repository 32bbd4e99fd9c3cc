//! `/`: the channels with their newest items, and how to subscribe.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::listing::{Row, Turn};
use super::{FeedLink, Frame, Links, failed, feed_links, page, site_for};
use crate::model::Channel;
use crate::publish::Place;
use crate::serve::stories::taken;
use crate::serve::{Served, View};
use crate::store::StoreError;

/// Items of each channel.
const PREVIEW: usize = 5;
/// Channels on a page.
const CHANNELS: usize = 20;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/", get(channels))
}

#[derive(Deserialize)]
struct Asked {
    page: Option<usize>,
}

#[derive(Template)]
#[template(path = "start.html", config = "src/serve/askama.toml")]
struct Start {
    frame: Frame,
    channels: Vec<Shown>,
    turn: Option<Turn>,
}

struct Shown {
    id: String,
    title: String,
    description: Option<String>,
    feeds: Vec<FeedLink>,
    rows: Vec<Row>,
}

async fn channels(
    State(served): State<Arc<Served>>,
    links: Links,
    Query(asked): Query<Asked>,
) -> Response {
    let for_page = links.clone();
    match served.read(move |view| start(view, &for_page, asked.page)).await {
        Ok(start) => page(&start),
        Err(failure) => failed(failure, &links),
    }
}

fn start(view: &View, links: &Links, asked: Option<usize>) -> Result<Start, StoreError> {
    // SECURITY: a channel with a token is listed nowhere.
    let public: Vec<&Channel> =
        view.plan.channels.iter().filter(|channel| channel.token.is_none()).collect();
    let href = |number| format!("{}/?page={number}", links.root);
    let (turn, from) = Turn::of(asked, (public.len(), CHANNELS), href);
    let site = site_for(view, links);
    let mut channels = Vec::new();
    for channel in public.into_iter().skip(from).take(CHANNELS) {
        let taken = taken(&view.store, &view.plan, channel, PREVIEW)?;
        channels.push(Shown {
            id: channel.id.to_string(),
            title: channel.title.clone(),
            description: channel.description.clone(),
            feeds: feed_links(&site, channel, Place::Current { earlier: None }),
            rows: view.rows(taken.iter().map(|taken| &taken.story), |_| None)?,
        });
    }
    let frame = Frame { here: "channels", ..Frame::new(links, "briefwire: channels") };
    Ok(Start { frame, channels, turn })
}
