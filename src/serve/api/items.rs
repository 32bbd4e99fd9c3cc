//! `/api/items`: what is stored of items, and why one has its brief.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::item_id;
use crate::briefs;
use crate::serve::items::{because, item_json, newest};
use crate::serve::{Failure, Served};

/// More are not listed in one answer.
const MAX_ITEMS: usize = 100_000;

#[derive(Deserialize)]
pub(super) struct Wanted {
    limit: Option<u32>,
}

pub(super) async fn list(
    State(served): State<Arc<Served>>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Failure> {
    let limit = super::at_most(wanted.limit).min(MAX_ITEMS);
    let items = served
        .read(move |view| {
            let stories = newest(view, limit)?;
            Ok(stories.iter().map(|story| item_json(&view.plan, story)).collect())
        })
        .await?;
    Ok(Json(Value::Array(items)))
}

pub(super) async fn get(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let id = item_id(&id)?;
    let found = served.read(move |view| view.store.story(id)).await?;
    let story = found.ok_or(Failure::NotFound("item"))?;
    let plan = served.plan();
    let mut told = item_json(&plan, &story);
    if let (Some(fields), Some(brief)) = (told.as_object_mut(), plan.generated(&story)) {
        fields.insert("generated_brief".to_owned(), briefs::to_json(brief));
    }
    Ok(Json(told))
}

/// Tells why an item has the brief it has, or none.
pub(super) async fn why(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let id = item_id(&id)?;
    let shown = served.read(move |view| view.shown(id)).await?;
    let shown = shown.ok_or(Failure::NotFound("item"))?;
    let mut told = item_json(&served.plan(), &shown.story);
    let because = because(shown.story.method);
    if let Some(fields) = told.as_object_mut() {
        fields.insert("because".to_owned(), json!(because));
        let title = shown.brief.as_ref().map(|stored| stored.brief.title.clone());
        fields.insert("brief_title".to_owned(), json!(title));
    }
    Ok(Json(told))
}
