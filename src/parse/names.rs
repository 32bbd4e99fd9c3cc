//! Names of elements and attributes, whatever prefix a publisher chose for a namespace.
//!
//! A name here is lower case: `title` for the feed formats' own vocabulary (all RSS and Atom
//! namespaces are one), `dc:creator` for the rest, by the namespace's usual prefix.

/// Returns the usual prefix of a namespace; the feed formats' own is empty.
pub(super) fn usual_prefix(namespace: &str) -> Option<&'static str> {
    let known = namespace.trim().to_ascii_lowercase();
    let known = known.strip_prefix("https://").or_else(|| known.strip_prefix("http://"));
    let known = known.unwrap_or_default().trim_end_matches(['/', '#']);
    NAMESPACES.iter().find(|(name, _)| *name == known).map(|(_, prefix)| *prefix)
}

/// Which dialect of a format a namespace stands for.
pub(super) fn dialect(namespace: &str) -> Option<&'static str> {
    let known = namespace.trim().to_ascii_lowercase();
    let known = known.trim_start_matches("https://").trim_start_matches("http://");
    match known.trim_end_matches(['/', '#']) {
        "www.w3.org/2005/atom" => Some("atom10"),
        "purl.org/atom/ns" => Some("atom03"),
        "purl.org/rss/1.0" => Some("rss10"),
        "my.netscape.com/rdf/simple/0.9" | "channel.netscape.com/rdf/simple/0.9" => Some("rss090"),
        _ => None,
    }
}

/// Namespaces, lower case, without scheme and closing slash.
const NAMESPACES: &[(&str, &str)] = &[
    ("www.w3.org/2005/atom", ""),
    ("purl.org/atom/ns", ""),
    ("purl.org/rss/1.0", ""),
    ("purl.org/rss/1.0/modules/rss091", ""),
    ("my.netscape.com/rdf/simple/0.9", ""),
    ("channel.netscape.com/rdf/simple/0.9", ""),
    ("my.netscape.com/publish/formats/rss-0.91.dtd", ""),
    ("backend.userland.com/rss", ""),
    ("backend.userland.com/rss2", ""),
    ("blogs.law.harvard.edu/tech/rss", ""),
    ("cyber.law.harvard.edu/rss", ""),
    ("example.com/newformat", ""),
    ("example.com/necho", ""),
    ("purl.org/echo", ""),
    ("purl.org/pie", ""),
    ("www.w3.org/1999/02/22-rdf-syntax-ns", "rdf"),
    ("www.w3.org/1999/xhtml", "xhtml"),
    ("www.w3.org/xml/1998/namespace", "xml"),
    ("www.w3.org/1999/xlink", "xlink"),
    ("www.w3.org/2000/svg", "svg"),
    ("www.w3.org/1998/math/mathml", "math"),
    ("purl.org/dc/elements/1.1", "dc"),
    ("purl.org/dc/elements/1.0", "dc"),
    ("purl.org/dc/terms", "dcterms"),
    ("purl.org/rss/1.0/modules/content", "content"),
    ("purl.org/rss/1.0/modules/syndication", "sy"),
    ("purl.org/rss/1.0/modules/slash", "slash"),
    ("purl.org/syndication/thread/1.0", "thr"),
    ("purl.org/syndication/history/1.0", "fh"),
    ("wellformedweb.org/commentapi", "wfw"),
    ("webns.net/mvcb", "admin"),
    ("rssnamespace.org/feedburner/ext/1.0", "feedburner"),
    ("search.yahoo.com/mrss", "media"),
    ("video.search.yahoo.com/mrss", "media"),
    ("search.yahoo.com/rss", "media"),
    ("www.itunes.com/dtds/podcast-1.0.dtd", "itunes"),
    ("example.com/dtds/podcast-1.0.dtd", "itunes"),
    ("www.itunes.com/dtds/pod-cast-1.0.dtd", "itunes"),
    ("www.google.com/schemas/play-podcasts/1.0", "googleplay"),
    ("podlove.org/simple-chapters", "psc"),
    ("www.georss.org/georss", "georss"),
    ("backend.userland.com/creativecommonsrssmodule", "creativecommons"),
    ("web.resource.org/cc", "cc"),
    ("madskills.com/public/xml/rss/module/trackback", "trackback"),
    ("xmlns.com/foaf/0.1", "foaf"),
    ("prismstandard.org/namespaces/1.2/basic", "prism"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_known_with_or_without_its_closing_slash() {
        assert_eq!(usual_prefix("http://search.yahoo.com/mrss"), Some("media"));
        assert_eq!(usual_prefix("http://search.yahoo.com/mrss/"), Some("media"));
        assert_eq!(usual_prefix("https://www.w3.org/2005/Atom"), Some(""));
        assert_eq!(usual_prefix("urn:unknown"), None);
        assert_eq!(usual_prefix(""), None);
    }

    #[test]
    fn a_namespace_tells_the_dialect() {
        assert_eq!(dialect("http://purl.org/atom/ns#"), Some("atom03"));
        assert_eq!(dialect("http://purl.org/dc/terms/"), None);
    }
}
