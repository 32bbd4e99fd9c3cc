//! The task that asks a language model for briefs, one item after the other, in the background.
//!
//! What a question may cost is stored before it is sent, and corrected by the answer, so that no
//! restart buys a day's budget twice. No subscriber waits for any of this.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{mpsc, watch};
use xxhash_rust::xxh3::Xxh3;

use super::desk::text_of;
use super::endpoint::{Outcome, ask, cost_of, fetcher};
use super::group::make_durable;
use super::queue::{Made, Queue, What};
use super::writer::Work;
use crate::config::{Config, LanguageModel};
use crate::enrich::asked::{self, Manner, Subject};
use crate::fetch::Fetcher;
use crate::model::{Asked, Brief, BriefId, Generated, ItemId, Placement, Spent, Story, Timestamp};
use crate::serve::Served;
use crate::store::{Store, StoreError};
use crate::text::html::links;

/// An item is given up once its answer failed to come as often.
const MAX_TRIES: u32 = 3;
/// The wait after a first failure; it doubles with each further one, …
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(10);
/// … up to this.
const LAST_WAIT: TimeDelta = TimeDelta::minutes(30);
/// The wait of an endpoint that refuses us; a reload ends it.
const PARKED: TimeDelta = TimeDelta::hours(1);
/// Nobody sleeps longer: the wall clock may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(3);

/// What the task is made of.
pub(super) struct Ways {
    pub(super) store: Arc<Store>,
    pub(super) served: Arc<Served>,
    pub(super) config: watch::Receiver<Arc<Config>>,
    pub(super) writer: mpsc::Sender<Work>,
    pub(super) queue: Arc<Queue>,
    pub(super) clock: fn() -> Timestamp,
}

/// Asks.
pub(super) struct Asking {
    ways: Ways,
    spent: Spent,
    /// Failures of the endpoint in a row.
    failures: u32,
    /// Nothing is sent before.
    pause: Option<Timestamp>,
    /// Whom it is that failed, or wants to be left alone.
    asked: Option<LanguageModel>,
}

/// An item that is asked about.
struct Prepared {
    story: Box<Story>,
    key: u128,
    /// `None` is too little text, or too little budget for it.
    question: Option<asked::Question>,
}

impl Asking {
    pub(super) fn new(ways: Ways) -> Result<Self, StoreError> {
        let spent = ways.store.spent()?;
        Ok(Self { ways, spent, failures: 0, pause: spent.rest, asked: None })
    }

    /// Asks until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            let config = Arc::clone(&self.ways.config.borrow_and_update());
            let Some(model) = config.enrich.model.clone() else {
                self.ways.served.asking.stop();
                if self.ways.config.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let before = self.asked.replace(model.clone());
            if before.is_some_and(|before| before != model) {
                (self.failures, self.pause) = (0, None);
            }
            let fetcher = fetcher(&config, &model).map_err(|error| {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "no language model can be asked");
            });
            match fetcher {
                Ok(fetcher) => self.serve(&model, &fetcher).await,
                Err(()) => drop(self.ways.config.changed().await),
            }
            // Nobody configures us any more.
            if self.ways.config.has_changed().is_err() {
                return;
            }
        }
    }

    /// Asks under one configuration, until there is another; what is under way ends first.
    async fn serve(&mut self, model: &LanguageModel, fetcher: &Fetcher) {
        while matches!(self.ways.config.has_changed(), Ok(false)) {
            self.tell();
            let until = match self.step(model, fetcher).await {
                Ok(true) => continue,
                Ok(false) => self.pause.max(self.ways.queue.next_due()),
                Err(error) => {
                    // The writer has said what is wrong; it is tried again after the longest sleep.
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(error, "cannot store what a language model said");
                    None
                }
            };
            let now = (self.ways.clock)();
            let wait = until.map_or(LONGEST_SLEEP, |at| (at - now).to_std().unwrap_or_default());
            let wait = wait.clamp(Duration::from_millis(10), LONGEST_SLEEP);
            let Ways { config, queue, .. } = &mut self.ways;
            tokio::select! {
                changed = config.changed() => {
                    config.mark_changed();
                    if changed.is_err() {
                        return;
                    }
                }
                () = queue.added(), if self.pause.is_none() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn tell(&self) {
        let spent = self.spent.on_day_of((self.ways.clock)());
        let waiting = self.ways.queue.len();
        self.ways.served.asking.tell(waiting, spent);
        self.ways.served.metrics.measure_asking(waiting, spent.tokens);
    }

    /// Deals with one item; returns whether there was one to deal with.
    async fn step(&mut self, model: &LanguageModel, fetcher: &Fetcher) -> Result<bool, StoreError> {
        let now = (self.ways.clock)();
        if self.pause.is_some_and(|until| now < until) {
            return Ok(false);
        }
        self.pause = None;
        let Some(place) = self.ways.queue.next(now) else { return Ok(false) };
        let story = self.ways.store.story(place.1)?.filter(|story| story.asked.is_some());
        let Some(story) = story else {
            self.ways.queue.forget(place);
            return Ok(true);
        };
        if story.brief.is_some() || story.placement == Placement::Held {
            self.settle(place, Made { of: Box::new(story), what: What::Nothing }, None).await?;
            return Ok(true);
        }
        let Some(prepared) = prepare(story, model).await else {
            // A text that makes us panic is not asked about.
            self.ways.queue.forget(place);
            return Ok(true);
        };
        if let Some(known) = self.known(&prepared)? {
            let what = What::Answered(Box::new(known));
            self.settle(place, Made { of: prepared.story, what }, None).await?;
            return Ok(true);
        }
        let Prepared { story, key, question } = prepared;
        let Some(question) = question else {
            self.settle(place, Made { of: story, what: What::Nothing }, None).await?;
            return Ok(true);
        };
        let cost = u64::from(question.tokens);
        let Some(reserved) = self.reserve(model, cost, now).await? else { return Ok(false) };
        let outcome = ask(fetcher, model, question, now).await;
        let after = (self.ways.clock)();
        let (outcome, used) = cost_of(outcome, cost);
        let mut spent = reserved;
        spent.tokens = spent.tokens.saturating_sub(cost).saturating_add(used);
        let what = self.judge(model, (&story, key), outcome, after).await;
        // A refusal may be mended by a person, who then starts us anew: it is not kept.
        spent.rest = self.pause.filter(|_| self.failures > 0);
        self.spent = spent;
        self.settle(place, Made { of: story, what }, Some(spent)).await?;
        Ok(true)
    }

    /// Returns the answer to the same question that another item, or this one, has.
    fn known(&self, prepared: &Prepared) -> Result<Option<Generated>, StoreError> {
        let Some(other) = self.ways.queue.made(prepared.key) else { return Ok(None) };
        let known = self.ways.store.story(other)?.and_then(|story| story.generated);
        Ok(known.filter(|known| known.key == prepared.key).map(|mut known| {
            if let (Ok(brief), Ok(id)) = (&mut known.brief, brief_id(&prepared.story)) {
                // The other's own address is no link of this one.
                let others = std::mem::replace(&mut brief.source_url, prepared.story.url.clone());
                brief.further.retain(|further| further.url.is_none() || further.url != others);
                brief.id = id;
            }
            known
        }))
    }

    /// Stores what a question may cost before it is asked; `None` where the day's budget is spent.
    async fn reserve(
        &mut self,
        model: &LanguageModel,
        cost: u64,
        now: Timestamp,
    ) -> Result<Option<Spent>, StoreError> {
        let spent = self.spent.on_day_of(now);
        let reserved = Spent { requests: spent.requests + 1, tokens: spent.tokens + cost, ..spent };
        let is_over =
            reserved.requests > model.requests_a_day || reserved.tokens > model.tokens_a_day;
        if is_over {
            let midnight = Timestamp::from_timestamp((spent.day + 1) * 86_400, 0).unwrap_or(now);
            self.rest(midnight, "the day's budget is spent");
            return Ok(None);
        }
        self.store(None, Some(reserved)).await?;
        self.spent = reserved;
        Ok(Some(reserved))
    }

    /// Says what becomes of an item, and of the endpoint.
    async fn judge(
        &mut self,
        model: &LanguageModel,
        (story, key): (&Story, u128),
        outcome: Outcome,
        now: Timestamp,
    ) -> What {
        let metrics = Arc::clone(&self.ways.served.metrics);
        let answered = |brief| What::Answered(Box::new(Generated { key, brief, at: now }));
        match outcome {
            Outcome::Body(body) => {
                self.well();
                let brief = read(story, model, body).await;
                metrics.asked(if brief.is_ok() { "sound" } else { "unsound" });
                if let Err(why) = &brief {
                    tracing::info!(item = %story.id, why, "a language model's answer is not used");
                }
                answered(brief)
            }
            Outcome::Refused(why) => {
                metrics.asked("refused");
                tracing::info!(item = %story.id, why, "a language model refused an item");
                answered(Err(why))
            }
            Outcome::Again { why, wait, of_item } => {
                metrics.asked("failed");
                let doubled = FIRST_WAIT * 2_i32.pow(self.failures.min(8));
                let wait = wait.unwrap_or_default().max(doubled.min(LAST_WAIT));
                self.failures += 1;
                let mut asked = place_of(story, now);
                if of_item {
                    (asked.tries, asked.due) = (asked.tries + 1, now + wait);
                }
                if asked.tries >= MAX_TRIES {
                    tracing::info!(item = %story.id, why, "a language model was given up on an item");
                    return answered(Err(format!("no answer in {MAX_TRIES} tries: {why}")));
                }
                self.rest(now + wait, &why);
                What::Later(asked)
            }
            Outcome::Parked(why) => {
                metrics.asked("failed");
                self.rest(now + PARKED, &why);
                What::Later(place_of(story, now))
            }
        }
    }

    /// Sends nothing until then; says why once.
    fn rest(&mut self, until: Timestamp, why: &str) {
        self.pause = Some(until);
        let until = until.format("%Y-%m-%dT%H:%M:%SZ");
        if self.ways.served.asking.rest(format!("{why}; it is asked again at {until}")) {
            tracing::warn!(why, %until, "the language model is not asked");
        }
    }

    fn well(&mut self) {
        self.failures = 0;
        if self.ways.served.asking.well() {
            tracing::info!("the language model answers again");
        }
    }

    /// Makes durable what came of an item, and takes its place from it.
    async fn settle(
        &self,
        place: (Timestamp, ItemId),
        made: Made,
        spent: Option<Spent>,
    ) -> Result<(), StoreError> {
        let (later, key) = match &made.what {
            What::Later(asked) => (Some(*asked), None),
            What::Answered(generated) => (None, Some(generated.key)),
            What::Nothing => (None, None),
        };
        self.store(Some(made), spent).await?;
        self.ways.queue.forget(place);
        self.ways.queue.refill(place.1, later, key);
        Ok(())
    }

    async fn store(&self, made: Option<Made>, spent: Option<Spent>) -> Result<(), StoreError> {
        let work = |answer| Work::Model { made, spent, answer };
        make_durable(&self.ways.writer, "store what a language model said", work).await
    }
}

fn place_of(story: &Story, now: Timestamp) -> Asked {
    story.asked.unwrap_or(Asked { since: now, due: now, tries: 0 })
}

/// Makes the question off the runtime: it reads the whole text.
async fn prepare(story: Story, model: &LanguageModel) -> Option<Prepared> {
    let model = model.clone();
    let prepared = tokio::task::spawn_blocking(move || {
        let text = text_of(&story);
        let links = links(story.article.as_deref().unwrap_or(&story.html));
        let question = asked::question(&subject(&story, &text, &links), &manner(&model));
        let key = key_of(&subject(&story, &text, &links), &model);
        Prepared { story: Box::new(story), key, question }
    });
    prepared.await.ok()
}

/// Reads an answer off the runtime, and holds it against the text.
async fn read(story: &Story, model: &LanguageModel, body: Vec<u8>) -> Result<Box<Brief>, String> {
    let (story, model) = (story.clone(), model.clone());
    let read = tokio::task::spawn_blocking(move || {
        let text = text_of(&story);
        let links = links(story.article.as_deref().unwrap_or(&story.html));
        let id = brief_id(&story)?;
        let answer = asked::answer(&subject(&story, &text, &links), &manner(&model), id, &body);
        let answer = answer.map_err(|unsound| unsound.to_string())?;
        for why in &answer.dropped {
            tracing::debug!(item = %story.id, why, "a part of a language model's answer is not used");
        }
        Ok(Box::new(answer.brief))
    });
    read.await.unwrap_or_else(|_panic| Err("reading the answer panicked".to_owned()))
}

fn subject<'s>(story: &'s Story, text: &'s str, links: &'s [String]) -> Subject<'s> {
    let (title, lang, url) = (&story.title, story.lang.as_deref(), story.url.as_deref());
    Subject { title, text, lang, url, links }
}

fn manner(model: &LanguageModel) -> Manner<'_> {
    Manner { model: &model.model, lang: model.lang.as_deref(), tokens: model.item_tokens }
}

fn brief_id(story: &Story) -> Result<BriefId, String> {
    BriefId::new(story.id.to_string()).map_err(|error| error.to_string())
}

/// Returns by what an answer is known: everything that it follows from but the item's own address.
fn key_of(subject: &Subject<'_>, model: &LanguageModel) -> u128 {
    let mut hash = Xxh3::new();
    let lang = subject.lang.unwrap_or_default();
    let wanted = model.lang.as_deref().unwrap_or("source");
    let version = asked::VERSION.to_string();
    let tokens = model.item_tokens.to_string();
    let asked = [subject.title, subject.text, lang, wanted, &model.model, &version, &tokens];
    for part in asked.into_iter().chain(subject.links.iter().map(String::as_str)) {
        hash.update(part.as_bytes());
        hash.update(&[0]);
    }
    hash.digest128()
}
