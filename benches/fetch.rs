//! What polling costs beside a bare HTTP loop over the same addresses.
//!
//! `cargo bench --bench fetch [-- SOURCES]`: an origin of our own in a process apart, then two more
//! processes, one after the other, each over all sources three times: cold, all unchanged (304),
//! 5 % changed. The first is a loop of reqwest that keeps tags and parses nothing; the second is
//! the daemon itself, store and documents included, whose sources come due together every minute.
//! Printed: CPU seconds per 1,000 sources of each pass, the peak of memory, and the ratio of the two.
#![expect(
    clippy::cast_precision_loss,
    clippy::format_push_string,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program to be read by a person, which fails loudly"
)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{ETAG, IF_NONE_MATCH};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

const PASSES: [&str; 3] = ["cold", "all 304", "5 % changed"];
/// Sources that share a host, as a platform's feeds do.
const PER_HOST: usize = 10;
const IN_FLIGHT: usize = 64;
/// Seconds between two polls of a source; longer than a pass takes.
const EVERY: u64 = 60;

fn main() {
    let arguments: Vec<String> = std::env::args().filter(|a| a != "--bench").collect();
    let word = |at: usize| arguments.get(at).map(String::as_str);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match (word(1), word(2), word(3)) {
        (Some("origin"), ..) => runtime.block_on(origin()),
        (Some("bare"), Some(port), Some(count)) => {
            runtime.block_on(bare(port, count.parse().unwrap()));
        }
        (Some("pass"), Some(port), Some(count)) => {
            drop(runtime);
            pass(port, count.parse().unwrap());
        }
        (count, ..) => compare(count.map_or(2000, |count| count.parse().unwrap())),
    }
}

fn compare(count: usize) {
    let mut origin = start(&["origin"]);
    let port = first_line(&mut origin);
    println!("{count} sources on {} hosts; CPU seconds per 1,000 sources", count / PER_HOST);
    println!("{:12} {:>12} {:>12} {:>12} {:>10}", "", PASSES[0], PASSES[1], PASSES[2], "peak MB");
    let mut rows = Vec::new();
    for mode in ["bare", "pass"] {
        ask(&port, "/reset");
        let child = start(&[mode, &port, &count.to_string()]);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{mode} failed");
        let text = String::from_utf8(output.stdout).unwrap();
        let row: Vec<f64> = text.split_whitespace().map(|n| n.parse().unwrap()).collect();
        let name = if mode == "bare" { "bare loop" } else { "briefwire" };
        println!("{name:12} {:12.3} {:12.3} {:12.3} {:10.0}", row[0], row[1], row[2], row[3]);
        rows.push(row);
    }
    let ratio = |at: usize| rows[1][at] / rows[0][at];
    println!("{:12} {:12.2} {:12.2} {:12.2}", "ratio", ratio(0), ratio(1), ratio(2));
    origin.kill().unwrap();
    origin.wait().unwrap();
}

fn start(arguments: &[&str]) -> Child {
    let program = std::env::current_exe().unwrap();
    Command::new(program).args(arguments).stdout(Stdio::piped()).spawn().unwrap()
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Returns the address of a source; every ten share a host of the loopback network.
fn address(port: &str, number: usize) -> String {
    let host = number / PER_HOST;
    format!("http://127.0.{}.{}:{port}/feed/{number}", host / 250, host % 250 + 1)
}

/// Processor time of a process so far.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let field = |at: usize| after_name.split(' ').nth(at).unwrap().parse::<f64>().unwrap();
    (field(11) + field(12)) / 100.0
}

fn peak_megabytes(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Tells the origin that every twentieth feed has a new item.
async fn change(client: &reqwest::Client, port: &str) {
    client.get(format!("http://127.0.0.1:{port}/change")).send().await.unwrap();
}

async fn bare(port: &str, count: usize) {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(2)
        .connect_timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let mut tags: Vec<Option<String>> = vec![None; count];
    for number in 0..PASSES.len() {
        if number == 2 {
            change(&client, port).await;
        }
        let before = cpu_seconds(std::process::id());
        let permits = Arc::new(Semaphore::new(IN_FLIGHT));
        let mut under_way = tokio::task::JoinSet::new();
        for (source, tag) in tags.iter().cloned().enumerate() {
            let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
            let mut request = client.get(address(port, source));
            request = match tag {
                Some(tag) => request.header(IF_NONE_MATCH, tag),
                None => request,
            };
            under_way.spawn(async move {
                let response = request.send().await.unwrap();
                let tag = response.headers().get(ETAG).map(|t| t.to_str().unwrap().to_owned());
                std::hint::black_box(response.bytes().await.unwrap());
                drop(permit);
                (source, tag)
            });
        }
        while let Some(done) = under_way.join_next().await {
            let (source, tag) = done.unwrap();
            tags[source] = tag.or(tags[source].take());
        }
        print!("{} ", (cpu_seconds(std::process::id()) - before) * 1000.0 / count as f64);
    }
    println!("{}", peak_megabytes(std::process::id()));
}

/// Runs the daemon through three passes; the CPU time between two quiet moments is a pass's.
fn pass(port: &str, count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"{}\"\n[fetch]\n\
         host_spacing = \"0s\"\nin_flight = {IN_FLIGHT}\nevery = \"{EVERY}s\"\n\
         min_every = \"{EVERY}s\"\n[[channel]]\nid = \"all\"\ntitle = \"All\"\nfrom = [\"*\"]\n",
        folder.path().join("store").display()
    );
    for source in 0..count {
        let url = address(port, source);
        text += &format!(
            "[[source]]\nid = \"s{source}\"\nurl = \"{url}\"\nallow_private = true\n\
             every = \"{EVERY}s\"\n"
        );
    }
    let file = folder.path().join("c.toml");
    std::fs::write(&file, text).unwrap();
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_briefwire"))
        .args(["run", "--config"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut before = 0.0;
    for number in 0..PASSES.len() {
        if number == 2 {
            ask(port, "/change");
        }
        while asked(port) < (number + 1) * count {
            std::thread::park_timeout(Duration::from_millis(200));
        }
        // What was read is committed and rendered meanwhile; the next pass is far.
        let mut after = cpu_seconds(daemon.id());
        loop {
            std::thread::park_timeout(Duration::from_secs(1));
            let now = cpu_seconds(daemon.id());
            if now - after < 0.05 {
                break;
            }
            after = now;
        }
        assert_eq!(asked(port), (number + 1) * count, "one request a source and pass");
        print!("{} ", (after - before) * 1000.0 / count as f64);
        before = after;
    }
    println!("{}", peak_megabytes(daemon.id()));
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

/// Asks the origin something that is no feed.
fn ask(port: &str, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    let mut reader = BufReader::new(stream);
    while reader.read_line(&mut answer).unwrap() > 2 {}
    reader.read_line(&mut answer).unwrap();
    answer.lines().last().unwrap_or_default().to_owned()
}

/// Returns how many feeds the origin was asked for since the daemon's part began.
fn asked(port: &str) -> usize {
    ask(port, "/asked").parse().unwrap()
}

/// Answers `/feed/N` with 20 items, conditional requests with 304; `/change` edits every
/// twentieth feed.
async fn origin() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let counts = Arc::new(Counts::default());
    let began = Instant::now();
    while began.elapsed() < Duration::from_hours(1) {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(converse(stream, Arc::clone(&counts)));
    }
}

/// What the origin remembers.
#[derive(Default)]
struct Counts {
    changes: AtomicUsize,
    asked: AtomicUsize,
}

async fn converse(stream: TcpStream, counts: Arc<Counts>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        let mut tag = String::new();
        while let Some(field) = lines.next_line().await?.filter(|field| !field.is_empty()) {
            if let Some(given) = field.strip_prefix("if-none-match: ") {
                given.clone_into(&mut tag);
            }
        }
        let path = line.split(' ').nth(1).unwrap_or_default();
        let Some(number) = path.strip_prefix("/feed/").and_then(|n| n.parse::<usize>().ok()) else {
            match path {
                "/change" => {
                    counts.changes.fetch_add(1, Ordering::Relaxed);
                }
                "/reset" => {
                    counts.changes.store(0, Ordering::Relaxed);
                    counts.asked.store(0, Ordering::Relaxed);
                }
                _ => {}
            }
            let body = format!("{}\n", counts.asked.load(Ordering::Relaxed));
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
            writer.write_all(answer.as_bytes()).await?;
            continue;
        };
        counts.asked.fetch_add(1, Ordering::Relaxed);
        let changes = counts.changes.load(Ordering::Relaxed);
        let version = if number.is_multiple_of(20) { 1 + changes } else { 1 };
        let current = format!("\"{number}-{version}\"");
        let answer = if tag == current {
            format!("HTTP/1.1 304 Not Modified\r\nETag: {current}\r\n\r\n")
        } else {
            let body = feed(number, version);
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: {current}\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        writer.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

fn feed(number: usize, version: usize) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Wire {number}</title>\
         <link>https://wire{number}.example/</link><description>x</description>"
    );
    for item in 0..20 {
        let item = item + version;
        let text =
            "The harbour board of the northern islands decided on Tuesday to rebuild the old \
                    mole before the winter, after a storm had taken a third of it. "
                .repeat(4);
        xml += &format!(
            "<item><guid isPermaLink=\"false\">{number}-{item}</guid><title>Board {number} decides \
             on matter {item}</title><link>https://wire{number}.example/{item}</link>\
             <pubDate>Mon, 23 Nov 2026 08:{item:02}:00 GMT</pubDate>\
             <description>{text}</description></item>"
        );
    }
    xml + "</channel></rss>"
}
