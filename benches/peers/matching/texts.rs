//! As many briefs as are asked for, put together from the sentences of the corpus.
//!
//! A brief has the shape of a brief of the corpus, and each of its sentences comes from another.
//! Its words stand in another order, since a corpus of some thousand sentences would otherwise
//! have each of them hundreds of times, where real posts share few runs of words. Names that are
//! made up take the place of some capitalised words: their number grows with the square root of
//! the briefs, as vocabularies do (Heaps 1978, 7.5), and the commonest stands in one brief of a
//! hundred.

use briefwire::model::{Brief, BriefId, ItemText, Point};

use crate::Case;
use crate::corpus::{Corpus, Words};
use crate::measure::float;

/// Of a hundred capitalised words, those that become other names.
const NAMES: usize = 15;
/// Names there are for the square root of the number of briefs.
const NAMES_OF_ROOT: f64 = 500.0;
/// Rank from which on names are as much rarer as Zipf has it (Mandelbrot's shift).
const SHIFT: f64 = 40.0;
/// Of a hundred words of a saga's brief, those that stand in all of its briefs.
const SHARED: usize = 60;

/// Makes briefs and items.
pub(crate) struct Texts<'c> {
    corpus: &'c Corpus,
    case: Case,
    names: f64,
    saga: Option<Brief>,
}

impl<'c> Texts<'c> {
    pub(crate) fn new(corpus: &'c Corpus, case: Case) -> Self {
        let names = NAMES_OF_ROOT * float(case.size).sqrt();
        let mut texts = Self { corpus, case, names, saga: None };
        if case.is_saga {
            texts.saga = Some(texts.brief(case.size));
        }
        texts
    }

    /// Returns the id of the brief with a number.
    pub(crate) fn id(number: usize) -> BriefId {
        BriefId::new(format!("b-{number}")).expect("an id")
    }

    /// Returns a brief by its number, the same whenever it is asked for.
    pub(crate) fn brief(&self, number: usize) -> Brief {
        let mut dice = Dice::of(number, 0);
        let corpus = self.corpus;
        let shape = *dice.one_of(&corpus.shapes);
        let title = self.sentences(&mut dice, &corpus.titles, 1);
        let summary = self.sentences(&mut dice, &corpus.summary, shape.summary);
        let mut brief = Brief::new(Self::id(number), title, summary);
        brief.original_post = Some(self.sentences(&mut dice, &corpus.post, shape.post));
        brief.points = (0..shape.points)
            .map(|_| Point { label: None, text: self.sentences(&mut dice, &corpus.points, 1) })
            .collect();
        for _ in 0..shape.key_terms {
            let term = dice.one_of(&corpus.key_terms);
            brief.key_terms.push(self.named(&mut dice, term));
        }
        brief.lang = Some("en".to_owned());
        brief.source_url = Some(format!("https://desk.example/stories/{number}"));
        match &self.saga {
            Some(saga) => of_saga(brief, saga),
            None => brief,
        }
    }

    /// Returns items: half of them the corpus's own, a quarter about a brief that there is, and a
    /// quarter about none. Of a saga all are about one of its briefs.
    pub(crate) fn items(&self, count: usize) -> Vec<ItemText> {
        let own = &self.corpus.items;
        let item = |number: usize| match number % 4 {
            _ if self.case.is_saga => self.told(number, self.case.size / count * number),
            0 | 2 => own[own.len() / count * number].clone(),
            1 => self.told(number, self.case.size / count * number),
            _ => self.untold(number),
        };
        (0..count).map(item).collect()
    }

    /// Returns an item about the story of a brief: its title and half of its sentences.
    fn told(&self, number: usize, brief: usize) -> ItemText {
        let mut dice = Dice::of(number, 1);
        let brief = self.brief(brief);
        let other = self.untold(number);
        let lead = [&brief.summary, &other.lead].map(|text| {
            let mut words: Vec<&str> = text.split(' ').collect();
            dice.shuffle(&mut words);
            words[..words.len().div_ceil(2)].join(" ")
        });
        ItemText { title: brief.title, lead: lead.join(" "), ..other }
    }

    fn untold(&self, number: usize) -> ItemText {
        let mut dice = Dice::of(number, 2);
        let length = *dice.one_of(&self.corpus.leads);
        ItemText {
            item: format!("i-{number}"),
            source: None,
            guid: None,
            title: self.sentences(&mut dice, &self.corpus.titles, 1),
            lead: self.sentences(&mut dice, &self.corpus.post, length),
            link: Some(format!("https://outlet.example/articles/{number}")),
            published: None,
            lang: Some("en".to_owned()),
        }
    }

    fn sentences(&self, dice: &mut Dice, from: &[Words], count: usize) -> String {
        let mut text = String::new();
        for _ in 0..count {
            let mut words: Vec<&str> = dice.one_of(from).iter().map(String::as_str).collect();
            dice.shuffle(&mut words);
            for word in words {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(&self.named(dice, word));
            }
        }
        text
    }

    /// Returns a word, or a name in its place.
    fn named(&self, dice: &mut Dice, word: &str) -> String {
        let is_capitalised = word.chars().next().is_some_and(char::is_uppercase);
        if !is_capitalised || dice.below(100) >= NAMES {
            return word.to_owned();
        }
        // Ranks with a probability of 1 / (rank + SHIFT).
        let rank = SHIFT * (self.names / SHIFT + 1.0).powf(dice.share()) - SHIFT;
        name(rank)
    }
}

/// Returns the name of a rank: four syllables, which no stemmer shortens to another's.
fn name(rank: f64) -> String {
    const SYLLABLES: [&str; 32] = [
        "ba", "ko", "ri", "mu", "zo", "ta", "vi", "lu", "na", "po", "ki", "ru", "sa", "go", "di",
        "fu", "ma", "lo", "bi", "nu", "ra", "to", "zi", "gu", "la", "mo", "ti", "ku", "va", "so",
        "pi", "du",
    ];
    let mut rest = rank.floor();
    let mut name = String::from("Q");
    for _ in 0..4 {
        let digit = rest % 32.0;
        rest = (rest / 32.0).floor();
        let syllable = SYLLABLES.iter().zip(0_u32..).find(|(_, at)| f64::from(*at) >= digit);
        name.push_str(syllable.map_or("x", |(syllable, _)| syllable));
    }
    name.push('k');
    name
}

/// Splitmix64 (Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn of(number: usize, purpose: u64) -> Self {
        let mut dice = Self((number as u64) << 2 | purpose);
        Self(dice.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("it is below a usize")
    }

    /// Returns a number from 0 to 1.
    fn share(&mut self) -> f64 {
        float(self.below(1 << 31)) / float(1 << 31)
    }

    fn one_of<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.below(list.len())]
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }
}

/// Returns a brief of a saga: in each field, most of the words are those of the saga's first.
fn of_saga(mut brief: Brief, saga: &Brief) -> Brief {
    let mixed = |own: &str, shared: &str| {
        let own: Vec<&str> = own.split(' ').collect();
        let shared: Vec<&str> = shared.split(' ').collect();
        let count = shared.len() * SHARED / 100;
        let further = (shared.len() - count).min(own.len());
        [&shared[..count], &own[..further]].concat().join(" ")
    };
    brief.title = mixed(&brief.title, &saga.title);
    brief.summary = mixed(&brief.summary, &saga.summary);
    let post = |brief: &Brief| brief.original_post.clone().unwrap_or_default();
    brief.original_post = Some(mixed(&post(&brief), &post(saga)));
    brief.points.clear();
    brief.key_terms.clone_from(&saga.key_terms);
    brief
}
