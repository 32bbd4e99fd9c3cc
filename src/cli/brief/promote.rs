//! `briefwire brief promote`: an item's generated brief as a draft that a person goes on with.
//!
//! The draft says that its words were extracted; a reader of documents warns of that line until
//! the person who made the words their own takes it out.

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
    let summary = summary(list(told, "extracted_summary"));
    anyhow::ensure!(!summary.is_empty(), "the item `{id}` has no text, so nothing was extracted");
    let title = plain(&text(told, "title"));
    let terms = list(told, "key_terms").iter().map(|term| plain(&text(term, "term")));
    let link = text(told, "link");
    let link = Url::parse(&link).map_or(link, |url| without_tracking(&url).to_string());
    // An item without an address is found again by its own id.
    let pin = if link.is_empty() { vec![id.clone()] } else { Vec::new() };
    Ok(Brief {
        lang: Some(text(told, "lang")).filter(|lang| !lang.is_empty()),
        key_terms: terms.filter(|term| !term.is_empty()).collect(),
        date: text(told, "published").parse().ok(),
        status: Status::Draft,
        origin: Origin::Extracted,
        urls: Some(link).filter(|link| !link.is_empty()).into_iter().collect(),
        pin,
        ..Brief::new(brief_id(&title, &id)?, title, summary)
    })
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
    let lower = title.to_lowercase();
    let mut slug = String::new();
    for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.chars().count() + word.chars().count() > MAX_SLUG {
            break;
        }
        slug.extend([word, "-"]);
    }
    slug.extend(item.chars().take(8));
    Ok(BriefId::new(slug)?)
}
