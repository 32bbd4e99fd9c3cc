//! Key terms: the candidates that a person would most likely choose.

use std::collections::{BTreeMap, HashSet};

use super::Article;
use super::candidates::{Candidate, Candidates, Features};
use super::prose::Prose;
use crate::model::KeyTerm;
use crate::text::fold;

/// What a category of the publisher's adds to the log-odds of a candidate that says the same.
const VOTE: f64 = 0.8;
/// A phrase that stands this many times as often as the one it is part of is a term of its own.
const ON_ITS_OWN: usize = 3;
/// Letters from which a spelling is compared in parts: shorter ones are alike by chance.
const LONG: usize = 8;

/// What the ranking goes by besides the text.
pub(super) struct Hints<'h> {
    /// Names of the publisher, which are no terms.
    pub(super) publisher: &'h [&'h str],
    /// The publisher's categories, which vote.
    pub(super) categories: &'h [&'h str],
}

impl<'h> Hints<'h> {
    pub(super) fn of(article: &Article<'h>) -> Self {
        Self { publisher: article.publisher, categories: article.categories }
    }
}

/// A candidate with its log-odds.
struct Ranked<'c> {
    candidate: &'c Candidate,
    odds: f64,
}

/// Returns the best terms of an article, best first.
///
/// Each stands in title or text. No two are spellings of one, and none is part of another, unless
/// it stands much more often.
pub(super) fn key_terms(
    prose: &Prose,
    odds: impl Fn(&Features) -> f64,
    hints: &Hints<'_>,
    limit: usize,
) -> Vec<KeyTerm> {
    let candidates = Candidates::of(prose);
    let voted: HashSet<String> = hints.categories.iter().map(|name| squeezed(name)).collect();
    let barred = names_of(hints.publisher);
    let mut ranked: Vec<Ranked<'_>> = Vec::new();
    for candidate in candidates.all.iter().filter(|candidate| candidates.is_allowed(candidate)) {
        let mut odds = odds(&candidates.features(candidate));
        if !voted.is_empty() && voted.contains(&spelling(prose, candidate)) {
            odds += VOTE;
        }
        ranked.push(Ranked { candidate, odds });
    }
    // The order of first places decides between equals.
    ranked.sort_by(|a, b| b.odds.total_cmp(&a.odds));
    let mut chosen: Vec<(&Ranked<'_>, String)> = Vec::new();
    let mut taken = vec![false; prose.tokens.len()];
    for one in &ranked {
        if chosen.len() >= limit {
            break;
        }
        let spelt = spelling(prose, one.candidate);
        let is_new = chosen.iter().all(|(other, known)| {
            !is_one_term(&spelt, known)
                && stands_apart(prose, (one.candidate, &spelt), (other.candidate, known))
        });
        let is_name = || barred.iter().any(|name| is_name_of(&spelt, name));
        if is_new && stands_free(one.candidate, &taken) && !is_name() {
            take(one.candidate, &mut taken);
            chosen.push((one, spelt));
        }
    }
    printed(prose, &chosen)
}

/// Returns the chosen terms with their scores: the odds of each as a share of the best one's.
fn printed(prose: &Prose, chosen: &[(&Ranked<'_>, String)]) -> Vec<KeyTerm> {
    let chance = |odds: f64| 1.0 / (1.0 + libm::exp(-odds));
    let best = chosen.first().map_or(1.0, |(one, _)| chance(one.odds));
    let hundredths = |odds: f64| libm::round(chance(odds) / best * 100.0) / 100.0;
    let mut terms: Vec<(f64, u32, String)> = chosen
        .iter()
        .map(|(one, _)| {
            let first = one.candidate.places.first().map_or(0, |(from, _)| *from);
            (hundredths(one.odds), first, display(prose, one.candidate))
        })
        .collect();
    terms.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    terms.into_iter().map(|(score, _, term)| KeyTerm { term, score }).collect()
}

/// Returns a candidate as the source most often writes it inside its sentences.
fn display(prose: &Prose, candidate: &Candidate) -> String {
    let title = prose.title_tokens();
    // By form: how often inside sentences, how often at all, and where first.
    let mut forms: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for (number, (from, length)) in candidate.places.iter().enumerate() {
        let tokens = prose.tokens.get(*from as usize..(from + length) as usize).unwrap_or_default();
        let Some(form) = prose.written(tokens) else { continue };
        let inside = *from as usize >= title && tokens.first().is_some_and(|token| !token.begins);
        let known = forms.entry(form).or_insert((0, 0, number));
        known.0 += usize::from(inside);
        known.1 += 1;
    }
    let best = forms
        .into_iter()
        .max_by_key(|(_, (inside, all, first))| (*inside, *all, std::cmp::Reverse(*first)));
    best.map(|(form, _)| form.to_owned()).unwrap_or_default()
}

/// Returns whether a phrase stands anywhere without words of a chosen one: `wall broke` is none
/// where `harbour wall` is.
fn stands_free(candidate: &Candidate, taken: &[bool]) -> bool {
    candidate.places.iter().any(|place| !tokens_at(*place).any(|at| taken.get(at) == Some(&true)))
}

fn take(candidate: &Candidate, taken: &mut [bool]) {
    for at in candidate.places.iter().copied().flat_map(tokens_at) {
        if let Some(mark) = taken.get_mut(at) {
            *mark = true;
        }
    }
}

fn tokens_at((from, length): (u32, u32)) -> std::ops::Range<usize> {
    from as usize..(from + length) as usize
}

/// Returns whether neither phrase is part of the other, by its words or by its spelling (`cooperative
/// bank`, `Co-operative Bank of Skerrow`), or the shorter stands much more often.
fn stands_apart(prose: &Prose, a: (&Candidate, &str), b: (&Candidate, &str)) -> bool {
    let stems = |candidate: &Candidate| -> Vec<u32> {
        let tokens = candidate.tokens(prose).iter();
        tokens.filter_map(|token| prose.word(token)).map(|word| word.stem).collect()
    };
    let (x, y) = (stems(a.0), stems(b.0));
    let ((short, long), (shorter, longer)) =
        if x.len() < y.len() { ((x, y), (a, b)) } else { ((y, x), (b, a)) };
    let is_spelt_in = shorter.1.len() >= LONG
        && (longer.1.starts_with(shorter.1) || longer.1.ends_with(shorter.1));
    let is_part =
        is_spelt_in || long.windows(short.len().max(1)).any(|run| run == short.as_slice());
    !is_part || shorter.0.places.len() >= longer.0.places.len() * ON_ITS_OWN
}

/// Returns a candidate's first form without case, accents, spaces and hyphens.
fn spelling(prose: &Prose, candidate: &Candidate) -> String {
    squeezed(prose.written(candidate.tokens(prose)).unwrap_or_default())
}

fn squeezed(phrase: &str) -> String {
    fold(phrase).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Returns whether two spellings are of one term: the same, or longer and a letter apart.
fn is_one_term(a: &str, b: &str) -> bool {
    let figures = |text: &str| text.chars().filter(|c| c.is_numeric()).collect::<String>();
    a == b
        || (a.len().min(b.len()) >= LONG
            && a.len().abs_diff(b.len()) <= 1
            && figures(a) == figures(b)
            && strsim::levenshtein(a, b) <= 1)
}

/// A name that a publisher goes by.
struct PublisherName {
    spelt: String,
    /// Of two words or more: a term that holds it is no term either.
    is_phrase: bool,
}

/// Returns the names that a publisher goes by: the parts of its feed's title, and its host's.
fn names_of(publisher: &[&str]) -> Vec<PublisherName> {
    let parts =
        publisher.iter().flat_map(|name| name.split([':', '|', '–', '—', '»', '·', '>', '/']));
    let parts = parts.flat_map(|part| part.split(" - "));
    let names = parts.map(|part| PublisherName {
        spelt: squeezed(part),
        is_phrase: part.split_whitespace().count() > 1,
    });
    names.filter(|name| name.spelt.len() > 1).collect()
}

/// Returns whether a term is a publisher's name, or holds one of several words.
///
/// A name of one word may be the subject as well: `Python 3.14` on the blog of Python.
fn is_name_of(spelt: &str, name: &PublisherName) -> bool {
    let strip = |text: &str| {
        let text = text.strip_prefix("the").unwrap_or(text);
        ["com", "org", "net", "news", "new"]
            .iter()
            .find_map(|end| text.strip_suffix(end))
            .unwrap_or(text)
            .to_owned()
    };
    let (bare, own) = (strip(spelt), strip(&name.spelt));
    !own.is_empty()
        && (bare == own
            || (name.is_phrase && name.spelt.len() >= LONG && spelt.contains(&name.spelt)))
}

#[cfg(test)]
mod tests {
    use crate::enrich::{Article, Measure, Style, extract};

    fn found(article: &Article<'_>) -> Vec<String> {
        let measure = Measure { key_terms: 6, ..Measure::default() };
        extract(article, measure).key_terms.into_iter().map(|term| term.term).collect()
    }

    fn in_language(title: &str, text: &str, lang: &str) -> Vec<String> {
        found(&Article { lang: Some(lang), ..Article::new(title, text) })
    }

    fn holds(terms: &[String], part: &str) -> bool {
        terms.iter().any(|term| term.to_lowercase().contains(&part.to_lowercase()))
    }

    #[test]
    fn names_and_repeated_phrases_come_first_and_stand_in_the_text() {
        let title = "Skerrow Strait cables to be guarded";
        let text = "Envoy Maren Solheim said on Monday that the seabed cables in the Skerrow Strait \
                    will be guarded. The seabed cables broke last winter.";
        let terms = in_language(title, text, "en");
        let all = format!("{title} {text}").to_lowercase();
        assert!(terms.iter().all(|term| all.contains(&term.to_lowercase())), "{terms:?}");
        assert!(holds(&terms[..3], "Skerrow Strait"), "{terms:?}");
        assert!(holds(&terms, "Maren Solheim"), "{terms:?}");
        assert!(holds(&terms, "seabed cables"), "{terms:?}");
        assert!(!holds(&terms, "Monday"), "{terms:?}");
    }

    #[test]
    fn one_term_is_not_given_twice() {
        let terms = in_language("Ferries", "Ferry. Ferries! The ferry. The ferries.", "en");
        assert_eq!(
            terms.iter().filter(|t| t.to_lowercase().contains("ferr")).count(),
            1,
            "{terms:?}"
        );
        let text = "The Co-operative Harbour Bank failed. The cooperative harbour bank was old, and \
                    the Co-Operative Harbour Bank had many members in Skerrow.";
        let terms = in_language("", text, "en");
        assert_eq!(
            terms.iter().filter(|t| t.to_lowercase().contains("operative")).count(),
            1,
            "{terms:?}"
        );
    }

    #[test]
    fn measures_dates_and_systems_are_no_terms() {
        let text = "Some 40 million gallons leaked for three years, the Reuters office said on \
                    Tuesday, March 3. About 40 million gallons leaked. Two hundred miles of coast \
                    and 30 percent of the mussels died. https://example.org/leak";
        let terms = in_language("Oil leak", text, "en");
        for never in [
            "million", "gallons", "years", "tuesday", "march", "miles", "percent", "reuters",
            "http",
        ] {
            assert!(!holds(&terms, never), "{never}: {terms:?}");
        }
        assert!(holds(&terms, "mussels"), "{terms:?}");
    }

    #[test]
    fn the_publisher_is_no_term() {
        let text = "Dock News reports that the harbour wall broke. The harbour wall will be rebuilt, \
                    Dock News was told. The dock news editors saw it.";
        let article = Article { lang: Some("en"), ..Article::new("Harbour wall broke", text) };
        assert!(holds(&found(&article), "Dock News"));
        let publisher = ["Dock News | Skerrow", "docknews"];
        let terms = found(&Article { publisher: &publisher, ..article });
        assert!(!holds(&terms, "Dock News"), "{terms:?}");
        assert!(holds(&terms, "harbour wall"), "{terms:?}");
    }

    #[test]
    fn what_happens_is_no_term_and_what_is_called_so_is() {
        let text = "Democrats won victories in Skerrow, and the party invited contributions from \
                    members. The lost property office obtained a new desk. Robin Went won it.";
        let terms = in_language("", text, "en");
        for never in ["won", "invited", "obtained"] {
            assert!(!holds(&terms, never), "{never}: {terms:?}");
        }
        assert!(holds(&terms, "contributions"), "{terms:?}");
    }

    #[test]
    fn categories_vote_and_do_not_decide() {
        let text = "The council met in Skerrow. The harbour wall broke in the storm, and the council \
                    wants to rebuild the harbour wall. Beside it is a lighthouse.";
        let article = Article { lang: Some("en"), ..Article::new("Harbour wall broke", text) };
        let before = found(&article);
        let last = before.last().unwrap().to_uppercase();
        let place = |terms: &[String]| terms.iter().position(|term| term.to_uppercase() == last);
        let categories = [last.as_str(), "Weather"];
        let after = found(&Article { categories: &categories, ..article });
        assert!(place(&after).unwrap_or(9) < place(&before).unwrap_or(9), "{before:?} {after:?}");
        assert!(holds(&after[..2], "harbour wall"), "{after:?}");
        assert!(!holds(&after, "Weather"), "{after:?}");
    }

    #[test]
    fn other_scripts_give_words_and_not_pieces() {
        let japanese = "東京都の小池知事は、新しい防災計画を発表した。防災計画は来年度から始まる。";
        let terms = in_language("東京都が防災計画を発表", japanese, "ja");
        assert!(holds(&terms, "防災計画"), "{terms:?}");
        let chinese = "中国人民银行宣布下调存款准备金率。存款准备金率下调后，银行贷款增加。";
        let terms = in_language("央行下调存款准备金率", chinese, "zh");
        assert!(holds(&terms, "存款准备金率"), "{terms:?}");
        let arabic =
            "أعلنت وزارة الصحة عن خطة جديدة. وقالت وزارة الصحة إن الخطة تبدأ العام المقبل.";
        let terms = in_language("وزارة الصحة تعلن خطة جديدة", arabic, "ar");
        assert!(holds(&terms, "وزارة الصحة"), "{terms:?}");
    }

    #[test]
    fn a_language_without_lists_gives_no_grammar() {
        let text = "Zan mesto ke obo harnet. Zan harnet ke mesto vil. Obo zan talumir ke. Zan talumir \
                    grenat ke zan harnet. Zan ke talumir grenat mesto.";
        let terms = in_language("", text, "xx");
        assert!(!terms.iter().any(|term| term == "Zan" || term == "ke"), "{terms:?}");
        assert!(holds(&terms, "talumir"), "{terms:?}");
    }

    #[test]
    fn no_text_has_no_terms() {
        assert!(in_language("", "", "en").is_empty());
        assert!(in_language("🚢🚢", "12 345 %", "en").is_empty());
    }

    #[test]
    fn scores_fall_from_one_and_tags_are_other_terms_than_phrases() {
        let text = "Comet Ysolde has brightened, observers in Lumenport report. The bright comet \
                    Ysolde can be seen from Lumenport with small telescopes until the new moon.";
        let article = Article { lang: Some("en"), ..Article::new("Comet Ysolde brightens", text) };
        let phrases = extract(&article, Measure::default()).key_terms;
        assert!((phrases[0].score - 1.0).abs() < 1e-9);
        assert!(phrases.is_sorted_by(|a, b| a.score >= b.score));
        let tags = extract(&article, Measure { style: Style::Tags, ..Measure::default() });
        assert_ne!(phrases, tags.key_terms);
    }
}
