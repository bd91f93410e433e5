//! The place and the line above it.

use claw_compiler::ide;

use super::At;

pub fn show(at: &At) -> String {
    let found = ide::code_lens::code_lenses(&at.analysis, at.file);
    found.iter().map(|lens| format!("{} {}\n", at.here(lens.span), lens.title)).collect()
}
