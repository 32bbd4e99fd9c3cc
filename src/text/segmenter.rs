//! Words as people read them, also in scripts that write them without spaces.

use std::sync::LazyLock;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use unicode_segmentation::UnicodeSegmentation;

/// Dictionaries of Chinese and Japanese, Thai, Lao, Khmer and Burmese.
static DICTIONARY: LazyLock<WordSegmenterBorrowed<'static>> =
    LazyLock::new(|| WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()));

/// Finds the words of a text: by Unicode's rules, and by a dictionary where there are no spaces.
///
/// Unlike [`super::words()`], which cuts such scripts into pairs that can be compared, it gives
/// words that can be shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Segmenter;

impl Segmenter {
    /// Returns the words in order, each with where it begins, in bytes.
    pub fn words<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        if !text.chars().any(needs_dictionary) {
            return text.unicode_word_indices().collect();
        }
        let mut words = Vec::new();
        let mut from = 0;
        for to in DICTIONARY.segment_str(text) {
            if let Some(word) = text.get(from..to)
                && word.chars().any(char::is_alphanumeric)
            {
                words.push((from, word));
            }
            from = to;
        }
        words
    }
}

fn needs_dictionary(c: char) -> bool {
    super::is_ideograph(c)
        || matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = Segmenter.words(text);
        assert_eq!(found.iter().map(|(_, word)| *word).collect::<Vec<_>>(), expected);
        assert!(
            found
                .iter()
                .all(|(at, word)| text.get(*at..).is_some_and(|rest| rest.starts_with(word)))
        );
    }

    #[test]
    fn words_are_found_with_and_without_spaces() {
        check("The harbour-wall isn't new.", &["The", "harbour", "wall", "isn't", "new"]);
        check("東京都の防災計画", &["東京", "都", "の", "防災", "計画"]);
        check("人民银行周五宣布 2.5%", &["人民", "银行", "周五", "宣布", "2.5"]);
        check("", &[]);
    }
}
