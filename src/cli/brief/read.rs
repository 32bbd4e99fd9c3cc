//! Documents from files and from standard input.

use std::io::Read;
use std::path::Path;

use anyhow::Context;

use crate::briefs::{self, FallbackId, Form, Report};
use crate::daemon::now;

/// Reads a file that holds one brief.
pub(super) fn one(file: &Path) -> anyhow::Result<Report> {
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let form = Form::of_name(&name);
    let form =
        form.with_context(|| format!("{}: not .md, .markdown, .txt or .json", file.display()))?;
    let bytes = bytes(file)?;
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    Ok(briefs::read(&bytes, form, FallbackId::Stem(stem), now()))
}

/// Reads all briefs of a file, of a `.jsonl` file, or of `-`, which is standard input.
pub(super) fn all(file: &Path) -> anyhow::Result<Vec<Report>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(unnamed(&bytes));
    }
    if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("jsonl")) {
        return Ok(lines(&bytes(file)?));
    }
    Ok(vec![one(file)?])
}

fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Reads bytes that no name tells the form of.
fn unnamed(bytes: &[u8]) -> Vec<Report> {
    let text = bytes.trim_ascii_start();
    if text.starts_with(b"{") && is_lines(text) {
        return lines(text);
    }
    let json = text.starts_with(b"{") || text.starts_with(b"[");
    let form = if json { Form::Json } else { Form::Text };
    briefs::read_all(bytes, form, FallbackId::Hash, now())
}

/// Returns whether a text is JSON lines: its first line is whole, and is not all.
fn is_lines(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok()
        && lines.any(|line| !line.trim_ascii().is_empty())
}

/// Reads a brief from each line; the errors name the line of the whole.
fn lines(text: &[u8]) -> Vec<Report> {
    let mut reports = Vec::new();
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut report = briefs::read(line, Form::Json, FallbackId::Hash, now());
        for problem in &mut report.errors {
            problem.line = number;
        }
        reports.push(report);
    }
    reports
}
