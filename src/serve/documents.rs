//! The channels' current documents: swapped whole, served with conditional requests.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::auth::is_same;
use super::deltas::Past;
use super::ready::{Prompt, Ready};
use super::{Failure, Served};
use crate::model::{Channel, ChannelId, DocumentFormat};
use crate::publish::{Edition, Place};

/// A reader asks again no sooner, in seconds; a hub or an editor may bring something at any time.
const MIN_MAX_AGE: u64 = 60;

/// The current documents of each channel.
#[derive(Debug, Default)]
pub struct Documents {
    current: RwLock<HashMap<ChannelId, Current>>,
    past: Past,
    /// How often something that a channel takes has changed.
    generations: RwLock<HashMap<ChannelId, u64>>,
}

/// A channel's documents and their answers.
#[derive(Debug)]
struct Current {
    edition: Arc<Edition>,
    ready: Vec<(DocumentFormat, Arc<Ready>)>,
}

impl Documents {
    /// Returns a channel's documents.
    pub fn get(&self, channel: &ChannelId) -> Option<Arc<Edition>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.get(channel).map(|current| Arc::clone(&current.edition))
    }

    fn ready(&self, channel: &ChannelId, format: DocumentFormat) -> Option<Arc<Ready>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let (_, ready) = current.get(channel)?.ready.iter().find(|(known, _)| *known == format)?;
        Some(Arc::clone(ready))
    }

    /// Puts new documents in place of a channel's last ones.
    pub fn swap(&self, channel: &ChannelId, edition: Arc<Edition>) {
        self.past.remember(channel, &edition);
        let made = |(format, document): (_, &Arc<_>)| (format, Arc::new(Ready::of(document)));
        let ready = edition.documents().map(made).collect();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.insert(channel.clone(), Current { edition, ready });
    }

    /// Says that something that a channel takes has changed, though its documents may not have.
    pub fn touch(&self, channel: &ChannelId) {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        *generations.entry(channel.clone()).or_default() += 1;
    }

    /// Returns a number that differs whenever something that a channel takes has changed.
    pub(super) fn generation(&self, channel: &ChannelId) -> u64 {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        generations.get(channel).copied().unwrap_or_default()
    }

    /// Returns the channels that have a document.
    pub fn ids(&self) -> Vec<ChannelId> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.keys().cloned().collect()
    }

    /// Takes out the document of a channel that is no more.
    pub fn remove(&self, channel: &ChannelId) {
        self.current.write().unwrap_or_else(PoisonError::into_inner).remove(channel);
        self.past.forget(channel);
    }
}

/// The names of the documents that anybody may read.
#[derive(Debug, Clone, Default)]
pub struct OpenFiles(HashMap<String, (usize, DocumentFormat)>);

impl OpenFiles {
    /// Returns those of the channels without a token.
    pub fn of(channels: &[Channel]) -> Self {
        let mut files = HashMap::new();
        for (place, channel) in channels.iter().enumerate().filter(|(_, c)| c.token.is_none()) {
            for format in &channel.formats {
                let name = format!("{}.{}", channel.id, format.extension());
                files.insert(name, (place, *format));
            }
        }
        Self(files)
    }
}

impl Served {
    /// Answers a GET or HEAD of a document that is there and that anybody may read, as the routes
    /// would, without their cost; `None` for any other request.
    pub(super) fn at_once(&self, path: &str, headers: &HeaderMap) -> Option<Prompt> {
        let plan = self.plan();
        let path = path.strip_prefix(plan.prefix()).unwrap_or(path);
        let (place, format) = plan.open_files.0.get(path.strip_prefix("/feeds/")?)?;
        let channel = plan.channels.get(*place)?;
        let ready = self.documents.ready(&channel.id, *format)?;
        let prompt = ready.answer(headers, self.max_age(&ready, channel));
        self.metrics.feed(prompt.status == StatusCode::NOT_MODIFIED);
        Some(prompt)
    }
}

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new().route("/feeds/{file}", get(feed))
}

async fn feed(
    State(served): State<Arc<Served>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some((id, format)) = DocumentFormat::part(&file) else {
        return Failure::NotFound("feed").into_response();
    };
    let (query, plan) = (query.unwrap_or_default(), served.plan());
    if let Some(channel) = plan.channels.iter().find(|channel| channel.id.as_str() == id) {
        if !may_read(channel, &query) || !channel.formats.contains(&format) {
            return Failure::NotFound("feed").into_response();
        }
        let edition = served.documents.get(&channel.id);
        let document = edition.as_ref().and_then(|edition| edition.get(format));
        let delta = document.and_then(|document| {
            served.documents.past.answer(&channel.id, format, document, &headers)
        });
        if let Some(delta) = delta {
            return delta;
        }
        if let Some(ready) = served.documents.ready(&channel.id, format) {
            return ready.answer(&headers, served.max_age(&ready, channel)).into_response();
        }
        // It may have left the configuration since this request saw that.
        let is_left = served.plan().channels.iter().all(|known| known.id != channel.id);
        return if is_left { absent(&served, id).await } else { not_yet("not rendered yet\n") };
    }
    let renamed = plan.channels.iter().find(|c| c.was.iter().any(|was| was.as_str() == id));
    match renamed {
        Some(channel) if may_read(channel, &query) => {
            let place = Place::Current { earlier: None };
            let to = place.address(&plan.site, channel, format);
            (StatusCode::MOVED_PERMANENTLY, [(LOCATION, to)]).into_response()
        }
        Some(_) => Failure::NotFound("feed").into_response(),
        None => absent(&served, id).await,
    }
}

/// A channel that was published once and is configured no more is gone (410): readers stop
/// asking. Any other name was never there.
///
/// SECURITY: a secret channel that is no more answers as it always did without its token.
async fn absent(served: &Arc<Served>, id: &str) -> Response {
    let Ok(id) = ChannelId::new(id) else { return Failure::NotFound("feed").into_response() };
    match served.read(move |view| view.store.channel(&id)).await {
        Ok(Some(look)) if !look.is_secret => {
            (StatusCode::GONE, "this feed has ended\n").into_response()
        }
        Ok(_) => Failure::NotFound("feed").into_response(),
        Err(Failure::Closed(_)) => not_yet("the store is being opened\n"),
        Err(failure) => failure.into_response(),
    }
}

impl Served {
    /// Returns the `Cache-Control` of a document; it is worked out once a second, since it takes a
    /// look at every source.
    fn max_age(&self, ready: &Ready, channel: &Channel) -> HeaderValue {
        ready.max_age((self.clock)().timestamp(), || self.freshness(channel))
    }

    /// Returns how long nothing new can come to a channel by a poll, in seconds: a minute at
    /// least, and `publish.ttl` at most.
    pub(super) fn freshness(&self, channel: &Channel) -> u64 {
        let now = (self.clock)();
        let plan = self.plan();
        let next = self.upcoming.next(channel, &plan.sources, now);
        let wait = next.map_or(0, |next| u64::try_from((next - now).num_seconds()).unwrap_or(0));
        wait.clamp(MIN_MAX_AGE, (plan.site.ttl * 60).max(MIN_MAX_AGE))
    }
}

fn not_yet(why: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")], why).into_response()
}

/// SECURITY: without its token a secret channel answers as if it were not there.
pub(super) fn may_read(channel: &Channel, query: &str) -> bool {
    let Some(token) = &channel.token else { return true };
    let given = query.split('&').find_map(|pair| pair.strip_prefix("token="));
    given.is_some_and(|given| is_same(given.as_bytes(), token.reveal()))
}
