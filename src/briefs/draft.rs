//! What both readers fill in: the fields of a brief, as found, each with its place.
//!
//! Nothing here is checked; `check` makes the brief of it.

use super::report::Place;
use crate::model::{Further, Opinion, Point, Question, Status, Timestamp};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    /// Where.
    pub(super) place: Place,
    /// What.
    pub(super) value: T,
}

/// A brief as it was found.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Where the whole brief begins.
    pub(super) whole: Place,
    pub(super) id: Option<Placed<String>>,
    pub(super) title: Option<Placed<String>>,
    pub(super) lang: Option<String>,
    pub(super) author: Option<String>,
    pub(super) status: Status,
    pub(super) date: Option<Timestamp>,
    pub(super) created: Option<Timestamp>,
    pub(super) updated: Option<Timestamp>,
    pub(super) expires: Option<Placed<Timestamp>>,
    pub(super) summary: Option<Placed<String>>,
    pub(super) original_post: Option<Placed<String>>,
    pub(super) source_url: Option<Placed<String>>,
    pub(super) opinion: Option<Placed<Opinion>>,
    pub(super) points: Vec<Placed<Point>>,
    pub(super) further: Vec<Placed<Further>>,
    pub(super) questions: Vec<Placed<Question>>,
    pub(super) key_terms: Vec<Placed<String>>,
    pub(super) urls: Vec<Placed<String>>,
    pub(super) guids: Vec<Placed<String>>,
    pub(super) pin: Vec<Placed<String>>,
    pub(super) block: Vec<Placed<String>>,
}

/// Adds places to the values that have them in a pair.
pub(super) fn placed<T>(pairs: Vec<(Place, T)>) -> impl Iterator<Item = Placed<T>> {
    pairs.into_iter().map(|(place, value)| Placed { place, value })
}
