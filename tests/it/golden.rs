//! Wrong configurations, each with the message that an operator gets.

use std::path::Path;
use std::process::{Command, Output};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/config")
}

fn check(file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_briefwire"))
        .args(["check", "--config"])
        .arg(file)
        .output()
        .unwrap()
}

#[test]
fn every_wrong_configuration_has_its_message() {
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 25, "{} kinds", files.len());
    for file in files {
        let output = check(&file);
        let said = String::from_utf8(output.stderr).unwrap();
        let said = said.replace(&folder().display().to_string(), "DIR");
        let expected = std::fs::read_to_string(file.with_extension("expected")).unwrap();
        assert_eq!(said, expected, "{}", file.display());
        assert_eq!(output.status.code(), Some(78), "{}", file.display());
    }
}

#[test]
fn what_is_right_and_probably_not_meant_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let warnings = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = check(&file);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.lines().all(|line| line.starts_with("briefwire: warning: ")), "{said}");
        said
    };
    let said = warnings("");
    assert!(said.contains("nothing is polled"), "{said}");
    assert!(said.contains("nothing is published"), "{said}");
    let source = "[[source]]\nid = \"a\"\nurl = \"file:a.xml\"\n";
    let channel = "[[channel]]\nid = \"all\"\ntitle = \"All\"\nfrom = [\"*\"]\n";
    let said = warnings(&format!("[briefs]\ndir = \"briefs\"\n{source}{channel}"));
    assert!(said.contains("the file of the source `a` is not there"), "{said}");
    assert!(said.contains("`briefs.dir` is not there yet"), "{said}");
    std::fs::write(folder.path().join("a.xml"), "<rss/>").unwrap();
    assert_eq!(warnings(&format!("{source}{channel}")), "");
    let other = source.replace("\"a\"", "\"b\"");
    let said = warnings(&format!("{source}{other}{}", channel.replace('*', "a")));
    assert!(said.contains("no channel takes the source `b`"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let server = "[server]\nlisten = \"0.0.0.0:8420\"\n[fetch]\nwebsub = true\n";
    let said = warnings(&format!("{server}{source}{channel}"));
    assert!(said.contains("`server.listen` lets other machines in"), "{said}");
    assert!(said.contains("`fetch.websub` asks no hub"), "{said}");
    let public =
        server.replace("\n[fetch]", "\npublic_url = \"https://news.example.org\"\n[fetch]");
    assert_eq!(warnings(&format!("{public}{source}{channel}")), "");
}

#[test]
fn bytes_that_are_no_text_and_a_file_that_is_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, b"[log]\nlevel = \"\xFF\"\n").unwrap();
    let output = check(&file);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("c.toml:2: the configuration is not UTF-8"), "{said}");
    assert_eq!(output.status.code(), Some(78));
    let output = check(&folder.path().join("none.toml"));
    assert!(String::from_utf8(output.stderr).unwrap().contains("none.toml"));
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn the_shipped_configurations_are_right_with_every_key_that_they_name() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for name in ["demo.toml", "briefwire.toml"] {
        let output = check(&config.join(name));
        assert_eq!(output.status.code(), Some(0), "{name}: {output:?}");
    }
    // Every `# key = value` of the example is a key of this version.
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(config.join("briefwire.toml")).unwrap();
    let is_key = |line: &&str| {
        let key = line.trim_start_matches("# ").split(" = ").next().unwrap_or_default();
        let is_name = || key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        line.starts_with("# [") || line.starts_with("# ") && line.contains(" = ") && is_name()
    };
    let token = folder.path().join("token");
    std::fs::write(&token, "a-token-for-tests").unwrap();
    for (name, held) in [("bbc-login", "desk:hush"), ("bbc-key", "hush"), ("model-key", "hush")] {
        std::fs::write(folder.path().join(name), held).unwrap();
    }
    let authority = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls/ca.pem");
    std::fs::copy(authority, folder.path().join("own-ca.pem")).unwrap();
    let lines: Vec<String> = text
        .lines()
        .map(|line| if is_key(&line) { line.trim_start_matches("# ") } else { line })
        .map(|line| match line.split_once("token_file = ") {
            Some((before, _)) => format!("{before}token_file = \"{}\"", token.display()),
            None => line.to_owned(),
        })
        .collect();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let output = check(&file);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
