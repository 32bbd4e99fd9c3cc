//! Words: cut by Unicode's rules, folded and stemmed, so that spellings of one word meet.

use std::borrow::Cow;

use rust_stemmers::Algorithm;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::language::primary;

/// A word as it stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'t> {
    /// As written.
    pub text: &'t str,
    /// Where it begins, in bytes.
    pub start: usize,
}

impl Word<'_> {
    /// Returns where it ends, in bytes.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Returns whether it begins with a capital letter.
    pub fn is_capitalised(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

/// Returns the words of a text in order; where words are not parted by spaces (Chinese,
/// Japanese), each pair of neighbouring characters is one, so that they can be compared.
pub fn words(text: &str) -> Vec<Word<'_>> {
    first_words(text, usize::MAX)
}

/// Returns the first words of a text as [`words`] does; the rest of it is not looked at.
pub fn first_words(text: &str, limit: usize) -> Vec<Word<'_>> {
    let mut found: Vec<Word<'_>> = Vec::new();
    for (start, word) in text.unicode_word_indices() {
        if found.len() >= limit {
            break;
        }
        if !is_one_ideograph(word) {
            found.push(Word { text: word, start });
            continue;
        }
        let next = start + word.len();
        let neighbour = text.get(next..).and_then(|rest| rest.chars().next());
        let length = match neighbour.filter(|c| is_ideograph(*c)) {
            Some(neighbour) => word.len() + neighbour.len_utf8(),
            // The last character of a run is part of the pair before it.
            None if found.last().is_some_and(|last| last.end() == next) => continue,
            None => word.len(),
        };
        found.extend(text.get(start..start + length).map(|pair| Word { text: pair, start }));
    }
    found
}

fn is_one_ideograph(word: &str) -> bool {
    let mut characters = word.chars();
    characters.next().is_some_and(is_ideograph) && characters.next().is_none()
}

/// Returns whether a character is of a script that does not part its words.
pub fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FA1F}')
}

/// Returns a word in lower case, without accents and apostrophe endings.
pub fn fold(word: &str) -> String {
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let lower = word.nfkd().filter(|c| !is_accent(*c)).collect::<String>().to_lowercase();
    lower.nfc().collect::<String>().replace('ß', "ss")
}

/// Returns whether a character only marks the one before it, in scripts that can do without.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// Reduces folded words of one language to their stems.
pub struct Stemmer(Option<rust_stemmers::Stemmer>);

impl Stemmer {
    /// Returns the stemmer of a language; words of an unknown one stay whole.
    pub fn of(lang: Option<&str>) -> Self {
        let algorithm = lang.and_then(|tag| match primary(tag).as_str() {
            "ar" => Some(Algorithm::Arabic),
            "da" => Some(Algorithm::Danish),
            "nl" => Some(Algorithm::Dutch),
            "en" => Some(Algorithm::English),
            "fi" => Some(Algorithm::Finnish),
            "fr" => Some(Algorithm::French),
            "de" => Some(Algorithm::German),
            "el" => Some(Algorithm::Greek),
            "hu" => Some(Algorithm::Hungarian),
            "it" => Some(Algorithm::Italian),
            "no" | "nb" | "nn" => Some(Algorithm::Norwegian),
            "pt" => Some(Algorithm::Portuguese),
            "ro" => Some(Algorithm::Romanian),
            "ru" => Some(Algorithm::Russian),
            "es" => Some(Algorithm::Spanish),
            "sv" => Some(Algorithm::Swedish),
            "tr" => Some(Algorithm::Turkish),
            _ => None,
        });
        Self(algorithm.map(rust_stemmers::Stemmer::create))
    }

    /// Returns the stem of a folded word.
    pub fn stem<'w>(&self, folded: &'w str) -> Cow<'w, str> {
        self.0.as_ref().map_or(Cow::Borrowed(folded), |stemmer| stemmer.stem(folded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = words(text).iter().map(|word| word.text).collect();
        assert_eq!(found, expected);
        for word in words(text) {
            assert_eq!(text.get(word.start..word.end()), Some(word.text));
        }
    }

    #[test]
    fn words_are_cut_by_unicodes_rules() {
        check("U.S. envoy — it's 3.5 km!", &["U.S", "envoy", "it's", "3.5", "km"]);
        check("", &[]);
        check("Привет, мир", &["Привет", "мир"]);
    }

    #[test]
    fn scripts_without_spaces_give_pairs() {
        check("東京都は", &["東京", "京都", "都は"]);
        check("猫", &["猫"]);
        check("東京 is big", &["東京", "is", "big"]);
    }

    #[test]
    fn spellings_of_one_word_meet() {
        assert_eq!(fold("Café’s"), "cafe");
        assert_eq!(fold("STRASSE"), fold("Straße"));
        assert_eq!(fold("İstanbul"), "istanbul");
        let english = Stemmer::of(Some("en-US"));
        assert_eq!(english.stem("negotiations"), english.stem("negotiation"));
        assert_eq!(Stemmer::of(Some("xx")).stem("negotiations"), "negotiations");
    }
}
