//! Tables of who can do what where, for people, for documents and for programs.

use claw_compiler::proof::query::{Cell, Reach, Table};

use crate::output::Paint;
use crate::render::text::visible;

/// How cells are reached, each said once and numbered.
struct Notes<'s> {
    texts: Vec<String>,
    show: &'s dyn Fn(&str) -> String,
}

impl Notes<'_> {
    /// The number of a cell's note, from 1.
    fn number(&mut self, cell: &Cell) -> Option<usize> {
        let text = self.text(cell)?;
        let at = self.texts.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.texts.push(text);
            self.texts.len() - 1
        });
        Some(at + 1)
    }

    fn text(&self, cell: &Cell) -> Option<String> {
        let open = format!("can't be told, because of {}", cell.because.join(", "));
        let how = match (&cell.how, cell.reach) {
            (None, Reach::Unknown) => return Some(open),
            (how, _) => how.as_ref()?,
        };
        let mut parts: Vec<String> = how
            .grants
            .iter()
            .map(|grant| format!("by {} ({}:{}:{})", grant.clause, (self.show)(&grant.file), grant.line, grant.column))
            .collect();
        let conditions: Vec<String> = how.conditions.iter().map(|condition| format!("`{condition}`")).collect();
        if !conditions.is_empty() {
            parts.push(format!("if {}", conditions.join(" and ")));
        }
        let reached = visible(&parts.join(", "));
        match cell.reach {
            Reach::Unknown => {
                let approvals = cell.approvals.join(" + ");
                Some(format!("{open}; some calls need no more than {}: {reached}", visible(&approvals)))
            }
            _ => Some(reached),
        }
    }
}

fn text(cell: &Cell, notes: &mut Notes<'_>) -> String {
    let star = if cell.always { "" } else { "*" };
    let number = notes.number(cell).map(|number| format!(" [{number}]")).unwrap_or_default();
    match cell.reach {
        Reach::Allow => format!("allow{star}{number}"),
        Reach::Approval => format!("needs {}{star}{number}", cell.approvals.join(" + ")),
        Reach::Deny => "—".to_owned(),
        Reach::Unknown => format!("?{number}"),
    }
}

fn lines(table: &Table, notes: &mut Notes<'_>) -> Vec<Vec<String>> {
    let mut head = vec!["tool".to_owned(), "role".to_owned()];
    head.extend(table.environments.iter().cloned());
    let mut lines = vec![head];
    for row in &table.rows {
        let mut line = vec![row.tool.clone(), row.role.clone()];
        line.extend(row.cells.iter().map(|cell| text(cell, notes)));
        lines.push(line);
    }
    lines
}

fn rest(left_out: usize) -> Option<String> {
    (left_out > 0).then(|| {
        let rows = if left_out == 1 { "1 row is" } else { &format!("{left_out} rows are") };
        format!("{rows} left out, in which there is nothing of the kind")
    })
}

/// The table with its notes. `show` turns a file of the policy into a path that the user can open.
pub fn human(table: &Table, left_out: usize, show: &dyn Fn(&str) -> String, paint: Paint) -> String {
    let mut notes = Notes { texts: Vec::new(), show };
    let lines = lines(table, &mut notes);
    let columns = lines.first().map_or(0, Vec::len);
    let width = |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|text| text.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
    let mut text = String::new();
    if table.rows.is_empty() {
        text.push_str("nobody\n");
    } else {
        for (number, line) in lines.iter().enumerate() {
            let cells = line.iter().zip(&widths).map(|(cell, width)| {
                let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
                let painted = match cell.as_str() {
                    _ if number == 0 => paint.bold(cell),
                    cell if cell.starts_with("allow") => paint.green(cell),
                    cell if cell.starts_with("needs") || cell.starts_with('?') => paint.yellow(cell),
                    "—" => paint.dim(cell),
                    cell => cell.to_owned(),
                };
                format!("{painted}{padding}")
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            text.push_str(&format!("{}\n", line.trim_end()));
        }
    }
    if !notes.texts.is_empty() {
        text.push('\n');
    }
    for (number, note) in notes.texts.iter().enumerate() {
        text.push_str(&format!("[{}] {note}\n", number + 1));
    }
    text.push_str(&rest(left_out).map(|rest| format!("{}\n", paint.dim(&rest))).unwrap_or_default());
    text
}

/// The same for a document.
pub fn markdown(table: &Table, left_out: usize, show: &dyn Fn(&str) -> String) -> String {
    let mut notes = Notes { texts: Vec::new(), show };
    let lines = lines(table, &mut notes);
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let cells: Vec<String> = line.iter().map(|cell| cell.replace('|', "\\|").replace('*', "\\*")).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
        if number == 0 {
            text.push_str(&format!("|{}\n", " --- |".repeat(line.len())));
        }
    }
    for (number, note) in notes.texts.iter().enumerate() {
        let gap = if number == 0 { "\n" } else { "" };
        text.push_str(&format!("{gap}- [{}] {note}\n", number + 1));
    }
    text.push_str(&rest(left_out).map(|rest| format!("\n{rest}\n")).unwrap_or_default());
    text
}

/// The same as data.
pub fn json(table: &Table) -> String {
    serde_json::to_string(table).unwrap_or_default()
}
