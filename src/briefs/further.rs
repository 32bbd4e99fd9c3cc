//! *Extra Information*: places to read on.

use super::items::{Item, items};
use super::lines::Line;
use super::links::{self, Found, is_web};
use super::prose;
use super::raw::{is_colon, is_dash, live, part_at, spaced_dash};
use super::report::{Findings, Place, quoted};
use crate::model::Further;

/// Reads the items of a section: a Markdown link, a bare URL, or neither.
pub(super) fn read(lines: &[Line<'_>], findings: &mut Findings) -> Vec<(Place, Further)> {
    items(lines).iter().filter_map(|item| further(item, findings)).collect()
}

fn further(item: &Item, findings: &mut Findings) -> Option<(Place, Further)> {
    let (first, rest) = item.paragraphs.split_first()?;
    let mut parts = split(first);
    parts.why.extend(rest.iter().cloned());
    if let Some(url) = parts.url.take_if(|url| !is_web(url)) {
        let message = format!("the link {}: only http and https are accepted", quoted(&url));
        findings.refuse_field(item.place, "extra_information", message);
    }
    let title = prose::line(&parts.title, item.place, findings);
    let why = parts.why.iter().map(|raw| prose::text(raw, item.place, findings)).collect();
    let why = Some(prose::join(why)).filter(|why| !why.is_empty());
    let title = if title.is_empty() { parts.url.clone().or_else(|| why.clone())? } else { title };
    Some((item.place, Further { title, url: parts.url, why }))
}

/// An item's parts; the texts are raw Markdown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    title: String,
    url: Option<String>,
    why: Vec<String>,
}

fn split(raw: &str) -> Parts {
    let Some(link) = links::find(raw).into_iter().next() else {
        let (title, why) = split_title(raw);
        return Parts { title: title.to_owned(), url: None, why: owned(why) };
    };
    let (before, _) = part_at(raw, link.span.start, 0);
    let (_, after) = part_at(raw, link.span.end, 0);
    if before.trim_matches(['*', '_', ' ', '"', '“']).is_empty() {
        return leading(raw, link, after);
    }
    let without = without_link(before, &link, raw, after);
    let (title, why) = split_title(&without);
    Parts { title: title.to_owned(), url: Some(link.url), why: owned(why) }
}

/// The link comes first: what follows it, after a dash or a colon, says why.
fn leading(raw: &str, link: Found, after: &str) -> Parts {
    let why = after.trim_start_matches(['*', '_', '"', '”', ' ']).trim_start();
    let why = why.strip_prefix(|c| is_dash(c) || is_colon(c) || c == ',').unwrap_or(why);
    let title = match link.shown {
        Some(_) => raw.get(link.span.clone()).unwrap_or_default().to_owned(),
        None => String::new(),
    };
    Parts { title, url: Some(link.url), why: owned(why) }
}

/// Returns the item without a bare address and the brackets around it; a Markdown link stays
/// as what it shows.
fn without_link(before: &str, link: &Found, raw: &str, after: &str) -> String {
    if link.shown.is_some() {
        return raw.to_owned();
    }
    let before = before.trim_end();
    let bracketed = before.strip_suffix('(').zip(after.strip_prefix(')'));
    let (before, after) = bracketed.unwrap_or((before, after));
    let before = before.trim_end();
    let after = after.trim();
    let before = if after.is_empty() {
        // The separator led to the address.
        before.strip_suffix(|c| is_dash(c) || is_colon(c)).unwrap_or(before).trim_end()
    } else {
        before
    };
    format!("{before} {after}")
}

/// Parts title and why: at a spaced dash, else at a colon.
fn split_title(raw: &str) -> (&str, &str) {
    let colon = || {
        live(raw).find_map(|(at, c)| {
            let spaced = part_at(raw, at, c.len_utf8()).1.starts_with(char::is_whitespace);
            (c == '：' || (c == ':' && spaced)).then_some((at, c.len_utf8()))
        })
    };
    match spaced_dash(raw).or_else(colon) {
        Some((at, length)) => {
            let (title, why) = part_at(raw, at, length);
            if title.trim().is_empty() { ("", why.trim()) } else { (title.trim(), why.trim()) }
        }
        None => (raw, ""),
    }
}

fn owned(why: &str) -> Vec<String> {
    let why = why.trim();
    if why.is_empty() { Vec::new() } else { vec![why.to_owned()] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::briefs::lines::split as lines;

    #[track_caller]
    fn check(text: &str, title: &str, url: Option<&str>, why: Option<&str>) {
        let mut findings = Findings::default();
        let found = read(&lines(text), &mut findings);
        assert_eq!(found.len(), 1, "{found:?}");
        let (_, further) = &found[0];
        assert_eq!(
            (further.title.as_str(), further.url.as_deref(), further.why.as_deref()),
            (title, url, why)
        );
        assert!(!findings.refused());
    }

    #[test]
    fn a_markdown_link_is_title_and_address() {
        let url = Some("https://x.org/a");
        check("- [A – *b*: c](https://x.org/a) – why: so", "A – b: c", url, Some("why: so"));
        check("- **[A](https://x.org/a)**: why", "A", url, Some("why"));
        check("- [A](https://x.org/a)", "A", url, None);
        check("- A – see [here](https://x.org/a)", "A", url, Some("see here"));
    }

    #[test]
    fn a_bare_url_is_taken_out_of_the_text() {
        let url = Some("https://x.org/a");
        check("- https://x.org/a – why", "https://x.org/a", url, Some("why"));
        check("- A (https://x.org/a) – why", "A", url, Some("why"));
        check("- A: https://x.org/a", "A", url, None);
        check("- A – why https://x.org/a", "A", url, Some("why"));
        check("- <https://x.org/a>", "https://x.org/a", url, None);
    }

    #[test]
    fn a_spaced_dash_goes_before_a_colon() {
        check("- A: b – c", "A: b", None, Some("c"));
        check("- A: b", "A", None, Some("b"));
        check("- A - b: c", "A", None, Some("b: c"));
        check("- A-b", "A-b", None, None);
    }

    #[test]
    fn only_http_and_https_are_accepted() {
        let mut findings = Findings::default();
        read(&lines("- a\n- [x](ftp://x.org/)"), &mut findings);
        let report = findings.into_report(None);
        assert_eq!(report.errors.len(), 1);
        assert_eq!(report.errors[0].line, 2);
    }
}
