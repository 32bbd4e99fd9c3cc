//! How rare a word is in news, from a table that ships with the program.
//!
//! The table (`rarity.bin`, made by `benches/matching`) holds counts and no text: for each stem
//! that stood in at least two of some thousands of news texts, 4 bytes of its hash and a byte
//! with its rarity in sixteenths. It is frozen, so that a score cannot depend on what happens to
//! be stored or in which order it came.

use std::collections::HashMap;
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

const TABLE: &[u8] = include_bytes!("rarity.bin");
const ENTRY: usize = 5;
const STEP: f64 = 16.0;

static SHIPPED: LazyLock<Rarity> = LazyLock::new(|| Rarity::from_bytes(TABLE));

/// A stem, hashed: compared and stored, never printed.
pub type Stem = u32;

/// Returns the hash of a stem, under which it is compared.
pub fn hashed(stem: &str) -> Stem {
    let [.., a, b, c, d] = xxh3_64(stem.as_bytes()).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// A frozen table of document frequencies.
#[derive(Debug, Clone)]
pub struct Rarity {
    /// Sixteenths.
    known: HashMap<Stem, u8>,
    unknown: u8,
}

impl Rarity {
    /// Returns the table that ships with the program.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// Makes a table of counts: how many of `documents` texts each stem stands in.
    pub fn of_counts(counts: impl IntoIterator<Item = (Stem, u32)>, documents: u32) -> Self {
        let documents = f64::from(documents);
        let known = counts.into_iter();
        let known = known.map(|(stem, count)| (stem, sixteenths(f64::from(count), documents)));
        Self { known: known.collect(), unknown: sixteenths(0.5, documents) }
    }

    /// Reads a table as [`Rarity::to_bytes`] wrote it.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (entries, _) = bytes.as_chunks::<ENTRY>();
        let mut known: HashMap<Stem, u8> = entries
            .iter()
            .map(|[a, b, c, d, rarity]| (u32::from_be_bytes([*a, *b, *c, *d]), *rarity))
            .collect();
        // The first entry is that of no stem.
        let unknown = known.remove(&0).unwrap_or(u8::MAX);
        Self { known, unknown }
    }

    /// Writes the table: in the order of the hashes, led by what is said of a stem it lacks.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut entries: Vec<(Stem, u8)> = self.known.iter().map(|(s, r)| (*s, *r)).collect();
        entries.push((0, self.unknown));
        entries.sort_unstable();
        let written = entries.iter().flat_map(|(stem, rarity)| {
            let [a, b, c, d] = stem.to_be_bytes();
            [a, b, c, d, *rarity]
        });
        written.collect()
    }

    /// Returns how rare a stem is: the natural logarithm of the texts there are for each it
    /// stands in, 0 to 16.
    pub fn of(&self, stem: Stem) -> f64 {
        f64::from(self.sixteenths(stem)) / STEP
    }

    /// Returns [`Rarity::of`] in sixteenths.
    pub fn sixteenths(&self, stem: Stem) -> u8 {
        self.known.get(&stem).copied().unwrap_or(self.unknown)
    }

    /// Returns how many stems the table knows.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Returns whether the table knows no stem.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

/// Returns BM25's inverse document frequency.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
fn sixteenths(count: f64, documents: f64) -> u8 {
    // Through libm: the same bits on every platform.
    let rarity = libm::log(1.0 + (documents - count + 0.5) / (count + 0.5));
    libm::round(rarity * STEP).clamp(0.0, 255.0) as u8
}

/// Returns how rare a stem is by the table that ships with the program.
pub fn rarity(stem: &str) -> f64 {
    Rarity::shipped().of(hashed(stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_knows_common_words() {
        let table = Rarity::shipped();
        assert!(table.len() > 5_000);
        assert!(rarity("year") < 2.5, "{}", rarity("year"));
        assert!(rarity("zanzibar") > 7.0);
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let table = Rarity::of_counts([(7, 3), (9, 400)], 1000);
        let read = Rarity::from_bytes(&table.to_bytes());
        assert_eq!(read.to_bytes(), table.to_bytes());
        assert!(read.of(9) < read.of(7) && read.of(7) < read.of(8), "what is unknown is rarest");
        assert!((read.of(9) - 0.92).abs() < 0.05);
    }
}
