//! Sentences: cut by Unicode's rules, then joined again where the full stop was an
//! abbreviation's.

use unicode_segmentation::UnicodeSegmentation;

/// Words whose full stop does not end a sentence, without it and in lower case.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "sen", "rep", "gov", "gen", "col", "lt", "sgt", "capt",
    "rev", "hon", "jr", "sr", "vs", "etc", "no", "inc", "ltd", "co", "corp", "dept", "est",
    "approx", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
    "u.s", "u.k", "u.n", "e.g", "i.e", "a.m", "p.m", "d.c", "z.b", "d.h", "bzw", "ca", "nr", "str",
    "usw", "evtl", "bspw", "hr", "fr", "m", "mm", "mme", "mlle", "sra", "dra", "ing", "av",
];

/// Returns the sentences of a plain text in order, white space collapsed.
///
/// A line break ends a sentence: headings and list items have no full stop.
pub fn sentences(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut open = String::new();
        for piece in line.unicode_sentences() {
            let piece: Vec<&str> = piece.split_whitespace().collect();
            if piece.is_empty() {
                continue;
            }
            if !open.is_empty() {
                open.push(' ');
            }
            open.push_str(&piece.join(" "));
            if !ends_in_abbreviation(&open) {
                found.push(std::mem::take(&mut open));
            }
        }
        if !open.is_empty() {
            found.push(open);
        }
    }
    found
}

fn ends_in_abbreviation(text: &str) -> bool {
    let Some(stem) = text.strip_suffix('.') else { return false };
    let word = stem.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(sentences(text), expected);
    }

    #[test]
    fn a_full_stop_ends_a_sentence_unless_it_is_an_abbreviations() {
        check("One. Two? Three!", &["One.", "Two?", "Three!"]);
        check("Dr. Abara met Sen. Lind. They spoke.", &["Dr. Abara met Sen. Lind.", "They spoke."]);
        check("The U.S. Senate voted. J. Doe left.", &["The U.S. Senate voted.", "J. Doe left."]);
        check("It rose 3.5 percent.", &["It rose 3.5 percent."]);
    }

    #[test]
    fn lines_and_other_scripts_end_sentences() {
        check("Heading\n\nBody  text here.", &["Heading", "Body text here."]);
        check("今日は晴れ。明日は雨。", &["今日は晴れ。", "明日は雨。"]);
        check(" \n ", &[]);
    }
}
