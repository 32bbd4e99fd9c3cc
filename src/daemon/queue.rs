//! The items that a language model is to be asked about, and what the writer does with answers.
//!
//! An item's place stands in its own record; this is what the task that asks finds it by.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::articles::Fetched;
use super::desk::whole_seconds;
use super::group::Group;
use super::writer::Writer;
use crate::model::{Asked, Generated, ItemId, Placement, Spent, Story, Timestamp};
use crate::store::StoreError;

/// Answers that are known by their keys; beyond it the oldest items' are asked for anew.
const KNOWN: usize = 100_000;

/// What waits, oldest first. Shared by the writer, which adds, and the task that asks.
#[derive(Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    added: Notify,
}

#[derive(Default)]
struct Inner {
    /// Since when and who, to when it is due.
    waiting: BTreeMap<(Timestamp, ItemId), Timestamp>,
    /// By key, an item whose record holds the answer.
    made: HashMap<u128, ItemId>,
}

impl Queue {
    pub(super) fn clear(&self) {
        *self.lock() = Inner::default();
    }

    /// Takes in an item as it is stored.
    pub(super) fn refill(&self, item: ItemId, asked: Option<Asked>, made: Option<u128>) {
        let mut inner = self.lock();
        if let Some(asked) = asked {
            inner.waiting.insert((asked.since, item), asked.due);
            self.added.notify_one();
        }
        if let Some(key) = made {
            if inner.made.len() >= KNOWN {
                inner.made.clear();
            }
            inner.made.insert(key, item);
        }
    }

    pub(super) fn forget(&self, place: (Timestamp, ItemId)) {
        self.lock().waiting.remove(&place);
    }

    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Returns the item that has waited longest of those that are due.
    pub(super) fn next(&self, now: Timestamp) -> Option<(Timestamp, ItemId)> {
        let inner = self.lock();
        inner.waiting.iter().find(|(_, due)| **due <= now).map(|(place, _)| *place)
    }

    /// Returns when the next item is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.lock().waiting.values().min().copied()
    }

    /// Returns an item whose record holds the answer to the same question.
    pub(super) fn made(&self, key: u128) -> Option<ItemId> {
        self.lock().made.get(&key).copied()
    }

    /// Waits until an item is added.
    pub(super) async fn added(&self) {
        self.added.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of asking about an item.
pub(super) struct Made {
    /// The item as it was asked about; what is said of another text is nothing.
    pub(super) of: Box<Story>,
    pub(super) what: What,
}

pub(super) enum What {
    /// It is not asked about: it has a brief, or too little text.
    Nothing,
    /// It is asked about again.
    Later(Asked),
    /// An answer, sound or not.
    Answered(Box<Generated>),
}

impl Writer {
    /// Takes in the article of an item, which may give a language model enough to read.
    pub(super) fn article(
        &mut self,
        fetched: Fetched,
        group: &mut Group<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (id, is_worth) = (fetched.item, fetched.is_worth_asking);
        let taken = self.desk.take_article(&mut group.changes, fetched, now)?;
        if let Some(story) = &taken {
            group.note(story);
        }
        if !is_worth {
            return Ok(());
        }
        let story = taken.map_or_else(|| group.changes.story(id), |story| Ok(Some(story)))?;
        let Some(mut story) = story else { return Ok(()) };
        if self.line_up(&mut story, group, now) {
            group.changes.put_story(&story, now)?;
        }
        Ok(())
    }

    /// Puts an item into the queue, if a model is asked, there is room, and it has no brief yet;
    /// returns whether it is in it now.
    pub(super) fn line_up(&self, story: &mut Story, group: &mut Group<'_>, now: Timestamp) -> bool {
        let Some(capacity) = self.setup.settings.queue_capacity else { return false };
        let has_brief = story.brief.is_some() || story.generated.is_some();
        let is_new = !has_brief && story.asked.is_none() && story.placement != Placement::Held;
        if !is_new || self.setup.queue.len() + group.lined_up.len() >= capacity {
            return false;
        }
        let asked = Asked { since: now, due: now, tries: 0 };
        story.asked = Some(asked);
        group.lined_up.push((story.id, asked));
        true
    }

    /// Stores what came of asking about an item, and what it cost.
    pub(super) fn made(
        made: Option<Made>,
        spent: Option<Spent>,
        group: &mut Group<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(spent) = spent {
            group.changes.put_spent(spent)?;
        }
        let Some(Made { of, what }) = made else { return Ok(()) };
        let Some(mut story) = group.changes.story(of.id)? else { return Ok(()) };
        // An edit took its own place in the queue.
        if !story.has_text_of(&of) {
            return Ok(());
        }
        let was = story.generated_brief().is_some();
        match what {
            What::Nothing => story.asked = None,
            What::Later(asked) => story.asked = story.asked.map(|_| asked),
            What::Answered(generated) => {
                (story.asked, story.generated) = (None, Some(*generated));
            }
        }
        if was || story.generated_brief().is_some() {
            story.changed = whole_seconds(now);
            group.note(&story);
        }
        group.changes.put_story(&story, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_of_those_that_are_due() {
        let at = |seconds| Timestamp::from_timestamp(seconds, 0).unwrap();
        let queue = Queue::default();
        let asked = |since, due| Some(Asked { since: at(since), due: at(due), tries: 0 });
        queue.refill(ItemId(1), asked(1, 50), None);
        queue.refill(ItemId(2), asked(3, 3), Some(7));
        queue.refill(ItemId(3), asked(2, 2), None);
        assert_eq!(queue.next(at(1)), None);
        assert_eq!(queue.next_due(), Some(at(2)));
        assert_eq!(queue.next(at(10)), Some((at(2), ItemId(3))));
        queue.forget((at(2), ItemId(3)));
        assert_eq!(queue.next(at(10)), Some((at(3), ItemId(2))));
        assert_eq!(queue.next(at(60)), Some((at(1), ItemId(1))));
        assert_eq!((queue.made(7), queue.made(8), queue.len()), (Some(ItemId(2)), None, 2));
    }
}
