//! Subscriptions at hubs (WebSub): asked for, verified, renewed, ended; and what hubs deliver.
//!
//! One task owns them all. What it decides is stored before a hub is asked or answered; requests
//! to hubs and deliveries run beside it and tell it how they ended.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedMutexGuard, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use url::Url;

use super::group::make_durable;
use super::house;
use super::pipeline::Line;
use super::poller::commit;
use super::working::News;
use super::writer::Work;
use crate::config::Config;
use crate::fetch::{Posted, Way};
use crate::model::{
    Access, Address, Source, SourceId, SourceState, Standing, Subscription, Timestamp,
};
use crate::serve::{HubCall, Served};
use crate::store::StoreError;
use crate::websub::{self, Act, Intent, SECRET_BYTES, TOKEN_BYTES, Verdict, signature};

/// What is asked of hubs; they may give less.
const LEASE_SECONDS: u64 = 10 * 24 * 3600;
/// Nobody sleeps longer: the wall clock may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(3);
/// Requests to hubs under way at once.
const REQUESTS: usize = 4;

/// What the task is made of.
pub(super) struct Ways {
    pub(super) config: watch::Receiver<Arc<Config>>,
    pub(super) writer: mpsc::Sender<Work>,
    pub(super) news: mpsc::Receiver<News>,
    pub(super) polls: mpsc::Sender<SourceId>,
    pub(super) calls: OwnedMutexGuard<mpsc::Receiver<HubCall>>,
}

/// Deals with hubs.
pub(super) struct Hubs {
    line: Arc<Line>,
    served: Arc<Served>,
    config: watch::Receiver<Arc<Config>>,
    /// The configuration that `line` was made by.
    applied: Arc<Config>,
    writer: mpsc::Sender<Work>,
    news: mpsc::Receiver<News>,
    polls: mpsc::Sender<SourceId>,
    calls: OwnedMutexGuard<mpsc::Receiver<HubCall>>,
    /// By token.
    known: HashMap<String, (SourceId, Subscription)>,
    under_way: JoinSet<Ended>,
    /// Subscriptions whose hub is being asked.
    asking: HashSet<String>,
    failed_at: Option<Instant>,
    /// Sources whose hubs have told something while they were paused.
    unheard: HashSet<SourceId>,
}

/// How something beside the task ended.
enum Ended {
    /// A request to a hub: why it failed, if it did.
    Asked { token: String, trouble: Option<String> },
    /// A delivery that was read.
    Delivered { token: String },
    /// A delivery that held nothing to read.
    Pinged { token: String },
    /// One that was not the hub's, or came to nothing.
    Ignored,
}

impl Hubs {
    /// Reads what is subscribed to.
    pub(super) fn new(
        line: Arc<Line>,
        served: Arc<Served>,
        ways: Ways,
    ) -> Result<Self, StoreError> {
        let mut known = HashMap::new();
        for (source, subscription) in line.store.subscriptions()? {
            known.insert(subscription.token.clone(), (source, subscription));
        }
        let Ways { config, writer, news, polls, calls } = ways;
        // Before anybody is told that we are ready, hubs are known.
        served.callbacks.set(known.keys().cloned().collect());
        let applied = Arc::clone(&config.borrow());
        let (under_way, failed_at) = (JoinSet::new(), None);
        let (asking, unheard) = (HashSet::new(), HashSet::new());
        Ok(Self {
            line,
            served,
            config,
            applied,
            writer,
            news,
            polls,
            calls,
            known,
            under_way,
            asking,
            failed_at,
            unheard,
        })
    }

    /// Deals with hubs until it is dropped.
    pub(super) async fn run(mut self) {
        if let Err(error) = self.want_all().await {
            self.trouble(&error);
        }
        loop {
            self.tell();
            if let Err(error) = self.act().await {
                self.trouble(&error);
            }
            let result = tokio::select! {
                Some(call) = self.calls.recv() => self.called(call).await,
                Some(news) = self.news.recv() => self.learnt(&news).await,
                Some(ended) = self.under_way.join_next(), if !self.under_way.is_empty() => {
                    match ended {
                        Ok(ended) => self.ended(ended).await,
                        Err(_panic) => {
                            // Whose it was is not known; none of those asked is due again soon.
                            self.asking.clear();
                            Ok(())
                        }
                    }
                }
                Ok(()) = self.config.changed() => self.follow().await,
                () = tokio::time::sleep(LONGEST_SLEEP) => Ok(()),
            };
            if let Err(error) = result {
                self.trouble(&error);
            }
        }
    }

    fn now(&self) -> Timestamp {
        (self.line.clock)()
    }

    /// What could not be stored is tried again; the writer has said what is wrong.
    fn trouble(&mut self, error: &StoreError) {
        self.failed_at = Some(Instant::now());
        tracing::debug!(error = error as &dyn std::error::Error, "cannot store a subscription");
    }

    /// Says which callbacks there are, and which hubs work.
    fn tell(&self) {
        self.served.callbacks.set(self.known.keys().cloned().collect());
        let now = self.now();
        let working: HashSet<&SourceId> = self
            .known
            .values()
            .filter(|(_, subscription)| websub::works(subscription, now))
            .map(|(source, _)| source)
            .collect();
        for (source, _) in self.known.values() {
            self.line.shared.working.set(source, working.contains(source));
        }
    }

    async fn follow(&mut self) -> Result<(), StoreError> {
        let config = Arc::clone(&self.config.borrow_and_update());
        let before = std::mem::replace(&mut self.applied, Arc::clone(&config));
        // Where it cannot be made the poller says so, and hubs go on as before, too.
        if let Ok(line) = house::next_line(&self.line, &before, &config) {
            self.line = line;
        }
        self.want_all().await
    }

    /// Brings what is subscribed to in line with the configuration and what feeds say.
    async fn want_all(&mut self) -> Result<(), StoreError> {
        let config = Arc::clone(&self.config.borrow());
        for (source, subscription) in self.known.values().cloned().collect::<Vec<_>>() {
            let renamed = config.sources.iter().find(|new| new.was.contains(&source));
            let is_configured = config.sources.iter().any(|known| known.id == source);
            match renamed {
                _ if is_configured && config.fetch.websub => {}
                Some(new) if config.fetch.websub => {
                    self.keep(new.id.clone(), subscription).await?;
                }
                _ => {
                    self.line.shared.working.set(&source, false);
                    self.leave(source, subscription).await?;
                }
            }
        }
        for source in &config.sources {
            if let Some(state) = self.line.store.state(&source.id)? {
                self.want(source, &state).await?;
            }
        }
        Ok(())
    }

    /// Asks for a source's deliveries, and ends what it has no use for any more.
    async fn want(&mut self, source: &Source, state: &SourceState) -> Result<(), StoreError> {
        let wanted = self.wanted(source, state);
        let callbacks = self.callbacks();
        let mut is_known = false;
        let of_source = self.known.values().filter(|(id, _)| *id == source.id);
        for (id, subscription) in of_source.cloned().collect::<Vec<_>>() {
            let fits = wanted.as_ref().is_some_and(|(hub, topic)| {
                subscription.hub == *hub
                    && subscription.topic == *topic
                    && subscription.callback.starts_with(&callbacks)
            });
            if fits && !matches!(subscription.standing, Standing::Leaving { .. }) {
                is_known = true;
            } else {
                self.leave(id, subscription).await?;
            }
        }
        match wanted.filter(|_| !is_known).zip(random()) {
            Some(((hub, topic), (token, secret))) => {
                let random = (&token, &secret);
                let mut new = websub::wanted((&hub, &topic), &callbacks, random, self.now());
                new.home = match &source.address {
                    Address::Http(url) if source.allow_private => Some(url.to_string()),
                    _ => None,
                };
                self.keep(source.id.clone(), new).await
            }
            None => Ok(()),
        }
    }

    /// Returns hub and topic of a source that can be subscribed to.
    fn wanted(&self, source: &Source, state: &SourceState) -> Option<(String, String)> {
        let config = self.config.borrow();
        let is_on = config.fetch.websub && config.server.public_url.is_some();
        let Address::Http(url) = &source.address else { return None };
        let hub = state.facts.hub.clone().filter(|_| is_on && state.settled)?;
        let hub = Url::parse(&hub).ok().filter(|hub| matches!(hub.scheme(), "http" | "https"))?;
        let topic = state.facts.self_link.clone();
        Some((hub.to_string(), topic.unwrap_or_else(|| url.to_string())))
    }

    fn callbacks(&self) -> String {
        self.served.plan().site.at("websub/")
    }

    /// Stores a subscription, and knows it from then on.
    async fn keep(&mut self, source: SourceId, new: Subscription) -> Result<(), StoreError> {
        let stored = Some((source.clone(), Box::new(new.clone())));
        self.store(&new.token, stored).await?;
        self.known.insert(new.token.clone(), (source, new));
        Ok(())
    }

    async fn leave(&mut self, source: SourceId, old: Subscription) -> Result<(), StoreError> {
        if matches!(old.standing, Standing::Leaving { .. }) {
            return Ok(());
        }
        let left = websub::leave(old, self.now());
        self.keep(source, left).await
    }

    async fn forget(&mut self, token: &str) -> Result<(), StoreError> {
        self.store(token, None).await?;
        if let Some((source, _)) = self.known.remove(token) {
            self.line.shared.working.set(&source, false);
        }
        Ok(())
    }

    async fn store(
        &self,
        token: &str,
        subscription: Option<(SourceId, Box<Subscription>)>,
    ) -> Result<(), StoreError> {
        let token = token.to_owned();
        let work = |answer| Work::Subscription { token, subscription, answer };
        make_durable(&self.writer, "store a subscription", work).await
    }

    /// Does what is due.
    async fn act(&mut self) -> Result<(), StoreError> {
        if self.failed_at.is_some_and(|at| at.elapsed() < LONGEST_SLEEP) {
            return Ok(());
        }
        let now = self.now();
        let due = self.known.iter().filter(|(token, _)| !self.asking.contains(*token));
        let due = due.filter_map(|(token, (_, subscription))| {
            let step = websub::next(subscription, now);
            (step.at <= now).then(|| (token.clone(), step.act))
        });
        for (token, act) in due.collect::<Vec<_>>() {
            if act == Act::Forget {
                self.forget(&token).await?;
            } else if self.asking.len() < REQUESTS {
                self.ask(&token, act, now).await?;
            }
        }
        Ok(())
    }

    /// Asks a hub; that it was asked is stored before.
    async fn ask(&mut self, token: &str, act: Act, now: Timestamp) -> Result<(), StoreError> {
        let Some((source, subscription)) = self.known.get(token).cloned() else { return Ok(()) };
        let asked = websub::asked(subscription, now);
        self.keep(source.clone(), asked.clone()).await?;
        let form = match act {
            Act::Unsubscribe => websub::unsubscribe(&asked),
            Act::Ask | Act::Forget => websub::subscribe(&asked, LEASE_SECONDS),
        };
        let (line, token) = (Arc::clone(&self.line), token.to_owned());
        self.asking.insert(token.clone());
        self.under_way.spawn(async move {
            let trouble = post(&line, &asked, &form).await;
            Ended::Asked { token, trouble }
        });
        Ok(())
    }

    async fn called(&mut self, call: HubCall) -> Result<(), StoreError> {
        match call {
            HubCall::Intent { token, query, answer } => {
                let challenge = self.intent(&token, &query).await;
                let (told, result) = match challenge {
                    Ok(challenge) => (challenge, Ok(())),
                    Err(error) => (None, Err(error)),
                };
                // A hub that does not wait for its answer asks again.
                answer.send(told).ok();
                result
            }
            HubCall::Delivery { token, signature, content_type, body, done } => {
                self.deliver((token, signature), (body, content_type), done);
                Ok(())
            }
        }
    }

    async fn intent(&mut self, token: &str, query: &str) -> Result<Option<String>, StoreError> {
        let Some((source, subscription)) = self.known.get(token).cloned() else { return Ok(None) };
        let Some(intent) = Intent::read(query) else { return Ok(None) };
        match websub::judge(intent, &subscription, self.now()) {
            Verdict::Confirm { challenge, subscription } => {
                tracing::info!(%source, hub = subscription.hub, "the hub tells what is new");
                self.keep(source, subscription).await?;
                Ok(Some(challenge))
            }
            Verdict::Release { challenge } => {
                self.forget(token).await?;
                Ok(Some(challenge))
            }
            Verdict::Denied(refused) => {
                tracing::warn!(%source, hub = refused.hub, "the hub refuses to tell what is new");
                self.keep(source, refused).await?;
                Ok(Some(String::new()))
            }
            Verdict::Ended => {
                self.forget(token).await?;
                Ok(Some(String::new()))
            }
            Verdict::Unknown => Ok(None),
        }
    }

    /// Reads a delivery beside the task, if it is the hub's.
    fn deliver(
        &mut self,
        (token, signature): (String, Option<String>),
        (body, content_type): (Vec<u8>, Option<String>),
        done: oneshot::Sender<()>,
    ) {
        let Some((id, subscription)) = self.known.get(&token).cloned() else { return };
        let config = Arc::clone(&self.config.borrow());
        let source = config.sources.iter().find(|known| known.id == id).cloned();
        let Some(source) = source.filter(|_| {
            matches!(subscription.standing, Standing::Active { .. } | Standing::Asked { .. })
        }) else {
            return;
        };
        if self.line.store.paused(&id).is_some() {
            // It is taken and not read: a refusal could end the subscription, and what is told now
            // is read by the poll that follows the pause.
            self.unheard.insert(id);
            return;
        }
        let (line, writer) = (Arc::clone(&self.line), self.writer.clone());
        let source = Arc::new(source);
        self.under_way.spawn(async move {
            let secret = subscription.secret;
            let checked = tokio::task::spawn_blocking(move || {
                let is_right = signature
                    .is_some_and(|header| signature::verify(&header, secret.as_bytes(), &body));
                (is_right, body)
            });
            let Ok((true, body)) = checked.await else {
                tracing::debug!(source = %source.id, "a delivery without a right signature");
                return Ended::Ignored;
            };
            let read = take(&line, &writer, &source, (body, content_type)).await;
            // It is out of memory by now; the next may come in.
            done.send(()).ok();
            match read {
                Ok(true) => Ended::Delivered { token },
                Ok(false) => Ended::Pinged { token },
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(source = %source.id, error, "cannot store a delivery");
                    Ended::Ignored
                }
            }
        });
    }

    async fn ended(&mut self, ended: Ended) -> Result<(), StoreError> {
        let (token, is_ping) = match ended {
            Ended::Asked { token, trouble } => {
                self.asking.remove(&token);
                let Some((source, known)) = self.known.get(&token).cloned() else { return Ok(()) };
                let Some(why) = trouble else { return Ok(()) };
                tracing::info!(%source, hub = known.hub, why, "the hub cannot be asked");
                let failed = websub::failed(known, why, self.now());
                return self.keep(source, failed).await;
            }
            Ended::Delivered { token } => (token, false),
            Ended::Pinged { token } => (token, true),
            Ended::Ignored => return Ok(()),
        };
        let Some((source, mut known)) = self.known.get(&token).cloned() else { return Ok(()) };
        if is_ping {
            // A full queue polls it anyway, later.
            self.polls.try_send(source.clone()).ok();
        }
        known.delivered = Some(self.now());
        self.keep(source, known).await
    }

    /// Takes note of what a poll found.
    async fn learnt(&mut self, news: &News) -> Result<(), StoreError> {
        let config = Arc::clone(&self.config.borrow());
        let Some(source) = config.sources.iter().find(|known| known.id == news.source) else {
            return Ok(());
        };
        if let Some(state) = self.line.store.state(&source.id)? {
            self.want(source, &state).await?;
        }
        let Some(at) = news.unannounced else { return Ok(()) };
        if self.unheard.remove(&news.source) {
            return Ok(());
        }
        let of_source = self.known.values().filter(|(id, _)| *id == source.id);
        for (id, mut subscription) in of_source.cloned().collect::<Vec<_>>() {
            if matches!(subscription.standing, Standing::Active { since, .. } if since < at) {
                tracing::info!(source = %id, hub = subscription.hub, "the hub did not tell of an item; the source is polled as ever");
                subscription.missed = Some(self.now());
                self.keep(id, subscription).await?;
            }
        }
        Ok(())
    }
}

/// Asks a hub, and returns why it failed, if it did.
async fn post(
    line: &Line,
    subscription: &Subscription,
    form: &[(&'static str, String)],
) -> Option<String> {
    let Ok(hub) = Url::parse(&subscription.hub) else {
        return Some("its address is none".to_owned());
    };
    // SECURITY: logins are the source's; a hub gets none of them, wherever it lies. What its
    // operator vouched for holds while the subscription lasts, to end it too.
    let access = Access::default();
    let home = subscription.home.as_deref().and_then(|home| Url::parse(home).ok());
    let allow_private = home.is_some();
    let way = Way { home: home.as_ref().unwrap_or(&hub), allow_private, access: &access };
    match line.fetcher.post(&hub, form, way, (line.clock)()).await {
        Ok(Posted { status: 200..=299, .. }) => None,
        Ok(Posted { status, .. }) => Some(format!("HTTP {status}")),
        Err(error) => Some(error.with_causes()),
    }
}

/// Reads a delivery and stores what is new; returns whether there was a feed in it.
async fn take(
    line: &Arc<Line>,
    writer: &mpsc::Sender<Work>,
    source: &Arc<Source>,
    document: (Vec<u8>, Option<String>),
) -> Result<bool, StoreError> {
    let Ok((feed, size)) = line.read_delivered(source, document).await else { return Ok(false) };
    let _turn = line.shared.turns.take(&source.id).await;
    let now = (line.clock)();
    let state = line.state(source, now)?;
    if !state.settled {
        return Ok(false);
    }
    let (reader, asked) = (Arc::clone(line), Arc::clone(source));
    let digested = line.reading.run(size, move || reader.compare(&asked, state, &feed, now));
    let Ok(digest) = digested.await else { return Ok(false) };
    let mut digest = digest?;
    // A delivery holds what is new, and says nothing of what is still listed.
    digest.listed = None;
    commit(writer, digest).await?;
    Ok(true)
}

/// Draws a token and a secret; none where the system gives no random bytes.
fn random() -> Option<([u8; TOKEN_BYTES], [u8; SECRET_BYTES])> {
    let (mut token, mut secret) = ([0; TOKEN_BYTES], [0; SECRET_BYTES]);
    getrandom::fill(&mut token).ok()?;
    getrandom::fill(&mut secret).ok()?;
    Some((token, secret))
}
