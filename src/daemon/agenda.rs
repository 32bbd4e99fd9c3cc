//! Which source is asked when: one heap of due times, and what is known of each source between
//! its polls.
//!
//! What is done when a time comes is the poller's. Nothing here grows with the number of sources
//! that wait for their time, but at a start, a reload, a clock that was set and a host that is
//! parked.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use xxhash_rust::xxh3::xxh3_64;

use super::pipeline::remembered;
use crate::config::Config;
use crate::model::{Address, Due, Outcome, Rule, Source, SourceId, SourceState, Timestamp, Wishes};
use crate::schedule::{self, Policy};
use crate::serve::Served;
use crate::store::{Store, StoreError};

/// The wall clock and the monotonic one drift apart by less than this between two looks.
const JUMP: TimeDelta = TimeDelta::seconds(5);
/// Sources that were put off together are asked this far apart.
const AFTER_PARK: TimeDelta = TimeDelta::seconds(2);

/// How a source stands, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Well,
    Failing,
    Gone,
    Paused,
}

/// What is known of a source between its polls.
struct Known {
    source: Arc<Source>,
    /// When it is next asked; `None` is never.
    due: Option<Due>,
    standing: Standing,
    /// Whether it is asked by name only.
    paused: bool,
    /// Whether this process has asked it.
    asked: bool,
    /// Since when it waits for its turn or is being polled.
    waiting: Option<Timestamp>,
    /// Whether it waits because somebody has named it.
    named: bool,
    /// What its publisher asks for.
    wishes: Wishes,
}

/// When sources are asked.
pub(super) struct Agenda {
    store: Arc<Store>,
    served: Arc<Served>,
    pub(super) policy: Policy,
    known: HashMap<SourceId, Known>,
    /// Entries whose time is not that of `known` any more are passed over.
    due: BinaryHeap<Reverse<(Timestamp, SourceId)>>,
    /// Sources that wait or are being polled, the longest wait first.
    waiting: BTreeSet<(Timestamp, SourceId)>,
    /// Well, failing, gone, paused.
    standings: [usize; 4],
    /// Hosts that are left alone, and until when.
    parked: HashMap<String, Timestamp>,
    looked: (Timestamp, Instant),
}

impl Agenda {
    pub(super) fn new(
        store: Arc<Store>,
        served: Arc<Served>,
        (policy, now): (Policy, Timestamp),
    ) -> Self {
        served.upcoming.clear();
        Self {
            store,
            served,
            policy,
            known: HashMap::new(),
            due: BinaryHeap::new(),
            waiting: BTreeSet::new(),
            standings: [0; 4],
            parked: HashMap::new(),
            looked: (now, Instant::now()),
        }
    }

    /// Takes in what the configuration has, and lets go of what it has no more.
    ///
    /// A source that is being polled is polled to its end, whatever becomes of it.
    pub(super) fn know(&mut self, config: &Config, now: Timestamp) -> Result<(), StoreError> {
        let mut before = std::mem::take(&mut self.known);
        self.due.clear();
        let mut parked = Vec::new();
        for source in &config.sources {
            let earlier = before.remove(&source.id);
            let known = match earlier {
                Some(known) if *known.source == *source => known,
                earlier => {
                    let state = remembered(&self.store, source, now)?;
                    parked.extend(schedule::parked(&state, now).map(|at| (host(source), at)));
                    let met = self.meet(source, &state, now);
                    // Its poll may be under way; it is not asked twice at once.
                    match earlier {
                        Some(known) => {
                            let Known { asked, waiting, named, .. } = known;
                            Known { asked, waiting, named, ..met }
                        }
                        None => met,
                    }
                }
            };
            self.known.insert(source.id.clone(), known);
        }
        for gone in before.keys() {
            self.served.upcoming.set(gone, None);
            self.served.upcoming.plan(gone, None);
        }
        self.recount();
        for (host, until) in parked {
            self.park(&host, until);
        }
        Ok(())
    }

    /// Rebuilds what is derived from `known`.
    fn recount(&mut self) {
        (self.standings, self.waiting) = ([0; 4], BTreeSet::new());
        self.due.clear();
        for (id, known) in &self.known {
            self.served.upcoming.plan(id, known.due.as_ref().map(|due| due.at));
            if let Some(count) = self.standings.get_mut(known.standing as usize) {
                *count += 1;
            }
            match (known.waiting, &known.due) {
                (Some(since), _) => {
                    self.waiting.insert((since, id.clone()));
                }
                (None, Some(due)) => self.due.push(Reverse((due.at, id.clone()))),
                (None, None) => {}
            }
        }
    }

    /// Says when a source that is new here is due.
    fn meet(&self, source: &Source, state: &SourceState, now: Timestamp) -> Known {
        let paused = self.store.paused(&source.id).is_some();
        let standing = match &state.outcome {
            _ if paused => Standing::Paused,
            Some(Outcome::Gone) => Standing::Gone,
            Some(outcome) if !outcome.is_success() => Standing::Failing,
            _ => Standing::Well,
        };
        let due = self.first_due(source, state, now);
        Known {
            source: Arc::new(source.clone()),
            due,
            standing,
            paused,
            asked: false,
            waiting: None,
            named: false,
            wishes: state.wishes.clone(),
        }
    }

    /// Returns when a source is asked that this process has not asked yet.
    fn first_due(&self, source: &Source, state: &SourceState, now: Timestamp) -> Option<Due> {
        if self.store.paused(&source.id).is_some() || state.due.rule == Rule::Gone {
            self.served.upcoming.set(&source.id, None);
            return None;
        }
        let at = schedule::believable(&state.due, state.polled, now);
        let every = source.every.map(|every| every.max(self.policy.min_every));
        let due = Due { at: schedule::no_later(at, every, state), ..state.due.clone() };
        let chance = xxh3_64(source.id.as_str().as_bytes());
        let due = schedule::spread(due, &state.wishes, now, chance);
        self.served.upcoming.set(&source.id, (due != state.due).then(|| due.clone()));
        Some(due)
    }

    /// Returns the sources of a configuration, in the order of their ids, with their states.
    pub(super) fn states(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(SourceId, SourceState)>, StoreError> {
        let mut states = Vec::new();
        for (id, known) in &self.known {
            states.push((id.clone(), remembered(&self.store, &known.source, now)?));
        }
        states.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(states)
    }

    /// Keeps due times where they are when the wall clock is set.
    ///
    /// Due times are on the wall clock, so that they outlive a restart. What this process has
    /// asked moves with the clock; of the rest, what seems overdue is spread, and what seems
    /// far is brought near.
    pub(super) fn look_at_clock(&mut self, wall: Timestamp) -> Result<(), StoreError> {
        let monotonic = Instant::now();
        let passed = TimeDelta::from_std(monotonic - self.looked.1).unwrap_or(TimeDelta::MAX);
        let jump = (wall - self.looked.0) - passed;
        self.looked = (wall, monotonic);
        if jump.abs() < JUMP {
            return Ok(());
        }
        tracing::warn!(seconds = jump.num_seconds(), "the wall clock was set");
        for until in self.parked.values_mut() {
            *until += jump;
        }
        let ids: Vec<SourceId> = self.known.keys().cloned().collect();
        for id in ids {
            let Some((asked, source)) =
                self.known.get(&id).map(|known| (known.asked, Arc::clone(&known.source)))
            else {
                continue;
            };
            let mut fresh = None;
            if !asked {
                fresh =
                    Some(self.first_due(&source, &remembered(&self.store, &source, wall)?, wall));
            }
            let Some(known) = self.known.get_mut(&id) else { continue };
            known.waiting = known.waiting.map(|since| since + jump);
            match fresh {
                Some(due) => known.due = due,
                None => {
                    if let Some(due) = &mut known.due {
                        due.at += jump;
                        self.served.upcoming.set(&id, Some(due.clone()));
                    }
                }
            }
        }
        self.recount();
        Ok(())
    }

    /// Takes out the sources whose time has come; those of a parked host are put off.
    pub(super) fn come_due(&mut self, now: Timestamp) -> Vec<SourceId> {
        let mut come = Vec::new();
        while let Some(Reverse((at, _))) = self.due.peek() {
            if *at > now {
                break;
            }
            let Some(Reverse((at, id))) = self.due.pop() else { break };
            let Some(known) = self.known.get(&id) else { continue };
            if known.waiting.is_some() || known.due.as_ref().is_none_or(|due| due.at != at) {
                continue;
            }
            let chance = xxh3_64(id.as_str().as_bytes());
            if let Some(at) = schedule::stays_away(&known.wishes, now, chance) {
                self.set_due(&id, Due { at, rule: Rule::Skip });
                continue;
            }
            match self.parked_until(&host(&known.source), now) {
                Some(until) => self.put_off(&id, until),
                None => come.push(id),
            }
        }
        come
    }

    /// Lets a source wait, and returns its host; one that waits or is being polled is not asked
    /// twice. `named` is whether it is asked for by name, which a paused one is asked by, too.
    pub(super) fn wait(&mut self, id: &SourceId, named: bool, now: Timestamp) -> Option<String> {
        let known = self.known.get_mut(id)?;
        known.named |= named;
        if known.waiting.is_some() {
            return None;
        }
        let since = known.due.as_ref().map_or(now, |due| due.at.min(now));
        known.waiting = Some(since);
        self.waiting.insert((since, id.clone()));
        Some(host(&known.source))
    }

    /// Returns a source whose turn has come, unless it has left the configuration or was paused
    /// meanwhile.
    pub(super) fn start(&mut self, id: &SourceId) -> Option<Arc<Source>> {
        let known = self.known.get_mut(id)?;
        if known.paused && !known.named {
            if let Some(since) = known.waiting.take() {
                self.waiting.remove(&(since, id.clone()));
            }
            return None;
        }
        known.asked = true;
        Some(Arc::clone(&known.source))
    }

    /// Notes what came of a poll; `outcome` is none where the store did not take it.
    pub(super) fn ended(
        &mut self,
        source: &Source,
        (due, wishes): (Due, &Wishes),
        outcome: Option<&Outcome>,
    ) {
        let Some(known) = self.known.get_mut(&source.id) else { return };
        if let Some(since) = known.waiting.take() {
            self.waiting.remove(&(since, source.id.clone()));
        }
        known.named = false;
        // What was found under an earlier configuration says nothing of the next time.
        if *known.source == *source {
            let is_asked = !known.paused && outcome != Some(&Outcome::Gone);
            known.due = is_asked.then_some(due);
            self.served.upcoming.set(&source.id, None);
            self.served.upcoming.plan(&source.id, known.due.as_ref().map(|due| due.at));
            known.wishes.clone_from(wishes);
        }
        let standing = match outcome {
            _ if known.paused => Standing::Paused,
            Some(Outcome::Gone) => Standing::Gone,
            Some(outcome) if outcome.is_success() => Standing::Well,
            Some(_) => Standing::Failing,
            None => known.standing,
        };
        let before = std::mem::replace(&mut known.standing, standing);
        if let Some(due) = &known.due {
            self.due.push(Reverse((due.at, source.id.clone())));
        }
        self.count(before, standing);
    }

    fn count(&mut self, before: Standing, standing: Standing) {
        for (standing, by) in [(before, -1), (standing, 1)] {
            if let Some(count) = self.standings.get_mut(standing as usize) {
                *count = count.saturating_add_signed(by);
            }
        }
    }

    /// Heeds that a source was paused, or goes on.
    ///
    /// One that goes on is asked when it would have been, which may be at once; a poll that is
    /// under way is not broken off.
    pub(super) fn heed_pause(&mut self, id: &SourceId, now: Timestamp) -> Result<(), StoreError> {
        let Some(source) = self.known.get(id).map(|known| Arc::clone(&known.source)) else {
            return Ok(());
        };
        let state = remembered(&self.store, &source, now)?;
        let mut met = self.meet(&source, &state, now);
        if met.due.as_ref().is_some_and(|due| due.rule == Rule::Spread) {
            // Nobody else begins anew with it.
            met.due = Some(Due { at: now, ..state.due });
        }
        let Some(known) = self.known.get_mut(id) else { return Ok(()) };
        let before = known.standing;
        let (paused, due, standing) = (met.paused, met.due, met.standing);
        (known.paused, known.due, known.standing) = (paused, due.clone(), standing);
        self.count(before, standing);
        match due {
            Some(due) => self.set_due(id, due),
            None => self.served.upcoming.plan(id, None),
        }
        Ok(())
    }

    /// Leaves a host alone until then: its other sources are asked later.
    pub(super) fn park(&mut self, host_name: &str, until: Timestamp) {
        let known = self.parked.entry(host_name.to_owned()).or_insert(until);
        *known = until.max(*known);
        let due_before = |known: &Known| known.due.as_ref().is_some_and(|due| due.at < until);
        let mut early: Vec<SourceId> = self
            .known
            .iter()
            .filter(|(_, known)| known.waiting.is_none() && due_before(known))
            .filter(|(_, known)| host(&known.source) == host_name)
            .map(|(id, _)| id.clone())
            .collect();
        early.sort();
        let mut at = until;
        for id in early {
            self.put_off(&id, at);
            at += AFTER_PARK;
        }
    }

    /// Lets a source that waited for its turn wait for its parked host.
    pub(super) fn step_back(&mut self, id: &SourceId, until: Timestamp) {
        let Some(known) = self.known.get_mut(id) else { return };
        known.named = false;
        if let Some(since) = known.waiting.take() {
            self.waiting.remove(&(since, id.clone()));
        }
        self.put_off(id, until);
    }

    /// Returns until when a host is left alone.
    pub(super) fn parked_until(&mut self, host: &str, now: Timestamp) -> Option<Timestamp> {
        let until = *self.parked.get(host)?;
        if until <= now {
            self.parked.remove(host);
            return None;
        }
        Some(until)
    }

    fn put_off(&mut self, id: &SourceId, at: Timestamp) {
        self.set_due(id, Due { at, rule: Rule::Parked });
    }

    /// Brings a source's time nearer, as when its hub stops telling what is new.
    pub(super) fn bring_near(&mut self, id: &SourceId, due: Due) {
        let is_later = |known: &Known| known.due.as_ref().is_some_and(|known| known.at > due.at);
        if self.known.get(id).is_some_and(|known| known.waiting.is_none() && is_later(known)) {
            self.set_due(id, due);
        }
    }

    fn set_due(&mut self, id: &SourceId, due: Due) {
        let Some(known) = self.known.get_mut(id).filter(|known| !known.paused) else { return };
        self.due.push(Reverse((due.at, id.clone())));
        self.served.upcoming.set(id, Some(due.clone()));
        self.served.upcoming.plan(id, Some(due.at));
        known.due = Some(due);
    }

    /// Returns how long nothing is due.
    pub(super) fn until_due(&mut self, now: Timestamp) -> Option<Duration> {
        loop {
            let Reverse((at, id)) = self.due.peek()?;
            let is_true = |known: &Known| {
                known.waiting.is_none() && known.due.as_ref().is_some_and(|due| due.at == *at)
            };
            if self.known.get(id).is_some_and(is_true) {
                return Some((*at - now).to_std().unwrap_or_default());
            }
            self.due.pop();
        }
    }

    /// Returns how many sources wait or are being polled, and for how long the first of them.
    pub(super) fn waiting(&self, now: Timestamp) -> (usize, Duration) {
        let longest = self.waiting.first().and_then(|(since, _)| (now - *since).to_std().ok());
        (self.waiting.len(), longest.unwrap_or_default())
    }

    /// Returns how many sources are well, failing, gone and paused.
    pub(super) fn standings(&self) -> [(&'static str, usize); 4] {
        let [well, failing, gone, paused] = self.standings;
        [("well", well), ("failing", failing), ("gone", gone), ("paused", paused)]
    }
}

/// Returns the name under which a source takes its turns; files have one each.
pub(super) fn host(source: &Source) -> String {
    match &source.address {
        Address::Http(url) => url.host_str().unwrap_or_default().to_owned(),
        Address::File(_) => format!("file:{}", source.id),
    }
}
