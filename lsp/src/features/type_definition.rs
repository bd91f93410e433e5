//! `textDocument/typeDefinition`

use claw_compiler::ide;
use tower_lsp::lsp_types::{GotoDefinitionResponse, Position};

use crate::snapshot::Snapshot;

pub fn type_definition(snapshot: &Snapshot, at: Position) -> Option<GotoDefinitionResponse> {
    let found = ide::type_definition::type_definition(snapshot.analysis(), snapshot.file(), snapshot.offset(at))?;
    snapshot.location(&snapshot.analysis().sources, found).map(GotoDefinitionResponse::Scalar)
}
