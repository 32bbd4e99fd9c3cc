//! Which items the operator wants: the `keep` and `drop` lists of a source or a channel.
//!
//! Data alone: `reconcile` holds an item against them.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// What an expression may take once it is compiled.
const MAX_PATTERN_BYTES: usize = 1024 * 1024;

/// The lists of one source or channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filters {
    /// An item matches one of these, unless there are none.
    pub keep: Vec<Filter>,
    /// An item matches none of these.
    pub drop: Vec<Filter>,
}

impl Filters {
    /// Returns whether every item passes.
    pub fn is_empty(&self) -> bool {
        self.keep.is_empty() && self.drop.is_empty()
    }
}

/// One filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Where it looks.
    pub field: FilterField,
    /// What it looks for.
    pub sought: Sought,
}

impl fmt::Display for Filter {
    /// Prints the filter as it is written: `title regex "^Sponsored"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field.as_str();
        match &self.sought {
            Sought::Regex(pattern) => write!(f, "{field} regex \"{}\"", pattern.as_str()),
            Sought::Term(term) => write!(f, "{field} term \"{term}\""),
        }
    }
}

/// Where a filter looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FilterField {
    /// The headline.
    Title,
    /// Content and lead, as plain text.
    Text,
    /// Each author's name, or else e-mail address.
    Author,
    /// Each category.
    Category,
    /// The address of the article.
    Url,
    /// All of these.
    #[default]
    Any,
}

impl FilterField {
    /// All of them, with the words of the configuration.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("title", Self::Title),
        ("text", Self::Text),
        ("author", Self::Author),
        ("category", Self::Category),
        ("url", Self::Url),
        ("any", Self::Any),
    ];

    /// Returns the word of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Text => "text",
            Self::Author => "author",
            Self::Category => "category",
            Self::Url => "url",
            Self::Any => "any",
        }
    }
}

/// What a filter looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// An expression.
    Regex(Pattern),
    /// Whole words, whatever their case and accents; not empty.
    Term(String),
}

/// A compiled expression, alike where its text is alike.
#[derive(Clone)]
pub struct Pattern(Regex);

/// Why a text is no expression; readable after "found: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct PatternError {
    /// On one line.
    pub why: String,
    /// Where in the text, in bytes; `None` where it is all of it.
    pub at: Option<usize>,
}

impl Pattern {
    /// Compiles an expression of the crate `regex`, which takes time in proportion to the text it
    /// looks at.
    ///
    /// Fails where it is none, or larger than 1 MiB once compiled.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        // `regex` tells the place in a drawing only.
        if let Err(error) = regex_syntax::Parser::new().parse(text) {
            return Err(syntax(&error));
        }
        let built = RegexBuilder::new(text).size_limit(MAX_PATTERN_BYTES).build();
        built.map(Self).map_err(|error| {
            let why = match error {
                regex::Error::CompiledTooBig(_) => "it is larger than 1 MiB once compiled",
                _ => "it cannot be compiled",
            };
            PatternError { why: why.to_owned(), at: None }
        })
    }

    /// Returns the expression as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns whether it is found in a text.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

fn syntax(error: &regex_syntax::Error) -> PatternError {
    let (why, at) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span()),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span()),
        _ => return PatternError { why: "it cannot be read".to_owned(), at: None },
    };
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    PatternError { why, at: Some(at.start.offset) }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, at: Option<usize>, why: &str) {
        let error = Pattern::new(text).unwrap_err();
        assert_eq!((error.at, error.why.as_str()), (at, why), "{text}");
    }

    #[test]
    fn a_mistake_in_an_expression_has_a_place_and_one_line() {
        check("(?i)^spon(sored", Some(9), "unclosed group");
        check("ab)", Some(2), "unopened group");
        check("é[z-a]", Some(3), "invalid character class range, the start must be <= the end");
        check(r"a\pX", Some(1), "Unicode property not found");
        check("(a{1000}){1000}", None, "it is larger than 1 MiB once compiled");
        let nested = Pattern::new(&"(".repeat(300)).unwrap_err();
        assert!(!nested.why.contains('\n') && nested.at.is_some(), "{nested}");
    }

    #[test]
    fn expressions_of_one_text_are_alike() {
        let pattern = |text: &str| Pattern::new(text).unwrap();
        assert_eq!(pattern("(?i)a+"), pattern("(?i)a+"));
        assert_ne!(pattern("a+"), pattern("a"));
        assert!(pattern("(?i)^É").is_match("état"));
        assert_eq!(format!("{:?}", pattern("a\"")), r#"Pattern("a\"")"#);
    }

    #[test]
    fn the_words_of_the_fields_are_those_they_are_printed_by() {
        for (word, field) in FilterField::WORDS {
            assert_eq!(field.as_str(), word);
        }
        let sought = Sought::Term("x y".to_owned());
        let filter = Filter { field: FilterField::Category, sought };
        assert_eq!(filter.to_string(), "category term \"x y\"");
    }
}
