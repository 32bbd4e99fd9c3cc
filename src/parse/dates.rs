//! Dates in the forms that feeds have them: RFC 822 with its many mistakes, ISO 8601 and its
//! relatives, the C library's, and month names of a dozen languages.

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};

use crate::model::Timestamp;

/// Earlier years are defaults of some date library, not dates of a story.
const FIRST_YEAR: i32 = 1900;

/// Later ones are typing mistakes.
const LAST_YEAR: i32 = 2200;

/// The longest text looked at; real dates have under forty characters.
const MAX_CHARS: usize = 100;

/// Returns the moment that a date means, or `None` of an impossible or unreadable one.
///
/// A date without a zone, or with one that nobody knows, is taken to be in `zone`; a date
/// without a time is its midnight.
pub(super) fn parse(text: &str, zone: FixedOffset) -> Option<Timestamp> {
    parse_in(text, zone, None)
}

/// Returns the moment that a date means in a language: `18/01/30` is of 2018 where people write
/// the year first.
pub(super) fn parse_in(text: &str, zone: FixedOffset, language: Option<&str>) -> Option<Timestamp> {
    let text: String = text.trim().chars().take(MAX_CHARS).collect();
    let mut parts = Parts { year_first: language.is_some_and(is_year_first), ..Parts::default() };
    match iso_date(&text) {
        Some((date, rest)) => {
            parts.date = Some(date);
            parts.read_words(rest);
        }
        None => parts.read_words(&text),
    }
    parts.moment(zone)
}

/// Reads `2024-05-06`, `20240506`, `2024-05`, `2024-127`, `2024` at the start; gives the rest.
fn iso_date(text: &str) -> Option<(NaiveDate, &str)> {
    let (year, rest) = digits(text);
    if year.len() == 8 {
        let date = NaiveDate::parse_from_str(year, "%Y%m%d").ok()?;
        return Some((date, rest));
    }
    if year.len() != 4 || rest.starts_with(':') {
        return None;
    }
    let number: i32 = year.parse().ok()?;
    let Some(rest) = rest.strip_prefix(['-', '/', '.']) else {
        let date = NaiveDate::from_ymd_opt(number, 1, 1)?;
        return rest.trim().is_empty().then_some((date, ""));
    };
    let (month, rest) = digits(rest);
    match month.len() {
        3 => Some((NaiveDate::from_yo_opt(number, month.parse().ok()?)?, rest)),
        4 => {
            let (month, day) = month.split_at(2);
            Some((NaiveDate::from_ymd_opt(number, month.parse().ok()?, day.parse().ok()?)?, rest))
        }
        1 | 2 => {
            let (day, after) = rest.strip_prefix(['-', '/', '.']).map_or(("1", rest), digits);
            let day = if day.is_empty() { "1" } else { day };
            let date = NaiveDate::from_ymd_opt(number, month.parse().ok()?, day.parse().ok()?)?;
            Some((date, after))
        }
        _ => None,
    }
}

fn is_year_first(language: &str) -> bool {
    let primary = language.split(['-', '_']).next().unwrap_or_default();
    ["zh", "ja", "ko", "hu"].iter().any(|known| known.eq_ignore_ascii_case(primary))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// What was understood so far.
#[derive(Default)]
struct Parts {
    date: Option<NaiveDate>,
    time: Option<Clock>,
    zone: Option<FixedOffset>,
    month: Option<u32>,
    /// Numbers that are no time and no zone, in order, with the digits they were written in.
    numbers: Vec<(u32, usize)>,
    afternoon: Option<bool>,
    /// Whether a date of three short numbers begins with its year.
    year_first: bool,
}

/// A time of day as written: hours may be 24, seconds 60.
#[derive(Clone, Copy)]
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    millisecond: u32,
}

impl Parts {
    fn read_words(&mut self, text: &str) {
        let separated = text.replace(['년', '월', '일', '年', '月', '日'], " ");
        // A weekday before a comma can look like a month: `mar., 5 mars`.
        let rest = match separated.split_once(',') {
            Some((weekday, rest)) if !weekday.contains(|c: char| c.is_ascii_digit()) => rest,
            _ => &separated,
        };
        for word in rest.split([' ', '\t', '\n', ',', '(', ')']).filter(|word| !word.is_empty()) {
            self.read_word(word);
        }
    }

    fn read_word(&mut self, word: &str) {
        let word =
            word.strip_prefix(['T', 't']).filter(|rest| is_digit_first(rest)).unwrap_or(word);
        if self.time.is_none() && is_clock(word) {
            self.read_time(word);
        } else if self.date.is_some() && self.time.is_none() && self.read_compact_time(word) {
            // `101455Z` behind a date.
        } else if let Some(zone) = zone(word).filter(|_| self.zone.is_none()) {
            self.zone = Some(zone);
        } else if let Some(afternoon) = afternoon(word) {
            self.afternoon = Some(afternoon);
        } else if word.chars().all(|c| c.is_ascii_digit()) {
            self.read_number(word);
        } else {
            self.read_date_word(word);
        }
    }

    fn read_number(&mut self, word: &str) {
        if let Ok(number) = word.parse() {
            self.numbers.push((number, word.len()));
        }
    }

    /// Reads `02-Oct-2002`, `13.T9:15`, `3/14/2004`, `Oct` or `1st`.
    fn read_date_word(&mut self, word: &str) {
        let (date, time) = match word.find(['T', 't']).map(|at| word.split_at(at)) {
            Some((date, time)) if time.contains(':') => (date, time),
            _ => (word, ""),
        };
        for piece in date.split(['-', '/', '.']).filter(|piece| !piece.is_empty()) {
            let (number, rest) = digits(piece);
            if !number.is_empty() && (rest.is_empty() || is_ordinal(rest)) {
                self.read_number(number);
            } else if self.month.is_none() {
                self.month = month(piece);
            }
        }
        if let Some(time) = time.get(1..).filter(|time| !time.is_empty()) {
            self.read_time(time);
        }
    }

    fn read_compact_time(&mut self, word: &str) -> bool {
        let (number, rest) = digits(word);
        let zone = zone(rest);
        if !matches!(number.len(), 4 | 6) || (zone.is_none() && !rest.is_empty()) {
            return false;
        }
        let Ok(number) = format!("{number:0<6}").parse::<u32>() else { return false };
        self.zone = self.zone.or(zone);
        self.time = Some(Clock {
            hour: number / 10_000,
            minute: number / 100 % 100,
            second: number % 100,
            millisecond: 0,
        });
        true
    }

    fn read_time(&mut self, word: &str) {
        let end = word.find(|c: char| !c.is_ascii_digit() && !":.,".contains(c));
        let (clock, rest) = word.split_at(end.unwrap_or(word.len()));
        let mut fields = clock.split(':');
        let mut number = || fields.next().map(str::parse::<u32>);
        let (hour, minute) = (number(), number());
        let last = clock.splitn(3, ':').nth(2).unwrap_or("0");
        let (seconds, fraction) = digits(last);
        let Some((Ok(hour), Ok(minute))) = hour.zip(minute) else { return };
        let fraction = fraction.get(1..).unwrap_or_default();
        let millisecond = format!("{fraction:0<3}").get(..3).and_then(|ms| ms.parse().ok());
        self.time = Some(Clock {
            hour,
            minute,
            second: seconds.parse().unwrap_or(0),
            millisecond: millisecond.unwrap_or(0),
        });
        if let Some(afternoon) = afternoon(rest) {
            self.afternoon = Some(afternoon);
        } else if !rest.is_empty() {
            self.zone = zone(rest);
        }
    }

    fn moment(self, zone: FixedOffset) -> Option<DateTime<Utc>> {
        let date = match self.date {
            Some(date) => date,
            None => self.date_of_numbers()?,
        };
        let year = chrono::Datelike::year(&date);
        if !(FIRST_YEAR..=LAST_YEAR).contains(&year) {
            return None;
        }
        let local = self.local(date)?;
        let zone = self.zone.unwrap_or(zone);
        zone.from_local_datetime(&local).single().map(|moment| moment.with_timezone(&Utc))
    }

    fn local(&self, date: NaiveDate) -> Option<NaiveDateTime> {
        let Some(clock) = self.time else { return date.and_hms_opt(0, 0, 0) };
        let hour = match (self.afternoon, clock.hour) {
            (Some(true), 1..=11) => clock.hour + 12,
            (Some(false), 12) => 0,
            (_, hour) => hour,
        };
        // Midnight at the end of a day (ISO 8601), and leap seconds.
        if hour == 24 && clock.minute == 0 && clock.second == 0 {
            return date.and_hms_opt(0, 0, 0)?.checked_add_signed(Duration::days(1));
        }
        let second = if clock.second == 60 { 59 } else { clock.second };
        let time = NaiveTime::from_hms_milli_opt(hour, clock.minute, second, clock.millisecond)?;
        Some(date.and_time(time))
    }

    /// Sorts day, month and year out.
    fn date_of_numbers(&self) -> Option<NaiveDate> {
        let mut numbers = self.numbers.iter().copied();
        let (first, second) = (numbers.next()?, numbers.next()?);
        if let Some(month) = self.month {
            let (day, year) =
                if first.1 >= 3 || first.0 > 31 { (second, first) } else { (first, second) };
            return NaiveDate::from_ymd_opt(full_year(year), month, day.0);
        }
        let third = numbers.next()?;
        if first.1 == 4 || (self.year_first && third.1 <= 2) {
            return NaiveDate::from_ymd_opt(full_year(first), second.0, third.0);
        }
        // American order unless it cannot be.
        let (month, day) = if first.0 > 12 { (second, first) } else { (first, second) };
        NaiveDate::from_ymd_opt(full_year(third), month.0, day.0)
    }
}

/// Returns the year that two or three digits mean (RFC 5322 4.3).
fn full_year((year, written): (u32, usize)) -> i32 {
    let year = i32::try_from(year).unwrap_or(i32::MAX);
    match (written, year) {
        (..=2, ..=49) => year + 2000,
        (..=3, _) => year + 1900,
        _ => year,
    }
}

fn is_digit_first(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns whether a word is a time with colons, and no date with a time behind it.
fn is_clock(word: &str) -> bool {
    let (hour, rest) = digits(word);
    !hour.is_empty() && rest.starts_with(':')
}

fn is_ordinal(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "st" | "nd" | "rd" | "th" | "er" | "º" | "ª")
}

fn afternoon(word: &str) -> Option<bool> {
    match word.to_lowercase().trim_end_matches('.') {
        "am" | "a.m" | "오전" => Some(false),
        "pm" | "p.m" | "오후" => Some(true),
        _ => None,
    }
}

/// Returns the offset that a zone's name or number means.
fn zone(word: &str) -> Option<FixedOffset> {
    if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        return FixedOffset::east_opt(minutes * 60);
    }
    let number = ["GMT", "UTC", "UT"].iter().find_map(|name| word.strip_prefix(name));
    let number = number.unwrap_or(word);
    let sign = match number.chars().next()? {
        '+' => 1,
        '-' | '\u{2212}' => -1,
        _ => return None,
    };
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let value: i32 = digits.parse().ok()?;
    let (hours, minutes) = match digits.len() {
        1 | 2 => (value, 0),
        3 | 4 => (value / 100, value % 100),
        // `+01:00:00`
        6 => (value / 10_000, value / 100 % 100),
        _ => return None,
    };
    FixedOffset::east_opt(sign * (hours * 60 + minutes) * 60)
}

/// Named zones, in minutes east of Greenwich.
const ZONES: &[(&str, i32)] = &[
    ("Z", 0),
    ("UT", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("AST", -240),
    ("ADT", -180),
    ("ET", -300),
    ("CT", -360),
    ("MT", -420),
    ("PT", -480),
    ("BST", 60),
    ("IST", 330),
    ("WEST", 60),
    ("CET", 60),
    ("MET", 60),
    ("CEST", 120),
    ("MEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("MSD", 240),
    ("JST", 540),
    ("KST", 540),
    ("AEST", 600),
    ("AEDT", 660),
    ("ACST", 570),
    ("AWST", 480),
    ("NZST", 720),
    ("NZDT", 780),
    ("SGT", 480),
    ("HKT", 480),
    ("A", -60),
    ("N", 60),
    ("M", -720),
    ("Y", 720),
];

fn month(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    MONTHS.iter().find(|(prefix, _)| word.starts_with(prefix)).map(|(_, month)| *month)
}

/// Beginnings of month names; the longer of two that begin alike stands first.
const MONTHS: &[(&str, u32)] = &[
    ("jan", 1),
    ("jän", 1),
    ("janv", 1),
    ("ene", 1),
    ("gen", 1),
    ("янв", 1),
    ("sty", 1),
    ("ιαν", 1),
    ("oca", 1),
    ("feb", 2),
    ("fév", 2),
    ("fev", 2),
    ("фев", 2),
    ("lut", 2),
    ("φεβ", 2),
    ("şub", 2),
    ("márc", 3),
    ("mar", 3),
    ("mär", 3),
    ("maa", 3),
    ("мар", 3),
    ("μάρ", 3),
    ("μαρ", 3),
    ("mrt", 3),
    ("mrz", 3),
    ("apr", 4),
    ("ápr", 4),
    ("avr", 4),
    ("abr", 4),
    ("апр", 4),
    ("kwi", 4),
    ("απρ", 4),
    ("nis", 4),
    ("may", 5),
    ("mai", 5),
    ("mei", 5),
    ("maj", 5),
    ("mag", 5),
    ("máj", 5),
    ("мая", 5),
    ("май", 5),
    ("μάι", 5),
    ("μαϊ", 5),
    ("μαι", 5),
    ("jun", 6),
    ("juin", 6),
    ("jún", 6),
    ("giu", 6),
    ("июн", 6),
    ("cze", 6),
    ("ιούν", 6),
    ("ιον", 6),
    ("haz", 6),
    ("jul", 7),
    ("juil", 7),
    ("júl", 7),
    ("lug", 7),
    ("июл", 7),
    ("lip", 7),
    ("ιούλ", 7),
    ("ιολ", 7),
    ("tem", 7),
    ("aug", 8),
    ("aoû", 8),
    ("aou", 8),
    ("ago", 8),
    ("авг", 8),
    ("sie", 8),
    ("αύγ", 8),
    ("αυγ", 8),
    ("ağu", 8),
    ("sep", 9),
    ("szept", 9),
    ("set", 9),
    ("сен", 9),
    ("wrz", 9),
    ("σεπ", 9),
    ("eyl", 9),
    ("oct", 10),
    ("okt", 10),
    ("ott", 10),
    ("out", 10),
    ("окт", 10),
    ("paź", 10),
    ("οκτ", 10),
    ("eki", 10),
    ("nov", 11),
    ("ноя", 11),
    ("lis", 11),
    ("νοέ", 11),
    ("νοε", 11),
    ("kas", 11),
    ("dec", 12),
    ("dez", 12),
    ("déc", 12),
    ("dic", 12),
    ("дек", 12),
    ("gru", 12),
    ("δεκ", 12),
    ("ara", 12),
];

#[cfg(test)]
mod tests {
    use chrono::SecondsFormat;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let moment = parse(text, FixedOffset::east_opt(0).unwrap());
        let shown = moment.map(|m| m.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        assert_eq!(shown.unwrap_or_default(), expected, "{text}");
    }

    #[test]
    fn short_numbers_are_in_the_order_of_their_language() {
        let day = |text, language| {
            let moment = parse_in(text, FixedOffset::east_opt(0).unwrap(), Some(language)).unwrap();
            moment.format("%F").to_string()
        };
        assert_eq!(day("18/01/30 10:00", "zh-cn"), "2018-01-30");
        assert_eq!(day("18/01/30 10:00", "en"), "2030-01-18");
        assert_eq!(day("01/30/2018", "zh"), "2018-01-30");
    }

    #[test]
    fn the_mail_format_is_read_with_its_mistakes() {
        check("Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z");
        check("Thu, 01 Jan 04 19:48 EST", "2004-01-02T00:48:00Z");
        check("Thursday, 1 January 2004 19:48:21 -0800", "2004-01-02T03:48:21Z");
        check("01-Jan-2004 19:48:21 +02:00", "2004-01-01T17:48:21Z");
        check("Thu Jan  1 19:48:21 UTC 2004", "2004-01-01T19:48:21Z");
        check("Jan 1st, 2004 7:48 PM", "2004-01-01T19:48:00Z");
        check("Thu, 31 Dec 1998 23:59:60 GMT", "1998-12-31T23:59:59Z");
        check("1 Jan 2004", "2004-01-01T00:00:00Z");
    }

    #[test]
    fn iso_and_its_relatives_are_read() {
        check("2003-12-31T10:14:55Z", "2003-12-31T10:14:55Z");
        check("2003-12-31T10:14:55.123-08:00", "2003-12-31T18:14:55.123Z");
        check("2003-12-31 10:14:55 +0100", "2003-12-31T09:14:55Z");
        check("20031231T101455Z", "2003-12-31T10:14:55Z");
        check("2003-335", "2003-12-01T00:00:00Z");
        check("2003-12", "2003-12-01T00:00:00Z");
        check("2003", "2003-01-01T00:00:00Z");
        check("2003-12-31T24:00:00Z", "2004-01-01T00:00:00Z");
        check("2004/07/09 10:00", "2004-07-09T10:00:00Z");
    }

    #[test]
    fn other_languages_are_read() {
        check("mar., 5 mars 2024 10:00:00 +0100", "2024-03-05T09:00:00Z");
        check("5 août 2024", "2024-08-05T00:00:00Z");
        check("Вт, 05 мар 2024 10:00:00 +0300", "2024-03-05T07:00:00Z");
        check("Κυρ, 11 Ιούλ 2004 12:00:00 EST", "2004-07-11T17:00:00Z");
        check("2004년 05월 28일  01:31:15", "2004-05-28T01:31:15Z");
        check("2004-05-25 오후 11:23:17", "2004-05-25T23:23:17Z");
        check("2004-július-13T9:15-05:00", "2004-07-13T14:15:00Z");
    }

    #[test]
    fn a_missing_or_unknown_zone_is_the_assumed_one() {
        let zone = FixedOffset::east_opt(2 * 3600).unwrap();
        let ten = Utc.with_ymd_and_hms(2024, 5, 6, 10, 0, 0).unwrap();
        assert_eq!(parse("2024-05-06T12:00:00", zone), Some(ten));
        assert_eq!(parse("Mon, 06 May 2024 12:00:00 Mars/Time", zone), Some(ten));
        assert_eq!(parse("2024-05-06T10:00:00Z", zone), Some(ten));
    }

    #[test]
    fn impossible_dates_are_none() {
        for text in [
            "",
            "yesterday",
            "30 Feb 2024",
            "2024-13-01",
            "0001-01-01T00:00:00Z",
            "2024-05-06T25:00:00Z",
            "99999999999999999999",
            "12:00",
            "-",
            "T",
        ] {
            check(text, "");
        }
    }
}
