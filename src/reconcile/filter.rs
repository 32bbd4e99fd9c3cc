//! Which items a source or a channel takes: an item held against `keep` and `drop`.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::Draft;
use crate::model::{Filter, FilterField, Filters, Sought, Story};
use crate::text::{fold, html, is_ideograph};

/// An item of a document that its source's filters keep out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The item's headline.
    pub title: String,
    /// The filter, as it is printed; `keep` where no filter of that list matched.
    pub by: String,
}

/// Returns whether an item passes: a filter of `keep` matches, if there are any, and none of
/// `drop`.
pub fn passes(filters: &Filters, story: &Story) -> bool {
    refusal(filters, story).is_none()
}

/// Returns the items that do not pass, in document order.
pub fn dropped(drafts: &[Draft], filters: &Filters) -> Vec<Dropped> {
    drafts
        .iter()
        .filter_map(|draft| {
            let by = refusal(filters, &draft.story)?;
            Some(Dropped { title: draft.story.title.clone(), by })
        })
        .collect()
}

/// Returns what keeps an item out.
fn refusal(filters: &Filters, story: &Story) -> Option<String> {
    if filters.is_empty() {
        return None;
    }
    let parts = Parts::of(story);
    if let Some(filter) = filters.drop.iter().find(|filter| parts.match_with(filter)) {
        return Some(filter.to_string());
    }
    let kept = filters.keep.is_empty() || filters.keep.iter().any(|f| parts.match_with(f));
    (!kept).then(|| "keep".to_owned())
}

/// What filters look at; made plain and folded once, and only if one asks.
struct Parts<'s> {
    story: &'s Story,
    title: Part<'s>,
    url: Vec<Part<'s>>,
    authors: Vec<Part<'s>>,
    categories: Vec<Part<'s>>,
    text: OnceCell<Part<'s>>,
}

impl<'s> Parts<'s> {
    fn of(story: &'s Story) -> Self {
        let authors = story.authors.iter().filter_map(|p| p.name.as_ref().or(p.email.as_ref()));
        Self {
            story,
            title: Part::of(&story.title),
            url: story.url.iter().map(|url| Part::of(url)).collect(),
            authors: authors.map(|name| Part::of(name)).collect(),
            categories: story.categories.iter().map(|category| Part::of(category)).collect(),
            text: OnceCell::new(),
        }
    }

    fn text(&self) -> &Part<'s> {
        self.text.get_or_init(|| {
            let mut plain = html::plain(&self.story.html);
            if let Some(lead) = &self.story.lead {
                plain.push('\n');
                plain.push_str(&html::plain(lead));
            }
            Part { plain: Cow::Owned(plain), folded: OnceCell::new() }
        })
    }

    fn match_with(&self, filter: &Filter) -> bool {
        let title = || self.title.matches(&filter.sought);
        let text = || self.text().matches(&filter.sought);
        let any = |parts: &[Part<'_>]| parts.iter().any(|part| part.matches(&filter.sought));
        match filter.field {
            FilterField::Title => title(),
            FilterField::Text => text(),
            FilterField::Author => any(&self.authors),
            FilterField::Category => any(&self.categories),
            FilterField::Url => any(&self.url),
            FilterField::Any => {
                title() || any(&self.authors) || any(&self.categories) || any(&self.url) || text()
            }
        }
    }
}

/// A text, and its words as terms are compared with them.
struct Part<'s> {
    plain: Cow<'s, str>,
    folded: OnceCell<String>,
}

impl<'s> Part<'s> {
    fn of(plain: &'s str) -> Self {
        Self { plain: Cow::Borrowed(plain), folded: OnceCell::new() }
    }

    fn matches(&self, sought: &Sought) -> bool {
        match sought {
            Sought::Regex(pattern) => pattern.is_match(&self.plain),
            Sought::Term(term) => {
                let folded = self.folded.get_or_init(|| one_line(&self.plain));
                has_term(folded, &one_line(term))
            }
        }
    }
}

fn one_line(text: &str) -> String {
    fold(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Returns whether a folded term stands in a folded text, and not as part of a longer word.
fn has_term(text: &str, term: &str) -> bool {
    // Scripts without spaces between words show no end of one.
    let goes_on = |inner: Option<char>, outer: Option<char>| {
        let is_letter = |c: char| c.is_alphanumeric() && !is_ideograph(c);
        inner.is_some_and(is_letter) && outer.is_some_and(is_letter)
    };
    let (first, last) = (term.chars().next(), term.chars().next_back());
    text.match_indices(term).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + term.len()..).and_then(|after| after.chars().next());
        !goes_on(first, before) && !goes_on(last, after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Feed, Format, Item, Pattern, Person, Prose, SourceId, Text, Timestamp};

    fn draft() -> Draft {
        let text = |value: &str| Text {
            mime: "text/html".to_owned(),
            value: value.to_owned(),
            ..Text::default()
        };
        let title = "Sponsored: Émile’s café wins AT&T prize in 東京都";
        let item = Item {
            id: "1".to_owned(),
            title: Some(Prose { plain: title.to_owned(), detail: Text::default() }),
            url: Some("https://news.example/sport/1".to_owned()),
            authors: vec![
                Person { name: Some("Ada Brinlow".to_owned()), ..Person::default() },
                Person { email: Some("jo@news.example".to_owned()), ..Person::default() },
            ],
            summary: Some(text("<p>A short lead.</p>")),
            content: vec![text("<p>The <b>harbour</b>\n council &amp; the <i>ferry</i> men.</p>")],
            categories: vec![crate::model::Category {
                term: Some("Local News".to_owned()),
                ..crate::model::Category::default()
            }],
            ..Item::default()
        };
        let mut feed = Feed::new(Format::Rss);
        feed.items.push(item);
        let source = SourceId::new("wire").unwrap();
        crate::reconcile::drafts(&feed, &source, Timestamp::UNIX_EPOCH).remove(0)
    }

    fn filter(field: FilterField, sought: &str) -> Filter {
        let sought = match sought.strip_prefix('/') {
            Some(pattern) => Sought::Regex(Pattern::new(pattern).unwrap()),
            None => Sought::Term(sought.to_owned()),
        };
        Filter { field, sought }
    }

    /// `/` begins an expression, all else is a term.
    #[track_caller]
    fn check(field: FilterField, sought: &str, expected: bool) {
        let filters = Filters { keep: vec![filter(field, sought)], drop: Vec::new() };
        assert_eq!(passes(&filters, &draft().story), expected, "{sought}");
        let filters = Filters { keep: Vec::new(), drop: vec![filter(field, sought)] };
        assert_eq!(passes(&filters, &draft().story), !expected, "{sought}");
    }

    #[test]
    fn an_expression_is_sought_in_its_field() {
        check(FilterField::Title, "/(?i)^sponsored", true);
        check(FilterField::Title, "/^sponsored", false);
        check(FilterField::Title, "/harbour", false);
        check(FilterField::Text, r"/harbour\s+council & the ferry", true);
        check(FilterField::Text, "/short lead", true);
        check(FilterField::Text, "/<b>", false);
        check(FilterField::Author, "/^Ada", true);
        check(FilterField::Author, "/@news", true);
        check(FilterField::Category, "/^Local News$", true);
        check(FilterField::Url, "/^https://news.example/sport/", true);
        for anywhere in ["/wins", "/harbour", "/Brinlow", "/Local", "/sport/1"] {
            check(FilterField::Any, anywhere, true);
        }
        check(FilterField::Any, "/nowhere", false);
    }

    #[test]
    fn a_term_is_whole_words_without_case_and_accents() {
        check(FilterField::Title, "emile", true);
        check(FilterField::Title, "CAFÉ wins", true);
        check(FilterField::Title, "Caf", false);
        check(FilterField::Title, "sponsored", true);
        check(FilterField::Title, "AT&T", true);
        check(FilterField::Title, "T&T", false);
        check(FilterField::Title, "東京", true);
        check(FilterField::Text, "harbour  council", true);
        check(FilterField::Category, "news", true);
        check(FilterField::Category, "new", false);
        check(FilterField::Author, "brinlow", true);
        check(FilterField::Url, "sport", true);
        check(FilterField::Any, "ferry", true);
        check(FilterField::Any, "ferries", false);
    }

    #[test]
    fn an_item_passes_by_both_lists() {
        let filters = |keep: &[&str], drop: &[&str]| {
            let list = |terms: &[&str]| terms.iter().map(|t| filter(FilterField::Any, t)).collect();
            Filters { keep: list(keep), drop: list(drop) }
        };
        let passes = |keep: &[&str], drop: &[&str]| {
            let dropped = dropped(&[draft()], &filters(keep, drop));
            assert_eq!(passes(&filters(keep, drop), &draft().story), dropped.is_empty());
            dropped.first().map(|dropped| dropped.by.clone())
        };
        assert_eq!(passes(&[], &[]), None);
        assert_eq!(passes(&["ferry"], &[]), None);
        assert_eq!(passes(&["nobody", "ferry"], &["nobody"]), None);
        assert_eq!(passes(&["nobody"], &[]).as_deref(), Some("keep"));
        assert_eq!(passes(&["ferry"], &["x", "/w.ns"]).as_deref(), Some("any regex \"w.ns\""));
        assert_eq!(passes(&[], &["ferry"]).as_deref(), Some("any term \"ferry\""));
    }
}
