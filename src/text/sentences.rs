//! Sentences: cut by sentencex's rules for the language, and joined again where the full stop was
//! an abbreviation's or an ordinal's that those rules do not know.

use super::language::primary;

/// Words whose full stop does not end a sentence, without it and in lower case.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "sen", "rep", "gov", "gen", "col", "lt", "sgt", "capt",
    "rev", "hon", "jr", "sr", "vs", "inc", "ltd", "co", "corp", "dept", "est", "approx", "vol",
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "u.s",
    "u.k", "u.n", "e.g", "i.e", "z.b", "d.h", "bzw", "ca", "nr", "evtl", "bspw", "mme", "mlle",
    "sra", "dra", "ing",
];
/// Languages in which a number with a full stop is an ordinal: `der 2. Weltkrieg`.
const WITH_ORDINALS: &[&str] =
    &["de", "da", "no", "nb", "nn", "fi", "cs", "sk", "hu", "hr", "sr", "sl", "et", "is"];
/// A line that is shorter, in characters, was not broken for want of room.
const BROKEN_LINE: usize = 40;
/// A line is cut there, behind a space: one without full stops must not be one sentence, and
/// finding quotations in it takes time.
const LONGEST_BYTES: usize = 16_000;

/// Returns the sentences of a plain text in order, white space collapsed.
///
/// A line break ends a sentence, since headings and list items have no full stop; not so where the
/// line was full and the next goes on in lower case.
pub fn sentences(text: &str, lang: Option<&str>) -> Vec<String> {
    let lang = lang.map_or_else(|| "en".to_owned(), primary);
    let mut found = Vec::new();
    for paragraph in paragraphs(text) {
        for stretch in stretches(&paragraph) {
            sentences_of(stretch, &lang, &mut found);
        }
    }
    found
}

fn sentences_of(paragraph: &str, lang: &str, found: &mut Vec<String>) {
    let mut open = String::new();
    let mut pieces = sentencex::segment(lang, paragraph).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        let piece = piece.trim();
        if piece.is_empty() {
            continue;
        }
        if !open.is_empty() {
            open.push(' ');
        }
        open.push_str(piece);
        let next = pieces.peek().copied().unwrap_or_default();
        if !goes_on(&open, next, lang) {
            found.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        found.push(open);
    }
}

/// Returns the lines, white space collapsed, those that were broken for want of room in one.
fn paragraphs(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut is_full = false;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let line = words.join(" ");
        let in_lower_case = line.chars().next().is_some_and(char::is_lowercase);
        match all.last_mut().filter(|_| is_full && in_lower_case) {
            Some(last) => {
                last.push(' ');
                last.push_str(&line);
            }
            None if line.is_empty() => {}
            None => all.push(line.clone()),
        }
        let ends = line.ends_with(['.', '!', '?', ':', ';', '"', '”', '»', '…']);
        is_full = !ends && line.chars().nth(BROKEN_LINE).is_some();
    }
    all
}

/// Cuts what is too long for one sentence, behind spaces.
fn stretches(paragraph: &str) -> Vec<&str> {
    let mut stretches = Vec::new();
    let mut rest = paragraph;
    while rest.len() > LONGEST_BYTES {
        let at = rest.floor_char_boundary(LONGEST_BYTES);
        let head = rest.get(..at).unwrap_or_default();
        let at = head.rfind(' ').map_or(at, |space| space + 1);
        let (head, tail) = rest.split_at(at);
        stretches.push(head);
        rest = tail;
    }
    stretches.push(rest);
    stretches
}

/// Returns whether the full stop that a text ends with ends no sentence.
fn goes_on(text: &str, next: &str, lang: &str) -> bool {
    let Some(stem) = text.strip_suffix('.') else { return false };
    if next.is_empty() || text.len() > LONGEST_BYTES {
        return false;
    }
    let word = stem.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let is_ordinal = WITH_ORDINALS.contains(&lang)
        && (1..=2).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_digit());
    initial || is_ordinal || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(sentences(text, Some("en")), expected);
    }

    #[test]
    fn a_full_stop_ends_a_sentence_unless_it_is_an_abbreviations() {
        check("One. Two? Three!", &["One.", "Two?", "Three!"]);
        check("Dr. Abara met Sen. Lind. They spoke.", &["Dr. Abara met Sen. Lind.", "They spoke."]);
        check("The U.S. Senate voted. J. Doe left.", &["The U.S. Senate voted.", "J. Doe left."]);
        check("It rose 3.5 percent. It fell.", &["It rose 3.5 percent.", "It fell."]);
        check(
            "They met at 5 p.m. on Friday in Vol. 3 of it.",
            &["They met at 5 p.m. on Friday in Vol. 3 of it."],
        );
    }

    #[test]
    fn a_quotation_stays_whole() {
        check(
            "“It broke. We ran,” she said. He stayed.",
            &["“It broke. We ran,” she said.", "He stayed."],
        );
    }

    #[test]
    fn an_ordinal_goes_on_where_numbers_have_full_stops() {
        let text = "Der 2. Weltkrieg begann am 1. September. Er dauerte lange.";
        let expected = ["Der 2. Weltkrieg begann am 1. September.", "Er dauerte lange."];
        assert_eq!(sentences(text, Some("de-AT")), expected);
    }

    #[test]
    fn lines_and_other_scripts_end_sentences() {
        check("Heading\n\nBody  text here.", &["Heading", "Body text here."]);
        let japanese = sentences("今日は晴れ。明日は雨。", Some("ja"));
        assert_eq!(japanese, ["今日は晴れ。", "明日は雨。"]);
        assert_eq!(sentences("هل سيعود؟ نعم!", Some("ar")), ["هل سيعود؟", "نعم!"]);
        check(" \n ", &[]);
    }

    #[test]
    fn a_line_that_was_broken_for_want_of_room_goes_on() {
        let text = "The harbour wall, which had stood for ninety\nyears, broke on Friday.\nList";
        check(
            text,
            &["The harbour wall, which had stood for ninety years, broke on Friday.", "List"],
        );
    }

    #[test]
    fn a_text_without_full_stops_is_cut_and_nothing_is_lost() {
        for unit in ["a “b ", "x (", "1. ", "Dr. ", "é", "… ", "\" "] {
            let text = unit.repeat(40_000 / unit.len());
            let found = sentences(&text, Some("en"));
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(squeezed(&found.concat()), squeezed(&text), "{unit}");
        }
    }
}
