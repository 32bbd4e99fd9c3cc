//! Connections that idle, stall, come in crowds, or are one too many.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::desk::{Daemon, Desk, eventually, feed};
use crate::origin::Answer;

const LIMIT: Duration = Duration::from_secs(10);
const ASK: &[u8] = b"GET /feeds/all.xml HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Makes a desk with more lines in `[server]`, and a document of about 200 kB.
fn desk(server: &str) -> Desk {
    let desk = Desk::new(&["wire"]);
    let text = "The wall of Quillport harbour gave way on Sunday night. ".repeat(20);
    let guids: Vec<String> = (0..50).map(|number| format!("wall-{number}")).collect();
    let items: Vec<_> = guids.iter().map(|guid| (guid.as_str(), "Wall", text.as_str())).collect();
    desk.origin.script("/wire", Answer::ok(feed(&items)));
    let all = desk.configuration(&["wire"]).replace("[server]", &format!("[server]\n{server}"));
    desk.write("c.toml", &all);
    desk.poll();
    desk
}

pub(crate) fn connect(daemon: &Daemon) -> TcpStream {
    let place = daemon.url("");
    let stream = TcpStream::connect(place.trim_start_matches("http://").trim_end_matches('/'));
    let stream = stream.unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream
}

/// Asks once on a connection that stays open, and returns the status.
fn ask(stream: &mut (impl Read + Write)) -> u16 {
    stream.write_all(ASK).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut length = 0;
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink()).unwrap();
    status
}

/// Waits until the other end closes; fails after ten seconds.
#[track_caller]
fn closed(mut stream: TcpStream) {
    match stream.read_to_end(&mut Vec::new()) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

#[test]
fn half_a_header_and_a_connection_without_requests_are_closed() {
    let desk = desk("header_timeout = \"200ms\"\nidle_timeout = \"400ms\"");
    let daemon = desk.start();
    let mut half = connect(&daemon);
    half.write_all(b"GET /feeds/all.xml HTTP/1.1\r\nHo").unwrap();
    let silent = connect(&daemon);
    let mut idle = connect(&daemon);
    assert_eq!(ask(&mut idle), 200);
    let asked = Instant::now();
    assert_eq!(ask(&mut idle), 200, "it is kept for the next request");
    closed(half);
    closed(silent);
    closed(idle);
    assert!(asked.elapsed() >= Duration::from_millis(400), "the next request has its own time");
}

#[test]
fn who_sends_a_header_bit_by_bit_has_no_more_time() {
    let desk = desk("header_timeout = \"300ms\"\nidle_timeout = \"60s\"");
    let daemon = desk.start();
    let mut slow = connect(&daemon);
    assert_eq!(ask(&mut slow), 200);
    let began = Instant::now();
    slow.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    // Each read waits a little; what comes in the end is the end.
    while slow.write_all(b"x").is_ok() && !matches!(slow.read(&mut [0]), Ok(0)) {
        assert!(began.elapsed() < LIMIT, "it is still open");
    }
}

#[test]
fn who_reads_nothing_of_its_answers_is_closed() {
    let desk = desk("write_timeout = \"300ms\"");
    let daemon = desk.start();
    let mut stuck = connect(&daemon);
    let asking = std::thread::spawn(move || {
        let began = Instant::now();
        while stuck.write_all(ASK).is_ok() {
            assert!(began.elapsed() < LIMIT, "it takes requests for ever");
        }
        began.elapsed()
    });
    while !asking.is_finished() {
        assert_eq!(daemon.get("feeds/all.xml").status, 200);
    }
    assert!(asking.join().unwrap() < LIMIT, "it was closed, and did not merely wait");
}

#[test]
fn one_connection_too_many_gets_a_503_until_another_ends() {
    let desk = desk("max_connections = 3");
    let daemon = desk.start();
    let held = || {
        let mut held: Vec<TcpStream> = Vec::new();
        eventually("three places are free", || {
            let mut stream = connect(&daemon);
            if ask(&mut stream) == 200 {
                held.push(stream);
            }
            held.len() == 3
        });
        held
    };
    let mut held = held();
    let mut one_more = connect(&daemon);
    one_more.write_all(ASK).unwrap();
    let mut answer = String::new();
    one_more.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("Retry-After: 10\r\n") && answer.contains("Connection: close\r\n"));
    assert_eq!(ask(&mut held[0]), 200, "who is in stays in");
    held.pop();
    eventually("the place is free again", || ask(&mut connect(&daemon)) == 200);
}

#[test]
fn a_crowd_that_idles_hinders_nobody_and_no_stop() {
    let desk = desk("");
    let daemon = desk.start();
    let mut crowd: Vec<TcpStream> = (0..500).map(|_| connect(&daemon)).collect();
    for stream in &mut crowd {
        assert_eq!(ask(stream), 200);
    }
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = connect(&daemon);
            std::thread::spawn(move || (0..50).all(|_| ask(&mut stream) == 200))
        })
        .collect();
    assert!(asking.into_iter().all(|asked| asked.join().unwrap()));
    assert_eq!(ask(&mut crowd[250]), 200, "an idle one is still served");
    let mut half = connect(&daemon);
    half.write_all(b"GET /feeds/all.xml HT").unwrap();
    let (code, took) = daemon.terminate();
    assert_eq!(code, Some(0));
    // Half a request is waited for, up to the grace of two seconds.
    assert!(took < Duration::from_secs(4), "{took:?}");
    crowd.into_iter().for_each(closed);
}

#[test]
fn idle_connections_are_closed_at_once_at_a_stop() {
    let desk = desk("");
    let daemon = desk.start();
    let mut idle: Vec<TcpStream> = (0..20).map(|_| connect(&daemon)).collect();
    assert!(idle.iter_mut().all(|stream| ask(stream) == 200));
    let (code, took) = daemon.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_millis(1900), "{took:?}: less than the grace");
}

#[test]
fn a_unix_socket_answers_alike() {
    let desk = desk("");
    let place = desk.path("http.sock");
    let text = desk.configuration(&["wire"]);
    let listen = format!("listen = \"unix:{}\"", place.display());
    desk.write("c.toml", &text.replace("listen = \"127.0.0.1:0\"", &listen));
    let _daemon = Desk::spawn(desk.command(&["run"]));
    let mut stream = UnixStream::connect(&place).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    assert_eq!((ask(&mut stream), ask(&mut stream)), (200, 200));
}

#[test]
fn a_connection_may_ask_for_anything_in_any_pieces() {
    let desk = desk("");
    let daemon = desk.start();
    let mut stream = connect(&daemon);
    assert_eq!(ask(&mut stream), 200);
    // Two at once, and the second in two pieces; a page; a body; the end.
    stream.write_all(&ASK.repeat(2)).unwrap();
    stream.write_all(&ASK[..20]).unwrap();
    stream.write_all(&ASK[20..]).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody").unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest.matches("HTTP/1.1 200 OK\r\n").count(), 6, "{}", rest.len());
    assert_eq!(rest.matches("alive\n").count(), 3);
}
