//! What is offered, likeliest first: the label and what it is; at most as many as the word behind the name says.

use claw_compiler::ide;

use super::At;

pub fn show(at: &At) -> String {
    let limit = at.words.first().and_then(|word| word.parse().ok()).unwrap_or(usize::MAX);
    let found = ide::completion::completions(&at.analysis, at.file, at.offset);
    found
        .iter()
        .take(limit)
        .map(|c| format!("{:?} {} {}", c.kind, c.label, c.detail).trim_end().to_owned() + "\n")
        .collect()
}
