//! How English news uses a word: what stands in front of it and behind it.
//!
//! `usage.bin` is made by `benches/enrich` and holds counts and no text: 4 bytes of a word's hash
//! and six logarithms of how much more often than usual it stands so, in sixteenths.

const TABLE: &[u8] = include_bytes!("usage.bin");
const ENTRY: usize = 4 + KINDS;
const STEP: f64 = 16.0;
/// Kinds of places a word can stand in.
pub const KINDS: usize = 6;

/// By the kinds: behind a determiner; behind a word that a verb follows; behind `is` or `have`;
/// with a capital inside a sentence; before a determiner; before another word of grammar.
///
/// Each is the natural logarithm of how much more often than other words.
pub type Usage = [f64; KINDS];

/// A [`Usage`] in sixteenths.
pub type Steps = [i8; KINDS];

/// Returns how a word is used, if it is known; it is asked for by the hash of its lower case.
pub(super) fn of(word: u32) -> Option<Steps> {
    let (entries, _) = TABLE.as_chunks::<ENTRY>();
    // They stand in the order of the hashes.
    let of_entry = |[a, b, c, d, ..]: &[u8; ENTRY]| u32::from_be_bytes([*a, *b, *c, *d]);
    let at = entries.binary_search_by_key(&word, of_entry).ok()?;
    let [_, _, _, _, kinds @ ..] = *entries.get(at)?;
    Some(kinds.map(|kind| i8::from_le_bytes([kind])))
}

/// Returns logarithms of what a table holds.
pub(super) fn logarithms(steps: Steps) -> Usage {
    steps.map(|step| f64::from(step) / STEP)
}

/// Writes a table as `of` reads it, in the order of the hashes.
pub fn table(known: &std::collections::BTreeMap<u32, Usage>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(known.len() * ENTRY);
    for (word, usage) in known {
        bytes.extend_from_slice(&word.to_be_bytes());
        bytes.extend(usage.iter().flat_map(|kind| sixteenths(*kind).to_le_bytes()));
    }
    bytes
}

#[expect(clippy::cast_possible_truncation, reason = "it is clamped")]
fn sixteenths(value: f64) -> i8 {
    libm::round(value * STEP).clamp(-127.0, 127.0) as i8
}

/// Endings that tell what kind of word it is.
pub(super) const ENDINGS: [&str; 16] = [
    "ing", "ed", "ly", "ion", "ment", "ity", "er", "ist", "al", "ive", "ous", "s", "ness", "able",
    "ic", "age",
];

/// Returns the bits of the endings that a word has.
pub(super) fn endings(lower: &str) -> u32 {
    let has = |(at, ending): (usize, &&str)| u32::from(lower.ends_with(*ending)) << at;
    ENDINGS.iter().enumerate().map(has).sum()
}
