//! What is wrong with a file that is not TOML, in the words of somebody who does not know TOML.
//!
//! The parser says what its grammar expects ("invalid float, expected nothing"); the line says
//! what was meant. Where the line does not, the parser's words stand.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// A place where the parser went wrong, and what it says of it.
pub(super) struct Break {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

/// What to tell of one line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) span: Range<usize>,
    pub(super) found: String,
    pub(super) accepted: String,
    /// Whether all that follows is read as a part of it.
    pub(super) hides_rest: bool,
}

const OPEN_LIST: &str = "the list above it has no end";

/// Returns what to tell of each broken line; what the parser says of a line after the first break
/// in it follows from that.
pub(super) fn explain(text: &str, breaks: &[Break]) -> Vec<Told> {
    let mut told = Vec::new();
    let mut lines = BTreeSet::new();
    let mut firsts = None;
    for broken in breaks {
        let start = broken.span.start.min(text.len());
        // A text or a value that ends too early is broken at the line's end, or behind it.
        let line_start = text.get(..start).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
        if !lines.insert(line_start) {
            continue;
        }
        let line = text.get(line_start..).and_then(|t| t.lines().next()).unwrap_or_default();
        let mut span = broken.span.clone();
        let (found, accepted) = if broken.message.starts_with("duplicate key") {
            // What stands in a section that is there twice is there once.
            let firsts = firsts.get_or_insert_with(|| Firsts::of(text));
            let Some(duplicate) = firsts.duplicate(&span) else { continue };
            duplicate
        } else if let Some(said) = by_line(line) {
            span = line_start + value_at(line)..span.end;
            said
        } else {
            let said = by_message(text, broken, line);
            said.unwrap_or_else(|| (format!("not TOML: {}", broken.message), String::new()))
        };
        let hides_rest = found == OPEN_LIST;
        told.push(Told { span, found, accepted, hides_rest });
        if hides_rest {
            break;
        }
    }
    told
}

/// Returns where a line's value begins, or the line itself where it has no `=`.
fn value_at(line: &str) -> usize {
    let from = line.find('=').map_or(0, |at| at + 1);
    let rest = line.get(from..).unwrap_or_default();
    from + (rest.len() - rest.trim_start().len())
}

/// Says what is wrong with a line that shows it by itself.
fn by_line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    if line.starts_with("//") || line.starts_with("/*") || line.starts_with(';') {
        return Some(("not a comment".into(), "comments begin with `#`".into()));
    }
    let name_end = line.find(|c: char| !is_name(c))?;
    let (name, rest) = line.split_at_checked(name_end)?;
    let rest = rest.trim_start();
    if name.is_empty() {
        return None;
    }
    if let Some(value) = rest.strip_prefix(':') {
        let value = if value.trim().is_empty() { "…" } else { value.trim() };
        let found = format!("`{name}:`");
        return Some((found, format!("`{name} = {}` is accepted", quoted(value))));
    }
    let value = rest.strip_prefix('=')?.trim();
    if value.is_empty() || value.starts_with('#') {
        return Some((format!("`{name}` has no value"), String::new()));
    }
    if value.starts_with(['“', '”', '„', '‘', '’', '«', '»', '`', '‹', '›']) {
        let bare = value.trim_matches(|c: char| !c.is_ascii_graphic() || c == '`');
        let found = "a quotation mark that is not `\"`".to_owned();
        return Some((found, format!("`{name} = \"{bare}\"` is accepted")));
    }
    if value.starts_with(['"', '\'', '[', '{']) {
        return None;
    }
    let value = value.split('#').next().unwrap_or_default().trim();
    let truth = match value.to_lowercase().as_str() {
        "true" | "yes" | "on" => Some("true"),
        "false" | "no" | "off" => Some("false"),
        _ => None,
    };
    if let Some(truth) = truth.filter(|truth| *truth != value) {
        return Some((format!("found {value}"), format!("`{name} = {truth}` is accepted")));
    }
    let is_plain = quoted(value) != value && !value.contains(['"', '\'', '[', '{']);
    let found = "a text without quotation marks".to_owned();
    is_plain.then(|| (found, format!("`{name} = {}` is accepted", quoted(value))))
}

/// Says what is wrong by what the parser says and where.
fn by_message(text: &str, broken: &Break, line: &str) -> Option<(String, String)> {
    let message = broken.message.as_str();
    let is = |start: &str| message.starts_with(start);
    let line = line.trim();
    if is("unclosed table") || is("unclosed array table") {
        let name = line.trim_start_matches('[').split(|c| !is_name(c)).next().unwrap_or_default();
        let is_list = line.starts_with("[[");
        let whole = if is_list { format!("[[{name}]]") } else { format!("[{name}]") };
        return Some(("a bracket is missing".into(), format!("`{whole}` is accepted")));
    }
    if is("invalid basic string") || is("invalid literal string") {
        let accepted = "a text ends with the quotation mark that it begins with";
        return Some(("the text has no end".into(), accepted.into()));
    }
    if line.contains('\\') && (message.contains("unicode") || message.contains("escape")) {
        let accepted = "`\\\\` in \"…\", or a text in '…', where `\\` stands for itself";
        return Some(("a lone `\\`".into(), accepted.into()));
    }
    if is("key with no value") {
        let name = line.split(|c| !is_name(c)).next().unwrap_or_default();
        return (name == line)
            .then(|| (format!("`{name}` has no value"), format!("`{name} = …` is accepted")));
    }
    if is("missing comma") {
        // At a line's start it is the next setting, taken for a piece of a list that nobody closed.
        let before = text.get(..broken.span.start).unwrap_or_default();
        let is_at_start = before.rsplit('\n').next().is_some_and(|part| part.trim().is_empty());
        let key_follows = is_at_start && line.contains('=');
        let (found, accepted) = if key_follows || is_at_start && line.starts_with('[') {
            (OPEN_LIST, "`]` ends a list")
        } else {
            ("two values without a comma", "a comma stands between the values of a list")
        };
        return Some((found.into(), accepted.into()));
    }
    None
}

/// Where each section and each of its keys stands first, as lines from 1.
struct Firsts<'t> {
    text: &'t str,
    sections: HashMap<&'t str, usize>,
    /// By how many headers stand before; with where the line ends.
    keys: HashMap<(usize, &'t str), (usize, usize)>,
    /// Where the headers end.
    headers: Vec<usize>,
}

impl<'t> Firsts<'t> {
    fn of(text: &'t str) -> Self {
        let (sections, keys, headers) = (HashMap::new(), HashMap::new(), Vec::new());
        let mut firsts = Self { text, sections, keys, headers };
        let mut end = 0;
        for (line, number) in text.split_inclusive('\n').zip(1..) {
            end += line.len();
            if let Some(section) = header(line) {
                firsts.sections.entry(section).or_insert(number);
                firsts.headers.push(end);
            } else if let Some((key, _)) = line.split_once('=') {
                firsts.keys.entry((firsts.headers.len(), key.trim())).or_insert((number, end));
            }
        }
        firsts
    }

    /// Names what stands twice, and the line where it stood first, if that is found in its section.
    fn duplicate(&self, second: &Range<usize>) -> Option<(String, String)> {
        let name = self.text.get(second.clone())?;
        let start = self.text.get(..second.start)?.rfind('\n').map_or(0, |at| at + 1);
        let section = header(self.text.get(start..)?.lines().next()?);
        let Some(section) = section else {
            let headers = self.headers.partition_point(|end| *end <= start);
            let is_before = |(_, end): &&(usize, usize)| *end <= start;
            let (first, _) = self.keys.get(&(headers, name)).filter(is_before)?;
            return Some((
                format!("`{name}` is there twice, first in line {first}"),
                "each key is accepted once".to_owned(),
            ));
        };
        let first = self.sections.get(section)?;
        Some((
            format!("`[{section}]` is there twice, first in line {first}"),
            "one section of a name is accepted, with all its keys".to_owned(),
        ))
    }
}

/// Returns the name in a section's header.
fn header(line: &str) -> Option<&str> {
    let inner = line.trim().strip_prefix('[')?.split(']').next()?;
    Some(inner.trim_start_matches('[').trim())
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Returns a value as it would be written: a text in quotes, anything else as it is.
fn quoted(value: &str) -> String {
    // SECURITY: what may be a login is not repeated.
    if value.contains('@') || value.len() > 80 {
        return "\"…\"".to_owned();
    }
    let stands = value.starts_with(['"', '\'', '[', '{', '…'])
        || matches!(value, "true" | "false")
        || value.parse::<f64>().is_ok();
    if stands { value.to_owned() } else { format!("\"{value}\"") }
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    fn told(text: &str) -> Vec<String> {
        let (_, errors) = DeTable::parse_recoverable(text);
        let breaks: Vec<Break> = errors
            .iter()
            .map(|e| Break { span: e.span().unwrap_or(0..0), message: e.message().to_owned() })
            .collect();
        assert!(!breaks.is_empty(), "{text} is TOML");
        explain(text, &breaks).into_iter().map(|t| format!("{}; {}", t.found, t.accepted)).collect()
    }

    #[test]
    fn a_broken_line_is_told_once_and_in_plain_words() {
        for (text, expected) in [
            (
                "a = 127.0.0.1:8420",
                "a text without quotation marks; `a = \"127.0.0.1:8420\"` is accepted",
            ),
            ("a = debug # loud", "a text without quotation marks; `a = \"debug\"` is accepted"),
            ("a = “x”", "a quotation mark that is not `\"`; `a = \"x\"` is accepted"),
            ("a: \"x\"", "`a:`; `a = \"x\"` is accepted"),
            ("a: x", "`a:`; `a = \"x\"` is accepted"),
            ("a: 5", "`a:`; `a = 5` is accepted"),
            ("a = http://me:hush@x.org", "a text without quotation marks; `a = \"…\"` is accepted"),
            ("a = yes", "found yes; `a = true` is accepted"),
            ("a = False", "found False; `a = false` is accepted"),
            ("a =", "`a` has no value; "),
            ("a", "`a` has no value; `a = …` is accepted"),
            (
                "a = \"x",
                "the text has no end; a text ends with the quotation mark that it begins with",
            ),
            (
                "a = 'x",
                "the text has no end; a text ends with the quotation mark that it begins with",
            ),
            (
                "a = \"C:\\users\"",
                "a lone `\\`; `\\\\` in \"…\", or a text in '…', where `\\` stands for itself",
            ),
            (
                "a = \"C:\\dir\"",
                "a lone `\\`; `\\\\` in \"…\", or a text in '…', where `\\` stands for itself",
            ),
            ("// x", "not a comment; comments begin with `#`"),
            ("[a", "a bracket is missing; `[a]` is accepted"),
            ("[[a]", "a bracket is missing; `[[a]]` is accepted"),
            (
                "a = [\"x\" \"y\"]",
                "two values without a comma; a comma stands between the values of a list",
            ),
            ("a = [1, 2\nb = 3", "the list above it has no end; `]` ends a list"),
            ("a = 1\na = 2", "`a` is there twice, first in line 1; each key is accepted once"),
            (
                "[x]\na = 1\n[y]\na = 1\na = 2",
                "`a` is there twice, first in line 4; each key is accepted once",
            ),
            (
                "[x]\na = 1\n[x]\na = 1",
                "`[x]` is there twice, first in line 1; one section of a name is accepted, with all its keys",
            ),
            (
                "[x]\n[y]\n[x]",
                "`[x]` is there twice, first in line 1; one section of a name is accepted, with all its keys",
            ),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_a_line_does_not_show_is_told_in_the_words_of_the_parser() {
        for text in [
            "= 1",
            "a = 1 2",
            "a = {",
            "[a.",
            "\u{0}",
            "ü = 1",
            "a = [",
            "]",
            "a.=1",
            "x = \"\u{1}\"",
        ] {
            for line in told(text) {
                assert!(line.len() > 10, "{text}: {line}");
            }
        }
    }
}
