//! Fairness between hosts: so many polls at once on one host, so long between two starts, and
//! the next turn to the host that has waited longest.
//!
//! A plain structure: the daemon asks it what may start now, and tells it what has ended.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Polls that wait for their host, by host.
#[derive(Debug)]
pub struct Hosts<T> {
    known: HashMap<String, Host<T>>,
    /// Hosts that may start something, the one that waited longest first.
    turns: VecDeque<String>,
    /// Hosts with something waiting that rest between two starts.
    resting: BinaryHeap<Reverse<(Instant, String)>>,
    waiting: usize,
    per_host: usize,
    spacing: Duration,
}

#[derive(Debug)]
struct Host<T> {
    waiting: VecDeque<T>,
    running: usize,
    next_start: Option<Instant>,
    /// Whether it stands in `turns` or `resting`; one that runs all it may stands in neither.
    is_listed: bool,
}

/// What may start now.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn<T> {
    /// This, on this host.
    Start(String, T),
    /// Nothing before then; sooner if something ends.
    Wait(Option<Instant>),
}

impl<T> Hosts<T> {
    /// Returns an empty set of queues.
    pub fn new(per_host: usize, spacing: Duration) -> Self {
        let (known, turns, resting) = (HashMap::new(), VecDeque::new(), BinaryHeap::new());
        Self { known, turns, resting, waiting: 0, per_host, spacing }
    }

    /// Goes by other limits from now on; what runs is not touched.
    pub fn limit(&mut self, per_host: usize, spacing: Duration) {
        (self.per_host, self.spacing) = (per_host, spacing);
        let names: Vec<String> = self.known.keys().cloned().collect();
        for name in names {
            self.list(&name);
        }
    }

    /// Lets something wait for its host.
    pub fn push(&mut self, host: &str, poll: T) {
        let entry = self.known.entry(host.to_owned()).or_insert_with(|| Host {
            waiting: VecDeque::new(),
            running: 0,
            next_start: None,
            is_listed: false,
        });
        entry.waiting.push_back(poll);
        self.waiting += 1;
        self.list(host);
    }

    /// Lets a host with something waiting take part in the turns.
    fn list(&mut self, name: &str) {
        let Some(host) = self.known.get_mut(name) else { return };
        if host.is_listed || host.waiting.is_empty() || host.running >= self.per_host {
            return;
        }
        host.is_listed = true;
        match host.next_start {
            Some(at) => self.resting.push(Reverse((at, name.to_owned()))),
            None => self.turns.push_back(name.to_owned()),
        }
    }

    /// Returns what may start at `now`, round robin over the hosts.
    ///
    /// Costs nothing that grows with the hosts that wait.
    pub fn next(&mut self, now: Instant) -> Turn<T> {
        while let Some(Reverse((at, _))) = self.resting.peek() {
            if *at > now {
                break;
            }
            self.turns.extend(self.resting.pop().map(|Reverse((_, name))| name));
        }
        while let Some(name) = self.turns.pop_front() {
            let Some(host) = self.known.get_mut(&name) else { continue };
            host.is_listed = false;
            if host.running >= self.per_host {
                continue;
            }
            let Some(poll) = host.waiting.pop_front() else { continue };
            self.waiting -= 1;
            host.running += 1;
            host.next_start = (!self.spacing.is_zero()).then(|| now + self.spacing);
            self.list(&name);
            return Turn::Start(name, poll);
        }
        Turn::Wait(self.resting.peek().map(|Reverse((at, _))| *at))
    }

    /// Notes that something on a host has ended, and forgets the host if it is at rest.
    pub fn ended(&mut self, name: &str, now: Instant) {
        let Some(host) = self.known.get_mut(name) else { return };
        host.running = host.running.saturating_sub(1);
        let spaced = host.next_start.is_some_and(|at| at > now);
        if host.running == 0 && host.waiting.is_empty() && !spaced && !host.is_listed {
            self.known.remove(name);
        } else {
            self.list(name);
        }
    }

    /// Takes out everything that waits for a host.
    pub fn take_waiting(&mut self, name: &str) -> Vec<T> {
        let Some(host) = self.known.get_mut(name) else { return Vec::new() };
        let taken: Vec<T> = host.waiting.drain(..).collect();
        self.waiting -= taken.len();
        taken
    }

    /// Returns how many polls wait.
    pub fn waiting(&self) -> usize {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(host: &str, poll: u32) -> Turn<u32> {
        Turn::Start(host.to_owned(), poll)
    }

    #[test]
    fn hosts_take_turns_within_their_limits() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut hosts = Hosts::new(2, second);
        for poll in [1, 2, 3] {
            hosts.push("a", poll);
        }
        hosts.push("b", 9);
        assert_eq!(hosts.next(now), start("a", 1));
        assert_eq!(hosts.next(now), start("b", 9));
        assert_eq!(hosts.next(now), Turn::Wait(Some(now + second)));
        assert_eq!(hosts.next(now + second), start("a", 2));
        assert_eq!(hosts.next(now + 2 * second), Turn::Wait(None), "two are under way");
        assert_eq!(hosts.waiting(), 1);
        hosts.ended("a", now + 2 * second);
        assert_eq!(hosts.next(now + 2 * second), start("a", 3));
        assert_eq!(hosts.waiting(), 0);
    }

    #[test]
    fn hosts_at_rest_are_forgotten() {
        let now = Instant::now();
        let mut hosts = Hosts::new(2, Duration::ZERO);
        hosts.push("a", 1);
        assert_eq!(hosts.next(now), start("a", 1));
        hosts.ended("a", now + Duration::from_millis(1));
        assert!(hosts.known.is_empty());
    }
}
