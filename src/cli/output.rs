//! Printing: lines that survive a closed pipe and hide nothing from a terminal, JSON, colours,
//! errors on one line.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// What a line says beside its words; shown by its colour where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tone {
    /// Nothing.
    #[default]
    Plain,
    /// The names of columns.
    Head,
    /// A failure.
    Bad,
    /// Something that is there and does not count, such as a draft.
    Faint,
}

impl Tone {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Head => Some("1"),
            Self::Bad => Some("31"),
            Self::Faint => Some("33"),
        }
    }
}

/// Prints a line for people.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    toned(text, Tone::Plain)
}

/// Prints a line in the colour of its tone, on a terminal that is to have colours.
pub(super) fn toned(text: &str, tone: Tone) -> anyhow::Result<()> {
    let text = clean(text);
    match tone.code().filter(|_| has_colours()) {
        Some(code) => raw(format!("\u{1b}[{code}m{text}\u{1b}[0m\n").as_bytes()),
        None => raw(format!("{text}\n").as_bytes()),
    }
}

/// Prints a value on a line of its own.
///
/// SECURITY: JSON need not escape DEL and the C1 controls, which a terminal obeys; we do.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = value.serialize(&mut Serializer::with_formatter(&mut out, Escaping));
    let written = written.map_err(io::Error::from);
    survive(written.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()))
}

/// Writes JSON on one line, with every control character escaped.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if !fragment.contains(char::is_control) {
            return out.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            match c {
                c if c.is_control() => write!(out, "\\u{:04x}", u32::from(c))?,
                c => write!(out, "{c}")?,
            }
        }
        Ok(())
    }
}

/// Whoever reads us may have read enough.
fn survive(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Prints a document: as it is into a file or a pipe, cleaned on a terminal.
pub(super) fn document(text: &str) -> anyhow::Result<()> {
    if io::stdout().is_terminal() { line(text) } else { raw(format!("{text}\n").as_bytes()) }
}

/// Prints bytes; a reader that has gone (`| head`) is no error.
pub(super) fn raw(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    survive(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Prints an error with its causes; the mistakes of a configuration have a line each.
pub(super) fn complain(error: &anyhow::Error) {
    let mut words = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if words.is_empty() {
            words = text;
        } else if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
    }
    let is_list = error.downcast_ref::<crate::config::ConfigError>().is_some();
    let head = if is_list { "" } else { "briefwire: " };
    // Nobody is left to tell when standard error is closed.
    writeln!(io::stderr().lock(), "{head}{}", clean(&words)).ok();
}

/// Says something on standard error that does not end the command.
pub(super) fn warn(text: &str) {
    // Nobody is left to tell when standard error is closed.
    writeln!(io::stderr().lock(), "briefwire: {}", clean(text)).ok();
}

/// Returns text in which nothing but line ends and tabs controls a terminal.
///
/// SECURITY: titles, names and errors are a publisher's words; an escape sequence in one could
/// hide lines, fake others, or write into the clipboard. What it was stays visible (`␛`).
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars().filter_map(|c| if is_harmful(c) { picture(c) } else { Some(c) }).collect(),
    )
}

fn is_harmful(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t')) || turns_text(c)
}

/// Returns whether a character makes what follows run the other way until another ends it.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Returns the character that shows a control character.
fn picture(c: char) -> Option<char> {
    match u32::from(c) {
        code @ 0..0x20 => char::from_u32(0x2400 + code),
        0x7f => Some('\u{2421}'),
        _ if turns_text(c) => None,
        _ => Some(char::REPLACEMENT_CHARACTER),
    }
}

/// Returns how wide the terminal is that standard output goes to; `None` for files and pipes.
pub(super) fn terminal_width() -> Option<u16> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0)
}

/// Returns whether standard output shows colours: a terminal that can, and no `NO_COLOR`
/// (no-color.org: an empty one counts as absent).
fn has_colours() -> bool {
    let refuses = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !refuses && io::stdout().is_terminal()
}

/// Returns what an answer that is no success says.
pub(super) fn reason(answer: &Value) -> String {
    let refused = answer.get("errors").and_then(Value::as_array).map(|errors| {
        let line = |e: &Value| {
            let (line, message) = (text(e, "line"), text(e, "message"));
            format!("line {line}: {message}")
        };
        errors.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    refused.unwrap_or_else(|| text(answer, "error"))
}

/// Returns a field as people read it; nothing where it is absent.
pub(super) fn text(object: &Value, field: &str) -> String {
    match object.get(field) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Returns the entries of a list; none where there is no list.
pub(super) fn list<'v>(object: &'v Value, field: &str) -> &'v [Value] {
    object.get(field).map(rows).unwrap_or_default()
}

/// Returns the entries of a value that is a list.
pub(super) fn rows(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(clean("a\u{1b}[31mb\u{7}"), "a␛[31mb␇");
        assert_eq!(clean("a\u{9b}2Jb\u{7f}\u{202e}c"), "a\u{fffd}2Jb␡c");
        assert_eq!(clean("Привет,\t東京\n"), "Привет,\t東京\n");
    }
}
