//! The place of the declaration.

use claw_compiler::ide;

use super::At;

pub fn show(at: &At) -> String {
    let found = ide::type_definition::type_definition(&at.analysis, at.file, at.offset);
    found.map_or_else(|| "nothing\n".to_owned(), |loc| format!("{}\n", at.place(loc)))
}
