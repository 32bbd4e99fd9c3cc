//! The header fields that matter to a poller: freshness and `Retry-After`.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{AGE, CACHE_CONTROL, EXPIRES, HeaderMap, RETRY_AFTER};

use crate::model::Timestamp;

/// Longer times are taken for this one (RFC 9111 1.2.2).
const MAX_SECONDS: u64 = 1 << 31;

/// Returns how long an answer stays fresh: max-age less Age, else Expires (RFC 9111 4.2.1).
///
/// In whole seconds, at most 2^31, zero if it is stale already; `None` where nothing is said,
/// what is said cannot be read, or the answer is not to be kept.
pub fn freshness(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let directives: String = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
        .join(",")
        .to_ascii_lowercase();
    let directives: Vec<&str> = directives.split(',').map(str::trim).collect();
    if directives.iter().any(|d| matches!(*d, "no-store" | "no-cache")) {
        return None;
    }
    let max_age = directives.iter().find_map(|d| d.strip_prefix("max-age="));
    if let Some(seconds) = max_age.and_then(|text| delta_seconds(text.trim_matches('"'))) {
        let age = text(AGE).and_then(|age| delta_seconds(age.trim())).unwrap_or(0);
        return Some(Duration::from_secs(seconds.saturating_sub(age)));
    }
    until(text(EXPIRES)?, now)
}

/// Returns `Retry-After` as a wait: seconds or a date (RFC 9110 10.2.3).
///
/// In whole seconds, at most 2^31, zero if the date has passed; `None` where it is absent or
/// cannot be read.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match delta_seconds(text) {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => until(text, now),
    }
}

/// Returns a number of seconds; one that is too great to be read is a long time, not none.
fn delta_seconds(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(MAX_SECONDS).min(MAX_SECONDS))
}

/// Returns the time until an HTTP date; zero if it has passed.
fn until(date: &str, now: Timestamp) -> Option<Duration> {
    let at = httpdate::parse_http_date(date).ok()?;
    let seconds = at.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let now = u64::try_from(now.timestamp()).ok()?;
    Some(Duration::from_secs(seconds.saturating_sub(now).min(MAX_SECONDS)))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| {
                (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    fn now() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    #[track_caller]
    fn check(lines: &[(&str, &str)], seconds: Option<u64>) {
        assert_eq!(freshness(&headers(lines), now()).map(|d| d.as_secs()), seconds, "{lines:?}");
    }

    #[test]
    fn freshness_is_max_age_less_age_else_expires() {
        check(&[("cache-control", "public, max-age=7200")], Some(7200));
        check(&[("cache-control", "max-age=7200"), ("age", "200")], Some(7000));
        check(&[("cache-control", "max-age=\"60\"")], Some(60));
        check(&[("cache-control", "no-cache, max-age=7200")], None);
        check(&[("expires", "Mon, 23 Nov 2026 12:00:00 GMT")], Some(7200));
        check(&[("expires", "Mon, 23 Nov 2020 12:00:00 GMT")], Some(0));
        check(&[("expires", "0")], None);
        let both = [("cache-control", "max-age=60"), ("expires", "Mon, 23 Nov 2026 12:00:00 GMT")];
        check(&both, Some(60));
        check(&[], None);
    }

    #[test]
    fn a_number_of_seconds_that_is_too_great_is_a_long_time() {
        let many = "99999999999999999999";
        check(&[("cache-control", "max-age=99999999999999999999")], Some(MAX_SECONDS));
        check(&[("cache-control", "max-age=7200"), ("age", many)], Some(0));
        check(&[("expires", "Fri, 31 Dec 9999 23:59:59 GMT")], Some(MAX_SECONDS));
        let wait = retry_after(&headers(&[("retry-after", many)]), now());
        assert_eq!(wait, Some(Duration::from_secs(MAX_SECONDS)));
        check(&[("cache-control", "max-age=+60")], None);
    }

    #[test]
    fn retry_after_has_two_forms() {
        let wait = |text| retry_after(&headers(&[("retry-after", text)]), now());
        assert_eq!(wait("120"), Some(Duration::from_mins(2)));
        assert_eq!(wait("Mon, 23 Nov 2026 11:00:00 GMT"), Some(Duration::from_hours(1)));
        assert_eq!(wait("soon"), None);
    }
}
