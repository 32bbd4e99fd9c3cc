//! Bodies in every coding, charset and state of repair that still say what they mean.

use std::collections::BTreeSet;
use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::desk::{Desk, undated};
use crate::origin::Answer;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    brotli::CompressorWriter::new(&mut encoded, 4096, 1, 22).write_all(bytes).unwrap();
    encoded
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// What an origin answers, and the title that must be read from it.
struct Case {
    what: String,
    answer: Answer,
    title: String,
}

impl Case {
    fn new(what: impl Into<String>, answer: Answer, title: impl Into<String>) -> Self {
        Self { what: what.into(), answer, title: title.into() }
    }
}

/// Polls each case as a source of its own and compares the titles; returns what each request
/// offered to decode.
#[track_caller]
fn check(cases: &[Case]) -> String {
    let desk = Desk::new(&[]);
    let source = |n: usize| (format!("c{n}"), desk.origin.url(&format!("/c{n}")));
    desk.configure("", &(0..cases.len()).map(source).collect::<Vec<_>>());
    for (n, case) in cases.iter().enumerate() {
        desk.origin.script(&format!("/c{n}"), case.answer.clone());
    }
    let told = desk.outcomes(&[]);
    let titles = desk.titles();
    let mut wrong = Vec::new();
    for (n, case) in cases.iter().enumerate() {
        let id = format!("c{n}");
        let expected = BTreeSet::from([case.title.clone()]);
        if titles.get(&id) != Some(&expected) {
            wrong.push(format!("{}: {:?}, {:?}", case.what, titles.get(&id), told.get(&id)));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let asked = desk.origin.take_all();
    asked.first().unwrap().header("Accept-Encoding").unwrap().to_owned()
}

// Rows: enc.gzip, enc.deflate, enc.br, enc.zstd
#[test]
fn every_coding_that_is_offered_is_decoded() {
    let feed = undated("Zipped", "");
    let bytes = feed.as_bytes();
    let twice = gzip(&gzip(bytes));
    let members = [gzip(&bytes[..100]), gzip(&bytes[100..])].concat();
    let bodies = [
        ("gzip", gzip(bytes)),
        ("GZip", gzip(bytes)),
        ("x-gzip", gzip(bytes)),
        ("gzip, gzip", twice),
        ("gzip", members),
        ("deflate", zlib(bytes)),
        ("deflate", raw_deflate(bytes)),
        ("br", brotli(bytes)),
        ("zstd", zstd(bytes)),
        ("gzip, br", brotli(&gzip(bytes))),
        ("identity", bytes.to_vec()),
        // Labelled, and yet plain.
        ("gzip", bytes.to_vec()),
    ];
    let mut cases: Vec<Case> = bodies
        .iter()
        .map(|(coding, body)| {
            let answer = Answer::ok(body.as_slice()).with("Content-Encoding", coding);
            Case::new(*coding, answer, "Zipped")
        })
        .collect();
    let lines = Answer::ok(brotli(&gzip(bytes)));
    let lines = lines.with("Content-Encoding", "gzip").with("Content-Encoding", "br");
    cases.push(Case::new("two lines", lines, "Zipped"));
    let offered = check(&cases);
    for coding in offered.split(',').map(str::trim) {
        let shown = bodies.iter().any(|(name, _)| coding.eq_ignore_ascii_case(name));
        assert!(shown, "{coding} is offered and not tried");
    }
}

/// Returns a feed that declares an encoding, its title in that encoding.
fn declared(title: &str, encoding: &str) -> Vec<u8> {
    let text = undated(title, "")
        .replace("version=\"1.0\"?", &format!("version=\"1.0\" encoding=\"{encoding}\"?"));
    in_charset(&text, encoding)
}

fn in_charset(text: &str, encoding: &str) -> Vec<u8> {
    let encoding = encoding_rs::Encoding::for_label(encoding.as_bytes()).unwrap();
    let (bytes, _, unmappable) = encoding.encode(text);
    assert!(!unmappable, "{text} in {}", encoding.name());
    bytes.into_owned()
}

/// Returns a text in 16 or 32 bits a letter, after its byte order mark.
fn wide(text: &str, little: bool, bits: usize) -> Vec<u8> {
    let unit = |code: u32| {
        let bytes = if little { code.to_le_bytes() } else { code.to_be_bytes() };
        let (from, to) = match (bits, little) {
            (32, _) => (0, 4),
            (_, true) => (0, 2),
            (_, false) => (2, 4),
        };
        bytes.get(from..to).unwrap().to_vec()
    };
    let text = format!("\u{feff}{text}");
    if bits == 32 {
        return text.chars().flat_map(|c| unit(u32::from(c))).collect();
    }
    text.encode_utf16().flat_map(|code| unit(u32::from(code))).collect()
}

fn typed(body: impl Into<Vec<u8>>, content_type: &str) -> Answer {
    Answer::ok(body).with("Content-Type", content_type)
}

// Rows: chr.utf8.decl, chr.1252.header, chr.1252.decl, chr.conflict, chr.textxml, chr.bom
#[test]
fn a_mark_goes_before_the_charset_and_the_charset_before_the_declaration() {
    let title = "Caf\u{e9} \u{201c}\u{e0} c\u{f4}t\u{e9}\u{201d}";
    let utf8 = undated(title, "");
    let with_mark = format!("\u{feff}{utf8}");
    let misnamed = |body: Vec<u8>, from: &str, to: &str| {
        let at = body.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        [&body[..at], to.as_bytes(), &body[at + from.len()..]].concat()
    };
    let in_1252 = || in_charset(&utf8, "windows-1252");
    let xml = "application/xml";
    let cases = [
        ("UTF-8 by declaration", typed(declared(title, "utf-8"), xml)),
        ("UTF-8 by nothing", typed(utf8.as_str(), xml)),
        ("windows-1252 by charset", typed(in_1252(), "application/rss+xml; charset=windows-1252")),
        ("a quoted charset", typed(in_1252(), "text/xml; charset=\"Windows-1252\"")),
        ("a charset after others", typed(in_1252(), "text/xml; profile=x; CHARSET = windows-1252")),
        ("latin-1, as it is meant", typed(in_1252(), "text/xml; charset=iso-8859-1")),
        ("windows-1252 by declaration", typed(declared(title, "windows-1252"), xml)),
        ("no type at all", Answer::ok(declared(title, "windows-1252"))),
        ("text/xml, by declaration", typed(declared(title, "windows-1252"), "text/xml")),
        ("text/xml, by nothing", typed(utf8.as_str(), "text/xml")),
        (
            "charset over declaration",
            typed(misnamed(declared(title, "utf-8"), "utf-8", "koi8-r"), "text/xml; charset=utf-8"),
        ),
        (
            "charset over declaration, the other way",
            typed(
                misnamed(declared(title, "windows-1252"), "windows-1252", "koi8-r"),
                "text/xml; charset=windows-1252",
            ),
        ),
        ("mark over charset", typed(with_mark.as_str(), "text/xml; charset=iso-8859-1")),
        (
            "mark over both",
            typed(
                with_mark.replace("\"1.0\"?", "\"1.0\" encoding=\"koi8-r\"?"),
                "text/xml; charset=koi8-r",
            ),
        ),
        ("UTF-8, called latin-1", typed(utf8.as_str(), "text/xml; charset=iso-8859-1")),
        ("UTF-8, called ASCII", typed(utf8.as_str(), "text/xml; charset=us-ascii")),
        ("an unknown charset", typed(declared(title, "windows-1252"), "text/xml; charset=klingon")),
        ("an empty charset", typed(declared(title, "windows-1252"), "text/xml; charset=")),
    ];
    check(&cases.map(|(what, answer)| Case::new(what, answer, title)));
}

// Rows: chr.utf16, chr.utf16be, chr.sjis, chr.koi8r
#[test]
fn feeds_are_read_in_the_charsets_of_the_world() {
    let mut cases = Vec::new();
    let title = "Caf\u{e9} \u{65e5}\u{672c} \u{1f600}";
    for (little, bits) in [(true, 16), (false, 16), (true, 32), (false, 32)] {
        let plain = undated(title, "");
        let declaring = plain.replace("\"1.0\"?", &format!("\"1.0\" encoding=\"utf-{bits}\"?"));
        for (text, kind) in [
            (&plain, "application/xml"),
            (&declaring, "application/xml"),
            (&plain, "text/xml; charset=utf-8"),
        ] {
            let what = format!("{bits} bits, little end first: {little}, {kind}");
            cases.push(Case::new(what, typed(wide(text, little, bits), kind), title));
        }
    }
    for (encoding, title) in [
        ("shift_jis", "\u{6e2f}\u{306e}\u{58c1}\u{304c}\u{5d29}\u{308c}\u{308b} \u{30bd}\u{8868}"),
        ("euc-jp", "\u{6e2f}\u{306e}\u{58c1}\u{304c}\u{5d29}\u{308c}\u{308b}"),
        ("koi8-r", "\u{421}\u{442}\u{435}\u{43d}\u{430} \u{43f}\u{43e}\u{440}\u{442}\u{430}"),
        ("windows-1251", "\u{421}\u{442}\u{435}\u{43d}\u{430} \u{43f}\u{43e}\u{440}\u{442}\u{430}"),
        ("iso-8859-2", "Z\u{ed}tra p\u{159}ijde bou\u{159}ka"),
        ("iso-8859-7", "\u{3a4}\u{3bf} \u{3c4}\u{3b5}\u{3af}\u{3c7}\u{3bf}\u{3c2}"),
        ("iso-8859-15", "Prix en \u{20ac}uros"),
        ("windows-1256", "\u{627}\u{644}\u{62c}\u{62f}\u{627}\u{631}"),
        ("gb2312", "\u{6e2f}\u{53e3}\u{7684}\u{5899}"),
        ("gb18030", "\u{6e2f}\u{53e3}\u{1f600}"),
        ("big5", "\u{6e2f}\u{53e3}\u{7684}\u{7246}"),
        ("euc-kr", "\u{d56d}\u{ad6c}\u{c758} \u{bcbd}"),
        ("macintosh", "Caf\u{e9}"),
    ] {
        let by_declaration = typed(declared(title, encoding), "application/xml");
        cases.push(Case::new(format!("{encoding} by declaration"), by_declaration, title));
        let body = in_charset(&undated(title, ""), encoding);
        let by_charset = typed(body, &format!("text/xml; charset={encoding}"));
        cases.push(Case::new(format!("{encoding} by charset"), by_charset, title));
    }
    check(&cases);
}

// Rows: xml.leadws, xml.entity, xml.bareamp, xml.ctrl, type.html, type.plain
#[test]
fn a_feed_is_read_in_spite_of_its_flaws_and_of_its_type() {
    let whole = undated("Tea time", "");
    let titled = |title: &str| whole.replace("<title>Tea time<", &format!("<title>{title}<"));
    let bodies = [
        ("blank lines first", format!("\n\r\n \t{whole}"), "Tea time"),
        ("a mark and blank lines first", format!("\u{feff}\n\n{whole}"), "Tea time"),
        ("words first", format!("Warning: foo() in x.php\n{whole}"), "Tea time"),
        ("a comment first", format!("<!-- cached -->\n{whole}"), "Tea time"),
        ("words behind", format!("{whole}\n<!-- 12 queries --> 0.03 s"), "Tea time"),
        ("entities of HTML", titled("Tea&nbsp;time&rsquo;s"), "Tea time\u{2019}s"),
        ("entities without an end", titled("Tea &eacute time"), "Tea \u{e9} time"),
        ("an unknown entity", titled("Tea &nonsense; time"), "Tea &nonsense; time"),
        ("a bare ampersand", titled("Tea & toast &now"), "Tea & toast &now"),
        (
            "a bare ampersand in an address",
            whole.replace("<item>", "<item><link>http://a.example/?a=b&c=d</link>"),
            "Tea time",
        ),
        ("a bare bracket", titled("Tea < toast"), "Tea < toast"),
        ("control characters", titled("Tea\u{b} \u{1}ti\u{8}me\u{0}"), "Tea time"),
        ("a control character by number", titled("Tea&#11; &#x1;time&#0;"), "Tea time"),
        (
            "an undeclared prefix",
            whole.replace("<item>", "<item><x:y z:a=\"b\">c</x:y>"),
            "Tea time",
        ),
        (
            "attributes without quotes",
            whole.replace("isPermaLink=\"false\"", "isPermaLink=false"),
            "Tea time",
        ),
        ("ends that do not match", whole.replace("</item>", "</guid></item>"), "Tea time"),
    ];
    let mut cases: Vec<Case> = bodies
        .into_iter()
        .map(|(what, body, title)| Case::new(what, typed(body, "application/rss+xml"), title))
        .collect();
    for kind in [
        "text/html; charset=utf-8",
        "text/html",
        "text/plain",
        "text/plain; charset=utf-8",
        "application/octet-stream",
        "application/json",
        "application/xhtml+xml",
        "image/jpeg",
        "audio/mpeg; charset=binary",
        "nonsense",
        "",
        ";;;",
    ] {
        cases.push(Case::new(format!("type `{kind}`"), typed(whole.as_str(), kind), "Tea time"));
    }
    let json = "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"F\",\
                \"items\":[{\"id\":\"1\",\"title\":\"Tea time\",\"content_text\":\"x\"}]}";
    for kind in ["application/feed+json", "text/html", "text/xml", "text/plain"] {
        cases.push(Case::new(format!("JSON as `{kind}`"), typed(json, kind), "Tea time"));
    }
    check(&cases);
}
