//! A daemon's life: it listens, serves what is on disk, opens the store, runs, and stops.
//!
//! What is on disk is served before the store opens, and while it cannot be opened: subscribers
//! never see an empty feed. A store that breaks is closed and opened again under the same
//! listeners.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::channels::{keep_rendering, load_documents};
use super::connections::{Terms, raise_open_files};
use super::counter::{Counter, step_back};
use super::house::{self, Ground, House};
use super::listen::{ControlSocket, Inherited, Listening};
use super::log::{doubts, with_causes};
use super::reload;
use super::scrub::Scrub;
use super::writer::Work;
use crate::config::Config;
use crate::fetch::FetchError;
use crate::model::counted;
use crate::serve::{self, Concern, Entrance, Order, ReloadOrder};
use crate::store::{Lock, Store, StoreError};

const TICK: Duration = Duration::from_secs(1);
/// The line that the service manager shows is looked at this often.
const STATUS_EVERY: Duration = Duration::from_secs(5);
/// Open requests get this long at a stop.
const GRACE: Duration = Duration::from_secs(2);
/// A store that does not open is tried again after this, …
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// … and after twice as long each time, up to this.
const LAST_RETRY: Duration = Duration::from_secs(15);
/// Requests that read a store that is being closed get this long.
const RELEASE: Duration = Duration::from_secs(10);

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
    /// The threads that read and render documents cannot be started.
    #[error("cannot start threads")]
    Threads(#[source] std::io::Error),
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

/// What can come at any time.
enum Event {
    Stop,
    Reload(Option<ReloadOrder>),
}

/// How a time with an open store ends.
enum End {
    Stop,
    Broken,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn watch() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self, reloads: &mut mpsc::Receiver<ReloadOrder>) -> Event {
        tokio::select! {
            _ = self.terminate.recv() => Event::Stop,
            _ = self.interrupt.recv() => Event::Stop,
            _ = self.hangup.recv() => Event::Reload(None),
            Some(order) = reloads.recv() => Event::Reload(Some(order)),
        }
    }
}

/// Runs the daemon until SIGTERM or SIGINT.
///
/// `announce` is told once requests are answered: where, and the site's address.
pub async fn run(
    config: Config,
    inherited: Option<Inherited>,
    announce: impl FnOnce(&str, &str) + Send,
) -> Result<(), RunError> {
    // Signals first: one that comes while the store opens is not lost.
    let signals = Signals::watch().map_err(RunError::Signals)?;
    doubts(&config);
    let lock = take_lock(&config)?;
    raise_open_files();
    let counter = Counter::start().map_err(RunError::Threads)?;
    // After it was started: the writer and the readers are started from here.
    step_back();
    let listener = {
        let _there = counter.runtime().enter();
        Listening::open(&config.server.listen, inherited)?
    };
    let (place, terms) = (listener.place(), Terms::of(&config.server));
    let ground = Ground::new(config, listener.address());
    let is_complete = load_documents(&ground.served).await;
    let (stop, stopping) = watch::channel(false);
    let entrance = Entrance::public(Arc::clone(&ground.served));
    let http = counter.runtime().spawn(listener.serve(entrance, terms, stopping));
    if is_complete {
        ground.service.ready();
    }
    announce(&place, ground.served.plan().site.base.as_str());
    let listeners = vec![http];
    let (control, is_announced) = (None, false);
    let mut daemon = Daemon { ground, signals, control, is_announced, lock, listeners, stop };
    let lived = daemon.live().await;
    daemon.stop.send(true).ok();
    for listener in daemon.listeners {
        listener.abort();
        listener.await.ok();
    }
    lived
}

/// Takes the store's lock; a disk that is full or read-only is no reason not to serve.
fn take_lock(config: &Config) -> Result<Option<Arc<Lock>>, StoreError> {
    match Lock::take(&config.store.path) {
        Ok(lock) => Ok(Some(Arc::new(lock))),
        Err(error) if error.is_transient() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What came of trying to open the store.
enum Attempt {
    Opened(Arc<Store>),
    /// It may work later.
    Failed(StoreError),
    Stopped,
}

struct Daemon {
    ground: Ground,
    signals: Signals,
    /// Goes before the lock: the next process makes a socket of the same name.
    control: Option<ControlSocket>,
    is_announced: bool,
    lock: Option<Arc<Lock>>,
    listeners: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Daemon {
    async fn live(&mut self) -> Result<(), RunError> {
        loop {
            let Some(store) = self.open().await? else { return Ok(()) };
            match self.work(store).await? {
                End::Stop => return Ok(()),
                End::Broken => tracing::warn!("the store is closed and opened again"),
            }
        }
    }

    /// Opens the store, as often as it takes; `None` is a stop.
    async fn open(&mut self) -> Result<Option<Arc<Store>>, RunError> {
        let mut wait = FIRST_RETRY;
        loop {
            let error = match self.attempt().await? {
                Attempt::Opened(store) => {
                    self.ground.served.condition.set(Concern::Store, None);
                    return Ok(Some(store));
                }
                Attempt::Stopped => return Ok(None),
                Attempt::Failed(error) => error,
            };
            let why = format!("the store cannot be opened: {}", with_causes(&error));
            if self.ground.served.condition.set(Concern::Store, Some(why.clone())) {
                tracing::error!("{why}; what is on disk is served, and it is tried again");
            }
            self.ground.service.status(&why);
            // Feeds are served, or nothing is there to serve: both are all that can be done.
            self.ground.service.ready();
            let Some(()) = self.while_starting(None, tokio::time::sleep(wait)).await else {
                return Ok(None);
            };
            wait = (wait * 2).min(LAST_RETRY);
        }
    }

    /// Tries once, on a thread that a stop need not wait for: a kill while sled opens is safe.
    async fn attempt(&mut self) -> Result<Attempt, RunError> {
        let config = self.ground.config();
        let lock = match self
            .lock
            .clone()
            .map_or_else(|| Lock::take(&config.store.path).map(Arc::new), Ok)
        {
            Ok(lock) => lock,
            Err(error) if error.is_transient() => return Ok(Attempt::Failed(error)),
            Err(error) => return Err(error.into()),
        };
        self.lock = Some(Arc::clone(&lock));
        self.open_control();
        self.announce(&lock);
        let (done, opened) = oneshot::channel();
        std::thread::spawn(move || {
            // Nobody waits any more where the daemon was stopped meanwhile.
            done.send(house::open_store(&config, &lock)).ok();
        });
        match self.while_starting(None, opened).await {
            None => Ok(Attempt::Stopped),
            Some(Ok(Ok(store))) => Ok(Attempt::Opened(Arc::new(store))),
            // What is damaged is put aside at the next attempt.
            Some(Ok(Err(error))) if error.is_transient() || error.is_damage() => {
                Ok(Attempt::Failed(error))
            }
            Some(Ok(Err(error))) => Err(error.into()),
            Some(Err(_panic)) => {
                let source = std::io::Error::other("opening it panicked");
                let what = "open the store".to_owned();
                Err(StoreError::Io { what, source }.into())
            }
        }
    }

    /// Waits for something that goes before the ordinary run, with or without a house; `None` is
    /// a stop.
    async fn while_starting<T>(
        &mut self,
        house: Option<&House>,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::pin!(work);
        let mut ticks = interval(TICK);
        loop {
            tokio::select! {
                done = &mut work => return Some(done),
                _ = ticks.tick() => self.ground.service.starting(),
                event = self.signals.next(&mut self.ground.reloads) => match event {
                    Event::Stop => {
                        self.ground.service.stopping();
                        return None;
                    }
                    Event::Reload(order) => reload::run(&self.ground, house, order).await,
                },
            }
        }
    }

    /// Lets commands find the control socket; on a disk that cannot be written, later.
    fn announce(&mut self, lock: &Lock) {
        if let Some(control) = self.control.as_ref().filter(|_| !self.is_announced) {
            self.is_announced = house::announce(lock, Some(control.path()));
        }
    }

    /// Opens the control socket once, under the store's lock.
    fn open_control(&mut self) {
        if self.control.is_some() {
            return;
        }
        match ControlSocket::open(&self.ground.config()) {
            Ok((socket, listener)) => {
                let entrance = Entrance::Control(serve::control(Arc::clone(&self.ground.served)));
                let listening = listener.serve(entrance, Terms::CONTROL, self.stop.subscribe());
                self.listeners.push(tokio::spawn(listening));
                self.control = Some(socket);
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "commands cannot reach this process");
            }
        }
    }

    /// Runs everything around an open store until a stop, or until the store breaks.
    async fn work(&mut self, store: Arc<Store>) -> Result<End, RunError> {
        if let Some(lock) = self.lock.clone() {
            self.open_control();
            self.announce(&lock);
        }
        // It reads the recent items, which takes seconds where there are many.
        let built = tokio::task::block_in_place(|| House::build(&self.ground, store));
        let mut house = match built {
            Err(RunError::Store(error)) if error.is_damage() => return Ok(End::Broken),
            built => built?,
        };
        let press = Arc::clone(&house.press);
        let prepared = async {
            let directory = house.directory().await?;
            press.render(None).await;
            press.retire().await;
            Ok::<_, StoreError>(directory)
        };
        let Some(prepared) = self.while_starting(Some(&house), prepared).await else {
            drop(press);
            self.close(house).await;
            return Ok(End::Stop);
        };
        let directory = match prepared {
            Err(error) if error.is_damage() => {
                self.close(house).await;
                return Ok(End::Broken);
            }
            prepared => prepared?,
        };
        let hubs = house.hubs().await?;
        self.ground.served.ready();
        self.ground.service.ready();
        let polling = tokio::spawn(house.poller()?.run());
        let tasks = [
            tokio::spawn(keep_rendering(press, Arc::clone(&house.dirty))),
            tokio::spawn(hubs.run()),
            tokio::spawn(house.asking()?.run()),
            tokio::spawn(house.announcing().run()),
            tokio::spawn(house.backups().run()),
            tokio::spawn(directory.watch()),
            tokio::spawn(tick(house.writer.clone())),
        ];
        let scrub = Scrub::start(Arc::clone(&house.store));
        let end = self.attend(&house).await;
        scrub.end().await;
        polling.abort();
        for task in &tasks {
            task.abort();
        }
        if matches!(end, End::Stop) {
            tracing::info!("stopping");
            self.ground.service.stopping();
            self.drain(&house).await;
        }
        for task in tasks {
            task.await.ok();
        }
        polling.await.ok();
        self.close(house).await;
        Ok(end)
    }

    async fn close(&self, house: House) {
        self.ground.served.attach(None);
        release(house).await;
    }

    /// Handles what comes while the store is open.
    async fn attend(&mut self, house: &House) -> End {
        let mut statuses = interval(STATUS_EVERY);
        statuses.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let Ground { orders, reloads, .. } = &mut self.ground;
            tokio::select! {
                // Commands are handed on until something else happens.
                () = route_orders(orders, &house.writer) => return End::Stop,
                () = house.broken.notified() => return End::Broken,
                _ = statuses.tick() => self.ground.service.status(&self.status()),
                event = self.signals.next(reloads) => match event {
                    Event::Stop => return End::Stop,
                    Event::Reload(order) => reload::run(&self.ground, Some(house), order).await,
                },
            }
        }
    }

    /// Lets open requests end, their commands included; nothing new is taken.
    async fn drain(&mut self, house: &House) {
        self.stop.send(true).ok();
        let listeners = std::mem::take(&mut self.listeners);
        let ended = async {
            for listener in listeners {
                listener.await.ok();
            }
        };
        tokio::select! {
            _ = timeout(GRACE, ended) => {}
            () = route_orders(&mut self.ground.orders, &house.writer) => {}
        }
    }

    fn status(&self) -> String {
        let served = &self.ground.served;
        let trouble = served.condition.words();
        if !trouble.is_empty() {
            return format!("degraded: {trouble}");
        }
        let plan = served.plan();
        let failing = served.metrics.failing();
        let channels = counted(plan.channels.len(), "channel");
        let sources = counted(plan.sources.len(), "source");
        format!("serving {channels}; {sources}, {failing} of them failing")
    }
}

/// Waits until nobody reads the store any more, so that it is closed when this returns.
async fn release(house: House) {
    let (thread, store) = house.close();
    house::join(thread).await;
    let mut ticks = interval(Duration::from_millis(10));
    let alone = async {
        while Arc::strong_count(&store) > 1 {
            ticks.tick().await;
        }
    };
    if timeout(RELEASE, alone).await.is_err() {
        tracing::warn!("a request still reads the store that is being closed");
    }
    tokio::task::spawn_blocking(move || drop(store)).await.ok();
}

/// Hands commands to the writer, which knows them as one kind of work among others.
///
/// Cancelling it loses no command: one that was received is sent before the next is.
pub(super) async fn route_orders(orders: &mut mpsc::Receiver<Order>, writer: &mpsc::Sender<Work>) {
    // Room first, then the command, so that a cancelled wait holds none.
    while let Ok(room) = writer.reserve().await {
        let Some(order) = orders.recv().await else { return };
        room.send(Work::Order(order));
    }
}

async fn tick(writer: mpsc::Sender<Work>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if writer.send(Work::Tick).await.is_err() {
            break;
        }
    }
}
