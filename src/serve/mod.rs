//! HTTP: documents, pages, API.
//!
//! A channel's current document is served from memory alone, so no poll can slow a subscriber.
//! Pages and the API read the store on blocking threads behind a permit count; every change is a
//! command that is sent to the writer and answered when it is durable.

mod api;
mod auth;
mod documents;
mod html;
mod items;
mod pages;
mod status;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::model::{Channel, Command, CommandError, Reply, Source, Timestamp};
use crate::publish::Site;
use crate::store::{Store, StoreError};

pub use documents::Documents;
pub use items::publisher;

/// Pages and API calls that read the store at once.
const READERS: usize = 16;

/// A command on its way to the writer, and where its answer goes.
#[derive(Debug)]
pub struct Order {
    /// What is asked.
    pub command: Command,
    /// Answered when it is durable.
    pub answer: oneshot::Sender<Result<Reply, CommandError>>,
}

/// Brief files that were refused, with line and reason.
pub type Refusals = Mutex<BTreeMap<PathBuf, Vec<String>>>;

/// What is served.
pub struct Served {
    /// The open store.
    pub store: Arc<Store>,
    /// The channels' current documents.
    pub documents: Arc<Documents>,
    /// To the writer.
    pub orders: mpsc::Sender<Order>,
    /// Where it is published.
    pub site: Site,
    /// Configured sources.
    pub sources: Vec<Source>,
    /// Configured channels.
    pub channels: Vec<Channel>,
    /// The bearer token of the API; without one it answers on the control socket only.
    pub token: Option<String>,
    /// Whether `/status` needs the token.
    pub guards_status: bool,
    /// Brief files that were refused.
    pub refusals: Arc<Refusals>,
    /// The last store error, while it lasts.
    pub trouble: Arc<Mutex<Option<String>>>,
    /// The clock; read by the daemon's rules.
    pub clock: fn() -> Timestamp,
    /// Pages and API calls that read the store at once.
    pub readers: Semaphore,
}

impl Served {
    /// Returns as many permits as may read the store at once.
    pub fn permits() -> Semaphore {
        Semaphore::new(READERS)
    }

    /// Reads the store on a blocking thread, when a permit is free.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        let _permit = self.readers.acquire().await.map_err(|_closed| Failure::Stopping)?;
        let served = Arc::clone(self);
        let asked = tokio::task::spawn_blocking(move || ask(&served)).await;
        asked.map_err(|_panic| Failure::Stopping)?.map_err(Failure::Store)
    }

    /// Sends a command to the writer and waits until it is durable.
    async fn order(&self, command: Command) -> Result<Reply, Failure> {
        let (answer, answered) = oneshot::channel();
        let stopping = |_closed| Failure::Refused(CommandError::Stopping);
        self.orders.send(Order { command, answer }).await.map_err(|_closed| Failure::Stopping)?;
        answered.await.map_err(stopping)?.map_err(Failure::Refused)
    }

    fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id.as_str() == id)
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why a request gets no answer of its own.
#[derive(Debug)]
enum Failure {
    /// The store failed.
    Store(StoreError),
    /// The writer refused.
    Refused(CommandError),
    /// The request is wrong: what is, and what is accepted.
    Wrong(String),
    /// There is nothing of that name.
    NotFound(&'static str),
    /// The daemon is stopping.
    Stopping,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Store(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot read the store");
                (StatusCode::INTERNAL_SERVER_ERROR, "the store cannot be read".to_owned())
            }
            Self::Refused(error) => {
                let status = match error {
                    CommandError::NotFound { .. } => StatusCode::NOT_FOUND,
                    CommandError::OwnedByFile { .. } => StatusCode::CONFLICT,
                    CommandError::Store(_) | CommandError::Stopping => {
                        StatusCode::SERVICE_UNAVAILABLE
                    }
                };
                (status, error.to_string())
            }
            Self::Wrong(message) => (StatusCode::BAD_REQUEST, message),
            Self::NotFound(what) => (StatusCode::NOT_FOUND, format!("there is no such {what}")),
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping".to_owned()),
        };
        (status, axum::Json(serde_json::json!({ "error": message }))).into_response()
    }
}

/// Returns the routes of the public listener.
pub fn public(served: Arc<Served>) -> Router {
    let api = api::routes()
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&served), auth::require_token));
    let status = status::routes().layer(axum::middleware::from_fn_with_state(
        Arc::clone(&served),
        auth::require_token_for_status,
    ));
    Router::new()
        .merge(documents::routes())
        .merge(pages::routes())
        .merge(status)
        .nest("/api", api)
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page\n") })
        .layer(axum::middleware::from_fn(auth::harden))
        .with_state(served)
}

/// Returns the routes of the control socket: the API, without a token.
///
/// SECURITY: who can open the socket (mode 0600) is the daemon's own user.
pub fn control(served: Arc<Served>) -> Router {
    Router::new().nest("/api", api::routes()).with_state(served)
}

/// Ready is: the store took the last change, and every channel has a document.
async fn ready(State(served): State<Arc<Served>>) -> Response {
    if let Some(trouble) = served.trouble() {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("degraded: {trouble}\n")).into_response();
    }
    let missing =
        served.channels.iter().find(|channel| served.documents.get(&channel.id).is_none());
    match missing {
        Some(channel) => {
            let text = format!("channel `{}` has no document yet\n", channel.id);
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
        None => "ready\n".into_response(),
    }
}
