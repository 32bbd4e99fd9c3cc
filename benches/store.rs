//! What the store costs at scale.
//!
//! `cargo bench --bench store [-- ITEMS [BRIEFS]]`, by default a million and 100,000, from 2,000
//! sources. Each step runs in a process of its own, over one directory: fill (groups of 50 items, each
//! group durable), open after a clean stop, look-ups, rendering, a retention pass, writing that is killed, open
//! after the kill. Printed: rates as ratios to a bare file that takes the same bytes with one
//! fdatasync a group, medians of look-ups, bytes on disk over logical bytes, and each process's peak
//! of memory.
#![expect(
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program to be read by a person, which fails loudly"
)]

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use briefwire::config::{self, Environment};
use briefwire::model::{
    Brief, BriefId, BriefOrigin, CanonicalUrl, DocumentFormat, ItemId, KeyTerm, Method, Only,
    Placement, SourceId, SourceState, Story, Timestamp, TrustedProxies,
};
use briefwire::publish::{Edition, Place, Prepared, Rendering, Site};
use briefwire::serve::{Material, OpenFiles, Plan, Shelf, taken};
use briefwire::store::{Kept, Listed, Lock, Options, Store};
use chrono::TimeDelta;

const SOURCES: u64 = 2_000;
const GROUP: u64 = 50;
const CACHE: u64 = 32 << 20;
/// Sources of the channel whose newest items are asked for.
const CHANNEL: u64 = 100;
const LOOKUPS: u64 = 2_000;
/// Groups that are written before a process is killed, and their items' first number.
const KILLED_GROUPS: u64 = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().filter(|a| a != "--bench").collect();
    let word = |at: usize| arguments.get(at).map(String::as_str);
    let number = |at: usize| word(at).and_then(|text| text.parse::<u64>().ok());
    if let (Some(step), Some(folder), Some(size)) = (word(1), word(2), number(3).zip(number(4))) {
        return run_step(step, Path::new(folder), size);
    }
    let items = number(1).unwrap_or(1_000_000);
    let briefs = number(2).unwrap_or(items / 10);
    let folder = tempfile::tempdir_in(
        std::env::var("BRIEFWIRE_BENCH_DIR").unwrap_or_else(|_| ".".to_owned()),
    );
    let folder = folder.unwrap();
    println!("{items} items of {SOURCES} sources, {briefs} briefs");
    for step in
        ["bare", "fill", "open", "look", "render", "write", "open", "open", "retire", "open"]
    {
        step_apart(step, folder.path(), items, briefs);
    }
}

fn step_apart(step: &str, folder: &Path, items: u64, briefs: u64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([step, folder.to_str().unwrap(), &items.to_string(), &briefs.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line == "kill me" {
            child.kill().unwrap();
            break;
        }
        println!("{step:8} {line}");
    }
    child.wait().unwrap();
}

fn run_step(step: &str, folder: &Path, (items, briefs): (u64, u64)) {
    match step {
        "bare" => bare(folder, items),
        "fill" => fill(folder, items, briefs),
        "open" => drop(open(folder)),
        "look" => look(&open(folder), items),
        "render" => render(&open(folder)),
        "write" => write(&open(folder), items),
        "retire" => retire(&open(folder), items),
        other => println!("no step is called {other}"),
    }
    println!("peak {} MB", peak());
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_timestamp(1_700_000_000 + i64::try_from(seconds).unwrap(), 0).unwrap()
}

fn open(folder: &Path) -> Store {
    let began = Instant::now();
    let store = folder.join("store");
    let lock = Arc::new(Lock::take(&store).unwrap());
    let options =
        Options { folder: &store, cache: CACHE, authority: Some("bench.example"), backups: None };
    let (store, recovery) = Store::open(&options, lock, at(0)).unwrap();
    assert!(recovery.is_none(), "{recovery:?}");
    println!("opened in {:.2} s, {} MB then", began.elapsed().as_secs_f64(), resident("VmRSS"));
    store
}

fn bare(folder: &Path, items: u64) {
    let mut file = File::create(folder.join("bare")).unwrap();
    let began = Instant::now();
    let groups = (items / GROUP).min(2_000);
    for group in 0..groups {
        let mut bytes = Vec::new();
        for number in 0..GROUP {
            let story = story(group * GROUP + number);
            bytes.extend_from_slice(story.html.as_bytes());
            bytes.extend_from_slice(story.title.as_bytes());
        }
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
    }
    rate("groups of 50", groups, began.elapsed());
}

fn rate(what: &str, count: u64, took: Duration) {
    println!(
        "{:.0} {what} per second ({count} in {:.1} s)",
        count as f64 / took.as_secs_f64(),
        took.as_secs_f64()
    );
}

fn fill(folder: &Path, items: u64, briefs: u64) {
    let store = open(folder);
    let mut changes = store.begin();
    for number in 0..SOURCES {
        let address = briefwire::model::Address::File("x".into());
        changes.put_state(&source(number), &SourceState::new(&address, at(0))).unwrap();
    }
    changes.commit().unwrap();
    let began = Instant::now();
    for group in 0..briefs.div_ceil(GROUP) {
        let mut changes = store.begin();
        for number in group * GROUP..briefs.min((group + 1) * GROUP) {
            changes.put_brief(&brief(number), &BriefOrigin::Api, at(number)).unwrap();
        }
        changes.commit().unwrap();
    }
    rate("groups of 50 briefs", briefs.div_ceil(GROUP), began.elapsed());
    let began = Instant::now();
    let mut last = Instant::now();
    let groups = items.div_ceil(GROUP);
    for group in 0..groups {
        put_group(&store, group);
        if (group + 1) % (groups / 10).max(1) == 0 {
            println!(
                "  {:3.0} %: {:.0} groups/s, {} MB resident, {} MB on disk",
                (group + 1) as f64 * 100.0 / groups as f64,
                (groups / 10).max(1) as f64 / last.elapsed().as_secs_f64(),
                resident("VmRSS"),
                store.size_on_disk().unwrap() >> 20
            );
            last = Instant::now();
        }
    }
    rate("groups of 50", groups, began.elapsed());
    let (on_disk, logical) = (store.size_on_disk().unwrap(), store.logical_bytes());
    println!(
        "{} MB on disk, {} MB in keys and values: {:.2}",
        on_disk >> 20,
        logical >> 20,
        on_disk as f64 / logical as f64
    );
    let began = Instant::now();
    drop(store);
    println!("closed in {:.2} s", began.elapsed().as_secs_f64());
}

fn put_group(store: &Store, group: u64) {
    let mut changes = store.begin();
    for number in group * GROUP..(group + 1) * GROUP {
        changes.put_story(&story(number), at(number)).unwrap();
    }
    let of = source(group % SOURCES);
    let address = briefwire::model::Address::File("x".into());
    changes.put_state(&of, &SourceState::new(&address, at(group))).unwrap();
    changes.commit().unwrap();
}

fn look(store: &Store, items: u64) {
    let sources: Vec<SourceId> = (0..CHANNEL).map(source).collect();
    for (name, sources) in [("100 sources", Some(sources.as_slice())), ("all", None)] {
        let mut took = Vec::new();
        for _ in 0..20 {
            let began = Instant::now();
            let listed = Listed { sources, only: Only::Any, shown: true, limit: 500 };
            let found = store.newest(&listed).unwrap();
            took.push(began.elapsed());
            assert_eq!(found.len(), 500.min(usize::try_from(items * CHANNEL / SOURCES).unwrap()));
        }
        print("newest 500 of", name, took);
    }
    let numbers: Vec<u64> = (0..LOOKUPS).map(|n| noise(n) % items).collect();
    let mut took = Vec::new();
    for number in &numbers {
        let began = Instant::now();
        let known = store.known(&source_of(*number), &guid(*number)).unwrap().unwrap();
        took.push(began.elapsed());
        assert!(known.story.is_some());
    }
    print("known", "by guid", took);
    let mut took = Vec::new();
    for number in &numbers {
        let url = CanonicalUrl::parse(&address(*number)).unwrap();
        let began = Instant::now();
        assert_eq!(store.stories_at(&url, 9).unwrap().len(), 1);
        took.push(began.elapsed());
    }
    print("item", "by URL", took);
    let mut took = Vec::new();
    for number in &numbers {
        let began = Instant::now();
        assert!(store.story(ItemId::mint(&source_of(*number), &guid(*number))).unwrap().is_some());
        took.push(began.elapsed());
    }
    print("item", "by id", took);
}

/// Renders a channel's newest 50 items, as the daemon does when one of them has changed.
fn render(store: &Store) {
    let text = format!(
        "[[source]]\nid = \"{0}\"\nurl = \"file:x\"\n[[channel]]\nid = \"all\"\ntitle = \"All\"\nfrom = [\"*\"]\n",
        source(0)
    );
    let none = |_: &Path| Err(std::io::Error::other("no files here"));
    let config =
        config::read(text.as_bytes(), Path::new("/c.toml"), &Environment::default(), none).unwrap();
    let site = Site {
        base: "https://news.example.org/".parse().unwrap(),
        authority: "news.example.org".to_owned(),
        date: "2026-11-28".to_owned(),
        ttl: 30,
        image: None,
        hub: None,
    };
    let plan = Plan {
        site,
        sources: config.sources,
        channels: config.channels,
        token: None,
        max_delivery: 0,
        shows_generated: false,
        shelf: Shelf::default(),
        guarded: Vec::new(),
        model_budget: None,
        has_public_url: true,
        open_files: OpenFiles::default(),
        trusted_proxies: TrustedProxies::default(),
    };
    let channel = &plan.channels[0];
    let (mut rendered, mut printed, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..200 {
        let began = Instant::now();
        let taken = taken(store, &plan, channel, channel.items).unwrap();
        let material = Material::gather(store, &plan, channel, taken).unwrap();
        let entries = material.entries(&plan);
        let place = Place::Current { earlier: None };
        let prepared =
            Prepared::new(Rendering { channel, place, entries: &entries, site: &plan.site });
        for format in DocumentFormat::ALL {
            bytes = prepared.render(format, at(0)).len().max(bytes);
        }
        rendered.push(began.elapsed());
        let edition = Edition::print(&prepared, at(0));
        printed.push(began.elapsed());
        assert_eq!(edition.items(), 50);
    }
    println!("the largest document has {bytes} bytes");
    print("50 items", "read and rendered in three formats", rendered);
    print("50 items", "rendered again and compressed as well", printed);
}

fn print(what: &str, name: &str, mut took: Vec<Duration>) {
    let first = took[0];
    took.sort_unstable();
    let micros = |d: Duration| d.as_secs_f64() * 1e6;
    println!(
        "{what} {name}: first {:.0} µs, median {:.0} µs, 99 % {:.0} µs",
        micros(first),
        micros(took[took.len() / 2]),
        micros(took[took.len() * 99 / 100])
    );
}

fn write(store: &Store, items: u64) {
    let first = items / GROUP;
    for group in first..first + KILLED_GROUPS {
        put_group(store, group);
    }
    println!("kill me");
    std::io::stdout().flush().unwrap();
    loop {
        put_group(store, first + KILLED_GROUPS);
    }
}

/// Takes a tenth of each source's items, in steps as the daemon does.
fn retire(store: &Store, items: u64) {
    let per_source = usize::try_from(items / SOURCES * 9 / 10).unwrap();
    let kept = Kept { max_age: TimeDelta::days(36_500), per_source, items: usize::MAX };
    let (began, mut retired, mut longest) = (Instant::now(), 0, Duration::ZERO);
    for source in store.sources() {
        loop {
            let step = Instant::now();
            let mut changes = store.begin();
            let some = changes.retire(&source, true, (&kept, 200), at(items)).unwrap().items;
            changes.commit().unwrap();
            longest = longest.max(step.elapsed());
            retired += some;
            if some < 200 {
                break;
            }
        }
    }
    let took = began.elapsed();
    println!(
        "{retired} items retired in {:.1} s, a step at most {longest:.1?}",
        took.as_secs_f64()
    );
    let (on_disk, logical) = (store.size_on_disk().unwrap(), store.logical_bytes());
    println!("{} MB on disk, {} MB in keys and values", on_disk >> 20, logical >> 20);
}

fn source(number: u64) -> SourceId {
    SourceId::new(format!("source-{number}")).unwrap()
}

fn source_of(number: u64) -> SourceId {
    source(number / GROUP % SOURCES)
}

fn guid(number: u64) -> String {
    format!("https://source-{}.example/?p={number}", number / GROUP % SOURCES)
}

fn address(number: u64) -> String {
    format!("https://source-{}.example/2026/11/story-{number}-of-the-day", number / GROUP % SOURCES)
}

fn story(number: u64) -> Story {
    let source = source_of(number);
    let date = at(number);
    Story {
        id: ItemId::mint(&source, &guid(number)),
        guid: guid(number),
        title: words(number, 9),
        url: Some(address(number)),
        html: format!(
            "<p>{}</p>",
            words(number + 1, 120 + usize::try_from(noise(number) % 250).unwrap())
        ),
        lead: None,
        article: None,
        lang: Some("en".to_owned()),
        authors: Vec::new(),
        categories: vec!["news".to_owned(), words(number, 1)],
        enclosures: Vec::new(),
        thumbnail: None,
        image: None,
        comments: None,
        rights: None,
        duration: None,
        updated: None,
        published: date,
        first_seen: date,
        changed: date,
        content: u128::from(noise(number)),
        placement: Placement::Shown(date),
        correction: None,
        brief: number
            .is_multiple_of(20)
            .then(|| BriefId::new(format!("brief-{}", number / 20)).unwrap()),
        method: Method::None,
        score: 0.0,
        evidence: Vec::new(),
        summary: vec![words(number + 1, 25), words(number + 2, 25)],
        key_terms: (0..8).map(|n| KeyTerm { term: words(number + n, 2), score: 0.5 }).collect(),
        generated: None,
        asked: None,
        leader: None,
        followers: Vec::new(),
        source,
    }
}

fn brief(number: u64) -> Brief {
    let mut brief = Brief::new(
        BriefId::new(format!("brief-{number}")).unwrap(),
        words(number, 8),
        words(number + 1, 60),
    );
    brief.original_post = Some(words(number + 2, 80));
    brief.key_terms = (0..8).map(|n| words(number + n, 2)).collect();
    brief.source_url = Some(address(number));
    brief
}

/// Words of a few hundred bytes to a few kilobytes which compress about as news does.
fn words(seed: u64, count: usize) -> String {
    let mut text = String::new();
    let mut state = noise(seed);
    for _ in 0..count {
        state = noise(state);
        // Frequent words are frequent: the square of an even draw.
        let draw = (state % 3_000) * (state / 3_000 % 3_000) / 3_000;
        let mut letters = noise(draw + 77);
        for _ in 0..2 + draw % 4 {
            text.push(char::from(b"bcdfghklmnprstvw"[usize::try_from(letters % 16).unwrap()]));
            letters /= 16;
            text.push(char::from(b"aeiou"[usize::try_from(letters % 5).unwrap()]));
            letters /= 5;
        }
        text.push(' ');
    }
    text.pop();
    text
}

/// A step of splitmix64.
fn noise(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn peak() -> u64 {
    resident("VmHWM")
}

/// Returns megabytes.
fn resident(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}
