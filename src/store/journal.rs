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
    Shown {
        item: String,
        source: String,
        guid: String,
        first_seen: Millis,
        published: Millis,
        /// Whether retention has taken it since.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        retired: bool,
    },
    /// A source was paused, since then, or goes on.
    Paused { source: String, since: Option<Millis>, at: Millis },
    /// A source has another id: what stands before this of `was` is `id`'s.
    Renamed { was: String, id: String, at: Millis },
    /// All acts of a group stand before this.
    Group { number: u64 },
    /// Retention took items of a source, by the hashes of their guids.
    Retired { source: String, guids: Vec<String>, at: Millis },
}

/// The open journal.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    /// How many acts there are, whole or not.
    acts: u64,
    /// The number of the last group.
    group: u64,
    /// Where the last whole append ended.
    length: u64,
    /// Whether a later one failed, and may have left something.
    is_torn: bool,
    /// How many bytes the last append had if it was refused.
    refused: Option<usize>,
}

/// How a journal stands to a database that has the acts of all groups up to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Survey {
    /// Lines that are no groups' ends.
    pub(super) acts: u64,
    /// Lines that cannot be read.
    pub(super) unreadable: u64,
    /// The number of the last group.
    pub(super) last: u64,
    /// Groups that the database does not have, …
    pub(super) groups: u64,
    /// … and where they begin.
    pub(super) from: u64,
    /// Whether something stands there that no group's end follows.
    pub(super) has_tail: bool,
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
        let Survey { acts, last, .. } = survey(path, u64::MAX)?;
        let length = file.metadata()?.len();
        Ok(Self { file, acts, group: last, length, is_torn: false, refused: None })
    }

    /// Appends the acts of a group, makes them durable with one fdatasync, and returns the group's
    /// number.
    ///
    /// On an error none of them is in it, or nothing more is taken until that is so.
    pub(super) fn append(&mut self, acts: &[Act]) -> io::Result<u64> {
        let number = self.group + 1;
        let mut lines = Vec::new();
        for act in acts {
            write_line(&mut lines, act)?;
        }
        write_line(&mut lines, &Act::Group { number })?;
        self.mend()?;
        self.is_torn = true;
        let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // DURABILITY: what was refused must not count one day; else it is tried again.
            self.mend().ok();
            self.refused = Some(lines.len());
            return Err(error);
        }
        self.is_torn = false;
        self.refused = None;
        self.length = self.file.metadata()?.len();
        self.acts += u64::try_from(acts.len()).unwrap_or(0);
        self.group = number;
        Ok(number)
    }

    /// Tries whether there is room again for as much as was refused, and leaves nothing of it.
    pub(super) fn retry(&mut self) -> io::Result<()> {
        let Some(length) = self.refused else { return Ok(()) };
        self.mend()?;
        self.is_torn = true;
        // Empty lines say nothing, should a kill leave some.
        let written =
            self.file.write_all(&vec![b'\n'; length]).and_then(|()| self.file.sync_data());
        self.mend()?;
        written?;
        self.refused = None;
        Ok(())
    }

    /// Takes away what a failed append has left.
    fn mend(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.length)?;
            self.is_torn = false;
        }
        Ok(())
    }

    /// Returns how many acts there are, the number of the last group, and where it ends.
    pub(super) fn extent(&self) -> (u64, u64, u64) {
        (self.acts, self.group, self.length)
    }

    /// Puts the file at `renewed` in the place of this one, with what was appended behind `from`
    /// meanwhile.
    pub(super) fn replace(&mut self, path: &Path, renewed: &Path, from: u64) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).open(renewed)?;
        let mut tail = File::open(path)?;
        tail.seek(SeekFrom::Start(from))?;
        io::copy(&mut tail, &mut file)?;
        file.sync_all()?;
        // DURABILITY: from the rename on only the new file counts, and it is whole.
        std::fs::rename(renewed, path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        *self = Self::open(path)?;
        Ok(())
    }
}

/// Writes an act as its line.
pub(super) fn write_line(to: &mut impl Write, act: &Act) -> io::Result<()> {
    let json = serde_json::to_string(act)?;
    writeln!(to, "{:08x} {json}", crc32fast::hash(json.as_bytes()))
}

/// Reads a journal for what it holds beyond group `known`; a missing one is empty.
///
/// Only checksums are looked at, and what ends groups.
pub(super) fn survey(path: &Path, known: u64) -> io::Result<Survey> {
    let (acts, unreadable, last, groups, from) = (0, 0, 0, 0, 0);
    let mut survey = Survey { acts, unreadable, last, groups, from, has_tail: false };
    let mut at = 0;
    each_line(path, (0, u64::MAX), |line, length| {
        at += length;
        let json = checked(line);
        let group = json.filter(|json| json.starts_with("{\"group\"")).and_then(read_group);
        match (json, group) {
            (_, Some(number)) => {
                survey.last = survey.last.max(number);
                if number <= known {
                    (survey.from, survey.groups) = (at, 0);
                } else {
                    survey.groups += 1;
                }
                survey.has_tail = false;
            }
            (Some(_), None) => {
                survey.acts += 1;
                survey.has_tail = true;
            }
            (None, None) if line.is_empty() => {}
            (None, None) => survey.unreadable += 1,
        }
    })?;
    Ok(survey)
}

fn read_group(json: &str) -> Option<u64> {
    match serde_json::from_str(json) {
        Ok(Act::Group { number }) => Some(number),
        _ => None,
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

/// Does the same from one place to another.
pub(super) fn replay_part(
    path: &Path,
    part: (u64, u64),
    mut each: impl FnMut(Act),
) -> io::Result<u64> {
    let mut lost = 0;
    each_line(path, part, |line, _| {
        match checked(line).and_then(|json| serde_json::from_str(json).ok()) {
            Some(act) => each(act),
            None if line.is_empty() => {}
            None => lost += 1,
        }
    })?;
    Ok(lost)
}

/// Calls `each` for every line without its end, and with its length.
fn each_line(
    path: &Path,
    (start, end): (u64, u64),
    mut each: impl FnMut(&[u8], u64),
) -> io::Result<()> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(start))?;
    let mut reader = BufReader::with_capacity(1 << 16, file.take(end.saturating_sub(start)));
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(());
        }
        each(line.trim_ascii(), u64::try_from(length).unwrap_or(0));
    }
}

/// Returns the JSON of a line whose checksum is right.
fn checked(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line).ok()?;
    let (checksum, json) = text.split_once(' ')?;
    let checksum = u32::from_str_radix(checksum, 16).ok()?;
    (crc32fast::hash(json.as_bytes()) == checksum).then_some(json)
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
        let b = bytes.windows(4).position(|bytes| bytes == b":\"b\"").unwrap();
        bytes[b + 2] = b'x';
        bytes.extend_from_slice(b"0000 {\"half");
        std::fs::write(&path, bytes).unwrap();
        Journal::open(&path).unwrap().append(&[act("c")]).unwrap();

        let mut read = Vec::new();
        let lost = replay(&path, |act| read.push(act)).unwrap();
        let group = |number| Act::Group { number };
        assert_eq!(read, [act("a"), group(1), act("c"), group(2)]);
        assert_eq!(lost, 2);
    }

    #[test]
    fn no_journal_is_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(replay(&folder.path().join("none"), |_| panic!("an act")).unwrap(), 0);
    }
}
