//! `textDocument/documentHighlight`

use claw_compiler::ide;
use tower_lsp::lsp_types::{DocumentHighlight, DocumentHighlightKind, Position};

use crate::snapshot::Snapshot;

pub fn highlight(snapshot: &Snapshot, at: Position) -> Vec<DocumentHighlight> {
    let found = ide::highlight::highlight(snapshot.analysis(), snapshot.file(), snapshot.offset(at));
    let of = |reference: claw_compiler::analysis::Reference| DocumentHighlight {
        range: snapshot.range(reference.loc.span),
        kind: Some(if reference.is_declaration { DocumentHighlightKind::WRITE } else { DocumentHighlightKind::READ }),
    };
    found.into_iter().map(of).collect()
}
