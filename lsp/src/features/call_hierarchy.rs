//! `textDocument/prepareCallHierarchy`, `callHierarchy/incomingCalls`, `callHierarchy/outgoingCalls`

use claw_compiler::Analysis;
use claw_compiler::ide::call_hierarchy::{self as ide, Call, CallItem};
use tower_lsp::lsp_types::{
    CallHierarchyIncomingCall, CallHierarchyItem, CallHierarchyOutgoingCall, Position, Range, SymbolKind,
};

use crate::snapshot::Snapshot;

pub fn prepare(snapshot: &Snapshot, at: Position) -> Option<Vec<CallHierarchyItem>> {
    let found = ide::prepare(snapshot.analysis(), snapshot.file(), snapshot.offset(at))?;
    Some(vec![item(snapshot, snapshot.analysis(), &found)?])
}

/// Who uses it, in every policy that the document is part of.
pub fn incoming(snapshot: &Snapshot, at: Position) -> Vec<CallHierarchyIncomingCall> {
    let offset = snapshot.offset(at);
    let mut found: Vec<CallHierarchyIncomingCall> = Vec::new();
    for view in &snapshot.views {
        for call in ide::incoming(&view.analysis, view.file, offset) {
            let Some(from) = item(snapshot, &view.analysis, &call.item) else { continue };
            if !found.iter().any(|known| known.from == from) {
                let from_ranges = places(snapshot, &view.analysis, &call, call.item.whole.file);
                found.push(CallHierarchyIncomingCall { from, from_ranges });
            }
        }
    }
    found
}

/// What it uses.
pub fn outgoing(snapshot: &Snapshot, at: Position) -> Vec<CallHierarchyOutgoingCall> {
    let analysis = snapshot.analysis();
    let calls = ide::outgoing(analysis, snapshot.file(), snapshot.offset(at));
    let of = |call: Call| {
        let from_ranges = places(snapshot, analysis, &call, snapshot.file());
        Some(CallHierarchyOutgoingCall { to: item(snapshot, analysis, &call.item)?, from_ranges })
    };
    calls.into_iter().filter_map(of).collect()
}

fn places(snapshot: &Snapshot, analysis: &Analysis, call: &Call, file: claw_compiler::hir::FileId) -> Vec<Range> {
    let range =
        |span: &claw_syntax::Span| snapshot.range_in(&analysis.sources, claw_compiler::hir::Loc { file, span: *span });
    call.places.iter().map(range).collect()
}

fn item(snapshot: &Snapshot, analysis: &Analysis, item: &CallItem) -> Option<CallHierarchyItem> {
    let selection = snapshot.location(&analysis.sources, item.selection)?;
    Some(CallHierarchyItem {
        name: item.name.clone(),
        kind: match item.detail {
            "predicate" | "extern" => SymbolKind::FUNCTION,
            "scope" | "grant" => SymbolKind::NAMESPACE,
            "test" => SymbolKind::EVENT,
            _ => SymbolKind::CLASS,
        },
        tags: None,
        detail: Some(item.detail.to_owned()),
        uri: selection.uri,
        range: snapshot.range_in(&analysis.sources, item.whole),
        selection_range: selection.range,
        data: None,
    })
}
