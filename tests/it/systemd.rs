//! The units: what systemd says of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::desk::missing;

const UNITS: [&str; 2] = ["briefwire.service", "briefwire.socket"];
const MAX_EXPOSURE: f64 = 1.5;

fn shipped(unit: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(unit)
}

/// Runs systemd-analyze, if it is there.
fn analyze(arguments: &[&str], units: &[PathBuf]) -> Option<Output> {
    let output = Command::new("systemd-analyze")
        .args(arguments)
        .args(units)
        .env("SYSTEMD_COLORS", "0")
        .env("LC_ALL", "C.UTF-8")
        .output();
    if output.is_err() {
        missing("systemd-analyze");
    }
    output.ok()
}

/// Writes the units to a folder, with the built binary's path in them and `more` in the service.
fn copies(folder: &Path, more: &str) -> Vec<PathBuf> {
    let copy = |unit: &str| {
        let text = std::fs::read_to_string(shipped(unit)).unwrap();
        let text = text.replace("/usr/bin/briefwire", env!("CARGO_BIN_EXE_briefwire"));
        let text = text.replace("[Service]\n", &format!("[Service]\n{more}"));
        let file = folder.join(unit);
        std::fs::write(&file, text).unwrap();
        file
    };
    UNITS.map(copy).to_vec()
}

/// Returns what `systemd-analyze verify` complains of; it exits 0 on unknown keys.
fn complaints(more: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let output = analyze(&["verify"], &copies(folder.path(), more))?;
    Some(String::from_utf8(output.stderr).unwrap())
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let Some(said) = complaints("") else { return };
    assert_eq!(said, "");
    let said = complaints("ProtectSytem=strict\n").unwrap();
    assert!(said.contains("ProtectSytem"), "a wrong key would be told: {said}");
}

#[test]
fn the_service_is_exposed_to_little() {
    let arguments = ["security", "--offline=true", "--no-pager"];
    let Some(output) = analyze(&arguments, &[shipped("briefwire.service")]) else { return };
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find(|line| line.contains("Overall exposure level")).expect(&said);
    let level = line.split_whitespace().find_map(|word| word.parse::<f64>().ok()).expect(line);
    assert!(level <= MAX_EXPOSURE, "{said}");
}
