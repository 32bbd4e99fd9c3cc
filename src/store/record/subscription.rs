//! A subscription at a hub.

use serde::{Deserialize, Serialize};

use super::{Millis, millis, moment};
use crate::model::{Standing, Subscription};

/// A subscription and whose it is; its token is its key.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::store) struct SubscriptionRecord {
    /// By name: a source that is no longer configured has no other.
    pub(in crate::store) source: String,
    hub: String,
    topic: String,
    callback: String,
    secret: String,
    #[serde(default)]
    home: Option<String>,
    standing: StandingRecord,
    delivered: Option<Millis>,
    missed: Option<Millis>,
}

#[derive(Clone, Serialize, Deserialize)]
enum StandingRecord {
    Asked(Millis, u32),
    Active(Millis, Millis, Option<Millis>),
    Refused(Millis, String, u32),
    Leaving(Millis, u32),
}

impl SubscriptionRecord {
    pub(in crate::store) fn new(source: &str, subscription: &Subscription) -> Self {
        Self {
            source: source.to_owned(),
            hub: subscription.hub.clone(),
            topic: subscription.topic.clone(),
            callback: subscription.callback.clone(),
            secret: subscription.secret.clone(),
            home: subscription.home.clone(),
            standing: match &subscription.standing {
                Standing::Asked { at, attempts } => StandingRecord::Asked(millis(*at), *attempts),
                Standing::Active { since, until, renewal } => {
                    StandingRecord::Active(millis(*since), millis(*until), renewal.map(millis))
                }
                Standing::Refused { at, why, attempts } => {
                    StandingRecord::Refused(millis(*at), why.clone(), *attempts)
                }
                Standing::Leaving { at, attempts } => {
                    StandingRecord::Leaving(millis(*at), *attempts)
                }
            },
            delivered: subscription.delivered.map(millis),
            missed: subscription.missed.map(millis),
        }
    }

    pub(in crate::store) fn into_subscription(self, token: String) -> Subscription {
        Subscription {
            hub: self.hub,
            topic: self.topic,
            token,
            callback: self.callback,
            secret: self.secret,
            home: self.home,
            standing: match self.standing {
                StandingRecord::Asked(at, attempts) => Standing::Asked { at: moment(at), attempts },
                StandingRecord::Active(since, until, renewal) => Standing::Active {
                    since: moment(since),
                    until: moment(until),
                    renewal: renewal.map(moment),
                },
                StandingRecord::Refused(at, why, attempts) => {
                    Standing::Refused { at: moment(at), why, attempts }
                }
                StandingRecord::Leaving(at, attempts) => {
                    Standing::Leaving { at: moment(at), attempts }
                }
            },
            delivered: self.delivered.map(moment),
            missed: self.missed.map(moment),
        }
    }
}
