//! Who said what: a quotation of the source, and the name that stands by it.

use std::ops::Range;

use super::counting::count;
use super::ground::{Ground, lacking};
use super::quotations::{Letters, bare, quotations, unquoted};
use crate::text::{fold, is_ideograph, is_stop_word, words};

const LEAST_QUOTED_WORDS: usize = 4;
const MAX_QUOTED_CHARS: usize = 1000;
const MAX_NAME_WORDS: usize = 6;
/// Bytes around a quotation in which its speaker is named: 300 letters, in most scripts fewer.
const NEAR_BYTES: usize = 300;

/// `said`, in the languages that are met most.
const SAYING: &str = "said says told added wrote explained warned argued insisted noted stated sagte sagt erklärte \
    warnte betonte schrieb meinte dit déclaré déclare affirmé affirme expliqué explique dijo dice afirmó explicó declaró \
    disse diz afirmou declarou explicou detto dichiarato affermato spiegato zei zegt verklaarde aldus сказал сказала \
    заявил заявила сообщил сообщила отметил отметила говорит добавил добавила sade säger sa";

/// Returns a quotation as the source has it, if the source says that `who` said it.
pub(super) fn attributed(ground: &Ground, quote: &str, who: &str) -> Result<String, String> {
    let quote = bare(unmarked(quote));
    if count(quote) < LEAST_QUOTED_WORDS {
        return Err("the quotation is too short".to_owned());
    }
    if quote.chars().count() > MAX_QUOTED_CHARS {
        return Err("the quotation is too long".to_owned());
    }
    let shown: String = quote.chars().take(80).collect();
    let found = place(&ground.text, quote);
    let place = found.ok_or_else(|| format!("\"{shown}\" is no quotation of the source"))?;
    let is_named = |c: char| c.is_uppercase() || !c.is_lowercase() && c.is_alphabetic();
    if words(who).len() > MAX_NAME_WORDS || !who.chars().any(is_named) {
        return Err(format!("\"{}\" is no name", who.chars().take(80).collect::<String>()));
    }
    if let Some(fault) = ground.fault(who) {
        return Err(fault);
    }
    if is_speaker(ground, &place, who) { Ok(place.quote) } else { Err(lacking(who)) }
}

/// A quotation of the source and its neighbourhood.
struct Place<'t> {
    quote: String,
    before: &'t str,
    after: &'t str,
}

fn place<'t>(text: &'t str, quote: &str) -> Option<Place<'t>> {
    let mut start = 0;
    for paragraph in text.split('\n') {
        for span in quotations(paragraph).unwrap_or_default() {
            let inside = paragraph.get(span.inside.clone()).unwrap_or_default();
            if let Some(found) = Letters::of(inside).find(quote) {
                let quote = found.to_owned();
                let whole = start + span.whole.start..start + span.whole.end;
                let (before, after) = around(text, &(start..start + paragraph.len()), &whole);
                return Some(Place { quote, before, after });
            }
        }
        start += paragraph.len() + 1;
    }
    None
}

/// Returns what stands before and behind a quotation, in its paragraph and near it.
fn around<'t>(
    text: &'t str,
    paragraph: &Range<usize>,
    quotation: &Range<usize>,
) -> (&'t str, &'t str) {
    let mut start = paragraph.start.min(quotation.start.saturating_sub(NEAR_BYTES));
    let mut end = paragraph.end.max(quotation.end.saturating_add(NEAR_BYTES)).min(text.len());
    while !text.is_char_boundary(start) {
        start = start.saturating_sub(1);
    }
    while !text.is_char_boundary(end) {
        end = end.saturating_add(1);
    }
    let part = |range: Range<usize>| text.get(range).unwrap_or_default();
    (part(start..quotation.start), part(quotation.end..end))
}

/// Returns whether the source names the speaker: whole anywhere, by the last word near the
/// quotation, and nobody else between the two.
fn is_speaker(ground: &Ground, place: &Place<'_>, who: &str) -> bool {
    if who.chars().any(is_ideograph) {
        return place.before.contains(who) || place.after.contains(who);
    }
    let names = words(who);
    let Some(last) = names.iter().rev().find(|word| word.text.chars().count() > 1) else {
        return false;
    };
    let all: Vec<String> = names.iter().map(|word| ground.words.stems(word.text)).collect();
    let last = ground.words.stems(last.text);
    let is_last = |word: &str| ground.words.stems(word) == last;
    let is_own = |word: &str| all.contains(&ground.words.stems(word));
    let after = words(place.after);
    let behind = after.iter().position(|word| is_last(word.text)).and_then(|at| {
        let run = after.iter().take(at).rev().take_while(|word| is_own(word.text)).count();
        place.after.get(..after.get(at.checked_sub(run)?)?.start)
    });
    let before = words(place.before);
    let ahead = before.iter().rev().find(|word| is_last(word.text));
    let ahead = ahead.and_then(|word| place.before.get(word.end()..));
    let beside = [place.before.rsplit('\n').next(), place.after.split('\n').next()];
    let is_theirs = |gap: Option<&str>| {
        gap.is_some_and(|gap| {
            // A sentence away, the name must not compete with one that stands beside.
            let is_far = gap.contains(". ") || gap.contains('\n');
            let is_anothers = |text: &str| names_another(&format!("{text}."), who);
            let competes = || beside.iter().flatten().any(|text| is_anothers(text));
            !(names_another(gap, who) || is_far && competes())
        })
    };
    let is_ahead = is_theirs(ahead) && !is_said_by_another(place.after, who);
    !ground.words.phrase(who).is_empty() && (is_theirs(behind) || is_ahead)
}

/// Returns whether right behind a quotation somebody else is said to have said it.
fn is_said_by_another(after: &str, who: &str) -> bool {
    let clause = after.split(['.', '“', '"', '„', '«', '\n']).next().unwrap_or_default();
    let gap = format!("{clause}.");
    let is_own =
        words(clause).iter().any(|word| words(who).iter().any(|w| fold(w.text) == fold(word.text)));
    !is_own && names_another(&gap, who)
}

/// Returns a quotation without the marks around it.
fn unmarked(quote: &str) -> &str {
    let quote = quote.trim();
    match quotations(quote).as_deref() {
        Ok([only]) if only.whole == (0..quote.len()) => {
            quote.get(only.inside.clone()).unwrap_or(quote)
        }
        _ => quote,
    }
}

/// Returns whether the text between a quotation and a name says that somebody else said it.
///
/// That is a word of saying with a capitalised word beside it that does not lead over to the name:
/// `said Mayor` leads over to `Peter Ashdown`, `said Jane Miller, and` does not.
fn names_another(gap: &str, who: &str) -> bool {
    // Who speaks within a quotation is not who speaks it.
    let gap = quotations(gap).map_or_else(|_| gap.to_owned(), |quoted| unquoted(gap, &quoted));
    let all = words(&gap);
    let own: Vec<String> = words(who).iter().map(|word| fold(word.text)).collect();
    let is_saying =
        |word: &str| SAYING.split_ascii_whitespace().any(|verb| fold(verb) == fold(word));
    let is_other = |at: usize| {
        all.get(at).is_some_and(|word| {
            let lower = word.text.to_lowercase();
            word.is_capitalised() && !own.contains(&fold(&lower)) && !is_stop_word(&lower, None)
        })
    };
    let is_joined = |at: usize| match (all.get(at), all.get(at + 1)) {
        (Some(word), Some(next)) => gap.get(word.end()..next.start) == Some(" "),
        (Some(last), None) => gap.get(last.end()..).is_some_and(|rest| rest.trim().is_empty()),
        _ => false,
    };
    all.iter().enumerate().filter(|(_, word)| is_saying(word.text)).any(|(at, _)| {
        let after = at + 1;
        let run = (after..all.len()).take_while(|next| is_other(*next) && is_joined(*next)).count();
        let leads_over = after + run == all.len();
        let said_another = is_joined(at) && is_other(after) && !leads_over;
        let another_said = at.checked_sub(1).is_some_and(|at| is_other(at) && is_joined(at));
        said_another || another_said
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_is_named_between_quotation_and_name() {
        assert!(names_another(", said Jane Miller, the engineer. Mayor ", "Peter Ashdown"));
        assert!(names_another(". Jane Miller said: ", "Peter Ashdown"));
        assert!(names_another(", — сказала Анна Орлова, инженер. Мэр ", "Пётр Смирнов"));
        assert!(!names_another(", said Mayor ", "Peter Ashdown"));
        assert!(!names_another(", said ", "Peter Ashdown"));
        assert!(!names_another(", who leads the Port Authority, said: ", "Jane Miller"));
    }
}
