//! What only the control socket answers: a backup as it is being made, and what is damaged.
//!
//! SECURITY: a backup holds the secrets that are shared with hubs, so it is never sent to the
//! public listener, with a token or without.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Failure, Served};
use crate::store::{Damage, StoreError};

/// A backup is sent in pieces of so many bytes, …
const PIECE_BYTES: usize = 64 << 10;
/// … of which so many wait for whoever reads it, …
const PIECES: usize = 8;
/// … who may take so long over one.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/backup", get(back_up)).route("/store/check", get(check))
}

type Piece = Result<Bytes, StoreError>;

/// Sends a backup; one that breaks off lacks its last line, and the connection breaks too.
async fn back_up(State(served): State<Arc<Served>>) -> Result<Response, Failure> {
    let (store, now) = (served.view()?.store, (served.clock)());
    let (sender, mut pieces) = mpsc::channel(PIECES);
    let made = Made { sender: sender.clone(), runtime: Handle::current() };
    let work = tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE_BYTES, made);
        if let Err(error) = store.back_up(&mut out, now) {
            // Who has gone needs no reason.
            sender.blocking_send(Err(error)).ok();
        }
    });
    let first = match pieces.recv().await {
        Some(Err(error @ StoreError::Busy)) => return Err(Failure::Closed(error.to_string())),
        Some(Err(error)) => return Err(Failure::Store(error)),
        first => first,
    };
    let stream = futures_util::stream::unfold((first, pieces, work), following);
    let body = Body::from_stream(stream);
    Ok(([(CONTENT_TYPE, "application/jsonl")], body).into_response())
}

type Rest = (Option<Piece>, mpsc::Receiver<Piece>, JoinHandle<()>);

async fn following((first, mut pieces, work): Rest) -> Option<(io::Result<Bytes>, Rest)> {
    let next = match first {
        Some(first) => Some(first),
        None => pieces.recv().await,
    };
    let Some(next) = next else {
        // It has sent its last piece.
        work.await.ok();
        return None;
    };
    let next = next.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a backup broke off");
        io::Error::other(error)
    });
    Some((next, (None, pieces, work)))
}

/// Where the pieces of a backup go.
struct Made {
    sender: mpsc::Sender<Piece>,
    runtime: Handle,
}

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.sender.send(Ok(Bytes::copy_from_slice(bytes)));
        match self.runtime.block_on(async { timeout(PATIENCE, sent).await }) {
            Ok(Ok(())) => Ok(bytes.len()),
            Ok(Err(_gone)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_late) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn check(State(served): State<Arc<Served>>) -> Result<Json<Value>, Failure> {
    let checked = served.read(|view| Ok(view.store.check())).await?;
    let trees: serde_json::Map<String, Value> =
        checked.trees.iter().map(|(tree, keys)| ((*tree).to_owned(), json!(keys))).collect();
    let damage = |d: &Damage| json!({ "tree": d.tree, "key": d.key, "what": d.what });
    Ok(Json(json!({
        "trees": trees,
        "damaged": checked.damaged,
        "damages": checked.damages.iter().map(damage).collect::<Vec<_>>(),
    })))
}
