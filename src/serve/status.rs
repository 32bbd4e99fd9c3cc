//! What `status --json` and the API tell: every source with its last outcome, and what is wrong.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Failure, Plan, Served, Upcoming, View};
use crate::contract;
use crate::model::{Source, SourceId, Standing, Subscription, Timestamp, Trouble};
use crate::store::{Store, StoreError};

/// Returns what `status --json` prints; what the store knows is left out while it is closed.
pub(super) async fn tell(served: &Arc<Served>) -> Result<Value, Failure> {
    let upcoming = Arc::clone(served);
    let now = (served.clock)();
    let read = move |view: &View| stored(view, &upcoming.upcoming, now);
    let stored = match served.read(read).await {
        Err(Failure::Closed(_)) => json!({ "sources": bare(&served.plan()) }),
        stored => stored?,
    };
    let plan = served.plan();
    let channels: Vec<Value> = plan
        .channels
        .iter()
        .filter(|channel| channel.token.is_none())
        .map(|channel| {
            let edition = served.documents.get(&channel.id);
            let share = served.shares.of(&channel.id).unwrap_or_default();
            json!({
                "id": channel.id.as_str(),
                "url": plan.site.feed(channel),
                "changed": edition.and_then(|edition| edition.modified()).map(contract::time),
                "items": share.items,
                "stored": share.stored,
                "model": share.model,
                "found_by": share.methods,
            })
        })
        .collect();
    let refused: Vec<Value> = served
        .watched
        .refused()
        .iter()
        .map(|(file, errors)| json!({ "file": file.display().to_string(), "errors": errors }))
        .collect();
    let vanished = served.watched.vanished_words();
    let trouble = Some(served.condition.words()).filter(|words| !words.is_empty());
    let (due, _, under_way) = served.metrics.queue();
    let troubles = served.troubles().await;
    let mut told = json!({
        "now": contract::time((served.clock)()),
        "ready": served.unready().is_none(),
        "trouble": trouble,
        "vanished_briefs": vanished,
        "no_backup": served.backups.trouble(),
        "model": served.asking.told().map(|asked| json!({
            "waiting": asked.waiting,
            "requests_today": asked.spent.requests,
            "tokens_today": asked.spent.tokens,
            "trouble": asked.trouble,
        })),
        "hub": served.announcing.told().map(|announced| json!({
            "url": announced.hub,
            "waiting": announced.waiting,
            "trouble": announced.trouble,
        })),
        "polls_under_way": under_way,
        "due_sources": due,
        "waiting_changes": served.waiting_changes(),
        "troubles": troubles.iter().map(trouble_json).collect::<Vec<_>>(),
        "channels": channels,
        "refused_briefs": refused,
    });
    if let (Some(told), Value::Object(stored)) = (told.as_object_mut(), stored) {
        told.extend(stored);
    }
    Ok(told)
}

fn trouble_json(trouble: &Trouble) -> Value {
    json!({
        "id": trouble.id,
        "title": trouble.title,
        "text": trouble.text,
        "since": trouble.since.map(contract::time),
    })
}

fn stored(view: &View, upcoming: &Upcoming, now: Timestamp) -> Result<Value, StoreError> {
    let store = &view.store;
    let (items, briefs) = store.counts();
    let bytes = store.size_on_disk()?;
    Ok(json!({
        "items": items,
        "briefs": briefs,
        "bytes": bytes,
        "rebuilt": store.rebuilt(now)?,
        "sources": source_rows(view, upcoming)?,
    }))
}

/// Returns every source with its state; without it while the store is closed.
pub(super) async fn sources(served: &Arc<Served>) -> Result<Vec<Value>, Failure> {
    let upcoming = Arc::clone(served);
    match served.read(move |view| source_rows(view, &upcoming.upcoming)).await {
        Err(Failure::Closed(_)) => Ok(bare(&served.plan())),
        rows => rows,
    }
}

fn source_rows(view: &View, upcoming: &Upcoming) -> Result<Vec<Value>, StoreError> {
    let subscriptions = subscriptions(&view.store)?;
    let row = |source: &Source| {
        let state = upcoming.correct(source, view.store.state(&source.id)?);
        let subscription = subscriptions.get(&source.id);
        Ok(contract::source::source(source, state.as_ref(), subscription))
    };
    view.plan.sources.iter().map(row).collect()
}

/// Returns how each source stands with its hub; what is being left is told of where nothing else
/// is.
pub(super) fn subscriptions(store: &Store) -> Result<HashMap<SourceId, Subscription>, StoreError> {
    let is_left = |known: &Subscription| matches!(known.standing, Standing::Leaving { .. });
    let mut all = store.subscriptions()?;
    all.sort_by_key(|(_, known)| !is_left(known));
    Ok(all.into_iter().collect())
}

fn bare(plan: &Plan) -> Vec<Value> {
    plan.sources.iter().map(|source| contract::source::source(source, None, None)).collect()
}
