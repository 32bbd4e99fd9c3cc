//! Bytes turned into text: byte order mark, HTTP charset, declaration, UTF-8, in that order (RFC
//! 7303 8), unless the bytes prove a label wrong; what is left is guessed as browsers do, with
//! windows-1252 for want of evidence.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use url::Url;

use super::Document;
use super::warnings::Warnings;

/// How far the declaration is looked for; real ones end within 100 bytes, junk may precede it.
const DECLARATION_WITHIN_BYTES: usize = 1024;

/// How far a page's `meta` is looked for; browsers look at 1,024 bytes, which pages with long
/// heads miss.
const META_WITHIN_BYTES: usize = 4096;

/// A document as text.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The text, without its byte order mark.
    pub(super) text: String,
    /// The label that was used, in lower case.
    pub(super) label: String,
}

impl Decoded {
    fn new(text: String, label: &str) -> Self {
        Self { text, label: label.to_ascii_lowercase() }
    }
}

/// Returns the text of a feed.
pub(super) fn decode(document: &Document<'_>, warnings: &mut Warnings) -> Decoded {
    decode_as(document, declared_charset(document.bytes), warnings)
}

/// Returns the text of an HTML page, which declares its encoding in a `meta` (HTML 4.2.5.4).
pub(super) fn decode_page(document: &Document<'_>) -> String {
    let declared = declared_charset(document.bytes).or_else(|| meta_charset(document.bytes));
    decode_as(document, declared, &mut Warnings::default()).text
}

/// Returns the text of a list of names and addresses: these are data, and no letter of them is
/// guessed to have been encoded twice.
pub(super) fn decode_list(document: &Document<'_>) -> String {
    let warnings = &mut Warnings::default();
    let decoded = by_signature(document, warnings)
        .or_else(|| by_label(document, declared_charset(document.bytes), warnings))
        .unwrap_or_else(|| by_guess(document.bytes, document, warnings));
    without_controls(decoded.text).0
}

fn decode_as(
    document: &Document<'_>,
    declared: Option<String>,
    warnings: &mut Warnings,
) -> Decoded {
    let mut decoded = by_signature(document, warnings)
        .or_else(|| by_label(document, declared, warnings))
        .unwrap_or_else(|| by_guess(document.bytes, document, warnings));
    if let Some(text) = once_too_often(&decoded.text) {
        warnings.repair("double-encoded", &decoded.label);
        decoded.text = text;
    }
    let (text, controls) = without_controls(decoded.text);
    decoded.text = text;
    warnings.count("control-characters", controls);
    decoded
}

/// Decodes what shows its encoding by its first bytes.
fn by_signature(document: &Document<'_>, warnings: &mut Warnings) -> Option<Decoded> {
    let (label, skipped) = match document.bytes {
        [0xff, 0xfe, 0, 0, ..] => ("utf-32le", 4),
        [0, 0, 0xfe, 0xff, ..] => ("utf-32be", 4),
        [b'<', 0, 0, 0, ..] => ("utf-32le", 0),
        [0, 0, 0, b'<', ..] => ("utf-32be", 0),
        [0xef, 0xbb, 0xbf, ..] => ("utf-8", 3),
        [0xff, 0xfe, ..] => ("utf-16le", 2),
        [0xfe, 0xff, ..] => ("utf-16be", 2),
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => ("utf-16le", 0),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => ("utf-16be", 0),
        _ => return None,
    };
    let body = document.bytes.get(skipped..).unwrap_or_default();
    if let Some(quad) = label.strip_prefix("utf-32") {
        return Some(Decoded::new(utf32(body, quad == "le"), label));
    }
    let encoding = Encoding::for_label(label.as_bytes())?;
    let (text, had_errors) = encoding.decode_without_bom_handling(body);
    // A mark of UTF-8 before bytes that are not is a lie of the server's template.
    if had_errors && encoding == UTF_8 {
        return Some(by_guess(body, document, warnings));
    }
    if had_errors {
        warnings.repair("invalid-bytes", label);
    }
    Some(Decoded::new(text.into_owned(), label))
}

fn utf32(bytes: &[u8], little: bool) -> String {
    let chunks = bytes.chunks_exact(4).filter_map(|chunk| <[u8; 4]>::try_from(chunk).ok());
    let read = if little { u32::from_le_bytes } else { u32::from_be_bytes };
    let codes = chunks.map(read);
    codes.map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Decodes by the first label, of HTTP or the declaration, that fits the bytes.
fn by_label(
    document: &Document<'_>,
    declared: Option<String>,
    warnings: &mut Warnings,
) -> Option<Decoded> {
    let bytes = document.bytes;
    let labels = [document.content_type.and_then(charset_of), declared];
    for label in labels.into_iter().flatten() {
        let Some(encoding) = Encoding::for_label(label.as_bytes()) else {
            warnings.repair("unknown-encoding", &label);
            continue;
        };
        if let Some(text) = fitting(bytes, encoding) {
            return Some(Decoded::new(text, &label));
        }
        warnings.repair("wrong-encoding", &label);
    }
    None
}

/// Returns the text if the bytes are what the encoding says.
fn fitting(bytes: &[u8], encoding: &'static Encoding) -> Option<String> {
    // Two-byte encodings show themselves by their first bytes.
    if !encoding.is_ascii_compatible() {
        return None;
    }
    // Every byte is something in a one-byte encoding, so nothing would contradict the label;
    // but valid UTF-8 beyond ASCII is hardly ever anything else.
    if encoding.is_single_byte() && !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    Some(text.into_owned())
}

/// Decodes as UTF-8, or as what the letters speak for where more of it is not UTF-8 than is.
fn by_guess(bytes: &[u8], document: &Document<'_>, warnings: &mut Warnings) -> Decoded {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded::new(text.to_owned(), "utf-8");
    }
    let (mut letters, mut errors) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        letters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        errors += usize::from(!chunk.invalid().is_empty());
    }
    let encoding = if letters > errors { UTF_8 } else { guess(bytes, document) };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    warnings.repair("invalid-bytes", &format!("{errors}, read as {}", encoding.name()));
    Decoded::new(text.into_owned(), encoding.name())
}

/// Returns the encoding that a detector finds likeliest; where the bytes come from helps it.
fn guess(bytes: &[u8], document: &Document<'_>) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let host = document.url.and_then(Url::domain);
    let top = host.and_then(|host| host.rsplit('.').next()).unwrap_or_default();
    // The detector panics on what cannot be a top-level domain.
    let is_plain =
        !top.is_empty() && top.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    detector.guess(Some(top.as_bytes()).filter(|_| is_plain), Utf8Detection::Deny)
}

/// Returns the `charset` of a Content-Type.
fn charset_of(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
    })
}

/// Returns the `encoding` of an XML declaration.
fn declared_charset(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..DECLARATION_WITHIN_BYTES).unwrap_or(bytes);
    let head = String::from_utf8_lossy(head);
    let (_, declaration) = head.split_once("<?xml")?;
    let (declaration, _) = declaration.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = value.split(quote).nth(1)?.trim();
    (!label.is_empty()).then(|| label.to_owned())
}

/// Returns the `charset` of the first `meta` that names one, in either form.
fn meta_charset(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..META_WITHIN_BYTES).unwrap_or(bytes);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.split("<meta").skip(1).find_map(|tag| {
        let (tag, _) = tag.split_once('>')?;
        let (_, value) = tag.split_once("charset")?;
        let value = value.trim_start().strip_prefix('=')?.trim_start_matches(['"', '\'', ' ']);
        let label = value.split(['"', '\'', ' ', ';', '/']).next()?;
        (!label.is_empty()).then(|| label.to_owned())
    })
}

/// Returns the text of a document that was taken for windows-1252 and encoded a second time,
/// as mirrors and archives do: `Ã©` for `é`.
///
/// More of its runs of such letters must be UTF-8 if read as bytes than not; in a text that is
/// what it seems, hardly one is.
fn once_too_often(text: &str) -> Option<String> {
    let (mut doubled, mut single) = (0_usize, 0_usize);
    let mut bytes = Vec::new();
    for run in runs(text) {
        if as_bytes(run, &mut bytes) {
            doubled += 1;
        } else if run.contains(is_accented) {
            // Punctuation is no evidence, nor what is left of a non-breaking space.
            single += 1;
        }
    }
    if doubled <= single {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    for run in runs(text) {
        let (before, after) = rest.split_at(offset(rest, run));
        out.push_str(before);
        let is_doubled = as_bytes(run, &mut bytes);
        let once = if is_doubled { std::str::from_utf8(&bytes).unwrap_or(run) } else { run };
        out.push_str(once);
        rest = after.get(run.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    Some(out)
}

/// Returns the runs of letters beyond ASCII that are each one byte of windows-1252.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let foreign = text.split(|c: char| c.is_ascii()).filter(|run| !run.is_empty());
    foreign.flat_map(|run| run.split(|c| byte_of(c).is_none())).filter(|run| !run.is_empty())
}

/// Returns how far into a text a part of it stands.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr().addr() - text.as_ptr().addr()
}

/// Writes a run as bytes of windows-1252; returns whether these are UTF-8.
fn as_bytes(run: &str, bytes: &mut Vec<u8>) -> bool {
    bytes.clear();
    bytes.extend(run.chars().filter_map(byte_of));
    std::str::from_utf8(bytes).is_ok()
}

fn is_accented(c: char) -> bool {
    matches!(c, '\u{c0}'..='\u{ff}' if !matches!(c, 'Â' | 'Ã'))
}

/// Returns the byte that a character beyond ASCII is in windows-1252.
fn byte_of(c: char) -> Option<u8> {
    // What the C1 controls stand for, by their last byte; five of them stand for themselves.
    const LETTERS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match c {
        '\u{80}'..='\u{ff}' => u8::try_from(u32::from(c)).ok(),
        'Œ'..='ƒ' | 'ˆ' | '˜' | '–'..='›' | '€' | '™' => {
            let place = LETTERS.chars().position(|letter| letter == c)?;
            u8::try_from(0x80 + place).ok()
        }
        _ => None,
    }
}

/// Drops what XML 1.0 forbids, and reads the C1 controls as the windows-1252 letters that
/// they were before somebody relabelled them as Latin-1; returns how many there were.
fn without_controls(text: String) -> (String, usize) {
    // The bytes that begin them; most documents have none of these.
    if !has_any(text.as_bytes(), |b| matches!(b, 0..=8 | 11 | 12 | 14..=31 | 0x7f | 0xc2 | 0xef)) {
        return (text, 0);
    }
    let is_bad = |c: char| (c.is_control() && !"\t\n\r\u{85}".contains(c)) || c == '\u{fffe}';
    let bad = text.chars().filter(|c| is_bad(*c) || *c == '\u{ffff}').count();
    if bad == 0 {
        return (text, 0);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{80}'..='\u{9f}' => {
                let byte = u8::try_from(u32::from(c)).unwrap_or(b' ');
                out.push_str(&WINDOWS_1252.decode_without_bom_handling(&[byte]).0);
            }
            '\u{ffff}' => {}
            c if is_bad(c) => {}
            c => out.push(c),
        }
    }
    (out, bad)
}

/// Returns whether any byte is such; many at a time.
fn has_any(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> bool {
    bytes.chunks(256).any(|chunk| chunk.iter().fold(false, |any, byte| any | is_such(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], content_type: Option<&str>, text: &str, label: &str) {
        let document =
            Document { bytes, content_type, url: None, language: None, assume_timezone: None };
        let decoded = decode(&document, &mut Warnings::default());
        assert_eq!((decoded.text.as_str(), decoded.label.as_str()), (text, label));
    }

    #[test]
    fn a_byte_order_mark_decides() {
        check(b"\xef\xbb\xbf<a/>", Some("text/xml; charset=iso-8859-1"), "<a/>", "utf-8");
        check(b"\xff\xfe<\0a\0", None, "<a", "utf-16le");
        check(b"\xfe\xff\0<\0a", None, "<a", "utf-16be");
        check(b"\0<\0a", Some("text/xml; charset=utf-8"), "<a", "utf-16be");
        check(b"<\0\0\0a\0\0\0", None, "<a", "utf-32le");
        check(b"\n\0<\0", Some("text/xml; charset=iso-8859-1"), "\n<", "utf-16le");
        check(b"\0{\0}", None, "{}", "utf-16be");
    }

    #[test]
    fn http_comes_before_the_declaration_and_both_before_a_guess() {
        let xml = b"<?xml version='1.0' encoding='koi8-r'?>\xc1";
        check(xml, None, "<?xml version='1.0' encoding='koi8-r'?>\u{430}", "koi8-r");
        check(
            xml,
            Some("text/xml; charset=\"windows-1251\""),
            "<?xml version='1.0' encoding='koi8-r'?>\u{411}",
            "windows-1251",
        );
        check(b"\xe9", None, "é", "windows-1252");
        check("é".as_bytes(), None, "é", "utf-8");
    }

    #[test]
    fn a_page_declares_its_encoding_in_a_meta_and_a_feed_does_not() {
        let page = |head: &str| [head.as_bytes(), b"\xc1"].concat();
        for head in [
            "<meta charset=koi8-r>",
            "<html><META CHARSET = 'koi8-r' />",
            "<meta name=x><meta http-equiv=content-type content='text/html; charset=koi8-r'>",
        ] {
            let bytes = page(head);
            let mut document = Document {
                bytes: &bytes,
                content_type: Some("text/html"),
                url: None,
                language: None,
                assume_timezone: None,
            };
            assert!(decode_page(&document).ends_with('\u{430}'), "{head}");
            assert!(!decode(&document, &mut Warnings::default()).text.ends_with('\u{430}'));
            document.content_type = Some("text/html; charset=windows-1251");
            assert!(decode_page(&document).ends_with('\u{411}'), "{head}");
        }
        assert_eq!(meta_charset(b"<meta charset><meta charset=''>"), None);
    }

    #[test]
    fn a_label_that_does_not_fit_is_passed_over() {
        check("é".as_bytes(), Some("text/xml; charset=iso-8859-1"), "é", "utf-8");
        check(b"<a/>", Some("text/xml; charset=utf-16"), "<a/>", "utf-8");
        check(b"a", Some("text/xml; charset=bogus"), "a", "utf-8");
        check("ééé\u{fffd}".as_bytes(), None, "ééé\u{fffd}", "utf-8");
        check(b"\xc3\xa9\xc3\xa9\xe9.", Some("text/xml; charset=utf-8"), "éé\u{fffd}.", "utf-8");
    }

    #[test]
    fn what_nothing_labels_is_guessed_by_its_letters() {
        let japanese = "これは日本語の文章です。ニュースの見出し";
        let (bytes, _, _) = encoding_rs::EUC_JP.encode(japanese);
        check(&bytes, None, japanese, "euc-jp");
        let russian = "Сегодня в Москве прошла встреча министров";
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(russian);
        check(&bytes, None, russian, "windows-1251");
        // A label that the bytes prove wrong is as good as none.
        check(&bytes, Some("text/xml; charset=utf-8"), russian, "windows-1251");
    }

    #[test]
    fn a_text_that_was_encoded_twice_is_decoded_twice() {
        check("a\u{c3}\u{a9}b \u{e2}\u{80}\u{99}".as_bytes(), None, "aéb \u{2019}", "utf-8");
        check("dÃ©jÃ\u{a0} lâ€™Ã©tÃ©".as_bytes(), None, "déjà l’été", "utf-8");
        check("é ü É«".as_bytes(), None, "é ü É«", "utf-8");
        check("ã é".as_bytes(), None, "ã é", "utf-8");
    }

    #[test]
    fn control_characters_go_and_relabelled_quotes_come_back() {
        check("a\u{1}b\u{92}c\td".as_bytes(), None, "ab\u{2019}c\td", "utf-8");
        // Each alone: the bytes that they begin with are looked for first.
        for bad in ["\u{0}", "\u{8}", "\u{b}", "\u{1f}", "\u{7f}", "\u{fffe}", "\u{ffff}"] {
            check(format!("<a{bad}").as_bytes(), None, "<a", "utf-8");
        }
        check("<\u{80}".as_bytes(), None, "<€", "utf-8");
    }
}
