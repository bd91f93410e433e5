//! An entry a line: kind, name, container, place. The query is the first word behind the feature's name.

use claw_compiler::ide::workspace_symbols::workspace_symbols;

use super::At;

pub fn show(at: &At) -> String {
    let query = at.words.first().map_or("", String::as_str);
    let found = workspace_symbols(&at.analysis, query);
    found.iter().map(|s| format!("{:?} {} in {} {}\n", s.kind, s.name, s.container, at.place(s.loc))).collect()
}
