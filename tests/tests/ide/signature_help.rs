//! The signature, and the parameter that is being written.

use claw_compiler::ide;

use super::At;

pub fn show(at: &At) -> String {
    let Some(help) = ide::signature_help::signature_help(&at.analysis, at.file, at.offset) else {
        return "nothing\n".to_owned();
    };
    let active = help.active.and_then(|at| help.params.get(at)).map_or("-", String::as_str);
    format!("{}\nat {active}\n", help.label)
}
