//! `/api/pins` and `/api/blocks`: a person's word on one item and one brief.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::Value;

use super::briefs::told;
use super::{brief_id, item_id};
use crate::model::Command;
use crate::serve::{Failure, Served};

pub(super) async fn pin(
    State(served): State<Arc<Served>>,
    Path((item, brief)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    let (item, brief) = (item_id(&item)?, brief_id(brief)?);
    let reply = served.order(Command::Pin { item, brief: brief.clone() }).await?;
    Ok(Json(told(&brief, &reply)))
}

pub(super) async fn block(
    State(served): State<Arc<Served>>,
    Path((item, brief)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    let (item, brief) = (item_id(&item)?, brief_id(brief)?);
    let reply = served.order(Command::Block { item, brief: brief.clone() }).await?;
    Ok(Json(told(&brief, &reply)))
}

pub(super) async fn unpin(
    State(served): State<Arc<Served>>,
    Path((item, brief)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    unrule(&served, &item, brief, true).await
}

pub(super) async fn unblock(
    State(served): State<Arc<Served>>,
    Path((item, brief)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    unrule(&served, &item, brief, false).await
}

async fn unrule(
    served: &Arc<Served>,
    item: &str,
    brief: String,
    pinned: bool,
) -> Result<Json<Value>, Failure> {
    let (item, brief) = (item_id(item)?, brief_id(brief)?);
    let command = Command::Unrule { item, brief: brief.clone(), pinned };
    let reply = served.order(command).await?;
    Ok(Json(told(&brief, &reply)))
}
