//! A hub asks whether we meant it (WebSub 5.3), or says no (5.2).
//!
//! SECURITY: whoever finds the callback could end a subscription or start one. Nothing is
//! confirmed that we did not ask for.

use chrono::TimeDelta;
use url::form_urlencoded;

use super::standing::refused;
use crate::model::{Standing, Subscription, Timestamp};

/// A challenge is echoed up to this.
const MAX_CHALLENGE_BYTES: usize = 4 * 1024;
/// What is kept of a hub's reason.
const MAX_REASON_CHARS: usize = 200;
/// Leases outside these are a hub's mistake: the first would be renewed without end …
const MIN_LEASE: TimeDelta = TimeDelta::hours(1);
/// … and the last would outlive the hub.
const MAX_LEASE: TimeDelta = TimeDelta::days(30);
/// The lease of a hub that names none.
const DEFAULT_LEASE: TimeDelta = TimeDelta::days(10);

/// What a hub says in the query of a call to our callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Did you ask to subscribe?
    Subscribe {
        /// To what.
        topic: String,
        /// To be echoed.
        challenge: String,
        /// For how long, as the hub writes it.
        lease_seconds: Option<String>,
    },
    /// Did you ask to end the subscription?
    Unsubscribe {
        /// To what.
        topic: String,
        /// To be echoed.
        challenge: String,
    },
    /// There is no subscription, or it has ended.
    Denied {
        /// To what.
        topic: String,
        /// In the hub's words.
        reason: Option<String>,
    },
}

impl Intent {
    /// Reads the query of a call; `None` where it is none of the three.
    pub fn read(query: &str) -> Option<Self> {
        let field = |name: &str| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let topic = field("hub.topic")?;
        let challenge = || {
            let fits = |text: &String| !text.is_empty() && text.len() <= MAX_CHALLENGE_BYTES;
            field("hub.challenge").filter(fits)
        };
        match field("hub.mode")?.as_str() {
            "subscribe" => Some(Self::Subscribe {
                topic,
                challenge: challenge()?,
                lease_seconds: field("hub.lease_seconds"),
            }),
            "unsubscribe" => Some(Self::Unsubscribe { topic, challenge: challenge()? }),
            "denied" => Some(Self::Denied { topic, reason: field("hub.reason") }),
            _ => None,
        }
    }

    fn topic(&self) -> &str {
        match self {
            Self::Subscribe { topic, .. }
            | Self::Unsubscribe { topic, .. }
            | Self::Denied { topic, .. } => topic,
        }
    }
}

/// What is answered to a hub, and what becomes of the subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// 200 with the challenge; the lease has begun.
    Confirm {
        /// The body of the answer.
        challenge: String,
        /// To be stored before it is answered.
        subscription: Subscription,
    },
    /// 200 with the challenge; the subscription is to be forgotten.
    Release {
        /// The body of the answer.
        challenge: String,
    },
    /// 200; to be stored.
    Denied(Subscription),
    /// 200; the subscription, which we were leaving, is to be forgotten.
    Ended,
    /// 404: we did not ask for that.
    Unknown,
}

/// Judges what a hub says against the subscription that its callback belongs to.
pub fn judge(intent: Intent, subscription: &Subscription, now: Timestamp) -> Verdict {
    if intent.topic() != subscription.topic {
        return Verdict::Unknown;
    }
    match (intent, &subscription.standing) {
        (
            Intent::Subscribe { challenge, lease_seconds, .. },
            Standing::Asked { attempts: 1.., .. } | Standing::Active { .. },
        ) => {
            let until = now + lease(lease_seconds.as_deref());
            let standing = Standing::Active { since: now, until, renewal: None };
            let subscription = Subscription { standing, ..subscription.clone() };
            Verdict::Confirm { challenge, subscription }
        }
        (Intent::Unsubscribe { challenge, .. }, Standing::Leaving { .. }) => {
            Verdict::Release { challenge }
        }
        (Intent::Denied { .. }, Standing::Leaving { .. }) => Verdict::Ended,
        (Intent::Denied { reason, .. }, _) => {
            let why = reason.as_deref().map(clean).filter(|why| !why.is_empty());
            let why = why.unwrap_or_else(|| "no reason given".to_owned());
            Verdict::Denied(refused(subscription.clone(), why, now))
        }
        (Intent::Subscribe { .. } | Intent::Unsubscribe { .. }, _) => Verdict::Unknown,
    }
}

fn lease(seconds: Option<&str>) -> TimeDelta {
    seconds
        .and_then(|seconds| seconds.trim().parse::<i64>().ok())
        .and_then(TimeDelta::try_seconds)
        .map_or(DEFAULT_LEASE, |lease| lease.clamp(MIN_LEASE, MAX_LEASE))
}

/// Returns a hub's words on one line, cut to what a status page can show.
fn clean(reason: &str) -> String {
    let words: Vec<&str> = reason
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ").chars().take(MAX_REASON_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "https://news.example/feed?a=1&b=2";
    const ENCODED: &str = "hub.topic=https%3A%2F%2Fnews.example%2Ffeed%3Fa%3D1%26b%3D2";

    fn now() -> Timestamp {
        "2026-11-23T10:30:00Z".parse().unwrap()
    }

    fn subscription(standing: Standing) -> Subscription {
        let mut wanted = crate::websub::wanted(
            ("https://hub.example/", TOPIC),
            "https://desk.example/websub/",
            (&[1; 24], &[2; 32]),
            now(),
        );
        wanted.standing = standing;
        wanted
    }

    fn asked(attempts: u32) -> Standing {
        Standing::Asked { at: now() - TimeDelta::minutes(1), attempts }
    }

    fn active() -> Standing {
        let since = now() - TimeDelta::days(8);
        Standing::Active { since, until: since + TimeDelta::days(10), renewal: None }
    }

    fn refused() -> Standing {
        Standing::Refused { at: now(), why: "no".to_owned(), attempts: 1 }
    }

    fn leaving() -> Standing {
        Standing::Leaving { at: now(), attempts: 1 }
    }

    fn judged(query: &str, standing: Standing) -> Verdict {
        let intent = Intent::read(&format!("{ENCODED}&{query}")).expect("a call of a hub");
        judge(intent, &subscription(standing), now())
    }

    #[track_caller]
    fn check_lease(query: &str, standing: Standing, hours: i64) {
        let query = format!("hub.mode=subscribe&hub.challenge=c%20c{query}");
        let Verdict::Confirm { challenge, subscription } = judged(&query, standing) else {
            panic!("not confirmed: {query}")
        };
        assert_eq!(challenge, "c c");
        let until = now() + TimeDelta::hours(hours);
        let active = Standing::Active { since: now(), until, renewal: None };
        assert_eq!(subscription.standing, active, "{query}");
    }

    #[test]
    fn what_we_asked_for_is_confirmed_for_a_sensible_lease() {
        check_lease("&hub.lease_seconds=86400", asked(1), 24);
        check_lease("&hub.lease_seconds=86400", active(), 24);
        check_lease("", asked(3), 240);
        check_lease("&hub.lease_seconds=soon", asked(1), 240);
        check_lease("&hub.lease_seconds=1", asked(1), 1);
        check_lease("&hub.lease_seconds=-1", asked(1), 1);
        check_lease("&hub.lease_seconds=9223372036854775807", asked(1), 240);
        check_lease("&hub.lease_seconds=315360000", asked(1), 720);
    }

    #[test]
    fn what_we_did_not_ask_for_is_unknown() {
        let subscribe = "hub.mode=subscribe&hub.challenge=c&hub.lease_seconds=86400";
        let unsubscribe = "hub.mode=unsubscribe&hub.challenge=c";
        for standing in [asked(0), refused(), leaving()] {
            assert_eq!(judged(subscribe, standing.clone()), Verdict::Unknown, "{standing:?}");
        }
        for standing in [asked(1), active(), refused()] {
            assert_eq!(judged(unsubscribe, standing.clone()), Verdict::Unknown, "{standing:?}");
        }
        for mode in ["subscribe", "unsubscribe", "denied"] {
            let other = format!("hub.mode={mode}&hub.challenge=c&hub.topic=https://other.example/");
            let intent = Intent::read(&other).unwrap();
            assert_eq!(judge(intent, &subscription(asked(1)), now()), Verdict::Unknown, "{mode}");
        }
    }

    #[test]
    fn a_subscription_that_ends_is_forgotten_once_the_hub_knows() {
        let unsubscribe = "hub.mode=unsubscribe&hub.challenge=c";
        assert_eq!(judged(unsubscribe, leaving()), Verdict::Release { challenge: "c".to_owned() });
        assert_eq!(judged("hub.mode=denied&hub.reason=x", leaving()), Verdict::Ended);
    }

    #[track_caller]
    fn check_denied(query: &str, standing: Standing, why: &str, attempts: u32) {
        let Verdict::Denied(denied) = judged(query, standing) else {
            panic!("not denied: {query}")
        };
        assert_eq!(denied.standing, Standing::Refused { at: now(), why: why.to_owned(), attempts });
    }

    #[test]
    fn a_hub_may_say_no_at_any_time() {
        check_denied("hub.mode=denied&hub.reason=no%00%0Afeed", asked(2), "no feed", 2);
        check_denied("hub.mode=denied", active(), "no reason given", 1);
        check_denied("hub.mode=denied&hub.reason=", refused(), "no reason given", 1);
        let long = format!("hub.mode=denied&hub.reason={}", "x".repeat(5000));
        check_denied(&long, asked(1), &"x".repeat(200), 1);
    }

    #[track_caller]
    fn check_no_intent(query: &str) {
        assert_eq!(Intent::read(query), None, "{query}");
    }

    #[test]
    fn a_call_that_lacks_its_parts_is_none() {
        check_no_intent("");
        check_no_intent("hub.mode=subscribe&hub.challenge=c");
        check_no_intent("hub.mode=subscribe&hub.topic=t");
        check_no_intent("hub.mode=subscribe&hub.topic=t&hub.challenge=");
        check_no_intent("hub.mode=publish&hub.topic=t&hub.challenge=c");
        check_no_intent("hub.topic=t&hub.challenge=c");
        let challenge = |length: usize| {
            format!("hub.mode=unsubscribe&hub.topic=t&hub.challenge={}", "c".repeat(length))
        };
        assert!(Intent::read(&challenge(MAX_CHALLENGE_BYTES)).is_some());
        check_no_intent(&challenge(MAX_CHALLENGE_BYTES + 1));
    }
}
