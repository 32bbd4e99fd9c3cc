//! Whether it lives, whether it is ready, and what it counts.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Served;

/// The text format of Prometheus and `OpenMetrics`.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/healthz", get(|| async { "alive\n" })).route("/readyz", get(ready))
}

pub(super) fn metrics() -> Router<Arc<Served>> {
    Router::new().route("/metrics", get(print_metrics))
}

async fn ready(State(served): State<Arc<Served>>) -> Response {
    if let Some(why) = served.unready() {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response();
    }
    // Ready all the same: what a rebuild did not bring is lost, or comes with the polls.
    let now = (served.clock)();
    match served.read(move |view| view.store.rebuilt(now)).await {
        Ok(Some(rebuilt)) => format!("ready; {rebuilt}\n").into_response(),
        _ => "ready\n".into_response(),
    }
}

async fn print_metrics(State(served): State<Arc<Served>>) -> Response {
    // A store that is closed or cannot tell leaves its last figures standing.
    let measured = served.read(|view| {
        Ok((view.store.counts(), view.store.size_on_disk()?, view.store.logical_bytes()))
    });
    if let Ok((counts, on_disk, logical)) = measured.await {
        served.metrics.measure_store(counts, on_disk, logical);
    }
    let hub = served.announcing.told().map_or(0, |announced| announced.waiting);
    let model = served.asking.told().map_or(0, |asked| asked.waiting);
    for (queue, depth) in [("changes", served.waiting_changes()), ("hub", hub), ("model", model)] {
        served.metrics.measure_depth(queue, depth);
    }
    ([(CONTENT_TYPE, METRICS)], served.metrics.print()).into_response()
}

/// Counts every answer of the public listener by the kind of page and its status.
pub(super) async fn count(
    State(served): State<Arc<Served>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    served.metrics.request(kind(path.as_deref()), response.status().as_u16());
    response
}

/// Returns a small closed set of names, whatever strangers ask for.
fn kind(route: Option<&str>) -> &'static str {
    let Some(route) = route else { return "other" };
    match route.split('/').nth(1).unwrap_or_default() {
        "feeds" => "feed",
        "" | "items" | "briefs" | "terms" | "search" | "opml" => "page",
        "admin" => "admin",
        "api" => "api",
        "websub" => "websub",
        "status" | "status.xml" => "status",
        "metrics" => "metrics",
        "healthz" | "readyz" => "health",
        _ => "other",
    }
}

impl Served {
    /// Returns why it is not ready, if it is not: the store is not open or does not take
    /// changes, or a channel has no document.
    pub(super) fn unready(&self) -> Option<String> {
        let trouble = self.condition.words();
        if !trouble.is_empty() {
            return Some(format!("degraded: {trouble}"));
        }
        if self.view().is_err() {
            return Some("the store is being opened".to_owned());
        }
        if !self.is_rendered.load(Ordering::Relaxed) {
            return Some("the channels are being rendered".to_owned());
        }
        let plan = self.plan();
        let missing = plan.channels.iter().find(|c| self.documents.get(&c.id).is_none());
        missing.map(|channel| format!("channel `{}` has no document yet", channel.id))
    }
}
