//! Where a hint stands, and the hint.

use claw_compiler::ide;
use claw_syntax::Span;

use super::At;

pub fn show(at: &At) -> String {
    let whole = Span::new(0, at.text().len() as u32);
    let found = ide::inlay_hints::inlay_hints(&at.analysis, at.file, whole);
    found.iter().map(|hint| format!("{} {}\n", at.here(Span::at(hint.offset)), hint.text)).collect()
}
