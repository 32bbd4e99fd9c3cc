//! A title for a brief that has none: its summary's first sentence.

use super::inline::collapse;

/// The longest derived title, in characters.
const MAX_TITLE_CHARS: usize = 100;

/// Returns the first sentence of `summary`, cut at 100 characters at a word.
pub(super) fn derive(summary: &str) -> String {
    let paragraph = collapse(summary.split("\n\n").next().unwrap_or(summary));
    let sentence = first_sentence(&paragraph);
    let Some((limit, _)) = sentence.char_indices().nth(MAX_TITLE_CHARS) else {
        return sentence.trim().to_owned();
    };
    let (head, rest) = sentence.split_at_checked(limit).unwrap_or((sentence, ""));
    if rest.starts_with(char::is_whitespace) {
        return head.trim().to_owned();
    }
    // A script without spaces is cut where the limit is.
    let word = head.rfind(char::is_whitespace).and_then(|end| head.get(..end)).unwrap_or(head);
    word.trim().to_owned()
}

fn first_sentence(text: &str) -> &str {
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let ends = match c {
            '。' | '！' | '？' | '।' => true,
            '.' | '!' | '?' | '…' | '؟' => {
                let after = text.get(end..).unwrap_or_default();
                let quoted = after.trim_start_matches(['”', '"', '’', '»', ')']);
                let spaced = quoted.starts_with(char::is_whitespace);
                spaced && !(c == '.' && is_abbreviation(text.get(..at).unwrap_or_default(), quoted))
            }
            _ => false,
        };
        if ends {
            let after = text.get(end..).unwrap_or_default();
            let closing =
                after.len() - after.trim_start_matches(['”', '"', '’', '»', ')', '」', '』']).len();
            return text.get(..end + closing).unwrap_or(text);
        }
    }
    text
}

/// Returns whether the full stop after `before` belongs to a short form: `U.S.`, `J.`, `Dr.`, or
/// a word that a lower-case one follows.
fn is_abbreviation(before: &str, after: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let letter = word.chars().count() == 1 && word.starts_with(char::is_alphabetic);
    let short = [
        "Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Sen", "Rep", "Gov", "Gen", "Lt", "Col", "Sgt",
        "Jr", "Sr", "No", "vs", "Inc", "Ltd", "Co", "Corp", "approx", "Mt",
    ];
    let goes_on = after.trim_start().starts_with(char::is_lowercase);
    letter || word.contains('.') || short.contains(&word) || goes_on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(summary: &str, expected: &str) {
        assert_eq!(derive(summary), expected);
    }

    #[test]
    fn the_first_sentence_is_taken() {
        check("It rains. It pours.", "It rains.");
        check("It rains\n\nIt pours.", "It rains");
        check("U.S. envoy J. Doe met Dr. Roe. They spoke.", "U.S. envoy J. Doe met Dr. Roe.");
        check("“Does it rain?” It does.", "“Does it rain?”");
        check("下雨了。刮风了。", "下雨了。");
        check("Up 3.5 percent", "Up 3.5 percent");
    }

    #[test]
    fn a_long_sentence_is_cut_at_a_word() {
        check(&"word ".repeat(30), "word ".repeat(20).trim());
        check(&"x".repeat(150), &"x".repeat(100));
        check(&format!("{} y", "x".repeat(100)), &"x".repeat(100));
        assert!(derive(&"long-words ".repeat(30)).chars().count() <= 100);
    }
}
