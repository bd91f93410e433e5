//! `rename NAME`: the edits, or why not.

use claw_compiler::ide;

use super::At;

pub fn show(at: &At) -> String {
    let to = at.words.first().map_or("renamed", String::as_str);
    match ide::rename::rename(&at.analysis, at.file, at.offset, to) {
        Ok(edits) => edits.iter().map(|edit| format!("{} `{}`\n", at.place(edit.loc), edit.text)).collect(),
        Err(why) => format!("refused: {why}\n"),
    }
}
