//! Sanitised markup looked at by another reader than the one that wrote it.
//!
//! It knows the one form that the sanitiser writes, and refuses every other.

/// What must never be written, whatever the lists say.
const FORBIDDEN_ELEMENTS: &[&str] = &[
    "applet",
    "base",
    "embed",
    "form",
    "frame",
    "frameset",
    "iframe",
    "input",
    "link",
    "math",
    "meta",
    "noscript",
    "object",
    "plaintext",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "xmp",
];

const FORBIDDEN_ATTRIBUTES: &[&str] = &[
    "action",
    "background",
    "class",
    "data",
    "formaction",
    "id",
    "name",
    "ping",
    "srcdoc",
    "srcset",
    "style",
    "target",
    "xmlns",
];

const ADDRESSES: &[&str] = &["cite", "href", "longdesc", "poster", "src"];

const VOID: &[&str] =
    &["area", "br", "col", "hr", "img", "nextid", "sound", "source", "spacer", "wbr"];

/// Asserts that markup is in the form that sanitising gives, balanced and harmless.
#[track_caller]
pub(crate) fn assert_safe(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some((text, tail)) = rest.split_once('<') {
        assert_text(text);
        let (tag, after) = tail.split_once('>').expect("every tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "end tags close what is open: {html:?}");
            continue;
        }
        let name = assert_tag(tag);
        if !VOID.contains(&name) {
            open.push(name);
        }
        assert!(open.len() <= 256, "as deep as the README's limit");
    }
    assert_text(rest);
    assert!(open.is_empty(), "{open:?} stay open: {html:?}");
}

#[track_caller]
fn assert_text(text: &str) {
    assert!(!text.contains('>'), "a stray sign in {text:?}");
    assert_references(text);
}

/// Asserts that every `&` begins one of the references that escaping writes.
#[track_caller]
fn assert_references(text: &str) {
    for tail in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;"].iter().any(|name| tail.starts_with(name));
        assert!(known, "`&` unescaped in {text:?}");
    }
}

/// Asserts that a start tag is harmless; returns its name.
#[track_caller]
fn assert_tag(tag: &str) -> &str {
    let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    assert!(is_name(name), "the element {name:?}");
    assert!(!FORBIDDEN_ELEMENTS.contains(&name), "the element {name:?}");
    while !attributes.is_empty() {
        let (key, tail) = attributes.split_once("=\"").expect("an attribute has a quoted value");
        let (value, after) = tail.split_once('"').expect("a value ends");
        assert!(is_name(&key.replace('-', "")), "the attribute {key:?}");
        assert!(!key.starts_with("on"), "the attribute {key:?}");
        assert!(!FORBIDDEN_ATTRIBUTES.contains(&key), "the attribute {key:?}");
        assert!(!value.contains('<'), "a stray sign in {value:?}");
        assert_references(value);
        if ADDRESSES.contains(&key) {
            let web = ["http://", "https://"].iter().any(|scheme| value.starts_with(scheme));
            let other = ["mailto:", "tel:"].iter().any(|scheme| value.starts_with(scheme));
            assert!(web || other && key == "href", "the address {value:?}");
        }
        attributes = after.strip_prefix(' ').unwrap_or(after);
        assert!(after.is_empty() || after.len() > attributes.len(), "{tag:?}");
    }
    name
}
