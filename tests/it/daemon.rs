//! How the daemon starts, stops, and lives with trouble.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::desk::{Daemon, Desk, PATIENCE, between, eventually, feed, missing};
use crate::origin::{Answer, request};
use crate::serving::TOKEN;

fn desk() -> Desk {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(feed(&[("a", "Wall gives way", "Text of a.")])));
    desk
}

/// A service manager that only listens.
struct Manager {
    socket: UnixDatagram,
}

impl Manager {
    fn bind(desk: &Desk) -> Self {
        let socket = UnixDatagram::bind(desk.path("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket }
    }

    /// Returns the next message that begins with one of these words.
    #[track_caller]
    fn next(&self, wanted: &[&str]) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer).expect("a message in time");
            let text = String::from_utf8(buffer.get(..length).unwrap().to_vec()).unwrap();
            if wanted.iter().any(|word| text.starts_with(word)) {
                return text;
            }
        }
    }
}

#[test]
fn the_service_manager_is_told_what_happens() {
    let desk = desk();
    let manager = Manager::bind(&desk);
    let mut command = desk.command(&["run"]);
    command.env("NOTIFY_SOCKET", desk.path("notify")).env("WATCHDOG_USEC", "30000000");
    let daemon = Desk::spawn(command);
    // Nothing is on disk yet, so the store has to open first.
    manager.next(&["EXTEND_TIMEOUT_USEC=", "READY=1"]).strip_prefix("EXTEND").unwrap();
    manager.next(&["READY=1"]);
    assert_eq!(daemon.get("feeds/all.xml").status, 200, "ready means served");
    let status = manager.next(&["STATUS="]);
    assert!(status.starts_with("STATUS=serving 1 channel; 1 source, "), "{status}");
    manager.next(&["WATCHDOG=1"]);
    manager.next(&["WATCHDOG=1"]);
    desk.ok(&["reload"]);
    let reloading = manager.next(&["RELOADING=1", "READY=1", "STOPPING=1"]);
    let stamp = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap().trim();
    assert!(stamp.parse::<u64>().unwrap() > 0, "{reloading}");
    assert_eq!(manager.next(&["RELOADING=1", "READY=1", "STOPPING=1"]).trim(), "READY=1");
    let (code, _) = daemon.terminate();
    assert_eq!(code, Some(0));
    assert_eq!(manager.next(&["READY=1", "STOPPING=1"]).trim(), "STOPPING=1");
}

#[test]
fn sockets_of_the_service_manager_are_taken() {
    if !Command::new("systemd-socket-activate")
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success())
    {
        return missing("systemd-socket-activate");
    }
    let desk = desk();
    desk.poll();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let unix = desk.path("http.sock");
    for place in [free.to_string(), unix.display().to_string()] {
        let mut command = Command::new("systemd-socket-activate");
        command.args(["-l", &place, "-E", "BRIEFWIRE_TEST_CLOCK"]);
        command.args([env!("CARGO_BIN_EXE_briefwire"), "run", "--config"]).arg(desk.path("c.toml"));
        let mut child = command
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let ask = || {
            let url = if place.starts_with('/') {
                format!("unix:{place}")
            } else {
                format!("http://{place}/feeds/all.xml")
            };
            fetch(&url)
        };
        // The first connection starts it; what comes meanwhile waits in the socket.
        eventually("served", || ask().is_some_and(|text| text.contains("Wall gives way")));
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{place}");
    }
}

/// Asks for the channel `all` over TCP or a Unix socket; `None` while nobody listens.
fn fetch(url: &str) -> Option<String> {
    use std::io::{Read, Write};
    let mut answer = String::new();
    let question = b"GET /feeds/all.xml HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    if let Some(path) = url.strip_prefix("unix:") {
        let mut stream = std::os::unix::net::UnixStream::connect(path).ok()?;
        stream.write_all(question).ok()?;
        stream.read_to_string(&mut answer).ok()?;
    } else {
        let host = url.strip_prefix("http://")?.split('/').next()?;
        let mut stream = std::net::TcpStream::connect(host).ok()?;
        stream.write_all(question).ok()?;
        stream.read_to_string(&mut answer).ok()?;
    }
    Some(answer)
}

#[test]
fn a_second_process_on_one_store_says_so_in_a_line() {
    let desk = desk();
    let daemon = desk.start();
    // On the very port: the store is what is said to be in use, not the address.
    let port = daemon.url("").trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let text = desk.configuration(&["wire"]).replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    desk.write("c.toml", &text);
    let second = desk.run(&["run"]);
    assert_eq!(second.code, 75);
    assert_eq!(second.err.lines().count(), 1, "{}", second.err);
    assert!(second.err.contains(&format!("in use by process {}", daemon.pid())), "{}", second.err);
    assert_eq!(daemon.get("readyz").status, 200);
}

#[test]
fn a_stop_under_load_loses_nothing_that_was_acknowledged() {
    let desk = desk();
    let daemon = desk.start();
    let (base, stop) = (daemon.url(""), AtomicBool::new(false));
    let mut acknowledged = Vec::new();
    std::thread::scope(|scope| {
        let editors: Vec<_> = (0..4)
            .map(|editor| {
                let (base, stop) = (base.clone(), &stop);
                let ids = (0..).map(move |round| format!("b-{editor}-{round}"));
                let goes_on =
                    move |id: &String| !stop.load(Ordering::Relaxed) && put(&base, id) == Some(201);
                scope.spawn(move || ids.take_while(goes_on).collect::<Vec<String>>())
            })
            .collect();
        eventually("some are stored", || {
            let listed = request("GET", &format!("{base}api/briefs"), &[TOKEN], b"");
            listed.text().matches("\"id\"").count() > 20
        });
        let (code, took) = daemon.terminate();
        assert_eq!(code, Some(0));
        assert!(took < Duration::from_secs(5), "{took:?}");
        stop.store(true, Ordering::Relaxed);
        for editor in editors {
            acknowledged.extend(editor.join().unwrap());
        }
    });
    let listed = desk.ok(&["brief", "list", "--json"]);
    for id in &acknowledged {
        assert!(listed.contains(&format!("\"{id}\"")), "{id} of {}", acknowledged.len());
    }
}

/// Stores a brief; `None` where the connection broke.
fn put(base: &str, id: &str) -> Option<u16> {
    use std::io::{Read, Write};
    let host = base.strip_prefix("http://")?.trim_end_matches('/');
    let body = format!("{{\"summary\": \"Brief {id}.\"}}");
    let mut stream = std::net::TcpStream::connect(host).ok()?;
    let head = format!(
        "PUT /api/briefs/{id} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{}: {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        TOKEN.0,
        TOKEN.1,
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

#[test]
fn a_clock_that_is_set_changes_nothing_about_when_sources_are_asked() {
    let desk = Desk::new(&["fast", "slow"]);
    for path in ["/fast", "/slow"] {
        desk.origin.script(path, Answer::ok(feed(&[("a", "A", "Text of a.")])));
    }
    let text =
        desk.configuration(&["fast", "slow"]).replace("[fetch]", "[fetch]\nmin_every = \"1s\"");
    let text = text.replace("id = \"fast\"", "id = \"fast\"\nevery = \"1s\"");
    desk.write("c.toml", &text.replace("id = \"slow\"", "id = \"slow\"\nevery = \"30m\""));
    let daemon = desk.start();
    let fast = || desk.origin.take_asked("/fast").len();
    let mut asked = 0;
    eventually("polled", || {
        asked += fast();
        asked >= 1
    });
    eventually("slow is polled", || {
        daemon.get("feeds/all.xml").text().matches("<item>").count() == 2
    });
    assert_eq!(desk.origin.take_asked("/slow").len(), 1);
    for seconds in [3600, 0, -3600] {
        desk.later(seconds);
        fast();
        let mut asked = 0;
        eventually("it goes on", || {
            asked += fast();
            asked >= 3
        });
        assert_eq!(
            desk.origin.take_asked("/slow").len(),
            0,
            "after the clock was set to {seconds}"
        );
    }
    let page = daemon.get("metrics").text();
    assert!(page.contains("briefwire_polls_total"), "{page}");
}

#[test]
fn an_origin_that_was_away_is_not_stormed_when_it_is_back() {
    let names: Vec<String> = (0..20).map(|n| format!("s{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let desk = Desk::new(&names);
    let text = desk
        .configuration(&names)
        .replace("[fetch]", "[fetch]\nmin_every = \"1s\"\nevery = \"1s\"");
    desk.write("c.toml", &text);
    for name in &names {
        desk.origin.script(&format!("/{name}"), Answer::hangs_up());
    }
    let daemon = desk.start();
    daemon.until("status?show=trouble", |got| got.text().contains("In trouble (20)"));
    for name in &names {
        // Slowly, so that too many at once would be seen.
        let answer = Answer::ok(feed(&[(name, name, "Text.")])).after(Duration::from_millis(50));
        desk.origin.script(&format!("/{name}"), answer);
        desk.origin.take_asked(&format!("/{name}"));
    }
    daemon.until("feeds/all.xml", |got| got.text().matches("<item>").count() == 20);
    let most = names.iter().map(|name| desk.origin.take_asked(&format!("/{name}")).len()).max();
    assert!(most.unwrap() <= 3, "each is asked as often as its interval says: {most:?}");
    assert!(desk.origin.most_at_once() <= 2, "per_host holds");
}

#[test]
fn a_nearly_full_disk_stops_polls_and_nothing_else_and_room_starts_them_again() {
    let desk = desk();
    let low = desk.configuration(&["wire"]).replace("[store]", "[store]\nmin_free = \"1024GiB\"");
    desk.write("c.toml", &low);
    let daemon = Desk::spawn(desk.command(&["run"]));
    let told = daemon.until("readyz", |got| got.text().contains("sources are not polled"));
    assert_eq!(told.status, 503);
    assert!(desk.ok(&["status"]).contains("Degraded: "));
    assert_eq!(desk.run(&["healthcheck"]).code, 1);
    let page = daemon.until("feeds/all.xml", |got| got.status == 200);
    assert!(page.text().contains("<channel>"), "feeds are served");
    assert_eq!(desk.origin.take_asked("/wire").len(), 0);
    desk.write("c.toml", &desk.configuration(&["wire"]));
    desk.ok(&["reload"]);
    daemon.until("feeds/all.xml", |got| got.text().contains("Wall gives way"));
    daemon.until("readyz", |got| got.status == 200);
}

/// A small disk of its own, with a desk's store on it or some of that, and little room left.
struct SmallDisk {
    command: Command,
    place: std::path::PathBuf,
}

/// What of a store stands on a small disk.
enum Held {
    All,
    AllButJournal,
    Journal,
}

impl SmallDisk {
    /// Makes the disk; `None` where no file system can be mounted.
    fn hold(desk: &Desk, held: &Held, free_kib: u32) -> Option<Self> {
        let can_mount = ["-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"];
        let tried = Command::new("unshare").args(can_mount).output();
        if !tried.is_ok_and(|output| output.status.success()) {
            missing("a mount namespace (unshare -m)");
            return None;
        }
        let place = desk.path("disk");
        let store = desk.path("store");
        std::fs::create_dir(&place).unwrap();
        let move_in = match held {
            Held::All => "cp -a $store/. $disk/ && mount --move $disk $store && disk=$store",
            Held::AllButJournal => {
                "cp -a $store/. $disk/ && ln -sf $seed $disk/journal.jsonl && \
                 cp $store/journal.jsonl $seed && mount --move $disk $store && disk=$store"
            }
            Held::Journal => "mv $store/journal.jsonl $disk/ && ln -s $disk/journal.jsonl $store/",
        };
        let script = format!(
            "mount -t tmpfs -o size=24m tmpfs $disk && {move_in} && \
             (cat /dev/zero > $disk/filler; true) 2>/dev/null; \
             truncate -s -{free_kib}K $disk/filler; exec \"$@\"",
        );
        let inner = desk.command(&["run"]);
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script, "sh"]);
        command.env("disk", &place).env("store", &store).env("seed", desk.path("journal"));
        command.arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let place = if matches!(held, Held::Journal) { place } else { store };
        Some(Self { command, place })
    }

    /// Makes room on the disk that this daemon sees.
    fn clear(place: &std::path::Path, pid: u32) {
        let filler = format!("/proc/{pid}/root{}/filler", place.display());
        std::fs::remove_file(filler).unwrap();
    }
}

#[test]
fn what_is_on_disk_is_served_while_the_store_does_not_open() {
    let desk = desk();
    // Links begin with the public address, wherever the daemon happens to listen.
    let public = "[server]\npublic_url = \"https://news.example.org\"";
    desk.write("c.toml", &desk.configuration(&["wire"]).replace("[server]", public));
    let before = desk.poll();
    let Some(SmallDisk { mut command, place }) = SmallDisk::hold(&desk, &Held::All, 0) else {
        return;
    };
    let manager = Manager::bind(&desk);
    command.env("NOTIFY_SOCKET", desk.path("notify"));
    let daemon = Desk::spawn(command);
    manager.next(&["READY=1"]);
    assert_eq!(daemon.get("feeds/all.xml").text(), before, "byte for byte");
    let told = daemon.until("readyz", |got| got.text().contains("the store cannot be opened"));
    assert_eq!(told.status, 503);
    assert_eq!(daemon.get("healthz").status, 200);
    assert_eq!(daemon.get("items/00000000000000000000000000000000").status, 503);
    assert_eq!(daemon.ask("GET", "status", &[TOKEN], b"").status, 200);

    SmallDisk::clear(&place, daemon.pid());
    daemon.until("readyz", |got| got.text().contains("sources are not polled"));
    assert_eq!(daemon.get("feeds/all.xml").text(), before);
    let guid = between(&before, "<guid isPermaLink=\"false\">", "</guid>")[0].to_owned();
    let id = guid.rsplit(':').next().unwrap();
    assert_eq!(daemon.get(&format!("items/{id}")).status, 200, "the store is open");
}

/// Stores briefs of 20 KB until one is refused; returns how many were acknowledged.
fn fill(daemon: &Daemon) -> usize {
    let stored = (0..400).take_while(|n| put_long(daemon, *n) == 201).count();
    assert!((1..400).contains(&stored), "the disk is full at some time: {stored}");
    stored
}

fn put_long(daemon: &Daemon, n: usize) -> u16 {
    let mut seed = n as u64 + 1;
    let noise = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{seed:x}")
    });
    let post = noise.take(1200).collect::<Vec<_>>().join(" ");
    let body = serde_json::json!({ "summary": "S.", "original_post": post }).to_string();
    let json = ("Content-Type", "application/json");
    daemon.ask("PUT", &format!("api/briefs/b{n}"), &[TOKEN, json], body.as_bytes()).status
}

/// The desk, without the watermark that keeps its store from ever meeting a full disk.
fn unguarded() -> Desk {
    let desk = desk();
    let unguarded = desk.configuration(&["wire"]).replace("[store]", "[store]\nmin_free = \"0B\"");
    desk.write("c.toml", &unguarded);
    desk.poll();
    desk
}

#[test]
fn a_database_that_has_failed_is_opened_again_once_there_is_room() {
    let desk = unguarded();
    // Room for the probe that goes before an opening, and for some briefs.
    let held = SmallDisk::hold(&desk, &Held::AllButJournal, 4400);
    let Some(SmallDisk { command, place }) = held else { return };
    let daemon = Desk::start_by(command);
    let stored = fill(&daemon);
    daemon.until("readyz", |got| got.status == 503);
    assert_eq!(daemon.get("feeds/all.xml").status, 200, "feeds are served all the same");
    SmallDisk::clear(&place, daemon.pid());
    daemon.until("readyz", |got| got.status == 200);
    assert_eq!(put_long(&daemon, 1000), 201, "it takes changes without a restart");
    let listed = daemon.ask("GET", "api/briefs", &[TOKEN], b"").text();
    for n in 0..stored {
        assert!(listed.contains(&format!("\"b{n}\"")), "b{n} of {stored} was acknowledged");
    }
}

#[test]
fn a_journal_without_room_is_told_until_it_has_some() {
    let desk = unguarded();
    let Some(SmallDisk { command, place }) = SmallDisk::hold(&desk, &Held::Journal, 200) else {
        return;
    };
    let daemon = Desk::start_by(command);
    let stored = fill(&daemon);
    let told = daemon.until("readyz", |got| got.status == 503).text();
    assert!(told.contains("cannot write the journal: No space left"), "{told}");
    // What goes to the database alone is stored, and is no sign of anything.
    let durable = |text: &str| -> u64 {
        let line = text.lines().find(|line| line.contains("{result=\"durable\"}"));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
    };
    let before = durable(&daemon.get("metrics").text());
    daemon.until("metrics", |got| durable(&got.text()) > before);
    assert_eq!(daemon.get("readyz").status, 503);
    SmallDisk::clear(&place, daemon.pid());
    daemon.until("readyz", |got| got.status == 200);
    assert_eq!(put_long(&daemon, stored), 201, "it takes changes without a restart");
    let listed = daemon.ask("GET", "api/briefs", &[TOKEN], b"").text();
    for n in 0..=stored {
        assert!(listed.contains(&format!("\"b{n}\"")), "b{n} of {stored} was acknowledged");
    }
}

#[test]
fn metrics_tell_what_an_operator_watches() {
    let desk = desk();
    desk.write(
        "briefs/wall.md",
        "---\nurls: [\"https://wire.example.org/a\"]\n---\nSummary:\nThe wall.\n",
    );
    let daemon = desk.start();
    daemon.until("feeds/all.xml", |got| got.text().contains("brief=\"wall\""));
    let tag = daemon.get("feeds/all.xml").header("ETag").unwrap();
    assert_eq!(daemon.ask("GET", "feeds/all.xml", &[("If-None-Match", &tag)], b"").status, 304);
    let published = "briefwire_published_items{channel=\"all\",origin=\"stored\"} 1";
    let got = daemon.until("metrics", |got| {
        let text = got.text();
        text.contains("briefwire_sources{state=\"well\"} 1") && text.contains(published)
    });
    let text = got.text();
    for line in [
        "briefwire_polls_total{outcome=\"read\"} 1",
        "briefwire_poll_duration_seconds_count 1",
        "briefwire_due_sources 0",
        "briefwire_items 1",
        "briefwire_briefs 1",
        "briefwire_matches_total{method=\"url\"} 1",
        "briefwire_published_items{channel=\"all\",origin=\"stored\"} 1",
        "briefwire_published_items{channel=\"all\",origin=\"extracted\"} 0",
        "briefwire_requests_total{kind=\"feed\",status=\"304\"} 1",
    ] {
        assert!(text.lines().any(|printed| printed == line), "{line}\n{text}");
    }
    for name in
        ["briefwire_due_lag_seconds ", "briefwire_store_bytes ", "briefwire_document_bytes{"]
    {
        assert!(text.contains(name), "{name}\n{text}");
    }
}
