//! How often one client may ask the API, and how often it may be wrong about the token.
//!
//! Clients are told apart by their addresses, as `client` works them out; one whose address nobody
//! knows has come through a proxy that is not trusted, which has limits of its own.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Served;
use super::client::Client;

const WINDOW: Duration = Duration::from_mins(1);
/// Requests to the API of one client in a window: what no editor needs, and a loop gone wild does.
const REQUESTS: u32 = 6_000;
/// Wrong tokens of one client in a window.
const FAILURES: u32 = 10;
/// Clients that are counted: so many, and as many again that have not been seen for longer.
const CLIENTS: usize = 4_096;

/// What clients have done lately.
#[derive(Debug)]
pub(super) struct Pace {
    requests: Mutex<Counts>,
    failures: Mutex<Counts>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            requests: Mutex::new(Counts::new(REQUESTS)),
            failures: Mutex::new(Counts::new(FAILURES)),
        }
    }
}

impl Pace {
    /// Refuses a client that has been wrong about the token too often.
    pub(super) fn refuse_guesses(&self, client: Option<&Client>) -> Option<Response> {
        let place = place(client?.address?);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = failures.wait(place, Instant::now())?;
        Some(too_many(wait, "too many wrong tokens have come from your address"))
    }

    /// Counts a wrong token.
    pub(super) fn guessed(&self, client: Option<&Client>) {
        let Some(address) = client.and_then(|client| client.address) else { return };
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.count(place(address), Instant::now());
    }
}

/// Lets a request through whose client does not ask too often.
pub(super) async fn keep(
    State(served): State<Arc<Served>>,
    request: Request,
    next: Next,
) -> Response {
    let address = request.extensions().get::<Client>().and_then(|client| client.address);
    let wait = address.and_then(|address| {
        let (place, now) = (place(address), Instant::now());
        let mut requests = served.pace.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = requests.wait(place, now);
        if wait.is_none() {
            requests.count(place, now);
        }
        wait
    });
    match wait {
        None => next.run(request).await,
        Some(wait) => {
            let why = format!("at most {REQUESTS} requests a minute are answered");
            too_many(wait, &why)
        }
    }
}

fn too_many(wait: Duration, why: &str) -> Response {
    let seconds = wait.as_secs() + 1;
    let text = format!("{why}; ask again in {seconds} seconds\n");
    (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds.to_string())], text).into_response()
}

/// Returns whose an address is: a customer of IPv6 has a whole /64.
fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// How often something was done from each place in its window.
#[derive(Debug)]
struct Counts {
    most: u32,
    /// Seen since these were begun, …
    recent: HashMap<IpAddr, Window>,
    /// … or before, and not since. Who is forgotten begins anew.
    earlier: HashMap<IpAddr, Window>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Instant,
    count: u32,
}

impl Counts {
    fn new(most: u32) -> Self {
        Self { most, recent: HashMap::new(), earlier: HashMap::new() }
    }

    /// Returns how long a place has to wait, if it has.
    fn wait(&mut self, place: IpAddr, now: Instant) -> Option<Duration> {
        let most = self.most;
        let window = self.window(place, now);
        let left = WINDOW.saturating_sub(now.saturating_duration_since(window.began));
        (window.count >= most).then_some(left)
    }

    fn count(&mut self, place: IpAddr, now: Instant) {
        self.window(place, now).count += 1;
    }

    /// Returns the window of a place, which is a new one where the last has ended.
    fn window(&mut self, place: IpAddr, now: Instant) -> &mut Window {
        let fresh = Window { began: now, count: 0 };
        let known = self.recent.get(&place).or_else(|| self.earlier.get(&place)).copied();
        let holds = |window: &Window| now.saturating_duration_since(window.began) < WINDOW;
        let window = known.filter(holds).unwrap_or(fresh);
        if self.recent.len() >= CLIENTS && !self.recent.contains_key(&place) {
            self.earlier = std::mem::take(&mut self.recent);
        }
        let entry = self.recent.entry(place).or_insert(window);
        *entry = window;
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        place(text.parse().unwrap())
    }

    #[test]
    fn a_place_may_so_often_in_a_window() {
        let (mut counts, began) = (Counts::new(2), Instant::now());
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..2 {
            assert_eq!(counts.wait(one, began), None);
            counts.count(one, began);
        }
        assert_eq!(counts.wait(one, began), Some(WINDOW));
        assert_eq!(counts.wait(other, began), None);
        let later = began + Duration::from_secs(59);
        assert_eq!(counts.wait(one, later), Some(Duration::from_secs(1)));
        assert_eq!(counts.wait(one, began + WINDOW), None);
    }

    #[test]
    fn a_customer_of_ipv6_is_one_place() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }

    #[test]
    fn crowds_take_no_more_room_and_who_asks_on_is_remembered() {
        let (mut counts, now) = (Counts::new(1), Instant::now());
        let guest = address("192.0.2.1");
        counts.count(guest, now);
        for number in 0..20_000_u32 {
            counts.count(IpAddr::from(number.to_be_bytes()), now);
            if number % 1_000 == 0 {
                assert!(counts.wait(guest, now).is_some(), "{number}");
            }
        }
        assert!(counts.recent.len() + counts.earlier.len() <= 2 * CLIENTS);
    }
}
