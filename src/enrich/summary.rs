//! The leading sentences, less what publishing systems add.

use super::Article;
use crate::text::sentences;

/// A sentence that begins so is not about the story.
const BOILERPLATE: &[&str] = &[
    "read more",
    "continue reading",
    "click here",
    "sign up",
    "subscribe",
    "advertisement",
    "the post ",
    "this article originally",
    "this story originally",
    "photo:",
    "image:",
    "image credit",
    "photo by",
    "listen to",
    "watch:",
    "share this",
    "follow us",
    "comments url",
    "article url",
    "points:",
    "# comments",
    "weiterlesen",
    "lire la suite",
    "lire aussi",
    "leer más",
    "leggi anche",
    "lees meer",
    "submitted by",
    "related:",
    "copyright",
];
/// A last sentence shorter than this, in words, is a stub such as "By our staff".
const SHORTEST: usize = 3;

/// Returns up to `limit` sentences; a text that has no more is passed through.
pub(super) fn summary(article: &Article<'_>, limit: usize) -> Vec<String> {
    let all = sentences(article.text);
    if all.len() <= limit {
        return all;
    }
    let telling: Vec<String> = all
        .iter()
        .filter(|sentence| is_telling(sentence, article.title))
        .take(limit)
        .cloned()
        .collect();
    if telling.is_empty() { all.into_iter().take(limit).collect() } else { telling }
}

fn is_telling(sentence: &str, title: &str) -> bool {
    let lower = sentence.to_lowercase();
    let words = sentence.split_whitespace().count();
    let wide = sentence.chars().any(|c| c >= '\u{3000}');
    let is_title = lower.trim_end_matches('.') == title.to_lowercase().trim_end_matches('.');
    let is_address = lower.starts_with("http") && words == 1;
    !is_title
        && !is_address
        && (words >= SHORTEST || wide)
        && !BOILERPLATE.iter().any(|start| lower.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let article = Article { title: "The harbour wall", text, lang: Some("en") };
        assert_eq!(summary(&article, 2), expected);
    }

    #[test]
    fn the_leading_sentences_are_taken_verbatim() {
        check(
            "The wall broke on Friday. It will be rebuilt. Nobody was hurt.",
            &["The wall broke on Friday.", "It will be rebuilt."],
        );
    }

    #[test]
    fn what_publishing_systems_add_is_left_out() {
        check(
            "The harbour wall\nPhoto: J. Doe for us\nThe wall broke on Friday.\nRead more at our site.\nIt will be rebuilt.",
            &["The wall broke on Friday.", "It will be rebuilt."],
        );
    }

    #[test]
    fn a_short_text_passes_through() {
        check("Read more", &["Read more"]);
        check("", &[]);
    }
}
