//! The other places in this file that mean the same as the name under the cursor.

use super::Cursor;
use crate::analysis::{Analysis, Reference};
use crate::hir::FileId;

/// All occurrences in the file, its declaration included.
pub fn highlight(analysis: &Analysis, file: FileId, offset: u32) -> Vec<Reference> {
    let Some(symbol) = Cursor::new(analysis, file, offset).and_then(|c| c.symbol()).map(|r| r.symbol) else {
        return Vec::new();
    };
    analysis.symbols.of(symbol).filter(|r| r.loc.file == file).copied().collect()
}
