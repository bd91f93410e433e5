//! Scripts inside commands: `bash -c '…'`, `eval …`, `echo … | sh`.

use std::sync::Arc;

use super::arg::{UNKNOWN, quote};
use super::{Arg, Inner, Reader, Stdin, Todo, Unit};
use crate::ShellDialect;
use crate::shell::script::{OpaqueReason, RedirectOp, Script, Simple, Word};

impl Reader {
    /// The words after `from` are joined with spaces and read as a script: `eval`, `ssh host`, `watch`.
    pub(crate) fn joined(&mut self, unit: &Unit, from: usize, dialect: ShellDialect) {
        let words = unit.args.get(from..).unwrap_or_default();
        let complete = !unit.more && words.iter().all(|word| word.known().is_some());
        let text = words.iter().map(Arg::template).collect::<Vec<_>>().join(" ");
        self.script_text(unit, &text, complete, dialect);
    }

    /// A word is read as a script.
    pub(crate) fn inline(&mut self, unit: &Unit, script: &Arg, dialect: ShellDialect) {
        self.script_text(unit, &script.template(), script.known().is_some(), dialect);
    }

    /// A text is read as a script that `unit` runs. What is known of an incomplete one is read as well, so that
    /// restrictions see it.
    pub(crate) fn script_text(&mut self, unit: &Unit, text: &str, complete: bool, dialect: ShellDialect) {
        let name = unit.name().unwrap_or_default();
        if !complete {
            self.doubt(OpaqueReason::Inner, unit.span, name);
        }
        if text.trim().is_empty() {
            return self.list(unit.clone());
        }
        let mut context = unit.unwrap_words(Vec::new()).context;
        context.at = Some(unit.span);
        if matches!(context.stdin, Stdin::Text(_)) && unit.context.at.is_none() && !complete {
            context.stdin = Stdin::File;
        }
        let placeholder = (!complete).then(|| UNKNOWN.into());
        let inner = Inner { dialect, text: text.into(), context, link: Some(unit.link), placeholder };
        self.plain = false;
        self.todo.push(Todo::Script(inner));
    }

    /// The script that a shell or interpreter finds on its standard input, if that is known.
    pub(crate) fn stdin_text(unit: &Unit) -> Option<Arg> {
        match &unit.context.stdin {
            Stdin::Text(text) => Some(text.clone()),
            Stdin::Inherited => unit.piped.as_ref().map(|text| Arg::literal(text, unit.span)),
            Stdin::File | Stdin::Nothing => None,
        }
    }
}

/// What a command certainly prints: `echo ls`, `printf '%s' ls`, `cat <<EOF`.
pub(super) fn prints(simple: &Simple, script: &Script) -> Option<Arc<str>> {
    let words: Vec<&str> = simple.words.iter().map(Word::known).collect::<Option<_>>()?;
    let (program, mut args) = words.split_first()?;
    if script.functions.iter().any(|function| *function == **program) {
        return None;
    }
    let to_file = |op| matches!(op, RedirectOp::Write | RedirectOp::Append | RedirectOp::ReadWrite);
    let text = match *program {
        "cat" => match simple.redirects.as_slice() {
            [body] if args.is_empty() || args == ["-"] => {
                let text = matches!(body.op, RedirectOp::HereDoc | RedirectOp::HereString);
                return text.then(|| body.target.known().map(Arc::from))?;
            }
            _ => return None,
        },
        "echo" => {
            while let Some((&"-n", rest)) = args.split_first() {
                args = rest;
            }
            // Options and escapes, of which shells, and settings of bash, think differently.
            let odd = args.first().is_some_and(|first| first.starts_with('-'));
            (!odd && !args.iter().any(|arg| arg.contains('\\'))).then(|| args.join(" "))?
        }
        "printf" => match args {
            [format, words @ ..] if matches!(*format, "%s" | "%s\\n") => {
                words.join(if *format == "%s" { "" } else { "\n" })
            }
            [format] if !format.contains(['%', '\\']) && !format.starts_with('-') => (*format).to_owned(),
            _ => return None,
        },
        _ => return None,
    };
    (!simple.redirects.iter().any(|redirect| to_file(redirect.op))).then(|| text.into())
}

/// A shell text of these words, such that a shell reads back just them.
pub(crate) fn quote_words(words: &[String]) -> String {
    const RESERVED: &[&str] = &[
        "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in", "select",
        "function", "time", "coproc",
    ];
    let mut out = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        if index == 0 && RESERVED.contains(&word.as_str()) {
            out.push_str(&format!("'{word}'"));
        } else {
            out.push_str(&quote(word));
        }
    }
    out
}
