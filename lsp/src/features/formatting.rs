//! `textDocument/formatting`

use claw_compiler::ide;
use tower_lsp::lsp_types::{Position, Range, TextEdit};

use crate::snapshot::Snapshot;

/// None where the file can't be formatted: the editor shows the errors already.
pub fn formatting(snapshot: &Snapshot) -> Option<Vec<TextEdit>> {
    let edits = ide::formatting::formatting(snapshot.analysis(), snapshot.file()).ok()?;
    Some(snapshot.edits(edits))
}

/// The declarations that touch a range.
pub fn range_formatting(snapshot: &Snapshot, range: Range) -> Option<Vec<TextEdit>> {
    let span = snapshot.span(range);
    let edits = ide::formatting::range_formatting(snapshot.analysis(), snapshot.file(), span).ok()?;
    Some(snapshot.edits(edits))
}

/// The declaration that the typed `}` ends.
pub fn on_type_formatting(snapshot: &Snapshot, at: Position) -> Option<Vec<TextEdit>> {
    let offset = snapshot.offset(at);
    let edits = ide::formatting::on_type_formatting(snapshot.analysis(), snapshot.file(), offset).ok()?;
    Some(snapshot.edits(edits))
}
