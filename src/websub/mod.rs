//! The subscriber's side of WebSub: what a hub is told, what its answers change, and whether a
//! delivery is the hub's.
//!
//! Pure. `daemon` sends the forms, brings the hub's calls and keeps the subscriptions; random
//! bytes and the time are arguments. A delivery is only a reason to poll at once or a document
//! like any other: what it holds is `parse`'s duty.

mod form;
mod intent;
pub mod signature;
mod standing;

pub use form::{subscribe, unsubscribe};
pub use intent::{Intent, Verdict, judge};
pub use standing::{Act, Step, asked, failed, leave, next, works};

use crate::model::{Standing, Subscription, Timestamp};

/// The random bytes of a callback's path …
pub const TOKEN_BYTES: usize = 24;
/// … and those of a key for signatures.
pub const SECRET_BYTES: usize = 32;

/// Returns a subscription that was never asked for, and is to be at once.
///
/// `callbacks` is the address under which hubs call us, up to and with its last slash.
pub fn wanted(
    (hub, topic): (&str, &str),
    callbacks: &str,
    (token, secret): (&[u8; TOKEN_BYTES], &[u8; SECRET_BYTES]),
    now: Timestamp,
) -> Subscription {
    let token = hex(token);
    Subscription {
        hub: hub.to_owned(),
        topic: topic.to_owned(),
        callback: format!("{callbacks}{token}"),
        token,
        home: None,
        secret: hex(secret),
        standing: Standing::Asked { at: now, attempts: 0 },
        delivered: None,
        missed: None,
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_subscription_has_a_path_and_a_key_of_its_own() {
        let topic = ("https://hub.example/", "https://news.example/feed");
        let wanted = wanted(topic, "https://desk.example/websub/", (&[0xab; 24], &[7; 32]), now());
        assert_eq!(wanted.token, "ab".repeat(24));
        assert_eq!(wanted.callback, format!("https://desk.example/websub/{}", "ab".repeat(24)));
        assert_eq!(wanted.secret, "07".repeat(32));
        assert_eq!(next(&wanted, now()), Step { at: now(), act: Act::Ask });
    }

    fn now() -> Timestamp {
        "2026-11-23T10:30:00Z".parse().unwrap()
    }
}
