//! The articles that items link to (`full_text`): fetched in the hosts' turns, read, and handed to
//! the writer.

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::mpsc;
use url::Url;

use super::desk;
use super::digest::Digest;
use super::group::make_durable;
use super::pipeline::Line;
use super::readers::Size;
use super::writer::Work;
use crate::fetch::{Answer, Kind, Request, Way};
use crate::model::{
    Access, Address, CanonicalUrl, FeedFacts, ItemId, KeyTerm, Source, Story, Timestamp,
};
use crate::parse::{self, Known};
use crate::store::StoreError;
use crate::text::html;

/// New items wait no longer than this for their articles before they are shown.
const WAIT: TimeDelta = TimeDelta::minutes(1);
/// Articles of one poll, the newest first.
const MAX_ARTICLES: usize = 20;
/// An item with a text of this length has its article already.
const LONG_CHARS: usize = 4_000;
/// A page of more decoded bytes is not read.
const MAX_PAGE_BYTES: u64 = 2 << 20;
/// Items of one address that are asked for its article.
const MAX_AT_ADDRESS: usize = 8;
/// A host that asks us to slow down (429) is left alone for so long.
const PAUSE: TimeDelta = TimeDelta::hours(1);

/// An article that is to be fetched.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) item: ItemId,
    pub(super) source: Arc<Source>,
    pub(super) url: Url,
}

impl Wanted {
    /// Returns the name under which it takes its turn.
    pub(super) fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }
}

/// What came of a fetched article, ready to be committed.
pub(super) struct Fetched {
    pub(super) item: ItemId,
    /// Of the item that it was read for.
    pub(super) content: u128,
    /// Sanitised HTML; none where the feed's own text is better.
    pub(super) article: Option<String>,
    pub(super) summary: Vec<String>,
    pub(super) key_terms: Vec<KeyTerm>,
    /// Whether a language model may be asked about it.
    pub(super) is_worth_asking: bool,
}

/// Returns the articles that the new items of a poll want.
pub(super) fn wanted(source: &Arc<Source>, digest: &Digest) -> Vec<Wanted> {
    if !source.full_text {
        return Vec::new();
    }
    let mut new: Vec<&Story> = digest.new.iter().filter(|story| is_short(story)).collect();
    new.sort_by_key(|story| std::cmp::Reverse(story.published));
    let of = |story: &Story| {
        let url = story.url.as_deref().and_then(|url| Url::parse(url).ok())?;
        let web = matches!(url.scheme(), "http" | "https");
        web.then(|| Wanted { item: story.id, source: Arc::clone(source), url })
    };
    new.into_iter().filter_map(of).take(MAX_ARTICLES).collect()
}

fn is_short(story: &Story) -> bool {
    html::plain(&story.html).chars().count() < LONG_CHARS
}

/// Fetches an article and hands it to the writer; returns until when its host wants a pause.
pub(super) async fn fetch(
    line: Arc<Line>,
    writer: &mpsc::Sender<Work>,
    wanted: Wanted,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(story) = line.store.story(wanted.item)? else { return Ok(None) };
    let (mut page, mut pause) = (Page::None, None);
    match known(&line, &story)? {
        Some(article) => page = Page::Known(article),
        None => match get(&line, &wanted).await {
            Ok(answer) if matches!(answer.status, 429 | 503) => {
                let asked = answer.retry_after.and_then(|wait| TimeDelta::from_std(wait).ok());
                pause = Some((line.clock)() + asked.unwrap_or(PAUSE).min(PAUSE));
            }
            Ok(answer) => page = Page::Got(Box::new(answer)),
            Err(why) => told(&wanted, &why),
        },
    }
    let reader = Arc::clone(&line);
    let room = line.reading.take().await;
    let read = line.reading.run(Size::Small, move || read(&reader, &wanted, story, page));
    let fetched = read.await;
    drop(room);
    // A page that makes us panic is none; the writer shows the item after its wait.
    let Ok(fetched) = fetched else { return Ok(pause) };
    let work = |answer| Work::Article(Box::new(fetched), answer);
    make_durable(writer, "store an article", work).await?;
    Ok(pause)
}

/// What there is to be read.
enum Page {
    None,
    /// The article of another item with the same address.
    Known(String),
    Got(Box<Answer>),
}

/// Returns the article that another item of the same address has: each address is fetched once.
fn known(line: &Line, story: &Story) -> Result<Option<String>, StoreError> {
    let Some(url) = story.url.as_deref().and_then(CanonicalUrl::parse) else { return Ok(None) };
    let there = line.store.stories_at(&url, MAX_AT_ADDRESS)?;
    Ok(there.into_iter().find_map(|other| other.article))
}

async fn get(line: &Line, wanted: &Wanted) -> Result<Answer, String> {
    let bare = Access { proxy: wanted.source.access.proxy.clone(), ..Access::default() };
    let (home, access) = match &wanted.source.address {
        Address::Http(home) => (home, &wanted.source.access),
        Address::File(_) => (&wanted.url, &bare),
    };
    let is_http = matches!(wanted.source.address, Address::Http(_));
    let allow_private = wanted.source.allow_private && is_http;
    let way = Way { home, allow_private, access };
    let (validators, account, kind) = (None, None, Kind::Page);
    let now = (line.clock)();
    let request = Request { url: &wanted.url, validators, way, now, account, kind };
    line.fetcher.get(&request).await.map_err(|error| error.with_causes())
}

fn read(line: &Line, wanted: &Wanted, mut story: Story, page: Page) -> Fetched {
    let text = html::plain(&story.html);
    let item = Known { title: &story.title, text: &text };
    let article = match page {
        Page::None => None,
        Page::Known(article) => Some(article),
        Page::Got(answer) => found(*answer, &item).map_err(|why| told(wanted, &why)).ok(),
    };
    story.article = article;
    if story.article.is_some() {
        let facts = line.store.state(&wanted.source.id).ok().flatten().map(|state| state.facts);
        let of = |part: fn(&FeedFacts) -> &Option<String>| {
            facts.as_ref().and_then(|f| part(f).as_deref())
        };
        let names = desk::publisher(&wanted.source, of(|f| &f.title), of(|f| &f.link));
        desk::enrich(&mut story, line.measure, &names);
    }
    Fetched {
        is_worth_asking: line.worth_asking(&story).is_some(),
        item: story.id,
        content: story.content,
        article: story.article,
        summary: story.summary,
        key_terms: story.key_terms,
    }
}

fn found(mut answer: Answer, item: &Known<'_>) -> Result<String, String> {
    let Some(body) = answer.body.take() else {
        return Err(match answer.challenge {
            Some(whose) => format!("HTTP {}: a challenge page ({whose})", answer.status),
            None => format!("HTTP {}", answer.status),
        });
    };
    let bytes = body.decode_small(MAX_PAGE_BYTES).ok_or("the page is too large to be read")?;
    let bytes = bytes.map_err(|error| error.with_causes())?;
    let content_type = answer.content_type.as_deref();
    let article = parse::article(&bytes, content_type, &answer.url, item);
    article.map(|article| article.html).map_err(|error| error.to_string())
}

/// An item without its article is as good as the feed made it; nobody has to act.
fn told(wanted: &Wanted, why: &str) {
    let (source, item) = (&wanted.source.id, wanted.item);
    tracing::debug!(%source, %item, why, "no article");
}

/// How long the writer lets an item wait for its article.
pub(super) fn wait_of(now: Timestamp) -> Timestamp {
    desk::whole_seconds(now + WAIT)
}
