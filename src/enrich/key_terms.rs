//! Key terms: phrases of one to four words, ranked.

use std::collections::{BTreeMap, HashSet};

use super::{Article, is_grammar};
use crate::model::KeyTerm;
use crate::text::{Stemmer, Word, fold, rarity, words};

/// Words of an article that are read.
const MAX_WORDS: usize = 3000;
const MAX_PHRASE_WORDS: usize = 4;

/// Words that name a day, a month or a measure, and no subject.
const NEVER: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "today",
    "yesterday",
    "tomorrow",
    "million",
    "billion",
    "percent",
    "year",
    "years",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "hour",
    "hours",
    "minute",
    "minutes",
    "time",
    "people",
    "way",
    "thing",
    "things",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "januar",
    "februar",
    "märz",
    "mai",
    "juni",
    "juli",
    "oktober",
    "dezember",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "janvier",
    "février",
    "avril",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
    "lunes",
    "martes",
    "miércoles",
    "jueves",
    "viernes",
    "enero",
    "febrero",
    "prozent",
    "jahr",
    "jahre",
    "uhr",
    "http",
    "https",
    "www",
    "com",
];

/// A phrase that could be a key term.
#[derive(Debug)]
struct Phrase<'t> {
    text: &'t str,
    words: Vec<String>,
    score: f64,
    first: usize,
}

/// Returns the best phrases of an article, best first, unique ignoring case and endings.
pub(super) fn key_terms(article: &Article<'_>, lang: Option<&str>, limit: usize) -> Vec<KeyTerm> {
    let joined = format!("{}\n\n{}", article.title, article.text);
    let mut phrases = ranked(&joined, article.title.len(), lang);
    phrases.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.first.cmp(&b.first)));
    let best = phrases.first().map_or(1.0, |phrase| phrase.score);
    let mut chosen: Vec<Phrase<'_>> = Vec::new();
    for phrase in phrases {
        if chosen.len() >= limit {
            break;
        }
        if !chosen.iter().any(|other| overlaps(other, &phrase)) {
            chosen.push(phrase);
        }
    }
    let term = |phrase: Phrase<'_>| KeyTerm {
        term: phrase.text.split_whitespace().collect::<Vec<_>>().join(" "),
        score: libm::round(phrase.score / best * 100.0) / 100.0,
    };
    chosen.into_iter().map(term).collect()
}

/// Returns whether one phrase stands within the other.
fn overlaps(a: &Phrase<'_>, b: &Phrase<'_>) -> bool {
    let (short, long) = if a.words.len() < b.words.len() { (a, b) } else { (b, a) };
    long.words.windows(short.words.len().max(1)).any(|run| run == short.words.as_slice())
}

fn ranked<'t>(text: &'t str, title_end: usize, lang: Option<&str>) -> Vec<Phrase<'t>> {
    let stemmer = Stemmer::of(lang);
    let all: Vec<Word<'t>> = words(text).into_iter().take(MAX_WORDS).collect();
    let stems: Vec<String> =
        all.iter().map(|word| stemmer.stem(&fold(word.text)).into_owned()).collect();
    let mut seen: BTreeMap<&[String], (usize, Vec<usize>)> = BTreeMap::new();
    for (from, to) in spans(text, &all, lang) {
        if let Some(key) = stems.get(from..to) {
            seen.entry(key).or_insert_with(|| (to, Vec::new())).1.push(from);
        }
    }
    let score = |(key, (to, places)): (&[String], (usize, Vec<usize>))| {
        let from = *places.first()?;
        let (first, last) = (all.get(from)?, all.get(to - 1)?);
        let phrase = text.get(first.start..last.end())?;
        let count = f64::from(u32::try_from(places.len()).unwrap_or(u32::MAX));
        let rare: f64 = key.iter().map(|stem| rarity(stem)).sum();
        let length = f64::from(u32::try_from(key.len()).unwrap_or(1));
        let place = f64::from(u32::try_from(from).unwrap_or(u32::MAX));
        let early = 1.0 / (1.0 + place / 60.0);
        let in_title = places.iter().any(|p| all.get(*p).is_some_and(|w| w.end() <= title_end));
        let named = all.get(from..to)?.iter().all(Word::is_capitalised) && first.start > 0;
        let score = rare / libm::pow(length, 0.6)
            * (1.0 + libm::log(count))
            * (0.4 + early)
            * if in_title { 1.35 } else { 1.0 }
            * if named { 1.3 } else { 1.0 };
        Some(Phrase { text: phrase, words: key.to_vec(), score, first: from })
    };
    seen.into_iter().filter_map(score).collect()
}

/// Returns the runs of one to four telling words with nothing but a space between them.
fn spans(text: &str, all: &[Word<'_>], lang: Option<&str>) -> HashSet<(usize, usize)> {
    let telling: Vec<bool> = all.iter().map(|word| is_telling(word.text, lang)).collect();
    let joined = |at: usize| {
        let pair = all.get(at).zip(all.get(at + 1));
        pair.is_some_and(|(a, b)| {
            let between = text.get(a.end()..b.start);
            between.is_some_and(|b| b == " " || b == "-")
        })
    };
    let mut spans = HashSet::new();
    for from in 0..all.len() {
        for to in from + 1..=(from + MAX_PHRASE_WORDS).min(all.len()) {
            if !telling.get(to - 1).copied().unwrap_or(false) {
                break;
            }
            spans.insert((from, to));
            if !joined(to - 1) {
                break;
            }
        }
    }
    spans
}

fn is_telling(word: &str, lang: Option<&str>) -> bool {
    let lower = word.to_lowercase();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let wide = word.chars().all(|c| c >= '\u{3000}');
    (letters >= 3 || (letters == 2 && (wide || word.chars().all(char::is_uppercase))))
        && !is_grammar(word, lang)
        && !NEVER.contains(&lower.as_str())
        && !lower.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(title: &str, text: &str, lang: &str) -> Vec<String> {
        let article = Article { title, text, lang: Some(lang) };
        key_terms(&article, Some(lang), 6).into_iter().map(|term| term.term).collect()
    }

    #[test]
    fn names_and_repeated_phrases_come_first_and_stand_in_the_text() {
        let title = "Skerrow Strait cables to be guarded";
        let text = "Envoy Maren Solheim said on Monday that the seabed cables in the Skerrow Strait \
                    will be guarded. The seabed cables broke last winter.";
        let terms = found(title, text, "en");
        let all = format!("{title} {text}").to_lowercase();
        assert!(terms.iter().all(|term| all.contains(&term.to_lowercase())), "{terms:?}");
        assert!(terms.iter().take(3).any(|term| term.contains("Skerrow Strait")), "{terms:?}");
        assert!(terms.iter().any(|term| term.contains("Maren Solheim")), "{terms:?}");
        assert!(!terms.iter().any(|term| term.contains("Monday")), "{terms:?}");
    }

    #[test]
    fn one_term_is_not_given_twice() {
        let terms = found("Ferries", "Ferry. Ferries! The ferry. Harbour ferries.", "en");
        let with_ferry = terms.iter().filter(|t| t.to_lowercase().contains("ferr")).count();
        assert_eq!(with_ferry, 1, "{terms:?}");
    }

    #[test]
    fn no_text_has_no_terms() {
        assert!(found("", "", "en").is_empty());
        assert!(found("🚢🚢", "12 345 %", "en").is_empty());
    }

    #[test]
    fn scores_fall_from_one() {
        let article = Article {
            title: "Comet Ysolde brightens",
            text: "Comet Ysolde has brightened, observers in Lumenport report.",
            lang: Some("en"),
        };
        let terms = key_terms(&article, Some("en"), 6);
        assert!((terms[0].score - 1.0).abs() < 1e-9);
        assert!(terms.is_sorted_by(|a, b| a.score >= b.score));
    }
}
