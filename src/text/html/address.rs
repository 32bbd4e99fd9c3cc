//! Addresses in markup: made absolute, and let through by scheme.

use url::Url;

use super::clean_chars;

/// Returns the absolute form of an address, or `None` if it leads nowhere or is not http,
/// https, mailto or tel.
///
/// An address that is absolute and clean already is returned as it was published.
pub fn absolute(raw: &str, base: Option<&Url>) -> Option<String> {
    // SECURITY: browsers pass over control characters, so they must not hide a scheme here.
    let cleaned: String =
        raw.trim_matches(is_trimmed).chars().filter(|c| !c.is_control()).collect();
    if cleaned.is_empty() {
        return None;
    }
    let (url, was_absolute) = match Url::parse(&cleaned) {
        Ok(url) => (url, true),
        Err(_) => (base?.join(&cleaned).ok()?, false),
    };
    if !is_safe(&url) {
        return None;
    }
    let as_published = was_absolute && is_plain(&cleaned);
    Some(if as_published { cleaned } else { url.into() })
}

/// Returns an address of the web as a document may name it, `None` of any other.
pub fn web(raw: &str) -> Option<String> {
    absolute(raw, None).filter(|url| url.starts_with("http"))
}

/// Returns whether markup may name the scheme.
fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "http" | "https" => url.has_host(),
        "mailto" | "tel" => true,
        _ => false,
    }
}

fn is_trimmed(c: char) -> bool {
    c <= ' ' || c.is_whitespace()
}

/// Returns whether every reader understands the address as we do.
fn is_plain(address: &str) -> bool {
    let rest = ["http://", "https://", "mailto:", "tel:"]
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        !rest.starts_with('/')
            && !rest.contains(|c: char| c.is_whitespace() || "\\\"<>`".contains(c))
            && clean_chars(rest).len() == rest.len()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        let base = Url::parse("https://example.org/a/b").unwrap();
        assert_eq!(absolute(raw, Some(&base)).unwrap_or_default(), expected, "{raw:?}");
    }

    #[test]
    fn relative_addresses_become_absolute() {
        check("c?d=1", "https://example.org/a/c?d=1");
        check("//cdn.example/x", "https://cdn.example/x");
        check("#n", "https://example.org/a/b#n");
        assert_eq!(absolute("c", None), None);
    }

    #[test]
    fn a_clean_absolute_address_stays_as_published() {
        check(" http://example.com ", "http://example.com");
        check("http://example.com/é?x", "http://example.com/é?x");
        check("HTTP://Example.com/a b", "http://example.com/a%20b");
        check("http:\\\\example.com\\x", "http://example.com/x");
        check("mailto:a@b.example", "mailto:a@b.example");
        check("http://a.example/\u{202e}x", "http://a.example/%E2%80%AEx");
    }

    #[test]
    fn no_disguise_lets_a_script_through() {
        for raw in [
            "javascript:x",
            " \u{1}JaVa\tScRi\npt:x",
            "java\u{0}script:x",
            "\u{a0}javascript:x",
            "vbscript:x",
            "data:text/html,x",
            "file:///etc/passwd",
            "http://",
            "",
        ] {
            check(raw, "");
        }
    }
}
