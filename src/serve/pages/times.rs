//! Times and sizes as people say them.

use crate::model::Timestamp;

/// Returns how long ago something was, or in how long it will be.
pub(super) fn relative(now: Timestamp, at: Timestamp) -> String {
    let seconds = (at - now).num_seconds();
    let span = span(seconds.unsigned_abs());
    match (seconds, span.as_str()) {
        (_, "") => "now".to_owned(),
        (..0, span) => format!("{span} ago"),
        (_, span) => format!("in {span}"),
    }
}

/// Returns a duration in its largest unit; empty below a second.
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let fitting = units.into_iter().find(|(unit, _)| seconds >= *unit);
    fitting.map_or(String::new(), |(unit, name)| {
        let count = seconds / unit;
        format!("{count} {name}{}", if count == 1 { "" } else { "s" })
    })
}

/// Returns a number of bytes with three digits and its unit.
pub(super) fn bytes(count: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fitting = units.into_iter().find(|(shift, _)| count >> shift > 0);
    fitting.map_or(format!("{count} bytes"), |(shift, unit)| {
        let tenths = (u128::from(count) * 10) >> shift;
        if tenths < 1000 {
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        } else {
            format!("{} {unit}", tenths / 10)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_largest_unit() {
        let at = |seconds| Timestamp::from_timestamp(seconds, 0).unwrap();
        for (seconds, expected) in [
            (1000, "now"),
            (999, "1 second ago"),
            (880, "2 minutes ago"),
            (1000 + 3_599, "in 59 minutes"),
            (1000 + 3 * 86_400, "in 3 days"),
        ] {
            assert_eq!(relative(at(1000), at(seconds)), expected);
        }
    }

    #[test]
    fn sizes_have_three_digits() {
        for (count, expected) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_536, "1.5 KiB"),
            (524_288_000, "500 MiB"),
            (u64::MAX, "17179869183 GiB"),
        ] {
            assert_eq!(bytes(count), expected);
        }
    }
}
