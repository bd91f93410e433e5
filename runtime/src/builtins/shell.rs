//! Shell commands, and the calls in them. What a command would run is [`crate::Command`]'s business, what a call's words mean
//! [`crate::Call`]'s; here are the rows by which policies ask, and what becomes of lists that are known in part.

use super::{Arg, Builtin, Form, Out, Pat};
use crate::{Command, Value};

const WORDS: Pat = Pat::ListOf(&Pat::Str);
/// What a policy lists for comparison: a literal, a constant, or something of the request.
const ASKED: Pat = Pat::Elements(&Pat::Str);

pub(super) static ROWS: &[Builtin] = &[
    about_command(
        "command.calls",
        Pat::ListOf(&Pat::Call),
        "The simple commands that may run: through pipes, lists, conditionals, loops, functions, substitutions and inner \
         scripts, with wrappers such as `sudo` or `bash -c` taken off. Only partly known where the command is opaque.",
        |a| command(a, Command::calls),
    ),
    about_command(
        "command.programs",
        WORDS,
        "The names of all programs that may run, without their directories; wrappers such as `sudo` and `env` count too.",
        |_| Out::Unknown,
    ),
    about_command(
        "command.substitutions",
        WORDS,
        "The texts inside `$(…)`, backticks and `<(…)`.",
        |_| Out::Unknown,
    ),
    about_command(
        "command.opaque",
        Pat::Bool,
        "Is there a part that can't be read before it runs, so that calls may hide there? A word that is not known, as in \
         `echo $HOME`, does not make a command opaque; a program whose name is not known does.",
        |a| command(a, Command::opaque),
    ),
    about_command(
        "command.opaque_because",
        WORDS,
        "What can't be read before it runs, one reason for each place; empty if nothing.",
        |_| Out::Unknown,
    ),
    about_command(
        "command.plain",
        Pat::Bool,
        "Nothing but calls of literal words, joined by `;`, newline, `&&`, `||` or `|`: no redirection, assignment, subshell, \
         background job, negation, wrapper, expansion or glob.",
        |_| Out::Unknown,
    ),
    ask_command(
        "command.only",
        "At least one call, each of a listed program, wrappers included, and nothing beside: no file redirection, no \
         environment assignment, no flag that runs other programs, no inline code, nothing opaque. Unknown if a word is. A \
         program counts with its directory only if that is a standard one, such as `/usr/bin`.",
        |_| Out::Unknown,
    ),
    ask_command(
        "command.pipes_into",
        "Is the output of some call piped into one of these programs, or into a wrapper that runs it?",
        |_| Out::Unknown,
    ),
    about_call("call.program", Pat::Str, "The program's name without its directory.", |_| Out::Unknown),
    about_call("call.path", Pat::Str, "The program as it is written, with its directory.", |_| Out::Unknown),
    about_call("call.args", WORDS, "The words that follow the program.", |_| Out::Unknown),
    about_call(
        "call.positional",
        WORDS,
        "The arguments that are neither options nor values of options that are known to take one. All that follow `--` are.",
        |_| Out::Unknown,
    ),
    about_call(
        "call.subcommand",
        Pat::Str,
        "The first argument that is no option: `push` of `git -C dir push`; `\"\"` if there is none. Unknown if an option that \
         is not known may have swallowed it.",
        |_| Out::Unknown,
    ),
    about_call(
        "call.flags",
        WORDS,
        "The options one by one: `-rf` is `-r` and `-f`, `--depth=1` is `--depth`; whole for programs such as `find` and `java`. \
         Prefer `.has([…])`, which knows all spellings.",
        |_| Out::Unknown,
    ),
    ask_call(
        "call.has",
        "Is one of these options given, in any spelling: `-rf`, `--force=yes`, an abbreviated `--forc`? What follows `--` is \
         no option.",
        |_| Out::Unknown,
    ),
    Builtin::new(
        Form::Method,
        "call.values",
        &[Pat::Call, ASKED],
        WORDS,
        "The values given to these options: `POST` of `-X POST`, `-XPOST`, `--request POST` and `--request=POST`. A name that \
         ends in `=` asks for operands such as `of=/dev/sda`.",
        |_| Out::Unknown,
    )
    .partial()
    .linear()
    .lenient(),
    Builtin::new(
        Form::Method,
        "call.starts",
        &[Pat::Call, Pat::ListOf(&Pat::Str)],
        Pat::Bool,
        "Does the call begin with these words, the program's name first?",
        |_| Out::Unknown,
    )
    .partial()
    .linear(),
    ask_call("call.mentions", "Is one of these words among the arguments, letter by letter?", |_| Out::Unknown),
    ask_call(
        "call.stays_under",
        "Is there an argument that is no option, and is each of them certainly a path below one of these directories? The \
         directory itself is not below it; a relative path is not known to be anywhere.",
        |_| Out::Unknown,
    ),
    about_call(
        "call.env",
        WORDS,
        "The names of the variables that are set for this call, before it, by `env` or by an earlier assignment.",
        |_| Out::Unknown,
    ),
    about_call("call.reads", WORDS, "The files that are redirected into it, as written.", |_| Out::Unknown),
    about_call("call.writes", WORDS, "The files that its output is redirected to, as written.", |_| Out::Unknown),
    about_call(
        "call.stdin_from",
        WORDS,
        "The programs whose output it reads through a pipe; empty if there is no pipe.",
        |_| Out::Unknown,
    ),
    about_call(
        "call.wrappers",
        WORDS,
        "The wrappers that were taken off, outermost first: `sudo`, `env`, `bash`, ….",
        |_| Out::Unknown,
    ),
    about_call(
        "call.code",
        Pat::Str,
        "The program in another language that it is given, as in `python -c …`, by a here-document, or `psql -c …`; `\"\"` if \
         there is none.",
        |_| Out::Unknown,
    ),
    about_call(
        "call.network",
        Pat::Bool,
        "Does it talk to the network? True of `curl`, `ssh`, `git push`, …, false of `ls`, `grep`, …, unknown of programs that \
         claw does not know.",
        |_| Out::Unknown,
    ),
];

const fn about_command(name: &'static str, result: Pat, doc: &'static str, eval: fn(&[Arg<'_>]) -> Out) -> Builtin {
    Builtin::new(Form::Member, name, &[Pat::Command], result, doc, eval).partial().linear()
}

const fn about_call(name: &'static str, result: Pat, doc: &'static str, eval: fn(&[Arg<'_>]) -> Out) -> Builtin {
    Builtin::new(Form::Member, name, &[Pat::Call], result, doc, eval).partial().linear()
}

const fn ask_command(name: &'static str, doc: &'static str, eval: fn(&[Arg<'_>]) -> Out) -> Builtin {
    Builtin::new(Form::Method, name, &[Pat::Command, ASKED], Pat::Bool, doc, eval).partial().linear().lenient()
}

const fn ask_call(name: &'static str, doc: &'static str, eval: fn(&[Arg<'_>]) -> Out) -> Builtin {
    Builtin::new(Form::Method, name, &[Pat::Call, ASKED], Pat::Bool, doc, eval).partial().linear().lenient()
}

fn command<T: Into<Out>>(args: &[Arg<'_>], ask: impl Fn(&Command) -> T) -> Out {
    match args {
        [Arg::Known(Value::Command(command))] => ask(command).into(),
        _ => Out::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::tests::{call, v};
    use crate::{ShellDialect, Type};

    #[test]
    fn nothing_is_known_yet() {
        let ls = || v(Type::Command(ShellDialect::Bash), "ls");
        assert_eq!(call("command.calls", &[ls()]), Out::Partial([].into()));
        assert_eq!(call("command.only", &[ls(), Value::list(vec![Value::str("ls")])]), Out::Unknown);
    }
}
