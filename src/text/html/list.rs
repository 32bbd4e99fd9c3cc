//! The lists: which elements and attributes survive, and which elements go with all that
//! is in them.
//!
//! Left out on purpose: forms, scripts, styles, `class`, `id` and `name` (they meet the page's
//! own), and every attribute that loads something but `src`, `href`, `poster` and the like.

/// Which markup survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// What feed readers commonly show: for parsed content and pages.
    Display,
    /// The few elements that every reader shows alike: for what we write ourselves.
    Brief,
    /// What no reader drops or shows in its own way: for a publisher's text in a document. Others
    /// become the nearest of these, or leave their text; media become links.
    Readers,
    /// What tells an article from what stands around it: for a page that a program reads next,
    /// never for a person.
    ///
    /// SECURITY: elements that a browser opens again by itself wherever they were not closed
    /// (HTML 13.2.4.3) have no attributes here. Of alike ones it remembers three, of different
    /// ones all, and a short text could make a tree of any size.
    Page,
}

impl List {
    /// Returns the element's name if the list has it.
    pub(super) fn element(self, name: &str) -> Option<&'static str> {
        match self {
            Self::Display => find(DISPLAY_ELEMENTS, name),
            Self::Brief => find(BRIEF_ELEMENTS, name),
            Self::Readers => find(READER_ELEMENTS, name).or_else(|| nearest(name)),
            Self::Page if find(PRESENTATIONAL, name).is_some() => None,
            Self::Page => find(DISPLAY_ELEMENTS, name).or_else(|| find(PAGE_ELEMENTS, name)),
        }
    }

    /// Returns the name that an element's attribute has in the list, if it is there.
    pub(super) fn attribute(self, element: &str, name: &str) -> Option<&'static str> {
        match self {
            Self::Display | Self::Readers => find(DISPLAY_ATTRIBUTES, name),
            Self::Brief => find(BRIEF_ATTRIBUTES, name),
            Self::Page if matches!(element, "b" | "code" | "em" | "i" | "strong") => None,
            // Where scripts put the picture once it is seen.
            Self::Page if matches!(name, "data-src" | "data-lazy-src" | "data-original") => {
                Some("src")
            }
            Self::Page => find(DISPLAY_ATTRIBUTES, name).or_else(|| find(PAGE_ATTRIBUTES, name)),
        }
    }
}

/// Returns the element that shows most of what another one means.
fn nearest(name: &str) -> Option<&'static str> {
    match name {
        "strike" => Some("del"),
        "acronym" => Some("abbr"),
        "dir" | "menu" => Some("ul"),
        "address" | "aside" | "center" | "details" | "dialog" | "footer" | "header" | "main"
        | "nav" | "summary" => Some("div"),
        _ => None,
    }
}

fn find(sorted: &[&'static str], name: &str) -> Option<&'static str> {
    let at = sorted.binary_search(&name).ok()?;
    sorted.get(at).copied()
}

/// Returns the name of an element that goes with its content.
pub(super) fn hidden(name: &str) -> Option<&'static str> {
    find(HIDDEN, name)
}

/// Returns whether all that follows an unclosed hidden element is hidden too: the text of a
/// script cut off in the middle is no prose.
pub(super) fn hides_to_end(name: &str) -> bool {
    matches!(name, "script" | "style")
}

/// Returns whether HTML has an element of that name, in lower case, whether we show it or not.
pub fn is_element(name: &str) -> bool {
    List::Display.element(name).is_some()
        || hidden(name).is_some()
        || find(UNLISTED, name).is_some()
}

/// Returns whether an element has no content and no end tag.
pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area" | "br" | "col" | "hr" | "img" | "nextid" | "sound" | "source" | "spacer" | "wbr"
    )
}

/// Returns whether an element stands on lines of its own.
pub(super) fn is_block(name: &str) -> bool {
    find(BLOCKS, name).is_some()
}

/// Returns whether an attribute's value is an address.
pub(super) fn is_address(attribute: &str) -> bool {
    matches!(attribute, "cite" | "href" | "longdesc" | "poster" | "src")
}

const BRIEF_ELEMENTS: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "br",
    "dd",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "strong",
    "sub",
    "sup",
    "table",
    "td",
    "th",
    "tr",
    "u",
    "ul",
];

const READER_ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "article",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
    "ul",
    "var",
];

const BRIEF_ATTRIBUTES: &[&str] = &[
    "alt", "cite", "colspan", "dir", "height", "href", "lang", "rowspan", "src", "start", "title",
    "width",
];

const DISPLAY_ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "address",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "m",
    "main",
    "map",
    "mark",
    "menu",
    "multicol",
    "nav",
    "nextid",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "source",
    "spacer",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

const DISPLAY_ATTRIBUTES: &[&str] = &[
    "abbr",
    "align",
    "alt",
    "axis",
    "balance",
    "bgcolor",
    "border",
    "bordercolor",
    "bordercolordark",
    "bordercolorlight",
    "bottompadding",
    "cellpadding",
    "cellspacing",
    "ch",
    "char",
    "charoff",
    "charset",
    "choff",
    "cite",
    "clear",
    "color",
    "cols",
    "colspan",
    "compact",
    "controls",
    "coords",
    "datetime",
    "dir",
    "end",
    "face",
    "frame",
    "gutter",
    "headers",
    "height",
    "hidden",
    "high",
    "href",
    "hreflang",
    "hspace",
    "ismap",
    "label",
    "lang",
    "leftspacing",
    "longdesc",
    "loop",
    "loopcount",
    "loopend",
    "loopstart",
    "low",
    "max",
    "media",
    "min",
    "nohref",
    "noshade",
    "nowrap",
    "open",
    "optimum",
    "point-size",
    "poster",
    "pqg",
    "preload",
    "rel",
    "repeat-max",
    "repeat-min",
    "rev",
    "rightspacing",
    "rows",
    "rowspan",
    "rules",
    "scope",
    "shape",
    "size",
    "span",
    "src",
    "start",
    "step",
    "summary",
    "suppress",
    "title",
    "toppadding",
    "type",
    "unselectable",
    "valign",
    "variable",
    "volume",
    "vrml",
    "vspace",
    "width",
    "wrap",
];

const PAGE_ELEMENTS: &[&str] = &["button", "fieldset", "form", "label", "legend"];

const PAGE_ATTRIBUTES: &[&str] =
    &["aria-hidden", "aria-modal", "class", "id", "itemprop", "role", "style"];

/// Elements that say how a text looks and nothing of what it is.
const PRESENTATIONAL: &[&str] = &["big", "font", "s", "small", "strike", "tt", "u"];

const HIDDEN: &[&str] = &[
    "applet", "math", "object", "script", "select", "style", "svg", "template", "textarea",
    "title", "xmp",
];

/// Elements of HTML that no list has; what is in them stays. Frames and their like hold what
/// is meant for programs that do not show them, as feed readers do not.
const UNLISTED: &[&str] = &[
    "base", "blink", "body", "button", "canvas", "datalist", "embed", "fieldset", "form", "frame",
    "frameset", "head", "html", "iframe", "input", "label", "legend", "link", "marquee", "meta",
    "meter", "nobr", "noembed", "noframes", "noscript", "optgroup", "option", "output", "param",
    "picture", "progress",
];

const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_the_short_one_is_part_of_the_long_one() {
        for list in [DISPLAY_ELEMENTS, DISPLAY_ATTRIBUTES, HIDDEN, BLOCKS, UNLISTED] {
            assert!(list.is_sorted());
        }
        for list in
            [BRIEF_ELEMENTS, BRIEF_ATTRIBUTES, PAGE_ELEMENTS, PAGE_ATTRIBUTES, PRESENTATIONAL]
        {
            assert!(list.is_sorted());
        }
        assert!(BRIEF_ELEMENTS.iter().all(|name| List::Display.element(name).is_some()));
        assert!(BRIEF_ATTRIBUTES.iter().all(|name| List::Display.attribute("p", name).is_some()));
    }

    #[test]
    fn nothing_hidden_is_listed() {
        assert!(HIDDEN.iter().all(|name| List::Display.element(name).is_none()));
        assert!(HIDDEN.iter().all(|name| List::Page.element(name).is_none()));
    }
}
