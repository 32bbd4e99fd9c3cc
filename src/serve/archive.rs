//! The archive of a channel (RFC 5005 section 4): the names of its finished pages, and what is not
//! on one yet.

use std::fmt;

use chrono::{Datelike, Months, NaiveDate, NaiveTime};

use super::Plan;
use super::stories::{Taken, listing, members_taken};
use crate::model::{Channel, ItemId, Timestamp};
use crate::store::{Store, StoreError};

/// The name of a page: a month, and from the second page of that month on its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageName {
    year: i32,
    /// 1..=12
    month: u32,
    /// From 1.
    number: u32,
}

impl PageName {
    /// Reads `2026-10` or `2026-10.2`.
    pub fn parse(text: &str) -> Option<Self> {
        let (month, number) = match text.split_once('.') {
            Some((month, number)) => (month, digits(number, 1..=6)?),
            None => (text, 1),
        };
        let (year, month) = month.split_once('-')?;
        let (year, month) = (digits(year, 4..=4)?, digits(month, 2..=2)?);
        let name = Self { year: i32::try_from(year).ok()?, month, number };
        // One name each: `2026-10.1` and `2026-10.02` are none.
        (name.begin().is_some() && name.to_string() == text).then_some(name)
    }

    /// Returns the page for items that were shown at `at`, after the page `last`.
    pub fn after(last: Option<Self>, at: Timestamp) -> Self {
        let (year, month) = (at.year(), at.month());
        let number = last.filter(|last| (last.year, last.month) == (year, month));
        Self { year, month, number: number.map_or(1, |last| last.number + 1) }
    }

    /// Returns when its month is over.
    pub fn end(self) -> Option<Timestamp> {
        self.begin()?.checked_add_months(Months::new(1))
    }

    fn begin(self) -> Option<Timestamp> {
        let day = NaiveDate::from_ymd_opt(self.year, self.month, 1)?;
        Some(day.and_time(NaiveTime::MIN).and_utc())
    }
}

impl fmt::Display for PageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)?;
        if self.number > 1 { write!(f, ".{}", self.number) } else { Ok(()) }
    }
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let plain = length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// An item that is on no finished page, and since when it is shown.
pub type Open = (Timestamp, ItemId);

/// Returns the items of a channel that were shown after `through`, oldest first.
///
/// Of the newest 5,000: an archive begins where that many ended.
pub fn open_items(
    store: &Store,
    plan: &Plan,
    channel: &Channel,
    through: Timestamp,
) -> Result<Vec<Open>, StoreError> {
    let mut open = Vec::new();
    listing(plan, channel, |listed| {
        for item in store.each_newest(listed)? {
            let item = item?;
            let since = item.shown_since().unwrap_or(item.published);
            if since <= through {
                break;
            }
            open.push((since, item.id));
        }
        Ok(())
    })?;
    open.reverse();
    Ok(open)
}

/// Returns what of these items stands on a page: those that the channel takes, and with
/// `merge_stories` those that no other one stands for.
pub fn on_page(
    store: &Store,
    plan: &Plan,
    channel: &Channel,
    open: &[Open],
) -> Result<Vec<Taken>, StoreError> {
    let mut taken = Vec::new();
    for (_, id) in open {
        let Some(item) = store.story(*id)? else { continue };
        taken.extend(members_taken(store, plan, channel, item)?.filter(|t| t.story.id == *id));
    }
    Ok(taken)
}

/// How many items a page of a month that is over holds.
const PAGE_OF_PAST: usize = 250;

/// Returns how many of the open items are a page that can be finished by now, if any are.
///
/// A month's items are one once it has been over for a day, or several if they are many; before
/// that, the older half of what a document holds once it holds them no more. So everything is in the
/// document or on a page, but for what a burst has pushed out within the last ten minutes; that comes to
/// a page at the channel's next change. Nothing is added to a page.
pub fn finished(channel: &Channel, open: &[Open], now: Timestamp) -> Option<usize> {
    let (first, _) = open.first()?;
    let end = PageName::after(None, *first).end()?;
    let month = open.partition_point(|(since, _)| *since < end);
    let is_over = now >= end + chrono::TimeDelta::days(1);
    let most = if is_over { PAGE_OF_PAST.max(channel.items) } else { channel.items.div_ceil(2) };
    if !is_over && open.len() <= channel.items {
        return None;
    }
    let (last, _) = open.get(month.min(most).checked_sub(1)?)?;
    // Pages end between two moments: what was shown at once stands on one page.
    let count = open.partition_point(|(since, _)| since <= last);
    // What was shown a moment ago may not be all that was.
    (*last < now - chrono::TimeDelta::minutes(10)).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ["2026-10", "2026-10.2", "0999-01.123456"] {
            assert_eq!(PageName::parse(name).map(|name| name.to_string()).as_deref(), Some(name));
        }
        for no in ["2026-13", "2026-1", "2026-10.1", "2026-10.02", "2026-10.", "../x", "2026-10/2"]
        {
            assert_eq!(PageName::parse(no), None, "{no}");
        }
        let october = PageName::after(None, at("2026-10-31T23:59:59Z"));
        assert_eq!(october.to_string(), "2026-10");
        assert_eq!(october.end(), Some(at("2026-11-01T00:00:00Z")));
        let next = PageName::after(Some(october), at("2026-10-31T23:59:59Z"));
        assert_eq!(next.to_string(), "2026-10.2");
        let november = PageName::after(Some(next), at("2026-11-01T00:00:00Z"));
        assert_eq!(november.to_string(), "2026-11");
        assert!(october < next && next < november);
    }

    fn channel(items: usize) -> Channel {
        Channel { items, ..Channel::plain("all") }
    }

    fn open(times: &[&str]) -> Vec<Open> {
        (1..).zip(times).map(|(number, time)| (at(time), ItemId(number))).collect()
    }

    #[test]
    fn a_month_is_a_page_once_it_is_over_for_a_day() {
        let items = open(&["2026-10-05T00:00:00Z", "2026-10-30T00:00:00Z", "2026-11-01T09:00:00Z"]);
        let when = |now: &str| finished(&channel(50), &items, at(now));
        assert_eq!(when("2026-11-01T23:00:00Z"), None);
        assert_eq!(when("2026-11-02T00:00:00Z"), Some(2));
        assert_eq!(finished(&channel(50), &items[2..], at("2026-11-30T00:00:00Z")), None);
        assert_eq!(finished(&channel(50), &[], at("2026-11-30T00:00:00Z")), None);
    }

    #[test]
    fn what_leaves_a_document_before_the_month_is_over_is_a_page() {
        let times: Vec<String> =
            (1..=5).map(|minute| format!("2026-11-05T10:0{minute}:00Z")).collect();
        let times: Vec<&str> = times.iter().map(String::as_str).collect();
        let items = open(&times);
        let now = at("2026-11-06T00:00:00Z");
        assert_eq!(finished(&channel(5), &items, now), None, "the document holds them");
        assert_eq!(finished(&channel(4), &items, now), Some(2), "the older half");
        assert_eq!(finished(&channel(4), &items, at("2026-11-05T10:11:00Z")), None, "too fresh");
        let at_once = open(&[times[0], times[1], times[1], times[1], times[2]]);
        assert_eq!(finished(&channel(4), &at_once, now), Some(4), "shown at once");
    }
}
