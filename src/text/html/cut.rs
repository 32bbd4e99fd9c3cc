//! Shortening markup without breaking it.

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
        let name = tag.split([' ', '>']).next().unwrap_or_default();
        if !is_void(name) {
            self.names.push(name);
            self.closing_bytes += closing_length(name);
        }
    }
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
    let closing: String = open.names.iter().rev().flat_map(|name| ["</", name, ">"]).collect();
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
