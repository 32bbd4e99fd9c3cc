//! The eight section names, and which lines are headings.
//!
//! Looks at one line; `sections` knows the order of lines.

use std::borrow::Cow;

use super::raw::{is_colon, is_dash, strip_prefix_ignoring_case};

/// A section of a brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Summary,
    Points,
    OriginalPost,
    Further,
    Questions,
    Opinion,
    KeyTerms,
    Source,
}

impl Section {
    /// In the order in which a brief is written.
    pub(super) const NAMES: [&'static str; 8] = [
        "Summary",
        "What This Means for You",
        "Original Post",
        "Extra Information",
        "People Also Ask",
        "Expert Opinion",
        "Key Terms",
        "Original Source",
    ];

    /// Returns the name that headings use.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Summary => "Summary",
            Self::Points => "What This Means for You",
            Self::OriginalPost => "Original Post",
            Self::Further => "Extra Information",
            Self::Questions => "People Also Ask",
            Self::Opinion => "Expert Opinion",
            Self::KeyTerms => "Key Terms",
            Self::Source => "Original Source",
        }
    }

    /// Returns the field's name in the JSON form.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Points => "what_this_means",
            Self::OriginalPost => "original_post",
            Self::Further => "extra_information",
            Self::Questions => "people_also_ask",
            Self::Opinion => "expert_opinion",
            Self::KeyTerms => "key_terms",
            Self::Source => "source_url",
        }
    }

    /// Returns whether a second heading joins its lines to the first's.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::Points | Self::Further | Self::Questions | Self::KeyTerms)
    }
}

/// Names and aliases; a longer one before its own beginning.
const HEADINGS: [(&str, Section); 12] = [
    ("Summary", Section::Summary),
    ("What This Means for You", Section::Points),
    ("What This Means", Section::Points),
    ("Original Post", Section::OriginalPost),
    ("Extra Information", Section::Further),
    ("Extra Info", Section::Further),
    ("People Also Ask", Section::Questions),
    ("FAQ", Section::Questions),
    ("Expert Opinion", Section::Opinion),
    ("Key Terms", Section::KeyTerms),
    ("Original Source", Section::Source),
    ("Source", Section::Source),
];

/// Returns the section that `line` opens, and the content that follows on the same line.
pub(super) fn section(line: &str) -> Option<(Section, Cow<'_, str>)> {
    let (line, bold) = strip_decoration(line)?;
    HEADINGS
        .iter()
        .find_map(|(name, section)| Some((*section, content(strip_words(line, name)?, bold)?)))
}

/// Returns the content of a `Title:` line.
pub(super) fn title(line: &str) -> Option<Cow<'_, str>> {
    let (line, bold) = strip_decoration(line)?;
    let rest = strip_words(line, "Title")?;
    let colon = rest.trim_start_matches(['*', '_', ' ']).starts_with(is_colon);
    colon.then(|| content(rest, bold)).flatten()
}

/// Returns the level and the text of a line that begins with one to six `#` and white space.
pub(super) fn atx(line: &str) -> Option<(usize, &str)> {
    let line = strip_indent(line)?;
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    if !(1..=6).contains(&level) || !(text.is_empty() || text.starts_with([' ', '\t'])) {
        return None;
    }
    Some((level, strip_closing_marks(text)))
}

/// Returns the level of a setext underline: 1 for `===`, 2 for `---`.
pub(super) fn underline(line: &str) -> Option<usize> {
    let line = strip_indent(line)?.trim_end();
    let only = |mark: char| line.len() > 1 && line.chars().all(|c| c == mark);
    match () {
        () if only('=') => Some(1),
        () if only('-') => Some(2),
        () => None,
    }
}

/// Returns `line` without the at most three spaces that Markdown allows before a heading.
fn strip_indent(line: &str) -> Option<&str> {
    let text = line.trim_start_matches(' ');
    (line.len() - text.len() <= 3 && !text.starts_with('\t')).then_some(text)
}

/// Returns `line` without `#`s, leading number and bold mark, and the bold mark.
fn strip_decoration(line: &str) -> Option<(&str, &'static str)> {
    let line = strip_indent(line)?.trim_start_matches('#').trim_start();
    let (outer, line) = strip_bold(line);
    let line = strip_number(line);
    let (inner, line) = strip_bold(line);
    Some((line, if inner.is_empty() { outer } else { inner }))
}

fn strip_bold(line: &str) -> (&'static str, &str) {
    for mark in ["**", "__"] {
        if let Some(rest) = line.strip_prefix(mark) {
            return (mark, rest.trim_start());
        }
    }
    ("", line)
}

fn strip_number(line: &str) -> &str {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    if !(1..=3).contains(&(line.len() - rest.len())) {
        return line;
    }
    rest.strip_prefix(['.', ')']).map_or(line, str::trim_start)
}

/// Returns what follows the words of `name`, however much white space is between them.
fn strip_words<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = line;
    for (word, first) in name.split(' ').zip(std::iter::once(true).chain(std::iter::repeat(false)))
    {
        let unspaced = if first { rest } else { rest.trim_start() };
        if !first && unspaced.len() == rest.len() {
            return None;
        }
        rest = strip_prefix_ignoring_case(unspaced, word)?;
    }
    Some(rest)
}

/// Returns the content after a heading's name, if the name ends like a heading.
fn content<'a>(after_name: &'a str, bold: &str) -> Option<Cow<'a, str>> {
    let (closed, rest) = strip_closer(after_name, bold);
    let trimmed = rest.trim_start();
    if strip_closing_marks(trimmed).is_empty() {
        return Some(Cow::Borrowed(""));
    }
    let after_mark = match trimmed.strip_prefix(is_colon) {
        Some(content) => content,
        None => strip_spaced_dash(rest)?,
    };
    if closed {
        return Some(Cow::Borrowed(after_mark.trim()));
    }
    let (closed, after_mark) = strip_closer(after_mark, bold);
    let text = after_mark.trim();
    // `**Summary: text**`: the bold goes on into the content.
    Some(if closed || text.is_empty() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("{bold}{text}"))
    })
}

/// Returns whether the bold of a heading is closed at the beginning of `text`, and the rest.
fn strip_closer<'a>(text: &'a str, bold: &str) -> (bool, &'a str) {
    match text.trim_start().strip_prefix(bold) {
        _ if bold.is_empty() => (true, text),
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

fn strip_spaced_dash(rest: &str) -> Option<&str> {
    let spaced = rest.trim_start();
    let content = spaced.strip_prefix(is_dash)?;
    let parted = spaced.len() < rest.len()
        && (content.is_empty() || content.starts_with(char::is_whitespace));
    parted.then_some(content)
}

/// Returns the text of a heading without the `#`s that may close it.
fn strip_closing_marks(text: &str) -> &str {
    let text = text.trim();
    let open = text.trim_end_matches('#');
    if open.is_empty() || open.ends_with([' ', '\t']) { open.trim_end() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(Section, &str)>) {
        let found = section(line);
        assert_eq!(found.as_ref().map(|(section, text)| (*section, text.as_ref())), expected);
    }

    #[test]
    fn the_eight_names_are_headings_in_any_case() {
        for name in Section::NAMES {
            for line in [name.to_owned(), name.to_uppercase(), format!("{}:", name.to_lowercase())]
            {
                let found = section(&line).expect("a heading");
                assert_eq!((found.0.name(), found.1.as_ref()), (name, ""), "{line}");
            }
        }
    }

    #[test]
    fn decoration_is_optional() {
        use Section::{KeyTerms, Summary};
        for line in [
            "## Summary",
            "##Summary",
            "###### Summary ##",
            "**Summary**",
            "**Summary:**",
            "**Summary**:",
            "__Summary__",
            "1. Summary",
            "## 1) Summary:",
            "**1. Summary**",
            "1. **Summary:**",
            "## **Summary**",
            "  Summary :",
            "Summary：",
            "Summary –",
            "Summary   ",
            "## __2. Summary__ ：",
        ] {
            check(line, Some((Summary, "")));
        }
        check("Key  Terms:", Some((KeyTerms, "")));
    }

    #[test]
    fn content_may_follow_on_the_same_line() {
        use Section::{Questions, Source, Summary};
        check("Summary: It rained.", Some((Summary, "It rained.")));
        check("**Summary:** It rained.", Some((Summary, "It rained.")));
        check("**Summary: It rained.**", Some((Summary, "**It rained.**")));
        check("Summary – It rained.", Some((Summary, "It rained.")));
        check("Summary - It rained.", Some((Summary, "It rained.")));
        check("Summary：雨", Some((Summary, "雨")));
        check("Source: https://x.org/", Some((Source, "https://x.org/")));
        check("FAQ", Some((Questions, "")));
    }

    #[test]
    fn aliases_count_and_translations_do_not() {
        use Section::{Further, Points, Source};
        check("What This Means", Some((Points, "")));
        check("Extra Info:", Some((Further, "")));
        check("ORIGINAL SOURCE:", Some((Source, "")));
        check("Zusammenfassung:", None);
    }

    #[test]
    fn a_name_followed_by_other_words_or_after_a_bullet_is_no_heading() {
        for line in [
            "Summary of events: it rained",
            "Summary-judgment",
            "Source link",
            "- Summary: x",
            "* **Summary**: x",
            "• Key Terms: x",
            "Sources:",
            "    Summary",
            r"Summary\: x",
            "A Summary:",
            "",
            "#",
            "What This Means for Your Wallet:",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn a_title_line_needs_its_colon() {
        assert_eq!(title("Title: A b").as_deref(), Some("A b"));
        assert_eq!(title("**Title:** A b").as_deref(), Some("A b"));
        assert_eq!(title("Title fight"), None);
        assert_eq!(title("Title – fight"), None);
    }

    #[test]
    fn an_atx_heading_needs_a_space() {
        assert_eq!(atx("## A ##"), Some((2, "A")));
        assert_eq!(atx("#tag"), None);
        assert_eq!(atx("####### x"), None);
    }
}
