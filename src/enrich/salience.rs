//! How much a sentence adds to a summary: where it stands, how central it is, how it is made.

use super::prose::{Prose, Sentence, Token};

/// How many traits a sentence has.
pub const TRAITS: usize = 31;
/// What a sentence is weighed by, in the order of [`Sentences::traits`].
pub type Traits = [f64; TRAITS];

/// Sentences that are weighed; later ones are never the lead.
const MAX_SENTENCES: usize = 80;
const ROUNDS: usize = 20;
/// Sentences of less are not neighbours.
const LEAST_COSINE: f64 = 0.05;
/// The share of a sentence's rank that its place gives it; the rest its neighbours give.
const FROM_PLACE: f64 = 0.3;
/// The sentences of an article as vectors of stems, and how alike they are (`LexRank`, Erkan and
/// Radev 2004, with a bias to the lead).
pub struct Sentences<'p> {
    prose: &'p Prose,
    of: Vec<&'p Sentence>,
    vectors: Vec<Vector>,
    likeness: Vec<Vec<f64>>,
    centroid: Vec<f64>,
    rank: Vec<f64>,
}

/// Stems in rising order with their counts, and the length of it all.
#[derive(Debug, Default)]
struct Vector {
    stems: Vec<(u32, f64)>,
    norm: f64,
}

impl Vector {
    fn of(prose: &Prose, sentences: &[&Sentence]) -> Self {
        let tokens = sentences.iter().flat_map(|sentence| prose.tokens_of(sentence));
        let words = tokens.filter_map(|token| prose.word(token)).filter(|word| !word.stop);
        let mut stems: Vec<u32> = words.map(|word| word.stem).collect();
        stems.sort_unstable();
        let runs = stems.chunk_by(|a, b| a == b);
        let stems: Vec<(u32, f64)> =
            runs.filter_map(|run| run.first().map(|stem| (*stem, run.len() as f64))).collect();
        let norm = libm::sqrt(stems.iter().map(|(_, count)| count * count).sum());
        Self { stems, norm }
    }

    fn cosine(&self, other: &Self) -> f64 {
        let (mut a, mut b) = (self.stems.iter().peekable(), other.stems.iter().peekable());
        let mut product = 0.0;
        while let Some(((left, x), (right, y))) = a.peek().zip(b.peek()) {
            match left.cmp(right) {
                std::cmp::Ordering::Less => drop(a.next()),
                std::cmp::Ordering::Greater => drop(b.next()),
                std::cmp::Ordering::Equal => {
                    product += x * y;
                    a.next();
                    b.next();
                }
            }
        }
        if product == 0.0 { 0.0 } else { product / (self.norm * other.norm) }
    }
}

impl<'p> Sentences<'p> {
    /// Compares the sentences of an article; its title is none.
    pub fn of(prose: &'p Prose) -> Self {
        let skipped = usize::from(prose.has_title);
        let of: Vec<&Sentence> = prose.sentences.iter().skip(skipped).take(MAX_SENTENCES).collect();
        let vectors: Vec<Vector> = of.iter().map(|one| Vector::of(prose, &[one])).collect();
        let whole = Vector::of(prose, &of);
        let centroid = vectors.iter().map(|vector| vector.cosine(&whole)).collect();
        let mut likeness = vec![vec![0.0; of.len()]; of.len()];
        for (at, vector) in vectors.iter().enumerate() {
            for (before, other) in vectors.iter().enumerate().take(at) {
                let cosine = vector.cosine(other);
                set(&mut likeness, at, before, cosine);
                set(&mut likeness, before, at, cosine);
            }
        }
        let rank = rank(&likeness);
        Self { prose, of, vectors, likeness, centroid, rank }
    }

    /// Returns how many sentences there are to choose from.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Returns a sentence as the source writes it.
    pub fn text(&self, at: usize) -> &str {
        self.of.get(at).map_or("", |sentence| &sentence.text)
    }

    /// Returns how alike two sentences are, 0 to 1.
    pub fn likeness(&self, a: usize, b: usize) -> f64 {
        self.likeness.get(a).and_then(|row| row.get(b)).copied().unwrap_or_default()
    }

    /// Returns what a sentence is weighed by.
    pub fn traits(&self, at: usize) -> Traits {
        let Some(sentence) = self.of.get(at) else { return [0.0; TRAITS] };
        let tokens = self.prose.tokens_of(sentence);
        let words = tokens.len() as f64;
        let place = at as f64;
        let all = self.of.len() as f64;
        let roles = |token: &Token| self.prose.word(token).map(|word| word.facts.roles);
        let first = tokens.first().and_then(roles).unwrap_or_default();
        let says = tokens.iter().take(8).filter_map(roles).any(|roles| roles.saying);
        let capitals = tokens.iter().filter(|t| t.capital && !t.begins).count() as f64;
        let text = sentence.text.as_str();
        let is_english = self.prose.is_english;
        let mark = |is: bool| if is { 1.0 } else { 0.0 };
        let near = |limit: usize| mark(at < limit);
        let of_first = self.vectors.first().zip(self.vectors.get(at));
        let like_first = of_first.map_or(0.0, |(first, this)| first.cosine(this));
        let ends = text
            .ends_with(['.', '!', '?', '"', '”', '’', '\'', ')', '。', '！', '？', '»', '؟', '…']);
        [
            1.0 / (1.0 + place),
            near(1),
            mark(at == 1),
            mark(at == 2),
            near(6),
            near(12),
            place / all,
            libm::log(1.0 + place),
            words / 20.0,
            mark(words < 6.0),
            mark(words < 9.0),
            mark(words < 13.0),
            mark(words > 22.0),
            mark(words > 28.0),
            mark(words > 35.0),
            mark(words > 45.0),
            self.centroid.get(at).copied().unwrap_or_default(),
            self.rank.get(at).copied().unwrap_or_default(),
            if at == 0 { 0.3 } else { like_first },
            mark(text.contains(['"', '“', '”', '„', '«', '»', '「'])),
            mark(first.pointing),
            mark(first.first_person),
            mark(text.chars().any(char::is_numeric)),
            if is_english { capitals / words.max(1.0) } else { 0.1 },
            if is_english { capitals.min(10.0) / 10.0 } else { 0.2 },
            mark(text.ends_with(['?', '？', '؟'])),
            mark(text.ends_with([':', '：'])),
            mark(says),
            mark(first.joining),
            mark(!ends),
            if all > 20.0 { 1.0 / (1.0 + place) } else { 0.0 },
        ]
    }
}

fn set(table: &mut [Vec<f64>], row: usize, column: usize, value: f64) {
    if let Some(cell) = table.get_mut(row).and_then(|row| row.get_mut(column)) {
        *cell = value;
    }
}

/// Returns the rank of each sentence by its neighbours' ranks, the highest 1.
fn rank(likeness: &[Vec<f64>]) -> Vec<f64> {
    let count = likeness.len();
    let joined = |cosine: f64| if cosine > LEAST_COSINE { cosine } else { 0.0 };
    let sums: Vec<f64> = likeness
        .iter()
        .map(|row| row.iter().copied().map(joined).sum::<f64>())
        .map(|sum| if sum == 0.0 { 1.0 } else { sum })
        .collect();
    let places: f64 = (1..=count).map(|at| 1.0 / at as f64).sum();
    let mut rank = vec![1.0 / count.max(1) as f64; count];
    for _ in 0..ROUNDS {
        let given: Vec<f64> = rank.iter().zip(&sums).map(|(rank, sum)| rank / sum).collect();
        let from = |row: &Vec<f64>| -> f64 {
            row.iter().zip(&given).map(|(cosine, given)| joined(*cosine) * given).sum()
        };
        let next = likeness
            .iter()
            .zip(1..)
            .map(|(row, at)| FROM_PLACE / f64::from(at) / places + (1.0 - FROM_PLACE) * from(row));
        rank = next.collect();
    }
    let highest = rank.iter().copied().fold(0.0, f64::max);
    rank.iter().map(|rank| rank / highest).collect()
}
