//! List sections: which lines are one item.

use super::lines::Line;
use super::prose::wrap;
use super::report::Place;

/// An item of a list section, with its Markdown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Where it begins.
    pub(super) place: Place,
    /// Whether a bullet or a number stood before it.
    pub(super) bulleted: bool,
    /// Whether it stood further in than the list's first item.
    pub(super) nested: bool,
    /// Its paragraphs, wrapped lines joined; the first is never blank.
    pub(super) paragraphs: Vec<String>,
}

/// What stands behind a bullet or a list number.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bullet<'a> {
    /// White space before the mark, in columns.
    pub(super) indent: usize,
    /// Whether the mark can be nothing but a list's: no dash of speech, no number.
    pub(super) lists: bool,
    /// The text.
    pub(super) rest: &'a str,
}

/// Returns what stands behind the bullet (`* - – • +`) or number that `line` begins with.
pub(super) fn strip_bullet(line: &str) -> Option<Bullet<'_>> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let mark = text.chars().next()?;
    let (rest, lists) = match mark {
        '•' => (text.strip_prefix(mark)?, true),
        '-' | '*' | '+' => (strip_spaced(text.strip_prefix(mark)?)?, true),
        '–' => (strip_spaced(text.strip_prefix(mark)?)?, false),
        '0'..='9' => (strip_number(text)?, false),
        _ => return None,
    };
    Some(Bullet { indent, lists, rest: rest.trim_start() })
}

/// Returns the items of a list section: a bullet or number each, or a line each.
///
/// After a bullet, wrapped lines belong to it, and indented paragraphs too.
pub(super) fn items(lines: &[Line<'_>]) -> Vec<Item> {
    let base = lines.iter().find_map(|line| strip_bullet(&line.text)).map(|bullet| bullet.indent);
    let mut items: Vec<Item> = Vec::new();
    let mut after_blank = false;
    for line in lines {
        if line.is_blank() {
            after_blank = true;
            continue;
        }
        let bullet = strip_bullet(&line.text).filter(|bullet| !bullet.rest.is_empty());
        let text = bullet.as_ref().map_or_else(|| line.text.trim(), |bullet| bullet.rest.trim());
        let indented = line.text.starts_with([' ', '\t']);
        let above = items.last_mut().filter(|item| item.bulleted && bullet.is_none());
        match above {
            Some(item) if !after_blank => {
                item.paragraphs.last_mut().into_iter().for_each(|raw| wrap(raw, text));
            }
            Some(item) if indented => item.paragraphs.push(text.to_owned()),
            _ => items.push(Item {
                place: line.place,
                bulleted: bullet.is_some(),
                nested: bullet.as_ref().zip(base).is_some_and(|(b, base)| b.indent >= base + 2),
                paragraphs: vec![text.to_owned()],
            }),
        }
        after_blank = false;
    }
    items
}

fn strip_spaced(rest: &str) -> Option<&str> {
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(rest)
}

fn strip_number(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    // A longer number is a year that ends a sentence.
    if text.len() - rest.len() > 3 {
        return None;
    }
    strip_spaced(rest.strip_prefix(['.', ')'])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::briefs::lines::split;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = items(&split(text))
            .iter()
            .map(|item| {
                let nested = if item.nested { ">" } else { "" };
                format!("{nested}{}", item.paragraphs.join("|"))
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_bullet_and_number_begins_an_item() {
        check("* a\n- b\n– c\n• d\n•e\n1. f\n2) g\n+ h", &["a", "b", "c", "d", "e", "f", "g", "h"]);
    }

    #[test]
    fn without_bullets_each_line_is_an_item() {
        check("a\nb\n\nc", &["a", "b", "c"]);
    }

    #[test]
    fn wrapped_lines_and_indented_paragraphs_belong_to_their_bullet() {
        check("- a\nb\n  c\n\n  d\n  e\n- f", &["a b c|d e", "f"]);
        check("- a\n\nb", &["a", "b"]);
    }

    #[test]
    fn nested_bullets_are_items_of_their_own() {
        check("- a\n  - b\n    * c\n- d", &["a", ">b", ">c", "d"]);
        check("  - a\n  - b", &["a", "b"]);
    }

    #[test]
    fn a_minus_or_a_year_is_no_bullet() {
        check("-5 degrees\n2024. Then\n*a* b", &["-5 degrees", "2024. Then", "*a* b"]);
    }
}
