//! Changes that become durable together, and who waits for them.

use std::collections::{BTreeSet, HashMap, HashSet};

use tokio::sync::{mpsc, oneshot};

use super::desk::Desk;
use super::writer::Work;
use crate::model::{Asked, BriefId, CommandError, ItemId, Placement, Reply, SourceId, Story};
use crate::store::{Changes, Store, StoreError};

/// A group of changes that is being gathered.
pub(super) struct Group<'s> {
    pub(super) changes: Changes<'s>,
    pub(super) answers: Vec<Answer>,
    /// Sources whose channels are rendered anew once it is durable.
    pub(super) touched: HashSet<SourceId>,
    /// Items that a language model is to be asked about once it is durable.
    pub(super) lined_up: Vec<(ItemId, Asked)>,
    /// Sources whose pauses begin or end.
    pub(super) paused: Vec<SourceId>,
    /// Items that were given a brief in this group, which the store's index does not know yet.
    attached: HashMap<BriefId, BTreeSet<ItemId>>,
}

impl<'s> Group<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        Self {
            changes: store.begin(),
            answers: Vec::new(),
            touched: HashSet::new(),
            lined_up: Vec::new(),
            paused: Vec::new(),
            attached: HashMap::new(),
        }
    }

    /// Notes an item that was written: its channels are rendered anew.
    pub(super) fn note(&mut self, story: &Story) {
        if !matches!(story.placement, Placement::Held) {
            self.touched.insert(story.source.clone());
        }
        if let Some(brief) = &story.brief {
            self.attached.entry(brief.clone()).or_default().insert(story.id);
        }
    }

    /// Returns the items that a brief is on, or was at some time in this group.
    pub(super) fn items_with(
        &self,
        store: &Store,
        brief: &BriefId,
    ) -> Result<BTreeSet<ItemId>, StoreError> {
        let mut items: BTreeSet<ItemId> = Desk::items_with(store, brief)?.into_iter().collect();
        items.extend(self.attached.get(brief).into_iter().flatten());
        Ok(items)
    }
}

/// What is told once a group is durable.
pub(super) enum Answer {
    Poll(oneshot::Sender<Result<(), StoreError>>),
    Order(oneshot::Sender<Result<Reply, CommandError>>, Result<Reply, CommandError>),
}

impl Answer {
    /// Tells whoever waits; `trouble` is why the group is not durable.
    ///
    /// Who does not wait any more has gone; the change is durable all the same.
    pub(super) fn tell(self, trouble: Option<&str>) {
        match (self, trouble) {
            (Self::Poll(to), None) => to.send(Ok(())).ok(),
            (Self::Poll(to), Some(why)) => {
                let source = std::io::Error::other(why.to_owned());
                let error = StoreError::Io { what: "store what was polled".to_owned(), source };
                to.send(Err(error)).ok()
            }
            (Self::Order(to, result), None) => to.send(result).ok(),
            (Self::Order(to, _), Some(why)) => {
                to.send(Err(CommandError::Store(why.to_owned()))).ok()
            }
        };
    }
}

/// Hands work to the writer, and waits until it is durable; `what` reads after "cannot ".
pub(super) async fn make_durable(
    writer: &mpsc::Sender<Work>,
    what: &str,
    work: impl FnOnce(oneshot::Sender<Result<(), StoreError>>) -> Work,
) -> Result<(), StoreError> {
    let (answer, durable) = oneshot::channel();
    let stopped = || StoreError::Io {
        what: what.to_owned(),
        source: std::io::Error::other("the writer has stopped"),
    };
    writer.send(work(answer)).await.map_err(|_closed| stopped())?;
    durable.await.map_err(|_closed| stopped())?
}
