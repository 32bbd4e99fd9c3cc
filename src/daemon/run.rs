//! Start, stop, and what they put together.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use url::Url;

use super::channels::{Press, keep_rendering};
use super::clock;
use super::directory::Directory;
use super::pipeline::Line;
use super::poller::{Poller, Which};
use super::writer::{self, Dirty, Setup, Work};
use crate::config::{Config, Listen};
use crate::enrich::Measure;
use crate::fetch::{FetchError, Fetcher, Hosts, Limits};
use crate::model::{Outcome, SourceId};
use crate::publish::Site;
use crate::schedule::Policy;
use crate::serve::{self, Documents, Order, Refusals, Served};
use crate::store::{Options, Store, StoreError};

const PROJECT: &str = "https://github.com/briefwire/briefwire";
/// Commands that wait for the writer.
const ORDERS: usize = 256;
/// Sources that wait to be asked at once.
const POLLS: usize = 1024;
const TICK: Duration = Duration::from_secs(1);
/// Open requests get this long at a stop.
const GRACE: Duration = Duration::from_secs(2);

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The HTTP client failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// An address or socket cannot be listened on.
    #[error("cannot listen on {place}")]
    Listen {
        /// Which.
        place: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The process's signals cannot be watched.
    #[error("cannot watch for signals")]
    Signals(#[source] std::io::Error),
}

impl RunError {
    /// Returns whether another process holds the store.
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Store(StoreError::InUse { .. }))
    }
}

/// What runs in every process that opens the store.
pub(super) struct House {
    pub(super) store: Arc<Store>,
    pub(super) writer: mpsc::Sender<Work>,
    documents: Arc<Documents>,
    refusals: Arc<Refusals>,
    trouble: Arc<Mutex<Option<String>>>,
    dirty: Arc<Dirty>,
    polls: Option<mpsc::Receiver<SourceId>>,
    site: Site,
    thread: JoinHandle<()>,
}

/// Opens the store of a configuration, and says what had to be mended.
pub(super) fn open_store(config: &Config) -> Result<Store, StoreError> {
    let authority = config.server.public_url.as_ref().and_then(|url| url.host_str());
    let options = Options { folder: &config.store.path, cache: config.store.cache, authority };
    let (store, recovery) = Store::open(&options, clock::now())?;
    if let Some(recovery) = recovery {
        let aside = recovery.put_aside.map(|path| path.display().to_string()).unwrap_or_default();
        tracing::error!(
            aside,
            briefs = recovery.briefs,
            items = recovery.items,
            lost_lines = recovery.lost,
            "the database was damaged and has been rebuilt from the journal"
        );
    }
    Ok(store)
}

impl House {
    /// Starts the writer, and renames sources that the configuration renamed.
    pub(super) fn build(config: &Config, store: Arc<Store>) -> Result<Self, RunError> {
        rename_sources(config, &store)?;
        let (polls, asked) = mpsc::channel(POLLS);
        let dirty = Arc::new(Dirty::default());
        let trouble = Arc::new(Mutex::new(None));
        let (writer, thread) = writer::start(Setup {
            store: Arc::clone(&store),
            dirty: Arc::clone(&dirty),
            matching: config.matching,
            polls,
            trouble: Arc::clone(&trouble),
            clock: clock::now,
        })?;
        let site = site(config, &store);
        Ok(Self {
            store,
            writer,
            documents: Arc::new(Documents::default()),
            refusals: Arc::new(Refusals::default()),
            trouble,
            dirty,
            polls: Some(asked),
            site,
            thread,
        })
    }

    pub(super) fn served(&self, config: &Config, orders: mpsc::Sender<Order>) -> Served {
        let token = config.server.admin_token.as_ref().map(|token| token.reveal().to_owned());
        let is_public = config.server.public_url.is_some();
        Served {
            store: Arc::clone(&self.store),
            documents: Arc::clone(&self.documents),
            orders,
            site: self.site.clone(),
            sources: config.sources.clone(),
            channels: config.channels.clone(),
            token,
            guards_status: is_public && !config.server.open.iter().any(|path| path == "/status"),
            refusals: Arc::clone(&self.refusals),
            trouble: Arc::clone(&self.trouble),
            clock: clock::now,
            readers: Served::permits(),
        }
    }

    /// Gives up everything that sends to the writer, and returns its thread.
    pub(super) fn into_thread(self) -> JoinHandle<()> {
        self.thread
    }

    fn press(&self, config: &Config) -> Arc<Press> {
        Arc::new(Press {
            store: Arc::clone(&self.store),
            documents: Arc::clone(&self.documents),
            writer: self.writer.clone(),
            site: self.site.clone(),
            sources: config.sources.clone(),
            channels: config.channels.clone(),
            folder: config.publish.dir.clone(),
            clock: clock::now,
        })
    }

    fn poller(&self, config: &Config) -> Result<Poller, RunError> {
        let fetch = &config.fetch;
        let public = config.server.public_url.as_ref().map(ToString::to_string);
        let contact = fetch.contact.clone().or(public).unwrap_or_else(|| PROJECT.to_owned());
        let line = Line {
            fetcher: Fetcher::new(Limits {
                contact,
                connect: fetch.connect_timeout,
                header: fetch.header_timeout,
                idle: fetch.idle_timeout,
                total: fetch.total_timeout,
                max_wire: fetch.max_wire,
                max_decoded: fetch.max_body,
            })?,
            store: Arc::clone(&self.store),
            policy: Policy {
                every: fetch.every,
                min_every: fetch.min_every,
                max_every: fetch.max_every,
            },
            measure: Measure {
                sentences: config.enrich.sentences,
                key_terms: config.enrich.key_terms,
            },
            max_file: fetch.max_body,
            clock: clock::now,
        };
        let hosts = Hosts::new(fetch.per_host, fetch.host_spacing);
        Ok(Poller::new(
            Arc::new(line),
            self.writer.clone(),
            &config.sources,
            (fetch.in_flight, hosts),
        ))
    }

    /// Reads the directory of briefs whole, before any item is matched.
    async fn directory(&self, config: &Config) -> Result<Option<Directory>, StoreError> {
        let Some(folder) = &config.briefs_dir else { return Ok(None) };
        let mut directory = Directory::new(
            folder.clone(),
            &self.store,
            self.writer.clone(),
            Arc::clone(&self.refusals),
            clock::now,
        )?;
        directory.sweep(Duration::ZERO).await;
        Ok(Some(directory))
    }
}

fn rename_sources(config: &Config, store: &Store) -> Result<(), StoreError> {
    for source in &config.sources {
        if store.state(&source.id)?.is_some() {
            continue;
        }
        for was in &source.was {
            let mut changes = store.begin();
            if changes.rename_source(was, &source.id)? {
                changes.commit()?;
                tracing::info!(source = %source.id, %was, "source renamed; its items go on under the new id");
                break;
            }
        }
    }
    Ok(())
}

fn site(config: &Config, store: &Store) -> Site {
    let listening = match &config.server.listen {
        Listen::Tcp(address) => format!("http://{address}"),
        Listen::Unix(_) => "http://localhost".to_owned(),
    };
    let base = config.server.public_url.as_ref().map_or(listening, ToString::to_string);
    let base = format!("{}/", base.trim_end_matches('/'));
    let mint = store.mint();
    Site {
        base: Url::parse(&base).expect("a checked address with a slash behind it is an address"),
        authority: mint.authority.clone(),
        date: mint.date.clone(),
        ttl: config.publish.ttl.as_secs() / 60,
        image: config.publish.image.clone(),
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
    let store = Arc::new(open_store(config)?);
    let house = House::build(config, store)?;
    house.directory(config).await?;
    let outcomes = house.poller(config)?.pass(which, on_done).await?;
    let press = house.press(config);
    press.render(None).await;
    drop(press);
    let House { writer, thread, .. } = house;
    drop(writer);
    join(thread).await;
    Ok(outcomes)
}

/// Runs the daemon until SIGTERM or SIGINT.
///
/// `announce` is told once everything is up: where HTTP is answered, and the site's address.
pub async fn run(
    config: &Config,
    announce: impl FnOnce(&str, &str) + Send,
) -> Result<(), RunError> {
    // Signals first: one that comes while the store opens is not lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::Signals)?;
    let listener = Listening::open(&config.server.listen).await?;
    let place = listener.place();
    let store = Arc::new(open_store(config)?);
    let mut house = House::build(config, store)?;
    if let Some(address) = listener.address().filter(|_| config.server.public_url.is_none()) {
        // Port 0 is known only now.
        house.site.base = Url::parse(&format!("http://{address}/")).unwrap_or(house.site.base);
    }
    let (orders, routed) = mpsc::channel(ORDERS);
    let routing = tokio::spawn(route_orders(routed, house.writer.clone()));
    let served = Arc::new(house.served(config, orders));
    let (stop, stopping) = watch::channel(false);

    let directory = house.directory(config).await?;
    let press = house.press(config);
    press.render(None).await;
    let socket = control_path(config);
    let control = tokio::spawn(listen_control(
        open_control(&socket)?,
        serve::control(Arc::clone(&served)),
        stopping.clone(),
    ));
    house.store.announce(&socket)?;
    let http = tokio::spawn(listener.serve(serve::public(Arc::clone(&served)), stopping));
    let rendering = tokio::spawn(keep_rendering(press, Arc::clone(&house.dirty)));
    let watching = tokio::spawn(async move {
        if let Some(directory) = directory {
            directory.watch().await;
        }
    });
    let ticking = tokio::spawn(tick(house.writer.clone()));
    let asked = house.polls.take().unwrap_or_else(|| mpsc::channel(1).1);
    let poller = house.poller(config)?;
    let polling = tokio::spawn(poller.run(asked));
    announce(&place, house.site.base.as_str());

    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    polling.abort();
    watching.abort();
    ticking.abort();
    // Listeners stop taking requests; open ones are finished within the grace.
    stop.send(true).ok();
    for task in [http, control] {
        tokio::time::timeout(GRACE, task).await.ok();
    }
    drop(served);
    routing.abort();
    rendering.abort();
    let aborted = [rendering, watching, ticking, routing];
    for task in aborted {
        task.await.ok();
    }
    polling.await.ok();
    std::fs::remove_file(&socket).ok();
    let House { writer, thread, store, .. } = house;
    drop(writer);
    join(thread).await;
    drop(store);
    Ok(())
}

/// Waits for the writer: it ends once it has committed what it was given.
async fn join(thread: JoinHandle<()>) {
    if !matches!(tokio::task::spawn_blocking(move || thread.join()).await, Ok(Ok(()))) {
        tracing::error!("the writer panicked");
    }
}

/// Hands commands to the writer, which knows them as one kind of work among others.
pub(super) async fn route_orders(mut orders: mpsc::Receiver<Order>, writer: mpsc::Sender<Work>) {
    while let Some(order) = orders.recv().await {
        if writer.send(Work::Order(order)).await.is_err() {
            break;
        }
    }
}

async fn tick(writer: mpsc::Sender<Work>) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        if writer.send(Work::Tick).await.is_err() {
            break;
        }
    }
}

/// Returns where the control socket is: systemd's runtime directory, else beside the store.
fn control_path(config: &Config) -> PathBuf {
    let runtime = crate::config::Environment::of_process().runtime_directory;
    runtime.unwrap_or_else(|| config.store.path.clone()).join("control.sock")
}

/// SECURITY: whoever can open this socket can do anything; nobody but our user can.
fn open_control(path: &Path) -> Result<UnixListener, RunError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |source| RunError::Listen { place: path.display().to_string(), source };
    // We hold the store's lock, so a socket that is there is a dead one.
    if path.exists() {
        std::fs::remove_file(path).map_err(failed)?;
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(listener)
}

async fn listen_control(
    listener: UnixListener,
    routes: axum::Router,
    mut stopping: watch::Receiver<bool>,
) {
    let stopped = async move {
        stopping.wait_for(|stop| *stop).await.ok();
    };
    if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the control socket has ended");
    }
}

/// The public listener.
enum Listening {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener),
}

impl Listening {
    async fn open(listen: &Listen) -> Result<Self, RunError> {
        match listen {
            Listen::Tcp(address) => {
                let failed =
                    |source| RunError::Listen { place: format!("http://{address}"), source };
                let listener = TcpListener::bind(address).await.map_err(failed)?;
                let bound = listener.local_addr().map_err(failed)?;
                Ok(Self::Tcp(listener, bound))
            }
            Listen::Unix(path) => {
                let failed =
                    |source| RunError::Listen { place: path.display().to_string(), source };
                if path.exists() {
                    std::fs::remove_file(path).map_err(failed)?;
                }
                UnixListener::bind(path).map(Self::Unix).map_err(failed)
            }
        }
    }

    /// Returns where HTTP is answered, for people.
    fn place(&self) -> String {
        match self {
            Self::Tcp(_, address) => format!("http://{address}/"),
            Self::Unix(listener) => {
                let path = listener.local_addr().ok();
                let path = path.as_ref().and_then(|address| address.as_pathname());
                format!("unix:{}", path.map(|path| path.display().to_string()).unwrap_or_default())
            }
        }
    }

    fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    async fn serve(self, routes: axum::Router, mut stopping: watch::Receiver<bool>) {
        let stopped = async move {
            stopping.wait_for(|stop| *stop).await.ok();
        };
        let served = match self {
            Self::Tcp(listener, _) => {
                axum::serve(listener, routes).with_graceful_shutdown(stopped).await
            }
            Self::Unix(listener) => {
                axum::serve(listener, routes).with_graceful_shutdown(stopped).await
            }
        };
        if let Err(error) = served {
            tracing::error!(%error, "the HTTP listener has ended");
        }
    }
}
