//! A subscription at a hub (W3C WebSub), as the store remembers it.

use std::fmt;

use super::Timestamp;

/// What a hub is asked to send to us.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The hub's address.
    pub hub: String,
    /// The address of the feed, as the feed itself names it.
    pub topic: String,
    /// The part of the callback's path that nobody can guess.
    pub token: String,
    /// The whole address that the hub calls.
    pub callback: String,
    /// The source's own address, where its operator let that lie in a private network.
    pub home: Option<String>,
    /// The key of the hub's signatures, in ASCII.
    pub secret: String,
    /// How it stands with the hub.
    pub standing: Standing,
    /// The last delivery whose signature was right.
    pub delivered: Option<Timestamp>,
    /// When a poll last found what no delivery had brought.
    pub missed: Option<Timestamp>,
}

impl fmt::Debug for Subscription {
    // SECURITY: secret, token and the callback that holds the token stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("hub", &self.hub)
            .field("topic", &self.topic)
            .field("standing", &self.standing)
            .field("delivered", &self.delivered)
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}

/// How a subscription stands with its hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Wanted, and not verified by the hub so far.
    Asked {
        /// The last request; where none was sent, when it was wanted.
        at: Timestamp,
        /// Requests that were sent.
        attempts: u32,
    },
    /// Verified: the hub delivers.
    Active {
        /// The lease's beginning.
        since: Timestamp,
        /// The lease's end.
        until: Timestamp,
        /// The last request to renew it, if one was sent.
        renewal: Option<Timestamp>,
    },
    /// The hub does not want us, or could not be asked.
    Refused {
        /// When it said so.
        at: Timestamp,
        /// Readable after "the hub refused: ".
        why: String,
        /// Requests that were sent.
        attempts: u32,
    },
    /// No longer wanted.
    Leaving {
        /// The last request; where none was sent, when it was no longer wanted.
        at: Timestamp,
        /// Requests that were sent.
        attempts: u32,
    },
}

impl Standing {
    /// Returns the standing as one word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Asked { .. } => "asked",
            Self::Active { .. } => "active",
            Self::Refused { .. } => "refused",
            Self::Leaving { .. } => "leaving",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_of_a_subscription_gives_no_secret_away() {
        let subscription = Subscription {
            hub: "https://hub.example/".to_owned(),
            topic: "https://news.example/feed".to_owned(),
            token: "t0ken".to_owned(),
            callback: "https://desk.example/websub/t0ken".to_owned(),
            home: None,
            secret: "s3cret".to_owned(),
            standing: Standing::Asked { at: Timestamp::UNIX_EPOCH, attempts: 0 },
            delivered: None,
            missed: None,
        };
        let shown = format!("{subscription:?}");
        assert!(shown.contains("news.example") && shown.contains("Asked"), "{shown}");
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
    }
}
