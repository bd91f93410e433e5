//! Shell commands, and the calls in them. What a command would run is [`crate::Command`]'s business, what a call's words mean
//! [`crate::Call`]'s; here are the rows by which policies ask, and what becomes of lists that are known in part.

use std::sync::Arc;

use super::{Arg, Builtin, Form, Out, Pat};
use crate::call::{Call, known_list};
use crate::{Command, PartialList, Tri, Value};

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
        |a| command(a, Command::programs),
    ),
    about_command(
        "command.substitutions",
        WORDS,
        "The texts inside `$(…)`, backticks and `<(…)`.",
        |a| command(a, Command::substitutions),
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
        |a| command(a, Command::opaque_because),
    ),
    about_command(
        "command.plain",
        Pat::Bool,
        "Nothing but calls of literal words, joined by `;`, newline, `&&`, `||` or `|`: no redirection, assignment, subshell, \
         background job, negation, wrapper, expansion or glob.",
        |a| command(a, Command::plain),
    ),
    ask_command(
        "command.only",
        "At least one call, each of a listed program, wrappers included, and nothing beside: no file redirection, no \
         environment assignment, no flag that runs other programs, no inline code, nothing opaque. Unknown if a word is. A \
         program counts with its directory only if that is a standard one, such as `/usr/bin`.",
        |a| ask_of(a, as_command, Command::only),
    ),
    ask_command(
        "command.pipes_into",
        "Is the output of some call piped into one of these programs, or into a wrapper that runs it?",
        |a| ask_of(a, as_command, Command::pipes_into),
    ),
    about_call("call.program", Pat::Str, "The program's name without its directory.", |a| call(a, Call::program_value)),
    about_call("call.path", Pat::Str, "The program as it is written, with its directory.", |a| call(a, |c| c.path().cloned().map(Value::Str))),
    about_call("call.args", WORDS, "The words that follow the program.", |a| call(a, Call::args)),
    about_call(
        "call.positional",
        WORDS,
        "The arguments that are neither options nor values of options that are known to take one. All that follow `--` are.",
        |a| call(a, Call::positional),
    ),
    about_call(
        "call.subcommand",
        Pat::Str,
        "The first argument that is no option: `push` of `git -C dir push`; `\"\"` if there is none. Unknown if an option that \
         is not known may have swallowed it.",
        |a| call(a, |c| c.subcommand().map(Value::Str)),
    ),
    about_call(
        "call.flags",
        WORDS,
        "The options one by one: `-rf` is `-r` and `-f`, `--depth=1` is `--depth`; whole for programs such as `find` and `java`. \
         Prefer `.has([…])`, which knows all spellings.",
        |a| call(a, Call::flags),
    ),
    ask_call(
        "call.has",
        "Is one of these options given, in any spelling: `-rf`, `--force=yes`, an abbreviated `--forc`? What follows `--` is \
         no option.",
        |a| ask_of(a, as_call, Call::has),
    ),
    Builtin::new(
        Form::Method,
        "call.values",
        &[Pat::Call, ASKED],
        WORDS,
        "The values given to these options: `POST` of `-X POST`, `-XPOST`, `--request POST` and `--request=POST`. A name that \
         ends in `=` asks for operands such as `of=/dev/sda`.",
        values,
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
        starts,
    )
    .partial()
    .linear(),
    ask_call("call.mentions", "Is one of these words among the arguments, letter by letter?", |a| ask_of(a, as_call, Call::mentions)),
    ask_call(
        "call.stays_under",
        "Is there an argument that is no option, and is each of them certainly a path below one of these directories? The \
         directory itself is not below it; a relative path is not known to be anywhere.",
        |a| ask_of(a, as_call, Call::stays_under),
    ),
    about_call(
        "call.env",
        WORDS,
        "The names of the variables that are set for this call, before it, by `env` or by an earlier assignment.",
        |a| call(a, |c| names(&c.env)),
    ),
    about_call("call.reads", WORDS, "The files that are redirected into it, as written.", |a| call(a, |c| c.reads())),
    about_call("call.writes", WORDS, "The files that its output is redirected to, as written.", |a| call(a, |c| c.writes())),
    about_call(
        "call.stdin_from",
        WORDS,
        "The programs whose output it reads through a pipe; empty if there is no pipe.",
        |a| call(a, |c| known_list(c.stdin_from.iter(), true)),
    ),
    about_call(
        "call.wrappers",
        WORDS,
        "The wrappers that were taken off, outermost first: `sudo`, `env`, `bash`, ….",
        |a| call(a, |c| names(&c.wrappers)),
    ),
    about_call(
        "call.code",
        Pat::Str,
        "The program in another language that it is given, as in `python -c …`, by a here-document, or `psql -c …`; `\"\"` if \
         there is none.",
        |a| call(a, code),
    ),
    about_call(
        "call.network",
        Pat::Bool,
        "Does it talk to the network? True of `curl`, `ssh`, `git push`, …, false of `ls`, `grep`, …, unknown of programs that \
         claw does not know.",
        |a| call(a, Call::network),
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

fn call<T: Into<Out>>(args: &[Arg<'_>], ask: impl Fn(&Call) -> T) -> Out {
    match args {
        [Arg::Known(Value::Call(call))] => ask(call).into(),
        _ => Out::Unknown,
    }
}

fn names(names: &[Arc<str>]) -> Option<Value> {
    Some(Value::list(names.iter().cloned().map(Value::Str).collect()))
}

/// No code is no text; code that is not literal is not known.
fn code(call: &Call) -> Option<Value> {
    match &call.code {
        None => Some(Value::str("")),
        Some(code) => code.text().cloned().map(Value::Str),
    }
}

fn as_call(value: &Value) -> Option<&Call> {
    if let Value::Call(call) = value { Some(call) } else { None }
}

/// A list of which not all is known may go on with other words than the call.
fn starts(args: &[Arg<'_>]) -> Out {
    match args {
        [Arg::Known(Value::Call(call)), list] => match words(*list) {
            Some((words, true)) => call.starts(&words).into(),
            _ => Out::Unknown,
        },
        _ => Out::Unknown,
    }
}

/// Of more options there may be more values.
fn values(args: &[Arg<'_>]) -> Out {
    match args {
        [Arg::Known(Value::Call(call)), list] => match words(*list) {
            Some((words, complete)) => {
                let found = call.values(&words);
                PartialList { complete: found.complete && complete, ..found }.into()
            }
            None => Out::Unknown,
        },
        _ => Out::Unknown,
    }
}

fn as_command(value: &Value) -> Option<&Command> {
    if let Value::Command(command) = value { Some(command) } else { None }
}

/// Words that a policy asks about, as far as they are known. With more words no answer becomes *false* that was *true*, so
/// *true* stands whatever the rest of the list is.
fn ask_of<T>(args: &[Arg<'_>], of: fn(&Value) -> Option<&T>, ask: fn(&T, &[&str]) -> Tri) -> Out {
    let [Arg::Known(receiver), list] = args else { return Out::Unknown };
    let (Some(receiver), Some((words, complete))) = (of(receiver), words(*list)) else { return Out::Unknown };
    match ask(receiver, &words) {
        Tri::True => true.into(),
        _ if !complete => Out::Unknown,
        answer => answer.into(),
    }
}

/// The known words, and whether these are all.
fn words(list: Arg<'_>) -> Option<(Vec<&str>, bool)> {
    let (items, complete) = match list {
        Arg::Known(list) => (list.elements()?, true),
        Arg::Partial(items) => (items, false),
        _ => return None,
    };
    Some((items.iter().map(Value::as_str).collect::<Option<_>>()?, complete))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::builtins::tests::{call, v};
    use crate::{ShellDialect, Type};

    fn bash(text: &str) -> Value {
        v(Type::Command(ShellDialect::Bash), text)
    }

    fn list(words: &[&str]) -> Value {
        Value::list(words.iter().copied().map(Value::str).collect())
    }

    #[test]
    fn commands_and_calls() {
        assert_eq!(
            call("command.programs", &[bash("sudo ls | /bin/cat -n")]),
            Out::Known(list(&["sudo", "ls", "cat"]))
        );
        assert_eq!(call("command.plain", &[bash("ls -l")]), true.into());
        assert_eq!(call("command.opaque_because", &[bash("ls")]), Out::Known(list(&[])));
        let Out::Known(calls) = call("command.calls", &[bash("A=b sudo ls -l $x >f")]) else {
            unreachable!("all is read")
        };
        let Some([ls]) = calls.elements() else { unreachable!("one call") };
        let of = |member: &str| call(member, std::slice::from_ref(ls));
        assert_eq!(of("call.program"), Out::Known(Value::str("ls")));
        assert_eq!(of("call.args"), Out::Partial([Value::str("-l")].into()));
        assert_eq!(of("call.wrappers"), Out::Known(list(&["sudo"])));
        assert_eq!(of("call.writes"), Out::Known(list(&["f"])));
        assert_eq!(of("call.code"), Out::Known(Value::str("")));
    }

    #[test]
    fn lists_that_are_known_in_part() {
        let only = crate::builtins::by_name("command.only").unwrap();
        let ls = bash("ls");
        let ask = |list: Arg<'_>| only.call(&[Arg::Known(&ls), list]);
        assert_eq!(ask(Arg::Known(&list(&["cat", "ls"]))), true.into());
        assert_eq!(ask(Arg::Known(&list(&["cat"]))), false.into());
        assert_eq!(ask(Arg::Partial(&[Value::str("ls")])), true.into());
        assert_eq!(ask(Arg::Partial(&[Value::str("cat")])), Out::Unknown);
        assert_eq!(ask(Arg::Partial(&[Value::Int(1)])), Out::Unknown);
    }
}
