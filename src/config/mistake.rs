//! What is wrong with a configuration, where, and what would be right.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// One mistake, printed as `file:line:column: key: what was found; what is accepted`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Such as `fetch.every`; empty where the file is not TOML.
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
    found: Vec<Mistake>,
}

impl<'t> Mistakes<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, found: Vec::new() }
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
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        self.found.push(Mistake {
            line: before.matches('\n').count() + 1,
            column: last_line.chars().count() + 1,
            key: key.to_owned(),
            found: found.into(),
            accepted: accepted.into(),
        });
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
        self.found.sort();
        self.found.dedup();
        self.found
    }
}

/// Returns `; did you mean …?` where one of the names is close to what was written.
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
