//! From the name, to the declared name, in the whole declaration.

use claw_compiler::ide;

use super::At;

pub fn show(at: &At) -> String {
    match ide::definition::definition(&at.analysis, at.file, at.offset) {
        Some(d) => format!("{} -> {} in {}\n", at.place(d.origin), at.place(d.target), at.place(d.whole)),
        None => "nothing\n".to_owned(),
    }
}
