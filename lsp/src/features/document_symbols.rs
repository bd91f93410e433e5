//! `textDocument/documentSymbol`

use claw_compiler::ide::document_symbols::{self as ide, SymbolKind as Kind};
use tower_lsp::lsp_types::{DocumentSymbol, DocumentSymbolResponse, Location, SymbolInformation, SymbolKind};

use crate::snapshot::Snapshot;

/// A tree where the client takes one, else a list.
pub fn document_symbols(snapshot: &Snapshot) -> DocumentSymbolResponse {
    let symbols = ide::document_symbols(snapshot.analysis(), snapshot.file());
    let document = snapshot.settings.client.text_document.as_ref();
    let takes_trees = document.and_then(|d| d.document_symbol.as_ref()?.hierarchical_document_symbol_support);
    if takes_trees == Some(true) {
        return DocumentSymbolResponse::Nested(symbols.into_iter().map(|s| nested(snapshot, s)).collect());
    }
    let mut list = Vec::new();
    symbols.into_iter().for_each(|s| flatten(snapshot, s, None, &mut list));
    DocumentSymbolResponse::Flat(list)
}

#[allow(deprecated, reason = "the protocol's type has a field that must be set although it is deprecated")]
fn nested(snapshot: &Snapshot, symbol: ide::DocumentSymbol) -> DocumentSymbol {
    let children: Vec<_> = symbol.children.into_iter().map(|child| nested(snapshot, child)).collect();
    DocumentSymbol {
        name: symbol.name,
        detail: (!symbol.detail.is_empty()).then(|| symbol.detail.to_owned()),
        kind: kind(symbol.kind),
        tags: None,
        deprecated: None,
        range: snapshot.range(symbol.span),
        selection_range: snapshot.range(symbol.selection),
        children: (!children.is_empty()).then_some(children),
    }
}

#[allow(deprecated, reason = "the protocol's type has a field that must be set although it is deprecated")]
fn flatten(
    snapshot: &Snapshot,
    symbol: ide::DocumentSymbol,
    container: Option<String>,
    list: &mut Vec<SymbolInformation>,
) {
    let location = Location { uri: snapshot.uri.clone(), range: snapshot.range(symbol.selection) };
    let name = symbol.name.clone();
    list.push(SymbolInformation {
        name: symbol.name,
        kind: kind(symbol.kind),
        tags: None,
        deprecated: None,
        location,
        container_name: container,
    });
    symbol.children.into_iter().for_each(|child| flatten(snapshot, child, Some(name.clone()), list));
}

/// The protocol has no words for policies; these give fitting icons.
pub fn kind(kind: Kind) -> SymbolKind {
    match kind {
        Kind::Struct => SymbolKind::STRUCT,
        Kind::Field => SymbolKind::FIELD,
        Kind::Enum => SymbolKind::ENUM,
        Kind::Variant | Kind::Word => SymbolKind::ENUM_MEMBER,
        Kind::Tool => SymbolKind::METHOD,
        Kind::Parameter => SymbolKind::PROPERTY,
        Kind::Constant => SymbolKind::CONSTANT,
        Kind::Variable => SymbolKind::VARIABLE,
        Kind::Function => SymbolKind::FUNCTION,
        Kind::Window => SymbolKind::OBJECT,
        Kind::Scope => SymbolKind::NAMESPACE,
        Kind::Approval => SymbolKind::INTERFACE,
        Kind::Vocabulary => SymbolKind::ENUM,
        Kind::Table => SymbolKind::ARRAY,
        Kind::Rule => SymbolKind::CLASS,
        Kind::Test => SymbolKind::EVENT,
    }
}
