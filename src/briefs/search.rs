//! Which briefs contain some words.

use crate::model::Brief;
use crate::text::fold;

/// The words that are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought(Vec<String>);

impl Sought {
    /// Takes the words of a text; case and accents do not count.
    pub fn new(text: &str) -> Self {
        Self(text.split_whitespace().map(fold).collect())
    }

    /// Returns whether all the words stand somewhere in a brief's text; no word stands in all.
    ///
    /// A word also stands in a longer one, so that scripts without spaces can be searched.
    pub fn is_in(&self, brief: &Brief) -> bool {
        self.is_among(words(brief))
    }

    /// Returns whether all the words stand somewhere in these texts.
    pub fn is_among<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let text = fold(&texts.into_iter().collect::<Vec<_>>().join("\n"));
        self.0.iter().all(|word| text.contains(word))
    }
}

/// Returns all that a brief says: its id, its sections, its author, its addresses.
fn words(brief: &Brief) -> Vec<&str> {
    let mut words = vec![brief.id.as_str(), &brief.title, &brief.summary];
    words.extend(
        [&brief.original_post, &brief.source_url, &brief.author]
            .into_iter()
            .flatten()
            .map(String::as_str),
    );
    for point in &brief.points {
        words.extend(point.label.as_deref());
        words.push(&point.text);
    }
    for further in &brief.further {
        words.push(&further.title);
        words.extend([&further.url, &further.why].into_iter().flatten().map(String::as_str));
    }
    for question in &brief.questions {
        words.push(&question.question);
        words.extend(question.answer.as_deref());
    }
    if let Some(opinion) = &brief.opinion {
        words.extend([opinion.who.as_str(), &opinion.quote]);
        words.extend(opinion.role.as_deref());
    }
    for list in [&brief.key_terms, &brief.urls, &brief.guids] {
        words.extend(list.iter().map(String::as_str));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BriefId, Question};

    #[track_caller]
    fn check(words: &str, expected: bool) {
        let id = BriefId::new("cafe-strike").expect("an id");
        let mut brief =
            Brief::new(id, "Im Café wird gestreikt", "東京の Köche legen die Arbeit nieder.");
        brief.key_terms = vec!["Tarifstreit".to_owned()];
        let (question, answer) = ("Wie lange?".to_owned(), Some("Bis Freitag".to_owned()));
        brief.questions = vec![Question { question, answer }];
        assert_eq!(Sought::new(words).is_in(&brief), expected);
    }

    #[test]
    fn all_words_stand_somewhere_whatever_their_case_and_accents() {
        for there in ["", "CAFE köche", "tarif freitag", "cafe-strike", "東京", "wie  lange?"] {
            check(there, true);
        }
        check("cafe montag", false);
    }
}
