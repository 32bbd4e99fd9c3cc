//! Feeds that have moved: permanent redirects, and pages where a feed was.

use chrono::TimeDelta;
use url::Url;

use crate::fetch::{Answer, Hop};
use crate::model::{FoundBy, Moved, SourceState, Timestamp};

/// A new address is adopted once it has led to a feed for this long.
const MOVED_AFTER: TimeDelta = TimeDelta::hours(1);

/// Returns where polls start: the configured address, or the one that was adopted for it.
pub(super) fn start(state: &SourceState) -> Option<Url> {
    let moved = state.moved.as_ref().filter(|moved| moved.adopted)?;
    Url::parse(&moved.url).ok()
}

/// Notes a permanent redirect that led to a feed, and adopts it at the second time, an hour
/// after the first.
pub(super) fn follow_redirects(state: &mut SourceState, answer: &Answer, now: Timestamp) {
    let permanent = |hop: &&Hop| matches!(hop.status, 301 | 308);
    // Only the permanent redirects before the first temporary one say where the feed lives.
    match answer.hops.iter().take_while(permanent).last() {
        Some(hop) => note(state, hop.to.as_str(), FoundBy::Redirect, now),
        None => forget_unadopted(state),
    }
}

/// Notes a feed that the page offers which stands where the feed was; the same rule.
pub(super) fn follow_page(state: &mut SourceState, offer: &Url, now: Timestamp) {
    note(state, offer.as_str(), FoundBy::Page, now);
}

/// Returns whether the items of the source come from that offer already.
pub(super) fn is_read_at(state: &SourceState, offer: &Url) -> bool {
    let noted = state.moved.as_ref().filter(|moved| moved.url == offer.as_str());
    noted.zip(state.succeeded).is_some_and(|(moved, succeeded)| succeeded >= moved.since)
}

/// Goes back to the configured address when the adopted one refuses; returns whether it did.
pub(super) fn go_back(state: &mut SourceState) -> bool {
    let adopted = state.moved.as_ref().is_some_and(|moved| moved.adopted);
    if adopted {
        state.moved = None;
    }
    adopted
}

fn note(state: &mut SourceState, url: &str, by: FoundBy, now: Timestamp) {
    match &mut state.moved {
        Some(moved) if moved.url == url => {
            moved.adopted = moved.adopted || now - moved.since >= MOVED_AFTER;
        }
        _ => state.moved = Some(Moved { url: url.to_owned(), by, since: now, adopted: false }),
    }
}

fn forget_unadopted(state: &mut SourceState) {
    if state.moved.as_ref().is_some_and(|moved| !moved.adopted) {
        state.moved = None;
    }
}
