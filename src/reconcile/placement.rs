//! Which new items subscribers see, and since when.
//!
//! A channel is cut by when an item entered it, not by its date: in a busy channel an item that
//! was found an hour late would otherwise never be shown. On a source's first poll nothing is
//! late, so its items enter at their own dates.

use chrono::TimeDelta;

use crate::model::{First, Placement, Story, Timestamp};

/// How many of the newest items a source's first poll brings by default …
const RECENT: usize = 10;
/// … and how old they may be.
const RECENT_AGE: TimeDelta = TimeDelta::days(7);

/// On what occasion items are new.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// The source's own rule for its first poll.
    pub first: First,
    /// Whether this is the source's first poll.
    pub is_first_poll: bool,
    /// Whether the source is a file of this machine.
    pub is_file: bool,
    /// When.
    pub now: Timestamp,
}

/// Places the new items of one poll.
pub fn place(arrival: Arrival, stories: &mut [&mut Story]) {
    let now = Timestamp::from_timestamp(arrival.now.timestamp(), 0).unwrap_or(arrival.now);
    if !arrival.is_first_poll {
        for story in stories {
            // One that was forgotten and is listed still enters where it stood.
            let entered = if story.first_seen < now { story.first_seen } else { now };
            story.placement = Placement::Shown(entered);
        }
        return;
    }
    // Stable: items of one date stay in document order.
    stories.sort_by_key(|story| std::cmp::Reverse(story.published));
    let limit = match arrival.first {
        First::All => usize::MAX,
        First::Recent if arrival.is_file => usize::MAX,
        First::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
        First::Recent => RECENT,
    };
    let oldest = match arrival.first {
        First::Recent if !arrival.is_file => Some(now - RECENT_AGE),
        _ => None,
    };
    for (number, story) in stories.iter_mut().enumerate() {
        let young = oldest.is_none_or(|oldest| story.published >= oldest);
        story.placement = if number < limit && young {
            Placement::Shown(story.published)
        } else {
            Placement::Held
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ItemId;

    fn now() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    fn stories(days: &[i64]) -> Vec<Story> {
        days.iter()
            .map(|days| Story {
                published: now() - TimeDelta::days(*days),
                placement: Placement::Held,
                ..Story::blank(ItemId(0), &days.to_string(), now())
            })
            .collect()
    }

    fn first_poll(first: First) -> Arrival {
        Arrival { first, is_first_poll: true, is_file: false, now: now() }
    }

    /// Returns the ages in days of the items that are shown.
    fn shown(arrival: Arrival, ages: &[i64]) -> Vec<i64> {
        let mut stories = stories(ages);
        let mut borrowed: Vec<&mut Story> = stories.iter_mut().collect();
        place(arrival, &mut borrowed);
        let is_shown = |story: &&Story| matches!(story.placement, Placement::Shown(_));
        stories.iter().filter(is_shown).map(|story| story.guid.parse().unwrap()).collect()
    }

    #[test]
    fn a_first_poll_brings_the_ten_newest_of_a_week() {
        let ages: Vec<i64> = (0..20).collect();
        assert_eq!(shown(first_poll(First::Recent), &ages), (0..=7).collect::<Vec<_>>());
        assert_eq!(shown(first_poll(First::Recent), &[1; 30]).len(), 10);
    }

    #[test]
    fn a_number_or_all_takes_them_whatever_their_age() {
        let ages = [400, 500, 300];
        assert_eq!(shown(first_poll(First::Count(2)), &ages), [400, 300]);
        assert_eq!(shown(first_poll(First::All), &ages), ages);
        let file = Arrival { is_file: true, ..first_poll(First::Recent) };
        assert_eq!(shown(file, &ages), ages);
    }

    #[test]
    fn later_polls_show_everything_new() {
        let later = Arrival { is_first_poll: false, ..first_poll(First::Recent) };
        assert_eq!(shown(later, &[0, 30, 300]), [0, 30, 300]);
    }
}
