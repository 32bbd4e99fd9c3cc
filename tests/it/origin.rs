//! A scripted, recording origin server on a port of its own.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the origin answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    delay: Duration,
    /// Instead of the above, byte for byte.
    raw: Option<(Vec<u8>, Then)>,
}

/// What follows the bytes of an answer that was written out byte for byte.
#[derive(Debug, Clone)]
pub(crate) enum Then {
    /// The connection is closed.
    Closes,
    /// Nothing comes, for as long as the client waits.
    HoldsOn,
    /// These bytes come again and again, after a pause each.
    Repeats(Vec<u8>, Duration),
}

impl Answer {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).with_body(body)
    }

    /// Lets the client wait, so that requests can be under way at once.
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Closes the connection without a word.
    pub(crate) fn hangs_up() -> Self {
        Self::raw(b"", Then::Closes)
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), delay: Duration::ZERO, raw: None }
    }

    /// Answers with these bytes, whatever they are.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>, then: Then) -> Self {
        Self { raw: Some((bytes.into(), then)), ..Self::status(0) }
    }

    pub(crate) fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.with_bytes(name, value.as_bytes())
    }

    /// Adds a field whose value need not be text.
    pub(crate) fn with_bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns its status, fields and body as they stand on the wire.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} Scripted\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        // Neither has a body, whatever its length (RFC 9110 8.6).
        if !matches!(self.status, 204 | 304) {
            bytes.extend(format!("Content-Length: {}\r\n", self.body.len()).into_bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(&self.body);
        bytes
    }
}

/// What a client asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// Reads the next request of a connection; `None` is its end.
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let line = String::from_utf8(line(reader)?).ok()?;
        let mut words = line.split(' ').map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let mut headers = Vec::new();
        loop {
            let line = self::line(reader)?;
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
            let (name, value) = line.split_at(colon);
            let value = value.strip_prefix(b":")?.trim_ascii();
            headers.push((String::from_utf8_lossy(name).into_owned(), value.to_owned()));
        }
        let mut asked = Self { method, path, headers, body: Vec::new() };
        let length = asked.header("Content-Length").and_then(|length| length.parse().ok());
        asked.body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut asked.body).ok()?;
        Some(asked)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.header_bytes(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    pub(crate) fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        let mut named = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_slice())
    }

    /// Returns the fields of a form in the body.
    pub(crate) fn form(&self) -> HashMap<String, String> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

/// Reads a line without its end; `None` is the end of the connection.
fn line(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok().filter(|length| *length > 0)?;
    Some(line.trim_ascii_end().to_owned())
}

#[derive(Debug, Default)]
struct Script {
    /// One after the other; the last goes on.
    answers: HashMap<String, VecDeque<Answer>>,
    asked: Vec<Asked>,
    /// Bytes that a client took, by path.
    written: HashMap<String, u64>,
    connections: usize,
    at_once: usize,
    most_at_once: usize,
}

impl Script {
    fn answer(&mut self, path: &str) -> Answer {
        match self.answers.get_mut(path) {
            Some(turns) if turns.len() > 1 => turns.pop_front(),
            Some(turns) => turns.front().cloned(),
            None => None,
        }
        .unwrap_or_else(|| Answer::status(404))
    }
}

/// A running origin; its threads end with the process.
#[derive(Debug)]
pub(crate) struct Origin {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
}

impl Origin {
    pub(crate) fn start() -> Self {
        Self::start_on("127.0.0.1").expect("the loopback address")
    }

    /// Starts on another address of this machine: a host of its own.
    pub(crate) fn start_on(ip: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind((ip, 0))?;
        let address = listener.local_addr()?;
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let script = Arc::clone(&shared);
                script.lock().unwrap().connections += 1;
                std::thread::spawn(move || converse(stream, &script));
            }
        });
        Ok(Self { address, script })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on `path` is answered with this.
    pub(crate) fn script(&self, path: &str, answer: Answer) {
        self.script_turns(path, [answer]);
    }

    /// From now on `path` is answered with these, one after the other; the last goes on.
    pub(crate) fn script_turns(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        let turns = answers.into_iter().collect();
        self.script.lock().unwrap().answers.insert(path.to_owned(), turns);
    }

    /// Returns how many requests were under way at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.script.lock().unwrap().most_at_once
    }

    /// Returns how often a client has connected.
    pub(crate) fn connections(&self) -> usize {
        self.script.lock().unwrap().connections
    }

    /// Returns how many bytes were written in answer to a path.
    pub(crate) fn written(&self, path: &str) -> u64 {
        self.script.lock().unwrap().written.get(path).copied().unwrap_or(0)
    }

    /// Returns the requests so far for a path, and forgets them.
    pub(crate) fn take_asked(&self, path: &str) -> Vec<Asked> {
        self.take(|asked| asked.method == "GET" && asked.path == path)
    }

    /// Returns the forms sent to a path so far, and forgets them.
    pub(crate) fn take_posted(&self, path: &str) -> Vec<Asked> {
        self.take(|asked| asked.method == "POST" && asked.path == path)
    }

    /// Returns the requests so far for a path, whatever their method, and forgets them.
    pub(crate) fn take_all_of(&self, path: &str) -> Vec<Asked> {
        self.take(|asked| asked.path == path)
    }

    /// Returns all requests so far, and forgets them.
    pub(crate) fn take_all(&self) -> Vec<Asked> {
        self.take(|_| true)
    }

    /// Returns the requests so far that are wanted, and forgets them.
    pub(crate) fn take(&self, wanted: impl FnMut(&Asked) -> bool) -> Vec<Asked> {
        let mut script = self.script.lock().unwrap();
        let (taken, kept) = script.asked.drain(..).partition(wanted);
        script.asked = kept;
        taken
    }
}

/// Answers the requests of one connection until the client has gone.
fn converse(stream: TcpStream, script: &Mutex<Script>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let asked = Asked::read(&mut reader)?;
        let path = asked.path.clone();
        let answer = {
            let mut script = script.lock().unwrap();
            script.at_once += 1;
            script.most_at_once = script.most_at_once.max(script.at_once);
            script.asked.push(asked);
            script.answer(&path)
        };
        std::thread::park_timeout(answer.delay);
        // A request is under way until its answer begins.
        script.lock().unwrap().at_once -= 1;
        let mut write = |bytes: &[u8]| {
            stream.write_all(bytes).ok()?;
            let length = u64::try_from(bytes.len()).ok()?;
            *script.lock().unwrap().written.entry(path.clone()).or_default() += length;
            Some(())
        };
        let Some((bytes, then)) = &answer.raw else {
            write(&answer.bytes())?;
            continue;
        };
        write(bytes)?;
        match then {
            Then::Closes => return None,
            Then::HoldsOn => reader.read_to_end(&mut Vec::new()).map(drop).ok()?,
            Then::Repeats(piece, pause) => loop {
                std::thread::park_timeout(*pause);
                write(piece)?;
            },
        }
    }
}

/// An answer of the program under test.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let wanted = format!("{}:", name.to_lowercase());
        let line = self.headers.lines().find(|line| line.to_lowercase().starts_with(&wanted))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// Sends one request and reads the answer until the connection closes.
pub(crate) fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Got {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let mut head = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a header");
    let head = String::from_utf8_lossy(answer.get(..end).unwrap()).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Got { status, headers: head, body: answer.get(end + 4..).unwrap().to_vec() }
}
