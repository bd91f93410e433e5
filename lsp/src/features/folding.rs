//! `textDocument/foldingRange`

use claw_compiler::ide::folding::{self as ide, FoldKind};
use tower_lsp::lsp_types::{FoldingRange, FoldingRangeKind};

use crate::snapshot::Snapshot;

pub fn folding(snapshot: &Snapshot) -> Vec<FoldingRange> {
    let folds = ide::folding(snapshot.analysis(), snapshot.file());
    folds.into_iter().map(|fold| of_fold(snapshot, fold)).collect()
}

fn of_fold(snapshot: &Snapshot, fold: ide::Fold) -> FoldingRange {
    let range = snapshot.range(fold.span);
    FoldingRange {
        start_line: range.start.line,
        start_character: None,
        end_line: range.end.line,
        end_character: None,
        kind: Some(match fold.kind {
            FoldKind::Region => FoldingRangeKind::Region,
            FoldKind::Comment => FoldingRangeKind::Comment,
            FoldKind::Imports => FoldingRangeKind::Imports,
        }),
        collapsed_text: None,
    }
}
