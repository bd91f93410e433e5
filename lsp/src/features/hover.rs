//! `textDocument/hover`

use claw_compiler::ide;
use tower_lsp::lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};

use crate::snapshot::Snapshot;

pub fn hover(snapshot: &Snapshot, at: Position) -> Option<Hover> {
    let found = ide::hover::hover(snapshot.analysis(), snapshot.file(), snapshot.offset(at))?;
    let markup = MarkupContent { kind: MarkupKind::Markdown, value: found.markdown() };
    Some(Hover { contents: HoverContents::Markup(markup), range: Some(snapshot.range(found.loc.span)) })
}
