//! An article as sentences and words: what key terms and summary are both made from, read once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64;

use super::facts::{Facts, known};
use super::lexicon::Lexicon;
use crate::text::{Segmenter, Stemmer};

/// Words of an article that are read; what a report is about stands at its beginning.
const MAX_WORDS: usize = 3_000;
/// Prefixes that are written together with the next word.
const ELIDED: &[&str] =
    &["l", "d", "s", "n", "c", "j", "m", "t", "qu", "jusqu", "lorsqu", "dell", "all", "nell", "un"];
/// Without a list of stop words, short words that stand in this share of the sentences are taken
/// for grammar.
const USUAL_SHARE: f64 = 0.2;

/// An article, read.
#[derive(Debug)]
pub struct Prose {
    /// The title first, where there is one; then the sentences, white space collapsed.
    pub sentences: Vec<Sentence>,
    /// Whether the first sentence is the title.
    pub has_title: bool,
    /// The words as they follow each other.
    pub tokens: Vec<Token>,
    /// Each different word once.
    pub words: Vec<Word>,
    /// How many different stems there are.
    pub stems: usize,
    /// Whether the tables of English usage apply.
    pub is_english: bool,
    /// Whether nouns have capitals.
    pub is_german: bool,
}

/// A sentence, and where its words are among the tokens.
#[derive(Debug)]
pub struct Sentence {
    /// As the source writes it.
    pub text: String,
    /// The first of its tokens.
    pub from: usize,
    /// Behind the last of them.
    pub to: usize,
}

/// A word where it stands.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "four independent marks")]
pub struct Token {
    /// Index of the word.
    pub word: u32,
    /// Index of its sentence.
    pub sentence: u32,
    /// Where it begins in the sentence, in bytes.
    pub start: u32,
    /// Where it ends, without `'s`.
    pub end: u32,
    /// Whether more than a space parts it from the word before it.
    pub breaks: bool,
    /// Whether it begins its sentence.
    pub begins: bool,
    /// Whether it begins with a capital letter.
    pub capital: bool,
    /// Whether it has two letters or more, all of them capitals.
    pub upper: bool,
}

/// A different word of the article.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// Index of its stem.
    pub stem: u32,
    /// Whether it carries grammar only.
    pub stop: bool,
    /// What is known of it in all articles.
    pub facts: Facts,
}

/// Hashes are hashed already.
#[derive(Debug, Default)]
pub(super) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

pub(super) type Hashed<V> = HashMap<u64, V, BuildHasherDefault<Identity>>;

impl Prose {
    /// Reads sentences; `title` may be empty.
    pub fn of(title: &str, sentences: Vec<String>, lang: Option<&str>) -> Self {
        let lexicon = Lexicon::of(lang);
        let title: String = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let has_title = !title.is_empty();
        let texts = has_title.then_some(title).into_iter().chain(sentences);
        let mut reader = Reader::new(lexicon, lang);
        let mut read = Vec::new();
        for (number, text) in (0..).zip(texts) {
            let from = reader.tokens.len();
            if from < MAX_WORDS {
                reader.read(&text, number);
            }
            read.push(Sentence { text, from, to: reader.tokens.len() });
        }
        let mut prose = Self {
            sentences: read,
            has_title,
            tokens: reader.tokens,
            words: reader.words,
            stems: reader.stems.len(),
            is_english: lexicon.is_english,
            is_german: lexicon.lang == "de",
        };
        if !lexicon.knows_grammar {
            prose.guess_grammar();
        }
        prose
    }

    /// Returns the word of a token.
    pub fn word(&self, token: &Token) -> Option<&Word> {
        self.words.get(token.word as usize)
    }

    /// Returns the tokens of a sentence.
    pub fn tokens_of(&self, sentence: &Sentence) -> &[Token] {
        self.tokens.get(sentence.from..sentence.to).unwrap_or_default()
    }

    /// Returns what the source writes from the first to the last of some tokens.
    pub fn written(&self, tokens: &[Token]) -> Option<&str> {
        let (first, last) = (tokens.first()?, tokens.last()?);
        let sentence = self.sentences.get(first.sentence as usize)?;
        sentence.text.get(first.start as usize..last.end as usize)
    }

    /// Returns how many tokens the title has.
    pub fn title_tokens(&self) -> usize {
        self.sentences.first().filter(|_| self.has_title).map_or(0, |title| title.to)
    }

    /// Of a language without a list: what is short and everywhere is grammar.
    fn guess_grammar(&mut self) {
        let mut last = vec![u32::MAX; self.words.len()];
        let mut sentences = vec![0_u32; self.words.len()];
        for token in &self.tokens {
            let at = token.word as usize;
            if let Some((last, count)) = last.get_mut(at).zip(sentences.get_mut(at))
                && *last != token.sentence
            {
                *last = token.sentence;
                *count += 1;
            }
        }
        let all = self.sentences.len() as f64;
        for (word, count) in self.words.iter_mut().zip(sentences) {
            let is_short = word.facts.length <= if word.facts.unspaced { 1 } else { 4 };
            word.stop |= is_short && count > 2 && f64::from(count) > all * USUAL_SHARE;
        }
    }
}

struct Reader<'l> {
    lexicon: &'l Lexicon,
    stemmer: Stemmer,
    segmenter: Segmenter,
    tokens: Vec<Token>,
    words: Vec<Word>,
    known: Hashed<u32>,
    stems: Hashed<u32>,
}

impl<'l> Reader<'l> {
    fn new(lexicon: &'l Lexicon, lang: Option<&str>) -> Self {
        Self {
            lexicon,
            stemmer: Stemmer::of(lang),
            segmenter: Segmenter,
            tokens: Vec::new(),
            words: Vec::new(),
            known: Hashed::default(),
            stems: Hashed::default(),
        }
    }

    fn read(&mut self, text: &str, sentence: u32) {
        let pieces = self.pieces(text);
        let (mut before, mut owned) = (0, false);
        for (number, (start, end)) in pieces.into_iter().enumerate() {
            let gap = text.get(before..start).unwrap_or_default();
            let Some(piece) = text.get(start..end) else { continue };
            let trimmed = piece.strip_suffix("'s").or_else(|| piece.strip_suffix("’s"));
            let piece = trimmed.unwrap_or(piece);
            let breaks = number > 0 && (owned || self.is_break(gap, piece));
            owned = trimmed.is_some();
            let mut capitals = piece.chars().filter(|c| c.is_alphabetic());
            let capital = piece.chars().next().is_some_and(char::is_uppercase);
            let upper =
                capital && piece.chars().nth(1).is_some() && capitals.all(char::is_uppercase);
            let word = self.word(piece);
            self.tokens.push(Token {
                word,
                sentence,
                start: offset(start),
                end: offset(start + piece.len()),
                breaks,
                begins: number == 0,
                capital,
                upper,
            });
            before = end;
        }
    }

    /// Returns where the words are: those that a hyphen or an ampersand joins are one, and what is
    /// elided (`l'accord`) is a word of its own.
    fn pieces(&mut self, text: &str) -> Vec<(usize, usize)> {
        let mut pieces: Vec<(usize, usize)> = Vec::new();
        for (start, word) in self.segmenter.words(text) {
            let end = start + word.len();
            if let Some(last) = pieces.last_mut()
                && matches!(text.get(last.1..start), Some("-" | "‑" | "&"))
            {
                last.1 = end;
                continue;
            }
            let elided = self.lexicon.elides.then(|| elision(word)).flatten();
            if let Some(length) = elided {
                pieces.push((start, start + length));
                let rest = text.get(start + length..).and_then(|rest| rest.chars().next());
                pieces.push((start + length + rest.map_or(0, char::len_utf8), end));
            } else {
                pieces.push((start, end));
            }
        }
        pieces.retain(|(start, end)| start < end);
        pieces
    }

    /// Returns whether what stands between two words parts them.
    fn is_break(&self, gap: &str, next: &str) -> bool {
        let before = self.tokens.last().and_then(|token| self.words.get(token.word as usize));
        let Some(before) = before else { return true };
        match gap {
            " " | "" => {
                before.facts.unspaced != next.chars().next().is_some_and(crate::text::is_ideograph)
            }
            "'" | "’" => !self.lexicon.elides,
            // The full stop of an abbreviation or an initial.
            ". " => !(before.facts.dotted || before.facts.length == 1),
            _ => true,
        }
    }

    fn word(&mut self, piece: &str) -> u32 {
        let lower = piece.to_lowercase();
        let key = xxh3_64(lower.as_bytes());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let facts = known(key, &lower, self.lexicon, &self.stemmer);
        let next = u32::try_from(self.stems.len()).unwrap_or(u32::MAX);
        let stem = *self.stems.entry(facts.stem).or_insert(next);
        let word = Word { stem, stop: facts.stop, facts };
        let index = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.push(word);
        self.known.insert(key, index);
        index
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Returns the length of an elided word in front of an apostrophe, in bytes.
fn elision(word: &str) -> Option<usize> {
    let at = word.find(['\'', '’'])?;
    let head = word.get(..at)?.to_lowercase();
    ELIDED.contains(&head.as_str()).then_some(at)
}
