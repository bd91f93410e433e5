//! `textDocument/prepareRename` and `textDocument/rename`

use claw_compiler::ide;
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::lsp_types::{Position, PrepareRenameResponse, WorkspaceEdit};

use crate::snapshot::Snapshot;

pub fn prepare(snapshot: &Snapshot, at: Position) -> Result<Option<PrepareRenameResponse>> {
    let found = ide::rename::prepare(snapshot.analysis(), snapshot.file(), snapshot.offset(at)).map_err(refused)?;
    Ok(Some(PrepareRenameResponse::Range(snapshot.range(found.span))))
}

/// In every policy that the document is part of; each must agree.
pub fn rename(snapshot: &Snapshot, at: Position, to: &str) -> Result<Option<WorkspaceEdit>> {
    let offset = snapshot.offset(at);
    let mut whole = WorkspaceEdit { changes: Some(std::collections::HashMap::new()), ..WorkspaceEdit::default() };
    for view in &snapshot.views {
        let edits = ide::rename::rename(&view.analysis, view.file, offset, to).map_err(refused)?;
        let part = snapshot.workspace_edit(&view.analysis.sources, &edits);
        for (uri, edits) in part.changes.unwrap_or_default() {
            let known = whole.changes.get_or_insert_default().entry(uri).or_default();
            edits.into_iter().for_each(|edit| {
                if !known.contains(&edit) {
                    known.push(edit);
                }
            });
        }
    }
    Ok(Some(whole))
}

/// What the editor shows instead of renaming.
fn refused(why: String) -> Error {
    Error { code: ErrorCode::InvalidParams, message: why.into(), data: None }
}
