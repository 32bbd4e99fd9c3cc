//! Shortening markup, and parting it, without breaking it.

use super::list::is_void;

/// Returns sanitised markup cut to a number of bytes, and whether anything was cut.
///
/// It is cut at a tag, what is open there is closed, and the closing tags count. A text so
/// long that no tag stands in the second half is cut at a space.
pub fn cut(html: &str, max_bytes: usize) -> (String, bool) {
    if html.len() <= max_bytes {
        return (html.to_owned(), false);
    }
    let mut open = Open { names: Vec::new(), closing_bytes: 0 };
    let mut best = 0;
    let mut at = 0;
    while let Some(piece) = html.get(at..).and_then(next_piece) {
        let room = max_bytes.saturating_sub(open.closing_bytes);
        if at <= room && at + piece.len() > room && !piece.starts_with('<') && best < max_bytes / 2
        {
            best = at + text_cut(piece, room.saturating_sub(at));
        }
        at += piece.len();
        open.pass(piece);
        if at > max_bytes {
            break;
        }
        if at + open.closing_bytes <= max_bytes {
            best = at;
        }
    }
    (finish(html, best), true)
}

/// Returns sanitised markup in parts of at most so many bytes; what is open at a part's end is
/// closed there, and opened again in the next.
///
/// A part ends behind a paragraph or an entry of a list, so that no heading is its last line. A
/// paragraph that is longer than a part is parted at a space.
pub fn parts(html: &str, max_bytes: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = html;
    let mut opening: Vec<&str> = Vec::new();
    loop {
        let head = opening.concat();
        if head.len() + rest.len() <= max_bytes {
            parts.push(head + rest);
            return parts;
        }
        let end = part_end(rest, &opening, max_bytes.saturating_sub(head.len()));
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        opening = open_after(part, opening);
        parts.push(head + part + &closing(opening.iter().map(|tag| name_of(tag))));
        rest = after;
    }
}

/// Returns where the next part ends, not at its start.
fn part_end(html: &str, opening: &[&str], room: usize) -> usize {
    let mut open = Open { names: Vec::new(), closing_bytes: 0 };
    for tag in opening {
        open.pass(tag);
    }
    // The last end of a block, and the last space: better than to part a word.
    let (mut best, mut space, mut at) = (0, 0, 0);
    while let Some(piece) = html.get(at..).and_then(next_piece) {
        let fits = |end: usize, open: &Open<'_>| end + open.closing_bytes <= room;
        if !piece.starts_with('<') {
            if best == 0 && !fits(at + piece.len(), &open) {
                let cut = text_cut(piece, room.saturating_sub(open.closing_bytes + at));
                let is_at_space = piece.get(cut..).is_some_and(|rest| rest.starts_with(' '));
                return match at + cut {
                    // A part without a word would be followed by one like it.
                    0 => piece.len(),
                    end if is_at_space || space == 0 => end,
                    _ => space,
                };
            }
            space = piece.rfind(' ').map_or(space, |found| at + found);
        }
        at += piece.len();
        open.pass(piece);
        if !fits(at, &open) {
            break;
        }
        let closes_on = best > 0 && best == at - piece.len() && piece.starts_with("</");
        if is_end_of_block(piece) || closes_on {
            best = at;
        }
    }
    match (best, space) {
        (0, 0) => at,
        (0, space) => space,
        (best, _) => best,
    }
}

fn is_end_of_block(piece: &str) -> bool {
    matches!(piece, "</p>" | "</li>" | "</dd>" | "</ul>" | "</ol>" | "</dl>" | "</blockquote>")
}

/// Returns the opening tags of what is open behind a piece of markup.
fn open_after<'a>(html: &'a str, mut open: Vec<&'a str>) -> Vec<&'a str> {
    let mut rest = html;
    while let Some(piece) = next_piece(rest) {
        rest = rest.get(piece.len()..).unwrap_or_default();
        if piece.starts_with("</") {
            open.pop();
        } else if piece.starts_with('<') && !is_void(name_of(piece)) {
            open.push(piece);
        }
    }
    open
}

fn name_of(tag: &str) -> &str {
    tag.trim_start_matches('<').split([' ', '>']).next().unwrap_or_default()
}

/// The elements open at a place.
struct Open<'a> {
    names: Vec<&'a str>,
    closing_bytes: usize,
}

impl<'a> Open<'a> {
    fn pass(&mut self, piece: &'a str) {
        let Some(tag) = piece.strip_prefix('<') else { return };
        if tag.starts_with('/') {
            let closed = self.names.pop().map_or(0, closing_length);
            self.closing_bytes = self.closing_bytes.saturating_sub(closed);
            return;
        }
        let name = name_of(tag);
        if !is_void(name) {
            self.names.push(name);
            self.closing_bytes += closing_length(name);
        }
    }
}

/// Returns the tags that close elements, the innermost first.
fn closing<'a>(names: impl DoubleEndedIterator<Item = &'a str>) -> String {
    names.rev().flat_map(|name| ["</", name, ">"]).collect()
}

fn closing_length(name: &str) -> usize {
    name.len() + "</>".len()
}

/// Returns the tag or text at the start; sanitised markup has its signs escaped elsewhere.
fn next_piece(html: &str) -> Option<&str> {
    let end = match html.strip_prefix('<') {
        Some(_) => html.find('>').map(|at| at + 1),
        None => html.find('<'),
    };
    html.get(..end.unwrap_or(html.len())).filter(|piece| !piece.is_empty())
}

/// Returns where a text may be cut: at a space, else before a character and an entity.
fn text_cut(text: &str, room: usize) -> usize {
    let head = text.get(..text.floor_char_boundary(room)).unwrap_or_default();
    if let Some(space) = head.rfind(' ') {
        return space;
    }
    match head.rfind('&') {
        Some(entity) if !head.get(entity..).unwrap_or_default().contains(';') => entity,
        _ => head.len(),
    }
}

/// Returns the markup up to a place, with the elements that are open there closed.
fn finish(html: &str, end: usize) -> String {
    let mut out = html.get(..end).unwrap_or_default().to_owned();
    let mut open = Open { names: Vec::new(), closing_bytes: 0 };
    let mut rest = out.as_str();
    while let Some(piece) = next_piece(rest) {
        open.pass(piece);
        rest = rest.get(piece.len()..).unwrap_or_default();
    }
    let closing = closing(open.names.iter().copied());
    out.push_str(&closing);
    out
}

#[cfg(test)]
mod tests {
    use super::super::{List, sanitise};
    use super::*;

    #[track_caller]
    fn check(html: &str, max_bytes: usize, expected: &str) {
        let (out, was_cut) = cut(html, max_bytes);
        assert_eq!(out, expected);
        assert!(out.len() <= max_bytes);
        assert_eq!(was_cut, out != html);
        assert_eq!(sanitise(&out, List::Display, None), out);
    }

    #[track_caller]
    fn check_parts(html: &str, max_bytes: usize, expected: &[&str]) {
        let parts = parts(html, max_bytes);
        assert_eq!(parts, expected);
        for part in &parts {
            assert!(part.len() <= max_bytes, "{part}");
            assert_eq!(sanitise(part, List::Display, None), *part);
        }
    }

    #[test]
    fn parts_end_behind_paragraphs_and_open_again_what_was_open() {
        check_parts("<p>a</p>", 8, &["<p>a</p>"]);
        check_parts("<p>a</p><p>b</p>", 15, &["<p>a</p>", "<p>b</p>"]);
        check_parts(
            "<h2>x</h2><p>a</p><h2>y</h2><p>b</p>",
            33,
            &["<h2>x</h2><p>a</p>", "<h2>y</h2><p>b</p>"],
        );
        check_parts(
            "<ul dir=\"rtl\"><li>a</li><li>b</li></ul><p>c</p>",
            30,
            &["<ul dir=\"rtl\"><li>a</li></ul>", "<ul dir=\"rtl\"><li>b</li></ul>", "<p>c</p>"],
        );
        check_parts(
            "<p>a</p><ul><li>b</li></ul><p>c</p>",
            28,
            &["<p>a</p><ul><li>b</li></ul>", "<p>c</p>"],
        );
    }

    #[test]
    fn a_paragraph_longer_than_a_part_is_parted_at_a_space() {
        check_parts(
            "<p>one two <b>three four</b> five</p>",
            23,
            &["<p>one two</p>", "<p> <b>three</b></p>", "<p><b> four</b></p>", "<p> five</p>"],
        );
    }

    #[test]
    fn parts_hold_every_word_of_the_whole() {
        let words = |html: &str| {
            super::super::plain(html).split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let block = "<h2>Some heading</h2><p>one &amp; two<br>three</p><ul><li>four five</li><li>six</li></ul><blockquote><p>seven eight nine ten</p></blockquote>";
        let html = block.repeat(20);
        for max_bytes in 60..400 {
            let parts = parts(&html, max_bytes);
            assert!(parts.iter().all(|part| part.len() <= max_bytes), "{max_bytes}");
            assert_eq!(parts.iter().flat_map(|part| words(part)).collect::<Vec<_>>(), words(&html));
        }
    }

    #[test]
    fn short_markup_is_left_alone() {
        check("<p>a</p>", 8, "<p>a</p>");
    }

    #[test]
    fn a_cut_stands_at_a_tag_and_closes_what_is_open() {
        check("<p>aaaa<b>b</b></p><p>c</p>", 22, "<p>aaaa<b>b</b></p>");
        check("<div><p>a</p><p>b</p></div>", 24, "<div><p>a</p></div>");
        check("<p>a</p>bbb<br>ccc", 15, "<p>a</p>bbb<br>");
    }

    #[test]
    fn a_text_without_tags_is_cut_at_a_space_or_before_an_entity() {
        check("<p>one two three four five six</p>", 20, "<p>one two</p>");
        check("ab&amp;cdefgh", 5, "ab");
        check("éééééé", 5, "éé");
        check("<p>a</p>", 3, "");
    }
}
