//! Pages for people: the channels, an item, a brief, a term, a search, and how everything goes.
//!
//! They work without script, in light and dark, on a phone and for a screen reader. Each is a template in
//! `serve/templates`; what stands in it is escaped there, and markup comes from `publish` alone.

mod about;
pub(super) mod admin;
mod brief;
mod frame;
mod item;
mod listing;
mod search;
mod start;
mod status;
mod times;

use std::sync::Arc;

use axum::Router;

use super::client::Links;
use super::{Served, View};
use crate::model::{Brief, Channel, DocumentFormat, Section};
use crate::publish::{Place, Site, labels};
use crate::store::EarlierVersion;

pub(crate) use frame::Escaped;
pub(super) use frame::{Frame, failed, missing, page};

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new()
        .merge(frame::routes())
        .merge(start::routes())
        .merge(item::routes())
        .merge(brief::routes())
        .merge(about::routes())
        .merge(search::routes())
}

/// Returns the routes that need the token where the configuration says so.
pub(super) fn guarded() -> Router<Arc<Served>> {
    status::routes()
}

/// A feed to subscribe to.
#[derive(Debug, Clone)]
struct FeedLink {
    url: String,
    name: String,
    mime: &'static str,
}

/// Returns the addresses of one of a channel's documents in all its formats.
fn feed_links(site: &Site, channel: &Channel, place: Place<'_>) -> Vec<FeedLink> {
    let link = |format: &DocumentFormat| FeedLink {
        url: place.address(site, channel, *format),
        name: format.name().to_owned(),
        mime: format.media_type(),
    };
    channel.formats.iter().map(link).collect()
}

/// Returns what addresses on a page begin with: as the one who asks knows this site.
fn site_for(view: &View, links: &Links) -> Site {
    Site { base: links.base.clone(), ..view.plan.site.clone() }
}

/// An earlier version of a brief, in a list.
#[derive(Debug, Clone)]
struct VersionLink {
    /// The second in which it was stored.
    number: i64,
    date: String,
    /// What the version after it changed.
    what: Option<String>,
}

/// Returns the list of earlier versions, given the one in force.
fn version_links(versions: &[EarlierVersion], current: &Brief) -> Vec<VersionLink> {
    let after = std::iter::once(current).chain(versions.iter().map(|version| &version.brief));
    let links = versions.iter().zip(after).map(|(version, after)| {
        let labels = labels(Some("en"));
        let sections = Section::differing(&version.brief, after);
        let names: Vec<&str> = sections.iter().map(|section| labels.of(*section)).collect();
        VersionLink {
            number: version.stored.timestamp(),
            date: version.stored.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
            what: (!names.is_empty()).then(|| format!("before a change of {}", names.join(", "))),
        }
    });
    links.collect()
}
