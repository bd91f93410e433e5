//! `workspace/symbol`

use claw_compiler::ide;
use tower_lsp::lsp_types::{Location, SymbolInformation};

use super::document_symbols::kind;
use crate::main_loop::Everything;

/// More than anybody reads.
const MAX: usize = 500;

#[allow(deprecated, reason = "the protocol's type has a field that must be set although it is deprecated")]
pub fn workspace_symbols(everything: &Everything, query: &str) -> Vec<SymbolInformation> {
    let mut found: Vec<SymbolInformation> = Vec::new();
    for analysis in &everything.policies {
        for symbol in ide::workspace_symbols::workspace_symbols(analysis, query) {
            let Some(uri) = everything.address(&analysis.sources.get(symbol.loc.file).path) else { continue };
            let location = Location { uri, range: everything.range(&analysis.sources, symbol.loc) };
            // A file that several policies use is seen several times.
            if found.len() < MAX && !found.iter().any(|f| f.location == location) {
                found.push(SymbolInformation {
                    name: symbol.name,
                    kind: kind(symbol.kind),
                    tags: None,
                    deprecated: None,
                    location,
                    container_name: Some(symbol.container),
                });
            }
        }
    }
    found
}
