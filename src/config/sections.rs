//! The sections that configure the program itself.

use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeTable;
use url::Url;

use super::endpoint;
use super::locate::SYSTEM_STATE;
use super::secret::{Held, read, secret};
use super::table::Table;
use super::value;
use super::{
    Backup, Enrich, Environment, Fetch, Level, Listen, Log, LogFormat, Matching, Place, Publish,
    Server, Store,
};
use crate::model::{Network, TrustedProxies, is_identity_parameter};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const MIB: u64 = 1 << 20;

pub(super) fn server(mut table: Table<'_, '_>, place: &Place) -> Server {
    let accepted = "an address and port such as \"127.0.0.1:8420\", or \"unix:PATH\", is accepted";
    let listen = table.parsed("listen", accepted, |text| match text.strip_prefix("unix:") {
        Some("") => None,
        Some(path) => Some(Listen::Unix(place.path(path))),
        None => text.replace("localhost:", "127.0.0.1:").parse().ok().map(Listen::Tcp),
    });
    let default = Listen::Tcp(([127, 0, 0, 1], 8420).into());
    let accepted = "an http or https address without query, such as \"https://news.example.org\", \
                    is accepted";
    let public_url = table.parsed("public_url", accepted, base_url);
    let admin_token = table.string("admin_token_file");
    let admin_token = admin_token.and_then(|file| secret(&table, "admin_token_file", &file, place));
    let mut open = Vec::new();
    for path in table.strings("open") {
        match path.value.as_str() {
            "/status" | "/metrics" => open.push(path.value),
            other => {
                let found = format!("found \"{other}\"");
                table.wrong(&path.span, "open", found, "\"/status\" or \"/metrics\" is accepted");
            }
        }
    }
    let trusted_proxies = trusted_proxies(&mut table);
    let server = Server {
        listen: listen.map_or(default, |found| found.value),
        public_url: public_url.map(|found| found.value),
        admin_token,
        open,
        trusted_proxies,
        max_connections: table.integer("max_connections", 8192, 1..=1_000_000),
        header_timeout: table.duration("header_timeout", 15 * SECOND, SECOND / 10..=10 * MINUTE),
        idle_timeout: table.duration("idle_timeout", 75 * SECOND, SECOND / 10..=HOUR),
        write_timeout: table.duration("write_timeout", 30 * SECOND, SECOND / 10..=10 * MINUTE),
    };
    table.finish();
    server
}

fn trusted_proxies(table: &mut Table<'_, '_>) -> TrustedProxies {
    const KEY: &str = "trusted_proxies";
    let mut trusted = TrustedProxies::default();
    for entry in table.strings(KEY) {
        if entry.value == "unix" {
            trusted.unix = true;
        } else if let Some(network) = Network::parse(&entry.value) {
            trusted.networks.push(network);
        } else {
            let found = format!("found \"{}\"", entry.value);
            let accepted = "an address such as \"127.0.0.1\", a network such as \"10.0.0.0/8\", or \
                            \"unix\", is accepted";
            table.wrong(&entry.span, KEY, found, accepted);
        }
    }
    trusted
}

/// Returns an address that others are made from: without query, fragment and login.
pub(super) fn base_url(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim_end_matches('/')).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    plain.then_some(url)
}

pub(super) fn store(mut table: Table<'_, '_>, place: &Place, environment: &Environment) -> Store {
    let path = table.parsed("path", "a directory is accepted", |text| {
        (!text.is_empty()).then(|| place.path(text))
    });
    let state = environment.state_directory.clone();
    let home = environment.state_home.as_ref().map(|home| home.join("briefwire"));
    let default = state.or(home).unwrap_or_else(|| PathBuf::from(SYSTEM_STATE));
    let cache = table.size("cache", 32 * MIB, MIB..=8192 * MIB);
    let min_free = table.size("min_free", 128 * MIB, 0..=MIB * MIB);
    let max_age = table.duration("max_age", 365 * DAY, HOUR..=36_500 * DAY);
    let max_items_per_source = table.integer("max_items_per_source", 10_000, 1..=1_000_000_000);
    let max_items = table.integer("max_items", 1_000_000, 1..=1_000_000_000);
    table.finish();
    Store {
        path: path.map_or(default, |found| found.value),
        cache,
        min_free,
        max_age,
        max_items_per_source,
        max_items,
    }
}

pub(super) fn backup(mut table: Table<'_, '_>, place: &Place, store: &Store) -> Backup {
    let dir = table.parsed("dir", "a directory is accepted", |text| {
        (!text.is_empty()).then(|| place.path(text))
    });
    let backup = Backup {
        every: table.duration_if_given("every", HOUR..=366 * DAY),
        keep: table.integer("keep", 2, 1..=1000),
        dir: dir.map_or_else(|| store.path.join("backups"), |found| found.value),
    };
    table.finish();
    backup
}

pub(super) fn fetch(mut table: Table<'_, '_>, place: &Place) -> Fetch {
    let accepted = "a \"mailto:\" or http(s) address without spaces is accepted";
    let contact = table.parsed("contact", accepted, |text| {
        let known = ["mailto:", "http://", "https://"].iter().any(|s| text.starts_with(s));
        let plain = text.chars().all(|c| c.is_ascii_graphic() && !"()".contains(c));
        (known && plain).then(|| text.to_owned())
    });
    let month = 31 * DAY;
    let fetch = Fetch {
        contact: contact.map(|found| found.value),
        every: table.duration("every", HOUR, SECOND..=month),
        min_every: table.duration("min_every", 15 * MINUTE, SECOND..=month),
        max_every: table.duration("max_every", DAY, SECOND..=month),
        in_flight: table.integer("in_flight", 64, 1..=4096),
        per_host: table.integer("per_host", 2, 1..=64),
        host_spacing: table.duration("host_spacing", SECOND, Duration::ZERO..=HOUR),
        connect_timeout: table.duration("connect_timeout", 10 * SECOND, SECOND / 10..=MINUTE),
        header_timeout: table.duration("header_timeout", 15 * SECOND, SECOND / 10..=MINUTE),
        idle_timeout: table.duration("idle_timeout", 10 * SECOND, SECOND / 10..=MINUTE),
        total_timeout: table.duration("total_timeout", 30 * SECOND, SECOND / 10..=10 * MINUTE),
        max_body: table.size("max_body", 16 * MIB, 1024..=256 * MIB),
        max_wire: table.size("max_wire", 8 * MIB, 1024..=256 * MIB),
        ca: authorities(&mut table, place),
        websub: table.boolean("websub", false),
    };
    if fetch.min_every > fetch.max_every {
        // At the one that is written; where both are, at the shorter limit's place.
        let key = if table.has("min_every") { "min_every" } else { "max_every" };
        let named = |key: &str, length| {
            let default = if table.has(key) { "" } else { ", the default" };
            format!("`{key}` (\"{}\"{default})", value::print_duration(length))
        };
        let (least, most) =
            (named("min_every", fetch.min_every), named("max_every", fetch.max_every));
        let found = format!("{least} is longer than {most}");
        let accepted = "a `min_every` that is not longer is accepted";
        table.wrong(&table.span_of(key), key, found, accepted);
    }
    table.finish();
    fetch
}

/// Reads the certificates of `ca_file`.
fn authorities(table: &mut Table<'_, '_>, place: &Place) -> Option<String> {
    let file = table.string("ca_file")?;
    let accepted = "a file of certificates in PEM form is accepted";
    let Held::Text(path, text) = read(table, "ca_file", (&file, accepted), place) else {
        return None;
    };
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        let found = format!("{} holds no certificate", path.display());
        table.wrong(&file.span, "ca_file", found, accepted);
        return None;
    }
    Some(text)
}

pub(super) fn briefs(mut table: Table<'_, '_>, place: &Place) -> Option<PathBuf> {
    let dir = table.parsed("dir", "a directory is accepted", |text| {
        (!text.is_empty()).then(|| place.path(text))
    });
    table.finish();
    dir.map(|found| found.value)
}

pub(super) fn matching(mut table: Table<'_, '_>) -> Matching {
    let matching = Matching {
        wait: table.duration("wait", Duration::ZERO, Duration::ZERO..=DAY),
        threshold: table.number("threshold", 0.65, 0.0..=1.0),
        recent: table.duration("recent", 7 * DAY, HOUR..=90 * DAY),
        recent_items: table.integer("recent_items", 20_000, 100..=1_000_000),
        ignore_parameters: ignored(&mut table),
    };
    table.finish();
    matching
}

/// Reads `ignore_parameters`.
fn ignored(table: &mut Table<'_, '_>) -> Vec<String> {
    const KEY: &str = "ignore_parameters";
    let mut names = Vec::new();
    for name in table.strings(KEY) {
        let is_name = |text: &str| {
            !text.is_empty() && !text.contains(|c: char| "=&?#%".contains(c) || c.is_whitespace())
        };
        if !is_name(&name.value) {
            let found = format!("found \"{}\"", name.value);
            table.wrong(
                &name.span,
                KEY,
                found,
                "the name of a parameter, such as \"xid\", is accepted",
            );
        } else if is_identity_parameter(&name.value) {
            let found = format!("found \"{}\", which names articles", name.value);
            let accepted = "a parameter that tells no articles apart is accepted";
            table.wrong(&name.span, KEY, found, accepted);
        } else {
            names.push(name.value);
        }
    }
    names
}

pub(super) fn enrich<'t>(mut table: Table<'_, 't>, place: &Place, none: &'t DeTable<'t>) -> Enrich {
    let enrich = Enrich {
        model: endpoint::read(&mut table, place, none),
        sentences: table.integer("sentences", 3, 1..=10),
        key_terms: table.integer("key_terms", 10, 1..=50),
    };
    table.finish();
    enrich
}

pub(super) fn publish(mut table: Table<'_, '_>, place: &Place, store: &Store) -> Publish {
    let dir = table.parsed("dir", "a directory is accepted", |text| {
        (!text.is_empty()).then(|| place.path(text))
    });
    let image = table.parsed("image", "an http or https address is accepted", |text| {
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
    });
    let ttl = table.duration("ttl", 30 * MINUTE, MINUTE..=DAY);
    let archive = table.duration("archive", 90 * DAY, Duration::ZERO..=36_500 * DAY);
    let accepted = "an http or https address without a login, such as \
                    \"https://pubsubhubbub.appspot.com/\", is accepted";
    // SECURITY: every document names it.
    let hub = table.parsed("hub", accepted, |text| {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        (url.username().is_empty() && url.password().is_none()).then_some(url)
    });
    table.finish();
    Publish {
        dir: dir.map_or_else(|| store.path.join("documents"), |found| found.value),
        archive,
        ttl,
        image: image.map(|found| found.value),
        hub: hub.map(|found| found.value),
    }
}

/// The modules of `lib.rs`, in its order.
const MODULES: &[&str] = &[
    "model",
    "text",
    "telemetry",
    "config",
    "schedule",
    "fetch",
    "parse",
    "reconcile",
    "briefs",
    "matching",
    "enrich",
    "publish",
    "websub",
    "contract",
    "store",
    "serve",
    "daemon",
    "cli",
];

pub(super) fn log<'t>(mut table: Table<'_, 't>, none: &'t DeTable<'t>) -> Log {
    let levels = [
        ("error", Level::Error),
        ("warn", Level::Warn),
        ("info", Level::Info),
        ("debug", Level::Debug),
        ("trace", Level::Trace),
    ];
    let formats = [
        ("auto", LogFormat::Auto),
        ("text", LogFormat::Text),
        ("json", LogFormat::Json),
        ("journal", LogFormat::Journal),
    ];
    let level = table.choice("level", Level::Info, &levels);
    let format = table.choice("format", LogFormat::Auto, &formats);
    let mut of_module = table.section("modules", none);
    let modules = MODULES.iter().filter_map(|name| {
        of_module.choice_if_given(name, &levels).map(|level| ((*name).to_owned(), level))
    });
    let modules = modules.collect();
    of_module.finish();
    table.finish();
    Log { level, modules, format }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modules_are_those_of_the_crate() {
        let lib = include_str!("../lib.rs");
        let listed: Vec<&str> = lib
            .lines()
            .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
            .collect();
        assert_eq!(listed, MODULES);
    }
}
