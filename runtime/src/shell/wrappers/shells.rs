//! Shells that are run with a script: `bash -c '…'`, `sh <<EOF`, `curl … | sh`.

use super::{Options, Walk};
use crate::ShellDialect;
use crate::shell::meaning::{Arg, Reader, Stdin, Unit};
use crate::shell::script::OpaqueReason;

/// Is it a shell whose scripts are read here?
pub(super) fn is_shell(name: &str) -> bool {
    matches!(
        name,
        "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "ksh93" | "mksh" | "rbash" | "rksh" | "posh" | "yash"
    )
}

const OPTIONS: Options = Options {
    flags: "abcefhilmnpruvxsCEPT",
    values: "oO",
    long_flags: &[
        "--debug",
        "--help",
        "--login",
        "--noediting",
        "--noprofile",
        "--norc",
        "--posix",
        "--restricted",
        "--verbose",
        "--version",
        "--no-rcs",
    ],
    long_values: &["--rcfile", "--init-file"],
};

/// Takes a shell off; true, as a shell is always dealt with here.
pub(super) fn unwrap(reader: &mut Reader, name: &str, unit: &mut Unit) -> bool {
    let dialect = match name {
        "sh" | "dash" | "ash" | "posh" => ShellDialect::Sh,
        _ => ShellDialect::Bash,
    };
    let walk = options(reader, unit);
    if walk.has(&["--version", "--help"]) && !walk.has(&["-c"]) {
        reader.list(unit.clone());
        return true;
    }
    if walk.has(&["-c"]) {
        match unit.arg(walk.next).cloned() {
            Some(script) => {
                foreign(reader, unit, name, &script.template());
                reader.list_wrapper(unit, false);
                reader.inline(unit, &script, dialect);
            }
            None => unread(reader, unit),
        }
        return true;
    }
    let file = unit.arg(walk.next).filter(|_| !walk.has(&["-s"])).filter(|file| file.known() != Some("-"));
    match (file, Reader::stdin_text(unit)) {
        (None, Some(text)) if !unit.more => {
            foreign(reader, unit, name, &text.template());
            reader.list_wrapper(unit, false);
            reader.inline(unit, &text, dialect);
        }
        (None, None) if matches!(unit.context.stdin, Stdin::Nothing) && !unit.more => reader.list(unit.clone()),
        _ => unread(reader, unit),
    }
    true
}

/// The shell's options; `+o name` as well as `-o name`.
fn options(reader: &mut Reader, unit: &Unit) -> Walk {
    let mut walk = OPTIONS.walk(&unit.args, 1);
    while let Some(word) = unit.arg(walk.next).and_then(Arg::known).filter(|word| word.starts_with('+')) {
        let from = walk.next + 1 + usize::from(word.ends_with(['o', 'O']));
        let further = OPTIONS.walk(&unit.args, from);
        walk.next = further.next;
        walk.given.extend(further.given);
        walk.doubt = walk.doubt.or(further.doubt);
        if word.ends_with(['B', 'o', 'O', 'k', 'H']) {
            walk.doubt.get_or_insert(from - 1);
        }
    }
    if let Some(arg) = walk.doubt.and_then(|doubt| unit.arg(doubt)) {
        reader.doubt(OpaqueReason::Option, arg.span(), &arg.shown);
    }
    for given in walk.given.iter().filter(|given| given.value.is_some()) {
        let harmless = given.value.as_ref().and_then(Arg::known).is_some_and(|name| match &*given.name {
            "-o" => crate::shell::meaning::is_harmless_option(name),
            "-O" => name != "expand_aliases",
            _ => false, // a start-up file
        });
        if !harmless {
            reader.doubt(OpaqueReason::Option, unit.span, &given.name);
        }
    }
    walk
}

/// The script is not in the text.
fn unread(reader: &mut Reader, unit: &Unit) {
    reader.doubt(OpaqueReason::Inner, unit.span, unit.name().unwrap_or_default());
    reader.list(unit.clone());
}

/// Other shells read the simplest commands as bash does, and no more is relied on.
fn foreign(reader: &mut Reader, unit: &Unit, name: &str, script: &str) {
    let simple = |b: u8| b.is_ascii_alphanumeric() || b" \n_-./:@%+,;&|'\"".contains(&b);
    if !matches!(name, "sh" | "dash" | "ash" | "bash" | "rbash" | "posh") && !script.bytes().all(simple) {
        reader.doubt(OpaqueReason::Ambiguous, unit.span, name);
    }
}
