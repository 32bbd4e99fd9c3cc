//! What polling costs beside a bare HTTP loop over the same addresses.
//!
//! `cargo bench --bench fetch [-- SOURCES]`: an origin of our own in a process apart, then two more
//! processes, one after the other, each over all sources three times: cold, all unchanged (304),
//! 5 % changed. The first is a loop of reqwest that keeps ETags and parses nothing; the second is
//! `briefwire poll`, store and documents included. Printed: CPU seconds per 1,000 sources of each
//! pass, the peak of memory, and the ratio of the two.
#![expect(
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

use briefwire::config::{self, Environment};
use briefwire::daemon::{Which, poll_once};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

const PASSES: [&str; 3] = ["cold", "all 304", "5 % changed"];
/// Sources that share a host, as a platform's feeds do.
const PER_HOST: usize = 10;
const IN_FLIGHT: usize = 64;

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
            runtime.block_on(pass(port, count.parse().unwrap()));
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

/// Processor time of this process so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let field = |at: usize| after_name.split(' ').nth(at).unwrap().parse::<f64>().unwrap();
    (field(11) + field(12)) / 100.0
}

fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
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
        let before = cpu_seconds();
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
        print!("{} ", (cpu_seconds() - before) * 1000.0 / count as f64);
    }
    println!("{}", peak_megabytes());
}

async fn pass(port: &str, count: usize) {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut text = format!(
        "[store]\npath = \"{}\"\n[fetch]\nhost_spacing = \"0s\"\nin_flight = {IN_FLIGHT}\n\
         [[channel]]\nid = \"all\"\ntitle = \"All\"\nfrom = [\"*\"]\n",
        folder.path().join("store").display()
    );
    for source in 0..count {
        let url = address(port, source);
        text += &format!("[[source]]\nid = \"s{source}\"\nurl = \"{url}\"\nallow_private = true\n");
    }
    let unread = |_: &Path| Err(std::io::Error::other("no file is named"));
    let file = folder.path().join("c.toml");
    let config = config::read(text.as_bytes(), &file, &Environment::default(), unread).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build();
    for number in 0..PASSES.len() {
        if number == 2 {
            change(client.as_ref().unwrap(), port).await;
        }
        let before = cpu_seconds();
        let outcomes = poll_once(&config, &Which::All, &mut |_, _| {}).await.unwrap();
        let good = outcomes.iter().filter(|(_, outcome)| outcome.is_success()).count();
        assert_eq!(good, count, "every source is well");
        print!("{} ", (cpu_seconds() - before) * 1000.0 / count as f64);
    }
    println!("{}", peak_megabytes());
}

/// Answers `/feed/N` with 20 items, conditional requests with 304; `/change` edits every
/// twentieth feed.
async fn origin() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let version = Arc::new(AtomicUsize::new(1));
    let began = Instant::now();
    while began.elapsed() < Duration::from_hours(1) {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(converse(stream, Arc::clone(&version)));
    }
}

async fn converse(stream: TcpStream, version: Arc<AtomicUsize>) -> std::io::Result<()> {
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
            version.fetch_add(1, Ordering::Relaxed);
            writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
            continue;
        };
        let version = if number.is_multiple_of(20) { version.load(Ordering::Relaxed) } else { 1 };
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
