//! `textDocument/references`

use claw_compiler::ide;
use tower_lsp::lsp_types::{Location, Position};

use crate::snapshot::Snapshot;

/// In every policy that the document is part of.
pub fn references(snapshot: &Snapshot, at: Position, with_declaration: bool) -> Vec<Location> {
    let offset = snapshot.offset(at);
    let mut found: Vec<Location> = Vec::new();
    for view in &snapshot.views {
        let references = ide::references::references(&view.analysis, view.file, offset, with_declaration);
        for location in references.iter().filter_map(|r| snapshot.location(&view.analysis.sources, r.loc)) {
            if !found.contains(&location) {
                found.push(location);
            }
        }
    }
    found
}
