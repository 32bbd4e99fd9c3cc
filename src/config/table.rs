//! One TOML table, read key by key: each getter checks type and range, records what is wrong
//! and goes on with the default, so that one run finds every mistake.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{MISSING, Mistakes, suggestion};
use super::value;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// A table of the file that is being read.
pub(super) struct Table<'r, 't> {
    /// `fetch`, `log.modules`, `source`; empty for the document itself.
    name: String,
    entries: &'t DeTable<'t>,
    span: Range<usize>,
    known: Vec<String>,
    mistakes: &'r RefCell<Mistakes<'t>>,
}

impl<'r, 't> Table<'r, 't> {
    pub(super) fn new(
        name: impl Into<String>,
        entries: &'t DeTable<'t>,
        span: Range<usize>,
        mistakes: &'r RefCell<Mistakes<'t>>,
    ) -> Self {
        Self { name: name.into(), entries, span, known: Vec::new(), mistakes }
    }

    /// Returns the full name of one of its keys.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Records a mistake at one of its keys.
    pub(super) fn wrong(
        &self,
        span: &Range<usize>,
        key: &str,
        found: impl Into<String>,
        accepted: impl Into<String>,
    ) {
        self.mistakes.borrow_mut().add(span, &self.path(key), found, accepted);
    }

    fn get(&mut self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.known.push(key.to_owned());
        self.entries.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// Returns whether the key is written at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name.get_ref() == key)
    }

    fn expected(&self, value: &Spanned<DeValue<'_>>, key: &str, accepted: &str) {
        self.wrong(&value.span(), key, describe(value.get_ref()), accepted);
    }

    /// Returns a text, if one is given.
    pub(super) fn string(&mut self, key: &str) -> Option<Found<String>> {
        let value = self.get(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.expected(value, key, "a text in quotes is accepted");
            return None;
        };
        Some(Found { value: text.to_owned(), span: value.span() })
    }

    /// Returns a text that has to be given.
    pub(super) fn required(&mut self, key: &'static str, accepted: &str) -> Option<Found<String>> {
        let found = self.string(key);
        self.require(key, accepted);
        found
    }

    /// Records that a key is missing, if it is.
    pub(super) fn require(&self, key: &'static str, accepted: &str) {
        if !self.has(key) {
            self.wrong(&self.span(), key, MISSING, accepted);
        }
    }

    /// Returns a text that `read` understands, if one is given.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Found<T>> {
        let value = self.get(key)?;
        let result = value.get_ref().as_str().and_then(read);
        if result.is_none() {
            self.expected(value, key, accepted);
        }
        result.map(|result| Found { value: result, span: value.span() })
    }

    /// Returns a duration within the range, or the default.
    pub(super) fn duration(
        &mut self,
        key: &'static str,
        default: Duration,
        range: RangeInclusive<Duration>,
    ) -> Duration {
        self.duration_if_given(key, range).unwrap_or(default)
    }

    /// Returns a duration within the range, if one is given.
    pub(super) fn duration_if_given(
        &mut self,
        key: &'static str,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        self.get(key)?;
        let (low, high) =
            (value::print_duration(*range.start()), value::print_duration(*range.end()));
        let accepted =
            format!("a duration such as \"90s\", \"15m\" or \"7d\", from \"{low}\" to \"{high}\"");
        let read = |text: &str| value::duration(text).filter(|d| range.contains(d));
        self.parsed(key, &(accepted + ", is accepted"), read).map(|found| found.value)
    }

    /// Returns a size in bytes within the range, or the default.
    pub(super) fn size(
        &mut self,
        key: &'static str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> u64 {
        let (low, high) = (value::print_size(*range.start()), value::print_size(*range.end()));
        let accepted = format!("a size such as \"16MiB\", from \"{low}\" to \"{high}\"");
        let read = |text: &str| value::size(text).filter(|s| range.contains(s));
        self.parsed(key, &(accepted + ", is accepted"), read).map_or(default, |found| found.value)
    }

    /// Returns a whole number within the range, or the default.
    pub(super) fn integer<T>(
        &mut self,
        key: &'static str,
        default: T,
        range: RangeInclusive<T>,
    ) -> T
    where
        T: TryFrom<u64> + PartialOrd + std::fmt::Display + Copy,
    {
        let Some(value) = self.get(key) else { return default };
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|n| u64::from_str_radix(&n.as_str().replace('_', ""), n.radix()).ok())
            .and_then(|n| T::try_from(n).ok())
            .filter(|n| range.contains(n));
        if number.is_none() {
            let accepted =
                format!("a whole number from {} to {} is accepted", range.start(), range.end());
            self.expected(value, key, &accepted);
        }
        number.unwrap_or(default)
    }

    /// Returns a number within the range, or the default.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        default: f64,
        range: RangeInclusive<f64>,
    ) -> f64 {
        let Some(value) = self.get(key) else { return default };
        let text = match value.get_ref() {
            DeValue::Float(number) => Some(number.as_str()),
            DeValue::Integer(number) => Some(number.as_str()),
            _ => None,
        };
        let number = text.and_then(|t| t.parse().ok()).filter(|n| range.contains(n));
        if number.is_none() {
            let accepted =
                format!("a number from {} to {} is accepted", range.start(), range.end());
            self.expected(value, key, &accepted);
        }
        number.unwrap_or(default)
    }

    /// Returns `true` or `false`, or the default.
    pub(super) fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.get(key) else { return default };
        if value.get_ref().as_bool().is_none() {
            self.expected(value, key, "true or false is accepted");
        }
        value.get_ref().as_bool().unwrap_or(default)
    }

    /// Returns a list of texts; one text alone is a list of one.
    pub(super) fn strings(&mut self, key: &'static str) -> Vec<Found<String>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let accepted = "a list of texts in quotes is accepted";
        let values: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(list) => list.iter().collect(),
            _ => vec![value],
        };
        let mut texts = Vec::new();
        for value in values {
            match value.get_ref().as_str() {
                Some(text) => texts.push(Found { value: text.to_owned(), span: value.span() }),
                None => self.expected(value, key, accepted),
            }
        }
        texts
    }

    /// Returns one of a few words, or the default.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        default: T,
        choices: &[(&'static str, T)],
    ) -> T {
        self.choice_if_given(key, choices).unwrap_or(default)
    }

    /// Returns one of a few words, if one is given.
    pub(super) fn choice_if_given<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        self.get(key)?;
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let written = self.get(key).and_then(|value| value.get_ref().as_str()).unwrap_or_default();
        let near = suggestion(written, choices.iter().map(|(word, _)| *word));
        let near = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
        let accepted = format!("{} is accepted{near}", words.join(" or "));
        let read =
            |text: &str| choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
        self.parsed(key, &accepted, read).map(|found| found.value)
    }

    /// Returns a whole number or a text, for keys that take both.
    pub(super) fn number_or_word(
        &mut self,
        key: &'static str,
    ) -> Option<Found<Result<u32, String>>> {
        let value = self.get(key)?;
        let span = value.span();
        match value.get_ref() {
            DeValue::Integer(number) => {
                let number = u32::from_str_radix(&number.as_str().replace('_', ""), number.radix());
                let value = number.map_err(|e| e.to_string());
                Some(Found { value, span })
            }
            DeValue::String(text) => Some(Found { value: Err(text.to_string()), span }),
            other => Some(Found { value: Err(describe(other)), span }),
        }
    }

    /// Returns every key that is written, for tables whose keys are the operator's own.
    pub(super) fn keys(&self) -> Vec<Found<String>> {
        let keys = self
            .entries
            .iter()
            .map(|(name, _)| Found { value: name.get_ref().to_string(), span: name.span() });
        keys.collect()
    }

    /// Returns the table that stands under a key, if it is a table.
    pub(super) fn inner(&mut self, key: &str) -> Option<Self> {
        let value = self.entries.iter().find(|(name, _)| name.get_ref() == key)?.1;
        let table = value.get_ref().as_table()?;
        self.known.push(key.to_owned());
        Some(Self::new(self.path(key), table, value.span(), self.mistakes))
    }

    /// Knows a key without reading it.
    pub(super) fn skip(&mut self, key: &str) {
        self.known.push(key.to_owned());
    }

    /// Returns where a key's value stands, else where the table begins.
    pub(super) fn span_of(&self, key: &str) -> Range<usize> {
        let entry = self.entries.iter().find(|(name, _)| name.get_ref() == key);
        entry.map_or_else(|| self.span(), |(_, value)| value.span())
    }

    /// Returns how many mistakes are recorded so far.
    pub(super) fn mistakes(&self) -> usize {
        self.mistakes.borrow().len()
    }

    /// Returns a section, empty where the file has none.
    pub(super) fn section(&mut self, key: &'static str, none: &'t DeTable<'t>) -> Self {
        let mut entries = (none, self.span.clone());
        if let Some(value) = self.get(key) {
            if let Some(table) = value.get_ref().as_table() {
                entries = (table, value.span());
            } else {
                let accepted = format!("a section `[{}]` is accepted", self.path(key));
                self.expected(value, key, &accepted);
            }
        }
        Self::new(self.path(key), entries.0, entries.1, self.mistakes)
    }

    /// Returns the tables of a list such as `[[source]]`.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let accepted = format!("tables that each begin with `[[{key}]]` are accepted");
        self.tables_of(value, key, key, &accepted)
    }

    /// Returns the tables of a list, each read by a name of its own.
    pub(super) fn tables(&mut self, key: &'static str, accepted: &str) -> Vec<Self> {
        let Some(value) = self.get(key) else { return Vec::new() };
        self.tables_of(value, key, &self.path(key), accepted)
    }

    fn tables_of(
        &self,
        value: &'t Spanned<DeValue<'t>>,
        key: &str,
        name: &str,
        accepted: &str,
    ) -> Vec<Self> {
        let Some(list) = value.get_ref().as_array() else {
            match value.get_ref() {
                DeValue::Table(_) if self.name.is_empty() => {
                    self.wrong(&value.span(), key, format!("found `[{key}]`"), accepted);
                }
                _ => self.expected(value, key, accepted),
            }
            return Vec::new();
        };
        let mut tables = Vec::new();
        for value in list {
            match value.get_ref().as_table() {
                Some(table) => tables.push(Self::new(name, table, value.span(), self.mistakes)),
                None => self.expected(value, key, accepted),
            }
        }
        tables
    }

    /// Returns the place of a byte of a text, or of the text where it is written with escapes.
    pub(super) fn within(&self, found: &Found<String>, at: usize) -> Range<usize> {
        self.mistakes.borrow().within(&found.span, &found.value, at)
    }

    /// Returns where the table begins.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Records every key that no getter asked for.
    pub(super) fn finish(self) {
        let is_unknown = |name: &str| !self.known.iter().any(|known| known == name);
        let keys = self.entries.iter().map(|(name, _)| (name.span(), name.get_ref().to_string()));
        let unknown: Vec<_> = keys.filter(|(_, name)| is_unknown(name)).collect();
        self.mistakes.borrow_mut().keys(&self.name, self.known, unknown.into_iter());
    }
}

/// Returns what was found, in words: `the number 60`, `the text "soon"`.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => {
            let short: String = text.chars().take(60).collect();
            let dots = if short.len() < text.len() { "…" } else { "" };
            format!("found \"{short}{dots}\"")
        }
        DeValue::Integer(number) => format!("found the number {}", number.as_str()),
        DeValue::Float(number) => format!("found the number {}", number.as_str()),
        DeValue::Boolean(value) => format!("found {value}"),
        DeValue::Datetime(date) => format!("found the date {date}"),
        DeValue::Array(_) => "found a list".to_owned(),
        DeValue::Table(_) => "found a table".to_owned(),
    }
}
