//! What a hub is told (WebSub 5.1), as the fields of a form.

use crate::model::Subscription;

/// Returns the request to subscribe, or to renew a lease.
///
/// The secret goes to hubs without TLS too: who listens there could read it, but without it any
/// stranger who learns the callback could forge a delivery.
pub fn subscribe(subscription: &Subscription, lease_seconds: u64) -> Vec<(&'static str, String)> {
    let mut form = form("subscribe", subscription);
    form.push(("hub.lease_seconds", lease_seconds.to_string()));
    form.push(("hub.secret", subscription.secret.clone()));
    form
}

/// Returns the request to end a subscription.
pub fn unsubscribe(subscription: &Subscription) -> Vec<(&'static str, String)> {
    form("unsubscribe", subscription)
}

fn form(mode: &str, subscription: &Subscription) -> Vec<(&'static str, String)> {
    vec![
        ("hub.mode", mode.to_owned()),
        ("hub.topic", subscription.topic.clone()),
        ("hub.callback", subscription.callback.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[track_caller]
    fn check(form: &[(&'static str, String)], expected: &[(&str, &str)]) {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, &**value)).collect();
        assert_eq!(form, expected);
    }

    #[test]
    fn a_hub_is_told_what_the_standard_names() {
        let wanted = crate::websub::wanted(
            ("https://hub.example/", "https://news.example/feed"),
            "https://desk.example/websub/",
            (&[1; 24], &[2; 32]),
            Timestamp::UNIX_EPOCH,
        );
        let callback = format!("https://desk.example/websub/{}", "01".repeat(24));
        let secret = "02".repeat(32);
        let common = [("hub.topic", "https://news.example/feed"), ("hub.callback", &*callback)];
        let [topic, callback] = common;
        check(
            &subscribe(&wanted, 864_000),
            &[
                ("hub.mode", "subscribe"),
                topic,
                callback,
                ("hub.lease_seconds", "864000"),
                ("hub.secret", &secret),
            ],
        );
        check(&unsubscribe(&wanted), &[("hub.mode", "unsubscribe"), topic, callback]);
    }
}
