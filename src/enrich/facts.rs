//! What is known of a word wherever it stands.

use std::cell::RefCell;

use xxhash_rust::xxh3::xxh3_64;

use super::lexicon::{Ban, Lexicon, Roles, ban};
use super::prose::Hashed;
use super::usage::{self, Steps};
use crate::text::{Stemmer, fold, hashed, is_ideograph, rarity};

/// Words of which a thread remembers what is known: stemming costs more than all the rest, and
/// news uses the same words over and over. As many again are known from before.
const REMEMBERED: usize = 12_000;

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// What is known of the words that were met lately.
#[derive(Default)]
struct Memory {
    young: Hashed<Facts>,
    /// What was young before; a word that is met again is young again.
    old: Hashed<Facts>,
}

impl Memory {
    fn keep(&mut self, key: u64, facts: Facts) -> Facts {
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, facts);
        facts
    }
}

/// What is known of a word of a language, whatever the article.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks")]
pub struct Facts {
    /// Of its lower case, as [`hashed`] gives it.
    pub hash: u32,
    /// Its stem, hashed.
    pub stem: u64,
    /// How rare the stem is in news.
    pub rarity: f64,
    /// How English news uses it.
    pub usage: Option<Steps>,
    /// Bits of the endings it has.
    pub endings: u32,
    /// In characters.
    pub length: u32,
    /// Whether it carries grammar only.
    pub stop: bool,
    /// Whether it has no letters.
    pub number: bool,
    /// Whether a figure stands in it.
    pub figure: bool,
    /// Whether a hyphen does.
    pub hyphen: bool,
    /// Whether a full stop does.
    pub dotted: bool,
    /// Whether it can stand inside a term although it carries grammar only.
    pub inner: bool,
    /// Whether it is of a script that does not part its words.
    pub unspaced: bool,
    /// What keeps it out of terms.
    pub ban: Option<Ban>,
    /// What it does in a sentence.
    pub roles: Roles,
}

impl Facts {
    /// Returns whether English uses it as a verb, which stands before articles, or as an
    /// adjective, which hardly ever stands before grammar: no term ends so.
    pub(super) fn is_no_noun(&self) -> bool {
        const VERB: i8 = 6;
        const ADJECTIVE: i8 = -20;
        let of_usage = |[.., before_article, before_grammar]: Steps| {
            before_article >= VERB || before_grammar <= ADJECTIVE
        };
        self.usage.is_some_and(of_usage)
    }

    /// Returns whether English uses it as a verb and hardly ever as a noun: it stands before
    /// articles, or behind `will` or `have`, and seldom behind articles.
    pub(super) fn is_verb(&self) -> bool {
        const SELDOM: i8 = -8;
        let of_usage = |[determined, behind_will, behind_be, _, before_article, _]: Steps| {
            let acts = before_article >= 8 || behind_will >= 16 || behind_be >= 24;
            determined <= SELDOM && acts
        };
        self.usage.is_some_and(of_usage)
    }
}

/// Returns what is known of a word in lower case with that hash.
pub(super) fn known(key: u64, lower: &str, lexicon: &Lexicon, stemmer: &Stemmer) -> Facts {
    // One word in two languages is two.
    let key = key ^ xxh3_64(lexicon.lang.as_bytes());
    MEMORY.with_borrow_mut(|memory| {
        if let Some(facts) = memory.young.get(&key) {
            return *facts;
        }
        let facts = memory.old.remove(&key);
        let facts = facts.unwrap_or_else(|| of(lower, lexicon, stemmer));
        memory.keep(key, facts)
    })
}

fn of(lower: &str, lexicon: &Lexicon, stemmer: &Stemmer) -> Facts {
    let folded = fold(lower);
    let stem = stemmer.stem(&folded);
    let characters = lower.chars().count();
    let unspaced = lower.chars().next().is_some_and(is_ideograph);
    let hash = hashed(lower);
    let is_english = lexicon.is_english;
    Facts {
        hash,
        stem: xxh3_64(stem.as_bytes()),
        rarity: if is_english { rarity(&stem) } else { 0.0 },
        usage: is_english.then(|| usage::of(hash)).flatten(),
        endings: if is_english { usage::endings(lower) } else { 0 },
        length: u32::try_from(characters).unwrap_or(u32::MAX),
        stop: lexicon.is_stop(lower) || (characters < 2 && !unspaced),
        number: !lower.chars().any(char::is_alphabetic),
        figure: lower.chars().any(char::is_numeric),
        hyphen: lower.contains(['-', '‑']),
        dotted: lower.contains('.'),
        inner: lexicon.is_inner(lower),
        unspaced,
        ban: ban(lower),
        roles: lexicon.roles(lower),
    }
}
