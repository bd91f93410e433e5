//! Draws one cluster: its questions from top to bottom, what they lead to at their right.

use super::super::flow::{onward, onward_seen};
use super::super::words::{columns, wrap};
use super::super::{Cell, Cluster, Exit, Line, LineKind, Outcome, Seen, Stage, Step, Table};
use super::pen::{Area, Pen, strong};

pub const WIDTH: u32 = 2 * PAD + INNER;

const PAD: u32 = 16;
const INNER: u32 = STEP + WAY + EXIT;
/// Width of a question, of the way to its effect, of the effect.
const STEP: u32 = 400;
const WAY: u32 = 92;
const EXIT: u32 = 250;
/// Between rows.
const DOWN: u32 = 34;
/// Where the way down runs.
const SPINE: u32 = PAD + 40;
const LINE: u32 = 16;
/// Columns of the texts.
const STEP_COLUMNS: usize = 51;
const EXIT_COLUMNS: usize = 29;
const HEAD_COLUMNS: usize = 84;
/// Lines that one text may take.
const LINES: usize = 4;
/// A character's width, in hundredths.
const CHAR: u32 = 723;

/// A cluster, drawn at the origin.
#[derive(Debug)]
pub struct Card {
    pub body: String,
    pub height: u32,
}

pub fn draw(cluster: &Cluster) -> Card {
    let mut pen = Pen::default();
    let mut y = head(&mut pen, cluster);
    // What leads to the next row: from where, with which label.
    let mut before: Option<&Step> = None;
    for step in &cluster.steps {
        down(&mut pen, y, before, step.seen);
        y = row(&mut pen, y + DOWN, step);
        before = Some(step);
    }
    down(&mut pen, y, before, cluster.end);
    y += DOWN;
    let text = cluster.end_words();
    let area = (PAD, y, (columns(text) as u32 * CHAR).div_ceil(100) + 56, 30);
    pen.open(cluster.end.faint(), "");
    if cluster.shared {
        pen.rect(area, "box", 15);
    } else {
        pen.outcome(area, Outcome::Allow, strong(cluster.end).trim_start());
    }
    pen.middle(area.0 + area.2 / 2, y + 19, "title", text);
    pen.close();
    let height = y + 30 + PAD;
    let mut frame = Pen::default();
    let frame_style = "fill=\"#f8fafc\" stroke=\"#cbd5e1\"";
    frame.out = format!("<rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\" {frame_style}/>\n");
    Card { body: frame.out + &pen.out, height }
}

fn head(pen: &mut Pen, cluster: &Cluster) -> u32 {
    let mut y = 26;
    let tools = wrap(&cluster.title(), HEAD_COLUMNS - 14, 3);
    for line in tools {
        pen.text(PAD, y, "tool", &line);
        y += 18;
    }
    if !cluster.signature.is_empty() {
        for line in wrap(&format!("({})", cluster.signature), HEAD_COLUMNS + 14, 2) {
            pen.text(PAD, y, "code", &line);
            y += LINE;
        }
    }
    for note in &cluster.notes {
        pen.text(PAD, y, "note", note);
        y += LINE;
    }
    y - 8
}

/// The way from the row that ends at `y` to the next one, and what it is labelled with.
fn down(pen: &mut Pen, y: u32, before: Option<&Step>, next: Seen) {
    let way = [(SPINE, y), (SPINE, y + DOWN)];
    let Some(step) = before else { return pen.way(&way, false, true, next) };
    if onward(step) {
        pen.way(&way, false, true, onward_seen(step, next));
        pen.text(SPINE + 8, y + 12, "edge", step.onward);
    }
}

/// A step with its exit; says where the row ends.
fn row(pen: &mut Pen, y: u32, step: &Step) -> u32 {
    let lines = lines(step);
    let title = wrap(&step.title, STEP_COLUMNS, 2);
    let height = 24 + LINE * (title.len() + lines.len()) as u32 + 8;
    if let Some(table) = &step.table {
        return matrix(pen, y, step, table);
    }
    let effects = step.exit.as_ref().map(effects).unwrap_or_default();
    let exit_height = if effects.is_empty() { 0 } else { (18 + 15 * effects.len() as u32).max(34) };
    let row = height.max(exit_height);
    let (step_y, exit_y) = (y, y + (row - exit_height) / 2);
    if let Some(exit) = &step.exit {
        leave(pen, step, exit, &effects, (exit_y, exit_height), y + row);
    }
    // A row as high as its exit has a question as high, so that the way down begins at its end.
    question(pen, (PAD, step_y, STEP, row), step);
    for (line, at) in title.iter().zip(0..) {
        pen.text(PAD + 14, step_y + 32 + LINE * at, "title", line);
    }
    let top = step_y + 32 + LINE * title.len() as u32;
    for ((class, indent, text), at) in lines.iter().zip(0..) {
        pen.clause(PAD + 14 + indent, top + LINE * at, class, text);
    }
    pen.close();
    y + row
}

/// Opens a group with a step's box and caption.
fn question(pen: &mut Pen, area: Area, step: &Step) {
    let hint: Vec<&str> = step.clause.iter().map(String::as_str).chain([step.doc.as_str()]).collect();
    pen.open(step.seen.faint(), hint.join("\n").trim());
    let dashed = if step.shadow { " shadow" } else { "" };
    pen.rect(area, &format!("box{dashed}{}", strong(step.seen)), 4);
    pen.text(area.0 + 14, area.1 + 16, "stage", &step.stage.word().to_uppercase());
}

/// The lines of a step: class, indent, text.
fn lines(step: &Step) -> Vec<(&'static str, u32, String)> {
    let mut out = Vec::new();
    for line in &step.lines {
        let (class, indent, text) = line_text(step.stage, line);
        let room = STEP_COLUMNS - (indent * 100 / CHAR) as usize;
        out.extend(wrap(&text, room, LINES).into_iter().map(|text| (class, indent, text)));
    }
    out
}

fn line_text(stage: Stage, line: &Line) -> (&'static str, u32, String) {
    // Under its clause, where there are several.
    let under = if matches!(stage, Stage::Grant | Stage::Tier) { 22 } else { 0 };
    match (line.kind, line.seen) {
        (LineKind::Clause, Seen::Untold | Seen::Unreached) => ("code", 0, format!("• {}", line.text)),
        (LineKind::Clause, Seen::Taken) => ("value", 0, format!("✓ {}", line.text)),
        (LineKind::Clause, Seen::Passed) => ("code", 0, format!("✗ {}", line.text)),
        (LineKind::Condition, _) => ("code", under, line.text.clone()),
        (LineKind::Value, _) => ("value", 0, format!("→ {}", line.text)),
    }
}

fn effects(exit: &Exit) -> Vec<String> {
    exit.effects.iter().flat_map(|effect| wrap(&effect.text, EXIT_COLUMNS, LINES)).collect()
}

/// The way to an exit, the exit, and the way back where it only collects something.
fn leave(pen: &mut Pen, step: &Step, exit: &Exit, lines: &[String], (y, height): (u32, u32), end: u32) {
    let x = PAD + STEP + WAY;
    let middle = y + height / 2;
    pen.way(&[(PAD + STEP, middle), (x, middle)], false, true, exit.seen);
    pen.middle(PAD + STEP + WAY / 2 - 3, middle - 5, "edge", exit.label);
    if !exit.ends() && !step.shadow {
        let turn = end + 20;
        let back = [(x + EXIT / 2, y + height), (x + EXIT / 2, turn), (SPINE, turn), (SPINE, end + DOWN)];
        // Where another way leads down there, it ends at that.
        let joins = onward(step);
        pen.way(&back[..if joins { 3 } else { 4 }], true, !joins, exit.seen);
    }
    pen.open(exit.seen.faint(), "");
    let dashed = if step.shadow { "shadow" } else { "" };
    pen.outcome((x, y, EXIT, height), exit.outcome(), &format!("{dashed}{}", strong(exit.seen)));
    let top = middle + 4 - 15 * (lines.len() as u32 - 1) / 2;
    for (line, at) in lines.iter().zip(0..) {
        pen.clause(x + 18, top + 15 * at, "code", line);
    }
    pen.close();
}

/// The matrix as a table, over the whole width.
fn matrix(pen: &mut Pen, y: u32, step: &Step, table: &Table) -> u32 {
    let tier_columns = table.rows.iter().map(|row| columns(&row.tier)).max().unwrap_or(0) as u32;
    let left = 28 + (tier_columns * CHAR).div_ceil(100).min(INNER / 3);
    let width = (INNER - left - 8) / (table.columns.len() as u32).max(1);
    let room = ((width.saturating_sub(36)) * 100 / CHAR).max(3) as usize;
    let heads: Vec<Vec<String>> = table.columns.iter().map(|names| wrap(&names.join(", "), room + 3, 2)).collect();
    let cell_lines = |cell: &Cell| wrap(&cell.text, room, 3);
    let row_heights: Vec<u32> = table
        .rows
        .iter()
        .map(|row| row.cells.iter().map(|c| cell_lines(c).len() as u32).max().unwrap_or(1) * 14 + 14)
        .collect();
    let head_height = heads.iter().map(Vec::len).max().unwrap_or(1) as u32 * 14;
    let height = 26 + head_height + row_heights.iter().map(|h| h + 6).sum::<u32>() + 4;
    question(pen, (PAD, y, INNER, height), step);
    for (head, at) in heads.iter().zip(0..) {
        for (line, n) in head.iter().zip(0..) {
            pen.middle(PAD + left + width * at + width / 2, y + 24 + 14 * n, "title", line);
        }
    }
    let mut top = y + 26 + head_height;
    for (row, row_height) in table.rows.iter().zip(&row_heights) {
        pen.text(PAD + 14, top + row_height / 2 + 4, "title", &wrap(&row.tier, 24, 1).concat());
        for (cell, at) in row.cells.iter().zip(0..) {
            let area = (PAD + left + width * at + 4, top, width - 8, *row_height);
            // What is in a faint box is faint already.
            pen.open(cell.seen.faint() && !step.seen.faint(), "");
            pen.outcome(area, cell.outcome, strong(cell.seen).trim_start());
            let lines = cell_lines(cell);
            let first = top + row_height / 2 + 4 - 7 * (lines.len() as u32 - 1);
            for (line, n) in lines.iter().zip(0..) {
                pen.middle(area.0 + area.2 / 2, first + 14 * n, "code", line.trim_start());
            }
            pen.close();
        }
        top += row_height + 6;
    }
    pen.close();
    y + height
}
