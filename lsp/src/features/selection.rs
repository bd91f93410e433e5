//! `textDocument/selectionRange`

use claw_compiler::ide;
use tower_lsp::lsp_types::{Position, Range, SelectionRange};

use crate::snapshot::Snapshot;

/// One answer for each position.
pub fn selection(snapshot: &Snapshot, positions: &[Position]) -> Vec<SelectionRange> {
    positions.iter().map(|at| around(snapshot, *at)).collect()
}

fn around(snapshot: &Snapshot, at: Position) -> SelectionRange {
    let spans = ide::selection::selection(snapshot.analysis(), snapshot.file(), snapshot.offset(at));
    let ranges = spans.into_iter().rev().map(|span| snapshot.range(span));
    let whole = SelectionRange { range: Range::new(at, at), parent: None };
    let grow = |parent: Option<SelectionRange>, range| Some(SelectionRange { range, parent: parent.map(Box::new) });
    ranges.fold(None, grow).unwrap_or(whole)
}
