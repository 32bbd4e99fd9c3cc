//! Documents beside the current ones: the items of one key term or one source, rendered when they
//! are asked for, and finished pages of archives, read from disk. A bounded number is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use tokio::sync::Semaphore;

use super::archive::PageName;
use super::documents::may_read;
use super::material::{Material, publisher_of};
use super::ready::answer;
use super::stories::taken_where;
use super::{Failure, Served, View};
use crate::model::{Channel, ChannelId, DocumentFormat, SourceId, Story};
use crate::publish::{Document, Place, Prepared, Rendering};
use crate::store::StoreError;

/// Documents that are kept, and the bytes of all of them together.
const MAX_KEPT: usize = 256;
const MAX_KEPT_BYTES: usize = 32 << 20;
/// Documents that are made at a time.
const MADE_AT_ONCE: usize = 2;
/// Longer words are no key terms: those of a brief have at most 120 characters.
const MAX_TERM_CHARS: usize = 120;
/// How long a finished page may be used without asking again, in seconds: it does not change.
const PAGE_MAX_AGE: u64 = 24 * 3600;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new()
        .route("/feeds/{id}/{file}", get(page))
        .route("/feeds/{id}/terms/{file}", get(term))
        .route("/feeds/{id}/sources/{file}", get(source))
}

/// What a kept document is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    channel: ChannelId,
    format: DocumentFormat,
    part: Part,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Page(PageName),
    Term(String),
    Source(SourceId),
}

/// Documents that were asked for lately, the latest one first.
pub struct Kept {
    documents: Mutex<VecDeque<(Key, u64, Arc<Document>)>>,
    /// Anybody may ask for any term: it shall cost others little.
    turns: Semaphore,
}

impl Default for Kept {
    fn default() -> Self {
        Self { documents: Mutex::default(), turns: Semaphore::new(MADE_AT_ONCE) }
    }
}

impl Kept {
    /// Returns a document that was made of what still holds.
    fn get(&self, key: &Key, generation: u64) -> Option<Arc<Document>> {
        let mut kept = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(known, _, _)| known == key)?;
        let (key, made, document) = kept.remove(place)?;
        if made != generation {
            return None;
        }
        kept.push_front((key, made, Arc::clone(&document)));
        Some(document)
    }

    /// Forgets all of them.
    pub(super) fn clear(&self) {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn put(&self, key: Key, generation: u64, document: Arc<Document>) {
        let mut kept = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _, _)| *known != key);
        kept.push_front((key, generation, document));
        let size = |document: &Document| {
            document.plain.len() + document.gzip.len() + document.brotli.len()
        };
        let mut bytes: usize = kept.iter().map(|(_, _, document)| size(document)).sum();
        while kept.len() > MAX_KEPT || (bytes > MAX_KEPT_BYTES && kept.len() > 1) {
            let Some((_, _, document)) = kept.pop_back() else { break };
            bytes -= size(&document);
        }
    }
}

/// A request for a document of a channel that may be read.
struct Asked {
    channel: Channel,
    stem: String,
    format: DocumentFormat,
    headers: HeaderMap,
}

type Named = (Path<(String, String)>, RawQuery, HeaderMap);

impl Served {
    /// SECURITY: without its token nothing of a secret channel is there.
    fn asked(&self, (Path((id, file)), RawQuery(query), headers): Named) -> Result<Asked, Failure> {
        let none = || Failure::NotFound("feed");
        let (stem, format) = DocumentFormat::part(&file).ok_or_else(none)?;
        let plan = self.plan();
        let channel = plan.channels.iter().find(|channel| channel.id.as_str() == id);
        let channel = channel.ok_or_else(none)?;
        if !may_read(channel, &query.unwrap_or_default()) || !channel.formats.contains(&format) {
            return Err(none());
        }
        Ok(Asked { channel: channel.clone(), stem: stem.to_owned(), format, headers })
    }

    /// Answers with a kept document, else with the one that `make` makes.
    async fn kept_or(
        self: &Arc<Self>,
        asked: &Asked,
        part: Part,
        make: impl FnOnce(&View) -> Result<Option<Document>, StoreError> + Send + 'static,
    ) -> Result<Arc<Document>, Failure> {
        let key = Key { channel: asked.channel.id.clone(), format: asked.format, part };
        // A finished page stays what it is.
        let generation = match key.part {
            Part::Page(_) => 0,
            Part::Term(_) | Part::Source(_) => self.documents.generation(&key.channel),
        };
        if let Some(document) = self.kept.get(&key, generation) {
            return Ok(document);
        }
        let _turn = self.kept.turns.acquire().await.map_err(|_closed| Failure::Stopping)?;
        // Somebody else may have asked for it meanwhile.
        if let Some(document) = self.kept.get(&key, generation) {
            return Ok(document);
        }
        let document = self.read(make).await?.ok_or(Failure::NotFound("feed"))?;
        let document = Arc::new(document);
        self.kept.put(key, generation, Arc::clone(&document));
        Ok(document)
    }
}

async fn page(State(served): State<Arc<Served>>, named: Named) -> Result<Response, Failure> {
    let asked = served.asked(named)?;
    let page = PageName::parse(&asked.stem).ok_or(Failure::NotFound("feed"))?;
    let (channel, format) = (asked.channel.clone(), asked.format);
    let read = move |view: &View| Ok(view.plan.shelf.page(&channel, &page, format));
    let document = served.kept_or(&asked, Part::Page(page), read).await?;
    Ok(answer(&document, &asked.headers, PAGE_MAX_AGE))
}

async fn term(State(served): State<Arc<Served>>, named: Named) -> Result<Response, Failure> {
    let asked = served.asked(named)?;
    let term = asked.stem.split_whitespace().collect::<Vec<_>>().join(" ");
    if term.is_empty() || term.chars().count() > MAX_TERM_CHARS {
        return Err(Failure::NotFound("feed"));
    }
    let (channel, format) = (asked.channel.clone(), asked.format);
    let part = Part::Term(term.clone());
    let made = move |view: &View| view.about(&channel, format, &term).map(Some);
    let document = served.kept_or(&asked, part, made).await?;
    Ok(answer(&document, &asked.headers, served.freshness(&asked.channel)))
}

async fn source(State(served): State<Arc<Served>>, named: Named) -> Result<Response, Failure> {
    let asked = served.asked(named)?;
    let id = SourceId::new(asked.stem.as_str()).map_err(|_bad| Failure::NotFound("feed"))?;
    let plan = served.plan();
    let configured = plan.source(id.as_str()).filter(|source| asked.channel.takes(source));
    configured.ok_or(Failure::NotFound("feed"))?;
    let (channel, format, of) = (asked.channel.clone(), asked.format, id.clone());
    let made = move |view: &View| view.of_source(&channel, format, &of).map(Some);
    let document = served.kept_or(&asked, Part::Source(id), made).await?;
    Ok(answer(&document, &asked.headers, served.freshness(&asked.channel)))
}

impl View {
    /// Renders the newest items of a channel that have a key term, whatever its case.
    fn about(
        &self,
        channel: &Channel,
        format: DocumentFormat,
        term: &str,
    ) -> Result<Document, StoreError> {
        let sought = term.to_lowercase();
        let accept = |story: &Story| self.is_about(story, &sought);
        self.render(channel, format, Place::Term(term), &accept)
    }

    /// Renders the newest items of a channel that a source brought.
    fn of_source(
        &self,
        channel: &Channel,
        format: DocumentFormat,
        source: &SourceId,
    ) -> Result<Document, StoreError> {
        let name = publisher_of(&self.store, &self.plan, source)?.name;
        let accept = |story: &Story| story.source == *source;
        self.render(channel, format, Place::Source(source, &name), &accept)
    }

    fn render(
        &self,
        channel: &Channel,
        format: DocumentFormat,
        place: Place<'_>,
        accept: &dyn Fn(&Story) -> bool,
    ) -> Result<Document, StoreError> {
        let (store, plan) = (&self.store, &self.plan);
        let taken = taken_where(store, plan, (channel, channel.items), Some(accept))?;
        let material = Material::gather(store, plan, channel, taken)?;
        let entries = material.entries(plan);
        let prepared =
            Prepared::new(Rendering { channel, place, entries: &entries, site: &plan.site });
        // The time of the newest change, so that the same items give the same bytes.
        let changed = prepared.updated().unwrap_or_default();
        Ok(Document::new(prepared.render(format, changed), format.content_type(), changed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn a_bounded_number_is_kept_and_nothing_that_does_not_hold_any_more() {
        let kept = Kept::default();
        let key = |number: usize| Key {
            channel: ChannelId::new("all").unwrap(),
            format: DocumentFormat::Rss,
            part: Part::Term(number.to_string()),
        };
        let document = Arc::new(Document::new(vec![b'x'; 100], "text/plain", Timestamp::default()));
        for number in 0..300 {
            kept.put(key(number), 1, Arc::clone(&document));
            assert!(kept.get(&key(0), 1).is_some() || number >= MAX_KEPT, "the latest stays");
        }
        assert!(kept.get(&key(0), 1).is_some(), "it was asked for again and again");
        assert!(kept.get(&key(1), 1).is_none());
        assert!(kept.get(&key(299), 2).is_none(), "the channel has changed");
        assert!(kept.get(&key(299), 1).is_none());
        let large =
            Arc::new(Document::new(vec![b'x'; MAX_KEPT_BYTES], "text/plain", Timestamp::default()));
        kept.put(key(500), 1, large);
        assert_eq!(kept.documents.lock().unwrap().len(), 1);
    }
}
