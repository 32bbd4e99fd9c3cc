//! What is wrong with a configuration, where, and what would be right.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::syntax::Told;

/// One mistake, printed as `file:line:column: key: what was found; what is accepted`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Such as `fetch.every`; empty where the line is not TOML.
    pub key: String,
    /// What was found.
    pub found: String,
    /// What is accepted.
    pub accepted: String,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not UTF-8.
    #[error("{}:{line}: the configuration is not UTF-8 from this line on", file.display())]
    NotUtf8 {
        /// Which file.
        file: PathBuf,
        /// From 1.
        line: usize,
    },
    /// All mistakes of the file, in its order.
    #[error("{}", lines(file, mistakes))]
    Wrong {
        /// Which file.
        file: PathBuf,
        /// At least one.
        mistakes: Vec<Mistake>,
    },
}

fn lines(file: &Path, mistakes: &[Mistake]) -> String {
    let line = |m: &Mistake| {
        let key = if m.key.is_empty() { String::new() } else { format!("{}: ", m.key) };
        let accepted =
            if m.accepted.is_empty() { String::new() } else { format!("; {}", m.accepted) };
        format!("{}:{}:{}: {key}{}{accepted}", file.display(), m.line, m.column, m.found)
    };
    mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Collects the mistakes of one file and knows where its bytes stand.
pub(super) struct Mistakes<'t> {
    text: &'t str,
    /// Where its lines begin.
    lines: Vec<usize>,
    found: Vec<Mistake>,
    /// Lines that are not TOML.
    broken: BTreeSet<usize>,
    /// What each section takes, for a key that stands in the wrong one.
    known: BTreeMap<String, Vec<String>>,
    unknown: Vec<Unknown>,
}

/// A key that its section does not take.
struct Unknown {
    span: Range<usize>,
    section: String,
    key: String,
}

/// What is said of a key or a section that is required and not there.
pub(super) const MISSING: &str = "missing";

impl<'t> Mistakes<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            lines: std::iter::once(0)
                .chain(text.match_indices('\n').map(|(at, _)| at + 1))
                .collect(),
            found: Vec::new(),
            broken: BTreeSet::new(),
            known: BTreeMap::new(),
            unknown: Vec::new(),
        }
    }

    /// Returns how many are recorded so far.
    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// Records a mistake at the start of `span`.
    pub(super) fn add(
        &mut self,
        span: &Range<usize>,
        key: &str,
        found: impl Into<String>,
        accepted: impl Into<String>,
    ) {
        let (line, column) = self.place(span.start);
        self.found.push(Mistake {
            line,
            column,
            key: key.to_owned(),
            found: found.into(),
            accepted: accepted.into(),
        });
    }

    fn place(&self, at: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..at.min(self.text.len())).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// Records the lines that are not TOML. What was read of them is a guess of the parser's, and
    /// what is missing may stand in one of them, so no more is told of either.
    pub(super) fn broken(&mut self, lines: Vec<Told>) {
        for told in lines {
            let line = self.place(told.span.start).0;
            let last = if told.hides_rest { self.lines.len() } else { line };
            self.broken.extend(line..=last);
            self.add(&told.span, "", told.found, told.accepted);
        }
    }

    /// Records which keys a section takes, and which of its keys it does not.
    pub(super) fn keys(
        &mut self,
        section: &str,
        known: Vec<String>,
        unknown: impl Iterator<Item = (Range<usize>, String)>,
    ) {
        let add = |(span, key)| Unknown { span, section: section.to_owned(), key };
        self.unknown.extend(unknown.map(add));
        // A list of sections takes the same keys again and again.
        let names = self.known.entry(section.to_owned()).or_default();
        for key in known {
            if !names.contains(&key) {
                names.push(key);
            }
        }
    }

    fn tell_unknown(&mut self) {
        for Unknown { span, section, key } in std::mem::take(&mut self.unknown) {
            let kind = if section.is_empty() { "section" } else { "key" };
            let names = self.known.get(&section).map(Vec::as_slice).unwrap_or_default();
            let elsewhere = self.homes(&key);
            let near = suggestion(&key, names.iter().map(String::as_str));
            let (kind, accepted) = match near.or_else(|| longer(&key, names)) {
                Some(near) if section.is_empty() => {
                    (kind, format!("did you mean {}?", header(near)))
                }
                Some(near) => (kind, format!("did you mean `{near}`?")),
                None if elsewhere.is_empty() => {
                    (kind, format!("accepted here: {}", names.join(", ")))
                }
                None => ("key", format!("it is accepted in {}", elsewhere.join(", "))),
            };
            let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
            self.add(&span, &path, format!("unknown {kind} `{key}`"), accepted);
        }
    }

    /// Returns the sections that take a key, as their headers are written.
    fn homes(&self, key: &str) -> Vec<String> {
        let takes = |(section, keys): &(&String, &Vec<String>)| {
            let is_section = !section.is_empty() && section.as_str() != "log.modules";
            is_section && keys.iter().any(|known| known == key)
        };
        self.known.iter().filter(takes).map(|(section, _)| header(section)).collect()
    }

    /// Returns the place of a byte of a text that stands, in its quotes, at `span`; the text's own
    /// place where it is not written as it reads.
    pub(super) fn within(&self, span: &Range<usize>, text: &str, at: usize) -> Range<usize> {
        let written = self.text.get(span.clone()).unwrap_or_default();
        let openings = ["'''", "\"\"\"", "'", "\""];
        let inner = openings.iter().find_map(|opening| written.strip_prefix(opening));
        let inner = inner.unwrap_or(written).trim_start_matches(['\r', '\n']);
        if !inner.starts_with(text) {
            return span.clone();
        }
        let start = span.end - inner.len() + at;
        start..span.end
    }

    /// Returns the mistakes in the order of the file.
    pub(super) fn sorted(mut self) -> Vec<Mistake> {
        self.tell_unknown();
        if !self.broken.is_empty() {
            let follows = |m: &Mistake| {
                !m.key.is_empty() && self.broken.contains(&m.line) || m.found == MISSING
            };
            self.found.retain(|mistake| !follows(mistake));
        }
        self.found.sort();
        self.found.dedup();
        self.found
    }
}

/// Returns a section as the line that begins it is written.
fn header(section: &str) -> String {
    match section {
        "source" | "channel" => format!("`[[{section}]]`"),
        _ => format!("`[{section}]`"),
    }
}

/// Returns the one of the names that is made of the words of what was written and others, such as
/// `admin_token_file` of `token_file`, if no more are.
fn longer<'n>(written: &str, names: &'n [String]) -> Option<&'n str> {
    let words: Vec<&str> = written.split('_').collect();
    let holds = |name: &&String| {
        name.split('_').collect::<Vec<_>>().windows(words.len()).any(|part| part == words)
    };
    let mut found = names.iter().filter(holds);
    found.next().filter(|_| found.next().is_none()).map(String::as_str)
}

/// Returns the one of the names that is close to what was written, if one is.
pub(super) fn suggestion<'n>(
    written: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let written = written.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&written, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 4)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_counted_in_lines_and_characters_from_one() {
        let mut mistakes = Mistakes::new("a = 1\nß = ü x\n");
        mistakes.add(&(14..15), "k", "found x", "nothing is accepted");
        let found = mistakes.sorted();
        assert_eq!((found[0].line, found[0].column), (2, 7));
    }

    #[test]
    fn a_place_within_a_text_is_found_where_the_text_is_written_as_it_reads() {
        for (file, text, at, column) in [
            ("k = 'a(b'", "a(b", 1, 7),
            ("k = \"a(b\"", "a(b", 1, 7),
            (r"k = '\d('", r"\d(", 2, 8),
            (r#"k = "\\d(""#, r"\d(", 2, 5),
            ("k = '\"('", "\"(", 1, 7),
            ("k = '''\na(b'''", "a(b", 1, 2),
        ] {
            let mut mistakes = Mistakes::new(file);
            let place = mistakes.within(&(4..file.len()), text, at);
            mistakes.add(&place, "k", "x", "y");
            assert_eq!(mistakes.sorted()[0].column, column, "{file}");
        }
    }

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let names = ["every", "min_every", "listen"];
        assert_eq!(suggestion("evry", names), Some("every"));
        assert_eq!(suggestion("Listen", names), Some("listen"));
        assert_eq!(suggestion("port", names), None);
    }
}
