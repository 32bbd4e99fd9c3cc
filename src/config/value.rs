//! The written forms of durations, sizes and zones.

use std::time::Duration;

use chrono::FixedOffset;

/// Reads `"90s"`, `"15m"`, `"12h"`, `"7d"`, `"500ms"`, or a sum such as `"1h30m"`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let tail = tail.trim_start();
        let (unit, tail) =
            tail.split_at(tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len()));
        let number: u64 = number.parse().ok()?;
        let part = match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" | "min" => Duration::from_secs(number.checked_mul(60)?),
            "h" => Duration::from_secs(number.checked_mul(3600)?),
            "d" => Duration::from_secs(number.checked_mul(86_400)?),
            "w" => Duration::from_secs(number.checked_mul(604_800)?),
            _ => return None,
        };
        total = total.checked_add(part)?;
        rest = tail.trim_start();
    }
    Some(total)
}

/// Prints a duration in the largest unit that leaves no rest.
pub(super) fn print_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
    let zero = (1000, "s");
    let (size, unit) = units
        .into_iter()
        .find(|(size, _)| millis > 0 && millis.is_multiple_of(*size))
        .unwrap_or(zero);
    format!("{}{unit}", millis / size)
}

/// Reads `"16MiB"`, `"512KiB"`, `"2GiB"`, `"1MB"`, or plain bytes `"4096"`.
pub(super) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// Prints a size in the largest unit that leaves no rest.
pub(super) fn print_size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(size, _)| bytes > 0 && bytes.is_multiple_of(*size));
    unit.map_or_else(|| format!("{bytes}B"), |(size, unit)| format!("{}{unit}", bytes / size))
}

/// Reads `"+01:00"`, `"-0530"`, `"Z"` or `"UTC"`.
pub(super) fn zone(text: &str) -> Option<FixedOffset> {
    if matches!(text, "Z" | "UTC" | "GMT") {
        return FixedOffset::east_opt(0);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits.replace(':', "")),
        ("-" | "−", digits) => (-1, digits.replace(':', "")),
        _ => return None,
    };
    let plain = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
    let number: i32 = plain.then(|| digits.parse().ok()).flatten()?;
    let (hours, minutes) = (number / 100, number % 100);
    let seconds = (hours <= 14 && minutes < 60).then_some((hours * 60 + minutes) * 60)?;
    FixedOffset::east_opt(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        let seconds = |text| duration(text).map(|d| d.as_secs());
        assert_eq!(seconds("15m"), Some(900));
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("7d"), Some(604_800));
        assert_eq!(seconds("15 min"), Some(900));
        assert_eq!(seconds("0s"), Some(0));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for wrong in ["", "15", "m", "15 parsecs", "-5m", "99999999999999999999d", "1.5h"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("16MiB"), Some(16 << 20));
        assert_eq!(size("512 KiB"), Some(512 << 10));
        assert_eq!(size("4096"), Some(4096));
        for wrong in ["", "MiB", "16 MiBs", "16mib", "-1", "99999999999GiB"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_printed_reads_back() {
        for text in ["15m", "90s", "1d", "250ms", "0s"] {
            assert_eq!(duration(&print_duration(duration(text).unwrap())), duration(text));
        }
        assert_eq!(print_duration(Duration::from_mins(90)), "90m");
        assert_eq!(print_size(16 << 20), "16MiB");
        assert_eq!(print_size(1000), "1000B");
    }

    #[test]
    fn zones_are_offsets() {
        let seconds = |text| zone(text).map(|z| z.local_minus_utc());
        assert_eq!(seconds("+01:00"), Some(3600));
        assert_eq!(seconds("-0530"), Some(-19_800));
        assert_eq!(seconds("UTC"), Some(0));
        for wrong in ["", "CET", "+1", "+25:00", "+01:75", "01:00"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
