//! What is wrong with the daemon or a source, for whoever operates it.

use super::Timestamp;

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The same for as long as it lasts.
    pub id: String,
    /// One line.
    pub title: String,
    /// What it is, and what to do.
    pub text: String,
    /// Since when, where that is known.
    pub since: Option<Timestamp>,
}
