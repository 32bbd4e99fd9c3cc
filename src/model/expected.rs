//! What must be so of what is stored for a change of it to be made (RFC 9110 13.1).

/// The conditions of a change; without any it is made whatever is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// What is there has one of these tags (`If-Match`).
    pub any_of: Option<Tags>,
    /// What is there has none of these tags (`If-None-Match`).
    pub none_of: Option<Tags>,
}

/// Entity tags, quotation marks included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    /// `*`: that of whatever is there.
    Any,
    /// These.
    These(Vec<String>),
}

impl Expected {
    /// Returns whether the conditions hold for what is there, by its strong tag.
    pub fn holds(&self, there: Option<&str>) -> bool {
        let has = |tags: &Tags, is_weak_enough: bool| {
            there.is_some_and(|there| match tags {
                Tags::Any => true,
                Tags::These(tags) => tags.iter().any(|tag| {
                    let bare = if is_weak_enough { tag.trim_start_matches("W/") } else { tag };
                    bare == there
                }),
            })
        };
        // RFC 9110 13.1.1 compares strongly, so that a weak tag matches nothing; 13.1.2 weakly.
        self.any_of.as_ref().is_none_or(|tags| has(tags, false))
            && self.none_of.as_ref().is_none_or(|tags| !has(tags, true))
    }
}

impl Tags {
    /// Reads the value of a field; `None` is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        let mut rest = text.trim();
        loop {
            let opaque = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
            let (inside, behind) = opaque.split_once('"')?;
            if inside.chars().any(|c| c == ' ' || c.is_control()) {
                return None;
            }
            let end = rest.len() - behind.len();
            tags.push(rest.get(..end)?.to_owned());
            rest = behind.trim_start();
            if rest.is_empty() {
                return Some(Self::These(tags));
            }
            rest = rest.strip_prefix(',')?.trim_start();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_tags_is_read_or_refused_whole() {
        let these = |tags: &[&str]| Tags::These(tags.iter().map(|tag| (*tag).to_owned()).collect());
        for (text, expected) in [
            ("*", Some(Tags::Any)),
            ("\"a\"", Some(these(&["\"a\""]))),
            (" \"a,b\" , W/\"\",\"c\" ", Some(these(&["\"a,b\"", "W/\"\"", "\"c\""]))),
            ("", None),
            ("a", None),
            ("\"a", None),
            ("\"a\",", None),
            ("\"a\" \"b\"", None),
            ("\"a b\"", None),
            ("*, \"a\"", None),
        ] {
            assert_eq!(Tags::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn conditions_hold_as_http_says() {
        let tags = |text: &str| Tags::parse(text);
        for (any_of, none_of, there, expected) in [
            ("", "", None, true),
            ("", "", Some("\"a\""), true),
            ("\"b\", \"a\"", "", Some("\"a\""), true),
            ("\"b\"", "", Some("\"a\""), false),
            ("\"a\"", "", None, false),
            ("W/\"a\"", "", Some("\"a\""), false),
            ("*", "", Some("\"a\""), true),
            ("*", "", None, false),
            ("", "*", Some("\"a\""), false),
            ("", "*", None, true),
            ("", "W/\"a\"", Some("\"a\""), false),
            ("", "\"b\"", Some("\"a\""), true),
        ] {
            let expected_of = Expected { any_of: tags(any_of), none_of: tags(none_of) };
            assert_eq!(expected_of.holds(there), expected, "{any_of} {none_of} {there:?}");
        }
    }
}
