//! What commands would run, in a short notation: one call per entry, `wrapper>` before and what surrounds it behind.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod bounds;
mod code;
mod scripts;
mod usual;
mod wrapped;

use std::sync::Arc;

use super::{Meaning, meaning};
use crate::ShellDialect;
use crate::call::{Call, Text};

fn read(text: &str) -> Meaning {
    meaning(ShellDialect::Bash, &Arc::from(text))
}

fn word(text: &Text) -> String {
    match &text.suffix {
        None if text.prefix.is_empty() => "''".to_owned(),
        None => text.prefix.replace(' ', "_").replace('\n', "⏎"),
        Some(suffix) => format!("{}?{suffix}", text.prefix).replace(' ', "_"),
    }
}

fn call(call: &Call) -> String {
    let mut out: String = call.wrappers.iter().map(|name| format!("{name}>")).collect();
    out.push_str(&word(&call.program));
    let mut add = |mark: &str, text: &Text| {
        out.push(' ');
        out.push_str(mark);
        out.push_str(&word(text));
    };
    call.args.iter().for_each(|arg| add("", arg));
    if call.more_args {
        add("…", &Text::known("+"));
    }
    call.env.iter().for_each(|name| add("$", &Text::known(name.clone())));
    call.reads.iter().for_each(|file| add("<", file));
    call.writes.iter().for_each(|file| add(">", file));
    call.stdin_from.iter().for_each(|name| add("|", name));
    call.code.iter().for_each(|code| add("code:", code));
    out
}

/// The calls, then the reasons for being opaque.
fn shown(text: &str) -> String {
    let meaning = read(text);
    let calls: Vec<String> = meaning.calls.iter().map(|c| call(c)).collect();
    let mut reasons: Vec<String> = meaning.opaque.iter().map(|doubt| format!("{:?}", doubt.reason)).collect();
    reasons.dedup();
    let reasons: String = reasons.iter().map(|reason| format!(" !{reason}")).collect();
    calls.join("; ") + &reasons
}

/// Compares a table of commands with what they are read as.
fn check(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter(|(text, expected)| shown(text) != *expected)
        .map(|(text, expected)| format!("{text}\n   read as  {}\n   not as   {expected}", shown(text)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
