//! Web addresses in text: which are accepted, and where they begin and end.
//!
//! Nothing is resolved or rewritten: an address is kept as written.

use std::ops::Range;

use super::inline;
use super::raw::strip_prefix_ignoring_case;

/// Returns whether `url` is http or https, names a host and has no white space in it.
pub(super) fn is_web(url: &str) -> bool {
    let rest = strip_prefix_ignoring_case(url, "https://")
        .or_else(|| strip_prefix_ignoring_case(url, "http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        host.contains(char::is_alphanumeric)
            && !url.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"".contains(c))
    })
}

/// A link in raw text: Markdown's `[…](…)`, `<…>`, or the bare address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where the whole link stands.
    pub(super) span: Range<usize>,
    /// What a Markdown link shows; `None` when that is the address.
    pub(super) shown: Option<String>,
    /// As written.
    pub(super) url: String,
}

/// Returns all links of one paragraph, in order.
pub(super) fn find(raw: &str) -> Vec<Found> {
    let mut found: Vec<Found> = inline::links(raw)
        .into_iter()
        .map(|link| {
            let shown = Some(link.text).filter(|text| *text != link.url && !text.is_empty());
            Found { span: link.span, shown, url: link.url }
        })
        .collect();
    let mut from = 0;
    for index in 0..=found.len() {
        let link = found.get(index).map(|link| link.span.clone());
        let until = link.as_ref().map_or(raw.len(), |span| span.start);
        found.extend(bare(raw, from..until));
        from = link.map_or(raw.len(), |span| span.end);
    }
    found.sort_by_key(|link| link.span.start);
    found
}

/// Returns the addresses that stand in a part of `raw` without marks around them.
fn bare(raw: &str, part: Range<usize>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut from = part.start;
    while let Some(rest) = raw.get(from..part.end) {
        let Some(span) = next_bare(rest) else { break };
        let span = from + span.start..from + span.end;
        let url = raw.get(span.clone()).unwrap_or_default().to_owned();
        from = span.end;
        if is_web(&url) {
            found.push(Found { span, shown: None, url });
        }
    }
    found
}

fn next_bare(text: &str) -> Option<Range<usize>> {
    let mut before: Option<char> = None;
    let start = text.char_indices().find_map(|(at, c)| {
        let inside_word = before.is_some_and(char::is_alphanumeric);
        before = Some(c);
        let rest =
            if matches!(c, 'h' | 'H') && !inside_word { text.get(at..)? } else { return None };
        let scheme = strip_prefix_ignoring_case(rest, "https://")
            .or_else(|| strip_prefix_ignoring_case(rest, "http://"));
        scheme.map(|_| at)
    })?;
    let rest = text.get(start..)?;
    let end = rest.find(ends_address).unwrap_or(rest.len());
    let address = trim_punctuation(rest.get(..end)?);
    Some(start..start + address.len())
}

/// Returns whether no address goes on after `c`: white space, quotation marks, CJK punctuation.
fn ends_address(c: char) -> bool {
    c.is_whitespace() || "<>\"“”„«»、。，；：！？（）「」『』《》【】".contains(c) || c.is_control()
}

/// Returns an address without the punctuation of the sentence around it.
fn trim_punctuation(address: &str) -> &str {
    let opened = address.matches('(').count();
    let mut closed = address.matches(')').count();
    let mut end = address.len();
    for (at, c) in address.char_indices().rev() {
        let loose = ".,;:!?'’*_…".contains(c) || (c == ')' && closed > opened);
        if !loose {
            break;
        }
        if c == ')' {
            closed -= 1;
        }
        end = at;
    }
    address.get(..end).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &[&str]) {
        let found: Vec<String> = find(raw).into_iter().map(|link| link.url).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_http_and_https_are_web_addresses() {
        for good in ["http://x.org", "HTTPS://X.org/a", "https://例え.jp/記事?a=b#c"] {
            assert!(is_web(good), "{good}");
        }
        for bad in ["ftp://x.org", "javascript:x", "x.org", "http://", "http:///a", "http://a b"] {
            assert!(!is_web(bad), "{bad}");
        }
    }

    #[test]
    fn all_forms_of_link_are_found_in_order() {
        check(
            "https://a.org/ [b](https://b.org/) <https://c.org/> d",
            &["https://a.org/", "https://b.org/", "https://c.org/"],
        );
    }

    #[test]
    fn an_address_ends_before_the_punctuation_of_its_sentence() {
        check("(see https://x.org/a_(b)).", &["https://x.org/a_(b)"]);
        check("https://x.org/a, https://x.org/b…", &["https://x.org/a", "https://x.org/b"]);
        check("出典：https://x.org/a。", &["https://x.org/a"]);
        check("xhttps://x.org http://", &[]);
    }
}
