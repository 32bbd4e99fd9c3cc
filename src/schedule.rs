//! When a source is next due: posting rate, floors, back-off, jitter.
//!
//! Pure: a due time is a function of what is known and of `now`. Keeping due times, and asking
//! when they come, is `daemon`'s duty.

use std::time::Duration;

use chrono::{Datelike, TimeDelta, Timelike};

use crate::model::{Due, Outcome, Rule, SourceState, Timestamp, Wishes};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// A publisher's wish for a longer pause is followed up to this.
const MAX_FLOOR: Duration = DAY;
/// A `Retry-After` is followed up to this.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(7 * 24);
/// An origin that refuses is asked again no sooner than this.
const REFUSED_BASE: Duration = Duration::from_hours(4);
/// A host whose source was rate limited is left alone no longer than this for the others.
const MAX_PARK: Duration = HOUR;
/// A source whose hub tells what is new is polled no more often than this.
const PUSHED_BASE: Duration = Duration::from_hours(6);
/// What waited for the end of a skipped hour is spread over this.
const AFTER_SKIP: Duration = Duration::from_mins(5);
/// What is overdue at a start is spread over this.
const START_SPREAD: Duration = Duration::from_mins(10);

/// The operator's intervals (`[fetch]`).
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// While a source's rhythm is unknown.
    pub every: Duration,
    /// No scheduled poll comes more often.
    pub min_every: Duration,
    /// No scheduled poll comes less often, except where a publisher asks for it.
    pub max_every: Duration,
}

/// What bears on the next poll beside what is remembered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances {
    /// `every` of the source.
    pub every: Option<Duration>,
    /// `Retry-After` of this answer (RFC 9110 10.2.3).
    pub retry_after: Option<Duration>,
    /// Whether a hub tells what is new.
    pub is_pushed: bool,
}

/// Returns when a source is next due after a poll whose outcome stands in `state`.
///
/// `chance` is any number that differs between sources and polls; it makes the jitter.
pub fn next(
    policy: &Policy,
    circumstances: &Circumstances,
    state: &SourceState,
    (now, chance): (Timestamp, u64),
) -> Due {
    let base = base(policy, circumstances, state, now);
    let wishes = &state.wishes;
    let asked = circumstances.retry_after.map(|asked| asked.min(MAX_RETRY_AFTER));
    let (wait, rule) = match &state.outcome {
        Some(Outcome::Gone) => {
            return Due { at: now + TimeDelta::days(36_500), rule: Rule::Gone };
        }
        Some(Outcome::RateLimited { .. }) => rate_limited(base.0, asked),
        Some(Outcome::Failed { refused, .. }) => {
            let base = if *refused { base.0.max(REFUSED_BASE) } else { base.0 };
            let (wait, rule) = back_off(base, state.failures);
            match asked.filter(|asked| *asked > wait) {
                Some(asked) => (asked, Rule::RetryAfter(asked)),
                None => (wait, rule),
            }
        }
        Some(Outcome::NotModified | Outcome::Read { .. }) | None => floors(base, wishes),
    };
    let at = now + delta(wait) + delta(jitter(wait, chance));
    unskipped(Due { at, rule }, wishes, chance)
}

/// Returns until when the publisher asks to stay away, if `now` lies in a skipped hour or day.
pub fn stays_away(wishes: &Wishes, now: Timestamp, chance: u64) -> Option<Timestamp> {
    outside_skipped(now, wishes).map(|at| at + after_skip(chance))
}

/// Skipped hours end for everybody at once, and nobody's server should notice.
fn after_skip(chance: u64) -> TimeDelta {
    delta(Duration::from_secs(chance % AFTER_SKIP.as_secs()))
}

/// Moves a due time out of the hours and days that the publisher asks to stay away in.
fn unskipped(due: Due, wishes: &Wishes, chance: u64) -> Due {
    match stays_away(wishes, due.at, chance) {
        Some(later) => Due { at: later, rule: Rule::Skip },
        None => due,
    }
}

/// Returns when an overdue source is asked after a start of the daemon.
///
/// `chance` is the same for a source at every start, so that a restart does not bring it nearer.
pub fn spread(due: Due, wishes: &Wishes, now: Timestamp, chance: u64) -> Due {
    if due.at > now || due.rule == Rule::New {
        return due;
    }
    let at = now + delta(Duration::from_secs(chance % START_SPREAD.as_secs()));
    unskipped(Due { at, rule: Rule::Spread }, wishes, chance)
}

/// Returns until when a host is left alone for a source of it that was rate limited (429), if
/// it still is.
pub fn parked(state: &SourceState, now: Timestamp) -> Option<Timestamp> {
    let polled = state
        .polled
        .filter(|_| matches!(state.outcome, Some(Outcome::RateLimited { status: 429 })))?;
    let until = state.due.at.min(polled + delta(MAX_PARK));
    (until > now).then_some(until)
}

/// Returns when a source is asked whose hub does not tell what is new any more: as if it never
/// had.
pub fn unpushed(
    policy: &Policy,
    every: Option<Duration>,
    state: &SourceState,
    now: Timestamp,
) -> Option<Due> {
    let (Rule::Pushed(_), Some(polled)) = (&state.due.rule, state.polled) else { return None };
    let circumstances = Circumstances { every, ..Circumstances::default() };
    let due = next(policy, &circumstances, state, (polled, 0));
    Some(Due { at: due.at.max(now), rule: due.rule })
}

/// Returns a stored due time, brought near where the wall clock was set back after it was made:
/// nothing waits longer from now on than it was told to.
pub fn believable(due: &Due, polled: Option<Timestamp>, now: Timestamp) -> Timestamp {
    match polled {
        Some(polled) if polled > now => due.at.min(now + (due.at - polled).max(TimeDelta::zero())),
        _ => due.at,
    }
}

/// Returns a due time that the operator's own interval may have brought nearer since it was made.
pub fn no_later(due: Timestamp, every: Option<Duration>, state: &SourceState) -> Timestamp {
    match (every, state.polled, &state.due.rule) {
        (
            Some(every),
            Some(polled),
            Rule::Fixed(_)
            | Rule::Rhythm(_)
            | Rule::Default(_)
            | Rule::Dormant(_)
            | Rule::Minimum(_),
        ) => due.min(polled + delta(every)),
        _ => due,
    }
}

/// A wait, and the rule that it makes if nothing overrules it.
type Interval = (Duration, fn(Duration) -> Rule);

fn base(
    policy: &Policy,
    circumstances: &Circumstances,
    state: &SourceState,
    now: Timestamp,
) -> (Duration, Rule) {
    let (wish, rule): Interval = match (circumstances.every, rhythm(state, now)) {
        (Some(every), _) => (every, Rule::Fixed),
        (None, Some((wait, rule))) => (wait.min(policy.max_every), rule),
        (None, None) => (policy.every.min(policy.max_every), Rule::Default),
    };
    if wish < policy.min_every {
        return pushed(circumstances, policy.min_every, Rule::Minimum(policy.min_every));
    }
    pushed(circumstances, wish, rule(wish))
}

fn pushed(circumstances: &Circumstances, wait: Duration, rule: Rule) -> (Duration, Rule) {
    if circumstances.is_pushed && wait < PUSHED_BASE {
        return (PUSHED_BASE, Rule::Pushed(PUSHED_BASE));
    }
    (wait, rule)
}

/// Returns half the median gap between a source's newest items, or the pause of one that sleeps.
fn rhythm(state: &SourceState, now: Timestamp) -> Option<Interval> {
    let newest = *state.rhythm.first()?;
    let age = (now - newest).to_std().unwrap_or_default();
    if age > 365 * DAY {
        return Some((DAY, Rule::Dormant));
    }
    if age > 30 * DAY {
        return Some((6 * HOUR, Rule::Dormant));
    }
    let mut gaps: Vec<Duration> = state
        .rhythm
        .windows(2)
        .filter_map(|pair| match pair {
            [later, earlier] => (*later - *earlier).to_std().ok(),
            _ => None,
        })
        .collect();
    gaps.sort_unstable();
    let median = *gaps.get(gaps.len() / 2)?;
    Some(((median / 2).clamp(15 * MINUTE, 12 * HOUR), Rule::Rhythm))
}

fn floors(base: (Duration, Rule), wishes: &Wishes) -> (Duration, Rule) {
    let mut longest = base;
    if let Some(ttl) = wishes.ttl.map(|ttl| ttl.min(MAX_FLOOR)).filter(|ttl| *ttl > longest.0) {
        longest = (ttl, Rule::Ttl(ttl));
    }
    let fresh = wishes.freshness.map(|fresh| fresh.min(MAX_FLOOR));
    if let Some(fresh) = fresh.filter(|fresh| *fresh > longest.0) {
        longest = (fresh, Rule::Freshness(fresh));
    }
    longest
}

fn back_off(base: Duration, failures: u32) -> (Duration, Rule) {
    let doubled = base.saturating_mul(1_u32.checked_shl(failures.min(16)).unwrap_or(u32::MAX));
    let wait = doubled.min(DAY.max(base));
    (wait, Rule::BackOff { failures, wait })
}

fn rate_limited(base: Duration, asked: Option<Duration>) -> (Duration, Rule) {
    let wait = asked.unwrap_or(HOUR).max(base.saturating_mul(2));
    (wait, Rule::RetryAfter(wait))
}

/// Returns 0–10 % of a wait; it only adds.
fn jitter(wait: Duration, chance: u64) -> Duration {
    let tenth = u64::try_from(wait.as_millis() / 10).unwrap_or(u64::MAX);
    Duration::from_millis(chance % tenth.max(1))
}

/// Returns the first full hour from `at` on that the publisher does not skip, if `at` is skipped.
fn outside_skipped(at: Timestamp, wishes: &Wishes) -> Option<Timestamp> {
    let skipped = |at: Timestamp| {
        wishes.skip_days.contains(&at.weekday())
            || wishes.skip_hours.iter().any(|hour| u32::from(*hour) == at.hour())
    };
    if !skipped(at) {
        return None;
    }
    let hour = at.with_minute(0)?.with_second(0)?.with_nanosecond(0)?;
    // A feed that skips every hour of every day asks for nothing that can be followed.
    (1..=7 * 24).map(|hours| hour + TimeDelta::hours(hours)).find(|at| !skipped(*at))
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX / 4)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use chrono::Weekday;

    use super::*;
    use crate::model::Address;

    const POLICY: Policy =
        Policy { every: HOUR, min_every: Duration::from_mins(15), max_every: DAY };

    fn now() -> Timestamp {
        "2026-11-23T10:30:00Z".parse().unwrap()
    }

    fn state(outcome: Outcome, failures: u32) -> SourceState {
        let mut state = SourceState::new(&Address::File(PathBuf::from("x")), now());
        state.outcome = Some(outcome);
        state.failures = failures;
        state
    }

    fn failed(refused: bool) -> Outcome {
        Outcome::Failed { why: "no".to_owned(), refused }
    }

    #[track_caller]
    fn check(state: &SourceState, wishes: &Wishes, minutes: i64, rule: &Rule) {
        let state = SourceState { wishes: wishes.clone(), ..state.clone() };
        let due = next(&POLICY, &Circumstances::default(), &state, (now(), 0));
        assert_eq!((due.at - now()).num_minutes(), minutes, "{}", due.rule);
        assert_eq!(due.rule, *rule);
    }

    fn wishes() -> Wishes {
        Wishes::default()
    }

    #[test]
    fn an_unknown_rhythm_takes_the_default() {
        check(&state(Outcome::NotModified, 0), &wishes(), 60, &Rule::Default(HOUR));
    }

    #[test]
    fn the_rhythm_is_half_the_median_gap_within_bounds() {
        let with_gaps = |minutes: i64| {
            let mut state = state(Outcome::NotModified, 0);
            state.rhythm = (0..5).map(|n| now() - TimeDelta::minutes(n * minutes)).collect();
            state
        };
        let rule = |minutes| Rule::Rhythm(Duration::from_mins(minutes));
        check(&with_gaps(120), &wishes(), 60, &rule(60));
        check(&with_gaps(2), &wishes(), 15, &rule(15));
        check(&with_gaps(3 * 1440), &wishes(), 720, &rule(720));
    }

    #[test]
    fn a_sleeping_source_is_asked_seldom() {
        let mut sleeping = state(Outcome::NotModified, 0);
        sleeping.rhythm = vec![now() - TimeDelta::days(40)];
        check(&sleeping, &wishes(), 360, &Rule::Dormant(6 * HOUR));
        sleeping.rhythm = vec![now() - TimeDelta::days(400)];
        check(&sleeping, &wishes(), 1440, &Rule::Dormant(DAY));
    }

    #[test]
    fn a_publishers_wish_is_a_floor_and_has_a_cap() {
        let ok = state(Outcome::NotModified, 0);
        let ttl = Wishes { ttl: Some(2 * HOUR), ..wishes() };
        check(&ok, &ttl, 120, &Rule::Ttl(2 * HOUR));
        let fresh = Wishes { freshness: Some(3 * HOUR), ..ttl };
        check(&ok, &fresh, 180, &Rule::Freshness(3 * HOUR));
        let month = Wishes { freshness: Some(30 * DAY), ..wishes() };
        check(&ok, &month, 1440, &Rule::Freshness(DAY));
        let short = Wishes { freshness: Some(MINUTE), ttl: Some(MINUTE), ..wishes() };
        check(&ok, &short, 60, &Rule::Default(HOUR));
    }

    #[test]
    fn a_fixed_interval_never_goes_below_the_minimum() {
        let ok = state(Outcome::NotModified, 0);
        let every = |every| Circumstances { every: Some(every), ..Circumstances::default() };
        let due = |wish| next(&POLICY, &every(wish), &ok, (now(), 0));
        assert_eq!(due(MINUTE).rule, Rule::Minimum(15 * MINUTE));
        assert_eq!(due(2 * HOUR).rule, Rule::Fixed(2 * HOUR));
    }

    #[test]
    fn failures_double_the_wait_up_to_a_day() {
        let rule = |failures, hours| Rule::BackOff { failures, wait: hours * HOUR };
        check(&state(failed(false), 1), &wishes(), 120, &rule(1, 2));
        check(&state(failed(false), 2), &wishes(), 240, &rule(2, 4));
        check(&state(failed(false), 40), &wishes(), 1440, &rule(40, 24));
        check(&state(failed(true), 1), &wishes(), 480, &rule(1, 8));
    }

    #[test]
    fn a_rate_limit_is_obeyed_up_to_a_week() {
        let limited = state(Outcome::RateLimited { status: 429 }, 1);
        let wait = |state: &SourceState, asked| {
            let circumstances = Circumstances { retry_after: asked, ..Circumstances::default() };
            next(&POLICY, &circumstances, state, (now(), 0)).rule
        };
        assert_eq!(wait(&limited, Some(3 * HOUR)), Rule::RetryAfter(3 * HOUR));
        assert_eq!(wait(&limited, Some(MINUTE)), Rule::RetryAfter(2 * HOUR));
        assert_eq!(wait(&limited, Some(90 * DAY)), Rule::RetryAfter(7 * DAY));
        assert_eq!(wait(&limited, None), Rule::RetryAfter(2 * HOUR));
        let stumbling = state(failed(false), 1);
        assert_eq!(wait(&stumbling, Some(3 * HOUR)), Rule::RetryAfter(3 * HOUR));
        let backs_off = Rule::BackOff { failures: 1, wait: 2 * HOUR };
        assert_eq!(wait(&stumbling, Some(MINUTE)), backs_off);
    }

    #[test]
    fn a_host_is_parked_for_an_hour_at_most() {
        let mut limited = state(Outcome::RateLimited { status: 429 }, 1);
        limited.polled = Some(now());
        limited.due.at = now() + TimeDelta::minutes(10);
        assert_eq!(parked(&limited, now()), Some(limited.due.at));
        limited.due.at = now() + TimeDelta::days(2);
        assert_eq!(parked(&limited, now()), Some(now() + TimeDelta::hours(1)));
        assert_eq!(parked(&limited, now() + TimeDelta::hours(1)), None);
        limited.outcome = Some(Outcome::RateLimited { status: 503 });
        assert_eq!(parked(&limited, now()), None, "a 503 speaks of one address");
    }

    #[test]
    fn a_source_whose_hub_works_is_polled_every_six_hours_and_at_once_when_it_does_not() {
        let mut pushed = state(Outcome::NotModified, 0);
        pushed.polled = Some(now());
        let works = Circumstances { is_pushed: true, ..Circumstances::default() };
        pushed.due = next(&POLICY, &works, &pushed, (now(), 0));
        assert_eq!(pushed.due.rule, Rule::Pushed(6 * HOUR));
        let back = |hours| unpushed(&POLICY, None, &pushed, now() + TimeDelta::hours(hours));
        assert_eq!(back(0).unwrap().at, now() + TimeDelta::hours(1));
        assert_eq!(back(3).unwrap().at, now() + TimeDelta::hours(3), "it is overdue");
        pushed.due.rule = Rule::Ttl(DAY);
        assert_eq!(back_of(&pushed), None);
    }

    fn back_of(state: &SourceState) -> Option<Due> {
        unpushed(&POLICY, None, state, now())
    }

    #[test]
    fn what_is_gone_is_not_asked_again() {
        let gone = state(Outcome::Gone, 1);
        let due = next(&POLICY, &Circumstances::default(), &gone, (now(), 0));
        assert!(due.at - now() > TimeDelta::days(10_000));
    }

    #[test]
    fn skipped_hours_and_days_move_the_due_time() {
        let ok = state(Outcome::NotModified, 0);
        let hours = Wishes { skip_hours: vec![11, 12], ..wishes() };
        check(&ok, &hours, 150, &Rule::Skip);
        let day = Wishes { skip_days: vec![Weekday::Mon], ..wishes() };
        check(&ok, &day, 810, &Rule::Skip);
        let always = Wishes { skip_hours: (0..24).collect(), ..wishes() };
        check(&ok, &always, 60, &Rule::Default(HOUR));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer_than_they_were_told_to() {
        let due = Due { at: now() + TimeDelta::days(365), rule: Rule::Default(HOUR) };
        let polled = due.at - TimeDelta::hours(1);
        assert_eq!(believable(&due, Some(polled), now()), now() + TimeDelta::hours(1));
        assert_eq!(believable(&due, Some(now()), now()), due.at, "a year was asked for");
        assert_eq!(believable(&due, None, now()), due.at);
    }

    #[test]
    fn a_shorter_interval_of_the_operators_holds_at_once_and_a_publishers_wish_holds_on() {
        let mut polled = state(Outcome::NotModified, 0);
        polled.polled = Some(now());
        let due = now() + TimeDelta::hours(12);
        polled.due.rule = Rule::Rhythm(12 * HOUR);
        assert_eq!(no_later(due, Some(HOUR), &polled), now() + TimeDelta::hours(1));
        assert_eq!(no_later(due, Some(DAY), &polled), due);
        assert_eq!(no_later(due, None, &polled), due);
        polled.due.rule = Rule::RetryAfter(12 * HOUR);
        assert_eq!(no_later(due, Some(HOUR), &polled), due);
    }

    #[test]
    fn jitter_only_adds_and_at_most_a_tenth() {
        let ok = state(Outcome::NotModified, 0);
        for chance in [1, 12_345, u64::MAX] {
            let due = next(&POLICY, &Circumstances::default(), &ok, (now(), chance));
            let wait = (due.at - now()).num_seconds();
            assert!((3600..=3960).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn a_start_spreads_what_is_overdue_and_only_that() {
        let due =
            |minutes| Due { at: now() + TimeDelta::minutes(minutes), rule: Rule::Default(HOUR) };
        assert_eq!(spread(due(5), &wishes(), now(), 77), due(5));
        let spread_out = spread(due(-5), &wishes(), now(), 123_456);
        assert_eq!(spread_out.rule, Rule::Spread);
        assert!((spread_out.at - now()).num_seconds() < 600);
        let new = Due { at: now(), rule: Rule::New };
        assert_eq!(spread(new.clone(), &wishes(), now(), 77), new);
    }
}
