//! `briefwire match`: which brief belongs to which item, or which items tell one story, by
//! `match-jsonl.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::progress::Progress;
use super::{SOME_UNREADABLE, output};
use crate::briefs::{self, FallbackId, Form};
use crate::contract;
use crate::daemon::now;
use crate::matching::{Basis, Case, Features, Index, Recent, Rulings, Traits};
use crate::model::{Brief, BriefId, ItemId, ItemText, SourceId, Timestamp};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Arguments {
    /// A .jsonl file, or a directory of .jsonl, .json, .md and .txt
    #[arg(long, value_name = "PATH", required_unless_present = "pairs")]
    briefs: Option<PathBuf>,
    /// Which items tell one story, instead of which brief belongs to which
    #[arg(long, conflicts_with_all = ["briefs", "candidates", "explain", "threshold", "now"])]
    pairs: bool,
    /// Items, one JSON object a line, as `items --json` prints them
    #[arg(long, value_name = "FILE")]
    items: PathBuf,
    /// One JSON object an item
    #[arg(long)]
    json: bool,
    /// The time that `expires` is compared with
    #[arg(long, value_name = "RFC3339")]
    now: Option<Timestamp>,
    /// The least score of a match by words
    #[arg(long, default_value_t = 0.65)]
    threshold: f64,
    /// Print the ten best candidates of each item
    #[arg(long)]
    candidates: bool,
    /// Print what the scores of the candidates are made of
    #[arg(long)]
    explain: bool,
}

/// An item as a line gives it; unknown fields are ignored.
#[derive(Debug, Deserialize)]
struct Line {
    item_id: String,
    #[serde(default)]
    feed: Option<String>,
    title: String,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    link: Option<String>,
    #[serde(default)]
    publisher_guid: Option<String>,
    #[serde(default)]
    published: Option<Timestamp>,
    #[serde(default)]
    lang: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let unreadable = match &arguments.briefs {
        Some(briefs) => decide_all(arguments, briefs)?,
        None => pair_all(arguments)?,
    };
    Ok(if unreadable { ExitCode::from(SOME_UNREADABLE) } else { ExitCode::SUCCESS })
}

/// Prints the brief of each item, and returns whether a line could not be read.
fn decide_all(arguments: &Arguments, briefs: &Path) -> anyhow::Result<bool> {
    anyhow::ensure!(
        (0.0..=1.0).contains(&arguments.threshold),
        "--threshold: found {}; a number from 0 to 1 is accepted",
        arguments.threshold
    );
    let now = arguments.now.unwrap_or_else(now);
    let (briefs, unreadable) = read_briefs(briefs, now)?;
    let mut index = Index::new(arguments.threshold);
    for brief in briefs.values() {
        index.insert(brief);
    }
    let rulings = Rulings::default();
    let case = Case::new(&rulings, now);
    let skipped = for_each_item(arguments, |item| {
        let decision = index.decide(item, &case);
        let mut told = contract::matching::decision(&item.item, &decision, arguments.candidates);
        if arguments.explain
            && let Some(fields) = told.as_object_mut()
        {
            let explained = index.explain(item, &case);
            let explained = explained.iter().take(10).map(|e| {
                let features = features(&e.features);
                json!({ "brief_id": e.brief.as_str(), "score": e.score, "rank": e.rank, "features": features })
            });
            fields.insert("explanation".to_owned(), explained.collect());
        }
        let brief = decision.brief.as_ref().map_or("-", BriefId::as_str);
        let (method, score) = (decision.method.as_str(), decision.score);
        (told, format!("{}  {brief}  {method}  {score:.2}", item.item))
    })?;
    Ok(unreadable || skipped)
}

/// Prints the first item of each item's story, and returns whether a line could not be read.
fn pair_all(arguments: &Arguments) -> anyhow::Result<bool> {
    let basis = Basis::default();
    let mut recent = Recent::with(basis.clone());
    let mut names: Vec<String> = Vec::new();
    for_each_item(arguments, |item| {
        let id = ItemId(names.len() as u128);
        names.push(item.item.clone());
        let kin = recent.kin(item);
        recent.insert(id, Traits::of(item, &basis), item.published.unwrap_or_default());
        if let Some(kin) = &kin {
            recent.join(id, kin.leader);
        }
        let leader = kin.as_ref().and_then(|kin| usize::try_from(kin.leader.0).ok());
        let cluster = leader.and_then(|at| names.get(at)).unwrap_or(&item.item);
        let (score, evidence) = kin.map_or((0.0, Vec::new()), |kin| (kin.score, kin.evidence));
        let told = contract::matching::cluster(&item.item, cluster, score, &evidence);
        (told, format!("{}  {cluster}  {score:.2}", item.item))
    })
}

/// Prints what is told of each item, as JSON and as a line, and returns whether a line of the file
/// could not be read.
fn for_each_item(
    arguments: &Arguments,
    mut tell: impl FnMut(&ItemText) -> (Value, String),
) -> anyhow::Result<bool> {
    let text = std::fs::read(&arguments.items)
        .with_context(|| format!("cannot read {}", arguments.items.display()))?;
    let count = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let progress = Progress::start("matching", Some(count.count()), arguments.json);
    let mut unreadable = false;
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let line: Line = match serde_json::from_slice(line) {
            Ok(line) => line,
            Err(error) => {
                progress.beside(|| complain(&arguments.items, number, &error.to_string()));
                unreadable = true;
                continue;
            }
        };
        let (told, line) = tell(&item_text(line));
        progress.step();
        if arguments.json {
            output::json(&told)?;
        } else {
            progress.beside(|| output::line(&line))?;
        }
    }
    Ok(unreadable)
}

fn features(features: &Features) -> Value {
    features.named().into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

fn item_text(line: Line) -> ItemText {
    ItemText {
        item: line.item_id,
        source: line.feed.and_then(|feed| SourceId::new(feed).ok()),
        guid: line.publisher_guid,
        title: line.title,
        lead: line.summary.unwrap_or_default(),
        link: line.link,
        published: line.published,
        lang: line.lang,
    }
}

/// Reads all briefs of a file or a directory; a repeated id replaces the earlier one.
fn read_briefs(path: &Path, now: Timestamp) -> anyhow::Result<(BTreeMap<BriefId, Brief>, bool)> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let listed =
            std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        files = listed.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        files.sort();
    }
    let mut briefs = BTreeMap::new();
    let mut unreadable = false;
    for file in files {
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let lines = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("jsonl"))
            || (!path.is_dir() && Form::of_name(&name).is_none());
        let form = Form::of_name(&name).unwrap_or(Form::Json);
        if !lines && Form::of_name(&name).is_none() {
            continue;
        }
        let bytes =
            std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        let pieces: Vec<&[u8]> =
            if lines { bytes.split(|byte| *byte == b'\n').collect() } else { vec![&bytes] };
        for (number, piece) in (1..).zip(pieces) {
            if piece.trim_ascii().is_empty() {
                continue;
            }
            let fallback = if lines { FallbackId::Hash } else { FallbackId::Stem(stem) };
            let report = briefs::read(piece, form, fallback, now);
            for problem in &report.errors {
                let line = if lines { number } else { problem.line };
                complain(&file, line, &problem.message);
                unreadable = true;
            }
            briefs.extend(report.brief.map(|brief| (brief.id.clone(), brief)));
        }
    }
    Ok((briefs, unreadable))
}

fn complain(file: &Path, line: u32, why: &str) {
    output::warn(&format!("{}:{line}: skipped: {why}", file.display()));
}
