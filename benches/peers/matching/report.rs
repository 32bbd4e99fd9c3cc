//! The table of one size.

use crate::{Case, Figures};

/// A memory of 100,000 briefs, adding a brief, and having an index of 100,000.
const MOST_BYTES: f64 = 150e6;
const MOST_INSERT: f64 = 0.2e-3;
const MOST_BUILD: f64 = 5.0;
const COMPARED: f64 = 100_000.0;
const LEAST_OF_MEMORY: usize = 10_000;

/// Returns the most seconds that an item may take among so many briefs.
fn most_of_item(size: usize) -> Option<f64> {
    match size {
        1_000 => Some(0.5e-3),
        10_000 => Some(0.8e-3),
        100_000 => Some(2e-3),
        1_000_000 => Some(6e-3),
        _ => None,
    }
}

pub(crate) fn print(case: Case, own: &Figures, rivals: &[Figures; 3]) {
    let [tantivy, one_field, scan] = rivals;
    let size = crate::measure::float(case.size);
    let saga = if case.is_saga { " of one saga" } else { "" };
    println!("\n{} briefs{saga}", case.size);
    let Some(item) = own.get("item").copied() else {
        println!("  briefwire was not measured: its process failed");
        return;
    };
    let of = |name: &str| own.get(name).copied().unwrap_or(f64::NAN);
    let most = most_of_item(case.size).filter(|_| !case.is_saga);
    row("an item, mean", item, 1e3, "ms", most);
    row("  median", of("item_median"), 1e3, "ms", most);
    row("  of 99 of 100 items at most", of("item_worst"), 1e3, "ms", None);
    row("  of it with no briefs stored", of("item_read"), 1e3, "ms", None);
    row("  items that got a brief", of("matched"), 100.0, "%", None);
    rival("tantivy, a query", "query", tantivy, item);
    rival("  with its stop words", "query_with_stop_words", tantivy, item);
    rival("  leaving out nothing", "query_unpruned", tantivy, item);
    rival("  all in one field", "query", one_field, item);
    rival("  one field, nothing left out", "query_unpruned", one_field, item);
    rival("a scan, a query", "query", scan, item);
    row("adding a brief, mean", of("insert"), 1e3, "ms", Some(MOST_INSERT));
    row("  of the last 1,000", of("insert_last"), 1e3, "ms", Some(MOST_INSERT));
    row("removing a brief", of("remove"), 1e3, "ms", None);
    let most = (case.size == 100_000).then_some(MOST_BUILD);
    row("the whole index", of("build"), 1.0, "s", most);
    optional("  tantivy's", tantivy.get("build").copied(), 1.0, "s");
    // What the texts of some thousand briefs leave behind is more than a small index.
    if case.size >= LEAST_OF_MEMORY {
        let memory = of("memory") / size * COMPARED;
        row("memory for 100,000 briefs", memory, 1e-6, "MB", Some(MOST_BYTES));
        let memory = tantivy.get("memory").map(|memory| memory / size * COMPARED);
        optional("  tantivy's, after merging", memory, 1e-6, "MB");
    }
}

/// Prints a figure, with its limit and whether it is kept; half of the limit is the aim.
fn row(name: &str, figure: f64, scale: f64, unit: &str, most: Option<f64>) {
    let judged = most.map_or(String::new(), |most| {
        let verdict = match figure / most {
            ..=0.5 => "kept, and the aim",
            ..=1.0 => "kept",
            _ => "MISSED",
        };
        format!("   limit {} {unit}: {verdict}", most * scale)
    });
    println!("  {name:32}{:10.3} {unit}{judged}", figure * scale);
}

fn optional(name: &str, figure: Option<f64>, scale: f64, unit: &str) {
    match figure {
        Some(figure) => row(name, figure, scale, unit, None),
        None => println!("  {name:32}  left out: its process failed"),
    }
}

/// Prints what another takes, and ours in proportion.
fn rival(name: &str, figure: &str, of: &Figures, own: f64) {
    match of.get(figure) {
        Some(time) => {
            println!("  {name:32}{:10.3} ms   ours / theirs {:.3}", time * 1e3, own / time);
        }
        None => println!("  {name:32}  left out: its process failed"),
    }
}
