//! What runs wherever the store is open: in the daemon, in one pass of `poll`, in a command.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tokio::sync::{Notify, mpsc, watch};
use url::Url;

use super::announcing::{Announcing, Changed};
use super::asking::{self, Asking};
use super::backups::Backups;
use super::channels::Press;
use super::clock;
use super::directory::Directory;
use super::dirty::Dirty;
use super::group::make_durable;
use super::hubs::{Hubs, Ways};
use super::keeping;
use super::pauses::Pauses;
use super::pipeline::Line;
use super::poller::{Poller, Which};
use super::queue::Queue;
use super::readers::Readers;
use super::run::RunError;
use super::service::Service;
use super::threads::Threads;
use super::working::{News, Shared};
use super::writer::{self, Settings, Setup, Work};
use crate::config::{Config, Listen};
use crate::enrich::Measure;
use crate::fetch::{FetchError, Fetcher, Limits};
use crate::model::{Outcome, SourceId};
use crate::publish::Site;
use crate::schedule::Policy;
use crate::serve::{HubCall, OpenFiles, Order, Parts, Plan, ReloadOrder, Served, Shelf};
use crate::store::{Compacted, Lock, Mint, Store, StoreError, compact};
use crate::telemetry::Metrics;

const PROJECT: &str = "https://github.com/briefwire/briefwire";
/// Commands that wait for the writer.
const ORDERS: usize = 256;
/// Wishes to reload that wait.
const RELOADS: usize = 4;
/// Sources that wait to be asked at once.
const POLLS: usize = 1024;
/// Calls of hubs that wait.
const HUB_CALLS: usize = 64;
/// What polls found that concerns hubs.
const NEWS: usize = 1024;

/// What outlives the store: it may be closed and opened again under this.
pub(super) struct Ground {
    /// The configuration in force.
    pub(super) config: watch::Sender<Arc<Config>>,
    pub(super) served: Arc<Served>,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) reloads: mpsc::Receiver<ReloadOrder>,
    /// Taken by whoever deals with hubs while the store is open.
    pub(super) hub_calls: Arc<tokio::sync::Mutex<mpsc::Receiver<HubCall>>>,
    pub(super) service: Arc<Service>,
    /// Documents that a hub has to be told of.
    pub(super) changed: Arc<Changed>,
    /// Where HTTP is answered, where that is an address.
    pub(super) address: Option<SocketAddr>,
}

impl Ground {
    pub(super) fn new(config: Config, address: Option<SocketAddr>) -> Self {
        let (orders, ordered) = mpsc::channel(ORDERS);
        let (reloads, asked) = mpsc::channel(RELOADS);
        let (hub_calls, called) = mpsc::channel(HUB_CALLS);
        let plan = plan(&config, site(&config, address, None));
        let metrics = Arc::default();
        let parts = Parts { orders, reloads, hub_calls, metrics, clock: clock::now, plan };
        Self {
            config: watch::Sender::new(Arc::new(config)),
            served: Arc::new(Served::new(parts)),
            orders: ordered,
            reloads: asked,
            hub_calls: Arc::new(tokio::sync::Mutex::new(called)),
            service: Arc::new(Service::of_process()),
            changed: Arc::default(),
            address,
        }
    }

    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.borrow())
    }

    pub(super) fn metrics(&self) -> &Arc<Metrics> {
        &self.served.metrics
    }
}

/// The stages joined around an open store.
pub(super) struct House {
    pub(super) store: Arc<Store>,
    pub(super) writer: mpsc::Sender<Work>,
    pub(super) dirty: Arc<Dirty>,
    /// Told when the database takes nothing more until it is opened anew.
    pub(super) broken: Arc<Notify>,
    pub(super) press: Arc<Press>,
    config: watch::Receiver<Arc<Config>>,
    served: Arc<Served>,
    polls: Option<mpsc::Receiver<SourceId>>,
    shared: Shared,
    news: Option<mpsc::Receiver<News>>,
    queue: Arc<Queue>,
    /// Makes a source due at once.
    ask: mpsc::Sender<SourceId>,
    hub_calls: Arc<tokio::sync::Mutex<mpsc::Receiver<HubCall>>>,
    thread: JoinHandle<()>,
}

/// Opens the store of a configuration, and says what had to be mended.
pub(super) fn open_store(config: &Config, lock: &Arc<Lock>) -> Result<Store, StoreError> {
    let options = keeping::options(config);
    let (store, recovery) = Store::open(&options, Arc::clone(lock), clock::now())?;
    if let Some(recovery) = recovery {
        let words = recovery.words();
        let aside = recovery.put_aside.map(|path| path.display().to_string());
        tracing::error!(
            aside = aside.unwrap_or_default(),
            whole = recovery.whole,
            items = recovery.items,
            briefs = recovery.briefs,
            rulings = recovery.rulings,
            lost = recovery.lost,
            "the database was damaged and has been rebuilt: {words}"
        );
    }
    if store.is_worth_compacting()? { compacted(config, lock, store) } else { Ok(store) }
}

/// Compacts a database whose file has grown far beyond what it holds; one that cannot be compacted
/// is used as it is.
fn compacted(config: &Config, lock: &Arc<Lock>, store: Store) -> Result<Store, StoreError> {
    drop(store);
    let options = keeping::options(config);
    match compact(&options, Arc::clone(lock), clock::now()) {
        Ok(Compacted { before, after, .. }) => {
            tracing::info!(before, after, "the database was compacted");
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the database cannot be compacted, and is used as it is");
        }
    }
    Ok(Store::open(&options, Arc::clone(lock), clock::now())?.0)
}

impl House {
    /// Starts the writer, after it has renamed the sources that the configuration renamed.
    pub(super) fn build(ground: &Ground, store: Arc<Store>) -> Result<Self, RunError> {
        let config = ground.config();
        rename_sources(&config, &store)?;
        let (polls, asked) = mpsc::channel(POLLS);
        let (news, learnt) = mpsc::channel(NEWS);
        let ask = polls.clone();
        let (dirty, broken) = (Arc::new(Dirty::default()), Arc::new(Notify::new()));
        let (queue, pauses) = (Arc::new(Queue::default()), Arc::<Pauses>::default());
        let (writer, thread) = writer::start(Setup {
            store: Arc::clone(&store),
            dirty: Arc::clone(&dirty),
            queue: Arc::clone(&queue),
            settings: Settings::of(&config),
            polls,
            pauses: Arc::clone(&pauses),
            condition: Arc::clone(&ground.served.condition),
            metrics: Arc::clone(ground.metrics()),
            service: Arc::clone(&ground.service),
            broken: Arc::clone(&broken),
            clock: clock::now,
        })?;
        let site = site(&config, ground.address, Some(store.mint()));
        ground.served.follow(plan(&config, site));
        ground.served.attach(Some(Arc::clone(&store)));
        let press = Press {
            store: Arc::clone(&store),
            served: Arc::clone(&ground.served),
            writer: writer.clone(),
            config: ground.config.subscribe(),
            changed: Arc::clone(&ground.changed),
            thread: Threads::new(1).map_err(RunError::Threads)?,
            clock: clock::now,
            pages: Mutex::default(),
            looked: Mutex::default(),
        };
        Ok(Self {
            store,
            writer,
            dirty,
            broken,
            press: Arc::new(press),
            config: ground.config.subscribe(),
            served: Arc::clone(&ground.served),
            polls: Some(asked),
            shared: Shared { working: Arc::default(), turns: Arc::default(), pauses, news },
            news: Some(learnt),
            queue,
            ask,
            hub_calls: Arc::clone(&ground.hub_calls),
            thread,
        })
    }

    /// Gives up everything that sends to the writer or reads the store, and returns what is left
    /// to wait for.
    pub(super) fn close(self) -> (JoinHandle<()>, Arc<Store>) {
        (self.thread, self.store)
    }

    pub(super) fn poller(&mut self) -> Result<Poller, RunError> {
        let config = Arc::clone(&self.config.borrow());
        let line = Arc::new(line(&config, Arc::clone(&self.store), self.shared.clone())?);
        let asked = self.polls.take().unwrap_or_else(|| mpsc::channel(1).1);
        let ways = (self.config.clone(), self.writer.clone(), asked);
        Ok(Poller::new(line, Arc::clone(&self.served), ways))
    }

    /// Returns what makes backups.
    pub(super) fn backups(&self) -> Backups {
        Backups {
            store: Arc::clone(&self.store),
            served: Arc::clone(&self.served),
            config: self.config.clone(),
            clock: clock::now,
        }
    }

    /// Returns what tells a hub of changed documents.
    pub(super) fn announcing(&self) -> Announcing {
        let (changed, served) = (Arc::clone(&self.press.changed), Arc::clone(&self.served));
        Announcing::new(changed, served, self.config.clone(), clock::now)
    }

    /// Returns what asks a language model.
    pub(super) fn asking(&self) -> Result<Asking, StoreError> {
        Asking::new(asking::Ways {
            store: Arc::clone(&self.store),
            served: Arc::clone(&self.served),
            config: self.config.clone(),
            writer: self.writer.clone(),
            queue: Arc::clone(&self.queue),
            clock: clock::now,
        })
    }

    /// Returns what deals with hubs.
    pub(super) async fn hubs(&mut self) -> Result<Hubs, RunError> {
        let config = Arc::clone(&self.config.borrow());
        let line = Arc::new(line(&config, Arc::clone(&self.store), self.shared.clone())?);
        let ways = Ways {
            config: self.config.clone(),
            writer: self.writer.clone(),
            news: self.news.take().unwrap_or_else(|| mpsc::channel(1).1),
            polls: self.ask.clone(),
            calls: Arc::clone(&self.hub_calls).lock_owned().await,
        };
        Ok(Hubs::new(line, Arc::clone(&self.served), ways)?)
    }

    /// Reads the directory of briefs whole, before any item is matched.
    pub(super) async fn directory(&self) -> Result<Directory, StoreError> {
        let ways = (self.config.clone(), self.writer.clone());
        let watched = Arc::clone(&self.served.watched);
        let mut directory = Directory::new(&self.store, watched, ways, clock::now)?;
        directory.read_whole().await;
        Ok(directory)
    }
}

/// Returns what sends requests under a configuration.
pub(super) fn fetcher(config: &Config) -> Result<Fetcher, FetchError> {
    Fetcher::new(limits(config))
}

/// Returns the bounds of requests under a configuration.
pub(super) fn limits(config: &Config) -> Limits {
    let fetch = &config.fetch;
    let public = config.server.public_url.as_ref().map(ToString::to_string);
    Limits {
        contact: fetch.contact.clone().or(public).unwrap_or_else(|| PROJECT.to_owned()),
        connect: fetch.connect_timeout,
        header: fetch.header_timeout,
        idle: fetch.idle_timeout,
        total: fetch.total_timeout,
        max_wire: fetch.max_wire,
        max_decoded: fetch.max_body,
        ca: fetch.ca.clone(),
        folder: config.store.path.clone(),
    }
}

/// Returns what polls share under a configuration.
fn line(config: &Config, store: Arc<Store>, shared: Shared) -> Result<Line, RunError> {
    let fetch = &config.fetch;
    Ok(Line {
        fetcher: fetcher(config)?,
        reading: Readers::new().map_err(RunError::Threads)?,
        store,
        policy: policy(config),
        measure: Measure {
            sentences: config.enrich.sentences,
            key_terms: config.enrich.key_terms,
            ..Measure::default()
        },
        asks: config.enrich.model.is_some(),
        max_file: fetch.max_body,
        spacing: fetch.host_spacing,
        shared,
        clock: clock::now,
    })
}

/// Returns what polls share after a change of the configuration; the same where it does not
/// concern them.
pub(super) fn next_line(
    line: &Arc<Line>,
    before: &Config,
    config: &Config,
) -> Result<Arc<Line>, RunError> {
    if before.fetch == config.fetch && before.enrich == config.enrich {
        return Ok(Arc::clone(line));
    }
    self::line(config, Arc::clone(&line.store), line.shared.clone()).map(Arc::new)
}

/// Returns the operator's intervals.
pub(super) fn policy(config: &Config) -> Policy {
    let fetch = &config.fetch;
    Policy { every: fetch.every, min_every: fetch.min_every, max_every: fetch.max_every }
}

fn rename_sources(config: &Config, store: &Store) -> Result<(), StoreError> {
    for source in &config.sources {
        if store.state(&source.id)?.is_some() {
            continue;
        }
        for was in &source.was {
            let mut changes = store.begin();
            if changes.rename_source(was, &source.id, clock::now())? {
                changes.commit()?;
                tracing::info!(source = %source.id, %was, "source renamed; its items go on under the new id");
                break;
            }
        }
    }
    Ok(())
}

/// Returns the paths that need the token.
fn guarded_paths(is_public: bool, open: &[String]) -> Vec<&'static str> {
    let is_open = |path: &str| open.iter().any(|open| open == path);
    // The feed of what the page tells is open with it, or by itself.
    let is_guarded = |path: &&str| {
        is_public && !is_open(path) && !(*path == "/status.xml" && is_open("/status"))
    };
    ["/status", "/status.xml", "/metrics"].into_iter().filter(is_guarded).collect()
}

/// Returns what requests are answered by.
pub(super) fn plan(config: &Config, site: Site) -> Plan {
    let is_public = config.server.public_url.is_some();
    Plan {
        site,
        sources: config.sources.clone(),
        channels: config.channels.clone(),
        token: config.server.admin_token.clone(),
        max_delivery: config.fetch.max_body,
        shows_generated: config.enrich.model.is_some(),
        has_public_url: is_public,
        open_files: OpenFiles::of(&config.channels),
        trusted_proxies: config.server.trusted_proxies.clone(),
        shelf: Shelf::new(&config.publish.dir, &config.store.path),
        guarded: guarded_paths(is_public, &config.server.open),
        model_budget: config.enrich.model.as_ref().map(|m| (m.requests_a_day, m.tokens_a_day)),
    }
}

/// Returns where documents are published; without a mint nothing that needs guids is.
pub(super) fn site(config: &Config, address: Option<SocketAddr>, mint: Option<&Mint>) -> Site {
    let configured = match &config.server.listen {
        Listen::Tcp(address) => Some(*address),
        Listen::Unix(_) => None,
    };
    // Port 0 is known only once it is bound.
    let listening = address.or(configured).map(|address| format!("http://{address}"));
    let listening = listening.unwrap_or_else(|| "http://localhost".to_owned());
    let base = config.server.public_url.as_ref().map_or(listening, ToString::to_string);
    let base = format!("{}/", base.trim_end_matches('/'));
    Site {
        base: Url::parse(&base).expect("a checked address with a slash behind it is an address"),
        authority: mint.map(|mint| mint.authority.clone()).unwrap_or_default(),
        date: mint.map(|mint| mint.date.clone()).unwrap_or_default(),
        ttl: config.publish.ttl.as_secs() / 60,
        image: config.publish.image.clone(),
        hub: config.publish.hub.clone(),
    }
}

/// Polls some sources once, renders the channels, and returns what came of each poll.
///
/// `on_done` is told of each poll when it ends.
pub async fn poll_once(
    config: &Config,
    which: &Which,
    on_done: &mut (dyn FnMut(&SourceId, &Outcome) + Send),
) -> Result<Vec<(SourceId, Outcome)>, RunError> {
    let lock = Arc::new(Lock::take(&config.store.path)?);
    announce(&lock, None);
    let store = open_store(config, &lock)?;
    store.require_space(config.store.min_free)?;
    let ground = Ground::new(config.clone(), None);
    let mut house = House::build(&ground, Arc::new(store))?;
    house.directory().await?;
    let outcomes = house.poller()?.pass(which, on_done).await?;
    make_durable(&house.writer, "forget old items", Work::Retire).await?;
    house.press.render(None).await;
    let (thread, _store) = house.close();
    join(thread).await;
    Ok(outcomes)
}

/// Writes who holds the lock, and returns whether that is done; a disk that takes no byte does
/// not keep us from holding it.
pub(super) fn announce(lock: &Lock, socket: Option<&std::path::Path>) -> bool {
    let announced = lock.announce(socket);
    if let Err(error) = &announced {
        let error = error as &dyn std::error::Error;
        tracing::debug!(error, "commands cannot find this process yet");
    }
    announced.is_ok()
}

/// Waits for the writer: it ends once it has committed what it was given.
pub(super) async fn join(thread: JoinHandle<()>) {
    if !matches!(tokio::task::spawn_blocking(move || thread.join()).await, Ok(Ok(()))) {
        tracing::error!("the writer panicked");
    }
}
