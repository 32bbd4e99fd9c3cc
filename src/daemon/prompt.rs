//! The short way: plain requests for documents are answered here, and a connection that only
//! makes such holds no buffer while it waits.
//!
//! What came in with one read, is a whole header and asks for a document that is there is
//! answered. Anything else, hyper gets from its first byte on, with all that follows.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CACHE_CONTROL, HOST, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, PRAGMA, REFERER, USER_AGENT,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use httparse::{EMPTY_HEADER, Request, Status};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::clock;
use super::paced::{Paced, Phase};
use crate::serve::{Entrance, Prompt};

/// Longer headers take the long way.
const SCRATCH_BYTES: usize = 8 << 10;
const MAX_HEADERS: usize = 32;
/// What decides the answer, …
const TOLD: [HeaderName; 3] = [ACCEPT_ENCODING, IF_MODIFIED_SINCE, IF_NONE_MATCH];
/// … and what does not.
///
/// SECURITY: whoever sends any other header takes the long way, so that nothing that tells of a
/// body, of another meaning of the request or of the connection's end is read in two ways.
const IGNORED: [HeaderName; 7] =
    [HOST, USER_AGENT, ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, PRAGMA, REFERER];

thread_local! {
    /// One for all connections of a thread: between two reads nothing stays in it.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
    /// The `Date` of one second.
    static DATE: RefCell<(i64, String)> = RefCell::default();
}

/// What a connection brought.
enum Brought {
    /// A request that is answered.
    Asked(Prompt),
    /// Anything else.
    Other(Bytes),
    /// Its end.
    End,
}

/// Answers as long as the short way leads; returns what has to take the long one, or nothing
/// where the connection has ended or is idle at a stop.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut Paced<S>,
    entrance: &Entrance,
    phase: &Phase,
    stopped: impl Future<Output = ()>,
) -> io::Result<Option<Bytes>> {
    let mut stopped = pin!(stopped);
    loop {
        let brought = tokio::select! {
            brought = poll_fn(|cx| poll_brought(stream, entrance, cx)) => brought?,
            () = &mut stopped => return Ok(None),
        };
        match brought {
            Brought::Asked(prompt) => {
                phase.answered();
                send(stream, &head(&prompt)?, &prompt.body).await?;
            }
            Brought::Other(bytes) => return Ok(Some(bytes)),
            Brought::End => return Ok(None),
        }
    }
}

fn poll_brought<S: AsyncRead + Unpin>(
    stream: &mut Paced<S>,
    entrance: &Entrance,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Brought>> {
    SCRATCH.with_borrow_mut(|scratch| {
        let mut buffer = ReadBuf::new(scratch);
        ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
        let bytes = buffer.filled();
        if bytes.is_empty() {
            return Poll::Ready(Ok(Brought::End));
        }
        let brought = answered(entrance, bytes).map(Brought::Asked);
        Poll::Ready(Ok(brought.unwrap_or_else(|| Brought::Other(Bytes::copy_from_slice(bytes)))))
    })
}

fn answered(entrance: &Entrance, bytes: &[u8]) -> Option<Prompt> {
    let asked = Asked::read(bytes)?;
    let mut prompt = entrance.at_once(&asked.path, &asked.told)?;
    if asked.is_head {
        prompt.body = Bytes::new();
    }
    Some(prompt)
}

/// A plain request.
#[derive(Debug)]
struct Asked {
    is_head: bool,
    /// Without its query.
    path: String,
    told: HeaderMap,
}

impl Asked {
    /// Reads one whole request; `None` for whatever is not one, or not for here.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut request = Request::new(&mut headers);
        // More than one request, or a body, is not for here.
        let is_whole = request.parse(bytes).ok()? == Status::Complete(bytes.len());
        if !is_whole || request.version != Some(1) {
            return None;
        }
        let is_head = match request.method? {
            "GET" => false,
            "HEAD" => true,
            _ => return None,
        };
        let path = request.path?.split('?').next()?.to_owned();
        let mut told = HeaderMap::new();
        for header in request.headers.iter() {
            let is = |known: &HeaderName| header.name.eq_ignore_ascii_case(known.as_str());
            if let Some(name) = TOLD.iter().find(|name| is(name)) {
                told.append(name, HeaderValue::from_bytes(header.value).ok()?);
            } else if !IGNORED.iter().any(is) && !is_keeping(header) {
                return None;
            }
        }
        Some(Self { is_head, path, told })
    }
}

fn is_keeping(header: &httparse::Header<'_>) -> bool {
    header.name.eq_ignore_ascii_case("connection")
        && header.value.eq_ignore_ascii_case(b"keep-alive")
}

fn head(prompt: &Prompt) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(512);
    let (code, reason) = (prompt.status.as_str(), prompt.status.canonical_reason());
    write!(head, "HTTP/1.1 {code} {}\r\n", reason.unwrap_or_default())?;
    for (name, value) in &prompt.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"date: ");
    DATE.with_borrow_mut(|(second, text)| {
        let now = clock::now();
        if now.timestamp() != *second {
            (*second, *text) = (now.timestamp(), httpdate::fmt_http_date(now.into()));
        }
        head.extend_from_slice(text.as_bytes());
    });
    head.extend_from_slice(b"\r\n\r\n");
    Ok(head)
}

async fn send<S: AsyncWrite + Unpin>(
    stream: &mut Paced<S>,
    head: &[u8],
    body: &[u8],
) -> io::Result<()> {
    let (mut sent, whole) = (0, head.len() + body.len());
    while sent < whole {
        let rest = body.get(sent.saturating_sub(head.len())..).unwrap_or_default();
        let slices = [IoSlice::new(head.get(sent..).unwrap_or_default()), IoSlice::new(rest)];
        let written = poll_fn(|cx| Pin::new(&mut *stream).poll_write_vectored(cx, &slices)).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        sent += written;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_requests_are_read_and_nothing_else() {
        let read = |text: &str| Asked::read(text.replace('\n', "\r\n").as_bytes());
        let asked =
            read("GET /feeds/a.xml?x=1 HTTP/1.1\nHost: x\nUser-Agent: y\nIF-NONE-MATCH: \"a\"\n\n");
        let asked = asked.unwrap();
        assert_eq!((asked.is_head, asked.path.as_str()), (false, "/feeds/a.xml"));
        assert_eq!(asked.told.get(IF_NONE_MATCH).unwrap(), "\"a\"");
        assert!(read("HEAD / HTTP/1.1\nConnection: Keep-Alive\n\n").unwrap().is_head);
        for other in [
            "GET / HTTP/1.1\nHost: x\n",
            "GET / HTTP/1.1\n\nGET / HTTP/1.1\n\n",
            "GET / HTTP/1.1\nContent-Length: 0\n\n",
            "GET / HTTP/1.1\nTransfer-Encoding: chunked\n\n",
            "GET / HTTP/1.1\nConnection: close\n\n",
            "GET / HTTP/1.1\nConnection: upgrade\n\n",
            "GET / HTTP/1.1\nExpect: 100-continue\n\n",
            "GET / HTTP/1.1\nA-IM: feed\n\n",
            "GET / HTTP/1.1\nX-Forwarded-For: 192.0.2.1\n\n",
            "GET / HTTP/1.1\nHost : x\n\n",
            "GET / HTTP/1.1\n Host: x\n\n",
            "GET / HTTP/1.0\n\n",
            "POST / HTTP/1.1\n\n",
            "GET /\n\n",
            "",
        ] {
            assert!(read(other).is_none(), "{other}");
        }
    }
}
