//! A scripted, recording origin server on a port of its own.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the origin answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    delay: Duration,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into(), delay: Duration::ZERO }
    }

    /// Lets the client wait, so that requests can be under way at once.
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Closes the connection without a word.
    pub(crate) fn hangs_up() -> Self {
        Self::status(0)
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), delay: Duration::ZERO }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What a client asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

#[derive(Debug, Default)]
struct Script {
    answers: HashMap<String, Answer>,
    asked: Vec<Asked>,
    at_once: usize,
    most_at_once: usize,
}

/// A running origin; its threads end with the process.
#[derive(Debug)]
pub(crate) struct Origin {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
}

impl Origin {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let script = Arc::clone(&shared);
                std::thread::spawn(move || converse(stream, &script));
            }
        });
        Self { address, script }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on `path` is answered with this.
    pub(crate) fn script(&self, path: &str, answer: Answer) {
        self.script.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    /// Returns how many requests were under way at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.script.lock().unwrap().most_at_once
    }

    /// Returns the requests so far for a path, and forgets them.
    pub(crate) fn take_asked(&self, path: &str) -> Vec<Asked> {
        let mut script = self.script.lock().unwrap();
        let wanted = format!("GET {path} ");
        let (taken, kept) =
            script.asked.drain(..).partition(|a: &Asked| a.line.starts_with(&wanted));
        script.asked = kept;
        taken
    }
}

/// Answers the requests of one connection until the client has gone.
fn converse(stream: TcpStream, script: &Mutex<Script>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim_end().split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let answer = {
            let mut script = script.lock().unwrap();
            script.at_once += 1;
            script.most_at_once = script.most_at_once.max(script.at_once);
            script.asked.push(Asked { line: line.trim_end().to_owned(), headers });
            script.answers.get(&path).cloned().unwrap_or_else(|| Answer::status(404))
        };
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", answer.status);
        for (name, value) in &answer.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", answer.body.len());
        std::thread::park_timeout(answer.delay);
        // A request is under way until its answer begins.
        script.lock().unwrap().at_once -= 1;
        if answer.status == 0 {
            return None;
        }
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(&answer.body).ok()?;
    }
}

/// An answer of the program under test.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) status: u16,
    headers: String,
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
