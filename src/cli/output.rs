//! Printing: lines that survive a closed pipe, tables, errors on one line.

use std::io::{self, Write};

use serde_json::Value;

/// Prints a line; a reader that has gone (`| head`) is no error.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
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
    writeln!(io::stderr().lock(), "{head}{words}").ok();
}

/// Says something on standard error that does not end the command.
pub(super) fn warn(text: &str) {
    // Nobody is left to tell when standard error is closed.
    writeln!(io::stderr().lock(), "briefwire: {text}").ok();
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

/// Prints rows as a table whose columns are as wide as they need to be.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    let head: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in std::iter::once(&head).chain(rows) {
        for (column, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    for row in std::iter::once(&head).chain(rows) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
