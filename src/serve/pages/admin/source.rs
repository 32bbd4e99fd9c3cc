//! A source: poll it now, pause it, resume it.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::{After, Frame, Links, failed, missing, page, see};
use crate::contract;
use crate::model::{Command, SourceId};
use crate::serve::Served;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new()
        .route("/admin/source", get(named))
        .route("/admin/sources/{id}", get(source))
        .route("/admin/sources/{id}/poll", post(poll))
        .route("/admin/sources/{id}/pause", post(pause))
        .route("/admin/sources/{id}/resume", post(resume))
}

#[derive(Template)]
#[template(path = "admin_source.html", config = "src/serve/askama.toml")]
struct SourcePage {
    frame: Frame,
    id: String,
    title: Option<String>,
    done: Option<&'static str>,
    facts: Vec<(&'static str, String)>,
    is_paused: bool,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// Leads from the form that asks for an id to the source's page.
async fn named(
    State(served): State<Arc<Served>>,
    links: Links,
    Query(asked): Query<Named>,
) -> Response {
    match served.plan().source(asked.id.trim()) {
        Some(source) => {
            Redirect::to(&format!("{}/admin/sources/{}", links.root, source.id)).into_response()
        }
        None => missing("source", &links),
    }
}

async fn source(
    State(served): State<Arc<Served>>,
    links: Links,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Response {
    let Some(source) = served.plan().source(&id).cloned() else { return missing("source", &links) };
    let id = source.id.clone();
    let state = match served.read(move |view| view.store.state(&id)).await {
        Ok(state) => served.upcoming.correct(&source, state),
        Err(failure) => return failed(failure, &links),
    };
    let told = contract::source::source(&source, state.as_ref(), None);
    let text = |name: &str| told.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let names = [
        ("Address", "url"),
        ("Last outcome", "outcome"),
        ("Last asked", "polled"),
        ("Last success", "succeeded"),
        ("Next due", "due"),
        ("Because of", "due_because"),
        ("Paused since", "paused"),
    ];
    let facts = names.into_iter().filter_map(|(words, name)| Some((words, text(name)?)));
    page(&SourcePage {
        frame: Frame::new(&links, source.id.to_string()),
        id: source.id.to_string(),
        title: text("title"),
        done: after.words(),
        facts: facts.collect(),
        is_paused: state.is_some_and(|state| state.paused.is_some()),
    })
}

type Asked = (State<Arc<Served>>, Links, Path<String>);

async fn poll(asked_served: State<Arc<Served>>, links: Links, id: Path<String>) -> Response {
    carry_out((asked_served, links, id), Command::Poll, "poll").await
}

async fn pause(asked_served: State<Arc<Served>>, links: Links, id: Path<String>) -> Response {
    carry_out((asked_served, links, id), Command::Pause, "pause").await
}

async fn resume(asked_served: State<Arc<Served>>, links: Links, id: Path<String>) -> Response {
    carry_out((asked_served, links, id), Command::Resume, "resume").await
}

async fn carry_out(
    (State(served), links, Path(id)): Asked,
    command: fn(SourceId) -> Command,
    done: &str,
) -> Response {
    let Some(id) = served.plan().source(&id).map(|source| source.id.clone()) else {
        return missing("source", &links);
    };
    match served.order(command(id.clone())).await {
        Ok(_) => see(&links, &format!("/admin/sources/{id}"), done),
        Err(failure) => failed(failure, &links),
    }
}
