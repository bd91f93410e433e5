//! An action a line, with what it replaces.

use claw_compiler::ide::code_actions;
use claw_syntax::Span;

use super::At;

pub fn show(at: &At) -> String {
    let actions = code_actions::code_actions(&at.analysis, at.file, Span::at(at.offset));
    let mut out = String::new();
    for action in actions {
        out += &format!("{:?}: {}{}\n", action.kind, action.title, if action.preferred { " (preferred)" } else { "" });
        for edit in action.edits {
            out += &format!("  {} {:?}\n", at.place(edit.loc), edit.text);
        }
    }
    out
}
