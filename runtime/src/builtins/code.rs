//! Shell commands and SQL statements.

use super::{Arg, Builtin, Form, Out, Pat};
use crate::Value;

const WORDS: Pat = Pat::ListOf(&Pat::Str);
const PROGRAMS: Pat = Pat::Elements(&Pat::Str);

pub(super) static ROWS: &[Builtin] = &[
    Builtin::new(
        Form::Member,
        "command.calls",
        &[Pat::Command],
        Pat::ListOf(&Pat::Call),
        "The simple commands that would run, wrappers such as `sudo` taken off. Partly known \
         where something is opaque.",
        |a| match a {
            [Arg::Known(Value::Command(c))] => c.calls().into(),
            _ => Out::Unknown,
        },
    )
    .partial(),
    Builtin::new(
        Form::Member,
        "command.opaque",
        &[Pat::Command],
        Pat::Bool,
        "Does some part of the command resist being read before it runs?",
        |a| match a {
            [Arg::Known(Value::Command(c))] => c.opaque().into(),
            _ => Out::Unknown,
        },
    ),
    Builtin::new(
        Form::Method,
        "command.only",
        &[Pat::Command, PROGRAMS],
        Pat::Bool,
        "At least one call, each of a listed program, and nothing else: no file redirection, no \
         environment assignment, no flag that runs programs, no inline code, nothing opaque.",
        unread,
    )
    .partial()
    .linear(),
    Builtin::new(
        Form::Method,
        "command.pipes_into",
        &[Pat::Command, PROGRAMS],
        Pat::Bool,
        "Is the output of some call piped into one of the programs?",
        unread,
    )
    .partial()
    .linear(),
    Builtin::new(
        Form::Member,
        "call.program",
        &[Pat::Call],
        Pat::Str,
        "The program's name without its directory.",
        unread,
    )
    .partial(),
    Builtin::new(Form::Member, "call.args", &[Pat::Call], WORDS, "The words that follow the program.", unread)
        .partial(),
    Builtin::new(
        Form::Member,
        "call.flags",
        &[Pat::Call],
        WORDS,
        "The arguments that are options, one by one: `-rf` is `-r` and `-f`.",
        unread,
    )
    .partial(),
    Builtin::new(
        Form::Member,
        "call.env",
        &[Pat::Call],
        WORDS,
        "The names of the variables that are set for this call.",
        unread,
    )
    .partial(),
    Builtin::new(
        Form::Member,
        "call.writes",
        &[Pat::Call],
        WORDS,
        "The files that redirections write to, as written.",
        unread,
    )
    .partial(),
    Builtin::new(
        Form::Member,
        "call.reads",
        &[Pat::Call],
        WORDS,
        "The files that redirections read from, as written.",
        unread,
    )
    .partial(),
    Builtin::new(
        Form::Member,
        "call.stdin_from",
        &[Pat::Call],
        Pat::Str,
        "The program whose output this call reads; unknown if there is none.",
        unread,
    )
    .partial(),
    Builtin::new(
        Form::Member,
        "sql.read_only",
        &[Pat::Sql],
        Pat::Bool,
        "Does no statement change anything? True only if every function called is known to be pure.",
        |a| match a {
            [Arg::Known(Value::Sql(s))] => s.read_only().into(),
            _ => Out::Unknown,
        },
    )
    .partial(),
    Builtin::new(
        Form::Member,
        "sql.kinds",
        &[Pat::Sql],
        WORDS,
        "The kinds of the statements: `select`, `insert`, `update`, `delete`, ….",
        |a| match a {
            [Arg::Known(Value::Sql(s))] => s.kinds().into(),
            _ => Out::Unknown,
        },
    )
    .partial(),
    Builtin::new(
        Form::Member,
        "sql.tables",
        &[Pat::Sql],
        WORDS,
        "The tables that are named, with their schema. Partly known where something is opaque or \
         unqualified.",
        |a| match a {
            [Arg::Known(Value::Sql(s))] => s.tables().into(),
            _ => Out::Unknown,
        },
    )
    .partial(),
];

/// What needs the syntax tree of a command, which is not there yet, is unknown.
fn unread(_: &[Arg<'_>]) -> Out {
    Out::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::tests::{call, v};
    use crate::{ShellDialect, SqlDialect, Type};

    #[test]
    fn nothing_is_known_yet() {
        let ls = || v(Type::Command(ShellDialect::Bash), "ls");
        assert_eq!(call("command.calls", &[ls()]), Out::Partial([].into()));
        assert_eq!(call("command.opaque", &[ls()]), true.into());
        assert_eq!(call("command.only", &[ls(), Value::list(vec![Value::str("ls")])]), Out::Unknown);
        let select = || v(Type::Sql(SqlDialect::Ansi), "select 1");
        assert_eq!(call("sql.read_only", &[select()]), Out::Unknown);
        assert_eq!(call("sql.tables", &[select()]), Out::Partial([].into()));
    }
}
