//! Fairness between hosts: so many polls at once on one host, so long between two starts, and
//! the next turn to the host that has waited longest.
//!
//! A plain structure: the daemon asks it what may start now, and tells it what has ended.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Polls that wait for their host, by host.
#[derive(Debug)]
pub struct Hosts<T> {
    known: HashMap<String, Host<T>>,
    /// Hosts with something waiting, the one that waited longest first.
    turns: VecDeque<String>,
    per_host: usize,
    spacing: Duration,
}

#[derive(Debug)]
struct Host<T> {
    waiting: VecDeque<T>,
    running: usize,
    next_start: Option<Instant>,
}

/// What may start now.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn<T> {
    /// This, on this host.
    Start(String, T),
    /// Nothing before then; sooner if something ends.
    Wait(Option<Instant>),
}

impl<T: Eq + Hash> Hosts<T> {
    /// Returns an empty set of queues.
    pub fn new(per_host: usize, spacing: Duration) -> Self {
        Self { known: HashMap::new(), turns: VecDeque::new(), per_host, spacing }
    }

    /// Goes by other limits from now on; what runs is not touched.
    pub fn limit(&mut self, per_host: usize, spacing: Duration) {
        (self.per_host, self.spacing) = (per_host, spacing);
    }

    /// Lets something wait for its host.
    pub fn push(&mut self, host: &str, poll: T) {
        let empty = || Host { waiting: VecDeque::new(), running: 0, next_start: None };
        let entry = self.known.entry(host.to_owned()).or_insert_with(empty);
        if entry.waiting.is_empty() {
            self.turns.push_back(host.to_owned());
        }
        entry.waiting.push_back(poll);
    }

    /// Returns what may start at `now`, round robin over the hosts.
    pub fn next(&mut self, now: Instant) -> Turn<T> {
        let mut soonest: Option<Instant> = None;
        for _ in 0..self.turns.len() {
            let Some(name) = self.turns.pop_front() else { break };
            let Some(host) = self.known.get_mut(&name) else { continue };
            let early = host.next_start.filter(|at| *at > now);
            if host.running >= self.per_host || early.is_some() {
                if host.running < self.per_host {
                    soonest = soonest.into_iter().chain(early).min();
                }
                self.turns.push_back(name);
                continue;
            }
            let Some(poll) = host.waiting.pop_front() else { continue };
            host.running += 1;
            host.next_start = Some(now + self.spacing);
            if !host.waiting.is_empty() {
                self.turns.push_back(name.clone());
            }
            return Turn::Start(name, poll);
        }
        Turn::Wait(soonest)
    }

    /// Notes that something on a host has ended, and forgets the host if it is at rest.
    pub fn ended(&mut self, name: &str, now: Instant) {
        let Some(host) = self.known.get_mut(name) else { return };
        host.running = host.running.saturating_sub(1);
        let spaced = host.next_start.is_some_and(|at| at > now);
        if host.running == 0 && host.waiting.is_empty() && !spaced {
            self.known.remove(name);
        }
    }

    /// Returns how many polls wait.
    pub fn waiting(&self) -> usize {
        self.known.values().map(|host| host.waiting.len()).sum()
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
