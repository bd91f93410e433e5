//! `textDocument/signatureHelp`

use claw_compiler::ide;
use tower_lsp::lsp_types::{
    Documentation, MarkupContent, MarkupKind, ParameterInformation, ParameterLabel, Position, SignatureHelp,
    SignatureInformation,
};

use crate::snapshot::Snapshot;

pub fn signature_help(snapshot: &Snapshot, at: Position) -> Option<SignatureHelp> {
    let found = ide::signature_help::signature_help(snapshot.analysis(), snapshot.file(), snapshot.offset(at))?;
    let active = found.active.and_then(|at| u32::try_from(at).ok());
    let parameter = |text| ParameterInformation { label: ParameterLabel::Simple(text), documentation: None };
    let markup = |value| Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value });
    let signature = SignatureInformation {
        label: found.label,
        documentation: Some(found.doc).filter(|doc| !doc.is_empty()).map(markup),
        parameters: Some(found.params.into_iter().map(parameter).collect()),
        active_parameter: active,
    };
    Some(SignatureHelp { signatures: vec![signature], active_signature: Some(0), active_parameter: active })
}
