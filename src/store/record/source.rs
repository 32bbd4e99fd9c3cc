//! What is remembered of a source.

use std::time::Duration;

use chrono::Weekday;
use serde::{Deserialize, Serialize};

use super::{Millis, hex, is_nobody, millis, moment};
use crate::model::{
    Due, FeedFacts, FoundBy, Moved, Outcome, Rule, SourceState, Validators, Wishes,
};
use crate::store::keys::SourceKey;
use crate::store::names::Lasting;

/// What is remembered of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct SourceRecord {
    /// 0, which no source has, where the source is named by its id.
    #[serde(default, skip_serializing_if = "is_nobody")]
    pub(in crate::store) key: SourceKey,
    address: String,
    due: Millis,
    rule: RuleRecord,
    pub(in crate::store) polled: Option<Millis>,
    succeeded: Option<Millis>,
    read_whole: Option<Millis>,
    outcome: Option<OutcomeRecord>,
    failures: u32,
    validators: Option<ValidatorsRecord>,
    #[serde(default, with = "hex::option")]
    body: Option<u128>,
    moved: Option<(String, Millis, bool)>,
    #[serde(default)]
    moved_by_page: bool,
    #[serde(default)]
    wishes: WishesRecord,
    facts: FactsRecord,
    rhythm: Vec<Millis>,
    warnings: Vec<String>,
    settled: bool,
    /// Ids that it had before, which ids of its items were minted with.
    #[serde(default)]
    pub(in crate::store) earlier: Vec<String>,
    /// Since when it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) paused: Option<Millis>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ValidatorsRecord {
    url: String,
    etag: Option<Vec<u8>>,
    last_modified: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FactsRecord {
    title: Option<String>,
    link: Option<String>,
    self_link: Option<String>,
    language: Option<String>,
    rights: Option<String>,
    icon: Option<String>,
    hub: Option<String>,
}

/// Durations in seconds; days count from Monday, 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct WishesRecord {
    freshness: Option<u64>,
    ttl: Option<u64>,
    skip_hours: Vec<u8>,
    skip_days: Vec<u8>,
}

impl WishesRecord {
    fn new(wishes: &Wishes) -> Self {
        Self {
            freshness: wishes.freshness.map(|d| d.as_secs()),
            ttl: wishes.ttl.map(|d| d.as_secs()),
            skip_hours: wishes.skip_hours.clone(),
            skip_days: wishes
                .skip_days
                .iter()
                .filter_map(|day| u8::try_from(day.num_days_from_monday()).ok())
                .collect(),
        }
    }

    fn into_wishes(self) -> Wishes {
        let days = self.skip_days.into_iter();
        Wishes {
            freshness: self.freshness.map(Duration::from_secs),
            ttl: self.ttl.map(Duration::from_secs),
            skip_hours: self.skip_hours,
            skip_days: days.filter_map(|day| Weekday::try_from(day).ok()).collect(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum OutcomeRecord {
    NotModified,
    Read(u32, u32, u32),
    RateLimited(u16),
    Gone,
    Failed(String, bool),
}

/// A rule by its name, with the seconds and the count it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RuleRecord {
    name: String,
    #[serde(default)]
    seconds: u64,
    #[serde(default)]
    count: u32,
}

impl SourceRecord {
    pub(in crate::store) fn new(key: SourceKey, lasting: Lasting, state: &SourceState) -> Self {
        let facts = &state.facts;
        Self {
            key,
            address: state.address.clone(),
            due: millis(state.due.at),
            rule: rule_record(&state.due.rule),
            polled: state.polled.map(millis),
            succeeded: state.succeeded.map(millis),
            read_whole: state.read_whole.map(millis),
            outcome: state.outcome.as_ref().map(outcome_record),
            failures: state.failures,
            validators: state.validators.as_ref().map(|v| ValidatorsRecord {
                url: v.url.clone(),
                etag: v.etag.clone(),
                last_modified: v.last_modified.clone(),
            }),
            body: state.body,
            moved: state.moved.as_ref().map(|m| (m.url.clone(), millis(m.since), m.adopted)),
            moved_by_page: state.moved.as_ref().is_some_and(|m| m.by == FoundBy::Page),
            wishes: WishesRecord::new(&state.wishes),
            facts: FactsRecord {
                title: facts.title.clone(),
                link: facts.link.clone(),
                self_link: facts.self_link.clone(),
                language: facts.language.clone(),
                rights: facts.rights.clone(),
                icon: facts.icon.clone(),
                hub: facts.hub.clone(),
            },
            rhythm: state.rhythm.iter().copied().map(millis).collect(),
            warnings: state.warnings.clone(),
            settled: state.settled,
            earlier: lasting.earlier,
            paused: lasting.paused,
        }
    }

    /// Returns what no poll changes.
    pub(in crate::store) fn lasting(&self) -> Lasting {
        Lasting { earlier: self.earlier.clone(), paused: self.paused }
    }

    /// Has the next document read whole, whatever was read last.
    pub(in crate::store) fn read_anew(&mut self) {
        self.validators = None;
        self.body = None;
        self.read_whole = None;
    }

    pub(in crate::store) fn into_state(self) -> SourceState {
        let facts = self.facts;
        let by = if self.moved_by_page { FoundBy::Page } else { FoundBy::Redirect };
        SourceState {
            address: self.address,
            due: Due { at: moment(self.due), rule: rule(self.rule) },
            polled: self.polled.map(moment),
            succeeded: self.succeeded.map(moment),
            read_whole: self.read_whole.map(moment),
            outcome: self.outcome.map(outcome),
            failures: self.failures,
            validators: self.validators.map(|v| Validators {
                url: v.url,
                etag: v.etag,
                last_modified: v.last_modified,
            }),
            body: self.body,
            moved: self.moved.map(|(url, since, adopted)| Moved {
                url,
                by,
                since: moment(since),
                adopted,
            }),
            wishes: self.wishes.into_wishes(),
            facts: FeedFacts {
                title: facts.title,
                link: facts.link,
                self_link: facts.self_link,
                language: facts.language,
                rights: facts.rights,
                icon: facts.icon,
                hub: facts.hub,
            },
            rhythm: self.rhythm.into_iter().map(moment).collect(),
            warnings: self.warnings,
            settled: self.settled,
            paused: self.paused.map(moment),
        }
    }
}

fn outcome_record(outcome: &Outcome) -> OutcomeRecord {
    match outcome {
        Outcome::NotModified => OutcomeRecord::NotModified,
        Outcome::Read { items, new, changed } => OutcomeRecord::Read(*items, *new, *changed),
        Outcome::RateLimited { status } => OutcomeRecord::RateLimited(*status),
        Outcome::Gone => OutcomeRecord::Gone,
        Outcome::Failed { why, refused } => OutcomeRecord::Failed(why.clone(), *refused),
    }
}

fn outcome(record: OutcomeRecord) -> Outcome {
    match record {
        OutcomeRecord::NotModified => Outcome::NotModified,
        OutcomeRecord::Read(items, new, changed) => Outcome::Read { items, new, changed },
        OutcomeRecord::RateLimited(status) => Outcome::RateLimited { status },
        OutcomeRecord::Gone => Outcome::Gone,
        OutcomeRecord::Failed(why, refused) => Outcome::Failed { why, refused },
    }
}

fn rule_record(rule: &Rule) -> RuleRecord {
    let (name, seconds, count) = match rule {
        Rule::New => ("new", 0, 0),
        Rule::Fixed(d) => ("fixed", d.as_secs(), 0),
        Rule::Rhythm(d) => ("rhythm", d.as_secs(), 0),
        Rule::Default(d) => ("default", d.as_secs(), 0),
        Rule::Dormant(d) => ("dormant", d.as_secs(), 0),
        Rule::Minimum(d) => ("minimum", d.as_secs(), 0),
        Rule::Freshness(d) => ("freshness", d.as_secs(), 0),
        Rule::Pushed(d) => ("pushed", d.as_secs(), 0),
        Rule::Ttl(d) => ("ttl", d.as_secs(), 0),
        Rule::Skip => ("skip", 0, 0),
        Rule::BackOff { failures, wait } => ("back-off", wait.as_secs(), *failures),
        Rule::RetryAfter(d) => ("retry-after", d.as_secs(), 0),
        Rule::Parked => ("parked", 0, 0),
        Rule::Gone => ("gone", 0, 0),
        Rule::Spread => ("spread", 0, 0),
        Rule::Other(words) => (words.as_str(), 0, 0),
    };
    RuleRecord { name: name.to_owned(), seconds, count }
}

fn rule(record: RuleRecord) -> Rule {
    let d = Duration::from_secs(record.seconds);
    match record.name.as_str() {
        "new" => Rule::New,
        "fixed" => Rule::Fixed(d),
        "rhythm" => Rule::Rhythm(d),
        "default" => Rule::Default(d),
        "dormant" => Rule::Dormant(d),
        "minimum" => Rule::Minimum(d),
        "freshness" => Rule::Freshness(d),
        "pushed" => Rule::Pushed(d),
        "ttl" => Rule::Ttl(d),
        "skip" => Rule::Skip,
        "back-off" => Rule::BackOff { failures: record.count, wait: d },
        "retry-after" => Rule::RetryAfter(d),
        "parked" => Rule::Parked,
        "gone" => Rule::Gone,
        "spread" => Rule::Spread,
        _ => Rule::Other(record.name),
    }
}
