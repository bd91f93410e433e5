//! Where the type of what stands under the cursor is declared: its record or enum.

use claw_runtime::Type;

use super::Cursor;
use crate::analysis::{Analysis, Symbol};
use crate::hir::{FileId, Loc, Package};

/// The declared name of the record or enum that the expression or name at `offset` is of, or a list of. Types that come
/// with the language are declared nowhere.
pub fn type_definition(analysis: &Analysis, file: FileId, offset: u32) -> Option<Loc> {
    let cursor = Cursor::new(analysis, file, offset)?;
    let named = cursor.symbol().and_then(|reference| of_symbol(&analysis.package, reference.symbol));
    let ty = named.or_else(|| analysis.symbols.type_at(file, cursor.offset).map(|(_, ty)| ty))?;
    let symbol = match innermost(ty) {
        Type::Record(id) => Symbol::Record(*id),
        Type::Enum(id) => Symbol::Enum(*id),
        _ => return None,
    };
    analysis.symbols.declaration(symbol).map(|reference| reference.loc)
}

fn innermost(mut ty: &Type) -> &Type {
    while let Some(element) = ty.element() {
        ty = element;
    }
    ty
}

/// The type that a name was declared with.
fn of_symbol(package: &Package, symbol: Symbol) -> Option<&Type> {
    match symbol {
        Symbol::Param(tool, at) => Some(&package.tools.get(tool.index())?.params.get(at as usize)?.ty),
        Symbol::Field(record, at) => Some(&package.schema.record(record)?.fields.get(at as usize)?.ty),
        Symbol::Let(id) => Some(&package.lets.get(id.index())?.ty),
        Symbol::Live(id) => Some(&package.lives.get(id.index())?.ty),
        _ => None,
    }
}
