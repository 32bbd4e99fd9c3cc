//! The list of all channels, for programs that subscribe: OPML.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use url::Url;
use xxhash_rust::xxh3::xxh3_128;

use super::{Plan, Served, is_current};
use crate::model::{Outline, Timestamp};
use crate::publish;
use crate::text::html;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/opml", get(list))
}

async fn list(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let body = channels(&served.plan());
    let etag = format!("\"{:032x}\"", xxh3_128(body.as_bytes()));
    let common = [(ETAG, etag.clone()), (CACHE_CONTROL, "public, max-age=300".to_owned())];
    // It has no date, so nothing is known by one.
    if is_current(&headers, &etag, Timestamp::MAX_UTC) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(CONTENT_TYPE, "text/x-opml; charset=utf-8")], body).into_response()
}

/// SECURITY: a channel with a token is listed nowhere.
fn channels(plan: &Plan) -> String {
    let public = plan.channels.iter().filter(|channel| channel.token.is_none());
    let outlines: Vec<Outline> = public
        .filter_map(|channel| {
            Some(Outline {
                id: None,
                title: Some(html::plain_line(&channel.title, false)),
                url: Url::parse(&plan.site.feed(channel)).ok()?,
                site: Some(plan.site.base.clone()),
                tags: Vec::new(),
            })
        })
        .collect();
    publish::opml("briefwire: all channels", &outlines)
}
