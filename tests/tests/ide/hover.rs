//! The place, then the Markdown that is shown.

use claw_compiler::ide;

use super::At;

pub fn show(at: &At) -> String {
    match ide::hover::hover(&at.analysis, at.file, at.offset) {
        Some(hover) => format!("{}\n{}\n", at.place(hover.loc), hover.markdown()),
        None => "nothing\n".to_owned(),
    }
}
