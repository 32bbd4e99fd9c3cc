//! A source that is asked once, with nothing stored: what `briefwire source test` shows.

use std::time::Duration;

use url::Url;

use super::digest;
use super::house::{fetcher, policy};
use super::reading::{challenged, document, failure, refusal};
use super::{clock, desk};
use crate::config::Config;
use crate::fetch::{
    self, Account, Answer, Exchange, FetchError, Fetcher, Kind, Request, Way, challenge_in,
};
use crate::model::{Address, Due, Feed, Outcome, Placement, Source, SourceState, Story, Timestamp};
use crate::parse::{self, ParseError};
use crate::reconcile::{self, Arrival, Draft, Dropped};
use crate::schedule::{self, Circumstances};

/// What a source answered, and what a first poll of it would come to.
#[derive(Debug)]
pub struct Trial {
    /// Each request and the head of its answer, in order; none of a file.
    pub exchanges: Vec<Exchange>,
    /// The page that offered the feed, in words, where one stood at the address.
    pub page: Option<String>,
    /// The feed, or why there is none.
    pub read: Result<Read, TrialError>,
    /// When it would be asked again.
    pub due: Due,
}

/// A feed that was read.
#[derive(Debug)]
pub struct Read {
    /// Where it came from in the end; `None` of a file.
    pub url: Option<Url>,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// Of the decoded body.
    pub bytes: usize,
    /// What the document holds.
    pub feed: Feed,
    /// How many items would be stored.
    pub stored: usize,
    /// How many of them would enter a channel.
    pub shown: usize,
    /// The items that the source's filters keep out.
    pub dropped: Vec<Dropped>,
}

/// Why there is no feed to show.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// It could not be asked, or did not answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It answered with something else than a document.
    #[error("{0}")]
    Refused(Outcome),
    /// Its document is no feed.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// Asks a source as the daemon would at its first poll, under the same guard and limits.
pub async fn try_source(config: &Config, source: &Source) -> Result<Trial, FetchError> {
    let now = clock::now();
    let bench = Bench { fetcher: fetcher(config)?, config, source, account: Account::default() };
    let mut page = None;
    let mut tried = match &source.address {
        Address::File(path) => bench.file(path).await,
        Address::Http(url) => bench.ask(url, now).await,
    };
    if let Err((TrialError::Parse(ParseError::NotAFeed { feeds, .. }), _)) = &tried
        && let Some(offer) = feeds.iter().find_map(|offer| Url::parse(offer).ok())
    {
        page = tried.as_ref().err().map(|(error, _)| error.to_string());
        let offered = bench.ask(&offer, now).await;
        // What is told of a page that offers something useless is the page.
        tried = if offered.is_ok() { offered } else { tried };
    }
    let (read, state, retry_after) = bench.come_to(tried, now);
    let circumstances = Circumstances { every: source.every, retry_after, is_pushed: false };
    let due = schedule::next(&policy(config), &circumstances, &state, (now, 0));
    Ok(Trial { exchanges: bench.account.exchanges(), page, read, due })
}

/// Where a source is tried.
struct Bench<'t> {
    fetcher: Fetcher,
    config: &'t Config,
    source: &'t Source,
    account: Account,
}

/// A document and how it came, or why there is none and what the origin asks for.
type Tried = Result<(Feed, usize, Option<Answer>), (TrialError, Option<Duration>)>;

impl Bench<'_> {
    async fn file(&self, path: &std::path::Path) -> Tried {
        let bytes = fetch::read_file(path, self.config.fetch.max_body).await;
        let bytes = bytes.map_err(|error| (error.into(), None))?;
        self.parse(&bytes, None)
    }

    async fn ask(&self, url: &Url, now: Timestamp) -> Tried {
        let home = match &self.source.address {
            Address::Http(home) => home,
            Address::File(_) => url,
        };
        let Source { allow_private, access, .. } = self.source;
        let way = Way { home, allow_private: *allow_private, access };
        let account = Some(&self.account);
        let (validators, kind) = (None, Kind::Feed);
        let request = Request { url, validators, way, now, account, kind };
        let answer = self.fetcher.get(&request).await;
        let mut answer = answer.map_err(|error| (error.into(), None))?;
        let Some(body) = answer.body.take() else {
            let refused = TrialError::Refused(refusal(self.source, &answer));
            return Err((refused, answer.retry_after));
        };
        let bytes = body.decode().map_err(|error| (error.into(), None))?;
        self.parse(&bytes, Some(answer))
    }

    fn parse(&self, bytes: &[u8], answer: Option<Answer>) -> Tried {
        let feed = parse::parse(&document(bytes, self.source, answer.as_ref()));
        match feed {
            Ok(feed) => Ok((feed, bytes.len(), answer)),
            Err(error) => {
                let challenge = challenge_in(bytes).map(challenged);
                let refused = |why| TrialError::Refused(Outcome::Failed { why, refused: true });
                Err((challenge.map_or_else(|| error.into(), refused), None))
            }
        }
    }

    /// Returns what a first poll would store and remember.
    fn come_to(
        &self,
        tried: Tried,
        now: Timestamp,
    ) -> (Result<Read, TrialError>, SourceState, Option<Duration>) {
        let mut state = SourceState::new(&self.source.address, now);
        state.polled = Some(now);
        let (feed, bytes, answer) = match tried {
            Ok(tried) => tried,
            Err((error, retry_after)) => {
                state.failures = 1;
                state.outcome = Some(match &error {
                    TrialError::Refused(outcome) => outcome.clone(),
                    TrialError::Fetch(error) => failure(error),
                    TrialError::Parse(error) => {
                        Outcome::Failed { why: error.to_string(), refused: false }
                    }
                });
                return (Err(error), state, retry_after);
            }
        };
        state.rhythm = digest::rhythm(&feed, now);
        state.wishes = digest::wishes(answer.as_ref(), &feed);
        state.outcome = Some(Outcome::NotModified);
        let drafts = reconcile::drafts(&feed, &self.source.id, now);
        let dropped = reconcile::dropped(&drafts, &self.source.filters);
        let (stored, shown) = self.placed(drafts, now);
        let (url, content_type) = answer.map(|a| (a.url, a.content_type)).unzip();
        let content_type = content_type.flatten();
        let read = Read { url, content_type, bytes, feed, stored, shown, dropped };
        (Ok(read), state, None)
    }

    /// Returns how many items would be stored, and how many of them shown.
    fn placed(&self, drafts: Vec<Draft>, now: Timestamp) -> (usize, usize) {
        let passes = |story: &Story| reconcile::passes(&self.source.filters, story);
        let mut stories: Vec<Story> =
            drafts.into_iter().map(|draft| draft.story).filter(passes).collect();
        let arrival = Arrival {
            first: self.source.first,
            is_first_poll: true,
            is_file: matches!(self.source.address, Address::File(_)),
            now: desk::whole_seconds(now),
        };
        reconcile::place(arrival, &mut stories.iter_mut().collect::<Vec<_>>());
        let is_shown = |story: &&Story| matches!(story.placement, Placement::Shown(_));
        (stories.len(), stories.iter().filter(is_shown).count())
    }
}
