//! What was: the earlier versions of a brief, and how many items a source has brought.

use super::codec::Kind;
use super::keys::{self, Tree};
use super::record::{EarlierRecord, VersionRecord, moment};
use super::{Store, StoreError};
use crate::model::{Brief, BriefId, SourceId, Timestamp};

/// In seconds.
const DAY: i64 = 86_400;

/// A version of a brief that another one has taken the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierVersion {
    /// As it was.
    pub brief: Brief,
    /// When it was stored.
    pub stored: Timestamp,
}

impl Store {
    /// Returns the earlier versions of a brief, newest first: the last few.
    pub fn earlier_versions(&self, id: &BriefId) -> Result<Vec<EarlierVersion>, StoreError> {
        let key = id.as_str().as_bytes();
        let record = self.record::<VersionRecord>(Tree::Briefs, Kind::Brief, key)?;
        let versions = record.into_iter().flat_map(|record| record.earlier);
        let version = |record: EarlierRecord| {
            Some(EarlierVersion {
                brief: record.brief.into_brief()?,
                stored: moment(record.stored),
            })
        };
        Ok(versions.filter_map(version).collect())
    }

    /// Returns how many shown items a source has brought on each of the last `days` days (UTC), the last
    /// of which `now` is in.
    pub fn items_a_day(
        &self,
        source: &SourceId,
        now: Timestamp,
        days: usize,
    ) -> Result<Vec<u32>, StoreError> {
        let mut counts = vec![0; days];
        let Some(key) = self.source_key(source) else { return Ok(counts) };
        let last = now.timestamp().div_euclid(DAY);
        let range = self.tree(Tree::BySource).scan_prefix(key.to_be_bytes());
        for entry in self.walk(range.rev()) {
            let (key, value) = entry?;
            let Some(at) = keys::time_of(&key, 4).map(keys::seconds) else { continue };
            let age = usize::try_from(last - at.div_euclid(DAY)).unwrap_or(0);
            let Some(place) = days.checked_sub(age + 1) else { break };
            if value.first().is_some_and(|flags| flags & keys::SHOWN != 0)
                && let Some(count) = counts.get_mut(place)
            {
                *count += 1;
            }
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BriefOrigin, Placement};
    use crate::store::testing::{at, open, put, source, story};

    fn id() -> BriefId {
        BriefId::new("b").unwrap()
    }

    fn put_version(store: &Store, summary: &str, seconds: i64) {
        let mut changes = store.begin();
        let brief = Brief::new(id(), "Title", summary);
        changes.put_brief(&brief, &BriefOrigin::Api, at(seconds)).unwrap();
        changes.commit().unwrap();
    }

    fn summaries(store: &Store) -> Vec<(String, Timestamp)> {
        let versions = store.earlier_versions(&id()).unwrap();
        versions.into_iter().map(|version| (version.brief.summary, version.stored)).collect()
    }

    #[test]
    fn earlier_versions_are_kept_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        assert_eq!(summaries(&store), []);
        for (number, summary) in ["One", "Two", "Two", "Three"].into_iter().enumerate() {
            put_version(&store, summary, i64::try_from(number).unwrap());
        }
        assert_eq!(summaries(&store), [("Two".to_owned(), at(2)), ("One".to_owned(), at(0))]);
        let mut changes = store.begin();
        changes.remove_brief(&id(), at(9)).unwrap();
        changes.commit().unwrap();
        assert_eq!(summaries(&store), []);
    }

    #[test]
    fn few_versions_are_kept_and_few_bytes_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        for number in 0..30 {
            put_version(&store, &number.to_string(), number);
        }
        assert_eq!(summaries(&store).len(), 10);
        let long = "word ".repeat(1600);
        for number in 30..40 {
            put_version(&store, &format!("{long}{number}"), number);
        }
        assert_eq!(summaries(&store).len(), 3);
    }

    #[test]
    fn items_are_counted_by_the_day_they_were_shown() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        let now = at(0) + chrono::TimeDelta::days(40);
        let days_ago = |days: i64| (now - chrono::TimeDelta::days(days) - at(0)).num_seconds();
        let mut stories: Vec<_> = [0, 0, 1, 29, 30]
            .into_iter()
            .enumerate()
            .map(|(number, days)| story("a", &number.to_string(), days_ago(days)))
            .collect();
        stories.push(story("b", "other", days_ago(0)));
        let mut held = story("a", "held", days_ago(0));
        held.placement = Placement::Held;
        stories.push(held);
        put(&store, &stories);
        let counts = store.items_a_day(&source("a"), now, 30).unwrap();
        assert_eq!(counts.len(), 30);
        assert_eq!((counts[29], counts[28], counts[0]), (2, 1, 1));
        assert_eq!(counts.iter().sum::<u32>(), 4);
        assert_eq!(store.items_a_day(&source("none"), now, 3).unwrap(), [0, 0, 0]);
    }
}
