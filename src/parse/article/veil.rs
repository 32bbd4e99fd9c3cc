//! Characters that html5ever cannot write in linear time, put out of its sight.
//!
//! SECURITY: its serializer looks from each `&`, and from each character whose UTF-8 begins
//! with the byte C2, to the end of the text for the next `<`. Two megabytes of them take minutes
//! (html5ever 0.40.1, `serialize::write_escaped`).

/// Stands for `&`.
const AMPERSAND: char = '\u{f6ff}';
/// Added to U+0080..=U+00BF, which begin with C2; what comes out is for private use.
const SHIFT: u32 = 0xf680;

/// Returns markup that holds none of these characters; non-breaking spaces become spaces.
pub(super) fn veil(html: &str) -> String {
    let shifted = html.replace("&amp;", AMPERSAND.encode_utf8(&mut [0; 4]));
    shifted
        .chars()
        .map(|c| match c {
            '\u{a0}' => ' ',
            '\u{80}'..='\u{bf}' => char::from_u32(u32::from(c) + SHIFT).unwrap_or(c),
            c => c,
        })
        .collect()
}

/// Returns the markup as it was before.
///
/// A character for private use that stood in it comes out as one of these, escaped.
pub(super) fn unveil(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for c in html.chars() {
        match c {
            AMPERSAND => out.push_str("&amp;"),
            '\u{f700}'..='\u{f73f}' => {
                out.push(char::from_u32(u32::from(c) - SHIFT).unwrap_or(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_veiled_comes_back() {
        let html = "<a href=\"/?a=1&amp;b=2\">«a» &lt; é §\u{bf}\u{80} &amp;amp; ü</a>";
        let veiled = veil(html);
        assert!(!veiled.contains("&amp;") && !veiled.as_bytes().contains(&0xc2), "{veiled}");
        assert_eq!(unveil(&veiled), html);
        assert_eq!(unveil(&veil("a\u{a0}b")), "a b");
        assert_eq!(unveil("\u{f6ff}"), "&amp;");
    }
}
