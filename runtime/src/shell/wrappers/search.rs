//! Programs that run a command for each of many names: `find -exec`, `fd -x`, `xargs`, `parallel`.

use super::Options;
use crate::shell::meaning::{Arg, Reader, Stdin, Unit};
use crate::shell::script::OpaqueReason;

/// `find … -exec cmd {} ;`, and the search itself.
pub(super) fn find(reader: &mut Reader, unit: &Unit) {
    let (mut commands, mut index, mut stray) = (Vec::new(), 1, false);
    while let Some(arg) = unit.arg(index) {
        index += 1;
        match arg.known() {
            Some("-exec" | "-execdir" | "-ok" | "-okdir") => {
                let (end, batch) = end_of_exec(unit, index);
                let mut inner = unit.unwrap_words(unit.args.get(index..end).unwrap_or_default().to_vec());
                if batch {
                    inner.args.pop();
                }
                inner.more |= batch;
                inner.args.iter_mut().for_each(|arg| arg.mark("{}"));
                commands.push(inner);
                index = end + if batch { 1 } else { usize::from(end < unit.args.len()) };
            }
            Some(";") => stray = true,
            _ => {}
        }
    }
    let unsure = |arg: &&Arg| arg.known().is_none() && arg.may_be_option() && (arg.splits() || stray);
    if let Some(arg) = unit.rest().iter().find(unsure) {
        reader.doubt(OpaqueReason::Option, arg.span(), &arg.shown);
    }
    reader.run_each(unit, commands);
}

/// Where the command of an `-exec` ends, and whether it takes many names at once.
fn end_of_exec(unit: &Unit, from: usize) -> (usize, bool) {
    let known = |index: usize| unit.arg(index).and_then(Arg::known);
    for index in from..unit.args.len() {
        match known(index) {
            Some(";") => return (index, false),
            Some("+") if index > from && known(index - 1) == Some("{}") => return (index, true),
            _ => {}
        }
    }
    (unit.args.len(), false)
}

/// `fd … -x cmd`
pub(super) fn fd(reader: &mut Reader, unit: &Unit) {
    let (mut commands, mut index) = (Vec::new(), 1);
    while let Some(arg) = unit.arg(index) {
        index += 1;
        let Some(attached) = exec_of_fd(arg) else {
            if arg.known().is_none() && arg.splits() {
                reader.doubt(OpaqueReason::Option, arg.span(), &arg.shown);
            }
            continue;
        };
        let end = (index..unit.args.len()).find(|at| unit.arg(*at).and_then(Arg::known) == Some(";"));
        let end = end.unwrap_or(unit.args.len());
        let words = attached.into_iter().chain(unit.args.get(index..end).unwrap_or_default().iter().cloned());
        let mut inner = unit.unwrap_words(words.collect());
        let placeholders = ["{}", "{/}", "{//}", "{.}", "{/.}"];
        inner.more = true;
        for arg in &mut inner.args {
            placeholders.iter().for_each(|placeholder| arg.mark(placeholder));
        }
        commands.push(inner);
        index = end + 1;
    }
    reader.run_each(unit, commands);
}

/// `-x`, `--exec`, `-Hx`, `--exec=rm`: after it a command follows, of which the first word may be attached.
fn exec_of_fd(arg: &Arg) -> Option<Option<Arg>> {
    let word = arg.prefix();
    if let Some(long) = word.strip_prefix("--") {
        return match long.split_once('=') {
            Some(("exec" | "exec-batch", _)) => word.find('=').map(|at| Some(arg.tail(at + 1))),
            None if matches!(long, "exec" | "exec-batch") => Some(None),
            _ => None,
        };
    }
    let letters = word.strip_prefix('-')?;
    for (at, letter) in letters.char_indices() {
        match letter {
            'x' | 'X' if at + 1 == letters.len() => return Some(None),
            'x' | 'X' => return Some(Some(arg.tail(at + 2))),
            'e' | 't' | 'd' | 'E' | 'S' | 'o' | 'c' | 'j' | 'C' => return None,
            _ => {}
        }
    }
    None
}

const XARGS: Options = Options {
    flags: "0rtpxoi",
    values: "adEILnPsJRS",
    long_flags: &[
        "--null",
        "--no-run-if-empty",
        "--verbose",
        "--interactive",
        "--exit",
        "--open-tty",
        "--replace",
        "--eof",
        "--max-lines",
        "--show-limits",
    ],
    long_values: &["--arg-file", "--delimiter", "--max-args", "--max-procs", "--max-chars", "--process-slot-var"],
};

/// `… | xargs cmd`: further arguments arrive on the input.
pub(super) fn xargs(reader: &mut Reader, unit: &Unit) {
    let walk = XARGS.walk(&unit.args, 1);
    if walk.has(&["--help", "--version"]) {
        return reader.list(unit.clone());
    }
    if let Some(arg) = walk.doubt.and_then(|doubt| unit.arg(doubt)) {
        reader.doubt(OpaqueReason::Option, arg.span(), &arg.shown);
        if let Some(from) = (walk.next + 1..unit.args.len()).next() {
            reader.candidate(unit.unwrap_at(from));
        }
    }
    if let Some(variable) = walk.value(&["--process-slot-var"]) {
        reader.variable(variable.prefix(), None, variable.span());
    }
    let mut inner = unit.unwrap_at(walk.next);
    if inner.args.is_empty() {
        inner.args.push(Arg::literal("echo", unit.span));
    }
    inner.context.stdin = Stdin::Nothing;
    let given = walk.value(&["-I", "--replace", "-J"]).map(|arg| arg.known().unwrap_or_default().to_owned());
    let braces = walk.has(&["-i", "--replace"]).then(|| "{}".to_owned());
    match given.or(braces) {
        Some(placeholder) if placeholder.is_empty() => {
            reader.doubt(OpaqueReason::Option, unit.span, "-I");
            inner.more = true;
        }
        Some(placeholder) => inner.args.iter_mut().for_each(|arg| arg.mark(&placeholder)),
        None => inner.more = true,
    }
    reader.list_wrapper(unit, false);
    reader.push(inner);
}

const PARALLEL: Options = Options {
    flags: "0kqtuvmXxr",
    values: "aCdEIjlLnNPs",
    long_flags: &[
        "--bar",
        "--citation",
        "--dry-run",
        "--eta",
        "--keep-order",
        "--line-buffer",
        "--lb",
        "--no-notice",
        "--no-run-if-empty",
        "--null",
        "--pipe",
        "--progress",
        "--tag",
        "--ungroup",
        "--verbose",
        "--will-cite",
        "--xargs",
        "--wait",
        "--fg",
        "--bg",
    ],
    long_values: &[
        "--arg-file",
        "--block",
        "--colsep",
        "--delay",
        "--delimiter",
        "--halt",
        "--halt-on-error",
        "--jobs",
        "--joblog",
        "--load",
        "--max-args",
        "--max-procs",
        "--memfree",
        "--nice",
        "--results",
        "--retries",
        "--timeout",
        "--tmpdir",
        "--id",
    ],
};

/// `parallel cmd {} ::: a b`: the words are joined and read by a shell.
pub(super) fn parallel(reader: &mut Reader, unit: &Unit) {
    let walk = PARALLEL.walk(&unit.args, 1);
    if let Some(arg) = walk.doubt.and_then(|doubt| unit.arg(doubt)) {
        reader.doubt(OpaqueReason::Option, arg.span(), &arg.shown);
    }
    let separator = |arg: &Arg| arg.known().is_some_and(|word| matches!(word, ":::" | ":::+" | "::::" | "::::+"));
    let rest = unit.args.get(walk.next..).unwrap_or_default();
    let end = rest.iter().position(separator).unwrap_or(rest.len());
    let words = rest.get(..end).unwrap_or_default();
    reader.list_wrapper(unit, false);
    if words.is_empty() {
        // The names are commands themselves.
        reader.doubt(OpaqueReason::Inner, unit.span, "parallel");
        return reader.list(unit.clone());
    }
    let simple = |b: u8| b.is_ascii_alphanumeric() || b"_-./:@%+,={}".contains(&b);
    let mut inner = unit.unwrap_words(words.to_vec());
    inner.more = true;
    inner.context.stdin = Stdin::Nothing;
    if words.iter().all(|word| word.known().is_some_and(|word| !word.is_empty() && word.bytes().all(simple))) {
        for arg in &mut inner.args {
            if arg.prefix().contains('{') {
                *arg = Arg::unknown(arg.span());
            }
        }
        return reader.push(inner);
    }
    let text = words.iter().map(Arg::template).collect::<Vec<_>>().join(" ");
    reader.script_text(unit, &text, false, unit.dialect);
}

impl Reader {
    /// Lists a program together with the commands that it runs for each name.
    fn run_each(&mut self, unit: &Unit, commands: Vec<Unit>) {
        self.list(unit.clone());
        for mut command in commands.into_iter().rev() {
            if command.args.is_empty() && !command.more {
                continue;
            }
            if !matches!(command.context.stdin, Stdin::Inherited) {
                command.context.stdin = Stdin::Nothing;
            }
            self.push(command);
        }
    }
}
