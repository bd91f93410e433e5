//! A fold a line: its kind and place.

use claw_compiler::ide::folding;

use super::At;

pub fn show(at: &At) -> String {
    let folds = folding::folding(&at.analysis, at.file);
    folds.iter().map(|fold| format!("{:?} {}\n", fold.kind, at.here(fold.span))).collect()
}
