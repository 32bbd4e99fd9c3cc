//! `keep` and `drop` of a source or a channel: which items are wanted.

use super::mistake::MISSING;
use super::table::Table;
use crate::model::{Filter, FilterField, Filters, Pattern, Sought};

const EXAMPLE: &str =
    "a list such as [{ field = \"title\", regex = \"(?i)^sponsored\" }] is accepted";

/// Reads both lists; what is wrong in them is a mistake at its place.
pub(super) fn read(table: &mut Table<'_, '_>) -> Filters {
    Filters { keep: list(table, "keep"), drop: list(table, "drop") }
}

fn list(table: &mut Table<'_, '_>, key: &'static str) -> Vec<Filter> {
    let mut filters = Vec::new();
    for mut table in table.tables(key, EXAMPLE) {
        filters.extend(filter(&mut table));
        table.finish();
    }
    filters
}

fn filter(table: &mut Table<'_, '_>) -> Option<Filter> {
    let field = table.choice("field", FilterField::Any, &FilterField::WORDS);
    let regex = pattern(table);
    let term = term(table);
    let accepted = "either `regex` or `term` is accepted";
    match (table.has("regex"), table.has("term")) {
        (true, true) => table.wrong(&table.span(), "regex", "found `regex` and `term`", accepted),
        (false, false) => table.wrong(&table.span(), "regex", MISSING, accepted),
        _ => {}
    }
    Some(Filter { field, sought: regex.or(term)? })
}

fn pattern(table: &mut Table<'_, '_>) -> Option<Sought> {
    let found = table.string("regex")?;
    if found.value.is_empty() {
        table.wrong(&found.span, "regex", "found nothing", "an expression is accepted");
        return None;
    }
    match Pattern::new(&found.value) {
        Ok(pattern) => Some(Sought::Regex(pattern)),
        Err(error) => {
            let place = table.within(&found, error.at.unwrap_or(0));
            let accepted = "an expression as https://docs.rs/regex describes it is accepted";
            table.wrong(&place, "regex", error.why, accepted);
            None
        }
    }
}

fn term(table: &mut Table<'_, '_>) -> Option<Sought> {
    let found = table.string("term")?;
    if found.value.trim().is_empty() {
        table.wrong(&found.span, "term", "found nothing", "a word or several are accepted");
        return None;
    }
    Some(Sought::Term(found.value))
}
