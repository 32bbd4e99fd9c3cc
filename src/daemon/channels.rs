//! Renders the channels that changed, once, and puts them in place: in memory and on disk.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use tokio::sync::{mpsc, watch};

use super::announcing::Changed;
use super::desk::whole_seconds;
use super::dirty::Dirty;
use super::threads::Threads;
use super::writer::Work;
use crate::config::Config;
use crate::model::{Channel, ChannelId, DocumentFormat, Selector, SourceId, Timestamp};
use crate::publish::{Coding, Document, Edition, Entry, Place, Prepared, Rendering};
use crate::serve::{Material, Plan, Served, Share, taken};
use crate::store::{Finished, Look, Store, StoreError};

/// What rendering needs.
pub(super) struct Press {
    pub(super) store: Arc<Store>,
    pub(super) served: Arc<Served>,
    pub(super) writer: mpsc::Sender<Work>,
    pub(super) config: watch::Receiver<Arc<Config>>,
    pub(super) changed: Arc<Changed>,
    /// Renders one channel after the other.
    pub(super) thread: Threads,
    pub(super) clock: fn() -> Timestamp,
    /// The last finished page of each channel's archive, before the store may know of it.
    pub(super) pages: Mutex<HashMap<ChannelId, Option<Finished>>>,
    /// When each channel's archive was looked at last.
    pub(super) looked: Mutex<HashMap<ChannelId, Timestamp>>,
}

/// Renders channels whenever something in them has changed; ends when it is dropped.
pub(super) async fn keep_rendering(press: Arc<Press>, dirty: Arc<Dirty>) {
    loop {
        dirty.changed().await;
        press.render(dirty.take()).await;
    }
}

/// Puts in place what a last run wrote to disk, and returns whether every channel has a document.
pub(super) async fn load_documents(served: &Arc<Served>) -> bool {
    let served = Arc::clone(served);
    let load = move || {
        let plan = served.plan();
        let mut is_complete = true;
        for channel in &plan.channels {
            match plan.shelf.read(channel) {
                Some(edition) => served.documents.swap(&channel.id, Arc::new(edition)),
                None => is_complete = false,
            }
        }
        is_complete
    };
    tokio::task::spawn_blocking(load).await.unwrap_or(false)
}

/// What one rendering goes by.
#[derive(Clone)]
pub(super) struct Sheet {
    pub(super) plan: Arc<Plan>,
    /// How long pages of archives are kept.
    pub(super) keeps: TimeDelta,
}

impl Press {
    fn sheet(&self, plan: Arc<Plan>) -> Sheet {
        let keeps = TimeDelta::from_std(self.config.borrow().publish.archive);
        Sheet { plan, keeps: keeps.unwrap_or(TimeDelta::MAX) }
    }

    fn current(&self) -> Sheet {
        self.sheet(self.served.plan())
    }

    /// Renders the channels that take one of the sources, or all of them.
    pub(super) async fn render(self: &Arc<Self>, changed: Option<HashSet<SourceId>>) {
        let sheet = self.current();
        self.render_by(&sheet, changed).await;
    }

    /// Renders the channels of a configuration that is not in force yet.
    pub(super) async fn prepare(self: &Arc<Self>, plan: &Plan) {
        let sheet = self.sheet(Arc::new(plan.clone()));
        self.render_by(&sheet, None).await;
    }

    /// Takes away the documents of channels that the configuration in force does not have.
    pub(super) async fn retire(self: &Arc<Self>) {
        let (press, sheet) = (Arc::clone(self), self.current());
        let retired = tokio::task::spawn_blocking(move || press.retire_by(&sheet)).await;
        if let Ok(Err(error)) = retired {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "cannot take away the documents of a removed channel");
        }
    }

    fn retire_by(&self, sheet: &Sheet) -> Result<(), StoreError> {
        let plan = &sheet.plan;
        for id in self.served.documents.ids() {
            if plan.channels.iter().all(|channel| channel.id != id) {
                self.served.documents.remove(&id);
                self.served.metrics.forget_channel(id.as_str(), &ORIGINS, &forms());
                self.served.shares.forget(&id);
            }
        }
        for id in sheet.plan.shelf.ids() {
            let configured = plan.channels.iter().find(|channel| channel.id == id);
            // Only what a channel of ours has left behind; other files are not ours to touch.
            if self.store.channel(&id)?.is_some() {
                sheet.plan.shelf.clear(&id, configured);
            }
        }
        Ok(())
    }

    async fn render_by(self: &Arc<Self>, sheet: &Sheet, changed: Option<HashSet<SourceId>>) {
        for number in 0..sheet.plan.channels.len() {
            let (press, sheet, changed) = (Arc::clone(self), sheet.clone(), changed.clone());
            let rendered = self.thread.run(move || {
                let channel = sheet.plan.channels.get(number)?;
                let concerned = changed.as_ref().is_none_or(|ids| concerns(&sheet, channel, ids));
                concerned.then(|| press.renew(&sheet, channel))
            });
            let learnt = match rendered.await {
                Ok(Some(Ok(learnt))) => learnt,
                Ok(Some(Err(error))) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "cannot render a channel"
                    );
                    None
                }
                Ok(None) => None,
                Err(error) => {
                    tracing::error!(%error, "rendering a channel panicked");
                    None
                }
            };
            if let Some(work) = learnt {
                // A writer that is gone takes nothing more; the next start renders anew.
                self.writer.send(work).await.ok();
            }
        }
    }

    /// Renders a channel and swaps its documents, if its content differs.
    fn renew(&self, sheet: &Sheet, channel: &Channel) -> Result<Option<Work>, StoreError> {
        self.served.documents.touch(&channel.id);
        let (store, plan) = (&self.store, &sheet.plan);
        let taken = taken(store, plan, channel, channel.items)?;
        let material = Material::gather(store, plan, channel, taken)?;
        let entries = material.entries(plan);
        if self.waits_for_sources(sheet, channel, entries.len())? {
            return Ok(None);
        }
        let learnt = self.swap(sheet, channel, &entries)?;
        // Where nothing has changed, no byte does. Only then, since readers do not wait for it.
        if learnt.is_some() && self.finish_pages(sheet, channel)? {
            return self.swap(sheet, channel, &entries).map(|linked| linked.or(learnt));
        }
        Ok(learnt)
    }

    /// Returns whether the standing document is better than one of `items` items would be.
    ///
    /// A database that was lost knows no items until every source has been asked again.
    fn waits_for_sources(
        &self,
        sheet: &Sheet,
        channel: &Channel,
        items: usize,
    ) -> Result<bool, StoreError> {
        let Some(standing) = self.served.documents.get(&channel.id) else { return Ok(false) };
        if items >= standing.items() {
            return Ok(false);
        }
        let sources = sheet.plan.sources.iter().filter(|source| channel.takes(source));
        for source in sources.filter(|source| self.store.paused(&source.id).is_none()) {
            if self.store.state(&source.id)?.is_none_or(|state| state.polled.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn swap(
        &self,
        sheet: &Sheet,
        channel: &Channel,
        entries: &[Entry<'_>],
    ) -> Result<Option<Work>, StoreError> {
        let site = &sheet.plan.site;
        let archive = self.last_page(sheet, channel)?;
        let earlier = archive.as_ref().map(|page| page.page.as_str());
        let place = Place::Current { earlier };
        let prepared = Prepared::new(Rendering { channel, place, entries, site });
        let documents = &self.served.documents;
        let current = documents.get(&channel.id);
        let last = self.store.channel(&channel.id)?;
        let print = prepared.fingerprint();
        let standing = current.as_ref().and_then(|edition| edition.standing(&prepared));
        let edition = standing.unwrap_or_else(|| {
            let now = whole_seconds((self.clock)());
            let before = current.as_ref().and_then(|edition| edition.modified());
            let changed = match last.as_ref().filter(|known| known.fingerprint == print) {
                Some(known) => known.changed,
                None => after(now, before.max(last.as_ref().map(|last| last.changed))),
            };
            printed(&prepared, &channel.formats, changed)
        });
        let edition = Arc::new(edition);
        let changed = edition.modified().unwrap_or_default();
        documents.swap(&channel.id, Arc::clone(&edition));
        let is_known = match &current {
            Some(before) => before.says_the_same(&edition),
            None => last.as_ref().is_some_and(|known| known.fingerprint == print),
        };
        if !is_known {
            self.changed.mark(site, channel);
        }
        self.measure(&channel.id, entries, &edition);
        if let Err(error) = sheet.plan.shelf.write(channel, &edition) {
            tracing::error!(channel = %channel.id, %error, "cannot write a document to disk");
        }
        let is_secret = channel.token.is_some();
        let look = Look { fingerprint: print, changed, is_secret, archive };
        let is_new = last.as_ref() != Some(&look);
        Ok(is_new.then(|| Work::Channel(channel.id.clone(), look)))
    }

    fn measure(&self, id: &ChannelId, entries: &[Entry<'_>], edition: &Edition) {
        let stored = entries.iter().filter(|entry| entry.story.brief.is_some()).count();
        let briefed = entries.iter().filter(|entry| entry.brief.is_some()).count();
        let counts = [stored, entries.len() - briefed, briefed - stored.min(briefed)];
        let origins: Vec<(&str, usize)> = ORIGINS.into_iter().zip(counts).collect();
        let sizes: Vec<(&str, &str, usize)> = edition
            .documents()
            .flat_map(|(format, document)| {
                let size = |coding: Coding| {
                    (format.as_str(), coding.as_str(), document.bytes(coding).len())
                };
                Coding::ALL.map(size)
            })
            .collect();
        self.served.metrics.measure_document(id.as_str(), &origins, &sizes);
        let mut methods = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.story.brief.is_some()) {
            *methods.entry(entry.story.method.as_str()).or_default() += 1;
        }
        let model = briefed - stored.min(briefed);
        self.served.shares.set(id, Share { items: entries.len(), stored, model, methods });
    }
}

/// Renders and compresses each format on a thread of its own: compressing takes longest, and
/// somebody waits for what is new.
fn printed(prepared: &Prepared<'_>, formats: &[DocumentFormat], changed: Timestamp) -> Edition {
    let document = |format: DocumentFormat| {
        let bytes = prepared.render(format, changed);
        (format, Arc::new(Document::new(bytes, format.content_type(), changed)))
    };
    let documents = std::thread::scope(|scope| {
        let printing: Vec<_> =
            formats.iter().map(|format| scope.spawn(move || document(*format))).collect();
        let documents = printing.into_iter().map(|printing| {
            printing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        documents.collect()
    });
    Edition::of(documents)
}

/// Returns the forms a document is served in, as labels: format and coding.
fn forms() -> Vec<(&'static str, &'static str)> {
    let codings = |format: DocumentFormat| {
        Coding::ALL.map(|coding: Coding| (format.as_str(), coding.as_str()))
    };
    DocumentFormat::ALL.into_iter().flat_map(codings).collect()
}

/// Returns the date of a document that takes the place of one of the date `last`.
///
/// Two documents never carry one date: a reader that goes by the date alone, as newsboat's
/// libcurl does whatever the tags say, would miss the later one.
fn after(now: Timestamp, last: Option<Timestamp>) -> Timestamp {
    last.map_or(now, |last| now.max(last + TimeDelta::seconds(1)))
}

/// Origins of briefs, as labels.
const ORIGINS: [&str; 3] = ["stored", "extracted", "model"];

fn concerns(sheet: &Sheet, channel: &Channel, changed: &HashSet<SourceId>) -> bool {
    channel.from.contains(&Selector::All)
        || sheet.plan.sources.iter().any(|s| changed.contains(&s.id) && channel.takes(s))
}
