//! How a subscription stands with its hub, what changes it, and what is to be done next.

use chrono::TimeDelta;

use crate::model::{Standing, Subscription, Timestamp};

/// How long a hub has to verify, doubled with each attempt …
const PATIENCE: TimeDelta = TimeDelta::hours(1);
/// … up to this.
const MAX_PATIENCE: TimeDelta = TimeDelta::hours(24);
/// A hub that refuses is asked again no sooner than this.
const REFUSED_PATIENCE: TimeDelta = TimeDelta::hours(4);
/// A renewal that the hub did not verify is repeated often enough to succeed within the lease.
const MIN_RENEWAL_GAP: TimeDelta = TimeDelta::minutes(5);
const MAX_RENEWAL_GAP: TimeDelta = TimeDelta::hours(6);
/// How often a hub is told that a subscription has ended.
const FAREWELLS: u32 = 3;

/// What is to be done for a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When; what lies in the past is due.
    pub at: Timestamp,
    /// What.
    pub act: Act,
}

/// What can be done for a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Ask the hub to subscribe, or to renew.
    Ask,
    /// Tell the hub that it has ended.
    Unsubscribe,
    /// Remove it from the store.
    Forget,
}

/// Returns what is to be done next for a subscription, and when.
///
/// A wall clock that was set back makes no hub wait longer than it was to.
pub fn next(subscription: &Subscription, now: Timestamp) -> Step {
    let step = |act, since: &Timestamp, wait| Step { at: *since.min(&now) + wait, act };
    match &subscription.standing {
        Standing::Asked { at, attempts } => step(Act::Ask, at, patience(*attempts)),
        Standing::Refused { at, attempts, .. } => {
            step(Act::Ask, at, patience(*attempts).max(REFUSED_PATIENCE))
        }
        Standing::Active { since, until, renewal } => {
            let lease = *until - *since;
            let again = (lease / 20).clamp(MIN_RENEWAL_GAP, MAX_RENEWAL_GAP);
            match renewal {
                None => step(Act::Ask, since, lease / 5 * 4),
                Some(renewal) => step(Act::Ask, renewal, again),
            }
        }
        Standing::Leaving { at, attempts: 0 } => step(Act::Unsubscribe, at, TimeDelta::zero()),
        Standing::Leaving { at, attempts: ..FAREWELLS } => step(Act::Unsubscribe, at, PATIENCE),
        Standing::Leaving { at, .. } => step(Act::Forget, at, PATIENCE),
    }
}

fn patience(attempts: u32) -> TimeDelta {
    match attempts {
        0 => TimeDelta::zero(),
        // 2^5 hours are more than a day.
        attempts => (PATIENCE * (1 << (attempts - 1).min(5))).min(MAX_PATIENCE),
    }
}

/// Returns whether a hub's deliveries can be relied upon, so that polls may be seldom.
pub fn works(subscription: &Subscription, now: Timestamp) -> bool {
    let Standing::Active { until, .. } = &subscription.standing else { return false };
    let trusted = subscription.missed.is_none() || subscription.missed < subscription.delivered;
    now < *until && trusted
}

/// Returns the subscription after a request was sent to its hub: the one that `next` named.
pub fn asked(mut subscription: Subscription, now: Timestamp) -> Subscription {
    subscription.standing = match subscription.standing {
        Standing::Asked { attempts, .. } | Standing::Refused { attempts, .. } => {
            Standing::Asked { at: now, attempts: attempts.saturating_add(1) }
        }
        Standing::Active { since, until, .. } if now < until => {
            Standing::Active { since, until, renewal: Some(now) }
        }
        Standing::Active { .. } => Standing::Asked { at: now, attempts: 1 },
        Standing::Leaving { attempts, .. } => {
            Standing::Leaving { at: now, attempts: attempts.saturating_add(1) }
        }
    };
    subscription
}

/// Returns the subscription after a request that was sent failed: the hub did not accept it, or
/// did not answer.
///
/// A lease that is running goes on; only `denied` ends it.
pub fn failed(subscription: Subscription, why: String, now: Timestamp) -> Subscription {
    match &subscription.standing {
        Standing::Active { until, .. } if now < *until => subscription,
        Standing::Leaving { .. } => subscription,
        _ => refused(subscription, why, now),
    }
}

/// Returns the subscription after it is no longer wanted.
pub fn leave(subscription: Subscription, now: Timestamp) -> Subscription {
    let standing = match subscription.standing {
        leaving @ Standing::Leaving { .. } => leaving,
        _ => Standing::Leaving { at: now, attempts: 0 },
    };
    Subscription { standing, ..subscription }
}

/// Returns the subscription after its hub said no.
pub(super) fn refused(mut subscription: Subscription, why: String, now: Timestamp) -> Subscription {
    let attempts = match subscription.standing {
        Standing::Asked { attempts, .. }
        | Standing::Refused { attempts, .. }
        | Standing::Leaving { attempts, .. } => attempts,
        Standing::Active { .. } => 1,
    };
    subscription.standing = Standing::Refused { at: now, why, attempts };
    subscription
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T10:30:00Z".parse().unwrap()
    }

    fn minutes(minutes: i64) -> TimeDelta {
        TimeDelta::minutes(minutes)
    }

    fn subscription(standing: Standing) -> Subscription {
        let mut wanted = crate::websub::wanted(
            ("https://hub.example/", "https://news.example/feed"),
            "https://desk.example/websub/",
            (&[1; 24], &[2; 32]),
            now(),
        );
        wanted.standing = standing;
        wanted
    }

    fn waiting(attempts: u32) -> Standing {
        Standing::Asked { at: now(), attempts }
    }

    fn refused_after(attempts: u32) -> Standing {
        Standing::Refused { at: now(), why: "no".to_owned(), attempts }
    }

    fn leaving(attempts: u32) -> Standing {
        Standing::Leaving { at: now(), attempts }
    }

    fn active(hours: i64, renewal: Option<Timestamp>) -> Standing {
        Standing::Active { since: now(), until: now() + TimeDelta::hours(hours), renewal }
    }

    #[track_caller]
    fn check_next(standing: Standing, act: Act, after: i64) {
        let step = next(&subscription(standing), now());
        assert_eq!((step.act, (step.at - now()).num_minutes()), (act, after));
    }

    #[test]
    fn a_hub_that_does_not_verify_is_asked_again_ever_more_seldom() {
        check_next(waiting(0), Act::Ask, 0);
        check_next(waiting(1), Act::Ask, 60);
        check_next(waiting(2), Act::Ask, 120);
        check_next(waiting(5), Act::Ask, 16 * 60);
        check_next(waiting(6), Act::Ask, 24 * 60);
        check_next(waiting(u32::MAX), Act::Ask, 24 * 60);
    }

    #[test]
    fn a_hub_that_refuses_is_left_alone_for_four_hours_at_least() {
        check_next(refused_after(0), Act::Ask, 240);
        check_next(refused_after(1), Act::Ask, 240);
        check_next(refused_after(4), Act::Ask, 480);
        check_next(refused_after(9), Act::Ask, 24 * 60);
    }

    #[test]
    fn a_lease_is_renewed_before_it_ends() {
        check_next(active(240, None), Act::Ask, 192 * 60);
        check_next(active(240, Some(now() + minutes(7))), Act::Ask, 6 * 60);
        let sent = now() - minutes(1);
        check_next(active(240, Some(sent)), Act::Ask, 6 * 60 - 1);
        check_next(active(1, Some(sent)), Act::Ask, 4);
    }

    #[test]
    fn a_hub_is_told_three_times_that_it_has_ended() {
        check_next(leaving(0), Act::Unsubscribe, 0);
        check_next(leaving(1), Act::Unsubscribe, 60);
        check_next(leaving(2), Act::Unsubscribe, 60);
        check_next(leaving(3), Act::Forget, 60);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_hub_wait_longer() {
        let step = next(&subscription(waiting(1)), now() - TimeDelta::days(365));
        assert_eq!(step.at, now() - TimeDelta::days(365) + PATIENCE);
    }

    #[track_caller]
    fn check_works(standing: Standing, (missed, delivered): (i64, i64), expected: bool) {
        let mut subscription = subscription(standing);
        let ago = |ago: i64| (ago > 0).then(|| now() - minutes(ago));
        (subscription.missed, subscription.delivered) = (ago(missed), ago(delivered));
        assert_eq!(works(&subscription, now()), expected);
    }

    #[test]
    fn deliveries_are_relied_upon_while_the_lease_runs_and_nothing_was_missed() {
        check_works(active(1, None), (0, 0), true);
        check_works(active(1, None), (0, 9), true);
        check_works(active(1, None), (5, 0), false);
        check_works(active(1, None), (5, 9), false);
        check_works(active(1, None), (9, 5), true);
        check_works(active(0, None), (0, 0), false);
        check_works(waiting(1), (0, 0), false);
        check_works(refused_after(1), (0, 9), false);
        check_works(leaving(0), (0, 9), false);
    }

    #[track_caller]
    fn check_asked(before: Standing, after: Standing) {
        let later = now() + TimeDelta::hours(2);
        let after = subscription(after);
        assert_eq!(asked(subscription(before), later).standing, after.standing);
    }

    #[test]
    fn a_request_is_counted_and_a_running_lease_goes_on_meanwhile() {
        let later = now() + TimeDelta::hours(2);
        check_asked(waiting(0), Standing::Asked { at: later, attempts: 1 });
        check_asked(refused_after(3), Standing::Asked { at: later, attempts: 4 });
        check_asked(leaving(1), Standing::Leaving { at: later, attempts: 2 });
        check_asked(active(3, None), active(3, Some(later)));
        check_asked(active(1, None), Standing::Asked { at: later, attempts: 1 });
    }

    #[track_caller]
    fn check_failed(before: Standing, expected: &Standing) {
        let after = failed(subscription(before), "503".to_owned(), now());
        assert_eq!(after.standing, *expected);
    }

    #[test]
    fn a_request_that_failed_waits_and_ends_no_lease() {
        let refused = |attempts| Standing::Refused { at: now(), why: "503".to_owned(), attempts };
        check_failed(waiting(2), &refused(2));
        check_failed(active(0, None), &refused(1));
        check_failed(active(1, Some(now())), &active(1, Some(now())));
        check_failed(leaving(1), &leaving(1));
    }

    #[test]
    fn what_is_no_longer_wanted_is_left_at_once_and_once_only() {
        assert_eq!(leave(subscription(active(9, None)), now()).standing, leaving(0));
        assert_eq!(leave(subscription(leaving(2)), now()).standing, leaving(2));
    }
}
