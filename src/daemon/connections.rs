//! Connections: how many there may be, how long each may take, and how they end.
//!
//! One task a connection, all owned by the loop that accepts them: what it does not let end in
//! time is aborted with it.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::paced::{Paced, Patience, Phase};
use super::prompt;
use super::uploads::Timely;
use crate::config::Server;
use crate::serve::Entrance;

/// The least that hyper reads into; longer headers are refused (431).
const BUFFER_BYTES: usize = 16 << 10;
/// Connections beyond the cap that are told so at once.
const TURNED_AWAY: usize = 64;
/// How long one of them may take to read that, …
const LINGER: Duration = Duration::from_secs(1);
/// … and how much of what it sends is read meanwhile: unread bytes would reset the answer.
const LINGER_BYTES: u64 = 16 << 10;
/// The wait after an error that accepting again would meet at once, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The same trouble is not logged again before this.
const LOG_EVERY: Duration = Duration::from_mins(1);

/// What a connection gets that is one too many.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n\
    Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 21\r\n\r\n\
    too many connections\n";

/// How many connections a listener holds, and how long their other ends may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) max_connections: usize,
    pub(super) patience: Patience,
}

impl Terms {
    /// Of the control socket: its other ends are commands of ours.
    pub(super) const CONTROL: Self = Self {
        max_connections: 256,
        patience: Patience {
            header: Duration::from_secs(15),
            idle: Duration::from_mins(10),
            write: Duration::from_mins(2),
        },
    };

    pub(super) fn of(server: &Server) -> Self {
        let Server { max_connections, header_timeout, idle_timeout, write_timeout, .. } = *server;
        let patience =
            Patience { header: header_timeout, idle: idle_timeout, write: write_timeout };
        Self { max_connections, patience }
    }
}

/// Lets this process open as many files as it may: each connection is one.
pub(super) fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the number of open files stays limited");
    }
}

/// The address of the other end; it has none on a Unix socket.
type Peer = Option<IpAddr>;

/// A listener of streams.
pub(super) trait Accept {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, Peer)>> + Send;
}

impl Accept for TcpListener {
    type Stream = tokio::net::TcpStream;

    async fn accept(&self) -> io::Result<(Self::Stream, Peer)> {
        let (stream, address) = Self::accept(self).await?;
        // An answer is written whole; there is nothing to collect. One that is closed already
        // says so when it is read.
        stream.set_nodelay(true).ok();
        Ok((stream, Some(address.ip())))
    }
}

impl Accept for UnixListener {
    type Stream = tokio::net::UnixStream;

    async fn accept(&self) -> io::Result<(Self::Stream, Peer)> {
        Ok((Self::accept(self).await?.0, None))
    }
}

/// Answers connections until it is told to stop; requests under way are finished.
pub(super) async fn serve(
    listener: impl Accept,
    entrance: Entrance,
    terms: Terms,
    mut stopping: watch::Receiver<bool>,
) {
    let mut door = Door::new(entrance, terms, stopping.clone());
    loop {
        tokio::select! {
            () = stopped(&mut stopping) => break,
            Some(_ended) = door.tasks.join_next(), if !door.tasks.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => door.enter(stream, peer),
                Err(error) => door.failed(&error).await,
            },
        }
    }
    drop(listener);
    while door.tasks.join_next().await.is_some() {}
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A sender that is gone has stopped, too.
    stopping.wait_for(|stop| *stop).await.ok();
}

/// Where connections come in.
struct Door {
    entrance: Entrance,
    terms: Terms,
    stopping: watch::Receiver<bool>,
    places: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
    tasks: JoinSet<()>,
    full_logged: Option<Instant>,
    failure_logged: Option<Instant>,
}

impl Door {
    fn new(entrance: Entrance, terms: Terms, stopping: watch::Receiver<bool>) -> Self {
        Self {
            entrance,
            terms,
            stopping,
            places: Arc::new(Semaphore::new(terms.max_connections)),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
            tasks: JoinSet::new(),
            full_logged: None,
            failure_logged: None,
        }
    }

    fn enter(&mut self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: Peer) {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            let phase = Phase::first();
            let answers = Answers { entrance: self.entrance.clone(), phase: phase.clone(), peer };
            let stream = Paced::new(stream, self.terms.patience, phase);
            self.tasks.spawn(attend(stream, answers, self.stopping.clone(), place));
            return;
        }
        if is_time(&mut self.full_logged) {
            let max_connections = self.terms.max_connections;
            tracing::warn!(max_connections, "there are too many connections; more get a 503");
        }
        // Where many are turned away at once the rest is dropped without a word.
        if let Ok(place) = Arc::clone(&self.turned_away).try_acquire_owned() {
            self.tasks.spawn(turn_away(stream, place));
        }
    }

    async fn failed(&mut self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        // One client that went before it was attended to.
        let kind = error.kind();
        if matches!(kind, ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
            return;
        }
        if is_time(&mut self.failure_logged) {
            tracing::error!(%error, "connections cannot be accepted; it is tried again");
        }
        sleep(ACCEPT_PAUSE).await;
    }
}

fn is_time(logged: &mut Option<Instant>) -> bool {
    let is_time = logged.is_none_or(|at| at.elapsed() >= LOG_EVERY);
    if is_time {
        *logged = Some(Instant::now());
    }
    is_time
}

/// Answers the requests of one connection: the short way as long as it leads, then hyper's.
async fn attend(
    mut stream: Paced<impl AsyncRead + AsyncWrite + Unpin + Send + 'static>,
    answers: Answers,
    mut stopping: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    let Answers { entrance, phase, .. } = &answers;
    let short = prompt::serve(&mut stream, entrance, phase, stopped(&mut stopping)).await;
    match short {
        Ok(Some(begun)) => {
            stream.give_back(begun);
            // In a box, so that a connection which never comes here has no room for it.
            Box::pin(go_on(stream, answers, stopping)).await;
        }
        Ok(None) => {}
        Err(error) => tracing::debug!(%error, "a connection has ended"),
    }
}

/// Answers the requests of one connection by way of hyper.
async fn go_on(
    stream: Paced<impl AsyncRead + AsyncWrite + Unpin + Send + 'static>,
    answers: Answers,
    mut stopping: watch::Receiver<bool>,
) {
    let connection = http1::Builder::new()
        // `Paced` has the deadlines.
        .header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), answers);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        let error = &error as &dyn std::error::Error;
        tracing::debug!(error, "a connection has ended");
    }
}

/// Tells a connection that it is one too many; reading ends by itself, soon.
async fn turn_away(mut stream: impl AsyncRead + AsyncWrite + Unpin, _place: OwnedSemaphorePermit) {
    let told = async {
        stream.write_all(FULL).await?;
        stream.shutdown().await?;
        let mut rest = (&mut stream).take(LINGER_BYTES);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    timeout(LINGER, told).await.ok();
}

/// What answers the requests of a connection.
struct Answers {
    entrance: Entrance,
    phase: Phase,
    peer: Peer,
}

impl Service<hyper::Request<Incoming>> for Answers {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        self.phase.answering();
        let request: Request = request.map(|body| Body::new(Timely::new(body)));
        let (entrance, phase, peer) = (self.entrance.clone(), self.phase.clone(), self.peer);
        Box::pin(async move {
            let answer = entrance.answer(request, peer).await;
            phase.answered();
            Ok(answer)
        })
    }
}
