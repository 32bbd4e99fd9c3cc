//! Lists of subscriptions as OPML 2.0 (<http://opml.org/spec2.opml>).
//!
//! Tags stand in `category`, as the specification has them; the first one is also the folder that
//! readers show. Without a date: the same list gives the same bytes.

use super::NAMESPACE;
use crate::model::{Outline, SourceId, tag_line};
use crate::text::html;

/// Writes a list; feeds of one folder stand together, where the first of them does.
pub fn opml(title: &str, outlines: &[Outline]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <opml version=\"2.0\" xmlns:brief=\"{NAMESPACE}\">\n  <head>\n    <title>{}</title>\n  \
         </head>\n  <body>\n",
        attribute_text(title)
    );
    for (folder, outlines) in folders(outlines) {
        let depth = if folder.is_some() { 3 } else { 2 };
        if let Some(name) = &folder {
            out.push_str("    <outline");
            attribute(&mut out, "text", name);
            out.push_str(">\n");
        }
        for outline in outlines {
            feed(&mut out, outline, depth);
        }
        if folder.is_some() {
            out.push_str("    </outline>\n");
        }
    }
    out.push_str("  </body>\n</opml>\n");
    out
}

/// Returns the feeds by folder, in the order of the first of each; what has no tag has none.
fn folders(outlines: &[Outline]) -> Vec<(Option<String>, Vec<&Outline>)> {
    let mut folders: Vec<(Option<String>, Vec<&Outline>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for outline in outlines {
        let folder = outline.tags.first().map(|tag| html::clean_chars(tag).trim().to_owned());
        let place = *places.entry(folder.clone()).or_insert_with(|| {
            folders.push((folder, Vec::new()));
            folders.len() - 1
        });
        if let Some((_, feeds)) = folders.get_mut(place) {
            feeds.push(outline);
        }
    }
    folders
}

fn feed(out: &mut String, outline: &Outline, depth: usize) {
    let title =
        outline.title.as_deref().map(html::clean_chars).filter(|title| !title.trim().is_empty());
    let id = outline.id.as_ref().map(SourceId::as_str);
    let host = outline.url.host_str().unwrap_or_default();
    out.push_str(&"  ".repeat(depth));
    out.push_str("<outline type=\"rss\"");
    attribute(out, "text", title.as_deref().or(id).unwrap_or(host));
    if let Some(title) = &title {
        attribute(out, "title", title);
    }
    attribute(out, "xmlUrl", outline.url.as_str());
    if let Some(site) = &outline.site {
        attribute(out, "htmlUrl", site.as_str());
    }
    if !outline.tags.is_empty() {
        attribute(out, "category", &tag_line(&outline.tags));
    }
    if let Some(id) = id {
        attribute(out, "brief:id", id);
    }
    out.push_str("/>\n");
}

fn attribute(out: &mut String, name: &str, value: &str) {
    out.extend([" ", name, "=\"", &attribute_text(value), "\""]);
}

fn attribute_text(value: &str) -> String {
    // A parser makes a space of each where it is not written as a reference (XML 3.3.3).
    html::escape(value).replace('\t', "&#9;").replace('\n', "&#10;").replace('\r', "&#13;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(id: &str, title: Option<&str>, tags: &[&str]) -> Outline {
        Outline {
            id: SourceId::new(id).ok(),
            title: title.map(str::to_owned),
            url: format!("https://{id}.example/feed?a=1&b=2").parse().unwrap(),
            site: None,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        }
    }

    #[test]
    fn feeds_stand_in_the_folder_of_their_first_tag() {
        let mut with_site = outline("c", None, &["world", "a,b"]);
        with_site.site = Some("https://c.example/".parse().unwrap());
        let outlines = [
            outline("a", Some("A \"quoted\" <title> & more"), &["world"]),
            outline("b", Some("two\nlines\u{1}\u{202e}"), &[]),
            with_site,
            outline("d", Some(" "), &["tech & science"]),
        ];
        assert_eq!(
            opml("Sources & more", &outlines),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <opml version=\"2.0\" xmlns:brief=\"https://briefwire.example/ns/1\">\n  <head>\n    \
             <title>Sources &amp; more</title>\n  </head>\n  <body>\n    \
             <outline text=\"world\">\n      \
             <outline type=\"rss\" text=\"A &quot;quoted&quot; &lt;title&gt; &amp; more\" \
             title=\"A &quot;quoted&quot; &lt;title&gt; &amp; more\" \
             xmlUrl=\"https://a.example/feed?a=1&amp;b=2\" category=\"world\" brief:id=\"a\"/>\n      \
             <outline type=\"rss\" text=\"c\" xmlUrl=\"https://c.example/feed?a=1&amp;b=2\" \
             htmlUrl=\"https://c.example/\" category=\"world,a%2Cb\" brief:id=\"c\"/>\n    \
             </outline>\n    \
             <outline type=\"rss\" text=\"two&#10;lines\" title=\"two&#10;lines\" \
             xmlUrl=\"https://b.example/feed?a=1&amp;b=2\" brief:id=\"b\"/>\n    \
             <outline text=\"tech &amp; science\">\n      \
             <outline type=\"rss\" text=\"d\" xmlUrl=\"https://d.example/feed?a=1&amp;b=2\" \
             category=\"tech &amp; science\" brief:id=\"d\"/>\n    </outline>\n  </body>\n</opml>\n"
        );
    }

    #[test]
    fn an_empty_list_is_a_list() {
        assert!(opml("None", &[]).ends_with("<body>\n  </body>\n</opml>\n"));
    }
}
