//! Declarations of a whole policy, by a few letters of their name.

use super::document_symbols::{DocumentSymbol, SymbolKind, document_symbols};
use crate::analysis::Analysis;
use crate::hir::{FileId, Loc};

/// A declaration that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceSymbol {
    pub name: String,
    pub kind: SymbolKind,
    pub loc: Loc,
    /// The declaration around it, or else the module.
    pub container: String,
}

/// All declarations whose name has the letters of `query`, in their order and whatever their case: those first that
/// begin with it, then those that hold it, then the rest. Parts of the compiler are left out.
pub fn workspace_symbols(analysis: &Analysis, query: &str) -> Vec<WorkspaceSymbol> {
    let query = query.to_lowercase();
    let mut found = Vec::new();
    for module in analysis.package.modules.iter().filter(|module| !module.is_std) {
        for symbol in document_symbols(analysis, module.file) {
            collect(module.file, &module.name, symbol, &query, &mut found);
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, symbol)| symbol).collect()
}

fn collect(file: FileId, container: &str, symbol: DocumentSymbol, query: &str, found: &mut Vec<(u8, WorkspaceSymbol)>) {
    // A list of words has no name of its own: its words have.
    if symbol.kind != SymbolKind::Vocabulary
        && let Some(rank) = rank(&symbol.name.to_lowercase(), query)
    {
        let loc = Loc { file, span: symbol.selection };
        let container = container.to_owned();
        found.push((rank, WorkspaceSymbol { name: symbol.name.clone(), kind: symbol.kind, loc, container }));
    }
    for child in symbol.children {
        collect(file, &symbol.name, child, query, found);
    }
}

/// How well a name answers a query, 0 being best.
fn rank(name: &str, query: &str) -> Option<u8> {
    if name.starts_with(query) {
        return Some(0);
    }
    if name.contains(query) {
        return Some(1);
    }
    let mut letters = name.chars();
    query.chars().all(|wanted| letters.any(|letter| letter == wanted)).then_some(2)
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn better_names_come_first() {
        assert_eq!(rank("refund", "re"), Some(0));
        assert_eq!(rank("big_refund", "re"), Some(1));
        assert_eq!(rank("read_file", "rf"), Some(2));
        assert_eq!(rank("refund", "dr"), None);
        assert_eq!(rank("anything", ""), Some(0));
    }
}
