//! A selection a line, growing.

use claw_compiler::ide::selection;

use super::At;

pub fn show(at: &At) -> String {
    let spans = selection::selection(&at.analysis, at.file, at.offset);
    assert!(spans.windows(2).all(|pair| pair[1].covers(pair[0]) && pair[1] != pair[0]), "{spans:?}");
    spans.iter().map(|span| format!("{}\n", at.here(*span))).collect()
}
