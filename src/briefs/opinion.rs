//! *Expert Opinion*: a quotation with the name of who said it.
//!
//! Opinions are attributed or absent: words without a name, or a name without words, are
//! refused.

use super::lines::Line;
use super::prose::{self, Paragraph};
use super::raw::{is_colon, is_dash, live, part_at, trim_marks};
use super::report::{Findings, Place};
use crate::model::Opinion;

const FIELD: &str = "expert_opinion";

/// Marks that may open a quotation.
const OPENING: &str = "“\"„«‘「『‹»”";
/// Marks that may close one.
const CLOSING: &str = "”\"“»«’」』›";
/// Commas that end a name.
const COMMAS: &str = ",，、،";

/// Reads the one opinion of a section; `None` when it is empty or refused.
pub(super) fn read(lines: &[Line<'_>], findings: &mut Findings) -> Option<(Place, Opinion)> {
    let paragraphs = prose::split(lines);
    let place = paragraphs.first()?.place;
    if let Some(second) = second_expert(&paragraphs) {
        findings.refuse_field(second, FIELD, "a second expert: a brief has one opinion");
        return None;
    }
    let raw: Vec<&str> = paragraphs.iter().map(|paragraph| paragraph.raw.as_str()).collect();
    match split(&raw.join("\n\n")) {
        Ok(parts) => Some((place, parts.reduce(place, findings))),
        Err(reason) => {
            findings.refuse_field(place, FIELD, reason);
            None
        }
    }
}

/// Returns where a second attributed quotation begins.
fn second_expert(paragraphs: &[Paragraph]) -> Option<Place> {
    paragraphs
        .iter()
        .filter(|paragraph| split(&paragraph.raw).is_ok_and(|parts| parts.quoted))
        .nth(1)
        .map(|paragraph| paragraph.place)
}

/// An opinion's parts, with their Markdown.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    who: &'a str,
    role: Option<&'a str>,
    quote: &'a str,
    /// Whether the words stood in quotation marks.
    quoted: bool,
}

impl Parts<'_> {
    fn reduce(&self, place: Place, findings: &mut Findings) -> Opinion {
        let paragraphs =
            self.quote.split("\n\n").map(|raw| prose::text(raw, place, findings)).collect();
        let quote = prose::join(paragraphs);
        let who = prose::line(self.who, place, findings);
        let role = self.role.map(|role| prose::line(role, place, findings));
        Opinion { who, role: role.filter(|role| !role.is_empty()), quote }
    }
}

fn split(raw: &str) -> Result<Parts<'_>, &'static str> {
    const UNNAMED: &str = "a quotation without a name: write `WHO, ROLE: “…”`";
    const WORDLESS: &str = "a name without words: write `WHO, ROLE: “…”`";
    let raw = trim_left_marks(raw);
    let (attribution, quote, quoted) = if starts_quotation(raw) {
        let (quote, after) = close(raw).ok_or(UNNAMED)?;
        let comma = !after.trim_start().starts_with(is_dash);
        let quote = if comma { strip_comma(quote) } else { quote };
        (after_quote(after).ok_or(UNNAMED)?, quote, true)
    } else {
        let (before, after) = introduced(raw).ok_or(WORDLESS)?;
        let after = trim_left_marks(after);
        let quoted = starts_quotation(after);
        let quote = if quoted { close(after).map_or(after, |(quote, _)| quote) } else { after };
        (before_quote(before), quote, quoted)
    };
    let (who, role) = name(attribution).ok_or(UNNAMED)?;
    let quote = quote.trim();
    if quote.trim_matches(['*', '_', ' ']).is_empty() {
        return Err(WORDLESS);
    }
    let role = Some(role).filter(|role| !role.is_empty());
    Ok(Parts { who, role, quote, quoted })
}

/// Returns the text without emphasis that would stand between a name and its quotation mark.
fn trim_left_marks(raw: &str) -> &str {
    let bare = raw.trim_start_matches(['*', '_', ' ']);
    if starts_quotation(bare) { bare } else { raw.trim_start() }
}

fn starts_quotation(raw: &str) -> bool {
    raw.starts_with(|c| OPENING.contains(c))
}

/// Parts a quotation that begins `raw` from what follows its last closing mark.
fn close(raw: &str) -> Option<(&str, &str)> {
    let first = raw.chars().next()?.len_utf8();
    let (at, mark) = live(raw)
        .filter(|(at, c)| *at >= first && CLOSING.contains(*c) && !is_apostrophe(raw, *at, *c))
        .last()?;
    let (quoted, after) = part_at(raw, at, mark.len_utf8());
    Some((quoted.get(first..)?, after))
}

/// Returns whether a single mark stands inside a word.
fn is_apostrophe(raw: &str, at: usize, c: char) -> bool {
    let (before, after) = part_at(raw, at, c.len_utf8());
    c == '’' && before.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric)
}

/// Takes off a last comma, as in `“…,” says WHO` and `WHO, ROLE, notes:`.
fn strip_comma(quote: &str) -> &str {
    match live(quote).last() {
        Some((at, c)) if at + c.len_utf8() == quote.len() && COMMAS.contains(c) => {
            part_at(quote, at, 0).0
        }
        _ => quote,
    }
}

/// Returns the attribution after a quotation: behind a dash, or behind the verb.
fn after_quote(after: &str) -> Option<&str> {
    let after = after.trim_start_matches(['*', '_', ' ', '\n', ',', '，', '.', '、']);
    if let Some(named) = after.trim_start().strip_prefix(is_dash) {
        return Some(named.trim_start_matches(is_dash));
    }
    let after = after.trim();
    let first = after.split_whitespace().next()?;
    let verb = first.starts_with(char::is_lowercase);
    Some(if verb { after.strip_prefix(first).unwrap_or_default() } else { after })
}

/// Parts `WHO, ROLE, notes: …` at the colon before the quotation, else at the first one that
/// white space follows.
fn introduced(raw: &str) -> Option<(&str, &str)> {
    let mut plain = None;
    for (at, c) in live(raw).filter(|(_, c)| is_colon(*c)) {
        let (before, after) = part_at(raw, at, c.len_utf8());
        let content = after.trim_start_matches(['*', '_', ' ', '\n']);
        if starts_quotation(content) {
            return Some((before, content));
        }
        let spaced = c == '：' || after.starts_with([' ', '\n', '*', '_']);
        if plain.is_none() && spaced && !content.is_empty() {
            plain = Some((before, after));
        }
        // A name and a role are short; this keeps a text full of colons cheap.
        if at > MAX_ATTRIBUTION_BYTES {
            break;
        }
    }
    plain
}

/// As far as a colon before a quotation is looked for.
const MAX_ATTRIBUTION_BYTES: usize = 4096;

/// Returns the attribution before a quotation without its verb: the last lower-case word, or
/// in a script without case the single word behind the last of two commas.
fn before_quote(before: &str) -> &str {
    let before = trim_marks(before);
    let last = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    if last.len() < before.len() && last.starts_with(char::is_lowercase) {
        return before.strip_suffix(last).unwrap_or(before);
    }
    let mut commas = live(before).filter(|(_, c)| COMMAS.contains(*c)).collect::<Vec<_>>();
    let last = commas.pop().map(|(at, c)| part_at(before, at, c.len_utf8()));
    match last {
        Some((kept, verb)) if !commas.is_empty() && is_caseless_word(verb.trim()) => kept,
        _ => before,
    }
}

fn is_caseless_word(word: &str) -> bool {
    !word.contains(char::is_whitespace)
        && !word.contains(char::is_uppercase)
        && word.starts_with(char::is_alphabetic)
}

/// Parts a name, up to the first comma, from a role; `None` without a name.
fn name(attribution: &str) -> Option<(&str, &str)> {
    let comma = live(attribution).find(|(_, c)| COMMAS.contains(*c));
    let (who, role) = match comma {
        Some((at, c)) => part_at(attribution, at, c.len_utf8()),
        None => (attribution, ""),
    };
    let who = trim_marks(who);
    let role = trim_marks(strip_comma(trim_marks(role)));
    who.contains(char::is_alphanumeric).then_some((who, role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::briefs::lines::split as lines;

    #[track_caller]
    fn check(text: &str, who: &str, role: &str, quote: &str) {
        let mut findings = Findings::default();
        let (_, found) = read(&lines(text), &mut findings).expect("an opinion");
        let role_found = found.role.as_deref().unwrap_or_default();
        assert_eq!((found.who.as_str(), role_found, found.quote.as_str()), (who, role, quote));
    }

    #[track_caller]
    fn refuses(text: &str, line: u32, words: &str) {
        let mut findings = Findings::default();
        read(&lines(text), &mut findings);
        let report = findings.into_report(None);
        let error = report.errors.first().expect("an error");
        assert!(error.message.contains(words), "{}", error.message);
        assert_eq!(error.line, line);
    }

    #[test]
    fn the_name_may_come_first() {
        check(
            "Jane Doe, Fellow at X, notes: “It rains: a lot.”",
            "Jane Doe",
            "Fellow at X",
            "It rains: a lot.",
        );
        check("Jane Doe: \"It rains\"", "Jane Doe", "", "It rains");
        check("Jane Doe says: “It rains”", "Jane Doe", "", "It rains");
        check("**Jane Doe**, *Fellow*: “It rains”", "Jane Doe", "Fellow", "It rains");
        check("**Jane Doe, Fellow:** “It rains”", "Jane Doe", "Fellow", "It rains");
        check("王毅，外交部长，表示：“下雨”", "王毅", "外交部长", "下雨");
        check("王毅，外交部长：「下雨」", "王毅", "外交部长", "下雨");
        check(
            "Jeanne Dupont, directrice, affirme : « Il pleut »",
            "Jeanne Dupont",
            "directrice",
            "Il pleut",
        );
        check("Jane Doe, Fellow: It rains.", "Jane Doe", "Fellow", "It rains.");
    }

    #[test]
    fn the_words_may_come_first() {
        check("“It rains.” — Jane Doe, Fellow at X, Y", "Jane Doe", "Fellow at X, Y", "It rains.");
        check("> “It rains.”\n> – Jane Doe", "Jane Doe", "", "It rains.");
        check("“It rains.”\n\n— Jane Doe, Fellow", "Jane Doe", "Fellow", "It rains.");
        check("“It rains,” says Jane Doe, Fellow", "Jane Doe", "Fellow", "It rains");
        check("*\"It rains\"* - Jane Doe", "Jane Doe", "", "It rains");
    }

    #[test]
    fn only_the_outer_quotation_marks_are_taken_off() {
        check("Jane Doe: “He said “no” to ‘that’.”", "Jane Doe", "", "He said “no” to ‘that’.");
        check("““No,” he said.” — Jane Doe", "Jane Doe", "", "“No,” he said.");
    }

    #[test]
    fn an_opinion_has_a_name_and_words() {
        refuses("“It rains.”", 1, "without a name");
        refuses("\n“It rains.” — ", 2, "without a name");
        refuses("Jane Doe, Fellow", 1, "without words");
        refuses("Jane Doe: “”", 1, "without words");
    }

    #[test]
    fn a_second_expert_is_refused() {
        refuses("Jane Doe: “It rains.”\n\nJohn Roe, Fellow: “No.”", 3, "second expert");
        refuses("- Jane Doe: “It rains.”\n- “No.” — John Roe", 2, "second expert");
    }
}
