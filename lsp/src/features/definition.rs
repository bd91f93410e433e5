//! `textDocument/definition`

use claw_compiler::ide;
use tower_lsp::lsp_types::{GotoDefinitionResponse, LocationLink, Position};

use crate::snapshot::Snapshot;

pub fn definition(snapshot: &Snapshot, at: Position) -> Option<GotoDefinitionResponse> {
    let found = ide::definition::definition(snapshot.analysis(), snapshot.file(), snapshot.offset(at))?;
    let sources = &snapshot.analysis().sources;
    let target = snapshot.location(sources, found.target)?;
    let takes_links = (|| snapshot.settings.client.text_document.as_ref()?.definition.as_ref()?.link_support)();
    if takes_links != Some(true) {
        return Some(GotoDefinitionResponse::Scalar(target));
    }
    Some(GotoDefinitionResponse::Link(vec![LocationLink {
        origin_selection_range: Some(snapshot.range(found.origin.span)),
        target_uri: target.uri,
        target_range: snapshot.range_in(sources, found.whole),
        target_selection_range: target.range,
    }]))
}
