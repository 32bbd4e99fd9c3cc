//! `briefwire brief promote`: an item's generated brief as a draft that a person goes on with.
//!
//! The draft says where its words come from, sentences of the source or a language model; a reader of documents warns of that line until
//! the person who made the words their own takes it out.

use anyhow::Context;
use clap::Args;
use serde_json::Value;
use url::Url;

use crate::briefs::{self, FallbackId, Form};
use crate::cli::ask;
use crate::cli::connection::item;
use crate::cli::output::{self, list, text};
use crate::config::Config;
use crate::daemon::now;
use crate::fetch::Call;
use crate::model::{Brief, BriefId, Origin, Status, without_tracking};
use crate::text::slug;

/// A title's part of the id, in characters.
const MAX_SLUG: usize = 60;
/// A document's summary may be this long, in bytes.
const MAX_SUMMARY_BYTES: usize = 8 * 1024;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The item's id or guid
    item: String,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<()> {
    let told = ask(config, &Call::get(format!("/items/{}", item(&arguments.item))))?;
    let brief = draft(&told)?;
    if arguments.json {
        return output::json(&briefs::to_json(&brief));
    }
    let document = briefs::to_markdown(&brief);
    let report =
        briefs::read(document.as_bytes(), Form::Text, FallbackId::Stem(brief.id.as_str()), now());
    if let Some(problem) = report.errors.first() {
        anyhow::bail!("the item's generated brief is no document: {}", problem.message);
    }
    output::document(&document)
}

/// Makes the draft of what the API tells of an item.
fn draft(told: &Value) -> anyhow::Result<Brief> {
    let id = text(told, "item_id");
    if let Some(generated) = told.get("generated_brief") {
        return generated_draft(told, generated);
    }
    let summary = summary(list(told, "extracted_summary"));
    anyhow::ensure!(!summary.is_empty(), "the item `{id}` has no text, so nothing was extracted");
    let title = plain(&text(told, "title"));
    let terms = list(told, "key_terms").iter().map(|term| plain(&text(term, "term")));
    let (urls, pin) = places(told);
    Ok(Brief {
        lang: Some(text(told, "lang")).filter(|lang| !lang.is_empty()),
        key_terms: terms.filter(|term| !term.is_empty()).collect(),
        date: text(told, "published").parse().ok(),
        status: Status::Draft,
        origin: Origin::Extracted,
        urls,
        pin,
        ..Brief::new(brief_id(&title, &id)?, title, summary)
    })
}

/// Makes the draft of a brief that a language model made; its origin stays on it.
fn generated_draft(told: &Value, generated: &Value) -> anyhow::Result<Brief> {
    let bytes = serde_json::to_vec(generated)?;
    let report = briefs::read(&bytes, Form::Json, FallbackId::Hash, now());
    let brief = report.brief.context("the item's generated brief cannot be read")?;
    let (urls, pin) = places(told);
    let title = plain(&brief.title);
    Ok(Brief {
        id: brief_id(&title, &text(told, "item_id"))?,
        title,
        date: text(told, "published").parse().ok(),
        status: Status::Draft,
        origin: Origin::Model(model_of(told)),
        urls,
        pin,
        ..brief
    })
}

/// Returns the name of the model that an item's origin tells.
fn model_of(told: &Value) -> String {
    let origin = text(told, "origin");
    origin.strip_prefix("model ").unwrap_or(&origin).to_owned()
}

/// Returns the address that the draft is found by, else the item that it is pinned to.
fn places(told: &Value) -> (Vec<String>, Vec<String>) {
    let web = |link: &Url| matches!(link.scheme(), "http" | "https");
    match Url::parse(&text(told, "link")).ok().filter(web) {
        Some(link) => (vec![without_tracking(&link).to_string()], Vec::new()),
        // An item without an address, or with half of one, is found again by its own id.
        None => (Vec::new(), vec![text(told, "item_id")]),
    }
}

/// Returns as many sentences as a document may hold; of one that is longer, its beginning.
fn summary(sentences: &[Value]) -> String {
    let mut summary = String::new();
    for sentence in sentences.iter().filter_map(Value::as_str) {
        let sentence = plain(sentence);
        let joint = if summary.is_empty() { "" } else { " " };
        if summary.len() + joint.len() + sentence.len() <= MAX_SUMMARY_BYTES {
            summary.extend([joint, &sentence]);
        } else if summary.is_empty() {
            let end = sentence.floor_char_boundary(MAX_SUMMARY_BYTES - '…'.len_utf8());
            return format!("{}…", sentence.get(..end).unwrap_or_default());
        } else {
            break;
        }
    }
    summary
}

/// Returns text on one line; documents are refused for control characters.
fn plain(text: &str) -> String {
    let parts = text.split(|c: char| c.is_control() || c.is_whitespace());
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Makes an id that a person can read and that no other item's draft has.
fn brief_id(title: &str, item: &str) -> anyhow::Result<BriefId> {
    let words = slug(title, MAX_SLUG);
    let digits: String = item.chars().take(8).collect();
    Ok(BriefId::new(if words.is_empty() { digits } else { format!("{words}-{digits}") })?)
}
