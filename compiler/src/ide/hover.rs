//! What there is to know about the thing under the cursor.

use super::{Cursor, decl};
use crate::analysis::{Analysis, Reference, Symbol};
use crate::hir::{FileId, Loc};

/// An explanation and the place it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    pub loc: Loc,
    /// How it is declared or what type it has, in the language itself.
    pub signature: String,
    /// Paragraphs of Markdown.
    pub notes: Vec<String>,
}

impl Hover {
    /// The whole as one Markdown text.
    pub fn markdown(&self) -> String {
        let mut text = format!("```claw\n{}\n```", self.signature);
        for note in &self.notes {
            text.push_str("\n\n");
            text.push_str(note);
        }
        text
    }
}

/// The name at `offset`, or else the type of the innermost expression there.
pub fn hover(analysis: &Analysis, file: FileId, offset: u32) -> Option<Hover> {
    let cursor = Cursor::new(analysis, file, offset)?;
    if let Some(hover) = cursor.symbol().and_then(|reference| of_symbol(analysis, reference)) {
        return Some(hover);
    }
    let (loc, ty) = analysis.symbols.type_at(file, cursor.token()?.span.start)?;
    let text = analysis.sources.text(*loc);
    let signature = format!("{text}: {}", ty.display(&analysis.package.schema));
    Some(Hover { loc: *loc, signature, notes: Vec::new() })
}

fn of_symbol(analysis: &Analysis, reference: &Reference) -> Option<Hover> {
    let notes = decl(&analysis.package, reference.symbol).map(|d| d.doc.clone()).filter(|doc| !doc.is_empty());
    let signature = signature(analysis, reference.symbol)?;
    Some(Hover { loc: reference.loc, signature, notes: notes.into_iter().collect() })
}

/// The declaration in a line, as written: up to its body.
fn signature(analysis: &Analysis, symbol: Symbol) -> Option<String> {
    let package = &analysis.package;
    let typed = |field: &claw_runtime::Field| format!("{}: {}", field.name, field.ty.display(&package.schema));
    match symbol {
        Symbol::Param(tool, at) => package.tools.get(tool.index())?.params.get(at as usize).map(typed),
        Symbol::Field(record, at) => package.schema.records.get(record.0 as usize)?.fields.get(at as usize).map(typed),
        Symbol::Let(id) => {
            let constant = package.lets.get(id.index())?;
            Some(format!("let {}: {}", constant.decl.name, constant.ty.display(&package.schema)))
        }
        Symbol::Tool(_) | Symbol::Predicate(_) | Symbol::Extern(_) => {
            let decl = decl(package, symbol)?;
            let whole = analysis.sources.text(decl.loc);
            let lines = whole.lines().map(str::trim).filter(|l| !l.starts_with("///") && !l.starts_with('@'));
            Some(lines.collect::<Vec<_>>().join(" "))
        }
        other => {
            let name = super::name(package, other)?;
            let kind = other.kind();
            let word = kind.split_once(' ').map_or(kind, |(_, word)| word);
            Some(format!("{word} {name}"))
        }
    }
}
