//! The words of a source, and whether the names of an answer stand among them.

use std::collections::{HashMap, HashSet};

use super::calendar;
use crate::enrich::lexicon::Lexicon;
use crate::text::{Stemmer, fold, is_ideograph, primary, words};

/// Words between the two of a full name: `Maria del Carmen Ruiz`.
const NAME_REACH: usize = 3;
/// The longest name that is looked for behind its initials.
const MAX_INITIALS: usize = 6;
/// Languages whose words change at their ends more than our stemmers undo, if there is one.
const INFLECTED: &[&str] = &[
    "ru", "uk", "be", "bg", "pl", "cs", "sk", "hr", "sr", "sl", "bs", "mk", "lt", "lv", "et", "fi",
    "hu", "tr", "el", "ro",
];
/// Languages that write common nouns with a capital.
const WITH_CAPITAL_NOUNS: &[&str] = &["de", "lb", "nds", "als"];
/// Words in front of a name whose full stop ends no sentence.
const TITLES: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "sen", "rep", "gov", "gen", "st", "lt", "col", "sgt", "capt",
    "rev", "mme",
];
/// Short names and the words of the long ones.
const SHORT: &[(&str, &[&str])] = &[
    ("united", &["us", "usa", "uk", "un", "uae"]),
    ("states", &["us", "usa"]),
    ("kingdom", &["uk"]),
    ("nations", &["un"]),
    ("european", &["eu"]),
    ("union", &["eu"]),
];

/// The words of a source.
pub(super) struct Vocabulary {
    seen: Vec<Seen>,
    /// Where in `seen` each stem stands.
    places: HashMap<String, Vec<usize>>,
    /// Words without the marks within: `us` of `U.S.`.
    squeezed: HashSet<String>,
    /// Of runs of names: `ecb` of `European Central Bank`.
    initials: HashSet<String>,
    stemmer: Stemmer,
    is_inflected: bool,
    /// The whole text folded: for scripts without word borders.
    lower: String,
    latin: usize,
    letters: usize,
}

/// A word of the source.
struct Seen {
    stem: String,
    start: usize,
    end: usize,
    /// It has a capital and carries more than grammar.
    is_name: bool,
    /// Nothing but a space parts it from the next.
    is_joined: bool,
}

impl Vocabulary {
    /// Takes in the words of a text.
    pub(super) fn of(text: &str, lang: Option<&str>) -> Self {
        let lexicon = Lexicon::of(lang);
        let letters = text.chars().filter(|c| c.is_alphabetic());
        let mut made = Self {
            seen: Vec::new(),
            places: HashMap::new(),
            squeezed: HashSet::new(),
            initials: HashSet::new(),
            stemmer: Stemmer::of(lang),
            is_inflected: lang.is_some_and(|lang| INFLECTED.contains(&primary(lang).as_str())),
            lower: text.to_lowercase(),
            latin: text.chars().filter(|c| is_latin(*c)).count(),
            letters: letters.count(),
        };
        for word in words(text) {
            let folded = folded(word.text);
            for part in parts(&folded) {
                made.place(part);
            }
            made.squeezed.insert(squeezed(&folded));
            let stem = made.stemmer.stem(&folded).into_owned();
            let is_name = word.is_capitalised() && !lexicon.is_stop(&word.text.to_lowercase());
            let is_joined = text.get(word.end()..).is_some_and(|rest| {
                let mut next = rest.chars();
                next.next() == Some(' ') && next.next().is_some_and(char::is_alphanumeric)
            });
            made.place(&folded);
            made.seen.push(Seen { stem, start: word.start, end: word.end(), is_name, is_joined });
        }
        made.note_initials(text);
        made
    }

    fn place(&mut self, folded: &str) {
        let stem = self.stemmer.stem(folded).into_owned();
        self.places.entry(stem).or_default().push(self.seen.len());
    }

    fn note_initials(&mut self, text: &str) {
        for at in 0..self.seen.len() {
            let mut initials = String::new();
            for seen in self.seen.iter().skip(at).take(MAX_INITIALS + 3) {
                let word = text.get(seen.start..seen.end).unwrap_or_default();
                if !seen.is_name && (initials.is_empty() || word.chars().count() > 3) {
                    break;
                }
                initials.extend(word.chars().next().filter(|_| seen.is_name));
                let count = initials.chars().count();
                if (2..=MAX_INITIALS).contains(&count) && seen.is_name {
                    self.initials.insert(initials.to_lowercase());
                }
            }
        }
    }

    /// Returns whether a word stands in the source, whatever its case, accents and ending.
    pub(super) fn knows(&self, word: &str) -> bool {
        let folded = folded(word);
        self.places.contains_key(&*self.stemmer.stem(&folded))
            || self.squeezed.contains(&squeezed(&folded))
            || self.knows_parts(&folded)
            || self.is_inflected
                && self.seen.iter().any(|seen| differ_in_ending(&seen.stem, &folded))
    }

    /// Returns whether each part of a word with an apostrophe does: `d’Emmanuel`.
    fn knows_parts(&self, folded: &str) -> bool {
        let mut told = parts(folded).filter(|part| part.chars().count() > 1).peekable();
        folded.contains('\'')
            && told.peek().is_some()
            && told.all(|part| self.places.contains_key(&*self.stemmer.stem(part)))
    }

    /// Returns whether a name does, also by its initials.
    fn knows_name(&self, word: &str) -> bool {
        let short = squeezed(&folded(word));
        let is_acronym = word.chars().filter(|c| c.is_uppercase()).count() > 1;
        self.knows(word)
            || is_acronym && self.initials.contains(&short)
            || SHORT.iter().any(|(long, short_names)| {
                *long == short && short_names.iter().any(|name| self.squeezed.contains(*name))
            })
    }

    /// Returns whether a word in a script without word borders stands in the source.
    pub(super) fn holds(&self, piece: &str) -> bool {
        self.lower.contains(&piece.to_lowercase())
    }

    /// Returns where in the source a phrase stands, word by word by their stems: its bytes.
    pub(super) fn phrase(&self, phrase: &str) -> Vec<(usize, usize)> {
        let stems: Vec<String> = words(phrase)
            .iter()
            .map(|word| self.stemmer.stem(&folded(word.text)).into_owned())
            .collect();
        if stems.is_empty() {
            return Vec::new();
        }
        let windows = self.seen.windows(stems.len());
        let found =
            windows.filter(|window| window.iter().zip(&stems).all(|(s, stem)| s.stem == *stem));
        found.filter_map(|window| Some((window.first()?.start, window.last()?.end))).collect()
    }

    /// Returns the stems of a phrase, parted by spaces.
    pub(super) fn stems(&self, phrase: &str) -> String {
        let stem = |word: &str| self.stemmer.stem(&folded(word)).into_owned();
        words(phrase).iter().map(|word| stem(word.text)).collect::<Vec<_>>().join(" ")
    }

    /// Returns whether two names that both stand in the source never do so together, and each only
    /// within other full names: `Jane Brown` of `Jane Smith` and `John Brown`.
    fn is_spliced(&self, first: &str, second: &str) -> bool {
        let places = |word: &str| {
            self.places.get(&*self.stemmer.stem(&folded(word))).map_or(&[][..], Vec::as_slice)
        };
        let (a, b) = (places(first), places(second));
        let is_near = |a: &usize| b.iter().any(|b| a.abs_diff(*b) <= NAME_REACH);
        if a.is_empty() || b.is_empty() || a.iter().any(is_near) {
            return false;
        }
        // What stands before several names is an office: `President`.
        let followers: HashSet<&str> = a.iter().filter_map(|at| self.follower(*at)).collect();
        let precursors: HashSet<&str> = b.iter().filter_map(|at| self.precursor(*at)).collect();
        let is_full = |at: &usize| self.follower(*at).or_else(|| self.precursor(*at)).is_some();
        followers.len() < 2
            && precursors.len() < 2
            && a.iter().all(is_full)
            && b.iter().all(is_full)
    }

    /// Returns the name that a name is followed by.
    fn follower(&self, at: usize) -> Option<&str> {
        let this = self.seen.get(at).filter(|seen| seen.is_name && seen.is_joined);
        let next = self.seen.get(at + 1).filter(|next| next.is_name && this.is_some());
        next.map(|next| next.stem.as_str())
    }

    fn precursor(&self, at: usize) -> Option<&str> {
        let before = at.checked_sub(1)?;
        self.follower(before)?;
        self.seen.get(before).map(|seen| seen.stem.as_str())
    }

    /// Returns the first name of an answer's text, in the language `lang`, that the source lacks.
    pub(super) fn invented(
        &self,
        text: &str,
        lang: Option<&str>,
        is_translated: bool,
    ) -> Option<String> {
        if is_caseless(text) {
            let mut latin = words(text).into_iter().filter(|word| is_latin_word(word.text));
            return latin.find(|word| !self.knows_name(word.text)).map(|word| word.text.to_owned());
        }
        if lang.is_some_and(|lang| WITH_CAPITAL_NOUNS.contains(&primary(lang).as_str())) {
            return None;
        }
        let lexicon = Lexicon::of(lang);
        let mut last: Option<(usize, &str)> = None;
        for word in words(text) {
            let lower = word.text.to_lowercase();
            if !is_name(text, word.start, word.text) || lexicon.is_stop(&lower) {
                let begins = word.is_capitalised() && !lexicon.is_stop(&lower);
                last = begins.then_some((word.end(), word.text));
                continue;
            }
            let is_day = calendar::named(&folded(word.text), lang).is_some();
            if is_day || is_translated && self.is_of_other_script(word.text) {
                continue;
            }
            if !self.knows_name(word.text) {
                return Some(word.text.to_owned());
            }
            let before = last.filter(|(end, _)| text.get(*end..word.start) == Some(" "));
            if let Some((_, first)) = before
                && self.is_spliced(first, word.text)
            {
                return Some(format!("{first} {}", word.text));
            }
            last = Some((word.end(), word.text));
        }
        None
    }

    /// Returns whether a word cannot stand in the source, which is in another script.
    fn is_of_other_script(&self, word: &str) -> bool {
        let source_is_latin = self.latin * 2 > self.letters;
        is_latin_word(word) != source_is_latin
    }
}

/// Returns a word folded, its apostrophes alike and its possessive ending off.
fn folded(word: &str) -> String {
    let word = word.replace(['’', 'ʼ'], "'");
    let folded = fold(&word);
    folded.strip_suffix('\'').map(str::to_owned).unwrap_or(folded)
}

fn parts(folded: &str) -> impl Iterator<Item = &str> {
    folded.split('\'').filter(move |part| *part != folded && !part.is_empty())
}

fn squeezed(folded: &str) -> String {
    folded.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Returns whether a stem and a word are one word with two endings.
fn differ_in_ending(stem: &str, folded: &str) -> bool {
    let shared = stem.chars().zip(folded.chars()).take_while(|(a, b)| a == b).count();
    let longest = stem.chars().count().max(folded.chars().count());
    shared >= 4 && longest - shared <= if shared >= 6 { 3 } else { 2 }
}

/// Returns whether a word of a cased script is written as a name is.
///
/// At the beginning of a sentence every word has a capital; there only capitals within tell.
fn is_name(text: &str, start: usize, word: &str) -> bool {
    let mut letters = word.chars();
    let first = letters.next().is_some_and(char::is_uppercase);
    let within = letters.any(char::is_uppercase);
    // `evil.com`, and not `p.m`.
    let mut parts = word.split('.').filter(|part| part.chars().all(char::is_alphabetic));
    let is_dotted = word.contains('.') && parts.any(|part| part.chars().count() > 1);
    within || is_dotted || first && word.chars().count() > 1 && !opens_sentence(text, start)
}

fn opens_sentence(text: &str, start: usize) -> bool {
    let whole = text.get(..start).unwrap_or_default();
    let is_opening = |c: char| "([{-–—*•¿¡".contains(c);
    let before = whole.trim_end_matches(|c: char| c.is_whitespace() || is_opening(c));
    let gap = whole.get(before.len()..).unwrap_or_default();
    let Some(last) = before.chars().next_back().filter(|_| !gap.contains('\n')) else {
        return true;
    };
    let before_last = || before.strip_suffix(last).unwrap_or_default().trim_end();
    match last {
        '.' => !ends_in_title(before_last()),
        '?' | '!' | '…' | ':' | ';' | '。' | '！' | '？' | '：' | '؟' | '“' | '„' | '«' | '‘' => {
            true
        }
        // An odd one opens.
        '"' if before.matches('"').count() % 2 == 1 => true,
        '”' | '»' | '’' | '"' => before_last().ends_with(['.', '!', '?', '…']),
        _ => false,
    }
}

/// Returns whether a full stop behind this text is that of `Dr.` or of an initial.
fn ends_in_title(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    is_initial || TITLES.contains(&word.to_lowercase().as_str())
}

/// Returns whether most letters of a text have no case.
pub(super) fn is_caseless(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let (cased, caseless): (Vec<char>, Vec<char>) =
        letters.partition(|c| c.is_lowercase() || c.is_uppercase());
    caseless.len() > cased.len() || caseless.iter().filter(|c| is_ideograph(**c)).count() > 4
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}' if c.is_alphabetic())
}

fn is_latin_word(word: &str) -> bool {
    word.chars().filter(|c| is_latin(*c)).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lang: &str, source: &str, answer: &str, expected: Option<&str>) {
        let known = Vocabulary::of(source, Some(lang));
        assert_eq!(known.invented(answer, Some(lang), false).as_deref(), expected, "{answer}");
    }

    #[test]
    fn names_are_told_by_their_capitals() {
        let source = "President Emmanuel Macron met Angela Merkel in Paris, the U.S. envoy said.";
        check("en", source, "Leaders met in Paris.", None);
        check("en", source, "The US envoy met Macron's guest.", None);
        check("en", source, "Leaders met in Berlin.", Some("Berlin"));
        check("en", source, "NATO met in Paris.", Some("NATO"));
        check("en", source, "He met Dr. Strange there.", Some("Strange"));
        check("en", source, "“We met,” Smith said.", Some("Smith"));
        check("en", source, "OpenAI met Macron.", Some("OpenAI"));
        check("en", source, "President Macron met Merkel.", None);
        check("en", source, "They met at evil.com today.", Some("evil.com"));
    }

    #[test]
    fn full_names_are_not_spliced() {
        let source = "Jane Smith spoke first. The council listened for hours. Then John Brown left, it said.";
        check("en", source, "It heard Jane Smith and John Brown.", None);
        check("en", source, "It heard Jane Brown.", Some("Jane Brown"));
        let source = "President Emmanuel Macron met President Joe Biden. In the evening everybody sat down \
                      to dine with Emmanuel Macron and nobody else.";
        check("en", source, "It was said that President Macron dined.", None);
    }

    #[test]
    fn initials_and_short_names_stand_for_the_long_ones() {
        let source = "The European Central Bank and the United States agreed; the UK did not.";
        check("en", source, "Yesterday ECB and US agreed, and the United Kingdom did not.", None);
        check("en", source, "Yesterday BBC agreed.", Some("BBC"));
    }

    #[test]
    fn endings_of_inflected_languages_do_not_matter() {
        check(
            "ru",
            "Мэр Москвы Сергей Собянин встретил Путина.",
            "Вчера Путин был в Москве с Собяниным.",
            None,
        );
        check(
            "ru",
            "Мэр Москвы встретил Путина.",
            "Вчера Медведев был в Москве.",
            Some("Медведев"),
        );
        check("pl", "Spotkanie w Warszawie z Kowalskim.", "Dziś Kowalski jest w Warszawa.", None);
        check(
            "fr",
            "Le président Emmanuel Macron est à Paris.",
            "Ce soir, l’ami d’Emmanuel est à Paris.",
            None,
        );
    }

    #[test]
    fn scripts_without_case_are_held_to_their_latin_words() {
        check("zh", "苹果公司周五发布 iPhone 手机。", "苹果发布了 iPhone。", None);
        check("zh", "苹果公司周五发布手机。", "苹果发布了 iPhone。", Some("iPhone"));
        check("de", "Der Rat tagt.", "Die Sitzung war in Berlin.", None);
    }
}
