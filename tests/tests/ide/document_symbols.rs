//! An entry a line: kind, name, place of the name; what is inside is indented.

use claw_compiler::ide::document_symbols::{DocumentSymbol, document_symbols};

use super::At;

pub fn show(at: &At) -> String {
    let mut out = String::new();
    document_symbols(&at.analysis, at.file).iter().for_each(|symbol| line(at, symbol, 0, &mut out));
    out
}

fn line(at: &At, symbol: &DocumentSymbol, depth: usize, out: &mut String) {
    assert!(symbol.span.covers(symbol.selection), "{} is selected outside of itself", symbol.name);
    let indent = "  ".repeat(depth);
    *out += &format!("{indent}{:?} {} {}\n", symbol.kind, symbol.name, at.here(symbol.selection));
    symbol.children.iter().for_each(|child| line(at, child, depth + 1, out));
}
