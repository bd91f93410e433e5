//! `textDocument/codeAction`

use claw_compiler::ide::code_actions::{self as ide, Action, ActionKind};
use tower_lsp::lsp_types::{CodeAction, CodeActionKind, CodeActionOrCommand, Range};

use crate::map;
use crate::snapshot::Snapshot;

/// The kinds that are offered.
pub fn kinds() -> Vec<CodeActionKind> {
    vec![CodeActionKind::QUICKFIX, CodeActionKind::SOURCE_FIX_ALL]
}

/// Of these kinds only, where the editor asks for some.
pub fn code_actions(snapshot: &Snapshot, range: Range, only: Option<&[CodeActionKind]>) -> Vec<CodeActionOrCommand> {
    let actions = ide::code_actions(snapshot.analysis(), snapshot.file(), snapshot.span(range));
    let wanted = |kind: &CodeActionKind| {
        let within = |only: &CodeActionKind| {
            kind == only || kind.as_str().strip_prefix(only.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        only.is_none_or(|only| only.iter().any(within))
    };
    actions
        .iter()
        .map(|action| shown(snapshot, action))
        .filter(|a| a.kind.as_ref().is_some_and(wanted))
        .map(Into::into)
        .collect()
}

fn shown(snapshot: &Snapshot, action: &Action) -> CodeAction {
    let analysis = snapshot.analysis();
    let finding = action.mends.and_then(|at| analysis.diagnostics.get(at));
    CodeAction {
        title: action.title.clone(),
        kind: Some(match action.kind {
            ActionKind::QuickFix => CodeActionKind::QUICKFIX,
            ActionKind::FixAll => CodeActionKind::SOURCE_FIX_ALL,
        }),
        diagnostics: finding.map(|finding| {
            vec![map::diagnostic(finding, &analysis.sources, &snapshot.settings, &|path| snapshot.address(path))]
        }),
        edit: Some(snapshot.workspace_edit(&analysis.sources, &action.edits)),
        is_preferred: action.preferred.then_some(true),
        ..CodeAction::default()
    }
}
