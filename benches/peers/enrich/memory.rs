//! The memory of the command while it answers document after document.

use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::Context;
use rustix::param::clock_ticks_per_second;
use serde_json::{Value, json};

use crate::corpus::Article;
use crate::measure::{float, quantile};

/// Answers between two readings.
const EACH: usize = 5_000;
/// What later readings may be of earlier ones, in the median, for memory that is called flat: a heap
/// that is used over and over settles within a few per cent.
const FLAT: f64 = 1.05;

/// What was read of the process while it answered.
struct Readings {
    answers: usize,
    /// Bytes in memory, after every [`EACH`] answers.
    resident: Vec<f64>,
    /// The most bytes there ever were, as the kernel counts them.
    peak: f64,
    cpu_seconds: f64,
}

/// Has the command answer so many documents, no two of them alike, and prints its memory.
pub(crate) fn watch(program: &Path, articles: &[Article], documents: usize) -> anyhow::Result<()> {
    anyhow::ensure!(documents >= EACH, "memory is read after each {EACH} answers");
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args(["enrich", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let id = child.id();
    let input = child.stdin.take().context("its input is a pipe")?;
    let output = child.stdout.take().context("its output is a pipe")?;
    let (fed, readings) = thread::scope(|scope| {
        let feeding = scope.spawn(|| feed(input, articles, documents));
        let readings = follow(output, id);
        (feeding.join(), readings)
    });
    let status = child.wait()?;
    let wall = begun.elapsed().as_secs_f64();
    // What could not be read of the answers is the cause of what could not be written.
    let readings = readings?;
    fed.map_err(|_| anyhow::anyhow!("the writer panicked"))??;
    anyhow::ensure!(status.success(), "briefwire ended with {status}");
    anyhow::ensure!(readings.answers == documents, "{} answers came", readings.answers);
    print(&readings, wall);
    Ok(())
}

fn feed(input: ChildStdin, articles: &[Article], documents: usize) -> anyhow::Result<()> {
    let mut input = BufWriter::new(input);
    for (number, article) in (0..documents).zip(articles.iter().cycle()) {
        let line = json!({
            "id": number.to_string(),
            "lang": "en",
            "title": format!("{} ({number})", article.title),
            // A word that never was before, so that what is kept by word would show.
            "text": format!("{}\nThis is dispatch number {number} of bureau Q{number}.", article.text),
        });
        writeln!(input, "{line}")?;
    }
    Ok(input.flush()?)
}

/// Reads the answers, each of which has to be the next document's. The pipe is closed on the way
/// out, also from an error, so that neither the process nor its writer waits for ever.
fn follow(output: ChildStdout, id: u32) -> anyhow::Result<Readings> {
    let mut readings = Readings { answers: 0, resident: Vec::new(), peak: 0.0, cpu_seconds: 0.0 };
    for line in BufReader::new(output).lines() {
        let answer: Value = serde_json::from_str(&line?)?;
        let is_next = answer["id"].as_str() == Some(readings.answers.to_string().as_str());
        let is_made = answer["error"].is_null();
        anyhow::ensure!(is_next && is_made, "answer {} is {answer}", readings.answers);
        readings.answers += 1;
        if readings.answers.is_multiple_of(EACH) {
            readings.resident.push(bytes(id, "VmRSS:")?);
            readings.peak = bytes(id, "VmHWM:")?;
        }
    }
    // Its output has ended, and nobody has waited for it: it is still listed.
    readings.cpu_seconds = cpu_seconds(id)?;
    Ok(readings)
}

/// Returns a size in `/proc/PID/status`, which tells it in KiB.
fn bytes(id: u32, name: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let size = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no size is told")?;
    Ok(size.parse::<f64>()? * 1024.0)
}

/// Returns the CPU seconds of a process in `/proc/PID/stat`: user's and system's, in ticks.
fn cpu_seconds(id: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name, in brackets, may hold spaces.
    let (_, fields) = stat.rsplit_once(") ").context("no name is told")?;
    let ticks: Vec<f64> =
        fields.split(' ').skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    let each = u32::try_from(clock_ticks_per_second())?;
    Ok(ticks.iter().sum::<f64>() / f64::from(each))
}

fn print(readings: &Readings, wall: f64) {
    let (documents, resident) = (float(readings.answers), &readings.resident);
    let first = resident.first().copied().unwrap_or_default();
    let last = resident.last().copied().unwrap_or_default();
    let (median, highest) = (quantile(resident, 50), quantile(resident, 100));
    // A single reading wavers by a page or two of the allocator's.
    let (early, late) = resident.split_at(resident.len() / 2);
    let grows = quantile(late, 50) > quantile(early, 50) * FLAT;
    let verdict = if grows { "GROWS" } else { "flat" };
    println!("\nbriefwire enrich --jsonl, {documents} documents, no two alike");
    println!(
        "  {} readings of resident memory, MiB: first {:.1}, median {:.1}, last {:.1}, highest {:.1}; \
         peak {:.1}: {verdict}",
        resident.len(),
        mebibytes(first),
        mebibytes(median),
        mebibytes(last),
        mebibytes(highest),
        mebibytes(readings.peak)
    );
    println!(
        "  {:.1} s of CPU, {:.0} documents/s a core; {wall:.1} s by the clock, reading the answers too",
        readings.cpu_seconds,
        documents / readings.cpu_seconds
    );
}

fn mebibytes(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}
