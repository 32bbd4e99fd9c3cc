//! Words as a name that is written without quotes: `tech-news` of “Tech & News”.

use super::html::clean_chars;

/// Returns the words of a text in lower case with `-` between them, as many as fit into
/// `max_chars` characters; the first is cut if it does not fit. Nothing where there is no word.
pub fn slug(text: &str, max_chars: usize) -> String {
    let lower = clean_chars(text).to_lowercase();
    let mut slug = String::new();
    let mut chars = 0;
    for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if slug.is_empty() {
            slug.extend(word.chars().take(max_chars));
            chars = length.min(max_chars);
            continue;
        }
        if chars + 1 + length > max_chars {
            break;
        }
        slug.extend(["-", word]);
        chars += 1 + length;
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_as_far_as_they_fit() {
        for (text, expected) in [
            ("Tech & News!", "tech-news"),
            ("  The Register — Headlines  ", "the-register"),
            ("Überraschung", "überraschung"),
            ("東京の天気予報とニュース、それから", "東京の天気予報とニュース"),
            ("★ — ★", ""),
            ("", ""),
        ] {
            assert_eq!(slug(text, 12), expected);
        }
        assert_eq!(slug("unabridged words", 5), "unabr");
    }
}
