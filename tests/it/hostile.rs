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

fn documents() -> Vec<(&'static str, Vec<u8>)> {
    let bomb: String = (1..12)
        .map(|n| format!("<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(10)))
        .collect();
    let utf16 = |text: &str, little: bool| -> Vec<u8> {
        let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    };
    let plain =
        format!("<?xml version='1.0' encoding='ascii'?>{ITEM}<title>{}", "é".repeat(500_000));
    let texts = |item: String, times: usize| {
        format!("<rss><channel xml:base='{}'>{}", long_base(), item.repeat(times)).into_bytes()
    };
    vec![
        (
            "entity bomb",
            format!(
                "<!DOCTYPE r [<!ENTITY a0 'x'>{bomb}]>{ITEM}<title>{}",
                "&a11;&a3;".repeat(100_000)
            )
            .into(),
        ),
        ("nested elements", format!("{ITEM}{}", "<a>".repeat(200_000)).into()),
        (
            "nested elements of a field",
            format!("{ITEM}<description>{}", "<a>".repeat(200_000)).into(),
        ),
        ("nested markup", format!("{ITEM}<description>{}", "&lt;div>".repeat(200_000)).into()),
        ("nested bases", format!("{ITEM}<x>{}", "<a xml:base='b/'>".repeat(200_000)).into()),
        (
            "long nested bases",
            format!("{ITEM}<x>{}", format!("<a xml:base='{}'>", long_base()).repeat(250)).into(),
        ),
        ("ampersands", format!("{ITEM}<description>{}", "&amp;".repeat(800_000)).into()),
        (
            "ampersands escaped twice",
            format!("{ITEM}<title>{}", "&amp;amp;".repeat(400_000)).into(),
        ),
        ("bare ampersands", format!("{ITEM}<description>{}", "&".repeat(4_000_000)).into()),
        ("a long attribute", format!("<rss><item a='{}'", "x".repeat(4_000_000)).into()),
        ("many attributes", format!("<rss><item {}>", "a='' ".repeat(600_000)).into()),
        ("many namespaces", "<x xmlns:y='z'>".repeat(200_000).into()),
        (
            "an overflowing duration",
            format!("{ITEM}<itunes:duration>{}", "9".repeat(1_000_000)).into(),
        ),
        (
            "a dash behind an address",
            format!("{ITEM}{}", "<author>a@b.co\u{2014}Jo</author>".repeat(60_000)).into(),
        ),
        (
            "many items",
            format!("<rss><channel>{}", "<item><title>x</title></item>".repeat(100_000)).into(),
        ),
        ("many empty items", format!("<rss><channel>{}", "<item/>".repeat(500_000)).into()),
        (
            "many categories",
            format!(
                "<rss><channel>{}",
                format!(
                    "<item>{}</item>",
                    (0..500).map(|n| format!("<category>{n}</category>")).collect::<String>()
                )
                .repeat(200)
            )
            .into(),
        ),
        (
            "links beside a long base",
            texts(format!("<item>{}</item>", "<link>a</link>".repeat(400)), 1000),
        ),
        (
            "texts beside a long base",
            texts(format!("<item>{}</item>", "<content>a</content>".repeat(400)), 800),
        ),
        (
            "markup beside a long base",
            texts(
                format!(
                    "<item><description>{}</description></item>",
                    "&lt;a href=b>c&lt;/a>".repeat(300)
                ),
                500,
            ),
        ),
        ("UTF-16 without a mark", utf16(&plain, true)),
        ("UTF-16, the other way", utf16(&plain, false)),
        ("UTF-16 with a mark", utf16(&format!("\u{feff}{plain}"), true)),
        ("nested arrays", "[".repeat(1_000_000).into()),
        ("nested objects", "{\"items\":".repeat(200_000).into()),
        ("many values", format!("{{\"items\":[{}]}}", vec!["0"; 150_000].join(",")).into()),
        (
            "many objects",
            format!("{{\"items\":[{}]}}", vec!["{\"id\":1}"; 60_000].join(",")).into(),
        ),
        ("control characters", "\u{1}".repeat(4_000_000).into()),
        (
            "bytes of no encoding",
            [b"<rss><channel><item><title>".to_vec(), vec![0xe9; 4_000_000]].concat(),
        ),
    ]
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
        eprintln!("{name}: {used} of {allowed} for {}, answer {}", bytes.len(), answer.len());
        if used > allowed {
            excesses.push(format!("{name}: {used} bytes for {} (at most {allowed})", bytes.len()));
        }
        drop(reader.child.stdin.take());
        assert!(reader.child.wait().unwrap().success());
    }
    assert!(excesses.is_empty(), "{}", excesses.join("\n"));
}
