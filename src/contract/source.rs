//! A source and its state, as `status --json` and the API print it.

use serde_json::{Value, json};

use super::{object, time};
use crate::model::{Source, SourceState, Standing, Subscription};

/// Returns a source with what the store remembers of it; private addresses are left out.
pub fn source(
    source: &Source,
    state: Option<&SourceState>,
    subscription: Option<&Subscription>,
) -> Value {
    let address = (!source.private).then(|| json!(source.address.to_string()));
    let title = source.title.clone().or_else(|| state.and_then(|s| s.facts.title.clone()));
    let moved = state.and_then(|s| s.moved.as_ref()).filter(|_| !source.private);
    // One that is paused is due when a person says so.
    let paused = state.and_then(|s| s.paused);
    let due = state.filter(|s| s.paused.is_none()).map(|s| &s.due);
    let because = due.map(|due| due.rule.to_string()).or(paused.map(|_| "paused".to_owned()));
    object([
        ("id", Some(json!(source.id.as_str()))),
        ("title", title.map(Value::String)),
        ("url", address),
        ("tags", Some(json!(source.tags))),
        ("paused", paused.map(|since| json!(time(since)))),
        ("due", due.map(|due| json!(time(due.at)))),
        ("due_because", because.map(Value::String)),
        ("polled", state.and_then(|s| s.polled).map(|at| json!(time(at)))),
        ("succeeded", state.and_then(|s| s.succeeded).map(|at| json!(time(at)))),
        ("outcome", state.and_then(|s| s.outcome.as_ref()).map(|o| json!(o.to_string()))),
        ("ok", state.and_then(|s| s.outcome.as_ref()).map(|o| json!(o.is_success()))),
        ("failures", state.map(|s| json!(s.failures))),
        ("warnings", state.map(|s| json!(s.warnings))),
        ("moved_to", moved.map(|moved| json!(moved.url))),
        ("moved_for_good", moved.map(|moved| json!(moved.adopted))),
        ("hub", subscription.map(hub)),
    ])
}

/// Returns how a source's subscription stands with its hub, in words.
fn hub(subscription: &Subscription) -> Value {
    let hub = subscription.hub.split('?').next().unwrap_or_default();
    Value::String(match &subscription.standing {
        Standing::Asked { at, .. } => format!("{hub}: asked {}", time(*at)),
        Standing::Active { until, .. } => match (subscription.missed, subscription.delivered) {
            (Some(missed), delivered) if Some(missed) > delivered => {
                format!("{hub}: it did not tell of an item; polled as ever since {}", time(missed))
            }
            _ => format!("{hub}: tells what is new, until {}", time(*until)),
        },
        Standing::Refused { at, why, .. } => format!("{hub}: refused {}: {why}", time(*at)),
        Standing::Leaving { at, .. } => format!("{hub}: leaving since {}", time(*at)),
    })
}
