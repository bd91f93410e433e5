//! Tests of strings and bytes.

use super::{Arg, Builtin, Form, Op, Out, Pat};
use crate::{Tri, Value, glob_matches};

pub(super) static ROWS: &[Builtin] = &[
    Builtin::new(Form::Function, "string.len", &[Pat::Str], Pat::Int, "How many characters the string has (Unicode scalar values).", |a| match a {
        [Arg::Known(Value::Str(s))] => int(s.chars().count()),
        _ => Out::Unknown,
    }).linear(),
    Builtin::new(Form::Function, "bytes.len", &[Pat::Bytes], Pat::Int, "How many bytes there are.", |a| match a {
        [Arg::Known(Value::Bytes(b))] => int(b.len()),
        _ => Out::Unknown,
    }),
    Builtin::new(Form::Operator(Op::Like), "string.like", &[Pat::Str, Pat::Str], Pat::Bool,
        "Does the whole string fit the glob? `*` stands for any characters, also none, `?` for exactly one.", |a| match a {
        [Arg::Known(Value::Str(s)), Arg::Known(Value::Str(glob))] => glob_matches(glob, s).into(),
        [Arg::Known(Value::Str(s)), Arg::Pattern(pattern)] => Tri::from(pattern.matches(s)).into(),
        _ => Out::Unknown,
    }).linear(),
    Builtin::new(Form::Operator(Op::Matches), "string.matches", &[Pat::Str, Pat::Str], Pat::Bool,
        "Does the regular expression match the whole string? Takes linear time.", |a| match a {
        [Arg::Known(Value::Str(s)), Arg::Pattern(pattern)] => Tri::from(pattern.matches(s)).into(),
        _ => Out::Unknown,
    }).linear(),
];

pub(super) fn int(n: usize) -> Out {
    i64::try_from(n).ok().map(Value::Int).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Type;
    use crate::builtins::tests::{call, v};

    #[test]
    fn strings() {
        assert_eq!(call("string.len", &[Value::str("äö")]), Out::Known(Value::Int(2)));
        assert_eq!(call("bytes.len", &[v(Type::Bytes, "Zm9v")]), Out::Known(Value::Int(3)));
        assert_eq!(call("string.like", &[Value::str("release-1"), Value::str("release-*")]), true.into());
        assert_eq!(call("string.like", &[Value::str("x"), Value::str("release-*")]), false.into());
        // Without its automaton, a regular expression decides nothing.
        assert_eq!(call("string.matches", &[Value::str("a"), Value::str("a")]), Out::Unknown);
    }
}
