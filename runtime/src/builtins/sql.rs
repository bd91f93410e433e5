//! SQL statements. Taking them apart is [`crate::Sql`]'s business.

use super::{Arg, Builtin, Form, Out, Pat};
use crate::{Sql, Value};

const WORDS: Pat = Pat::ListOf(&Pat::Str);

pub(super) static ROWS: &[Builtin] = &[
    member(
        "sql.read_only",
        Pat::Bool,
        "Does no statement change anything? True only if every statement merely reads, no row is locked and every \
         function called is known to be pure; false if something is certainly changed.",
        |a| of(a, |s| s.read_only().into()),
    ),
    member(
        "sql.kinds",
        WORDS,
        "The kinds of the statements, one by one: `select`, `insert`, `update`, `delete`, `create`, `drop`, …. Statements \
         inside `with` that change data are listed too.",
        |a| of(a, |s| s.kinds().into()),
    ),
    member(
        "sql.tables",
        WORDS,
        "The tables named, with their schema, as the dialect spells them. A table without a schema depends on the search \
         path, so it is not listed and the list is only partly known.",
        |a| of(a, |s| s.tables().into()),
    ),
    member(
        "sql.columns",
        WORDS,
        "The columns named, without their tables. Only partly known where columns are used without being named: `*`, a \
         whole row, an `insert` that lists none.",
        |a| of(a, |s| s.columns().into()),
    ),
    member(
        "sql.functions",
        WORDS,
        "The functions called by name, with their schema if they are given one other than `pg_catalog`.",
        |a| of(a, |s| s.functions().into()),
    ),
    member(
        "sql.has_where",
        Pat::Bool,
        "Has every `update`, every `delete` and every outermost `select` from a table a `where` that depends on the row? \
         `where 1=1` counts as none.",
        |a| of(a, |s| s.has_where().into()),
    ),
    member(
        "sql.opaque",
        Pat::Bool,
        "Could some part not be read, because it is no SQL of the dialect, too large, or read differently by different \
         servers?",
        |a| of(a, |s| s.opaque().into()),
    ),
];

/// What is asked may not be told by the text alone.
const fn member(name: &'static str, result: Pat, doc: &'static str, eval: fn(&[Arg<'_>]) -> Out) -> Builtin {
    Builtin::new(Form::Member, name, &[Pat::Sql], result, doc, eval).partial().linear()
}

fn of(args: &[Arg<'_>], ask: impl Fn(&Sql) -> Out) -> Out {
    match args {
        [Arg::Known(Value::Sql(sql))] => ask(sql),
        _ => Out::Unknown,
    }
}
