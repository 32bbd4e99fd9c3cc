//! What polling costs beside a bare HTTP loop over the same addresses.
//!
//! `cargo bench --bench fetch [-- SOURCES]`: an origin of our own in a process apart, then two more
//! processes, one after the other, each over all sources: cold, all unchanged (304, the median of
//! five), 5 % changed. The first is a loop of reqwest that keeps tags and parses nothing; the second is
//! `briefwire poll`, less what a pass costs in which nothing is due. Printed: CPU seconds per 1,000
//! sources of each pass, the peak of memory, and the ratio of the two.
#![expect(
    clippy::cast_precision_loss,
    clippy::format_push_string,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program to be read by a person, which fails loudly"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use briefwire::config::{self, Config, Environment};
use briefwire::daemon::{Which, poll_once};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

const PASSES: [&str; 3] = ["cold", "all 304", "5 % changed"];
/// Unchanged passes; the median counts.
const UNCHANGED: usize = 5;
/// Sources that share a host, as a platform's feeds do, and none, as most do.
const PER_HOST: [usize; 2] = [10, 1];
const IN_FLIGHT: usize = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().filter(|a| a != "--bench").collect();
    let word = |at: usize| arguments.get(at).map(String::as_str);
    let number = |at: usize| word(at).map(|text| text.parse::<usize>().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let crowd = || Crowd { count: number(3).unwrap(), per_host: number(4).unwrap() };
    match (word(1), word(2)) {
        (Some("origin"), _) => runtime.block_on(origin()),
        (Some("bare"), Some(port)) => runtime.block_on(bare(port, crowd())),
        (Some("pass"), Some(port)) => runtime.block_on(pass(port, crowd())),
        _ => {
            rustls::crypto::ring::default_provider().install_default().unwrap();
            for per_host in PER_HOST {
                compare(&runtime, Crowd { count: number(1).unwrap_or(2000), per_host });
            }
        }
    }
}

/// So many sources, and how they share hosts.
#[derive(Clone, Copy)]
struct Crowd {
    count: usize,
    per_host: usize,
}

fn compare(runtime: &tokio::runtime::Runtime, crowd: Crowd) {
    let Crowd { count, per_host } = crowd;
    let mut origin = start(&["origin"]);
    let port = first_line(&mut origin);
    println!("{count} sources on {} hosts; CPU seconds per 1,000 sources", count / per_host);
    println!("{:12} {:>12} {:>12} {:>12} {:>10}", "", PASSES[0], PASSES[1], PASSES[2], "peak MB");
    let mut rows = Vec::new();
    for mode in ["bare", "pass"] {
        runtime.block_on(tell(&port, "reset"));
        let child = start(&[mode, &port, &count.to_string(), &per_host.to_string()]);
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

/// Returns the address of a source, whose host is one of the loopback network; a loop over all
/// asks each host in its turn.
fn address(port: &str, number: usize, crowd: Crowd) -> String {
    let host = number % (crowd.count / crowd.per_host);
    format!("http://127.0.{}.{}:{port}/feed/{number}", host / 250, host % 250 + 1)
}

/// Processor time of a process so far.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let field = |at: usize| after_name.split(' ').nth(at).unwrap().parse::<f64>().unwrap();
    (field(11) + field(12)) / 100.0
}

fn peak_megabytes(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

/// Tells the origin that every twentieth feed has a new item.
async fn change(port: &str) {
    tell(port, "change").await;
}

async fn tell(port: &str, what: &str) {
    client().get(format!("http://127.0.0.1:{port}/{what}")).send().await.unwrap();
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(2)
        .connect_timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

async fn bare(port: &str, crowd: Crowd) {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let mut tags: Vec<Option<String>> = vec![None; crowd.count];
    let cold = bare_pass(port, crowd, &mut tags).await;
    let mut unchanged = Vec::new();
    for _ in 0..UNCHANGED {
        unchanged.push(bare_pass(port, crowd, &mut tags).await);
    }
    change(port).await;
    let changed = bare_pass(port, crowd, &mut tags).await;
    let peak = peak_megabytes(std::process::id()).unwrap();
    println!("{cold} {} {changed} {peak}", median(unchanged));
}

/// Asks for every feed once, and returns CPU seconds per 1,000.
/// Connections are new at each pass, as they are after an hour.
async fn bare_pass(port: &str, crowd: Crowd, tags: &mut [Option<String>]) -> f64 {
    let (before, count) = (cpu_seconds(std::process::id()), tags.len());
    let client = client();
    let permits = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut under_way = tokio::task::JoinSet::new();
    for (source, tag) in tags.iter().cloned().enumerate() {
        let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
        let mut request = client.get(address(port, source, crowd));
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
    (cpu_seconds(std::process::id()) - before) * 1000.0 / count as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Makes the passes of `briefwire poll`; what it costs to open the store and to write the
/// documents is measured by a pass in which nothing is due, and taken off.
async fn pass(port: &str, crowd: Crowd) {
    let count = crowd.count;
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Recent items are read at every start; a pass is to be measured, so there are none.
    let mut text = format!(
        "[store]\npath = \"{}\"\n[fetch]\nhost_spacing = \"0s\"\nin_flight = {IN_FLIGHT}\n\
         [matching]\nrecent = \"1h\"\n[[channel]]\nid = \"all\"\ntitle = \"All\"\nfrom = [\"*\"]\n",
        folder.path().join("store").display()
    );
    for source in 0..count {
        let url = address(port, source, crowd);
        text += &format!("[[source]]\nid = \"s{source}\"\nurl = \"{url}\"\nallow_private = true\n");
    }
    let unread = |_: &Path| Err(std::io::Error::other("no file is named"));
    let file = folder.path().join("c.toml");
    let config = config::read(text.as_bytes(), &file, &Environment::default(), unread).unwrap();
    let cold = poll(&config, &Which::All, count).await;
    let mut unchanged = Vec::new();
    for _ in 0..UNCHANGED {
        let fixed = poll(&config, &Which::Due, 0).await;
        unchanged.push(poll(&config, &Which::All, count).await - fixed);
    }
    let fixed = poll(&config, &Which::Due, 0).await;
    change(port).await;
    let changed = poll(&config, &Which::All, count).await - fixed;
    let unit = 1000.0 / count as f64;
    let peak = peak_megabytes(std::process::id()).unwrap();
    println!("{} {} {} {peak}", cold * unit, median(unchanged) * unit, changed * unit);
}

/// Makes a pass that asks so many sources, and returns its CPU seconds.
async fn poll(config: &Config, which: &Which, count: usize) -> f64 {
    let before = cpu_seconds(std::process::id());
    let outcomes = poll_once(config, which, &mut |_, _| {}).await.unwrap();
    let good = outcomes.iter().filter(|(_, outcome)| outcome.is_success()).count();
    assert_eq!(good, count, "every source that was to be asked is well");
    cpu_seconds(std::process::id()) - before
}

/// Answers `/feed/N` with 20 items, conditional requests with 304; `/change` edits every
/// twentieth feed.
async fn origin() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let changes = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    while began.elapsed() < Duration::from_hours(1) {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(converse(stream, Arc::clone(&changes)));
    }
}

async fn converse(stream: TcpStream, changes: Arc<AtomicUsize>) -> std::io::Result<()> {
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
            changes.store(usize::from(path == "/change"), Ordering::Relaxed);
            writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
            continue;
        };
        let changes = changes.load(Ordering::Relaxed);
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
