//! A brief as the index holds it: hashes and counts, about a kilobyte.

use xxhash_rust::xxh3::xxh3_64;

use super::bag::Lang;
use super::basis::Basis;
use super::terms::{Form, Reader, Text, marks, runs, shingles};
use crate::model::{Brief, BriefId, Timestamp};
use crate::text::Stem;

/// Words of a brief that are read; the limits of brief documents allow far more.
const MAX_WORDS: usize = 4000;
/// Words of its original post of which runs are known.
const MAX_POST: usize = 2000;
/// Share of the original post's runs of four words that proves where it came from.
const SHARE: usize = 60;
/// Very short posts ("Read more at …") prove nothing.
const LEAST_SHINGLES: usize = 4;

/// Fields of a brief, which are weighed apart.
pub(super) const FIELDS: usize = 5;
/// Title, key terms and summary come first.
const CORE: u8 = 3;
const POST: u8 = 3;
const BITS: u16 = 3;
const MOST: u16 = (1 << BITS) - 1;

/// How often a stem stands in each field of a brief, 7 at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts(u16);

impl Counts {
    fn add(&mut self, field: u8) {
        let shift = BITS * u16::from(field);
        if (self.0 >> shift) & MOST < MOST {
            self.0 += 1 << shift;
        }
    }

    pub(super) fn of(self, field: u8) -> u16 {
        (self.0 >> (BITS * u16::from(field))) & MOST
    }

    pub(super) fn in_title(self) -> bool {
        self.of(0) > 0
    }

    pub(super) fn in_core(self) -> bool {
        (0..CORE).any(|field| self.of(field) > 0)
    }
}

/// A name by which item and brief can meet: kind and hash.
pub(super) type Name = u64;

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Url = 1,
    Guid = 2,
    Pin = 3,
    Block = 4,
    Id = 5,
    /// A title, normalised.
    Title = 6,
}

impl Kind {
    const MASK: u64 = 7;

    pub(super) fn name(self, text: &str) -> Name {
        self.name_of(text.as_bytes())
    }

    pub(super) fn name_of(self, bytes: &[u8]) -> Name {
        xxh3_64(bytes) & !Self::MASK | self as u64
    }

    pub(super) fn is_of(self, name: Name) -> bool {
        name & Self::MASK == self as u64
    }
}

/// A brief as the index holds it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: BriefId,
    lang: Lang,
    pub(super) date: Option<Timestamp>,
    /// When it was written; the newer of two for one address wins.
    pub(super) written: Option<Timestamp>,
    expires: Option<Timestamp>,
    pub(super) names: Box<[Name]>,
    /// In one allocation: the stems, sorted; the forms of words that do not begin as
    /// their stems do, sorted; the shingles of the original post, in order; the counts of the stems,
    /// two and two.
    packed: Box<[u32]>,
    stems: u16,
    forms: u16,
    shingles: u16,
    /// Terms in each field.
    pub(super) lengths: [u16; FIELDS],
    /// Rarity of the title's stems, of title, key terms and summary, and of all, in sixteenths.
    pub(super) title_mass: u32,
    pub(super) core_mass: u32,
    pub(super) mass: u32,
    pub(super) title_squares: u32,
}

impl Entry {
    pub(super) fn new(brief: &Brief, basis: &Basis) -> Self {
        let reader = Reader::new(brief.lang.as_deref(), basis.rarity);
        let post = brief.original_post.as_deref().unwrap_or_default();
        let mut found: Vec<Found> = Vec::new();
        let mut forms: Vec<Form> = Vec::new();
        let (mut plain, mut odd): (Vec<Stem>, Vec<Stem>) = (Vec::new(), Vec::new());
        let mut lengths = [0_u16; FIELDS];
        let mut words = MAX_WORDS;
        let mut post_words = Vec::new();
        let (key_terms, rest) = (brief.key_terms.join("\n"), rest(brief));
        let texts = [brief.title.as_str(), &key_terms, &brief.summary, post, &rest];
        for ((field, text), length) in (0..).zip(texts).zip(&mut lengths) {
            let read = reader.read(text, words, words);
            words = words.saturating_sub(read.folded.len());
            *length = u16::try_from(read.terms.len()).unwrap_or(u16::MAX);
            for term in &read.terms {
                found.push(Found { stem: term.stem, rarity: term.rarity, field });
                if term.form == Form::PLAIN {
                    plain.push(term.stem);
                } else {
                    forms.push(term.form);
                    odd.push(term.stem);
                }
            }
            if field == POST {
                post_words = read.folded;
            }
        }
        post_words.truncate(MAX_POST);
        found.sort_unstable();
        plain.sort_unstable();
        odd.retain(|stem| plain.binary_search(stem).is_err());
        forms.extend(odd.iter().map(|stem| Form::of_odd(*stem)));
        forms.sort_unstable();
        forms.dedup();
        let mut entry = Self {
            id: brief.id.clone(),
            lang: Lang::of(brief.lang.as_deref()),
            date: brief.date.or(brief.created),
            written: brief.updated.or(brief.created).or(brief.date),
            expires: brief.expires,
            names: names(brief, basis),
            packed: Box::default(),
            stems: 0,
            forms: count(forms.len()),
            shingles: 0,
            lengths,
            title_mass: 0,
            core_mass: 0,
            mass: 0,
            title_squares: 0,
        };
        let (mut packed, counts) = entry.weigh(&found);
        let shingles = shingles(&post_words);
        entry.shingles = count(shingles.len());
        packed.extend(forms.iter().map(|form| form.0));
        packed.extend(shingles);
        packed.extend(counts.chunks(2).map(|two| match two {
            [a, b] => u32::from(a.0) | u32::from(b.0) << 16,
            rest => rest.iter().map(|count| u32::from(count.0)).sum(),
        }));
        entry.packed = packed.into_boxed_slice();
        entry
    }

    /// Counts sorted occurrences, and returns the stems with their counts.
    fn weigh(&mut self, found: &[Found]) -> (Vec<Stem>, Vec<Counts>) {
        let (mut stems, mut counts) = (Vec::new(), Vec::new());
        for same in found.chunk_by(|a, b| a.stem == b.stem) {
            let Some(Found { stem, rarity, .. }) = same.first() else { continue };
            let mut count = Counts::default();
            for found in same {
                count.add(found.field);
            }
            let rarity = u32::from(*rarity);
            self.mass += rarity;
            self.core_mass += if count.in_core() { rarity } else { 0 };
            self.title_mass += if count.in_title() { rarity } else { 0 };
            self.title_squares += if count.in_title() { rarity * rarity } else { 0 };
            stems.push(*stem);
            counts.push(count);
        }
        self.stems = count(stems.len());
        (stems, counts)
    }

    /// Returns a part of what is packed.
    fn part(&self, from: u16, length: u16) -> &[u32] {
        let from = usize::from(from);
        self.packed.get(from..from + usize::from(length)).unwrap_or_default()
    }

    /// Returns the stems, sorted.
    pub(super) fn stems(&self) -> &[Stem] {
        self.part(0, self.stems)
    }

    fn shingles(&self) -> &[u32] {
        self.part(self.stems + self.forms, self.shingles)
    }

    /// Returns the stems, sorted, with their counts.
    pub(super) fn counted(&self) -> impl Iterator<Item = (Stem, Counts)> {
        let from = usize::from(self.stems) + usize::from(self.forms) + usize::from(self.shingles);
        let counts = self.packed.get(from..).unwrap_or_default().iter().flat_map(|two| {
            let [a, b, c, d] = two.to_le_bytes();
            [Counts(u16::from_le_bytes([a, b])), Counts(u16::from_le_bytes([c, d]))]
        });
        self.stems().iter().copied().zip(counts)
    }

    /// Returns whether it may be put on an item it is not on yet.
    pub(super) fn may_match(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|at| now < at)
    }

    pub(super) fn other_language(&self, item: Lang) -> bool {
        self.lang.differs(item)
    }

    pub(super) fn has(&self, stem: Stem) -> bool {
        self.stems().binary_search(&stem).is_ok()
    }

    /// Returns whether a word of an item stands here, too, and is written as there.
    pub(super) fn says(&self, stem: Stem, form: Form) -> bool {
        let forms = self.part(self.stems, self.forms);
        let has = |form: Form| forms.binary_search(&form.0).is_ok();
        self.has(stem) && if form == Form::PLAIN { !has(Form::of_odd(stem)) } else { has(form) }
    }

    /// Returns the marks under which its original post is found.
    pub(super) fn marks(&self) -> Vec<u32> {
        marks(self.shingles())
    }

    /// Returns how much of the original post an item has.
    pub(super) fn quoted_in(&self, item: &Quotable) -> Quoted {
        let is_there = |shingle: &&u32| item.shingles.binary_search(shingle).is_ok();
        let shingles = self.shingles();
        let found = shingles.iter().filter(is_there).count();
        if shingles.len() >= LEAST_SHINGLES && found * 100 >= SHARE * shingles.len() {
            return Quoted::Most;
        }
        let is_in = |run: &u64| item.runs.binary_search(run).is_ok();
        if runs(shingles).iter().any(is_in) { Quoted::Run } else { Quoted::No }
    }
}

fn count(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// A word of a brief, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    stem: Stem,
    rarity: u8,
    field: u8,
}

/// How much of a brief's original post stands in an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoted {
    /// Too little.
    No,
    /// Eight words in a row.
    Run,
    /// Most of its runs of four words.
    Most,
}

/// What an item says, word after word.
#[derive(Debug)]
pub(super) struct Quotable {
    /// Hashes of its runs of four words; sorted.
    shingles: Vec<u32>,
    /// Hashes of its runs of eight words; sorted.
    runs: Vec<u64>,
    /// What briefs that it quotes are found by.
    pub(super) marks: Vec<u32>,
}

impl Quotable {
    pub(super) fn of(text: &Text<'_>) -> Self {
        let mut shingles = shingles(&text.folded);
        let marks = marks(&shingles);
        let mut runs = runs(&shingles);
        runs.sort_unstable();
        shingles.sort_unstable();
        Self { shingles, runs, marks }
    }
}

fn names(brief: &Brief, basis: &Basis) -> Box<[Name]> {
    let addresses = brief.source_url.iter().chain(&brief.urls);
    let urls = addresses.filter_map(|url| basis.url(url));
    let mut names: Vec<Name> = urls.map(|url| Kind::Url.name(url.as_str())).collect();
    names.extend(brief.guids.iter().map(|guid| Kind::Guid.name(guid)));
    names.extend(brief.pin.iter().map(|name| Kind::Pin.name(&basis.key(name))));
    names.extend(brief.block.iter().map(|name| Kind::Block.name(&basis.key(name))));
    names.push(Kind::Id.name(brief.id.as_str()));
    names.sort_unstable();
    names.dedup();
    names.into_boxed_slice()
}

fn rest(brief: &Brief) -> String {
    let points = brief.points.iter().flat_map(|p| p.label.iter().chain([&p.text]));
    let further = brief.further.iter().flat_map(|f| [&f.title].into_iter().chain(&f.why));
    let questions = brief.questions.iter().flat_map(|q| [&q.question].into_iter().chain(&q.answer));
    let opinion = brief.opinion.iter().flat_map(|o| [&o.who, &o.quote].into_iter().chain(&o.role));
    let all: Vec<&str> =
        points.chain(further).chain(questions).chain(opinion).map(String::as_str).collect();
    all.join("\n")
}
