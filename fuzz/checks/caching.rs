//! The header fields that say how long an answer holds, ours and a publisher's.

use std::time::Duration;

use briefwire::fetch::{freshness, retry_after};
use briefwire::model::{Address, Outcome, SourceState, Timestamp, Wishes};
use briefwire::schedule::{Circumstances, Policy, next};
use briefwire::serve::is_current;
use chrono::TimeDelta;
use reqwest::header::{
    AGE, CACHE_CONTROL, EXPIRES, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, RETRY_AFTER,
};
use url::Url;

/// Greater numbers of seconds count as this (RFC 9111 1.2.2).
const MAX_SECONDS: u64 = 1 << 31;

const ETAG: &str = "\"0123abcd\"";

/// The first twelve bytes are three numbers; the lines behind them are header fields.
pub(crate) fn caching(input: &[u8]) {
    let Some((seconds, rest)) = number(input) else { return };
    let Some((age, rest)) = number(rest) else { return };
    let Some((now, lines)) = number(rest) else { return };
    let now = moment(now);
    check_written(seconds, age, now);
    check_read(&fields(lines), now);
}

fn number(input: &[u8]) -> Option<(u32, &[u8])> {
    let (bytes, rest) = input.split_first_chunk()?;
    Some((u32::from_be_bytes(*bytes), rest))
}

/// Returns a moment before the year 2107.
fn moment(seconds: u32) -> Timestamp {
    Timestamp::from_timestamp(i64::from(seconds), 0).expect("a moment")
}

/// Returns the fields of all lines that HTTP lets through.
fn fields(lines: &[u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let name = HeaderName::from_bytes(name.trim_ascii());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            fields.append(name, value);
        }
    }
    fields
}

/// What is written by the RFCs is read as it was meant.
fn check_written(seconds: u32, age: u32, now: Timestamp) {
    let with = |fields: &[(HeaderName, &str)]| -> HeaderMap {
        let value = |text: &str| HeaderValue::from_str(text).expect("a value");
        fields.iter().map(|(name, text)| (name.clone(), value(text))).collect()
    };
    let capped = |seconds: u64| Some(Duration::from_secs(seconds.min(MAX_SECONDS)));
    let max_age = format!("public, Max-Age={seconds}");
    let both = with(&[(CACHE_CONTROL, &max_age), (AGE, &age.to_string())]);
    let left = u64::from(seconds).min(MAX_SECONDS).saturating_sub(u64::from(age));
    assert_eq!(freshness(&both, now), capped(left), "{both:?}");
    let kept = with(&[(CACHE_CONTROL, &format!("no-store, {max_age}"))]);
    assert_eq!(freshness(&kept, now), None, "{kept:?}");
    let wait = with(&[(RETRY_AFTER, &seconds.to_string())]);
    assert_eq!(retry_after(&wait, now), capped(u64::from(seconds)), "{wait:?}");

    let at = moment(seconds);
    let date = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let until = u64::try_from((at - now).num_seconds()).unwrap_or(0);
    assert_eq!(retry_after(&with(&[(RETRY_AFTER, &date)]), now), capped(until), "{date} {now}");
    assert_eq!(freshness(&with(&[(EXPIRES, &date)]), now), capped(until), "{date} {now}");
    let since = with(&[(IF_MODIFIED_SINCE, &date)]);
    assert_eq!(is_current(&since, ETAG, now), at >= now, "{date} {now}");
    let tagged = with(&[(IF_MODIFIED_SINCE, &date), (IF_NONE_MATCH, "\"other\"")]);
    assert!(!is_current(&tagged, ETAG, now), "a tag decides");
    let tagged = with(&[(IF_MODIFIED_SINCE, &date), (IF_NONE_MATCH, &format!("\"x\", W/{ETAG}"))]);
    assert!(is_current(&tagged, ETAG, now), "a tag decides");
}

/// Whatever is sent is read within bounds, and the next poll is neither missed nor at once.
fn check_read(fields: &HeaderMap, now: Timestamp) {
    let (fresh, pause) = (freshness(fields, now), retry_after(fields, now));
    let wishes = Wishes { freshness: fresh, ..Wishes::default() };
    for wait in [fresh, pause].into_iter().flatten() {
        assert!(wait <= Duration::from_secs(MAX_SECONDS) && wait.subsec_nanos() == 0, "{wait:?}");
    }
    if !fields.contains_key(CACHE_CONTROL) && !fields.contains_key(EXPIRES) {
        assert_eq!(fresh, None, "nothing is said of freshness");
    }
    let one = |name: HeaderName| fields.get(name).and_then(|value| value.to_str().ok());
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let meant =
        |text: &str| Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX).min(MAX_SECONDS)));
    if let Some(wait) = one(RETRY_AFTER).filter(is_number) {
        assert_eq!(pause, meant(wait), "a number of seconds is a wait: {fields:?}");
    }
    let alone = fields.get_all(CACHE_CONTROL).iter().count() == 1 && !fields.contains_key(AGE);
    let age = one(CACHE_CONTROL).and_then(|text| text.strip_prefix("max-age=")).filter(|_| alone);
    if let Some(age) = age.filter(is_number) {
        assert_eq!(fresh, meant(age), "a number of seconds is an age: {fields:?}");
    }
    if !fields.contains_key(IF_NONE_MATCH) && !fields.contains_key(IF_MODIFIED_SINCE) {
        assert!(!is_current(fields, ETAG, now), "a reader that has nothing gets the document");
    }
    is_current(fields, ETAG, now);
    check_due(&wishes, pause, now);
}

fn check_due(wishes: &Wishes, retry_after: Option<Duration>, now: Timestamp) {
    let (hour, week) = (Duration::from_hours(1), TimeDelta::days(7));
    let policy = Policy { every: hour, min_every: hour / 4, max_every: hour * 24 };
    let address = Address::Http(Url::parse("https://a.example/").expect("an address"));
    for outcome in [Outcome::NotModified, Outcome::RateLimited { status: 429 }] {
        let state = SourceState {
            outcome: Some(outcome),
            wishes: wishes.clone(),
            ..SourceState::new(&address, now)
        };
        let circumstances = Circumstances { retry_after, ..Circumstances::default() };
        let due = next(&policy, &circumstances, &state, (now, u64::MAX)).at;
        assert!(due >= now + TimeDelta::minutes(15), "{due} is too soon after {now}");
        assert!(due <= now + week + week / 10, "{due} is too late after {now}");
    }
}
