//! The publisher's side of WebSub: a hub is told which documents have changed.
//!
//! One task sends one request after the other. A document that changes again while it waits is
//! told of once; one that changes while its hub is being told, once more. What waits outlives the
//! store and not the process: a start tells of what differs from the documents on disk. Secret
//! channels are told of to nobody.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::house;
use crate::config::Config;
use crate::fetch::{Fetcher, Posted, Way};
use crate::model::{Access, Channel, Timestamp};
use crate::publish::Site;
use crate::serve::Served;

/// The wait after a failure, the second in a row, and so on; the last goes on.
const WAITS: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(1),
];
/// No hub is obeyed for longer.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// Documents that a hub has to be told of; at most one entry a document that is published.
#[derive(Default)]
pub(super) struct Changed {
    waiting: Mutex<BTreeMap<String, Wait>>,
    marked: Notify,
}

/// A document that waits.
struct Wait {
    /// How often it has changed meanwhile.
    marks: u64,
    /// How often its hub refused it.
    refusals: usize,
    due: Instant,
}

impl Changed {
    /// Marks a channel's documents, each of which is a topic of its own.
    ///
    /// SECURITY: the address of a secret channel holds its token.
    pub(super) fn mark(&self, site: &Site, channel: &Channel) {
        if site.hub.is_none() || channel.token.is_some() {
            return;
        }
        let mut waiting = self.lock();
        for topic in site.topics(channel) {
            let new = Wait { marks: 0, refusals: 0, due: Instant::now() };
            waiting.entry(topic).or_insert(new).marks += 1;
        }
        drop(waiting);
        self.marked.notify_one();
    }

    /// Forgets what is not published any more.
    fn keep(&self, published: &HashSet<String>) {
        self.lock().retain(|topic, _| published.contains(topic));
    }

    /// Returns the document that has been due for longest, and how often it was marked; else when
    /// one is.
    fn next(
        &self,
        now: Instant,
        published: &HashSet<String>,
    ) -> Result<(String, u64), Option<Instant>> {
        let waiting = self.lock();
        // One that is rendered for a configuration to come is served once that is in force.
        let known = waiting.iter().filter(|(topic, _)| published.contains(*topic));
        let Some((topic, wait)) = known.min_by_key(|(_, wait)| wait.due) else { return Err(None) };
        if wait.due > now { Err(Some(wait.due)) } else { Ok((topic.clone(), wait.marks)) }
    }

    /// Takes a document out that its hub was told of, unless it has changed since.
    fn told(&self, topic: &str, marks: u64) {
        let mut waiting = self.lock();
        if waiting.get(topic).is_some_and(|wait| wait.marks == marks) {
            waiting.remove(topic);
        } else if let Some(wait) = waiting.get_mut(topic) {
            (wait.refusals, wait.due) = (0, Instant::now());
        }
    }

    /// Lets a document wait that its hub refused; returns for how long.
    fn refused(&self, topic: &str, least: Duration) -> Duration {
        let mut waiting = self.lock();
        let Some(wait) = waiting.get_mut(topic) else { return least };
        wait.refusals += 1;
        let pause = back_off(wait.refusals).max(least);
        wait.due = Instant::now() + pause;
        pause
    }

    /// Returns how many wait, and whether one of them was refused.
    fn counts(&self) -> (usize, bool) {
        let waiting = self.lock();
        (waiting.len(), waiting.values().any(|wait| wait.refusals > 0))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Wait>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the wait after that many failures in a row.
fn back_off(failures: usize) -> Duration {
    let [.., longest] = WAITS;
    WAITS.get(failures.saturating_sub(1)).copied().unwrap_or(longest)
}

/// Tells a hub.
pub(super) struct Announcing {
    changed: Arc<Changed>,
    served: Arc<Served>,
    config: watch::Receiver<Arc<Config>>,
    clock: fn() -> Timestamp,
    /// Failures of the hub in a row.
    failures: usize,
    /// Nothing is sent before.
    pause: Option<Instant>,
    /// The hub that the two are about.
    hub: Option<Url>,
}

impl Announcing {
    pub(super) fn new(
        changed: Arc<Changed>,
        served: Arc<Served>,
        config: watch::Receiver<Arc<Config>>,
        clock: fn() -> Timestamp,
    ) -> Self {
        Self { changed, served, config, clock, failures: 0, pause: None, hub: None }
    }

    /// Tells until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            let config = Arc::clone(&self.config.borrow_and_update());
            let published = self.published();
            self.changed.keep(&published);
            if self.hub != config.publish.hub {
                (self.failures, self.pause) = (0, None);
                self.served.announcing.stop();
                self.hub.clone_from(&config.publish.hub);
            }
            let fetcher = house::fetcher(&config).map_err(|error| {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "no hub can be told of changes");
            });
            let is_over = match (self.hub.clone(), fetcher) {
                (Some(hub), Ok(fetcher)) => self.serve((&hub, &fetcher), &published).await,
                _ => self.config.changed().await.is_err(),
            };
            if is_over {
                return;
            }
        }
    }

    /// Returns the documents that a hub may be told of.
    fn published(&self) -> HashSet<String> {
        let plan = self.served.plan();
        let public = plan.channels.iter().filter(|channel| channel.token.is_none());
        public.filter(|_| plan.site.hub.is_some()).flat_map(|c| plan.site.topics(c)).collect()
    }

    /// Tells a hub under one configuration; returns whether there will be no other.
    async fn serve(&mut self, to: (&Url, &Fetcher), published: &HashSet<String>) -> bool {
        loop {
            match self.config.has_changed() {
                Ok(false) => {}
                other => return other.is_err(),
            }
            self.served.announcing.tell(shown(to.0), self.changed.counts().0);
            let now = Instant::now();
            self.pause = self.pause.filter(|until| *until > now);
            let until = match (self.pause, self.changed.next(now, published)) {
                (None, Ok((topic, marks))) => {
                    self.tell(to, &topic, marks).await;
                    continue;
                }
                (pause, Ok(_)) => pause,
                (pause, Err(due)) => pause.max(due),
            };
            let far = now + MAX_RETRY_AFTER;
            tokio::select! {
                changed = self.config.changed() => {
                    self.config.mark_changed();
                    if changed.is_err() {
                        return true;
                    }
                }
                () = self.changed.marked.notified() => {}
                () = sleep_until(until.unwrap_or(far)) => {}
            }
        }
    }

    async fn tell(&mut self, (hub, fetcher): (&Url, &Fetcher), topic: &str, marks: u64) {
        let form = [("hub.mode", "publish".to_owned()), ("hub.url", topic.to_owned())];
        // The operator's word: its own host and port, and no other.
        let way = Way { home: hub, allow_private: true, access: &Access::default() };
        let metrics = &self.served.metrics;
        let (status, wait, why) = match fetcher.post(hub, &form, way, (self.clock)()).await {
            Ok(Posted { status: 200..=299, .. }) => {
                metrics.hub_ping("accepted");
                self.changed.told(topic, marks);
                tracing::debug!(topic, hub = shown(hub), "the hub was told of a change");
                return self.well();
            }
            Ok(Posted { status, retry_after }) => {
                metrics.hub_ping("refused");
                (Some(status), retry_after, format!("HTTP {status}"))
            }
            Err(error) => {
                metrics.hub_ping("failed");
                (None, None, error.with_causes())
            }
        };
        let least = wait.unwrap_or_default().min(MAX_RETRY_AFTER);
        // 4xx may be about this document alone; the others need not wait for it.
        let pause = if matches!(status, Some(300..=499)) && !matches!(status, Some(408 | 429)) {
            self.changed.refused(topic, least)
        } else {
            self.failures += 1;
            let pause = back_off(self.failures).max(least);
            self.pause = Some(Instant::now() + pause);
            pause
        };
        self.trouble(&format!("{why} for {topic}"), pause);
    }

    /// Says why a hub is not told, once.
    fn trouble(&self, why: &str, pause: Duration) {
        let (hub, wait) = (self.hub.as_ref().map(shown).unwrap_or_default(), pause.as_secs());
        if self.served.announcing.rest(why.to_owned()) {
            tracing::warn!(hub, why, wait, "the hub cannot be told of a change; it is tried again");
        } else {
            tracing::debug!(hub, why, wait, "the hub cannot be told of a change");
        }
    }

    fn well(&mut self) {
        self.failures = 0;
        let (_, is_refused) = self.changed.counts();
        if !is_refused && self.served.announcing.well() {
            let hub = self.hub.as_ref().map(shown).unwrap_or_default();
            tracing::info!(hub, "the hub is told of changes again");
        }
    }
}

/// Returns a hub's address as logs and pages show it.
fn shown(hub: &Url) -> String {
    crate::model::Address::Http(hub.clone()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(changed: &Changed, topic: &str, due: Instant) {
        let new = Wait { marks: 0, refusals: 0, due };
        changed.lock().entry(topic.to_owned()).or_insert(new).marks += 1;
    }

    #[test]
    fn what_changes_again_is_told_once_more_only_if_it_was_being_told() {
        let (changed, now) = (Changed::default(), Instant::now());
        let published: HashSet<String> = ["a", "b"].map(str::to_owned).into();
        marked(&changed, "a", now);
        marked(&changed, "a", now);
        marked(&changed, "other", now);
        assert_eq!(changed.next(now, &published), Ok(("a".to_owned(), 2)));
        marked(&changed, "a", now);
        changed.told("a", 2);
        let later = Instant::now();
        assert_eq!(changed.next(later, &published), Ok(("a".to_owned(), 3)));
        changed.told("a", 3);
        assert_eq!(changed.next(later, &published), Err(None), "the other is not published");
        changed.keep(&published);
        assert_eq!(changed.counts(), (0, false));
    }

    #[test]
    fn a_refused_document_waits_longer_each_time_and_keeps_no_other() {
        let (changed, now) = (Changed::default(), Instant::now());
        let published: HashSet<String> = ["a", "b"].map(str::to_owned).into();
        marked(&changed, "a", now);
        assert_eq!(changed.refused("a", Duration::ZERO), Duration::from_secs(5));
        assert_eq!(changed.refused("a", Duration::ZERO), Duration::from_secs(30));
        assert_eq!(changed.refused("a", Duration::from_mins(9)), Duration::from_mins(9));
        marked(&changed, "a", now);
        marked(&changed, "b", now);
        assert_eq!(changed.next(now, &published), Ok(("b".to_owned(), 1)));
        assert_eq!(changed.counts(), (2, true));
        assert_eq!(back_off(0), Duration::from_secs(5));
        assert_eq!(back_off(99), Duration::from_hours(1));
    }
}
