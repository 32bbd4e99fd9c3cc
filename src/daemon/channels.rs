//! Renders the channels that changed, once, and puts them in place: in memory and on disk.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::{mpsc, watch};

use super::announcing::Changed;
use super::desk::whole_seconds;
use super::dirty::Dirty;
use super::shelf::Shelf;
use super::threads::Threads;
use super::writer::Work;
use crate::config::Config;
use crate::model::{Brief, BriefId, Channel, ChannelId, Selector, SourceId, Story, Timestamp};
use crate::publish::{
    Also, Coding, Document, Entry, Publisher, Rendering, also_reported, fingerprint, rss,
};
use crate::serve::{Plan, Served, Taken, publisher, taken};
use crate::store::{Look, Store, StoreError};

/// The media type of a channel's document.
pub(super) const RSS: &str = "application/rss+xml; charset=utf-8";

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
}

/// Renders channels whenever something in them has changed; ends when it is dropped.
pub(super) async fn keep_rendering(press: Arc<Press>, dirty: Arc<Dirty>) {
    loop {
        dirty.changed().await;
        press.render(dirty.take()).await;
    }
}

/// Puts in place what a last run wrote to disk, and returns whether every channel has a document.
pub(super) async fn load_documents(config: &Arc<Config>, served: &Arc<Served>) -> bool {
    let (config, served) = (Arc::clone(config), Arc::clone(served));
    let load = move || {
        let shelf = Shelf::new(&config.publish.dir, &config.store.path);
        let mut is_complete = true;
        for channel in &config.channels {
            match shelf.read(channel) {
                Some(document) => served.documents.swap(&channel.id, Arc::new(document)),
                None => is_complete = false,
            }
        }
        is_complete
    };
    tokio::task::spawn_blocking(load).await.unwrap_or(false)
}

/// What one rendering goes by.
#[derive(Clone)]
struct Sheet {
    plan: Arc<Plan>,
    shelf: Shelf,
}

impl Press {
    fn sheet(&self, plan: Arc<Plan>, folder: &Path) -> Sheet {
        Sheet { plan, shelf: Shelf::new(folder, &self.config.borrow().store.path) }
    }

    fn current(&self) -> Sheet {
        let folder: PathBuf = self.config.borrow().publish.dir.clone();
        self.sheet(self.served.plan(), &folder)
    }

    /// Renders the channels that take one of the sources, or all of them.
    pub(super) async fn render(self: &Arc<Self>, changed: Option<HashSet<SourceId>>) {
        let sheet = self.current();
        self.render_by(&sheet, changed).await;
    }

    /// Renders the channels of a configuration that is not in force yet.
    pub(super) async fn prepare(self: &Arc<Self>, plan: &Plan, folder: &Path) {
        let sheet = self.sheet(Arc::new(plan.clone()), folder);
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
                let codings = [Coding::Identity, Coding::Gzip].map(Coding::as_str);
                self.served.metrics.forget_channel(id.as_str(), &ORIGINS, &codings);
            }
        }
        for id in sheet.shelf.ids() {
            let configured = plan.channels.iter().find(|channel| channel.id == id);
            // Only what a channel of ours has left behind; other files are not ours to touch.
            if self.store.channel(&id)?.is_some() {
                sheet.shelf.clear(&id, configured);
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

    /// Renders a channel and swaps its document, if its content differs.
    fn renew(&self, sheet: &Sheet, channel: &Channel) -> Result<Option<Work>, StoreError> {
        let mut taken = taken(&self.store, &sheet.plan, channel, channel.items)?;
        if !channel.full_text {
            for Taken { story, .. } in &mut taken {
                story.article = None;
            }
        }
        let mut briefs: HashMap<BriefId, Brief> = HashMap::new();
        let mut publishers: HashMap<SourceId, Publisher> = HashMap::new();
        for Taken { story, others } in &taken {
            if let Some(id) = story.brief.as_ref().filter(|id| !briefs.contains_key(id)) {
                briefs.extend(self.store.brief(id)?.map(|stored| (id.clone(), stored.brief)));
            }
            for story in std::iter::once(story).chain(others) {
                if !publishers.contains_key(&story.source) {
                    let said = self.publisher_of(&sheet.plan, &story.source)?;
                    publishers.insert(story.source.clone(), said);
                }
            }
        }
        let also_of = |others: &[Story]| -> Vec<Also> {
            let said = others.iter().filter_map(|story| {
                let publisher = publishers.get(&story.source)?;
                Some(also_reported(story, publisher, &sheet.plan.site))
            });
            said.collect()
        };
        let also: Vec<Vec<Also>> = taken.iter().map(|taken| also_of(&taken.others)).collect();
        let entries: Vec<Entry<'_>> = taken
            .iter()
            .zip(&also)
            .filter_map(|(Taken { story, .. }, also)| {
                let stored = story.brief.as_ref().and_then(|id| briefs.get(id));
                let brief = stored.or_else(|| sheet.plan.generated(story));
                Some(Entry { story, brief, publisher: publishers.get(&story.source)?, also })
            })
            .collect();
        if self.waits_for_sources(sheet, channel, entries.len())? {
            return Ok(None);
        }
        self.swap(sheet, channel, &entries)
    }

    fn publisher_of(&self, plan: &Plan, id: &SourceId) -> Result<Publisher, StoreError> {
        let facts = self.store.state(id)?.map(|state| state.facts).unwrap_or_default();
        let source = plan.sources.iter().find(|source| source.id == *id);
        Ok(publisher(source, id.as_str(), &facts))
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
        if items >= items_in(&standing) {
            return Ok(false);
        }
        for source in sheet.plan.sources.iter().filter(|source| channel.takes(source)) {
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
        let at = |changed| Rendering { channel, entries, site, changed };
        let documents = &self.served.documents;
        let current = documents.get(&channel.id);
        let last = self.store.channel(&channel.id)?;
        let print = fingerprint(&at(Timestamp::default()));
        let before = current.as_ref().map(|document| document.modified);
        let standing = current.clone().filter(|d| rss(&at(d.modified)) == d.plain);
        let document = standing.unwrap_or_else(|| {
            let now = whole_seconds((self.clock)());
            let changed = match last.filter(|known| known.fingerprint == print) {
                Some(known) => known.changed,
                None => after(now, before.max(last.map(|last| last.changed))),
            };
            Arc::new(Document::new(rss(&at(changed)), RSS, changed))
        });
        documents.swap(&channel.id, Arc::clone(&document));
        let is_known = current
            .map_or(last.is_some_and(|known| known.fingerprint == print), |before| {
                before.plain == document.plain
            });
        if !is_known {
            self.changed.mark(site, channel);
        }
        if let Err(error) = sheet.shelf.write(channel, &document) {
            tracing::error!(channel = %channel.id, %error, "cannot write a document to disk");
        }
        self.measure(&channel.id, entries);
        let (changed, is_secret) = (document.modified, channel.token.is_some());
        let look = Look { fingerprint: print, changed, is_secret };
        Ok((last != Some(look)).then(|| Work::Channel(channel.id.clone(), look)))
    }

    fn measure(&self, id: &ChannelId, entries: &[Entry<'_>]) {
        let stored = entries.iter().filter(|entry| entry.story.brief.is_some()).count();
        let briefed = entries.iter().filter(|entry| entry.brief.is_some()).count();
        let counts = [stored, entries.len() - briefed, briefed - stored.min(briefed)];
        let origins: Vec<(&str, usize)> = ORIGINS.into_iter().zip(counts).collect();
        let Some(document) = self.served.documents.get(id) else { return };
        let size = |coding: Coding| (coding.as_str(), document.bytes(coding).len());
        let sizes = [size(Coding::Identity), size(Coding::Gzip)];
        self.served.metrics.measure_document(id.as_str(), &origins, &sizes);
    }
}

/// Returns how many items a document has; what stands inside of them is escaped or sanitised.
fn items_in(document: &Document) -> usize {
    const ITEM: &[u8] = b"<item>";
    document.plain.windows(ITEM.len()).filter(|bytes| *bytes == ITEM).count()
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
