//! Where a name is declared.

use super::Cursor;
use crate::analysis::{Analysis, Symbol};
use crate::hir::{FileId, Loc};
use claw_syntax::Span;

/// A jump: from the name under the cursor to its declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name that was pointed at.
    pub origin: Loc,
    /// The declared name.
    pub target: Loc,
    /// The whole declaration around it.
    pub whole: Loc,
}

/// The declaration of the name at `offset`. Built-ins have none.
pub fn definition(analysis: &Analysis, file: FileId, offset: u32) -> Option<Definition> {
    let cursor = Cursor::new(analysis, file, offset)?;
    let reference = cursor.symbol()?;
    let target = match reference.symbol {
        Symbol::Module(id) => {
            let module = analysis.package.modules.get(id.index())?;
            let top = Loc { file: module.file, span: Span::at(0) };
            return Some(Definition { origin: reference.loc, target: top, whole: top });
        }
        symbol => analysis.symbols.declaration(symbol)?.loc,
    };
    let whole = super::decl(&analysis.package, reference.symbol)
        .map(|decl| decl.loc)
        .filter(|whole| whole.file == target.file && whole.span.covers(target.span))
        .unwrap_or(target);
    Some(Definition { origin: reference.loc, target, whole })
}
