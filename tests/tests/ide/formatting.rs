//! The formatted file, or why it can't be formatted.

use claw_compiler::ide::{self, TextEdit};

use super::At;

pub fn show(at: &At) -> String {
    match ide::formatting::formatting(&at.analysis, at.file) {
        Ok(edits) if edits.is_empty() => "no edit\n".to_owned(),
        Ok(edits) => TextEdit::apply(&edits, at.text()),
        Err(refused) => format!("{refused}\n"),
    }
}
