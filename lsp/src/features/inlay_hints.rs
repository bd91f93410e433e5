//! `textDocument/inlayHint`

use claw_compiler::ide;
use claw_syntax::Span;
use tower_lsp::lsp_types::{
    InlayHint, InlayHintKind, InlayHintLabel, InlayHintTooltip, MarkupContent, MarkupKind, Range,
};

use crate::snapshot::Snapshot;

pub fn inlay_hints(snapshot: &Snapshot, range: Range) -> Vec<InlayHint> {
    let found = ide::inlay_hints::inlay_hints(snapshot.analysis(), snapshot.file(), snapshot.span(range));
    let markup = |value| InlayHintTooltip::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value });
    let shown = |hint: ide::inlay_hints::InlayHint| InlayHint {
        position: snapshot.range(Span::at(hint.offset)).start,
        label: InlayHintLabel::String(hint.text),
        kind: hint.is_type.then_some(InlayHintKind::TYPE),
        text_edits: None,
        tooltip: Some(hint.doc).filter(|doc| !doc.is_empty()).map(markup),
        padding_left: Some(!hint.is_type),
        padding_right: None,
        data: None,
    };
    found.into_iter().map(shown).collect()
}
