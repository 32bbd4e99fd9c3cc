//! Stored inputs into the files that libFuzzer wants, and back. `fuzz/run` compiles this alone.
//!
//! ```text
//! corpus unpack DIRECTORY FILE...   writes each input of the files
//! corpus pack DIRECTORY FILE        stores the inputs, the smallest first, within 128 KiB
//! corpus keep INPUT FILE            adds one input, for ever
//! ```

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;

mod escaped;

/// Small enough to be read in a review and replayed in seconds.
const MAX_BYTES: usize = 128 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["unpack", directory, files @ ..] => unpack(Path::new(directory), files),
        ["pack", directory, file] => pack(Path::new(directory), file),
        ["keep", input, file] => keep(Path::new(input), file),
        _ => Err("unpack DIRECTORY FILE..., pack DIRECTORY FILE, or keep INPUT FILE".into()),
    }
}

fn unpack(directory: &Path, files: &[&str]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    let mut stored = BTreeSet::new();
    for file in files {
        stored.extend(read(file)?);
    }
    for (input, number) in stored.iter().zip(0..) {
        fs::write(directory.join(format!("stored-{number:05}")), input)?;
    }
    Ok(())
}

fn pack(directory: &Path, file: &str) -> Result<(), Box<dyn Error>> {
    let mut lines = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let line = escaped::escape(&fs::read(entry?.path())?);
        lines.insert((line.len(), line));
    }
    let mut left = MAX_BYTES;
    let fit = lines.into_iter().filter(|(bytes, _)| *bytes > 0).take_while(|(bytes, _)| {
        let room = left.checked_sub(bytes + 1);
        left = room.unwrap_or(0);
        room.is_some()
    });
    write(file, fit.map(|(_, line)| line).collect())
}

fn keep(input: &Path, file: &str) -> Result<(), Box<dyn Error>> {
    let mut lines: BTreeSet<String> =
        read(file)?.iter().map(|input| escaped::escape(input)).collect();
    lines.insert(escaped::escape(&fs::read(input)?));
    write(file, lines)
}

/// Returns the inputs of a file; none where there is no file.
fn read(file: &str) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    escaped::inputs(&text).map_err(|line| format!("{file}:{line}: not an escaped input").into())
}

fn write(file: &str, lines: BTreeSet<String>) -> Result<(), Box<dyn Error>> {
    let text: String = lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect();
    Ok(fs::write(file, text)?)
}
