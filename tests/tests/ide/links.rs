//! A link a line: its place and where it leads.

use claw_compiler::ide::links;

use super::At;

pub fn show(at: &At) -> String {
    let links = links::links(&at.analysis, at.file);
    links.iter().map(|link| format!("{} -> {:?}\n", at.here(link.span), link.target)).collect()
}
