//! `textDocument/completion`

use claw_compiler::ide::completion::{Completion, CompletionKind, completions};
use tower_lsp::lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, InsertTextFormat, MarkupContent, MarkupKind,
    Position, TextEdit,
};

use crate::snapshot::Snapshot;

pub fn completion(snapshot: &Snapshot, at: Position) -> Vec<CompletionItem> {
    let text = snapshot.settings.client.text_document.as_ref();
    let item = text.and_then(|text| text.completion.as_ref()?.completion_item.as_ref());
    let snippets = item.and_then(|item| item.snippet_support) == Some(true);
    let found = completions(snapshot.analysis(), snapshot.file(), snapshot.offset(at));
    found.into_iter().zip(0..).map(|(completion, at)| shown(snapshot, completion, at, snippets)).collect()
}

/// `at` is its place in the list, which the client is told to keep.
fn shown(snapshot: &Snapshot, completion: Completion, at: u32, snippets: bool) -> CompletionItem {
    let as_snippet = completion.is_snippet && snippets;
    let new_text = if as_snippet { completion.insert.clone() } else { completion.plain() };
    let markup = |value| Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value });
    CompletionItem {
        kind: Some(kind(completion.kind)),
        detail: Some(completion.detail).filter(|detail| !detail.is_empty()),
        documentation: Some(completion.doc).filter(|doc| !doc.is_empty()).map(markup),
        sort_text: Some(format!("{at:05}")),
        insert_text_format: as_snippet.then_some(InsertTextFormat::SNIPPET),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(snapshot.range(completion.replace), new_text))),
        label: completion.label,
        ..CompletionItem::default()
    }
}

fn kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Keyword => CompletionItemKind::KEYWORD,
        CompletionKind::Snippet => CompletionItemKind::SNIPPET,
        CompletionKind::Tool | CompletionKind::Function => CompletionItemKind::FUNCTION,
        CompletionKind::Scope => CompletionItemKind::INTERFACE,
        CompletionKind::Member => CompletionItemKind::PROPERTY,
        CompletionKind::Field => CompletionItemKind::FIELD,
        CompletionKind::Variable => CompletionItemKind::VARIABLE,
        CompletionKind::Constant => CompletionItemKind::CONSTANT,
        CompletionKind::Word => CompletionItemKind::ENUM_MEMBER,
        CompletionKind::Type => CompletionItemKind::CLASS,
        CompletionKind::Module => CompletionItemKind::MODULE,
        CompletionKind::File => CompletionItemKind::FILE,
        CompletionKind::Approval => CompletionItemKind::EVENT,
        CompletionKind::Rule => CompletionItemKind::METHOD,
    }
}
