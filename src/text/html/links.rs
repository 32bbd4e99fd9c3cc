//! Where markup links to.

use url::Url;

use super::decode_entities;

/// Returns the http and https addresses that sanitised HTML links to, each once, in their order.
pub fn links(html: &str) -> Vec<String> {
    let mut links: Vec<String> = Vec::new();
    // Sanitised markup has one way to write it.
    for part in html.split("<a ").skip(1) {
        let tag = part.split('>').next().unwrap_or_default();
        let href = tag.split("href=\"").nth(1).and_then(|rest| rest.split('"').next());
        let Some(href) = href.map(|href| decode_entities(href).into_owned()) else {
            continue;
        };
        let is_web = Url::parse(&href).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if is_web && !links.contains(&href) {
            links.push(href);
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_links_are_read_from_sanitised_markup() {
        let html = "<p><a href=\"https://e.org/a?b=1&amp;c=2\">x</a> <a href=\"mailto:a@b\">y</a>\
                    <a title=\"t\" href=\"https://e.org/d\">z</a> <a>w</a></p>";
        assert_eq!(links(html), ["https://e.org/a?b=1&c=2", "https://e.org/d"]);
    }
}
