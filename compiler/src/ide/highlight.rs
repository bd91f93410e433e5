//! The other places in this file that mean the same as the name under the cursor.

use super::references::references;
use crate::analysis::{Analysis, Reference};
use crate::hir::FileId;

/// All occurrences in the file, its declaration included.
pub fn highlight(analysis: &Analysis, file: FileId, offset: u32) -> Vec<Reference> {
    let mut found = references(analysis, file, offset, true);
    found.retain(|r| r.loc.file == file);
    found
}
