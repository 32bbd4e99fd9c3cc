//! *Key Terms*, and *Original Source*: the two sections of bare words and addresses.

use super::items::items;
use super::lines::Line;
use super::links;
use super::prose;
use super::raw::{live, part_at};
use super::report::{Findings, Place};

/// Reads key terms: a bullet or a line each; a single line is parted.
pub(super) fn read(lines: &[Line<'_>], findings: &mut Findings) -> Vec<(Place, String)> {
    let items = items(lines);
    let mut terms: Vec<(Place, &str)> = Vec::new();
    match items.as_slice() {
        [only] if !only.bulleted => {
            let raw = only.paragraphs.first().map_or("", String::as_str);
            terms.extend(part(raw).into_iter().map(|term| (only.place, term)));
        }
        items => {
            for item in items {
                terms.extend(item.paragraphs.iter().map(|raw| (item.place, raw.as_str())));
            }
        }
    }
    terms
        .into_iter()
        .map(|(place, raw)| (place, prose::line(raw, place, findings)))
        .filter(|(_, term)| !term.is_empty())
        .collect()
}

/// Parts one line at `;`, else at commas of any script.
fn part(raw: &str) -> Vec<&str> {
    let separators: &[char] = if live(raw).any(|(_, c)| matches!(c, ';' | '；' | '؛')) {
        &[';', '；', '؛']
    } else {
        &[',', '،', '、', '，']
    };
    let mut terms = Vec::new();
    let mut from = 0;
    for (at, c) in live(raw).filter(|(_, c)| separators.contains(c)) {
        terms.push(raw.get(from..at).unwrap_or_default());
        from = at + c.len_utf8();
    }
    terms.push(part_at(raw, from, 0).1);
    terms
}

/// Reads the http(s) addresses of *Original Source*, in order, as written.
pub(super) fn addresses(lines: &[Line<'_>]) -> Vec<(Place, String)> {
    lines
        .iter()
        .flat_map(|line| links::find(&line.text).into_iter().map(|link| (line.place, link.url)))
        .filter(|(_, url)| links::is_web(url))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::briefs::lines::split;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut findings = Findings::default();
        let found = read(&split(text), &mut findings);
        assert_eq!(found.iter().map(|(_, term)| term.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_bullet_or_a_line_is_a_term_and_is_not_split() {
        check("- a, b\n- c; d", &["a, b", "c; d"]);
        check("a, b\nc", &["a, b", "c"]);
        check("- a, b", &["a, b"]);
    }

    #[test]
    fn one_line_is_parted_by_semicolons_before_commas() {
        check("a, b; c", &["a, b", "c"]);
        check("a, b,", &["a", "b"]);
        check("ا، ب", &["ا", "ب"]);
        check("甲、乙", &["甲", "乙"]);
        check("*a*", &["a"]);
    }

    #[test]
    fn addresses_are_taken_as_written() {
        let found = |text: &str| -> Vec<String> {
            addresses(&split(text)).into_iter().map(|(_, url)| url).collect()
        };
        assert_eq!(found("Source link"), [""; 0]);
        assert_eq!(found("[BBC](https://bbc.co.uk/a_b_c)"), ["https://bbc.co.uk/a_b_c"]);
        assert_eq!(found("BBC: HTTP://x.org/?a=1&amp;b=2."), ["HTTP://x.org/?a=1&amp;b=2"]);
        assert_eq!(found("https://a.org\nftp://b.org\n<https://c.org>").len(), 2);
    }
}
