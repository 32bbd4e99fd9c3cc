//! How rare a word is in news, from a table that ships with the program.
//!
//! The table (`rarity.bin`, made by `benches/rarity.rs`) holds counts and no text: for each
//! stem that stood in at least 1 % of a thousand news articles, 4 bytes of its hash and a byte
//! with the share of articles, in half per cents. It is frozen, so that a score cannot depend
//! on what happens to be stored.

use xxhash_rust::xxh3::xxh3_64;

const TABLE: &[u8] = include_bytes!("rarity.bin");
const ENTRY: usize = 5;

/// Returns how rare a stem is: about 0 for a word of every article, 5.3 for one that the table
/// does not know.
pub fn rarity(stem: &str) -> f64 {
    let (entries, _) = TABLE.as_chunks::<ENTRY>();
    let [.., a, b, c, d] = xxh3_64(stem.as_bytes()).to_be_bytes();
    let key = [a, b, c, d];
    let share = match entries.binary_search_by(|[e0, e1, e2, e3, _]| [*e0, *e1, *e2, *e3].cmp(&key))
    {
        Ok(at) => entries.get(at).map_or(1, |[.., half_percents]| *half_percents),
        Err(_) => 1,
    };
    // The natural logarithm through libm: the same bits on every platform.
    libm::log(200.0 / f64::from(share.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_knows_common_words() {
        let (entries, rest) = TABLE.as_chunks::<ENTRY>();
        assert!(rest.is_empty() && entries.len() > 500);
        assert!(entries.is_sorted());
        assert!(rarity("year") < 1.5, "{}", rarity("year"));
        assert!(rarity("zanzibar") > 5.0);
    }
}
