//! `textDocument/formatting`

use claw_compiler::ide;
use tower_lsp::lsp_types::TextEdit;

use crate::snapshot::Snapshot;

/// None where the file can't be formatted: the editor shows the errors already.
pub fn formatting(snapshot: &Snapshot) -> Option<Vec<TextEdit>> {
    let edits = ide::formatting::formatting(snapshot.analysis(), snapshot.file()).ok()?;
    Some(snapshot.edits(edits))
}
