//! The words of a text that can tell a story: stop words out, folded, stemmed, with their rarity.

use std::cell::RefCell;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::text::{Rarity, Stem, Stemmer, StopWords, Word, first_words, fold, hashed};

/// Below this, in sixteenths, a shared word says little: it stands in one text of 55.
pub(super) const RARE: u8 = 64;
/// Below this, in sixteenths, a word finds nothing: it stands in one text of 12 or more.
pub(super) const FINDS: u8 = 40;

/// A word of a text that can tell a story.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term<'t> {
    pub(super) word: Word<'t>,
    pub(super) stem: Stem,
    /// Sixteenths.
    pub(super) rarity: u8,
    pub(super) form: Form,
}

/// How a word is written, where it does not begin as its stem does.
///
/// "ruled" and "ruling" have one stem and are no evidence of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form(pub(super) u32);

impl Form {
    /// It begins as its stem does.
    pub(super) const PLAIN: Self = Self(0);
    /// Characters by which spellings are told apart.
    const HEAD: usize = 5;

    fn of(lower: &str, stem: &str) -> Self {
        if stem.chars().take(Self::HEAD).eq(lower.chars().take(Self::HEAD)) {
            return Self::PLAIN;
        }
        let end = lower.char_indices().nth(Self::HEAD).map_or(lower.len(), |(end, _)| end);
        Self::hash(lower.get(..end).unwrap_or(lower).as_bytes())
    }

    fn hash(bytes: &[u8]) -> Self {
        let [.., a, b, c, d] = xxh3_64(bytes).to_be_bytes();
        Self(u32::from_be_bytes([a, b, c, d]).max(1))
    }

    /// Returns the form that stands for a stem no word of a text begins as.
    pub(super) fn of_odd(stem: Stem) -> Self {
        Self::hash(&stem.to_be_bytes())
    }
}

/// What is known of a spelling.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// Hash of language and spelling; 0 is an empty place.
    key: u64,
    folded: u32,
    stem: Stem,
    form: u32,
    rarity: u8,
    tells: bool,
}

/// Reads words of one language.
pub(super) struct Reader {
    stemmer: Stemmer,
    stop_words: StopWords,
    rarity: &'static Rarity,
    /// Of the keys of the memory: they differ by language and table, which never goes.
    seed: u64,
}

/// Spellings that are remembered on a thread: most words of a text were met before.
const REMEMBERED: usize = 1 << 15;

thread_local! {
    static MEMORY: RefCell<Vec<Known>> = RefCell::new(vec![Known::default(); REMEMBERED]);
}

/// A text as words.
#[derive(Debug, Default)]
pub(super) struct Text<'t> {
    /// Those that can tell a story, in order.
    pub(super) terms: Vec<Term<'t>>,
    /// Hashes of all words, folded, in order.
    pub(super) folded: Vec<u32>,
}

impl Reader {
    pub(super) fn new(lang: Option<&str>, rarity: &'static Rarity) -> Self {
        let lang = lang.map(crate::text::primary);
        let named = lang.as_deref().unwrap_or("en");
        let table = std::ptr::from_ref(rarity).addr() as u64;
        Self {
            stemmer: Stemmer::of(Some(named)),
            stop_words: StopWords::of(Some(named)),
            rarity,
            seed: xxh3_64_with_seed(named.as_bytes(), table),
        }
    }

    /// Reads the first `limit` words of a text; only the first `telling` of them can be terms.
    pub(super) fn read<'t>(&self, text: &'t str, limit: usize, telling: usize) -> Text<'t> {
        let mut read = Text::default();
        MEMORY.with_borrow_mut(|memory| {
            for (number, word) in first_words(text, limit).into_iter().enumerate() {
                let known = self.known(memory, word.text);
                read.folded.push(known.folded);
                if known.tells && number < telling {
                    let form = Form(known.form);
                    read.terms.push(Term { word, stem: known.stem, rarity: known.rarity, form });
                }
            }
        });
        read
    }

    fn known(&self, memory: &mut [Known], word: &str) -> Known {
        let key = xxh3_64_with_seed(word.as_bytes(), self.seed).max(1);
        let place = usize::try_from(key % REMEMBERED as u64).unwrap_or_default();
        if let Some(known) = memory.get(place).filter(|known| known.key == key) {
            return *known;
        }
        let known = self.look_up(key, word);
        if let Some(remembered) = memory.get_mut(place) {
            *remembered = known;
        }
        known
    }

    fn look_up(&self, key: u64, word: &str) -> Known {
        let (lower, folded) = (word.to_lowercase(), fold(word));
        let stem = self.stemmer.stem(&folded);
        let hash = hashed(&stem);
        let is_short = folded.chars().nth(1).is_none();
        Known {
            key,
            folded: hashed(&folded),
            stem: hash,
            form: Form::of(&lower, &stem).0,
            rarity: self.rarity.sixteenths(hash),
            tells: !is_short && !self.stop_words.contains(&lower),
        }
    }
}

/// Returns the hash of each run of four words, in order.
pub(super) fn shingles(folded: &[u32]) -> Vec<u32> {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let hash = |run: &[u32]| {
        let mixed = run
            .iter()
            .fold(MIX, |hash, word| (hash ^ u64::from(*word)).wrapping_mul(MIX).rotate_left(29));
        let [.., a, b, c, d] = mixed.wrapping_mul(MIX).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    };
    folded.windows(SHINGLE).map(hash).collect()
}

/// Words of a shingle; a run is two of them, one behind the other.
const SHINGLE: usize = 4;

/// Returns the hash of each run of eight words, in order.
pub(super) fn runs(shingles: &[u32]) -> Vec<u64> {
    let behind = shingles.iter().skip(SHINGLE);
    shingles.iter().zip(behind).map(|(a, b)| u64::from(*a) << 32 | u64::from(*b)).collect()
}

/// Returns one shingle of each run of eight words, the same wherever the run stands: texts that
/// share a run share one of these.
pub(super) fn marks(shingles: &[u32]) -> Vec<u32> {
    let mut marks: Vec<u32> =
        shingles.windows(SHINGLE + 1).filter_map(|run| run.iter().min().copied()).collect();
    marks.sort_unstable();
    marks.dedup();
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Text<'_> {
        Reader::new(Some("en"), Rarity::shipped()).read(text, 99, 99)
    }

    #[test]
    fn stop_words_and_single_letters_tell_nothing() {
        let found = read("The envoy said a summit is near");
        let words: Vec<&str> = found.terms.iter().map(|term| term.word.text).collect();
        assert_eq!(words, ["envoy", "summit", "near"]);
        assert_eq!(found.folded.len(), 7);
    }

    #[test]
    fn a_form_tells_short_stems_apart() {
        let form = |text| read(text).terms[0].form;
        assert_ne!(form("killed"), form("kill"));
        assert_eq!(form("negotiations"), form("Negotiation"));
        assert_ne!(form("López"), form("Lopez"), "what is printed must stand there");
    }

    #[test]
    fn texts_that_share_eight_words_share_a_mark() {
        let post =
            "Before all that, the harbour wall of Lindhaven was rebuilt again last winter. After.";
        let item = "They say the harbour wall of Lindhaven was rebuilt — again — and more.";
        let marks = |text| marks(&shingles(&read(text).folded));
        let (a, b) = (marks(post), marks(item));
        assert!(a.iter().any(|mark| b.contains(mark)), "eight words");
        let shorter = marks("say the harbour wall of Lindhaven was once");
        assert!(!a.iter().any(|mark| shorter.contains(mark)), "six words");
        assert!(shingles(&read("too short here").folded).is_empty());
    }
}
