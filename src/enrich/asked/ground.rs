//! What an answer can stand on, and the first thing in a text of it that does not.

use std::collections::HashSet;

use super::calendar;
use super::commands::{speaks_as_model, unclean};
use super::counting::count;
use super::names::{Vocabulary, is_caseless};
use super::numbers::{Number, digit, numbers};
use super::quotations::{Letters, Quotation, bare, quotations, unquoted};
use super::reading::Reading;
use crate::enrich::lexicon::Lexicon;
use crate::text::{Segmenter, fold, is_ideograph, primary, settle_language, words};

/// Words of a quotation in single marks; less is a word set apart.
const LEAST_SINGLE: usize = 2;
/// Bytes between two numbers that share a scale: `3 to 5 million`.
const RANGE_BYTES: usize = 8;

/// The source, taken apart.
pub(super) struct Ground {
    /// Of the answer.
    pub(super) wanted: Option<String>,
    /// Title and text.
    pub(super) text: String,
    /// Title and text, for quotations.
    pub(super) letters: Letters,
    pub(super) words: Vocabulary,
    is_translated: bool,
    values: HashSet<String>,
    /// The noughts of the scales that are named.
    scales: HashSet<u32>,
    days: HashSet<usize>,
    signs: HashSet<char>,
}

impl Ground {
    /// Takes a source apart.
    pub(super) fn of(reading: &Reading) -> Self {
        let text = format!("{}\n{}", reading.title, reading.text());
        let lang = reading.lang.as_deref();
        let all = numbers(&text, lang);
        let of_lang = |tag: &Option<String>| tag.as_deref().map(primary);
        Self {
            wanted: reading.wanted.clone(),
            letters: Letters::of(&text),
            words: Vocabulary::of(&text, lang),
            is_translated: of_lang(&reading.wanted) != of_lang(&reading.lang),
            values: values(&all),
            scales: all
                .iter()
                .map(|number| number.noughts)
                .filter(|noughts| *noughts > 0)
                .collect(),
            days: days(&text, lang, true).into_iter().map(|(day, _)| day).collect(),
            signs: signs(&text).collect(),
            text,
        }
    }

    /// Returns what a text of an answer says that the source does not, or how it is no prose.
    pub(super) fn fault(&self, text: &str) -> Option<String> {
        if let Some(why) = unclean(text) {
            return Some(why.to_owned());
        }
        let Ok(quoted) = quotations(text) else {
            return Some("a quotation mark has no partner".to_owned());
        };
        if speaks_as_model(&unquoted(text, &quoted)) {
            return Some("the model speaks of itself".to_owned());
        }
        let wanted = self.wanted.as_deref();
        self.misquoted(text, &quoted)
            .or_else(|| self.miscounted(text))
            .or_else(|| self.misdated(text))
            .or_else(|| self.words.invented(text, wanted, self.is_translated))
            .map(|word| lacking(&word))
    }

    fn misquoted(&self, text: &str, quoted: &[Quotation]) -> Option<String> {
        let mut told = quoted.iter().filter_map(|quotation| {
            let inside = text.get(quotation.inside.clone())?;
            (!quotation.is_single || count(inside) >= LEAST_SINGLE).then_some(inside)
        });
        told.find(|inside| self.letters.find(bare(inside)).is_none()).map(str::to_owned)
    }

    fn miscounted(&self, text: &str) -> Option<String> {
        let all = numbers(text, self.wanted.as_deref());
        let is_told = |number: &&Number| {
            self.values.contains(&number.value)
                || number.is_bare && self.scales.contains(&number.noughts)
        };
        let wrong = all.iter().find(|number| !is_told(number));
        let wrong = wrong.and_then(|number| text.get(number.start..number.end));
        let sign = signs(text).find(|sign| !self.signs.contains(sign));
        wrong.map(str::to_owned).or_else(|| sign.map(String::from))
    }

    fn misdated(&self, text: &str) -> Option<String> {
        let mut all = days(text, self.wanted.as_deref(), false).into_iter();
        all.find(|(day, _)| !self.days.contains(day)).map(|(_, word)| word)
    }

    /// Returns the language of a text, if it plainly is another one than the wanted.
    pub(super) fn other_language(&self, text: &str) -> Option<(String, String)> {
        let wanted = self.wanted.clone()?;
        let found = settle_language(Some(&wanted), "", text)?;
        (primary(&found) != primary(&wanted)).then_some((wanted, found))
    }

    /// Returns whether at least half of what a text speaks of stands in the source.
    ///
    /// Of a translation nothing can be said.
    pub(super) fn bears_on(&self, text: &str) -> bool {
        if self.is_translated {
            return true;
        }
        let lexicon = Lexicon::of(self.wanted.as_deref());
        let (mut all, mut known) = (0_usize, 0_usize);
        let mut tell = |is_known: bool| {
            all += 1;
            known += usize::from(is_known);
        };
        if text.chars().any(|c| is_ideograph(c) || matches!(c, '\u{e00}'..='\u{eff}')) {
            let pieces = Segmenter.words(text);
            let told = pieces.iter().filter(|(_, word)| word.chars().count() > 1);
            told.for_each(|(_, word)| tell(self.words.holds(word)));
        } else {
            for word in words(text) {
                let lower = word.text.to_lowercase();
                let is_content = lower.chars().count() > 2 && !lexicon.is_stop(&lower);
                if is_content && !lower.chars().any(|c| digit(c).is_some()) {
                    let inside = is_caseless(&lower) && self.words.holds(arabic_core(&lower));
                    tell(inside || self.words.knows(word.text));
                }
            }
        }
        known * 2 >= all
    }
}

/// Returns the reason that names what is not in the source.
pub(super) fn lacking(what: &str) -> String {
    let shown: String = what.chars().take(80).collect();
    format!("\"{shown}\" does not stand in the source")
}

/// Returns an Arabic word without its article.
fn arabic_core(word: &str) -> &str {
    let core = ["وال", "بال", "ال", "لل"].iter().find_map(|article| word.strip_prefix(article));
    core.filter(|core| core.chars().count() > 2).unwrap_or(word)
}

/// Returns what numbers are worth, those before a range's scale also with it.
fn values(all: &[Number]) -> HashSet<String> {
    let mut values: HashSet<String> = all.iter().map(|number| number.value.clone()).collect();
    for pair in all.windows(2) {
        let [first, second] = pair else { continue };
        let is_range = second.start.saturating_sub(first.end) <= RANGE_BYTES;
        if first.noughts == 0 && second.noughts > 0 && is_range {
            values.insert(first.times(second.noughts));
        }
    }
    values
}

/// Returns fractions and the like, which are compared as they stand: `½`, `Ⅳ`.
fn signs(text: &str) -> impl Iterator<Item = char> {
    let is_raised = |c: char| matches!(c, '²' | '³' | '¹' | '\u{2070}'..='\u{209f}');
    text.chars().filter(move |c| {
        c.is_numeric() && digit(*c).is_none() && !is_ideograph(*c) && !is_raised(*c)
    })
}

/// Returns the days and months that a text names, each with the word that does.
///
/// `May` and `march` are also other words: an answer is not held to them unless they are written
/// as names, and a source may mean the month by them however they are written.
fn days(text: &str, lang: Option<&str>, is_source: bool) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut tell = |day: usize, word: &str| found.push((day, word.to_owned()));
    for word in words(text) {
        for name in hyphened(text, word.start, word.end()) {
            let folded = fold(name);
            let Some(day) = calendar::named(&folded, lang) else { continue };
            let is_doubtful = calendar::is_doubtful(&folded, lang);
            let before = text.get(..word.start).unwrap_or_default().trim_end();
            let opens = before.is_empty() || before.ends_with(['.', '!', '?', ':', '“', '"']);
            let is_written_as_name = word.is_capitalised() && !opens;
            if is_source || !is_doubtful || is_written_as_name {
                tell(day, name);
            }
        }
    }
    for (day, name) in calendar::unparted(text) {
        tell(day, name);
    }
    found
}

/// Returns a word, and with what stands behind its hyphen: `segunda-feira`.
fn hyphened(text: &str, start: usize, end: usize) -> impl Iterator<Item = &str> {
    let rest = text.get(end..).unwrap_or_default();
    let tail = rest
        .strip_prefix('-')
        .map(|tail| tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len()) + '-'.len_utf8());
    let long = tail.and_then(|tail| text.get(start..end + tail));
    text.get(start..end).into_iter().chain(long)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::asked::{Manner, Subject};

    #[track_caller]
    fn check(lang: &str, source: &str, answer: &str, expected: Option<&str>) {
        let subject = Subject { title: "", text: source, lang: Some(lang), url: None, links: &[] };
        let ground = Ground::of(&Reading::of(&subject, &Manner::of("m")));
        let expected = expected.map(lacking);
        assert_eq!(ground.fault(answer), expected, "{answer}");
    }

    #[test]
    fn numbers_stand_in_the_source_however_they_are_written() {
        let source =
            "Some 1,000 people and three dogs left; 3 to 5 million euros were lost, 20 % of all.";
        check("en", source, "It was 1000 people, 3 dogs and 3 million euros: 20%.", None);
        check("en", source, "It was three million or five million, and millions more.", None);
        check("en", source, "It was 1,001 people.", Some("1,001"));
        check("en", source, "It was four dogs.", Some("four"));
        check("en", source, "It was 20 million euros.", Some("20 million"));
        check("en", source, "It was ½ of all.", Some("½"));
    }

    #[test]
    fn days_stand_in_the_source() {
        let source = "The wall broke on Friday, 3 Nov, and may break again.";
        check("en", source, "On Friday, in November, it broke.", None);
        check("en", source, "It may break.", None);
        check("en", source, "It broke on Monday.", Some("Monday"));
        check(
            "pt",
            "O muro caiu na segunda-feira.",
            "O muro caiu na terça-feira.",
            Some("terça-feira"),
        );
        check("zh", "防波堤周五倒塌。", "防波堤周一倒塌。", Some("周一"));
        check("ar", "انهار الجدار يوم الجمعة", "انهار الجدار يوم الأحد", Some("الأحد"));
    }

    #[test]
    fn quotations_stand_in_the_source_to_the_letter() {
        let source = "“It is gone,” she said. 他说「墙倒了」。";
        check("en", source, "She said: \"It is gone.\"", None);
        check("en", source, "She said “it was gone”.", Some("it was gone"));
        check("zh", source, "他说『墙倒了』。", None);
        check("zh", source, "他说『墙没倒』。", Some("墙没倒"));
    }
}
