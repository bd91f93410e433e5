//! Every place that means the same as the name under the cursor.

use super::Cursor;
use crate::analysis::{Analysis, Reference};
use crate::hir::FileId;

/// All occurrences of the name at `offset`, in the order of files and places; its declaration only if asked for.
pub fn references(analysis: &Analysis, file: FileId, offset: u32, with_declaration: bool) -> Vec<Reference> {
    let Some(symbol) = Cursor::new(analysis, file, offset).and_then(|c| c.symbol()).map(|r| r.symbol) else {
        return Vec::new();
    };
    analysis.symbols.of(symbol).filter(|r| with_declaration || !r.is_declaration).copied().collect()
}
