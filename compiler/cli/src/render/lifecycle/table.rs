//! Columns of text.

use crate::render::text::visible;

/// Rows with their columns aligned, two blanks between them; the first row may be a heading.
pub fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| visible(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count()))));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The first `top` of some rows, under their heading; none where there are no rows.
pub fn headed(heading: &[&str], rows: impl Iterator<Item = Vec<String>>, top: usize) -> String {
    let rows: Vec<Vec<String>> = rows.take(top).collect();
    if rows.is_empty() {
        return String::new();
    }
    let heading = heading.iter().map(|cell| (*cell).to_owned()).collect();
    table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}
