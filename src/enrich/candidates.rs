//! What could be a key term: runs of one to four words that begin and end with a telling one, and
//! what they are judged by.

use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

use super::lexicon::Ban;
use super::prose::{Hashed, Prose, Token, Word};
use super::usage::{ENDINGS, KINDS, logarithms};

const MAX_WORDS: usize = 4;
/// Features of every language.
const COMMON: usize = 40;
/// How many features a candidate has; those behind `COMMON` are zero but in English.
pub const FEATURES: usize = COMMON + 2 * ENDINGS.len() + 2 * (KINDS + 1);
const NONE: u32 = u32::MAX;

/// What a candidate is judged by, in the order of `features`.
pub type Features = [f64; FEATURES];

/// A phrase that could be a key term.
#[derive(Debug)]
pub struct Candidate {
    /// Where it stands: its first token and how many it has.
    pub(super) places: Vec<(u32, u32)>,
}

impl Candidate {
    /// Returns the tokens of its first place.
    pub(super) fn tokens<'p>(&self, prose: &'p Prose) -> &'p [Token] {
        let (from, length) = self.places.first().copied().unwrap_or_default();
        prose.tokens.get(from as usize..(from + length) as usize).unwrap_or_default()
    }
}

/// The candidates of an article, in the order in which they first stand in it.
#[derive(Debug)]
pub struct Candidates<'p> {
    prose: &'p Prose,
    /// In the order of their first places.
    pub all: Vec<Candidate>,
    /// By the token it begins at and its length less one: the candidate that stands there.
    spans: Vec<[u32; MAX_WORDS]>,
    stem_counts: Vec<u32>,
    in_title: Vec<bool>,
    in_lead: Vec<bool>,
}

impl<'p> Candidates<'p> {
    /// Finds the candidates.
    pub fn of(prose: &'p Prose) -> Self {
        let mut candidates = Self {
            prose,
            all: Vec::new(),
            spans: vec![[NONE; MAX_WORDS]; prose.tokens.len()],
            stem_counts: vec![0; prose.stems],
            in_title: vec![false; prose.stems],
            in_lead: vec![false; prose.stems],
        };
        candidates.count_stems();
        let mut known: Hashed<u32> = Hashed::default();
        for from in 0..prose.tokens.len() {
            candidates.begin_at(from, &mut known);
        }
        candidates.all.iter_mut().for_each(|candidate| candidate.places.shrink_to_fit());
        candidates
    }

    fn count_stems(&mut self) {
        let title = self.prose.title_tokens();
        let lead = u32::from(self.prose.has_title);
        for (at, token) in self.prose.tokens.iter().enumerate() {
            let Some(stem) = self.prose.word(token).map(|word| word.stem as usize) else {
                continue;
            };
            if let Some(count) = self.stem_counts.get_mut(stem) {
                *count += 1;
            }
            if let Some(mark) = self.in_title.get_mut(stem) {
                *mark |= at < title;
            }
            if let Some(mark) = self.in_lead.get_mut(stem) {
                *mark |= token.sentence <= lead;
            }
        }
    }

    fn begin_at(&mut self, from: usize, known: &mut Hashed<u32>) {
        let mut stems = Vec::with_capacity(MAX_WORDS);
        let Some(run) = self.prose.tokens.get(from..) else { return };
        for (before, token) in run.iter().take(MAX_WORDS).enumerate() {
            let Some(word) = self.prose.word(token) else { return };
            let is_first = before == 0;
            if (is_first && (word.stop || word.facts.number))
                || (!is_first && (token.breaks || token.begins))
                || (word.stop && !word.facts.inner)
            {
                return;
            }
            // `Article 5`, `Boeing 747`: a number belongs to the name in front of it.
            let named = before.checked_sub(1).and_then(|at| run.get(at)).is_some_and(|t| t.capital);
            if word.facts.number && !(named && word.facts.length <= 4) {
                return;
            }
            stems.extend_from_slice(&word.stem.to_le_bytes());
            if !word.stop {
                self.add(xxh3_64(&stems), (from, before + 1), known);
            }
            if word.facts.number {
                return;
            }
        }
    }

    fn add(&mut self, key: u64, (from, length): (usize, usize), known: &mut Hashed<u32>) {
        let next = u32::try_from(self.all.len()).unwrap_or(NONE);
        let index = *known.entry(key).or_insert(next);
        if index == next {
            self.all.push(Candidate { places: Vec::new() });
        }
        let place = (u32::try_from(from).unwrap_or(NONE), u32::try_from(length).unwrap_or(NONE));
        if let Some(candidate) = self.all.get_mut(index as usize) {
            candidate.places.push(place);
        }
        if let Some(span) = self.spans.get_mut(from).and_then(|spans| spans.get_mut(length - 1)) {
            *span = index;
        }
    }

    /// Returns whether a candidate may be printed at all: it is no measure, date or boilerplate.
    pub fn is_allowed(&self, candidate: &Candidate) -> bool {
        let prose = self.prose;
        let tokens = candidate.tokens(prose);
        let words: Vec<&Word> = tokens.iter().filter_map(|token| prose.word(token)).collect();
        let letters: u32 =
            words.iter().filter(|word| !word.stop).map(|word| word.facts.length).sum();
        let is_wide = words.iter().any(|word| word.facts.unspaced);
        let short = if is_wide { 2 } else { 3 };
        let is_upper = tokens.iter().all(|token| token.upper) && letters >= 2;
        if letters < short && !is_upper {
            return false;
        }
        // `ha ha` is no term.
        let first = words.first().map(|word| word.stem);
        if words.len() > 1 && words.iter().all(|word| Some(word.stem) == first) {
            return false;
        }
        let capital = self.capital(candidate);
        let is_name = capital > 0.99 && tokens.len() > 1;
        let ends = |word: Option<&&Word>| word.is_some_and(|word| word.facts.is_no_noun());
        if capital < 0.99 && ends(words.last()) {
            return false;
        }
        // `Democrats won victories` is a sentence, `lost property` none.
        let acts = |(token, word): (&Token, &&Word)| !token.capital && word.facts.is_verb();
        if tokens.len() > 1 && tokens.iter().zip(&words).any(acts) {
            return false;
        }
        // A German noun has a capital, and not only where all words have.
        if prose.is_german && capital < 0.5 {
            return false;
        }
        tokens.iter().zip(&words).all(|(token, word)| match word.facts.ban {
            None => true,
            Some(Ban::Always) => false,
            Some(Ban::Measure) => is_name,
            Some(Ban::Calendar) => !token.capital && prose.is_english,
            Some(Ban::Alone) => tokens.len() > 1,
        })
    }

    /// Returns in what share of its places inside sentences all its words have capitals; the
    /// title says nothing, and a sentence's first word half.
    fn capital(&self, candidate: &Candidate) -> f64 {
        let title = self.prose.title_tokens();
        let is_capital = |(from, length): &(u32, u32)| {
            let tokens = self.prose.tokens.get(*from as usize..(from + length) as usize);
            let tokens = tokens.unwrap_or_default().iter();
            let telling =
                |t: &&Token| !self.prose.word(t).is_some_and(|w| w.stop || w.facts.number);
            tokens.filter(telling).all(|token| token.capital)
        };
        let is_inside = |(from, _): &&(u32, u32)| {
            let token = self.prose.tokens.get(*from as usize);
            *from as usize >= title && token.is_some_and(|token| !token.begins)
        };
        let (mut inside, mut capital) = (0, 0);
        for place in candidate.places.iter().filter(is_inside) {
            inside += 1;
            capital += i32::from(is_capital(place));
        }
        if inside > 0 {
            return f64::from(capital) / f64::from(inside);
        }
        let first = candidate.places.first().is_some_and(is_capital);
        if first { 0.5 } else { 0.0 }
    }

    /// Returns a candidate as the source first writes it.
    pub fn text(&self, candidate: &Candidate) -> &'p str {
        self.prose.written(candidate.tokens(self.prose)).unwrap_or_default()
    }

    /// Returns what a candidate is judged by.
    pub fn features(&self, candidate: &Candidate) -> Features {
        let mut row = Row { at: 0, features: [0.0; FEATURES] };
        let tokens = candidate.tokens(self.prose);
        let words: Vec<&Word> = tokens.iter().filter_map(|token| self.prose.word(token)).collect();
        let telling: Vec<&Word> = words.iter().copied().filter(|word| !word.stop).collect();
        self.position(candidate, &mut row);
        self.company(candidate, (&words, &telling), &mut row);
        self.shape(candidate, (&words, &telling), &mut row);
        self.before(candidate, &mut row);
        if self.prose.is_english {
            Self::english(&words, &mut row);
        }
        row.features
    }

    /// How often and where it stands.
    fn position(&self, candidate: &Candidate, row: &mut Row) {
        let count = candidate.places.len() as f64;
        let all = self.prose.tokens.len() as f64;
        let first = candidate.places.first().map_or(0, |(from, _)| *from);
        let last = candidate.places.last().map_or(0, |(from, _)| *from);
        let sentence = |at: u32| self.prose.tokens.get(at as usize).map_or(0, |t| t.sentence);
        let mut sentences: Vec<u32> =
            candidate.places.iter().map(|(at, _)| sentence(*at)).collect();
        sentences.dedup();
        let in_title = (first as usize) < self.prose.title_tokens();
        row.push(ln(candidate.places.len()));
        row.push(count / libm::sqrt(all) * 3.0);
        row.push(ln(first as usize + 1));
        row.push(f64::from(first) / all);
        row.push(1.0 / (1.0 + f64::from(sentence(first))));
        row.mark(in_title);
        row.push(f64::from(last - first) / all);
        row.push(ln(sentences.len()));
        row.mark(sentence(first) <= u32::from(self.prose.has_title));
    }

    /// How often and where its words stand, and how rare they are elsewhere.
    fn company(&self, candidate: &Candidate, words: (&[&Word], &[&Word]), row: &mut Row) {
        let (words, telling) = words;
        let length = telling.len().max(1) as f64;
        let is = |marks: &[bool], word: &&&Word| marks.get(word.stem as usize) == Some(&true);
        let in_title = telling.iter().filter(|word| is(&self.in_title, word)).count() as f64;
        row.mark(words.len() == 1);
        row.mark(words.len() == 2);
        row.mark(words.len() == 3);
        row.push(in_title / length);
        row.mark(telling.iter().all(|word| is(&self.in_lead, &word)));
        let rarities = Spread::of(telling.iter().map(|word| word.facts.rarity));
        row.push(rarities.mean);
        row.push(rarities.least);
        row.push(rarities.most);
        let count =
            |word: &&Word| self.stem_counts.get(word.stem as usize).copied().unwrap_or(1) as usize;
        let rare = |word: &Word| if self.prose.is_english { word.facts.rarity } else { 4.0 };
        let weights = Spread::of(telling.iter().map(|w| ln(1 + count(w)) * rare(w)));
        row.push(weights.mean);
        row.push(weights.most);
        row.push(weights.least);
        let logs = Spread::of(telling.iter().map(|word| ln(count(word))));
        row.push(logs.least);
        row.push(logs.most);
        row.push(logs.mean);
        let usual = telling.iter().map(count).sum::<usize>() as f64 / length;
        row.push(libm::log(candidate.places.len() as f64 / usual));
    }

    /// How it is written, and what stands around it.
    fn shape(&self, candidate: &Candidate, words: (&[&Word], &[&Word]), row: &mut Row) {
        let (words, telling) = words;
        let tokens = candidate.tokens(self.prose);
        row.push(self.capital(candidate));
        row.mark(tokens.iter().all(|token| token.upper));
        row.mark(tokens.first().is_some_and(|token| token.capital));
        let places = candidate.places.len() as f64;
        let longer = self.longer(candidate);
        row.push(longer as f64 / places);
        row.mark(longer == 0);
        let (mut left, mut right) = (0, 0);
        for (from, length) in &candidate.places {
            left += i32::from(self.is_edge(from.checked_sub(1), *from));
            right += i32::from(self.is_edge(Some(from + length), from + length));
        }
        let (left, right) = (f64::from(left) / places, f64::from(right) / places);
        row.push(left);
        row.push(right);
        row.push(left * right);
        row.mark(telling.iter().any(|word| word.facts.hyphen));
        row.mark(telling.iter().any(|word| word.facts.figure));
        let tenth =
            |word: Option<&&Word>| word.map_or(0.0, |word| f64::from(word.facts.length) / 10.0);
        row.push(tenth(telling.last()));
        row.push(tenth(telling.first()));
        row.mark(words.len() != telling.len());
        row.push(telling.iter().map(|word| f64::from(word.facts.length)).sum::<f64>() / 10.0);
    }

    /// What stands in front of it: nouns stand behind articles, verbs behind pronouns.
    fn before(&self, candidate: &Candidate, row: &mut Row) {
        let (mut determined, mut verb) = (0, 0);
        for (from, _) in &candidate.places {
            let token = self.prose.tokens.get(*from as usize).filter(|token| !token.breaks);
            let before = token.and(from.checked_sub(1)).and_then(|at| self.word_at(at));
            determined += i32::from(before.is_some_and(|word| word.facts.roles.determiner));
            verb += i32::from(before.is_some_and(|word| word.facts.roles.before_verb));
        }
        let places = candidate.places.len() as f64;
        row.push(f64::from(determined) / places);
        row.push(f64::from(verb) / places);
    }

    /// What English tells by endings and usage.
    fn english(words: &[&Word], row: &mut Row) {
        let head = words.last();
        let first = words.first().filter(|_| words.len() > 1);
        for word in [head, first] {
            let endings = word.map_or(0, |word| word.facts.endings);
            (0..ENDINGS.len()).for_each(|bit| row.mark(endings >> bit & 1 == 1));
        }
        for word in [head, first] {
            let usage = word.and_then(|word| word.facts.usage);
            for kind in logarithms(usage.unwrap_or_default()) {
                row.push(kind);
            }
            row.mark(word.is_some() && usage.is_none());
        }
    }

    /// Returns how often the most frequent longer candidate stands that this one is part of.
    fn longer(&self, candidate: &Candidate) -> usize {
        let mut most = 0;
        for (from, length) in &candidate.places {
            let (from, length) = (*from as usize, *length as usize);
            for start in from.saturating_sub(MAX_WORDS - 1)..=from {
                let least = from + length - start;
                let spans = self.spans.get(start).into_iter().flatten().enumerate();
                for (_, index) in spans.filter(|(at, _)| at + 1 >= least && at + 1 > length) {
                    let longer = self.all.get(*index as usize);
                    most = most.max(longer.map_or(0, |longer| longer.places.len()));
                }
            }
        }
        most
    }

    /// Returns whether nothing telling stands at a neighbouring place.
    fn is_edge(&self, neighbour: Option<u32>, behind_gap: u32) -> bool {
        let Some(word) = neighbour.and_then(|at| self.word_at(at)) else { return true };
        let gap = self.prose.tokens.get(behind_gap as usize);
        word.stop || word.facts.number || gap.is_none_or(|token| token.breaks || token.begins)
    }

    fn word_at(&self, at: u32) -> Option<&Word> {
        self.prose.tokens.get(at as usize).and_then(|token| self.prose.word(token))
    }
}

/// Natural logarithms of small numbers, since most are asked for over and over.
static LOGARITHMS: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..4_096).map(|number| libm::log(f64::from(number.max(1)))).collect());

fn ln(number: usize) -> f64 {
    LOGARITHMS.get(number).copied().unwrap_or_else(|| libm::log(number as f64))
}

struct Row {
    at: usize,
    features: Features,
}

impl Row {
    fn push(&mut self, value: f64) {
        if let Some(feature) = self.features.get_mut(self.at) {
            *feature = value;
        }
        self.at += 1;
    }

    fn mark(&mut self, is: bool) {
        self.push(if is { 1.0 } else { 0.0 });
    }
}

struct Spread {
    mean: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let (mut sum, mut count) = (0.0, 0.0_f64);
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            sum += value;
            count += 1.0;
            least = least.min(value);
            most = most.max(value);
        }
        if count == 0.0 {
            return Self { mean: 1.0, least: 1.0, most: 1.0 };
        }
        Self { mean: sum / count, least, most }
    }
}
