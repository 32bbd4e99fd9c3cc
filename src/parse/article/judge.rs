//! Whether what was found in a page is the item's article, and more of it than the feed has.

use std::collections::HashSet;

use super::walls::Wall;
use super::{Article, Known, NoArticle, Page, paid, walls};
use crate::text::{Stemmer, detect, fold, is_stop_word, words};

/// What is shorter is a teaser.
const LEAST_CHARS: usize = 400;
/// What is shorter may be a wall that looks like an article.
const SHORT_CHARS: usize = 1_500;
/// In percent of the feed's own text: a page that has hardly more is not worth the change.
const LEAST_GAIN: usize = 120;
/// One in so many of the headline's words …
const TITLE_SHARE: usize = 3;
/// … or so many percent of the words of the feed's text are to be in the article.
const TEXT_SHARE: usize = 30;

/// Judges an article, or the want of one, against what the feed says.
pub(super) fn judge(
    page: &Page,
    article: Option<&Article>,
    item: &Known<'_>,
) -> Result<(), NoArticle> {
    let text = article.map_or("", |article| article.text.as_str());
    let chars = text.chars().count();
    if let Some(wall) = wall(page, text, chars) {
        return Err(wall.into());
    }
    if article.is_none() {
        return Err(NoArticle::NotFound);
    }
    let known = item.text.chars().count();
    if chars < LEAST_CHARS || chars * 100 < known * LEAST_GAIN {
        return Err(NoArticle::Worse { chars, known });
    }
    if !is_of(text, item) {
        return Err(NoArticle::Unrelated);
    }
    Ok(())
}

/// Returns what stands between the reader and the article, if the text is too short to be one.
fn wall(page: &Page, text: &str, chars: usize) -> Option<Wall> {
    if chars >= SHORT_CHARS && !breaks_off(text) {
        return None;
    }
    if paid::is_paid(&page.raw) {
        return Some(Wall::Paywall);
    }
    if chars >= SHORT_CHARS {
        return None;
    }
    let whole = page.text();
    // Next to no article, whatever the page says is about the want of one; beside one, the
    // banners of all pages say half of it.
    let spoken = if chars < LEAST_CHARS { whole.as_str() } else { text };
    walls::spoken(spoken).or_else(|| walls::asks_for_money(&whole).then_some(Wall::Paywall))
}

fn breaks_off(text: &str) -> bool {
    let text = text.trim_end();
    text.ends_with('…') || text.ends_with("...")
}

/// Returns whether an article shares enough words with the item; an item without any is any
/// article's.
fn is_of(text: &str, item: &Known<'_>) -> bool {
    let lang = detect(text);
    let stems = significant(text, lang);
    let share = |known: &str| {
        let known = significant(known, lang);
        (known.intersection(&stems).count(), known.len())
    };
    let (title, text) = (share(item.title), share(item.text));
    let by_title = title.1 > 0 && title.0 * TITLE_SHARE >= title.1;
    let by_text = text.1 > 0 && text.0 * 100 >= text.1 * TEXT_SHARE;
    by_title || by_text || (title.1 == 0 && text.1 == 0)
}

fn significant(text: &str, lang: Option<&str>) -> HashSet<String> {
    let stemmer = Stemmer::of(lang);
    let lower = text.to_lowercase();
    words(&lower)
        .iter()
        .filter(|word| !is_stop_word(word.text, lang))
        .map(|word| stemmer.stem(&fold(word.text)).into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "The harbour council voted on Tuesday to close two of the three old ferry \
        piers, after divers had found cracks in their pillars. The ferries will leave from the \
        northern pier until the repairs are done.";

    #[track_caller]
    fn check(title: &str, text: &str, expected: bool) {
        assert_eq!(is_of(TEXT, &Known { title, text }), expected, "{title} / {text}");
    }

    #[test]
    fn an_article_shares_words_with_its_item() {
        check("Harbour closes ferry piers", "", true);
        check("Ferries move north for a year, passengers and shops complain", "", false);
        check("", "Two ferry piers are to be closed after cracks were found by divers.", true);
        check("Budget talks fail", "The minister left the room without a word.", false);
        check("Live updates", "Divers found cracks in ferry piers.", true);
        check("", "", true);
        check("The", "and of the", true);
    }

    #[test]
    fn a_text_that_breaks_off_says_so() {
        assert!(breaks_off("and then … "));
        assert!(breaks_off("and then..."));
        assert!(!breaks_off("and then."));
    }
}
