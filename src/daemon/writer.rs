//! The one writer: every change goes through here, in groups, and is answered when it is durable.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::sync::{Notify, mpsc, oneshot};

use super::articles::{self, Fetched};
use super::commands::Refusal;
use super::desk::Desk;
use super::digest::Digest;
use super::dirty::Dirty;
use super::group::{Answer, Group};
use super::log::with_causes;
use super::pauses::Pauses;
use super::queue::{Made, Queue};
use super::retention::Retention;
use super::service::Service;
use crate::config::{Config, Matching};
use crate::model::{
    Brief, BriefId, BriefOrigin, ChannelId, CommandError, Placement, SourceId, Spent, Story,
    Subscription, Timestamp,
};
use crate::reconcile::place;
use crate::serve::{Concern, Condition, Order};
use crate::store::{Changes, Kept, Look, Store, StoreError};
use crate::telemetry::Metrics;

/// A group is committed after this, …
const GROUP_TIME: Duration = Duration::from_millis(5);
/// … this many pieces of work, …
const GROUP_WORK: usize = 64;
/// … or this many values.
const GROUP_VALUES: usize = 2_000;
/// Work that waits for the writer; whoever brings more waits too.
const QUEUE: usize = 256;

/// Something to commit.
pub(super) enum Work {
    /// What a poll found; answered when it is durable.
    Poll(Box<Digest>, oneshot::Sender<Result<(), StoreError>>),
    /// What a person or a program asks.
    Order(Order),
    /// What a channel's document looks like now.
    Channel(ChannelId, Look),
    /// A source has another id now; answered when it is durable.
    Rename { was: SourceId, id: SourceId, answer: oneshot::Sender<Result<(), StoreError>> },
    /// The article of an item; answered when it is durable.
    Article(Box<Fetched>, oneshot::Sender<Result<(), StoreError>>),
    /// A subscription at a hub, or that it is no more; answered when it is durable.
    Subscription {
        token: String,
        subscription: Option<(SourceId, Box<Subscription>)>,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
    /// What came of asking a language model, and what it has cost; answered when it is durable.
    Model {
        made: Option<Made>,
        spent: Option<Spent>,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
    /// The configuration has changed.
    Settings(Settings),
    /// Some time has passed.
    Tick,
    /// All that retention takes is to go now; answered when it is gone.
    Retire(oneshot::Sender<Result<(), StoreError>>),
}

/// What of the configuration the writer goes by.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    matching: Matching,
    min_free: u64,
    pub(super) kept: Kept,
    /// Items that may wait for a language model, if one is asked.
    pub(super) queue_capacity: Option<usize>,
    /// The configured sources.
    pub(super) sources: HashSet<SourceId>,
}

impl Settings {
    pub(super) fn of(config: &Config) -> Self {
        let store = &config.store;
        Self {
            matching: config.matching.clone(),
            min_free: store.min_free,
            kept: Kept {
                max_age: TimeDelta::from_std(store.max_age).unwrap_or(TimeDelta::MAX),
                per_source: store.max_items_per_source,
                items: store.max_items,
            },
            queue_capacity: config.enrich.model.as_ref().map(|model| model.queue),
            sources: config.sources.iter().map(|source| source.id.clone()).collect(),
        }
    }
}

/// What the writer needs.
pub(super) struct Setup {
    pub(super) store: Arc<Store>,
    pub(super) dirty: Arc<Dirty>,
    /// Items that a language model is to be asked about.
    pub(super) queue: Arc<Queue>,
    pub(super) settings: Settings,
    /// Sources to poll at once.
    pub(super) polls: mpsc::Sender<SourceId>,
    /// Told whose pauses begin and end.
    pub(super) pauses: Arc<Pauses>,
    /// Told what is wrong, while it lasts.
    pub(super) condition: Arc<Condition>,
    pub(super) metrics: Arc<Metrics>,
    /// Told that the loop goes round.
    pub(super) service: Arc<Service>,
    /// Told when the database takes nothing more until it is opened anew.
    pub(super) broken: Arc<Notify>,
    pub(super) clock: fn() -> Timestamp,
}

/// Starts the writer on a thread of its own; it ends when the last sender is gone.
pub(super) fn start(setup: Setup) -> Result<(mpsc::Sender<Work>, JoinHandle<()>), StoreError> {
    let matching = setup.settings.matching.clone();
    let desk = Desk::load(&setup.store, matching, &setup.queue, (setup.clock)())?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let retention = Retention::new((setup.clock)());
    let (briefs, renamed) = (BTreeMap::new(), HashMap::new());
    let mut writer = Writer { setup, desk, briefs, renamed, retention };
    // Before anybody can see that it was not done.
    writer.catch_up();
    let thread = std::thread::spawn(move || writer.serve(receiver));
    Ok((sender, thread))
}

pub(super) struct Writer {
    pub(super) setup: Setup,
    pub(super) desk: Desk,
    /// Briefs of the group that is being gathered, which the store does not have yet.
    pub(super) briefs: BTreeMap<BriefId, Option<(Brief, BriefOrigin)>>,
    /// Ids that sources had when polls began that may still be under way.
    renamed: HashMap<SourceId, SourceId>,
    retention: Retention,
}

impl Writer {
    fn serve(&mut self, mut receiver: mpsc::Receiver<Work>) {
        while let Some(first) = receiver.blocking_recv() {
            let began = Instant::now();
            let store = Arc::clone(&self.setup.store);
            let mut group = Group::new(&store);
            let mut work = Some(first);
            let mut count = 0;
            let mut failure = None;
            while let Some(next) = work.take() {
                if let Err(error) = self.take(&store, next, &mut group) {
                    failure = Some(error);
                    break;
                }
                count += 1;
                let full = count >= GROUP_WORK || group.changes.len() >= GROUP_VALUES;
                if !full && began.elapsed() < GROUP_TIME {
                    work = receiver.try_recv().ok();
                }
            }
            self.finish(group, failure);
        }
        self.write_noted();
        self.retention.end();
    }

    /// Writes what polls noted before the end.
    fn write_noted(&self) {
        loop {
            let mut changes = self.setup.store.begin();
            let written = changes
                .put_noted(GROUP_VALUES)
                .and_then(|some| self.commit(changes).map(|()| some));
            match written {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    return tracing::warn!(error, "the last polls' states are not stored");
                }
            }
        }
    }

    /// Adds a piece of work to the group.
    fn take<'s>(
        &mut self,
        store: &'s Store,
        work: Work,
        group: &mut Group<'s>,
    ) -> Result<(), StoreError> {
        let now = (self.setup.clock)();
        match work {
            Work::Poll(digest, answer) => {
                let taken = self.poll(store, *digest, group, now);
                group.answers.push(Answer::Poll(answer));
                taken
            }
            Work::Order(Order { command, answer }) => {
                let result = self.command(store, command, group, now);
                let (result, failure) = match result {
                    Ok(reply) => (Ok(reply), None),
                    Err(Refusal::Command(error)) => (Err(error), None),
                    Err(Refusal::Store(error)) => {
                        (Err(CommandError::Store(error.to_string())), Some(error))
                    }
                };
                group.answers.push(Answer::Order(answer, result));
                failure.map_or(Ok(()), Err)
            }
            Work::Channel(id, look) => group.changes.put_channel(&id, &look),
            Work::Rename { was, id, answer } => {
                group.answers.push(Answer::Poll(answer));
                self.rename(&was, &id, group)
            }
            Work::Article(fetched, answer) => {
                group.answers.push(Answer::Poll(answer));
                self.article(*fetched, group, now)
            }
            Work::Subscription { token, subscription, answer } => {
                group.answers.push(Answer::Poll(answer));
                match subscription {
                    Some((source, new)) => group.changes.put_subscription(&source, &new),
                    None => group.changes.remove_subscription(&token),
                }
            }
            Work::Model { made, spent, answer } => {
                group.answers.push(Answer::Poll(answer));
                Self::made(made, spent, group, now)
            }
            Work::Settings(settings) => {
                let is_stale = self.desk.follow(settings.matching.clone());
                self.setup.settings = settings;
                if is_stale {
                    self.commit(std::mem::replace(&mut group.changes, store.begin()))?;
                    self.reload();
                }
                self.watch_disk();
                Ok(())
            }
            Work::Tick => self.tick(group, now),
            Work::Retire(answer) => {
                group.answers.push(Answer::Poll(answer));
                self.retire_all(store, group, now)
            }
        }
    }

    /// What has to be done as time passes.
    fn tick(&mut self, group: &mut Group<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.setup.service.beat();
        if let Some(what) = self.setup.store.damage() {
            return Err(StoreError::Damaged { what });
        }
        self.watch_disk();
        group.changes.put_noted(GROUP_VALUES)?;
        if self.setup.condition.has(Concern::Store) {
            // Something small has to be written to learn that writing is possible again.
            group.changes.put_heartbeat(now);
        }
        self.desk.forget_old(now);
        self.setup.metrics.measure_index(self.desk.size());
        self.retention.step(&self.setup, group, now)?;
        if !self.desk.has_waiting() {
            return Ok(());
        }
        let shown = self.desk.release(&mut group.changes, now)?;
        group.touched.extend(shown.into_iter().map(|story| story.source));
        Ok(())
    }

    /// Goes through a whole pass of retention, a transaction a step.
    fn retire_all<'s>(
        &mut self,
        store: &'s Store,
        group: &mut Group<'s>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.retention.begin(store);
        while self.retention.step(&self.setup, group, now)? {
            self.commit(std::mem::replace(&mut group.changes, store.begin()))?;
        }
        Ok(())
    }

    /// Stops polling before the disk is full, and lets it go on when there is room again.
    fn watch_disk(&self) {
        let least = self.setup.settings.min_free;
        let low = self.setup.store.require_space(least).err();
        let trouble = low.map(|error| format!("{error}: sources are not polled"));
        let is_low = trouble.is_some();
        let words = trouble.clone().unwrap_or_default();
        if !self.setup.condition.set(Concern::Disk, trouble) {
            return;
        }
        if is_low {
            tracing::error!("the disk is nearly full: {words}");
        } else {
            tracing::info!("there is room on the disk again: sources are polled");
        }
    }

    fn rename(
        &mut self,
        was: &SourceId,
        id: &SourceId,
        group: &mut Group<'_>,
    ) -> Result<(), StoreError> {
        if group.changes.rename_source(was, id, (self.setup.clock)())? {
            tracing::info!(source = %id, %was, "source renamed; its items go on under the new id");
            self.renamed.insert(was.clone(), id.clone());
            self.renamed.remove(id);
            group.touched.insert(id.clone());
        }
        Ok(())
    }

    /// Commits the group, and only then answers.
    pub(super) fn finish(&mut self, group: Group<'_>, failure: Option<StoreError>) {
        let Group { changes, answers, touched, lined_up, paused, .. } = group;
        let wrote = !changes.is_empty();
        let committed = match failure {
            Some(error) => Err(error),
            None => self.commit(changes),
        };
        self.briefs.clear();
        let trouble = committed.as_ref().err().map(|error| with_causes(error));
        match &committed {
            Ok(()) => {
                self.setup.dirty.mark(touched);
                self.setup.pauses.tell(paused);
                for (item, asked) in lined_up {
                    self.setup.queue.refill(item, Some(asked), None);
                }
                if wrote {
                    self.well();
                }
            }
            Err(error) => self.failed(error),
        }
        for answer in answers {
            answer.tell(trouble.as_deref());
        }
    }

    fn commit(&self, changes: Changes<'_>) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.setup.store.require_space(self.setup.settings.min_free / 2)?;
        let committed = changes.commit();
        self.setup.metrics.commit(committed.is_ok());
        committed
    }

    /// After a commit. Not every one writes to the journal, which may have been what failed.
    fn well(&self) {
        let Setup { condition, store, .. } = &self.setup;
        if condition.has(Concern::Store)
            && store.retry_journal().is_ok()
            && condition.set(Concern::Store, None)
        {
            tracing::info!("the store takes changes again");
        }
    }

    fn failed(&mut self, error: &StoreError) {
        let why = format!("the store did not take the last change: {}", with_causes(error));
        if self.setup.condition.set(Concern::Store, Some(why)) {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "the store did not take a group of changes");
        }
        if error.is_broken() {
            self.setup.broken.notify_one();
        } else {
            self.reload();
        }
    }

    /// After a failed commit the indexes may know what the store does not.
    fn reload(&mut self) {
        let now = (self.setup.clock)();
        if let Err(error) = self.setup.store.reread_names() {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "cannot read the sources' names back");
        }
        let matching = self.setup.settings.matching.clone();
        match Desk::load(&self.setup.store, matching, &self.setup.queue, now) {
            Ok(desk) => self.desk = desk,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "cannot read the store back"
                );
            }
        }
    }

    fn poll<'s>(
        &mut self,
        store: &'s Store,
        mut digest: Digest,
        group: &mut Group<'s>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(id) = self.renamed.get(&digest.source) {
            digest.belong_to(id);
        }
        let mut fresh: Vec<&mut Story> = digest.new.iter_mut().collect();
        place(digest.arrival, &mut fresh);
        // Ascending, so that of two items that entered together the later one sorts later.
        digest.new.sort_by_key(|story| story.published);
        let changed = digest.changed.into_iter().map(|mut story| {
            story.changed = super::desk::whole_seconds(now);
            story
        });
        for mut story in digest.new.into_iter().chain(changed) {
            super::threads::make_way();
            // Others may have joined its story since the reader saw it.
            let stored = group.changes.story(story.id)?;
            if let Some(stored) = &stored {
                story.stay_in_story(stored);
                story.keep_order_of_terms(stored);
                story.keep_generated(stored);
            }
            if digest.awaited.contains(&story.id) && matches!(story.placement, Placement::Shown(_))
            {
                story.placement = Placement::Waiting(articles::wait_of(now));
            }
            self.desk.settle(&mut story, now);
            if let Some(stored) = &stored {
                story.corrected(stored, &[], super::desk::whole_seconds(now));
            }
            self.setup.metrics.decision(story.method.as_str());
            if stored.is_none()
                && let Some(leader) = self.desk.join(&mut group.changes, &mut story, now)?
            {
                group.note(&leader);
            }
            if digest.worth_asking.contains(&story.id) && !digest.awaited.contains(&story.id) {
                self.line_up(&mut story, group, now);
            }
            group.changes.put_story(&story, now)?;
            group.note(&story);
            if group.changes.len() >= GROUP_VALUES {
                // A large poll is cut in item order; the source's state travels with the last
                // part, so a kill in between repeats the poll and skips nothing.
                self.commit(std::mem::replace(&mut group.changes, store.begin()))?;
            }
        }
        for (story, guid) in &digest.renamed {
            group.changes.put_guid(story, guid, now)?;
        }
        if let Some(listed) = &digest.listed {
            group.changes.put_listing(&digest.source, listed, now)?;
        }
        if digest.facts_changed {
            group.touched.insert(digest.source.clone());
        }
        group.changes.put_state(&digest.source, &digest.state)
    }
}
