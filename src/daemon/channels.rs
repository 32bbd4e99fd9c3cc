//! Renders the channels that changed, once, and puts them in place: in memory and on disk.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::desk::whole_seconds;
use super::writer::{Dirty, Work};
use crate::model::{Brief, BriefId, Channel, Selector, Source, SourceId, Timestamp};
use crate::publish::{Document, Entry, Publisher, Rendering, Site, fingerprint, rss};
use crate::serve::{Documents, publisher};
use crate::store::{Listed, Store, StoreError};

const RSS: &str = "application/rss+xml; charset=utf-8";

/// What rendering needs.
pub(super) struct Press {
    pub(super) store: Arc<Store>,
    pub(super) documents: Arc<Documents>,
    pub(super) writer: mpsc::Sender<Work>,
    pub(super) site: Site,
    pub(super) sources: Vec<Source>,
    pub(super) channels: Vec<Channel>,
    pub(super) folder: PathBuf,
    pub(super) clock: fn() -> Timestamp,
}

/// Renders channels whenever something in them has changed; ends when it is dropped.
pub(super) async fn keep_rendering(press: Arc<Press>, dirty: Arc<Dirty>) {
    loop {
        dirty.changed().await;
        let sources = dirty.take();
        press.render(Some(sources)).await;
    }
}

impl Press {
    /// Renders the channels that take one of the sources, or all of them.
    pub(super) async fn render(self: &Arc<Self>, changed: Option<HashSet<SourceId>>) {
        for number in 0..self.channels.len() {
            let press = Arc::clone(self);
            let changed = changed.clone();
            let rendered = tokio::task::spawn_blocking(move || {
                let channel = press.channels.get(number)?;
                let concerned = changed.as_ref().is_none_or(|ids| press.concerns(channel, ids));
                concerned.then(|| press.renew(channel))
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

    fn concerns(&self, channel: &Channel, changed: &HashSet<SourceId>) -> bool {
        channel.from.contains(&Selector::All)
            || self.sources.iter().any(|s| changed.contains(&s.id) && channel.takes(s))
    }

    /// Renders a channel and swaps its document, if its content differs.
    fn renew(&self, channel: &Channel) -> Result<Option<Work>, StoreError> {
        let sources: Vec<SourceId> = self
            .sources
            .iter()
            .filter(|source| channel.takes(source))
            .map(|source| source.id.clone())
            .collect();
        // "*" takes the items of sources that have left the configuration, too.
        let sources = (!channel.from.contains(&Selector::All)).then_some(sources);
        let listed = Listed {
            sources: sources.as_deref(),
            only: channel.only,
            shown: true,
            limit: channel.items,
        };
        let stories = self.store.newest(&listed)?;
        let mut briefs: HashMap<BriefId, Brief> = HashMap::new();
        let mut publishers: HashMap<SourceId, Publisher> = HashMap::new();
        for story in &stories {
            if let Some(id) = story.brief.as_ref().filter(|id| !briefs.contains_key(id)) {
                briefs.extend(self.store.brief(id)?.map(|stored| (id.clone(), stored.brief)));
            }
            if !publishers.contains_key(&story.source) {
                let state = self.store.state(&story.source)?;
                let source = self.sources.iter().find(|source| source.id == story.source);
                let facts = state.map(|state| state.facts).unwrap_or_default();
                let said = publisher(source, story.source.as_str(), &facts);
                publishers.insert(story.source.clone(), said);
            }
        }
        let entries: Vec<Entry<'_>> = stories
            .iter()
            .filter_map(|story| {
                let brief = story.brief.as_ref().and_then(|id| briefs.get(id));
                Some(Entry { story, brief, publisher: publishers.get(&story.source)? })
            })
            .collect();
        self.swap(channel, &entries)
    }

    fn swap(&self, channel: &Channel, entries: &[Entry<'_>]) -> Result<Option<Work>, StoreError> {
        let now = whole_seconds((self.clock)());
        let mut rendering = Rendering { channel, entries, site: &self.site, changed: now };
        let print = fingerprint(&rendering);
        let known = self.store.channel(&channel.id)?.filter(|(known, _)| *known == print);
        if let Some((_, since)) = known {
            if self.documents.get(&channel.id).is_some_and(|d| d.modified == since) {
                return Ok(None);
            }
            rendering.changed = since;
        }
        let document = Arc::new(Document::new(rss(&rendering), RSS, rendering.changed));
        self.documents.swap(&channel.id, Arc::clone(&document));
        if let Err(error) = self.write(channel, &document) {
            tracing::error!(channel = %channel.id, %error, "cannot write a document to disk");
        }
        let learnt = known.is_none().then(|| Work::Channel(channel.id.clone(), print, now));
        Ok(learnt)
    }

    /// Writes a document beside its compressed form, so that a web server can serve both.
    fn write(&self, channel: &Channel, document: &Document) -> io::Result<()> {
        // SECURITY: a secret channel's file would be served without its token.
        if channel.token.is_some() {
            return Ok(());
        }
        std::fs::create_dir_all(&self.folder)?;
        let name = format!("{}.xml", channel.id);
        replace(&self.folder.join(&name), &document.plain)?;
        replace(&self.folder.join(name + ".gz"), &document.gzip)
    }
}

/// Replaces a file in one step, if its bytes differ.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if std::fs::read(path).is_ok_and(|known| known == bytes) {
        return Ok(());
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let mut file = std::fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    std::fs::rename(temporary, path)
}
