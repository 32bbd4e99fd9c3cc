//! Replays what fuzzing found worth keeping, through the checks that it was fuzzed with.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

#[path = "../../fuzz/checks/mod.rs"]
mod checks;
#[path = "../../fuzz/escaped.rs"]
mod escaped;

/// What `fuzz/corpus.rs` stores of a target at most.
const MAX_CORPUS_BYTES: u64 = 128 * 1024;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Returns the inputs of a stored file, with a name for each.
fn stored(file: &Path) -> Vec<(String, Vec<u8>)> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let inputs = escaped::inputs(&text);
    assert!(inputs.is_ok(), "{}: {inputs:?}: not an escaped input", file.display());
    let name = |input: &[u8]| format!("{}: {}", file.display(), escaped::escape(input));
    inputs.unwrap_or_default().into_iter().map(|input| (name(&input), input)).collect()
}

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(fuzz().join("seeds").join(target)).unwrap();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.display().to_string(), fs::read(&file).unwrap())).collect()
}

#[track_caller]
fn replay(target: &str, check: fn(&[u8])) {
    let corpus = fuzz().join(format!("corpus/{target}.txt"));
    let bytes = fs::metadata(&corpus).map_or(0, |file| file.len());
    assert!((1..=MAX_CORPUS_BYTES).contains(&bytes), "{}: {bytes} bytes", corpus.display());
    let (seeds, corpus) = (seeds(target), stored(&corpus));
    assert!(seeds.len() >= 3, "{target} has {} seeds", seeds.len());
    assert!(corpus.len() >= 20, "{target} has {} stored inputs", corpus.len());
    let regressions = stored(&fuzz().join(format!("regressions/{target}.txt")));
    for (name, input) in seeds.into_iter().chain(corpus).chain(regressions) {
        let outcome = catch_unwind(AssertUnwindSafe(|| check(&input)));
        assert!(outcome.is_ok(), "{name}");
    }
}

#[test]
fn stored_documents_of_xml_are_read_as_promised() {
    replay("parse_xml", checks::parse_xml);
}

#[test]
fn stored_documents_of_json_are_read_as_promised() {
    replay("parse_json", checks::parse_json);
}

#[test]
fn stored_texts_are_made_safe_and_plain() {
    replay("text", checks::text);
}

#[test]
fn stored_briefs_are_read_and_written_back() {
    replay("briefs", checks::briefs);
}

#[test]
fn stored_configurations_are_right_or_have_their_mistakes_named() {
    replay("config", checks::config);
}

#[test]
fn stored_header_fields_are_read_within_bounds() {
    replay("caching", checks::caching);
}

#[test]
fn every_fuzz_target_is_replayed_here() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let here = fs::read_to_string(file!()).unwrap();
    let targets: BTreeSet<&str> =
        manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")).collect();
    assert_eq!(targets.len(), 6, "{targets:?}");
    for target in targets {
        let target = target.trim_end_matches(".rs\"");
        assert!(here.contains(&format!("replay(\"{target}\", checks::{target})")), "{target}");
        for file in ["dict/TARGET.dict", "fuzz_targets/TARGET.rs"] {
            let file = fuzz().join(file.replace("TARGET", target));
            assert!(file.is_file(), "{} is missing", file.display());
        }
    }
}

#[test]
fn every_byte_survives_being_stored() {
    let every: Vec<u8> = (0..=255).collect();
    let line = escaped::escape(&every);
    assert!(line.is_ascii() && !line.contains('\n'));
    assert_eq!(escaped::inputs(&line), Ok(vec![every]));
    assert_eq!(escaped::inputs("a\n\n\\x4"), Err(3));
    assert_eq!(escaped::inputs("é"), Err(1));
}

#[test]
fn a_broken_promise_is_seen() {
    let is_safe = |html: &str| catch_unwind(|| checks::assert_safe(html)).is_ok();
    assert!(is_safe("<p>a <a href=\"http://x/\">b</a><br></p>"));
    for unsafe_markup in [
        "<p>a",
        "a</p>",
        "<script></script>",
        "<a href=\"javascript:x\"></a>",
        "<b onclick=\"x\"></b>",
        "<b title=x></b>",
        "<b title=\"&x\"></b>",
        "a > b",
        "a & b",
    ] {
        assert!(!is_safe(unsafe_markup), "{unsafe_markup}");
    }
}

/// Half a file is what an editor sees that saves, or a person who is still typing.
#[test]
fn every_beginning_of_a_wrong_configuration_is_told_of() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/config");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read(&path).unwrap();
        for end in 0..text.len() {
            checks::config(&text[..end]);
            seen += 1;
        }
    }
    assert!(seen > 5_000, "{seen} beginnings");
}
