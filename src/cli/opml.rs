//! `briefwire source export` and `briefwire source import`: subscriptions as OPML.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use url::Url;

use super::{SOME_UNREADABLE, output};
use crate::config::{self, Config, Environment, source_table};
use crate::model::{Address, CanonicalUrl, Outline, Source, SourceId, counted};
use crate::parse::{Listed, opml};
use crate::publish;
use crate::text::slug;

/// The largest list that is read.
const MAX_LIST_BYTES: u64 = 16 << 20;
/// Characters of an id that is made of a title.
const MAX_ID_CHARS: usize = 48;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The OPML file; `-` is standard input
    file: PathBuf,
}

/// Prints the sources that are for everybody; says which are not.
pub(super) fn export(config: &Config) -> anyhow::Result<ExitCode> {
    let (mut outlines, mut left) = (Vec::new(), Vec::new());
    for source in &config.sources {
        match outline(source) {
            Some(outline) => outlines.push(outline),
            None => left.push(source.id.as_str()),
        }
    }
    output::document(publish::opml("briefwire: sources", &outlines).trim_end())?;
    if !left.is_empty() {
        let count = counted(left.len(), "source");
        let ids = left.join(", ");
        output::warn(&format!("left out, being private or a file: {count} ({ids})"));
    }
    Ok(ExitCode::SUCCESS)
}

/// SECURITY: an address that is a secret, or a path of this machine, is in no list.
fn outline(source: &Source) -> Option<Outline> {
    match &source.address {
        Address::Http(url) if !source.is_secret() => Some(Outline {
            id: Some(source.id.clone()),
            title: source.title.clone(),
            url: url.clone(),
            site: None,
            tags: source.tags.clone(),
        }),
        Address::Http(_) | Address::File(_) => None,
    }
}

/// Prints a table for each feed that is not configured yet; the exit status tells of entries that
/// are no feeds.
pub(super) fn import(arguments: &Arguments, config: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let file = arguments.file.display().to_string();
    let name = if file == "-" { "standard input" } else { file.as_str() };
    let read = opml(&bytes(&arguments.file)?).with_context(|| format!("cannot read {name}"))?;
    anyhow::ensure!(!read.entries.is_empty(), "{name} lists no feeds");
    let mut known = Known::new(&configured(config)?);
    let (mut tables, mut comments) = (Vec::new(), Vec::new());
    for listed in &read.entries {
        match &listed.outline {
            Ok(outline) => match known.take(outline) {
                Ok(id) => tables.push(source_table(&id, outline)),
                Err(holder) => comments.push(skipped(listed, outline, &holder)),
            },
            Err(why) => {
                let text = on_one_line(&format!("{}: {why}", listed.name));
                output::warn(&format!("{name}:{}: {text}", listed.line));
            }
        }
    }
    let text = [tables.join("\n"), comments.concat()];
    let parts: Vec<&str> = text.iter().map(String::as_str).filter(|t| !t.is_empty()).collect();
    output::raw(parts.join("\n").as_bytes())?;
    let unreadable = read.entries.len() - tables.len() - comments.len();
    if read.too_deep > 0 {
        output::warn(&format!("{name}: {} elements stand too deep to be read", read.too_deep));
    }
    let count = counted(tables.len(), "source");
    let (skipped, ours) = (comments.len(), "configured already or listed twice");
    output::warn(&format!("{name}: {count}; {skipped} {ours}, {unreadable} not readable"));
    Ok(match (tables.len() + comments.len(), unreadable + read.too_deep) {
        (0, _) => ExitCode::FAILURE,
        (_, 0) => ExitCode::SUCCESS,
        _ => ExitCode::from(SOME_UNREADABLE),
    })
}

fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        let read = std::io::stdin().lock().take(MAX_LIST_BYTES + 1).read_to_end(&mut bytes);
        read.context("cannot read standard input")?;
    } else {
        let unreadable = || format!("cannot read {}", file.display());
        let open = File::open(file).with_context(unreadable)?;
        open.take(MAX_LIST_BYTES + 1).read_to_end(&mut bytes).with_context(unreadable)?;
    }
    let is_whole = u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_LIST_BYTES);
    anyhow::ensure!(is_whole, "the list is larger than 16 MiB");
    Ok(bytes)
}

/// Returns what is configured; nothing where nobody named a configuration and none is there yet,
/// since a list may be what one begins with.
fn configured(file: Option<PathBuf>) -> anyhow::Result<Vec<Source>> {
    let environment = Environment::of_process();
    let is_named = file.is_some() || environment.config.is_some();
    let file = config::find(file, &environment);
    if !is_named && !file.exists() {
        return Ok(Vec::new());
    }
    Ok(config::load(&file, &environment)?.sources)
}

/// The ids and addresses that are taken.
struct Known {
    ids: HashSet<String>,
    /// By what addresses are compared by; who has each.
    addresses: HashMap<String, SourceId>,
    /// The last number given to an id that several wanted.
    numbers: HashMap<String, usize>,
}

impl Known {
    fn new(sources: &[Source]) -> Self {
        let ids = sources.iter().flat_map(|source| std::iter::once(&source.id).chain(&source.was));
        let addresses = sources.iter().filter_map(|source| match &source.address {
            Address::Http(url) => Some((key(url), source.id.clone())),
            Address::File(_) => None,
        });
        Self {
            ids: ids.map(|id| id.as_str().to_owned()).collect(),
            addresses: addresses.collect(),
            numbers: HashMap::new(),
        }
    }

    /// Returns an id for a feed, its own where that is free; or who has its address already.
    fn take(&mut self, outline: &Outline) -> Result<SourceId, SourceId> {
        let key = key(&outline.url);
        if let Some(holder) = self.addresses.get(&key) {
            return Err(holder.clone());
        }
        let own = outline.id.clone().filter(|id| !self.ids.contains(id.as_str()));
        let id = own.unwrap_or_else(|| self.free(&wished(outline)));
        self.ids.insert(id.as_str().to_owned());
        self.addresses.insert(key, id.clone());
        Ok(id)
    }

    fn free(&mut self, wish: &str) -> SourceId {
        let number = self.numbers.entry(wish.to_owned()).or_insert(1);
        let mut id = if *number == 1 { wish.to_owned() } else { String::new() };
        while id.is_empty() || self.ids.contains(&id) {
            *number += 1;
            id = format!("{wish}-{number}");
        }
        SourceId::new(id).expect("a short slug with a number behind it is an id")
    }
}

/// Returns what a feed's id begins with: its own, its title's words, or its host's.
fn wished(outline: &Outline) -> String {
    let own = outline.id.as_ref().map(|id| id.as_str().chars().take(MAX_ID_CHARS).collect());
    let titled = outline.title.as_deref().map(|title| slug(title, MAX_ID_CHARS));
    let host = outline.url.host_str().unwrap_or_default();
    let hosted = slug(host.strip_prefix("www.").unwrap_or(host), MAX_ID_CHARS);
    let wishes = [own, titled, Some(hosted)].into_iter().flatten();
    wishes.into_iter().find(|wish| !wish.is_empty()).unwrap_or_else(|| "source".to_owned())
}

fn key(url: &Url) -> String {
    CanonicalUrl::parse(url.as_str()).map_or_else(|| url.to_string(), |key| key.to_string())
}

fn skipped(listed: &Listed, outline: &Outline, holder: &SourceId) -> String {
    let address = Address::Http(outline.url.clone());
    let text = on_one_line(&format!("{} ({address}) is source `{holder}`", listed.name));
    format!("# left out, line {}: {text}\n", listed.line)
}

/// Returns text that cannot end the comment or the line it stands in.
fn on_one_line(text: &str) -> String {
    let parts = text.split(|c: char| c.is_control() || c.is_whitespace());
    let line = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    output::clean(&line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(id: Option<&str>, title: Option<&str>, url: &str) -> Outline {
        Outline {
            id: id.map(|id| SourceId::new(id).unwrap()),
            title: title.map(str::to_owned),
            url: url.parse().unwrap(),
            site: None,
            tags: Vec::new(),
        }
    }

    #[test]
    fn ids_are_free_and_addresses_new() {
        let mut configured = Source::at(Address::Http("https://a.example/feed".parse().unwrap()));
        configured.id = SourceId::new("a").unwrap();
        configured.was = vec![SourceId::new("wire").unwrap()];
        let mut known = Known::new(&[configured]);
        let mut take = |id, title, url| match known.take(&outline(id, title, url)) {
            Ok(id) => id.to_string(),
            Err(holder) => format!("held by {holder}"),
        };
        assert_eq!(take(None, Some("A"), "http://www.a.example/feed/?utm_source=x"), "held by a");
        assert_eq!(take(None, Some("A"), "https://b.example/"), "a-2");
        assert_eq!(take(Some("wire"), None, "https://c.example/"), "wire-2");
        assert_eq!(take(Some("Own.id"), Some("A"), "https://d.example/"), "Own.id");
        assert_eq!(take(None, Some("Wire 2"), "https://e.example/"), "wire-2-2");
        assert_eq!(take(None, Some("★"), "https://www.f.example/"), "f-example");
        assert_eq!(take(None, None, "https://f.example/two"), "f-example-2");
        assert_eq!(take(None, None, "https://f.example/two#x"), "held by f-example-2");
        assert_eq!(take(None, None, "http://[::1]/"), "1");
    }
}
