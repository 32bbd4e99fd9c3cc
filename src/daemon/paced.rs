//! A connection's stream with deadlines: for the next request, for its header, and for a reader
//! that takes nothing.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long the other end of a connection may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Until a request's header is complete.
    pub(super) header: Duration,
    /// Until the next request begins.
    pub(super) idle: Duration,
    /// Until it takes more of an answer.
    pub(super) write: Duration,
}

/// Where a connection is between two requests; told by who reads and by who answers.
#[derive(Debug, Clone)]
pub(super) struct Phase(Arc<AtomicU8>);

impl Phase {
    const IDLE: u8 = 0;
    const HEADER: u8 = 1;
    const ANSWERING: u8 = 2;

    /// Returns the phase of a connection that owes its first request.
    pub(super) fn first() -> Self {
        Self(Arc::new(AtomicU8::new(Self::HEADER)))
    }

    /// A request's header is complete.
    pub(super) fn answering(&self) {
        self.set(Self::ANSWERING);
    }

    /// The answer is made.
    pub(super) fn answered(&self) {
        self.set(Self::IDLE);
    }

    fn set(&self, phase: u8) {
        self.0.store(phase, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the other end is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Nothing,
    Header,
    Next,
    Write,
}

/// A stream whose reads and writes fail with [`io::ErrorKind::TimedOut`] once patience ends.
#[derive(Debug)]
pub(super) struct Paced<S> {
    stream: S,
    /// Read already, and given back: it is read again before anything else.
    given_back: Bytes,
    patience: Patience,
    phase: Phase,
    wait: Wait,
    until: Instant,
    /// Set at the first wait, and moved to a later time only when it fires: most waits are over
    /// long before.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, patience: Patience, phase: Phase) -> Self {
        let until = Instant::now() + patience.header;
        let given_back = Bytes::new();
        Self { stream, given_back, patience, phase, wait: Wait::Header, until, alarm: None }
    }

    /// Gives back what was read.
    pub(super) fn give_back(&mut self, bytes: Bytes) {
        self.given_back = bytes;
    }

    /// Begins to wait, or goes on with it; ready when patience has ended.
    fn poll_patience(&mut self, cx: &mut Context<'_>, wait: Wait) -> Poll<io::Error> {
        if self.wait != wait {
            let length = match wait {
                Wait::Nothing => return Poll::Pending,
                Wait::Header => self.patience.header,
                Wait::Next => self.patience.idle,
                Wait::Write => self.patience.write,
            };
            self.wait = wait;
            self.until = Instant::now() + length;
        }
        let until = self.until;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if alarm.deadline() > until {
            alarm.as_mut().reset(until);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if Instant::now() >= until {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            alarm.as_mut().reset(until);
        }
        Poll::Pending
    }

    fn paced(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            return self.poll_patience(cx, Wait::Write).map(Err);
        }
        self.wait = Wait::Nothing;
        // hyper does not read again when it did so while the answer was made: the time for the
        // next request begins here.
        if self.phase.get() == Phase::IDLE
            && let Poll::Ready(error) = self.poll_patience(cx, Wait::Next)
        {
            return Poll::Ready(Err(error));
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.given_back.is_empty() {
            let length = self.given_back.len().min(buffer.remaining());
            buffer.put_slice(&self.given_back.split_to(length));
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let phase = self.phase.get();
        if read.is_ready() {
            if buffer.filled().len() > before && phase == Phase::IDLE {
                self.phase.set(Phase::HEADER);
                self.wait = Wait::Nothing;
            }
            return read;
        }
        match (phase, self.wait) {
            // What is to be written has a deadline of its own; what is being made, none of ours.
            (Phase::ANSWERING, _) | (_, Wait::Write) => Poll::Pending,
            (Phase::HEADER, _) => self.poll_patience(cx, Wait::Header).map(Err),
            _ => self.poll_patience(cx, Wait::Next).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.paced(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.paced(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
