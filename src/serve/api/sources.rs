//! `/api/sources`: the configured sources, how they are, and what they are asked.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::contract;
use crate::model::{Command, SourceId};
use crate::serve::{Failure, Served, View, status};

pub(super) async fn list(State(served): State<Arc<Served>>) -> Result<Json<Value>, Failure> {
    Ok(Json(Value::Array(status::sources(&served).await?)))
}

pub(super) async fn get(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let source = served.plan().source(&id).cloned().ok_or(Failure::NotFound("source"))?;
    let id = source.id.clone();
    let read = move |view: &View| {
        let subscription = status::subscriptions(&view.store)?.remove(&id);
        Ok((view.store.state(&id)?, subscription))
    };
    let (state, subscription) = served.read(read).await?;
    let state = served.upcoming.correct(&source, state);
    Ok(Json(contract::source::source(&source, state.as_ref(), subscription.as_ref())))
}

pub(super) async fn poll(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let source = served.plan().source(&id).ok_or(Failure::NotFound("source"))?.id.clone();
    served.order(Command::Poll(source)).await?;
    Ok(Json(json!({ "source": id, "polling": true })))
}

/// Has a source asked no more but by name.
pub(super) async fn pause(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let source = served.plan().source(&id).ok_or(Failure::NotFound("source"))?.id.clone();
    turn(&served, &source, Command::Pause(source.clone())).await
}

pub(super) async fn resume(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let source = served.plan().source(&id).ok_or(Failure::NotFound("source"))?.id.clone();
    turn(&served, &source, Command::Resume(source.clone())).await
}

async fn turn(
    served: &Arc<Served>,
    source: &SourceId,
    command: Command,
) -> Result<Json<Value>, Failure> {
    let reply = served.order(command).await?;
    let since = served.view()?.store.paused(source).map(contract::time);
    Ok(Json(json!({ "source": source.as_str(), "paused": since, "changed": reply.changed })))
}
