//! Documents made to cost memory, read by the real program while its peak is watched.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// What reading may take beside the program at rest, whatever is read.
const FIXED_BYTES: usize = 16 << 20;

/// What it may take for each byte of the document.
const PER_BYTE: usize = 6;

const ITEM: &str = "<rss version='2.0'><channel><item>";

/// A base address of the greatest length that is joined with.
fn long_base() -> String {
    format!("http://a.example/{}/", "b".repeat(2000))
}

/// Documents that are one piece over and over: name, beginning, piece, times.
fn repetitions() -> Vec<(&'static str, String, String, usize)> {
    let item = |field: &str| format!("{ITEM}{field}");
    let based = format!("<rss version='2.0'><channel xml:base='{}'>", long_base());
    let levels =
        (1..12).map(|n| format!("<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(10)));
    let bomb = format!(
        "<!DOCTYPE r [<!ENTITY a0 'x'>{}]>{ITEM}<title>",
        levels.collect::<Vec<_>>().concat()
    );
    let many = |field: &str| format!("<item>{}</item>", field.repeat(400));
    let nested = format!("<a xml:base='{}'>", long_base());
    vec![
        ("entity bomb", bomb, "&a11;&a3;".into(), 50_000),
        ("nested elements", item(""), "<a>".into(), 200_000),
        ("nested elements of a field", item("<description>"), "<a>".into(), 200_000),
        ("nested markup", item("<description>"), "&lt;div>".into(), 200_000),
        ("nested bases", item("<x>"), "<a xml:base='b/'>".into(), 200_000),
        ("long nested bases", item("<x>"), nested, 250),
        ("ampersands", item("<description>"), "&amp;".into(), 200_000),
        ("ampersands escaped twice", item("<title>"), "&amp;amp;".into(), 100_000),
        ("bare ampersands", item("<description>"), "&".into(), 600_000),
        ("a long attribute", "<rss><item a='".into(), "x".into(), 600_000),
        ("many attributes", "<rss><item ".into(), "a='' ".into(), 200_000),
        ("many namespaces", String::new(), "<x xmlns:y='z'>".into(), 200_000),
        ("an overflowing duration", item("<itunes:duration>"), "9".into(), 200_000),
        ("a dash behind an address", item(""), "<author>a@b.co—Jo</author>".into(), 60_000),
        ("many items", "<rss><channel>".into(), "<item><title>x</title></item>".into(), 40_000),
        ("many empty items", "<rss><channel>".into(), "<item/>".into(), 100_000),
        ("many categories", "<rss><channel>".into(), many("<category>a</category>"), 200),
        ("links beside a long base", based.clone(), many("<link>a</link>"), 100),
        ("texts beside a long base", based.clone(), many("<content>a</content>"), 80),
        (
            "markup beside a long base",
            based.clone() + "<item><description>",
            "&lt;a href=b>c&lt;/a>".into(),
            40_000,
        ),
        (
            "comments beside a long base",
            based,
            "<item><comments>a</comments></item>".into(),
            20_000,
        ),
        ("nested arrays", String::new(), "[".into(), 300_000),
        ("nested objects", String::new(), "{\"items\":".into(), 200_000),
        ("many values", "{\"items\":[0".into(), ",0".into(), 150_000),
        ("many objects", "{\"items\":[{}".into(), ",{\"id\":1}".into(), 60_000),
        ("control characters", String::new(), "\u{1}".into(), 600_000),
    ]
}

fn documents() -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |text: &str, little: bool| -> Vec<u8> {
        let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    };
    let letters = "é".repeat(120_000);
    let plain = format!("<?xml version='1.0' encoding='ascii'?>{ITEM}<title>{letters}");
    // Well-formed and bare, so that the second reader is asked.
    let bare = |attribute: &str, field: &str, items: usize| {
        let items = format!("<item>{}</item>", field.repeat(400)).repeat(items);
        format!("<rss version='2.0' {attribute}><channel>{items}</channel></rss>").into_bytes()
    };
    let attribute = format!("xml:base='{}'", long_base());
    let mut documents: Vec<_> = repetitions()
        .into_iter()
        .map(|(name, head, piece, times)| (name, (head + &piece.repeat(times)).into_bytes()))
        .collect();
    documents.extend([
        ("links of bare items", bare(&attribute, "<link>a</link>", 100)),
        ("categories of bare items", bare("", "<category>a</category>", 100)),
        ("UTF-16 without a mark", utf16(&plain, true)),
        ("UTF-16, the other way", utf16(&plain, false)),
        ("UTF-16 with a mark", utf16(&format!("\u{feff}{plain}"), true)),
        ("bytes of no encoding", [ITEM.as_bytes(), b"<title>", &vec![0xe9; 600_000]].concat()),
    ]);
    documents
}

/// The program, reading one document after another.
struct Reader {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Reader {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_briefwire"))
            .args(["parse", "--json", "--batch", "/dev/stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, answers }
    }

    fn read(&mut self, file: &Path) -> String {
        writeln!(self.child.stdin.as_mut().unwrap(), "{}\t\t\t", file.display()).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer
    }

    /// Returns a line of the kernel's account, in bytes.
    fn memory(&self, name: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib << 10
    }

    /// Makes what is used now the peak.
    fn forget_peak(&self) -> std::io::Result<()> {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")
    }
}

#[test]
fn a_hostile_document_costs_no_more_memory_than_its_length_allows() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small");
    std::fs::write(&small, format!("{ITEM}<title>x")).unwrap();
    let mut excesses = Vec::new();
    for (name, bytes) in documents() {
        let file = folder.path().join("hostile");
        std::fs::write(&file, &bytes).unwrap();
        let mut reader = Reader::start();
        assert!(reader.read(&small).contains("\"title\""));
        let at_rest = reader.memory("VmRSS:");
        if let Err(error) = reader.forget_peak() {
            return eprintln!("skipped: this kernel does not reset a peak: {error}");
        }
        let answer = reader.read(&file);
        assert!(answer.starts_with('{') && answer.ends_with("}\n"), "{name}: no answer");
        let used = reader.memory("VmHWM:").saturating_sub(at_rest);
        let allowed = FIXED_BYTES + PER_BYTE * bytes.len();
        if used > allowed {
            excesses.push(format!("{name}: {used} bytes for {} (at most {allowed})", bytes.len()));
        }
        drop(reader.child.stdin.take());
        assert!(reader.child.wait().unwrap().success());
    }
    assert!(excesses.is_empty(), "{}", excesses.join("\n"));
}
