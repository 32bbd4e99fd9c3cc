//! Holds the tests to the criteria that a well-behaved fetcher is judged by.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::desk::needs;

/// Returns the rows that the comments of a file of tests name.
fn named(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("// Rows: "));
    let names = lines.flat_map(|line| line.split(',').map(|name| name.trim().to_owned()));
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn every_row_of_the_criteria_has_a_test() {
    let Some(criteria) = needs("../shared/fetch-criteria.md") else { return };
    let criteria = fs::read_to_string(criteria).unwrap();
    let cells = criteria.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let rows: BTreeSet<String> =
        cells.filter(|cell| cell.contains('.')).map(|cell| cell.trim().to_owned()).collect();
    assert!(rows.len() > 80, "{rows:?}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|end| end == "rs"));
    let tested: BTreeSet<String> =
        files.flat_map(|file| named(&fs::read_to_string(file).unwrap())).collect();
    // A publisher's row: pinging hubs is another module's duty.
    let missing: Vec<_> = rows.iter().filter(|row| *row != "websub.publish").collect();
    let missing: Vec<_> = missing.into_iter().filter(|row| !tested.contains(*row)).collect();
    assert!(missing.is_empty(), "without a test: {missing:?}");
    let unknown: Vec<_> = tested.difference(&rows).collect();
    assert!(unknown.is_empty(), "no such rows: {unknown:?}");
}
