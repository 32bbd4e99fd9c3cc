//! Whether a page says of itself that its article is not free (schema.org).

/// The property, in lower case.
const PROPERTY: &str = "isaccessibleforfree";

/// How far around the property its value is looked for.
const NEAR_BYTES: usize = 200;

/// Returns whether JSON-LD or microdata says `isAccessibleForFree: false`, of the article or of
/// a part of it.
///
/// The JSON is not read as such: publishers write it by templates, and often it is broken.
pub(super) fn is_paid(page: &str) -> bool {
    let page = page.to_ascii_lowercase();
    page.match_indices(PROPERTY).any(|(at, _)| {
        let from = page.ceil_char_boundary(at.saturating_sub(NEAR_BYTES));
        let before = page.get(from..at).unwrap_or_default();
        let after = page.get(at + PROPERTY.len()..).unwrap_or_default();
        let after = after.get(..after.floor_char_boundary(NEAR_BYTES)).unwrap_or_default();
        says_false(after) || is_tag_of_false(before, after)
    })
}

/// Returns whether `"…": false` or `"…": "False"` goes on like this.
fn says_false(after: &str) -> bool {
    let value = after.trim_start_matches(|c: char| c.is_whitespace() || "\"'\\:".contains(c));
    value.starts_with("false") && after.contains(':')
}

/// Returns whether the tag around the property has `content="false"`.
fn is_tag_of_false(before: &str, after: &str) -> bool {
    let Some((_, before)) = before.rsplit_once('<') else { return false };
    let (after, _) = after.split_once('>').unwrap_or((after, ""));
    [before, after].iter().any(|part| {
        part.split_once("content").is_some_and(|(_, value)| {
            value.trim_start_matches([' ', '=', '"', '\'']).starts_with("false")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, expected: bool) {
        assert_eq!(is_paid(page), expected, "{page}");
    }

    #[test]
    fn an_article_that_is_not_free_says_so_in_many_ways() {
        check(r#"{"@type":"NewsArticle","isAccessibleForFree":false,"#, true);
        check(r#"{"isAccessibleForFree" : "False", broken"#, true);
        check(r#"{"isAccessibleForFree":true,"hasPart":{"isAccessibleForFree":"false"}}"#, true);
        check(r#"<meta itemprop="isAccessibleForFree" content="false">"#, true);
        check("<meta content=False itemprop=isAccessibleForFree>", true);
    }

    #[test]
    fn one_that_is_free_or_says_nothing_is_not_paid() {
        check("", false);
        check(r#"{"isAccessibleForFree":true,"isFamilyFriendly":false}"#, false);
        check(r#"<meta itemprop="isAccessibleForFree" content="true">"#, false);
        check("<meta content=false name=a><meta itemprop=isAccessibleForFree content=true>", false);
        check("the property isAccessibleForFree false friends", false);
    }

    #[test]
    fn a_page_full_of_it_costs_little() {
        let page = "isAccessibleForFree é".repeat(100_000);
        let begun = std::time::Instant::now();
        check(&page, false);
        assert!(begun.elapsed().as_secs() < 10);
    }
}
