//! The summary: sentences of the source, verbatim, in their order.

use super::furniture::{is_furniture, is_poster, without_dateline, without_tail};
use super::salience::Sentences;
use super::weights;
use crate::text::sentences;

/// What a sentence loses that says what a chosen one says.
const REDUNDANT: f64 = 0.1;
/// Two sentences that are more alike do not both stand in a summary.
const SAME: f64 = 0.6;

/// Returns the sentences of a text, less what publishing systems add; a text of nothing else has
/// none.
pub(super) fn telling(title: &str, text: &str, lang: Option<&str>) -> Vec<String> {
    let mut all = Vec::new();
    for sentence in sentences(text, lang) {
        let rest = if all.len() < 2 { without_dateline(&sentence) } else { &sentence };
        let rest = without_tail(rest);
        let says = rest.chars().any(char::is_alphanumeric);
        if says && !is_furniture(rest) {
            all.push(rest.to_owned());
        }
    }
    // Some feeds begin an item's text with its title.
    if all.len() > 1 && all.first().is_some_and(|first| is_title(first, title)) {
        all.remove(0);
    }
    if all.iter().any(|sentence| !is_poster(sentence)) {
        all.retain(|sentence| !is_poster(sentence));
    }
    all
}

fn is_title(sentence: &str, title: &str) -> bool {
    let plain = |text: &str| text.trim_end_matches('.').to_lowercase();
    plain(sentence) == plain(title.trim())
}

/// Returns up to `limit` sentences; a text that has no more is passed through.
pub(super) fn summary(sentences: &Sentences<'_>, limit: usize) -> Vec<String> {
    let weights: Vec<f64> =
        (0..sentences.len()).map(|at| weights::salience(&sentences.traits(at))).collect();
    let chosen = choose(sentences, &weights, limit);
    chosen.into_iter().map(|at| sentences.text(at).to_owned()).collect()
}

/// Chooses sentences by weight, those that say something else first; in their order.
pub fn choose(sentences: &Sentences<'_>, weights: &[f64], limit: usize) -> Vec<usize> {
    if sentences.len() <= limit {
        return (0..sentences.len()).collect();
    }
    let mut chosen: Vec<usize> = Vec::with_capacity(limit);
    while chosen.len() < limit {
        let mut best: Option<(usize, f64)> = None;
        for (at, weight) in weights.iter().enumerate().filter(|(at, _)| !chosen.contains(at)) {
            let alike = chosen.iter().map(|other| sentences.likeness(at, *other));
            let alike = alike.fold(0.0, f64::max);
            let worth = weight - REDUNDANT * alike;
            if alike <= SAME && best.is_none_or(|(_, most)| worth > most) {
                best = Some((at, worth));
            }
        }
        let Some((at, _)) = best else { break };
        chosen.push(at);
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use crate::enrich::{Article, Measure, extract};

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let article = Article { lang: Some("en"), ..Article::new("The harbour wall", text) };
        let measure = Measure { sentences: 2, ..Measure::default() };
        assert_eq!(extract(&article, measure).summary, expected);
    }

    #[test]
    fn sentences_are_taken_verbatim_and_in_their_order() {
        check(
            "The wall broke on Friday, the council of Skerrow said. A cat sat there. Yes. Its \
             harbour wall will be rebuilt by the council before the winter storms.",
            &[
                "The wall broke on Friday, the council of Skerrow said.",
                "Its harbour wall will be rebuilt by the council before the winter storms.",
            ],
        );
    }

    #[test]
    fn two_sentences_that_say_the_same_do_not_both_stand() {
        let text = "The council voted to rebuild the harbour wall. The council voted to rebuild \
                    the harbour wall today. Nobody was hurt when it fell.";
        check(
            text,
            &[
                "The council voted to rebuild the harbour wall today.",
                "Nobody was hurt when it fell.",
            ],
        );
    }

    #[test]
    fn what_publishing_systems_add_is_left_out() {
        check(
            "The harbour wall\nPhoto: J. Doe for us\nSKERROW (AP) - The wall broke on Friday.\n\
             Read more at our site.\nIt will be rebuilt. Read more",
            &["The wall broke on Friday.", "It will be rebuilt."],
        );
    }

    #[test]
    fn posters_stand_only_where_there_is_nothing_else() {
        check(
            "SKERROW TODAY. https://example.org/a - JOIN US NOW! The wall broke on Friday.",
            &["The wall broke on Friday."],
        );
        check("BREAKING!", &["BREAKING!"]);
    }

    #[test]
    fn a_short_text_passes_through_and_a_bare_link_says_nothing() {
        check("Wall", &["Wall"]);
        check("The harbour wall", &["The harbour wall"]);
        for nothing in
            ["", " \n", "https://example.org/a", "Read more", "Comments URL: https://e.org"]
        {
            check(nothing, &[]);
        }
    }
}
