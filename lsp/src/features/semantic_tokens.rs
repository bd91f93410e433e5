//! `textDocument/semanticTokens`: full, of a range, and what changed since the last answer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use claw_compiler::ide::tokens::{self as ide, SemanticKind};
use tower_lsp::lsp_types::{
    Range, SemanticToken, SemanticTokenModifier, SemanticTokenType, SemanticTokens, SemanticTokensDelta,
    SemanticTokensEdit, SemanticTokensFullDeltaResult, SemanticTokensFullOptions, SemanticTokensLegend,
    SemanticTokensOptions, Url,
};

use crate::snapshot::Snapshot;

/// What was answered last for each document, by which the next answer may be said as a difference.
#[derive(Debug, Default)]
pub struct LastTokens(Mutex<HashMap<Url, SemanticTokens>>);

impl LastTokens {
    fn swap(&self, uri: &Url, tokens: &SemanticTokens) -> Option<SemanticTokens> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(uri.clone(), tokens.clone())
    }

    /// Forgets a document that was closed.
    pub fn forget(&self, uri: &Url) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uri);
    }
}

/// What the numbers in the answers mean.
pub fn options() -> SemanticTokensOptions {
    SemanticTokensOptions {
        legend: SemanticTokensLegend {
            token_types: SemanticKind::ALL.map(name).to_vec(),
            token_modifiers: vec![
                SemanticTokenModifier::DECLARATION,
                SemanticTokenModifier::READONLY,
                SemanticTokenModifier::DOCUMENTATION,
                SemanticTokenModifier::DEFAULT_LIBRARY,
            ],
        },
        range: Some(true),
        full: Some(SemanticTokensFullOptions::Delta { delta: Some(true) }),
        ..SemanticTokensOptions::default()
    }
}

fn name(kind: SemanticKind) -> SemanticTokenType {
    match kind {
        SemanticKind::Comment => SemanticTokenType::COMMENT,
        SemanticKind::Keyword => SemanticTokenType::KEYWORD,
        SemanticKind::Operator => SemanticTokenType::OPERATOR,
        SemanticKind::String => SemanticTokenType::STRING,
        SemanticKind::Number => SemanticTokenType::NUMBER,
        SemanticKind::Decorator => SemanticTokenType::DECORATOR,
        SemanticKind::Namespace => SemanticTokenType::NAMESPACE,
        SemanticKind::Type => SemanticTokenType::TYPE,
        SemanticKind::Enum => SemanticTokenType::ENUM,
        SemanticKind::EnumMember => SemanticTokenType::ENUM_MEMBER,
        SemanticKind::Struct => SemanticTokenType::STRUCT,
        SemanticKind::Property => SemanticTokenType::PROPERTY,
        SemanticKind::Parameter => SemanticTokenType::PARAMETER,
        SemanticKind::Variable => SemanticTokenType::VARIABLE,
        SemanticKind::Function => SemanticTokenType::FUNCTION,
        SemanticKind::Method => SemanticTokenType::METHOD,
        SemanticKind::Event => SemanticTokenType::EVENT,
        SemanticKind::Class => SemanticTokenType::CLASS,
    }
}

/// All tokens of the document.
pub fn full(snapshot: &Snapshot, last: &LastTokens) -> SemanticTokens {
    let tokens = numbered(encode(snapshot, None));
    last.swap(&snapshot.uri, &tokens);
    tokens
}

/// The tokens that touch a range.
pub fn in_range(snapshot: &Snapshot, range: Range) -> SemanticTokens {
    SemanticTokens { result_id: None, data: encode(snapshot, Some(range)) }
}

/// The difference to the answer that `previous` names; all of them if that is not the last one.
pub fn delta(snapshot: &Snapshot, last: &LastTokens, previous: &str) -> SemanticTokensFullDeltaResult {
    let tokens = numbered(encode(snapshot, None));
    match last.swap(&snapshot.uri, &tokens) {
        Some(before) if before.result_id.as_deref() == Some(previous) => {
            SemanticTokensFullDeltaResult::TokensDelta(SemanticTokensDelta {
                result_id: tokens.result_id,
                edits: difference(&before.data, &tokens.data).into_iter().collect(),
            })
        }
        _ => SemanticTokensFullDeltaResult::Tokens(tokens),
    }
}

/// One edit, between the common start and the common end. Its places count numbers, five for each token.
fn difference(before: &[SemanticToken], after: &[SemanticToken]) -> Option<SemanticTokensEdit> {
    let same = |(a, b): &(&SemanticToken, &SemanticToken)| a == b;
    let start = before.iter().zip(after).take_while(same).count();
    let (before, after) = (before.get(start..)?, after.get(start..)?);
    let end = before.iter().rev().zip(after.iter().rev()).take_while(same).count();
    let (gone, new) = (before.len() - end, after.get(..after.len() - end)?);
    (gone > 0 || !new.is_empty()).then(|| SemanticTokensEdit {
        start: 5 * start as u32,
        delete_count: 5 * gone as u32,
        data: (!new.is_empty()).then(|| new.to_vec()),
    })
}

/// The result is named by what it says, so that a name never means two answers.
fn numbered(data: Vec<SemanticToken>) -> SemanticTokens {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    for t in &data {
        (t.delta_line, t.delta_start, t.length, t.token_type, t.token_modifiers_bitset).hash(&mut hasher);
    }
    SemanticTokens { result_id: Some(format!("{:016x}", hasher.finish())), data }
}

/// Each token relative to the one before it.
fn encode(snapshot: &Snapshot, within: Option<Range>) -> Vec<SemanticToken> {
    let (mut line, mut start) = (0, 0);
    let mut out = Vec::new();
    for token in ide::tokens(snapshot.analysis(), snapshot.file()) {
        let range = snapshot.range(token.span);
        if within.is_some_and(|within| range.end <= within.start || range.start >= within.end) {
            continue;
        }
        let delta_line = range.start.line - line;
        let delta_start = if delta_line == 0 { range.start.character - start } else { range.start.character };
        (line, start) = (range.start.line, range.start.character);
        out.push(SemanticToken {
            delta_line,
            delta_start,
            length: range.end.character - range.start.character,
            token_type: SemanticKind::ALL.iter().position(|kind| *kind == token.kind).unwrap_or(0) as u32,
            token_modifiers_bitset: u32::from(token.declaration)
                | u32::from(token.readonly) << 1
                | u32::from(token.documentation) << 2
                | u32::from(token.library) << 3,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(n: u32) -> SemanticToken {
        SemanticToken { delta_line: n, delta_start: 0, length: 1, token_type: 0, token_modifiers_bitset: 0 }
    }

    #[test]
    fn a_difference_applies() {
        let lists: [&[u32]; 6] = [&[], &[1], &[1, 2, 3], &[1, 3], &[1, 2, 2, 3], &[4, 2, 3]];
        for before in lists {
            for after in lists {
                let of = |list: &[u32]| list.iter().map(|n| token(*n)).collect::<Vec<_>>();
                let mut applied = of(before);
                if let Some(edit) = difference(&of(before), &of(after)) {
                    let start = edit.start as usize / 5;
                    let end = start + edit.delete_count as usize / 5;
                    applied.splice(start..end, edit.data.unwrap_or_default());
                }
                assert_eq!(applied, of(after), "{before:?} {after:?}");
            }
        }
    }
}
