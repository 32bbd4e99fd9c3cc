//! `journal.jsonl`: what a rebuilt store is rebuilt from.
//!
//! One line an act: its checksum, a space, its JSON. Every act of a person or of a program on a
//! person's behalf stands here, and one short line for each newly published item, so that it
//! comes back with its old guid and date. Feeds are not journalled: their sources still have
//! them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::record::{BriefRecord, Millis, MintRecord, OriginRecord};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Act {
    /// The store was created; its guids carry this.
    Minted(MintRecord),
    /// A brief was stored.
    Put { brief: Box<BriefRecord>, origin: OriginRecord, at: Millis },
    /// A brief was withdrawn.
    Removed { brief: String, at: Millis },
    /// An item was pinned (true) to a brief or blocked (false) from it, or that was taken back.
    Ruled { item: String, brief: String, pinned: Option<bool>, at: Millis },
    /// An item was published for the first time.
    Shown { item: String, source: String, guid: String, first_seen: Millis, published: Millis },
}

/// The open journal.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    /// Where the last whole append ended.
    length: u64,
    /// Whether a later one failed, and may have left something.
    is_torn: bool,
}

impl Journal {
    /// Opens the journal for appending, behind its last whole line.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        // A kill in the middle of a write leaves half a line; it was never acknowledged, and
        // the next line must not be glued to it.
        if !ends_a_line(path)? {
            file.write_all(b"\n")?;
        }
        let length = file.metadata()?.len();
        Ok(Self { file, length, is_torn: false })
    }

    /// Appends the acts of a group, makes them durable with one fdatasync, and returns how long
    /// the journal is now.
    ///
    /// On an error none of them is in it, or nothing more is taken until that is so.
    pub(super) fn append(&mut self, acts: &[Act]) -> io::Result<u64> {
        let mut lines = Vec::new();
        for act in acts {
            let json = serde_json::to_string(act)?;
            writeln!(lines, "{:08x} {json}", crc32fast::hash(json.as_bytes()))?;
        }
        self.mend()?;
        self.is_torn = true;
        let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // DURABILITY: what was refused must not count one day; else it is tried again.
            self.mend().ok();
            return Err(error);
        }
        self.is_torn = false;
        self.length = self.file.metadata()?.len();
        Ok(self.length)
    }

    /// Takes away what a failed append has left.
    fn mend(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.length)?;
            self.is_torn = false;
        }
        Ok(())
    }
}

fn ends_a_line(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Reads a journal from its beginning, calling `each` for every whole line in order.
///
/// Returns how many lines could not be read; a missing journal has none.
pub(super) fn replay(path: &Path, each: impl FnMut(Act)) -> io::Result<u64> {
    replay_part(path, (0, u64::MAX), each)
}

/// Does so up to a place.
pub(super) fn replay_until(path: &Path, end: u64, each: impl FnMut(Act)) -> io::Result<u64> {
    replay_part(path, (0, end), each)
}

/// Does so from a place on.
pub(super) fn replay_from(path: &Path, start: u64, each: impl FnMut(Act)) -> io::Result<u64> {
    replay_part(path, (start, u64::MAX), each)
}

fn replay_part(
    path: &Path,
    (start, end): (u64, u64),
    mut each: impl FnMut(Act),
) -> io::Result<u64> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(start))?;
    let mut reader = BufReader::new(file.take(end.saturating_sub(start)));
    let mut lost = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(lost);
        }
        match read_line(line.trim_ascii()) {
            Some(act) => each(act),
            None if line.trim_ascii().is_empty() => {}
            None => lost += 1,
        }
    }
}

fn read_line(line: &[u8]) -> Option<Act> {
    let text = std::str::from_utf8(line).ok()?;
    let (checksum, json) = text.split_once(' ')?;
    let checksum = u32::from_str_radix(checksum, 16).ok()?;
    (crc32fast::hash(json.as_bytes()) == checksum)
        .then(|| serde_json::from_str(json).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(brief: &str) -> Act {
        Act::Removed { brief: brief.to_owned(), at: 1 }
    }

    #[test]
    fn whole_lines_survive_a_torn_tail_and_a_damaged_middle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        journal.append(&[act("a"), act("b")]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let b = bytes.iter().rposition(|byte| *byte == b'b').unwrap();
        bytes[b] = b'x';
        bytes.extend_from_slice(b"0000 {\"half");
        std::fs::write(&path, bytes).unwrap();
        Journal::open(&path).unwrap().append(&[act("c")]).unwrap();

        let mut read = Vec::new();
        let lost = replay(&path, |act| read.push(act)).unwrap();
        assert_eq!(read, [act("a"), act("c")]);
        assert_eq!(lost, 2);
    }

    #[test]
    fn no_journal_is_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(replay(&folder.path().join("none"), |_| panic!("an act")).unwrap(), 0);
    }
}
