//! Origins that mean harm, all at once beside a healthy one, under the real limits on bytes.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use flate2::{Compress, Compression, FlushCompress};

use crate::desk::{Daemon, Desk, undated, within};
use crate::origin::{Answer, Origin, Then};

const MIB: usize = 1 << 20;

/// How large the bombs are once decoded.
const BOMB_MIB: usize = 1024;

/// What an origin may have sent of something endless: the limit on the wire, and what lies in the
/// buffers of two sockets.
const MAX_SENT_BYTES: u64 = 17 << 20;

/// Between two pieces of something endless; without it those buffers grow to tens of megabytes.
const PACE: Duration = Duration::from_millis(1);

const START: &str = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>x</title>";

/// Returns a beginning and then 1 GiB of one byte over and over, as one stream of deflate.
///
/// Compressed once and repeated: a full flush leaves nothing that a later piece refers to.
fn deflate_bomb(start: &[u8], filler: u8) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut piece = |bytes: &[u8], flush| {
        let mut out = Vec::with_capacity(bytes.len() + 1024);
        compress.compress_vec(bytes, &mut out, flush).unwrap();
        out
    };
    let head = piece(start, FlushCompress::Full);
    let mebibyte = piece(&vec![filler; MIB], FlushCompress::Full);
    let end = piece(b"", FlushCompress::Finish);
    [head, mebibyte.repeat(BOMB_MIB), end].concat()
}

fn gzip_bomb(start: &[u8], filler: u8) -> Answer {
    let mut sum = crc32fast::Hasher::new();
    sum.update(start);
    let mut mebibyte = crc32fast::Hasher::new();
    mebibyte.update(&vec![filler; MIB]);
    for _ in 0..BOMB_MIB {
        sum.combine(&mebibyte);
    }
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let length = u32::try_from(start.len() + BOMB_MIB * MIB).unwrap();
    let end = [sum.finalize().to_le_bytes(), length.to_le_bytes()].concat();
    let body = [&header, deflate_bomb(start, filler).as_slice(), &end].concat();
    Answer::ok(body).with("Content-Encoding", "gzip")
}

/// The same in brotli, whose encoder is in the same state after each of such pieces; its window
/// has so many bits.
fn brotli_bomb(window: u32) -> Answer {
    use std::io::Write as _;
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 5, window);
    let mut ends = Vec::new();
    for _ in 0..2 {
        encoder.write_all(&vec![0; MIB]).unwrap();
        encoder.flush().unwrap();
        ends.push(encoder.get_ref().len());
    }
    let all = encoder.into_inner();
    let (pieces, end) = all.split_at(ends.pop().unwrap());
    let (first, second) = pieces.split_at(ends.pop().unwrap());
    let body = [first, &second.repeat(BOMB_MIB - 1), end].concat();
    Answer::ok(body).with("Content-Encoding", "br")
}

fn zstd_bomb() -> Answer {
    let mebibyte = zstd::encode_all(vec![0; MIB].as_slice(), 1).unwrap();
    Answer::ok(mebibyte.repeat(BOMB_MIB)).with("Content-Encoding", "zstd")
}

/// Answers with this header, a beginning of a feed, and then blanks without an end.
fn endless(status: &str, header: &str) -> Answer {
    let chunked = header.contains("chunked");
    let framed = |text: &str| {
        if chunked { format!("{:x}\r\n{text}\r\n", text.len()) } else { text.to_owned() }
    };
    let head = format!("HTTP/1.1 {status}\r\n{header}\r\n\r\n{}", framed(START));
    Answer::raw(head, Then::Repeats(framed(&" ".repeat(1 << 16)).into_bytes(), PACE))
}

/// Answers with these bytes and then with others, over and over.
fn repeats(head: &str, piece: &str) -> Answer {
    Answer::raw(head, Then::Repeats(piece.as_bytes().to_vec(), PACE))
}

fn drips(head: &str, piece: &str) -> Answer {
    Answer::raw(head, Then::Repeats(piece.as_bytes().to_vec(), Duration::from_secs(1)))
}

/// What must come of a hazard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// A failure whose words contain these.
    Failed(&'static str),
    /// A feed is read.
    Read,
    /// Either.
    Survived,
}

use Expected::{Failed, Read, Survived};

/// Answers that hold bytes back, break off, or never end.
fn of_bytes() -> Vec<(&'static str, Answer, Expected)> {
    let ok = "HTTP/1.1 200 OK\r\n";
    let chunked = "Transfer-Encoding: chunked";
    let late = "in time";
    let large = "larger than";
    let filler = "x".repeat(1 << 14);
    let stalls = |head: String| Answer::raw(head, Then::HoldsOn);
    let short = format!("{ok}Content-Length: 5000\r\n\r\n{START}");
    vec![
        ("gzip-bomb", gzip_bomb(b"", 0), Failed(large)),
        ("gzip-bomb-of-blanks", gzip_bomb(START.as_bytes(), b' '), Failed(large)),
        (
            "deflate-bomb",
            Answer::ok(deflate_bomb(START.as_bytes(), b' ')).with("Content-Encoding", "deflate"),
            Failed(large),
        ),
        ("brotli-bomb", brotli_bomb(22), Failed(large)),
        ("zstd-bomb", zstd_bomb(), Failed(large)),
        ("endless", endless("200 OK", chunked), Failed(large)),
        ("endless-until-close", endless("200 OK", "Connection: close"), Failed(large)),
        ("declared", endless("200 OK", "Content-Length: 3221225472"), Failed(large)),
        (
            "declared-beyond-numbers",
            endless("200 OK", "Content-Length: 99999999999999999999999"),
            Failed(""),
        ),
        ("endless-error", endless("404 Not Found", chunked), Failed("404")),
        (
            "endless-redirect",
            endless("302 Found", "Location: /there\r\nContent-Length: 3221225472"),
            Failed("404"),
        ),
        ("loris", drips(&format!("{ok}Content-Length: 5000\r\n\r\n"), "<"), Failed(late)),
        ("loris-chunks", drips(&format!("{ok}{chunked}\r\n\r\n"), "1\r\n<\r\n"), Failed(late)),
        ("loris-header", drips(ok, "X: y\r\n"), Failed(late)),
        ("stall", stalls(String::new()), Failed(late)),
        ("stall-in-status", stalls("HTTP/1.".to_owned()), Failed(late)),
        ("stall-in-header", stalls(format!("{ok}Content-Ty")), Failed(late)),
        ("stall-in-body", stalls(short.clone()), Failed(late)),
        ("headers", repeats(ok, &format!("X-Filler: {filler}\r\n")), Failed("")),
        ("short-headers", repeats(ok, &"A: b\r\n".repeat(1000)), Failed("")),
        ("header-line", repeats(&format!("{ok}X-Filler: "), &filler), Failed("")),
        ("status-line", repeats("HTTP/1.1 200 ", &filler), Failed("")),
        ("chunk-extension", repeats(&format!("{ok}{chunked}\r\n\r\n5;"), &filler), Failed("")),
        (
            "trailers",
            repeats(&format!("{ok}{chunked}\r\n\r\n0\r\n"), &format!("X: {filler}\r\n")),
            Failed(""),
        ),
        (
            "empty-chunks",
            repeats(&format!("{ok}{chunked}\r\n\r\n"), &"1;a=b\r\n \r\n".repeat(1000)),
            Failed(""),
        ),
        ("loris-hints", drips("", "HTTP/1.1 103 Early Hints\r\n\r\n"), Failed(late)),
        ("no-http", repeats("", &filler), Failed("")),
        ("truncated", Answer::raw(short, Then::Closes), Failed("broke off")),
    ]
}

/// Documents that cost more than they seem to, or ask for others.
fn of_documents(desk: &Desk, spy: &Origin) -> Vec<(&'static str, Answer, Expected)> {
    let levels =
        (1..12).map(|n| format!("<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(10)));
    let laughs = format!(
        "<!DOCTYPE rss [<!ENTITY a0 'ha'>{}]>{START}<item><guid>1</guid><title>&a11;</title></item></channel></rss>",
        levels.collect::<String>()
    );
    let quadratic = format!(
        "<!DOCTYPE rss [<!ENTITY a '{}'>]>{START}<item><guid>1</guid><title>{}</title></item></channel></rss>",
        "x".repeat(100_000),
        "&a;".repeat(100_000)
    );
    desk.write("secret", "the secret of this machine");
    let external = |system: &str| {
        format!(
            "<!DOCTYPE rss [<!ENTITY x SYSTEM \"{system}\"><!ENTITY % p SYSTEM \"{system}\"> %p;]>\
             {START}<item><guid>1</guid><title>Title &x;</title><description>&x;</description></item>\
             </channel></rss>"
        )
    };
    let dtd = format!(
        "<?xml version=\"1.0\"?><?xml-stylesheet href=\"{0}\"?><!DOCTYPE rss PUBLIC \"-//x\" \"{0}\">\
         <rss version=\"2.0\" xmlns:xi=\"http://www.w3.org/2001/XInclude\"><channel><xi:include href=\"{0}\"/>\
         <item><guid>1</guid><title>Title</title></item></channel></rss>",
        spy.url("/evil.dtd")
    );
    let secret = desk.path("secret");
    let many = |words: usize| {
        let mut many = START.to_owned();
        for n in 0..20_000 {
            let text = "All work and no play makes a long feed. ".repeat(words);
            write!(many, "<item><guid>{n}</guid><title>Item {n}</title><description>{text}</description></item>").unwrap();
        }
        many
    };
    let deep = format!("{START}<item><description>{}", "<div>".repeat(200_000));
    vec![
        ("laughs", Answer::ok(laughs), Survived),
        ("quadratic", Answer::ok(quadratic), Survived),
        ("external-file", Answer::ok(external(&format!("file://{}", secret.display()))), Survived),
        ("external-path", Answer::ok(external(&secret.display().to_string())), Survived),
        ("external-http", Answer::ok(external(&spy.url("/entity"))), Survived),
        ("external-dtd", Answer::ok(dtd), Read),
        ("many", Answer::ok(many(11)), Survived),
        ("many-short", Answer::ok(many(0)), Read),
        ("deep", Answer::ok(deep), Survived),
    ]
}

/// A place where connections are never completed.
struct Full {
    address: SocketAddr,
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl Full {
    /// Fills the queue of a listener that accepts nobody, until the kernel leaves callers waiting.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.2.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let patience = Duration::from_millis(200);
        let connect = || TcpStream::connect_timeout(&address, patience).ok();
        let waiting = std::iter::from_fn(connect).collect();
        Self { address, _listener: listener, _waiting: waiting }
    }
}

// Rows: hz.gzipbomb, hz.gzipbomb.xml, hz.brbomb, hz.endless, hz.declared, hz.loris, hz.stall,
// Rows: hz.connect, hz.headers, hz.truncated, hz.laughs, hz.xxe.file, hz.xxe.http, hz.many
#[test]
fn no_origin_takes_more_memory_time_or_traffic_than_it_is_given() {
    let desk = Desk::new(&[]);
    let spy = Origin::start();
    let hazards = [of_bytes(), of_documents(&desk, &spy)].concat();
    // Each on a host of its own, so that none waits for another.
    let host = |n: usize| Origin::start_on(&format!("127.0.1.{}", n + 1)).unwrap();
    let origins: Vec<Origin> = (0..hazards.len()).map(host).collect();
    let full = Full::start();
    let mut sources = vec![
        ("healthy".to_owned(), desk.origin.url("/healthy")),
        ("connect".to_owned(), format!("http://{}/wire", full.address)),
    ];
    desk.origin.script("/healthy", Answer::ok(undated("All is well", "")));
    for ((name, answer, _), origin) in hazards.iter().zip(&origins) {
        origin.script("/wire", answer.clone());
        sources.push(((*name).to_owned(), origin.url("/wire")));
    }
    desk.configure("connect_timeout = \"2s\"\nidle_timeout = \"2s\"\n", &sources);
    let daemon = desk.start();
    let limit = Duration::from_mins(1);
    within(limit, "every poll comes to an end", || {
        daemon.told().values().all(|told| !told.words.is_empty())
    });
    let (told, peak) = (daemon.told(), daemon.peak_memory());
    assert!(peak <= 200 * MIB, "{} MiB", peak / MIB);
    assert_eq!(told.len(), sources.len());
    let ends = hazards.iter().map(|(name, _, expected)| (*name, *expected));
    for (name, expected) in ends.chain([("healthy", Read), ("connect", Failed("in time"))]) {
        let told = &told[name];
        let as_expected = match expected {
            Failed(words) => !told.ok && told.words.contains(words),
            Read => told.ok,
            Survived => true,
        };
        assert!(as_expected, "{name}: {expected:?}, {told:?}");
    }
    for ((name, _, _), origin) in hazards.iter().zip(&origins) {
        let (written, asked) = (origin.written("/wire"), origin.take_asked("/wire").len());
        assert!(written <= MAX_SENT_BYTES, "{name}: {written} bytes were taken");
        assert_eq!(asked, 1, "{name}");
    }
    assert!(spy.take_all().is_empty() && spy.connections() == 0, "entities are not fetched");
    let items = desk.ok(&["items", "--json"]);
    assert!(items.contains("All is well"));
    assert!(!items.contains("the secret of this machine"));
    assert_eq!(items.matches("\"feed\":\"many-short\"").count(), 1000, "the limit on items");
    assert_eq!(daemon.terminate().0, Some(0));
}

/// Starts a daemon whose sources are so many hosts that all answer alike, and a healthy one.
fn crowd(desk: &Desk, hosts: usize, answer: &Answer) -> (Vec<Origin>, Daemon) {
    let host = |n: usize| Origin::start_on(&format!("127.0.3.{}", n + 1)).unwrap();
    let origins: Vec<Origin> = (0..hosts).map(host).collect();
    let mut sources = vec![("healthy".to_owned(), desk.origin.url("/healthy"))];
    desk.origin.script("/healthy", Answer::ok(undated("All is well", "")));
    for (n, origin) in origins.iter().enumerate() {
        origin.script("/wire", answer.clone());
        sources.push((format!("hostile-{n}"), origin.url("/wire")));
    }
    desk.configure("", &sources);
    let daemon = desk.start();
    (origins, daemon)
}

// Rows: hz.brbomb
#[test]
fn many_bombs_at_once_take_little_more_memory_than_one() {
    let desk = Desk::new(&[]);
    let (_origins, daemon) = crowd(&desk, 24, &brotli_bomb(24));
    within(Duration::from_mins(1), "every poll comes to an end", || {
        daemon.told().values().all(|told| !told.words.is_empty())
    });
    assert!(daemon.told()["healthy"].ok);
    assert!(daemon.told()["hostile-7"].words.contains("larger than"));
    let peak = daemon.peak_memory();
    assert!(peak <= 200 * MIB, "{} MiB", peak / MIB);
}

// Rows: hz.loris
#[test]
fn origins_that_send_slowly_do_not_wait_for_each_other() {
    let desk = Desk::new(&[]);
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let piece = format!("{:x}\r\n{}\r\n", 1 << 17, " ".repeat(1 << 17)).into_bytes();
    let slow = Answer::raw(head, Then::Repeats(piece, Duration::from_millis(200)));
    let (_origins, daemon) = crowd(&desk, 20, &slow);
    // Each has five seconds.
    within(Duration::from_secs(12), "every poll comes to an end", || {
        daemon.told().values().all(|told| !told.words.is_empty())
    });
    assert!(daemon.told()["healthy"].ok);
    assert!(daemon.told()["hostile-7"].words.contains("in time for the whole poll"));
}

// Rows: host.concurrency, host.keepalive
#[test]
fn many_sources_of_a_host_share_few_connections() {
    let names: Vec<String> = (0..24).map(|n| format!("s{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let desk = Desk::new(&names);
    for name in &names {
        let answer = Answer::ok(undated(name, "")).after(Duration::from_millis(20));
        desk.origin.script(&format!("/{name}"), answer);
    }
    assert!(desk.outcomes(&[]).values().all(|told| told.ok));
    assert_eq!(desk.origin.take_all().len(), 24);
    let (most, connections) = (desk.origin.most_at_once(), desk.origin.connections());
    assert!(most <= 4, "{most} at once");
    assert!(connections <= 12, "{connections} connections");
    // The same in the daemon, and where answers have no body.
    for name in &names {
        let answer = Answer::status(304).after(Duration::from_millis(20));
        desk.origin.script(&format!("/{name}"), answer);
    }
    desk.later(4000);
    let before = desk.origin.connections();
    let daemon = desk.start();
    for name in &names {
        daemon.poll(name);
    }
    within(Duration::from_secs(10), "all are asked", || {
        daemon.told().values().all(|told| told.words == "not modified")
    });
    let (most, connections) = (desk.origin.most_at_once(), desk.origin.connections() - before);
    assert!(most <= 4, "{most} at once");
    assert!(connections <= 12, "{connections} connections");
}
