//! A place a line; the declaration is marked.

use claw_compiler::ide;

use super::At;

pub fn show(at: &At) -> String {
    let found = ide::highlight::highlight(&at.analysis, at.file, at.offset);
    let line = |r: &claw_compiler::analysis::Reference| {
        format!("{}{}\n", at.place(r.loc), if r.is_declaration { " declaration" } else { "" })
    };
    found.iter().map(line).collect()
}
