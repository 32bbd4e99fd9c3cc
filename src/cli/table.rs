//! Tables: whole in a file or a pipe; on a terminal cut to its width.
//!
//! comfy-table aligns and cuts the cells, by the width that characters have on a terminal; how
//! wide a column may be is decided here, because ids are never cut.

use comfy_table::{ColumnConstraint, ContentArrangement, Row as Cells, Table, Width, presets};

use super::output::{self, Tone, clean};

/// Between two columns.
const GAP: u16 = 2;
/// The narrowest a cell is cut: a wide character and the mark of the cut.
const NARROWEST: u16 = 3;

/// A column, and what becomes of it where there is too little room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    head: &'static str,
    /// It is cut, to no less than this; `None`: it is never cut.
    least: Option<u16>,
    /// It may be left out, the lowest rank first.
    spare: Option<u8>,
}

impl Column {
    /// A column that is never cut: ids, dates, numbers.
    pub(super) const fn whole(head: &'static str) -> Self {
        Self { head, least: None, spare: None }
    }

    /// A column of words, which are cut to `least` at the shortest.
    pub(super) const fn cut(head: &'static str, least: u16) -> Self {
        Self { head, least: Some(least), spare: None }
    }

    /// The same column, left out where there is no room; the lowest rank goes first.
    pub(super) const fn spare(self, rank: u8) -> Self {
        Self { spare: Some(rank), ..self }
    }
}

/// A row of a table.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// One for each column.
    pub(super) cells: Vec<String>,
    /// Its colour.
    pub(super) tone: Tone,
}

/// Prints a table; the first column is never cut and never left out.
pub(super) fn print(columns: &[Column], rows: &[Row]) -> anyhow::Result<()> {
    let lines = lay_out(columns, rows, output::terminal_width());
    let tones = std::iter::once(Tone::Head).chain(rows.iter().map(|row| row.tone));
    lines.iter().zip(tones).try_for_each(|(line, tone)| output::toned(line, tone))
}

/// Returns the lines of a table, its head first, one for each row.
fn lay_out(columns: &[Column], rows: &[Row], width: Option<u16>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(cells(columns.iter().map(|column| column.head), width));
    for row in rows {
        table.add_row(cells(row.cells.iter().map(String::as_str), width));
    }
    // No cell holds this, so cells are cut where the width ends, not at a word.
    table.set_delimiter('\0');
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        let widths = widths(columns, &table.column_max_content_widths(), width);
        for (column, width) in table.column_iter_mut().zip(widths) {
            column.set_constraint(match width {
                Some(width) => ColumnConstraint::Absolute(Width::Fixed(width.saturating_add(GAP))),
                None => ColumnConstraint::Hidden,
            });
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

fn cells<'t>(texts: impl Iterator<Item = &'t str>, width: Option<u16>) -> Cells {
    let mut cells = Cells::from(texts.map(|text| one_line(text, width)));
    cells.max_height(1);
    cells
}

/// Returns a cell's text on one line.
fn one_line(cell: &str, width: Option<u16>) -> String {
    let text = clean(cell).replace(['\n', '\t'], " ");
    match width {
        // More is never seen, and wrapping a long text to be cut takes long.
        Some(width) => text.chars().take(usize::from(width).saturating_mul(4)).collect(),
        None => text,
    }
}

/// Returns how wide each column is, `None` where it is left out.
fn widths(columns: &[Column], contents: &[u16], screen: u16) -> Vec<Option<u16>> {
    let least = |(column, content): (&Column, &u16)| column.least.unwrap_or(*content).min(*content);
    let mut widths: Vec<Option<u16>> = columns.iter().zip(contents).map(least).map(Some).collect();
    let mut ranks: Vec<(u8, usize)> =
        columns.iter().zip(0..).filter_map(|(column, at)| Some((column.spare?, at))).collect();
    ranks.sort_unstable();
    leave_out(&mut widths, ranks.into_iter().map(|(_, at)| at), screen);
    narrow(&mut widths, screen);
    leave_out(&mut widths, (1..columns.len()).rev(), screen);
    let room = u32::from(screen).saturating_sub(needed(&widths));
    share(&mut widths, contents, u16::try_from(room).unwrap_or(screen));
    widths
}

/// Leaves columns out, one after the other, until the others fit.
fn leave_out(widths: &mut [Option<u16>], columns: impl Iterator<Item = usize>, screen: u16) {
    for at in columns {
        if needed(widths) <= u32::from(screen) {
            return;
        }
        if let Some(width) = widths.get_mut(at) {
            *width = None;
        }
    }
}

/// Where even what should be there does not fit, cuts all but the first column, ids too.
fn narrow(widths: &mut [Option<u16>], screen: u16) {
    let mut excess = needed(widths).saturating_sub(screen.into());
    for width in widths.iter_mut().skip(1).rev().flatten() {
        let less = u16::try_from(excess).unwrap_or(u16::MAX).min(width.saturating_sub(NARROWEST));
        *width -= less;
        excess -= u32::from(less);
    }
}

fn needed(widths: &[Option<u16>]) -> u32 {
    let shown: Vec<u32> = widths.iter().flatten().map(|width| u32::from(*width)).collect();
    let gaps = u32::try_from(shown.len().saturating_sub(1)).unwrap_or(u32::MAX);
    shown.iter().sum::<u32>().saturating_add(gaps.saturating_mul(GAP.into()))
}

/// Gives the room that is left to the columns that are cut, those that lack least first.
fn share(widths: &mut [Option<u16>], contents: &[u16], mut room: u16) {
    let mut lacking: Vec<(u16, &mut u16)> = widths
        .iter_mut()
        .zip(contents)
        .filter_map(|(width, content)| width.as_mut().map(|width| (content - *width, width)))
        .filter(|(lacks, _)| *lacks > 0)
        .collect();
    lacking.sort_by_key(|(lacks, _)| *lacks);
    let mut left = u16::try_from(lacking.len()).unwrap_or(u16::MAX);
    for (lacks, width) in lacking {
        let more = lacks.min(room / left.max(1));
        *width += more;
        room -= more;
        left = left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::whole("ID"),
        Column::whole("DATE").spare(1),
        Column::cut("TITLE", 6),
        Column::cut("WHY", 3).spare(2),
    ];

    #[track_caller]
    fn check(row: [&str; 4], width: Option<u16>, expected: &str) {
        let row = Row { cells: row.map(str::to_owned).to_vec(), ..Row::default() };
        assert_eq!(lay_out(&COLUMNS, &[row], width).join("\n"), expected);
    }

    #[test]
    fn a_table_is_whole_where_nothing_limits_it() {
        let row = ["an-id", "2026-11-23", "Harbour wall gives way", "because"];
        let whole = "ID     DATE        TITLE                   WHY\n\
                     an-id  2026-11-23  Harbour wall gives way  because";
        check(row, None, whole);
        check(row, Some(50), whole);
    }

    #[test]
    fn words_are_cut_and_spare_columns_left_out_but_ids_stay() {
        let row = ["an-id", "2026-11-23", "Harbour wall gives way", "because"];
        check(
            row,
            Some(40),
            "ID     DATE        TITLE         WHY\nan-id  2026-11-23  Harbour wal…  because",
        );
        check(row, Some(24), "ID     TITLE      WHY\nan-id  Harbour …  becau…");
        check(row, Some(14), "ID     TITLE\nan-id  Harbou…");
        check(row, Some(10), "ID     TI…\nan-id  Ha…");
        check(row, Some(9), "ID\nan-id");
        check(row, Some(3), "ID\nan-id");
    }

    #[test]
    fn wide_characters_take_two_places_and_control_characters_none() {
        let row = ["an-id", "2026-11-23", "東京で大きな地震がありました", "\u{1b}[2J\n"];
        check(row, Some(22), "ID     TITLE     WHY\nan-id  東京で…   ␛[2J");
    }
}
