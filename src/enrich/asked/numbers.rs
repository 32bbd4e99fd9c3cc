//! Numbers, by what they are worth: `1,000` is `1 000` and `3 million` is `3,000,000`.

use super::number_words::{Table, Worth, number_words};
use crate::text::{fold, primary, words};

/// Single characters that multiply, in Chinese, Japanese and Korean.
const SCALE_SIGNS: &[(char, u32)] =
    &[('千', 3), ('万', 4), ('萬', 4), ('만', 4), ('亿', 8), ('億', 8), ('억', 8), ('兆', 12)];
/// Between the words of one number.
const CONNECTORS: &[&str] = &["and", "und", "och", "et", "en", "y", "e"];
/// Languages that part thousands by a space.
const SPACING: &[&str] = &[
    "fr", "ru", "uk", "be", "bg", "sv", "no", "nb", "nn", "fi", "pl", "cs", "sk", "hu", "et", "lv",
    "lt",
];
/// The noughts of the scripts that count in tens as ours does.
const NOUGHTS: &[char] = &[
    '0', '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{be6}', '\u{c66}',
    '\u{ce6}', '\u{d66}', '\u{e50}', '\u{ed0}', '\u{1040}', '\u{17e0}', '\u{ff10}',
];
/// Digits of a number that is read; more are an identifier, compared as it stands.
const MAX_SCALED: usize = 60;

/// A number in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    /// Plain digits, a full stop before the decimals.
    pub(super) value: String,
    /// The noughts of a scale it was multiplied by.
    pub(super) noughts: u32,
    /// Whether it is a scale and nothing else: `millions of people`.
    pub(super) is_bare: bool,
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

impl Number {
    /// Returns it multiplied by a power of ten.
    pub(super) fn times(&self, noughts: u32) -> String {
        scaled(&self.value, noughts)
    }
}

/// Returns the numbers of a text in order, those in words as far as the language is known.
pub(super) fn numbers(text: &str, lang: Option<&str>) -> Vec<Number> {
    let lang = lang.map_or_else(String::new, primary);
    let table = number_words(&lang);
    let mut found = in_digits(text, &lang, table);
    let taken: Vec<(usize, usize)> =
        found.iter().map(|number| (number.start, number.end)).collect();
    let is_taken = |start: usize| {
        let next = taken.partition_point(|(from, _)| *from <= start);
        next.checked_sub(1).and_then(|at| taken.get(at)).is_some_and(|(_, to)| start < *to)
    };
    if let Some(table) = table {
        found.extend(in_words(text, table, &lang).into_iter().filter(|n| !is_taken(n.start)));
        found.sort_by_key(|number| number.start);
    }
    found
}

/// Returns the digit a character stands for.
pub(super) fn digit(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let code = u32::from(c);
    NOUGHTS.iter().find_map(|nought| code.checked_sub(u32::from(*nought)).filter(|d| *d < 10))
}

/// A run of digits.
struct Run {
    digits: String,
    start: usize,
    end: usize,
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, c) in text.char_indices() {
        let Some(digit) = digit(c).and_then(|digit| char::from_digit(digit, 10)) else { continue };
        let end = at + c.len_utf8();
        match runs.last_mut().filter(|run| run.end == at) {
            Some(run) => {
                run.digits.push(digit);
                run.end = end;
            }
            None => runs.push(Run { digits: digit.to_string(), start: at, end }),
        }
    }
    runs
}

fn in_digits(text: &str, lang: &str, table: Option<&Table>) -> Vec<Number> {
    let all = runs(text);
    let mut found = Vec::new();
    let mut rest = all.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let mut marks: Vec<char> = Vec::new();
        let mut end = first.end;
        for run in others {
            let between = text.get(end..run.start).and_then(|gap| separator(gap, run, lang));
            let Some(mark) = between.filter(|mark| *mark != ' ' || opens_groups(rest, &marks))
            else {
                break;
            };
            marks.push(mark);
            end = run.end;
        }
        let (group, left) = rest.split_at(marks.len() + 1);
        rest = left;
        let values = values(group, &marks);
        let is_one = values.len() == 1;
        let (noughts, to) = if is_one { suffix(text, first.start, end, table) } else { (0, end) };
        for value in values {
            let value = scaled(&value, noughts);
            found.push(Number { value, noughts, is_bare: false, start: first.start, end: to });
        }
    }
    found
}

/// Returns whether a space may part thousands here: `1 000`, and not `2024 300`.
fn opens_groups(group: &[Run], marks: &[char]) -> bool {
    group.first().is_some_and(|first| first.digits.len() <= 3) && marks.iter().all(|m| *m == ' ')
}

/// Returns the mark that joins a run of digits with the one before it, all spaces as one.
fn separator(gap: &str, next: &Run, lang: &str) -> Option<char> {
    let mut characters = gap.chars();
    let mark = characters.next().filter(|_| characters.next().is_none())?;
    match mark {
        '.' | ',' | '\'' | '’' => Some(if mark == '’' { '\'' } else { mark }),
        '٬' | '，' => Some(','),
        '٫' => Some('.'),
        '\u{a0}' | '\u{202f}' | '\u{2009}' => (next.digits.len() == 3).then_some(' '),
        ' ' => (next.digits.len() == 3 && SPACING.contains(&lang)).then_some(' '),
        _ => None,
    }
}

/// Returns what runs of digits with marks between them are worth: one number, or each its own.
fn values(group: &[Run], marks: &[char]) -> Vec<String> {
    let digits: Vec<&str> = group.iter().map(|run| run.digits.as_str()).collect();
    let Some((last_mark, before)) = marks.split_last() else {
        return digits.iter().map(|digits| plain(digits, "")).collect();
    };
    let Some((last, leading)) = digits.split_last() else { return Vec::new() };
    let in_threes = |parts: &[&str]| parts.iter().skip(1).all(|part| part.len() == 3);
    let short = digits.first().is_some_and(|first| first.len() <= 3 && *first != "0");
    let alike = before.iter().all(|mark| mark == last_mark);
    if short && in_threes(&digits) && alike {
        return vec![plain(&digits.concat(), "")];
    }
    let is_decimal = matches!(last_mark, '.' | ',');
    let groups_alike = before.first().is_none_or(|first| before.iter().all(|mark| mark == first));
    let before_differs = before.first().is_none_or(|first| first != last_mark);
    if is_decimal && groups_alike && before_differs && in_threes(leading) {
        return vec![plain(&leading.concat(), last)];
    }
    // Dates, versions, scores.
    digits.iter().map(|digits| plain(digits, "")).collect()
}

/// Returns a number without noughts that do not count.
fn plain(whole: &str, decimals: &str) -> String {
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let decimals = decimals.trim_end_matches('0');
    if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
}

fn scaled(value: &str, noughts: u32) -> String {
    if noughts == 0 || value.len() > MAX_SCALED {
        return value.to_owned();
    }
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let mut decimals = decimals.chars();
    let mut all = whole.to_owned();
    for _ in 0..noughts {
        all.push(decimals.next().unwrap_or('0'));
    }
    plain(&all, decimals.as_str())
}

/// Returns the noughts of the scale behind a number, and where it ends: `3.5 million`, `$5m`.
fn suffix(text: &str, start: usize, end: usize, table: Option<&Table>) -> (u32, usize) {
    let rest = text.get(end..).unwrap_or_default();
    let next = rest.trim_start_matches([' ', '\u{a0}', '\u{202f}', '-', '\u{2011}']);
    let skipped = rest.len() - next.len();
    if let Some(c) = next.chars().next()
        && let Some((_, noughts)) = SCALE_SIGNS.iter().find(|(sign, _)| *sign == c)
    {
        return (*noughts, end + skipped + c.len_utf8());
    }
    let length = next.find(|c: char| !c.is_alphabetic()).unwrap_or(next.len());
    let Some(word) = next.get(..length).filter(|word| !word.is_empty() && skipped <= 4) else {
        return (0, end);
    };
    let before = text.get(..start).and_then(|before| before.chars().next_back());
    let is_money = before.is_some_and(|c| matches!(c, '$' | '€' | '£' | '¥'));
    let noughts = match (word, table.and_then(|table| table.get(&fold(word)))) {
        (_, Some(Worth::Scale(noughts))) => *noughts,
        ("m" | "M", _) if is_money && skipped == 0 => 6,
        ("b" | "B", _) if is_money && skipped == 0 => 9,
        ("k" | "K", _) if skipped == 0 => 3,
        _ => return (0, end),
    };
    (noughts, end + skipped + length)
}

/// Numbers in words, those that stand side by side as one where they make one.
fn in_words(text: &str, table: &Table, lang: &str) -> Vec<Number> {
    let mut found = Vec::new();
    let mut open: Option<Sum> = None;
    let mut last_end = 0;
    for word in words(text) {
        let gap = text.get(last_end..word.start).unwrap_or_default();
        let is_next = gap.chars().all(|c| c.is_whitespace() || c == '-' || c == '\u{2011}');
        last_end = word.end();
        if !is_next {
            found.extend(open.take().map(Sum::number));
        }
        let folded = fold(word.text);
        if open.is_some() && CONNECTORS.contains(&folded.as_str()) {
            continue;
        }
        let parts = worth(&folded, table);
        if parts.is_empty() {
            found.extend(open.take().map(Sum::number));
        }
        for part in parts {
            if let Some(sum) = &mut open
                && sum.add(part, lang)
            {
                sum.end = word.end();
                continue;
            }
            found.extend(open.take().map(Sum::number));
            open = Some(Sum::of(part, word.start, word.end()));
        }
    }
    found.extend(open.map(Sum::number));
    found
}

/// Returns what a word is worth; of a compound, what its parts are: `fünfundzwanzig`.
fn worth(folded: &str, table: &Table) -> Vec<Worth> {
    if let Some(worth) = table.get(folded) {
        return vec![*worth];
    }
    let mut parts = Vec::new();
    let mut rest = folded;
    while !rest.is_empty() {
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
        let mut known = ends.filter_map(|end| rest.split_at_checked(end));
        let found = known.find_map(|(head, tail)| Some((*table.get(head)?, tail)));
        if let Some((worth, tail)) = found.filter(|_| rest.len() <= MAX_SCALED) {
            parts.push(worth);
            rest = tail;
            continue;
        }
        let mut joints = CONNECTORS.iter().filter(|_| !parts.is_empty());
        let Some(tail) = joints.find_map(|joint| rest.strip_prefix(joint)) else {
            return Vec::new();
        };
        rest = tail;
    }
    parts
}

/// A number in words, as far as it is read.
struct Sum {
    /// Thousands and above, done with.
    done: u64,
    /// Under a thousand, still open.
    current: u64,
    is_bare: bool,
    noughts: u32,
    start: usize,
    end: usize,
}

impl Sum {
    fn of(worth: Worth, start: usize, end: usize) -> Self {
        let empty = Self { done: 0, current: 0, is_bare: false, noughts: 0, start, end };
        match worth {
            Worth::Plain(value) => Self { current: value, ..empty },
            Worth::Scale(2) => Self { current: 100, is_bare: true, noughts: 2, ..empty },
            Worth::Scale(noughts) => Self { done: power(noughts), is_bare: true, noughts, ..empty },
        }
    }

    /// Takes a further word in, unless it begins a number of its own.
    fn add(&mut self, worth: Worth, lang: &str) -> bool {
        let current = self.current;
        let next = match worth {
            Worth::Scale(2) if (2..100).contains(&current) => current * 100,
            Worth::Scale(noughts) if noughts > 2 && current > 0 => {
                let added = current.saturating_mul(power(noughts));
                self.done = self.done.saturating_add(added);
                self.noughts = noughts;
                0
            }
            Worth::Scale(noughts) if noughts > 2 && self.noughts == 3 && current == 0 => {
                self.done = self.done.saturating_mul(power(noughts));
                self.noughts = noughts;
                0
            }
            Worth::Plain(20) if lang == "fr" && current % 100 == 4 => current + 76,
            Worth::Plain(value) if fits(current, value, lang) => current + value,
            Worth::Scale(_) | Worth::Plain(_) => return false,
        };
        self.current = next;
        self.is_bare = false;
        true
    }

    fn number(self) -> Number {
        Number {
            value: (self.done.saturating_add(self.current)).to_string(),
            noughts: self.noughts,
            is_bare: self.is_bare,
            start: self.start,
            end: self.end,
        }
    }
}

fn fits(current: u64, value: u64, lang: &str) -> bool {
    let tens = current % 100;
    let after_tens = tens >= 20 && tens.is_multiple_of(10) && value < 10;
    let after_hundreds = tens == 0 && current > 0 && value < 100;
    // `einundzwanzig`, `vijfentwintig`: the ones stand first.
    let before_tens = matches!(lang, "de" | "nl")
        && (1..10).contains(&tens)
        && (20..100).contains(&value)
        && value.is_multiple_of(10);
    let in_twenties = lang == "fr" && matches!(tens, 60 | 80) && (10..20).contains(&value);
    current == 0 || after_tens || after_hundreds || before_tens || in_twenties
}

fn power(noughts: u32) -> u64 {
    10_u64.saturating_pow(noughts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lang: &str, text: &str, expected: &[&str]) {
        let found = numbers(text, Some(lang));
        assert_eq!(found.iter().map(|n| n.value.as_str()).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn spellings_of_one_number_meet() {
        for text in ["1,000", "1.000", "1'000", "1\u{202f}000", "1000", "１０００", "١٠٠٠", "١٬٠٠٠"]
        {
            check("en", text, &["1000"]);
        }
        check("fr", "1 000 000 euros", &["1000000"]);
        check("en", "1,234,567.50", &["1234567.5"]);
        check("de", "1.234.567,50", &["1234567.5"]);
        check("en", "3.5 and 3,5 and 3.50", &["3.5", "3.5", "3.5"]);
        check("en", "20% of the 20th, 0.125", &["20", "20", "0.125"]);
    }

    #[test]
    fn ranges_dates_and_times_are_several_numbers() {
        check("de", "am 2.5.2024 um 12:30 Uhr", &["2", "5", "2024", "12", "30"]);
        check("en", "2024-03-05, 10–20, G7", &["2024", "3", "5", "10", "20", "7"]);
        check("en", "in 2024 300 people", &["2024", "300"]);
    }

    #[test]
    fn scales_multiply() {
        check(
            "en",
            "3.5 million and $5bn and £2m and 2m",
            &["3500000", "5000000000", "2000000", "2"],
        );
        check("de", "3,5 Mio. Euro, 2 Milliarden", &["3500000", "2000000000"]);
        check("ru", "5 млн рублей", &["5000000"]);
        check("zh", "3万人和1.5亿", &["30000", "150000000"]);
    }

    #[test]
    fn words_are_numbers() {
        check("en", "twenty-five of three hundred and six", &["25", "306"]);
        check("en", "two thousand four hundred", &["2400"]);
        check("en", "three million, six", &["3000000", "6"]);
        check("de", "fünfundzwanzig, dreihundert, zwölf", &["25", "300", "12"]);
        check("fr", "quatre-vingt-dix-sept et soixante-douze", &["97", "72"]);
        check("es", "treinta y cinco", &["35"]);
        check("it", "venticinque e tremila", &["25", "3000"]);
        check("nl", "vijfentwintig", &["25"]);
        check("ru", "двадцать пять и трёх", &["25", "3"]);
        check("sv", "tjugofem", &["25"]);
        check("xx", "twenty", &[]);
        assert!(numbers("millions of people", Some("en"))[0].is_bare);
    }
}
