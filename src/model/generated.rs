//! What a language model was asked about an item, and what it answered.

use super::{Brief, Timestamp};

/// What came of asking a language model about an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// Hash of what it was asked: text, model, language and the version of the question.
    pub key: u128,
    /// A brief that stood every check, or why there is none.
    pub brief: Result<Box<Brief>, String>,
    /// When it was answered.
    pub at: Timestamp,
}

/// An item's place in the queue of those that a language model is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Since when it waits; the oldest goes first.
    pub since: Timestamp,
    /// It is not asked about before this.
    pub due: Timestamp,
    /// How often the answer did not come.
    pub tries: u32,
}

/// What a language model has cost on one day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Days since 1970.
    pub day: i64,
    /// Requests that were sent.
    pub requests: u64,
    /// Tokens, of questions and answers.
    pub tokens: u64,
    /// It is not asked before this, whatever the day.
    pub rest: Option<Timestamp>,
}

impl Spent {
    /// Returns what has been spent on the day of `now`.
    #[must_use]
    pub fn on_day_of(self, now: Timestamp) -> Self {
        let day = now.timestamp().div_euclid(86_400);
        if self.day == day { self } else { Self { day, rest: self.rest, ..Self::default() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight() {
        let at = |seconds| Timestamp::from_timestamp(seconds, 0).unwrap();
        let spent = Spent { day: 1, requests: 3, tokens: 40, rest: Some(at(9)) };
        assert_eq!(spent.on_day_of(at(2 * 86_400 - 1)), spent);
        assert_eq!(
            spent.on_day_of(at(2 * 86_400)),
            Spent { day: 2, rest: Some(at(9)), ..Spent::default() }
        );
        // A clock that was set back buys nothing twice but what it had bought that day.
        assert_eq!(spent.on_day_of(at(-1)).day, -1);
    }
}
