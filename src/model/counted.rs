//! Numbers of things, as people read them.

use std::fmt::Display;

/// Returns how many of something there are, such as `1 item` or `2 items`.
pub fn counted(count: impl Display, one: &str) -> String {
    let count = count.to_string();
    let ending = if count == "1" { "" } else { "s" };
    format!("{count} {one}{ending}")
}
