//! HTTP: documents, pages, API.
//!
//! A channel's current document is served from memory alone, so no poll can slow a subscriber.
//! Pages and the API read the store on blocking threads behind a permit count; every change is a
//! command that is sent to the writer and answered when it is durable.

mod api;
mod archive;
mod auth;
mod client;
mod condition;
mod deltas;
mod documents;
mod entrance;
mod further;
mod health;
mod items;
mod material;
mod opml;
mod pace;
mod pages;
mod ready;
mod shelf;
mod status;
mod stories;
mod troubles;
mod upcoming;
mod upkeep;
mod websub;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::model::{
    Brief, Channel, Command, CommandError, Reloaded, Reply, Secret, Source, Story, Timestamp,
    TrustedProxies,
};
use crate::publish::Site;
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;

pub use archive::{Open, PageName, finished, on_page, open_items};
pub use client::Client;
pub use condition::{
    Announcing, Asking, Backups, Concern, Condition, Share, Shares, Vanished, Watched,
};
pub use documents::{Documents, OpenFiles};
pub use entrance::Entrance;
pub use further::Kept;
pub use items::publisher;
pub use material::Material;
pub use ready::{Prompt, is_current};
pub use shelf::Shelf;
pub use stories::{Taken, taken};
pub use upcoming::Upcoming;
pub use websub::{Callbacks, HubCall};

/// Pages and API calls that read the store at once.
const READERS: usize = 16;
/// Of them, pages that look through many items.
const SEARCHES: usize = 2;

/// A command on its way to the writer, and where its answer goes.
#[derive(Debug)]
pub struct Order {
    /// What is asked.
    pub command: Command,
    /// Answered when it is durable.
    pub answer: oneshot::Sender<Result<Reply, CommandError>>,
}

/// A wish to read the configuration again, and where the account of it goes.
pub type ReloadOrder = oneshot::Sender<Reloaded>;

/// The configuration that requests are answered by; swapped whole at a reload.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where it is published.
    pub site: Site,
    /// Configured sources.
    pub sources: Vec<Source>,
    /// Configured channels.
    pub channels: Vec<Channel>,
    /// The bearer token of the API; without one it answers on the control socket only.
    pub token: Option<Secret>,
    /// The largest delivery of a hub, in bytes.
    pub max_delivery: u64,
    /// Whether briefs that a language model made are shown.
    pub shows_generated: bool,
    /// Where documents lie on disk.
    pub shelf: Shelf,
    /// Paths that need the token: of `/status` and `/metrics`.
    pub guarded: Vec<&'static str>,
    /// The most that the language model may cost a day: requests, tokens.
    pub model_budget: Option<(u64, u64)>,
    /// Whether the operator has written down the address of the site.
    pub has_public_url: bool,
    /// The documents that anybody may read.
    pub open_files: OpenFiles,
    /// Who is believed on who asks.
    pub trusted_proxies: TrustedProxies,
}

impl Plan {
    /// Returns the brief that a language model made of an item, where one is shown.
    pub fn generated<'s>(&self, story: &'s Story) -> Option<&'s Brief> {
        story.generated_brief().filter(|_| self.shows_generated)
    }

    /// Returns the site's own path, without a slash at its end: `""` or `"/news"`.
    fn prefix(&self) -> &str {
        self.site.base.path().trim_end_matches('/')
    }

    fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id.as_str() == id)
    }
}

/// What is served, and the way to those who change it.
pub struct Served {
    /// The channels' current documents.
    pub documents: Arc<Documents>,
    /// Documents that were asked for beside the current ones.
    pub(crate) kept: Kept,
    /// To the writer.
    pub orders: mpsc::Sender<Order>,
    /// To whoever reads the configuration again.
    pub reloads: mpsc::Sender<ReloadOrder>,
    /// To whoever deals with hubs.
    pub hub_calls: mpsc::Sender<HubCall>,
    /// The callbacks that hubs know.
    pub callbacks: Callbacks,
    /// The watched directory of briefs.
    pub watched: Arc<Watched>,
    /// What is wrong right now.
    pub condition: Arc<Condition>,
    /// How the backups go that are made by themselves.
    pub backups: Backups,
    /// How it goes with the language model that is asked.
    pub asking: Asking,
    /// How it goes with the hub that is told of changed documents.
    pub announcing: Announcing,
    /// What the channels' documents hold.
    pub shares: Shares,
    /// Due times that hold for this process only.
    pub upcoming: Upcoming,
    /// What `/metrics` tells.
    pub metrics: Arc<Metrics>,
    /// The clock; read by the daemon's rules.
    pub clock: fn() -> Timestamp,
    /// What clients have done lately.
    pace: pace::Pace,
    store: RwLock<Option<Arc<Store>>>,
    /// Whether every channel was rendered from the open store.
    is_rendered: AtomicBool,
    plan: RwLock<Arc<Plan>>,
    readers: Semaphore,
    searches: Semaphore,
    /// When troubles were first told of, by their ids.
    troubles_told: Mutex<HashMap<String, Timestamp>>,
}

/// What [`Served`] is made of, beside what has a beginning of its own.
pub struct Parts {
    /// See [`Served::orders`].
    pub orders: mpsc::Sender<Order>,
    /// See [`Served::reloads`].
    pub reloads: mpsc::Sender<ReloadOrder>,
    /// See [`Served::hub_calls`].
    pub hub_calls: mpsc::Sender<HubCall>,
    /// See [`Served::metrics`].
    pub metrics: Arc<Metrics>,
    /// See [`Served::clock`].
    pub clock: fn() -> Timestamp,
    /// The configuration at first.
    pub plan: Plan,
}

impl Served {
    /// Returns what is served before the store is open: nothing but documents.
    pub fn new(parts: Parts) -> Self {
        Self {
            documents: Arc::default(),
            kept: Kept::default(),
            orders: parts.orders,
            reloads: parts.reloads,
            hub_calls: parts.hub_calls,
            callbacks: Callbacks::default(),
            watched: Arc::default(),
            condition: Arc::default(),
            backups: Backups::default(),
            asking: Asking::default(),
            announcing: Announcing::default(),
            shares: Shares::default(),
            upcoming: Upcoming::default(),
            metrics: parts.metrics,
            clock: parts.clock,
            pace: pace::Pace::default(),
            store: RwLock::new(None),
            is_rendered: AtomicBool::new(false),
            plan: RwLock::new(Arc::new(parts.plan)),
            readers: Semaphore::new(READERS),
            searches: Semaphore::new(SEARCHES),
            troubles_told: Mutex::default(),
        }
    }

    /// Returns the configuration in force.
    pub fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns how many changes wait for the writer.
    fn waiting_changes(&self) -> usize {
        self.orders.max_capacity().saturating_sub(self.orders.capacity())
    }

    /// Answers by another configuration from now on.
    pub fn follow(&self, plan: Plan) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
        // They say what the plan before said of their channels.
        self.kept.clear();
    }

    /// Says that every channel was rendered from the open store: it is ready.
    pub fn ready(&self) {
        self.is_rendered.store(true, Ordering::Relaxed);
    }

    /// Reads from this store from now on, or from none while it is closed.
    pub fn attach(&self, store: Option<Arc<Store>>) {
        self.is_rendered.store(false, Ordering::Relaxed);
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = store;
    }

    fn view(&self) -> Result<View, Failure> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner).clone();
        let store = store.ok_or_else(|| Failure::Closed(self.condition.words()))?;
        Ok(View { store, plan: self.plan() })
    }

    /// Reads the store on a blocking thread, when a permit is free.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&View) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        let _permit = self.readers.acquire().await.map_err(|_closed| Failure::Stopping)?;
        let view = self.view()?;
        let asked = tokio::task::spawn_blocking(move || ask(&view)).await;
        asked.map_err(|_panic| Failure::Stopping)?.map_err(Failure::Store)
    }

    /// Sends a command to the writer and waits until it is durable.
    async fn order(&self, command: Command) -> Result<Reply, Failure> {
        // Without a store nobody takes it; better said at once than after a wait.
        self.view()?;
        let (answer, answered) = oneshot::channel();
        let stopping = |_closed| Failure::Refused(CommandError::Stopping);
        self.orders.send(Order { command, answer }).await.map_err(|_closed| Failure::Stopping)?;
        answered.await.map_err(stopping)?.map_err(Failure::Refused)
    }
}

/// What one request sees: the store and the configuration, which may be swapped meanwhile.
struct View {
    store: Arc<Store>,
    plan: Arc<Plan>,
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
    /// A document is refused; the report has the words, as `error`, and each reason.
    Unsound(Value),
    /// The body is of another type: which, and what is accepted.
    Unsupported(String),
    /// The body is larger than this, in bytes.
    TooLarge(usize),
    /// There is nothing of that name.
    NotFound(&'static str),
    /// The store is not open, for this reason if one is known.
    Closed(String),
    /// The daemon is stopping.
    Stopping,
}

impl Failure {
    /// Returns the status that tells of it, and what is said.
    fn told(self) -> (StatusCode, String) {
        match self {
            Self::Store(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot read the store");
                (StatusCode::INTERNAL_SERVER_ERROR, "the store cannot be read".to_owned())
            }
            Self::Unsound(report) => {
                let words = report.get("error").and_then(Value::as_str).unwrap_or_default();
                (StatusCode::UNPROCESSABLE_ENTITY, words.to_owned())
            }
            Self::Unsupported(message) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, message),
            Self::TooLarge(most) => {
                (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {most} bytes"))
            }
            Self::Refused(error) => {
                let status = match error {
                    CommandError::NotFound { .. } => StatusCode::NOT_FOUND,
                    CommandError::OwnedByFile { .. } => StatusCode::CONFLICT,
                    CommandError::Differs { .. } => StatusCode::PRECONDITION_FAILED,
                    CommandError::Store(_) | CommandError::Stopping => {
                        StatusCode::SERVICE_UNAVAILABLE
                    }
                };
                (status, error.to_string())
            }
            Self::Wrong(message) => (StatusCode::BAD_REQUEST, message),
            Self::NotFound(what) => (StatusCode::NOT_FOUND, format!("there is no such {what}")),
            Self::Closed(why) if why.is_empty() => {
                (StatusCode::SERVICE_UNAVAILABLE, "the store is being opened".to_owned())
            }
            Self::Closed(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping".to_owned()),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let version = match self {
            Self::Unsound(report) => {
                return (StatusCode::UNPROCESSABLE_ENTITY, axum::Json(report)).into_response();
            }
            Self::Refused(CommandError::Differs { ref etag, .. }) => Some(json!(etag)),
            _ => None,
        };
        let (status, message) = self.told();
        let mut told = json!({ "error": message });
        if let (Some(fields), Some(version)) = (told.as_object_mut(), version) {
            // So that an editor can say which one has been looked at.
            fields.insert("etag".to_owned(), version);
        }
        (status, axum::Json(told)).into_response()
    }
}

/// Returns the routes of the public listener.
fn public(served: Arc<Served>) -> Router {
    let guarded =
        pages::guarded().merge(health::metrics()).layer(axum::middleware::from_fn_with_state(
            Arc::clone(&served),
            auth::require_token_where_guarded,
        ));
    let admin = pages::admin::routes()
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&served),
            pages::admin::require_same_origin,
        ))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&served), auth::require_password));
    Router::new()
        .merge(documents::routes())
        .merge(admin)
        .merge(further::routes())
        .merge(pages::routes())
        .merge(opml::routes())
        .merge(guarded)
        .nest("/api", api::public(&served))
        .merge(websub::routes())
        .merge(health::routes())
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page\n") })
        .layer(axum::middleware::from_fn(auth::harden))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&served), health::count))
        .with_state(served)
}

/// Returns the routes of the control socket: the API without a token, and the store's upkeep.
///
/// SECURITY: who can open the socket (mode 0600) is the daemon's own user.
pub fn control(served: Arc<Served>) -> Router {
    Router::new().nest("/api", api::control()).with_state(served)
}
