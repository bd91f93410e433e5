//! Who uses it and what it uses, a declaration a line.

use claw_compiler::ide::call_hierarchy::{self, Call};

use super::At;

pub fn show(at: &At) -> String {
    let Some(item) = call_hierarchy::prepare(&at.analysis, at.file, at.offset) else { return String::new() };
    let (file, offset) = (item.selection.file, item.selection.span.start);
    let mut out = format!("{} {}\n", item.detail, item.name);
    let mut list = |word: &str, calls: Vec<Call>| {
        for call in calls {
            out += &format!("{word} {} {} at {}\n", call.item.detail, call.item.name, at.place(call.item.selection));
        }
    };
    list("used by", call_hierarchy::incoming(&at.analysis, file, offset));
    list("uses", call_hierarchy::outgoing(&at.analysis, file, offset));
    out
}
