//! Quotations: where they stand, and whether a text says them to the letter.

use std::ops::Range;

/// The marks that open and close a quotation, outermost first in each script.
const PAIRS: &[(char, char)] = &[
    ('„', '“'),
    ('„', '”'),
    ('“', '”'),
    ('«', '»'),
    ('‹', '›'),
    ('「', '」'),
    ('『', '』'),
    ('《', '》'),
];

/// A quotation in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quotation {
    /// Bytes of what stands between the marks.
    pub(super) inside: Range<usize>,
    /// Bytes with the marks.
    pub(super) whole: Range<usize>,
    /// Whether the marks are single, as apostrophes are.
    pub(super) is_single: bool,
}

/// Returns the outermost quotations of a text, or that a mark has no partner.
pub(super) fn quotations(text: &str) -> Result<Vec<Quotation>, Unbalanced> {
    let mut scan = Scan::default();
    let mut before = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let after = characters.peek().map(|(_, c)| *c);
        if matches!(c, '‘' | '‚' | '’') {
            scan.single(c, at, after);
        } else {
            scan.double(c, at, before);
        }
        before = Some(c);
    }
    if scan.open.is_empty() { Ok(scan.found) } else { Err(Unbalanced) }
}

/// A quotation mark without its partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unbalanced;

#[derive(Default)]
struct Scan {
    /// Opening marks and where they stand.
    open: Vec<(char, usize)>,
    /// An opening single mark outside of other quotations.
    single: Option<usize>,
    found: Vec<Quotation>,
}

impl Scan {
    fn double(&mut self, c: char, at: usize, before: Option<char>) {
        let is_mark = c == '"' || PAIRS.iter().any(|(open, close)| c == *open || c == *close);
        if !is_mark {
            return;
        }
        if let Some((open, start)) = self.open.last().copied().filter(|(open, _)| closes(*open, c))
        {
            self.open.pop();
            if self.open.is_empty() {
                self.single = None;
                self.found.push(Quotation {
                    inside: start + open.len_utf8()..at,
                    whole: start..at + c.len_utf8(),
                    is_single: false,
                });
            }
            return;
        }
        // `5"`: inches, and not the beginning of anything.
        let is_inch = c == '"' && self.open.is_empty() && before.is_some_and(char::is_numeric);
        if !is_inch {
            self.open.push((c, at));
        }
    }

    /// Single marks are apostrophes as well: one without a partner is none.
    fn single(&mut self, c: char, at: usize, after: Option<char>) {
        if !self.open.is_empty() {
            return;
        }
        let is_in_word = after.is_some_and(char::is_alphanumeric);
        match (c, self.single) {
            ('‘' | '‚', None) if is_in_word => self.single = Some(at),
            // `‚so‘`, `‘so’`.
            ('’' | '‘', Some(start)) if !is_in_word => {
                self.single = None;
                self.found.push(Quotation {
                    inside: start + '‘'.len_utf8()..at,
                    whole: start..at + c.len_utf8(),
                    is_single: true,
                });
            }
            _ => {}
        }
    }
}

/// Returns whether a mark closes what another opened: `»so«` and `”so”` are written as well.
fn closes(open: char, close: char) -> bool {
    PAIRS.contains(&(open, close))
        || matches!((open, close), ('"', '"') | ('»', '«' | '»') | ('”', '”') | ('›', '‹'))
}

/// Returns the text without its quotations.
pub(super) fn unquoted(text: &str, quotations: &[Quotation]) -> String {
    let mut left = String::new();
    let mut from = 0;
    for quotation in quotations {
        left.push_str(text.get(from..quotation.whole.start).unwrap_or_default());
        left.push(' ');
        from = quotation.whole.end;
    }
    left.push_str(text.get(from..).unwrap_or_default());
    left
}

/// A text in which passages are looked up.
#[derive(Debug, Clone)]
pub(super) struct Letters {
    /// White space collapsed.
    flat: String,
    /// The same, all quotation marks alike; as many characters.
    alike: String,
}

impl Letters {
    /// Takes a text in.
    pub(super) fn of(text: &str) -> Self {
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { alike: alike(&flat), flat }
    }

    /// Returns the passage as the text writes it, if it stands there between words.
    pub(super) fn find(&self, passage: &str) -> Option<&str> {
        let passage = alike(&passage.split_whitespace().collect::<Vec<_>>().join(" "));
        if passage.is_empty() {
            return None;
        }
        let mut places = self.alike.match_indices(passage.as_str());
        let (at, _) = places.find(|(at, found)| is_whole(&self.alike, *at, found))?;
        let skipped = self.alike.get(..at)?.chars().count();
        let length = passage.chars().count();
        let mut bounds = self.flat.char_indices().map(|(at, _)| at).chain([self.flat.len()]);
        let start = bounds.nth(skipped)?;
        let end = bounds.nth(length.checked_sub(1)?)?;
        self.flat.get(start..end)
    }
}

/// Returns whether a passage neither begins nor ends within a word.
fn is_whole(text: &str, at: usize, found: &str) -> bool {
    let is_word = |c: Option<char>| {
        c.is_some_and(|c| c.is_alphanumeric() && !crate::text::is_ideograph(c) && !is_thai(c))
    };
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at + found.len()..).and_then(|after| after.chars().next());
    !(is_word(before) && is_word(found.chars().next())
        || is_word(after) && is_word(found.chars().next_back()))
}

fn is_thai(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}')
}

/// Returns the text with one glyph for all double marks and one for all single ones.
fn alike(text: &str) -> String {
    let one = |c: char| match c {
        '“' | '”' | '„' | '«' | '»' | '「' | '」' | '『' | '』' | '《' | '》' | '‟' => {
            '"'
        }
        '‘' | '’' | '‚' | '‹' | '›' | '`' | '´' | 'ʼ' => '\'',
        _ => c,
    };
    text.chars().map(one).collect()
}

/// Returns a quotation without the punctuation that its sentence put inside the marks.
pub(super) fn bare(quotation: &str) -> &str {
    let quotation = quotation.trim();
    quotation
        .trim_end_matches([',', '.', ';', ':', '!', '?', '…', '，', '。', '、', '！', '？'])
        .trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = quotations(text).expect("balanced");
        let found: Vec<&str> = found.iter().filter_map(|q| text.get(q.inside.clone())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn every_style_of_marks_is_known() {
        check("He said \"go on\" and “stay”.", &["go on", "stay"]);
        check("„Ja“, „Nein” und »Doch«", &["Ja", "Nein", "Doch"]);
        check("«oui» et « non »", &["oui", " non "]);
        check("他说「好」和『不』", &["好", "不"]);
        check("”ja” sa hon", &["ja"]);
        check("It’s ‘a fine day’ in the ’90s", &["a fine day"]);
        check("“outer ‘inner’ and «other» text”", &["outer ‘inner’ and «other» text"]);
        check("a 5\" pipe", &[]);
    }

    #[test]
    fn a_mark_without_partner_is_told() {
        for text in ["“no end", "\"one\" and \"two", "no start”", "«x"] {
            assert_eq!(quotations(text), Err(Unbalanced), "{text}");
        }
    }

    #[test]
    fn passages_are_found_to_the_letter_between_words() {
        let text = Letters::of("The “old\nwall” broke in the party hall.");
        assert_eq!(text.find("\"old wall\" broke"), Some("“old wall” broke"));
        assert_eq!(text.find("Old wall"), None);
        assert_eq!(text.find("art"), None);
        assert_eq!(text.find(" "), None);
        assert_eq!(Letters::of("他说很好。").find("很好"), Some("很好"));
    }
}
